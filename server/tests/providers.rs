//! Sign-in with identity providers: `/api/v1/providers`, `/auth/providers/…` and `/api/v1/me/identities`, against a
//! provider that keeps the rules and one that cheats.

mod admins;
mod callback;
mod configure;
mod departure;
mod ends;
mod identities;
mod newcomers;
mod others;
mod outages;
mod refresh;
mod teams;
mod tokens;

use std::sync::atomic::{AtomicU8, Ordering};

use axum::http::Method;
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use server::db;
use url::Url;

use crate::fake_provider::{CLIENT_ID, CLIENT_SECRET, FakeProvider};
use crate::support::{Answer, Client, Database, TestPortal};

const PROVIDERS: &str = "/api/v1/providers";
const CORP: &str = "/api/v1/providers/corp";
const IDENTITIES: &str = "/api/v1/me/identities";
const START: &str = "/auth/providers/corp/start";
const CALLBACK: &str = "/auth/providers/corp/callback";
/// The cookie of a browser that is on its way to a provider.
const COOKIE: &str = "gantry_provider";
/// The provider of the tests is on this machine.
const LOOPBACK: (&str, &str) = ("GANTRY_PROVIDER_NETWORKS", "127.0.0.0/8");

/// A portal, a provider, and an administrator of the portal.
struct World {
    portal: TestPortal,
    idp: FakeProvider,
    admin: Client,
    browsers: AtomicU8,
}

/// Runs `test` on every database there is to test with, each time with a provider of its own.
async fn each_world(test: impl AsyncFn(World)) {
    for database in Database::every().await {
        test(World::new(database).await).await;
    }
}

impl World {
    async fn new(database: Database) -> Self {
        let portal = TestPortal::start(database, &[LOOPBACK]).await;
        let admin = portal.admin().await;
        Self::on(portal, admin).await
    }

    async fn on(portal: TestPortal, admin: Client) -> Self {
        Self { portal, idp: FakeProvider::start().await, admin, browsers: AtomicU8::new(1) }
    }

    /// Adds a provider, tries it and switches it on.
    async fn enable(&self, changes: Value) {
        self.enable_at(&self.idp, changes).await;
    }

    async fn enable_at(&self, idp: &FakeProvider, changes: Value) {
        let made = self.admin.post(PROVIDERS, &described(idp, changes)).await.expect(201).json();
        let path = format!("{PROVIDERS}/{}", text(&made["slug"]));
        let tried = self.try_at(idp, &path).await;
        assert!(tried["problem"].is_null(), "{tried}");
        patch(&self.admin, &path, &json!({"enabled": true})).await.expect(200);
    }

    /// Tries a provider as its administrator does; gives how it went.
    async fn try_at(&self, idp: &FakeProvider, path: &str) -> Value {
        let departure = self.admin.post(&format!("{path}/trial"), &Value::Null).await.expect(200).json();
        let back = idp.visit(&Url::parse(&text(&departure["location"])).unwrap()).await;
        self.admin.get(&path_of(&back)).await.expect(303);
        self.admin.get(path).await.expect(200).json()["trial"].clone()
    }

    /// A browser in which nobody is signed in, at an address of its own.
    fn browser(&self) -> Client {
        let number = self.browsers.fetch_add(1, Ordering::Relaxed);
        self.portal.anonymous().from_peer(&format!("203.0.113.{number}"))
    }

    /// A browser that signed in with the provider.
    async fn signed_in(&self) -> Client {
        let mut browser = self.browser();
        self.sign_in(&browser).await.expect(303);
        browser.csrf_token = Some(text(&me(&browser).await["csrf_token"]));
        browser
    }

    /// Goes to the provider and comes back.
    async fn sign_in(&self, browser: &Client) -> Answer {
        let back = self.way_back(browser).await;
        browser.get(&path_of(&back)).await
    }

    /// Goes to the provider: where that sends the browser back to.
    async fn way_back(&self, browser: &Client) -> Url {
        self.idp.visit(&depart(browser, START).await).await
    }

    /// The names of the accounts.
    async fn accounts(&self) -> Vec<String> {
        column(&self.admin.get("/api/v1/users?sort=username").await.expect(200).json(), "username")
    }

    /// A page said no, nobody got in, and no account was made.
    async fn refused(&self, browser: &Client, answer: Answer, status: u16, what: &str) {
        is_page(&answer, status, what);
        self.nothing_happened(browser, what).await;
    }

    async fn nothing_happened(&self, browser: &Client, what: &str) {
        assert_eq!(browser.get("/api/v1/me").await.status, 401, "{what}");
        assert_eq!(self.accounts().await, ["admin"], "{what}");
    }

    /// Signs in with a provider that cheats, and asserts that it got nobody in.
    async fn cheated(&self, status: u16, what: &str) {
        let browser = self.browser();
        let answer = self.sign_in(&browser).await;
        self.refused(&browser, answer, status, what).await;
    }

    /// Changes the database past the portal.
    async fn sql(&self, statement: &str) {
        let changed = self.portal.state.db.write(async |txn| {
            let done = txn.execute_unprepared(statement).await.map_err(db::Error::from)?;
            Ok::<_, db::Error>(done.rows_affected())
        });
        assert!(changed.await.unwrap() > 0, "{statement} changes something");
    }
}

/// What adds a provider.
fn described(idp: &FakeProvider, changes: Value) -> Value {
    let mut described = json!({
        "slug": "corp", "name": "Corp", "kind": "oidc", "issuer": idp.issuer, "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET, "scopes": ["profile", "email"], "first_sign_in": "create",
    });
    for (name, value) in changes.as_object().unwrap() {
        described[name] = value.clone();
    }
    described
}

/// Begins a sign-in: where the browser goes at the provider.
async fn depart(browser: &Client, path: &str) -> Url {
    let answer = browser.get(path).await.expect(303);
    Url::parse(answer.header("location")).unwrap()
}

/// The path of an address with its query.
fn path_of(address: &Url) -> String {
    address[url::Position::BeforePath..].to_owned()
}

/// A parameter of an address.
fn parameter(address: &Url, name: &str) -> String {
    let found = address.query_pairs().find(|(known, _)| known == name);
    found.unwrap_or_else(|| panic!("{address} has a {name}")).1.into_owned()
}

/// An address with another value of a parameter, or without it.
fn with_parameter(address: &Url, name: &str, value: Option<&str>) -> Url {
    let kept: Vec<_> = address.query_pairs().filter(|(known, _)| known != name).collect();
    let mut changed = address.clone();
    changed.query_pairs_mut().clear().extend_pairs(kept).extend_pairs(value.map(|value| (name, value)));
    changed
}

/// An answer for people.
#[track_caller]
fn is_page(answer: &Answer, status: u16, what: &str) {
    assert_eq!(answer.status, status, "{what}: {}", answer.text());
    assert!(answer.header("content-type").starts_with("text/html"), "{what}: {}", answer.header("content-type"));
}

/// The cookies that an answer sets, as they are written.
fn set_cookies(answer: &Answer) -> Vec<String> {
    answer.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap().to_owned()).collect()
}

async fn patch(client: &Client, path: &str, body: &Value) -> Answer {
    client.write(Method::PATCH, path, Some(body)).await
}

async fn me(client: &Client) -> Value {
    client.get("/api/v1/me").await.expect(200).json()
}

/// The name of whoever is signed in.
async fn name_of(client: &Client) -> String {
    text(&me(client).await["user"]["username"])
}

/// The role of whoever is signed in.
async fn role_of(client: &Client) -> String {
    text(&me(client).await["user"]["role"])
}

/// The path of an account.
async fn account(world: &World, username: &str) -> String {
    let found = db::user::find_by_name(world.portal.state.db.read(), username).await.unwrap();
    format!("/api/v1/users/{}", found.expect("the account is there").user.id)
}

/// The key of a problem's text.
fn reason(problem: &Answer) -> String {
    text(&problem.json()["message"]["key"])
}

/// The fields that a problem names.
fn wrong_fields(problem: &Answer) -> Vec<String> {
    problem.json()["fields"].as_array().unwrap().iter().map(|field| text(&field["field"])).collect()
}

/// A column of a list's items.
fn column(list: &Value, name: &str) -> Vec<String> {
    list["items"].as_array().unwrap().iter().map(|item| text(&item[name])).collect()
}

#[track_caller]
fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}
