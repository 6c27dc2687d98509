//! The settings of the whole portal: `/api/v1/portal`, the banner above the pages, and what restricted password sign-in
//! means.

use api::permission::SystemRole;
use api::portal::{Announcement, AnnouncementTone};
use api::provider::{FirstSignIn, ProviderKind};
use api::token::Scope;
use axum::http::Method;
use serde_json::{Value, json};
use server::db;
use time::{Duration, OffsetDateTime};

use crate::people::{my_id, reason, user, wrong_fields};
use crate::support::{Answer, Client, PASSWORD, TestPortal, each_database};

const PORTAL: &str = "/api/v1/portal";
const INVITATION: &str = "/api/v1/invitation";
const NEW: &str = "a quite different sentence";

fn everybody() -> Value {
    json!({"password_sign_in": "everybody"})
}

fn restricted() -> Value {
    json!({"password_sign_in": "break-glass"})
}

fn announcing(text: &str, tone: &str) -> Value {
    json!({"password_sign_in": "everybody", "announcement": {"text": text, "tone": tone}})
}

async fn patch(admin: &Client, id: &str, change: &Value) -> Answer {
    admin.write(Method::PATCH, &user(id), Some(change)).await
}

/// An identity provider that people can sign in with; nobody asks it.
async fn provider(portal: &TestPortal) -> db::provider::Provider {
    let provider = db::provider::Provider {
        id: api::Ulid::generate(),
        slug: "corp".to_owned(),
        name: "Corp".to_owned(),
        kind: ProviderKind::Oidc,
        issuer: "https://id.example".to_owned(),
        client_id: "gantry".to_owned(),
        client_secret: None,
        scopes: Vec::new(),
        groups_claim: None,
        admin_groups: Vec::new(),
        first_sign_in: FirstSignIn::Create,
        first_role: SystemRole::Member,
        enabled: true,
        trial: None,
        created_at: db::now(),
    };
    portal.state.db.write(async |txn| db::provider::insert(txn, &provider).await).await.unwrap();
    provider
}

/// Restricts password sign-in to `ada`, who is an administrator; gives her id.
async fn restrict(portal: &TestPortal, admin: &Client) -> String {
    provider(portal).await;
    let ada = portal.account("ada", SystemRole::Admin).await.to_string();
    patch(admin, &ada, &json!({"break_glass": true})).await.expect(200);
    admin.put(PORTAL, &restricted()).await.expect(200);
    ada
}

async fn sign_in(portal: &TestPortal, username: &str, password: &str) -> Answer {
    let credentials = json!({"username": username, "password": password});
    portal.anonymous().post("/api/v1/session", &credentials).await
}

/// Signs in with the form; gives where that leads.
async fn sign_in_by_form(portal: &TestPortal, username: &str, password: &str) -> String {
    let browser = portal.anonymous();
    browser.get("/login").await.expect(200);
    let token = browser.cookie("gantry_form").unwrap();
    let fields = [("csrf_token", token.as_str()), ("username", username), ("password", password)];
    browser.post_form("/auth/login", &fields).await.expect(303).header("location").to_owned()
}

/// The token of a new link for an account.
async fn link(admin: &Client, id: &str) -> String {
    let made = admin.post(&format!("{}/password-link", user(id)), &Value::Null).await.expect(201).json();
    made["link"].as_str().unwrap().split_once("token=").unwrap().1.to_owned()
}

/// The pages that an announcement stands on: of somebody signed in, and of nobody.
async fn pages(portal: &TestPortal, admin: &Client) -> Vec<String> {
    let nobody = portal.anonymous();
    let mut pages = Vec::new();
    for (browser, path) in [(admin, "/account"), (admin, "/projects"), (&nobody, "/login")] {
        pages.push(browser.get(path).await.expect(200).text());
    }
    pages
}

#[tokio::test]
async fn administrators_of_the_portal_alone_read_and_change_the_settings() {
    each_database(async |portal| {
        let admin = portal.admin().await;
        assert_eq!(admin.get(PORTAL).await.expect(200).json(), everybody());
        let reader = portal.token_for("admin", SystemRole::Admin, &[Scope::Read]).await;
        for (client, status) in [(portal.outsider("eve").await, 403), (reader, 403), (portal.anonymous(), 401)] {
            client.get(PORTAL).await.expect(status);
            client.put(PORTAL, &announcing("mine", "info")).await.expect(status);
        }
        assert_eq!(admin.get(PORTAL).await.expect(200).json(), everybody());
        admin.get("/settings").await.expect(200);
        portal.outsider("eve").await.get("/settings").await.expect(403);

        let set = announcing("Back at nine", "warning");
        assert_eq!(admin.put(PORTAL, &set).await.expect(200).json(), set);
        assert_eq!(admin.get(PORTAL).await.expect(200).json(), set);
        assert_eq!(admin.put(PORTAL, &everybody()).await.expect(200).json(), everybody());
        let entries = admin.get("/api/v1/audit?action=portal.update").await.expect(200).json();
        assert_eq!(entries["total"], 2);
        let detail = entries["items"][1]["detail"].as_str().unwrap();
        assert!(detail.contains("Back at nine") && detail.contains("before=none"), "{detail}");
        assert!(!detail.contains("password_sign_in"), "only what changed: {detail}");
    })
    .await;
}

#[tokio::test]
async fn an_announcement_is_text_above_every_page_and_above_the_sign_in() {
    each_database(async |portal| {
        let admin = portal.admin().await;
        let said = "<script>alert(1)</script>\n<b>two</b> & more";
        for page in pages(&portal, &admin).await {
            assert!(!page.contains("alert(1)"));
        }
        admin.put(PORTAL, &announcing(said, "info")).await.expect(200);
        for page in pages(&portal, &admin).await {
            let shown = "&lt;script&gt;alert(1)&lt;/script&gt;\n&lt;b&gt;two&lt;/b&gt; &amp; more";
            assert!(page.contains(shown), "{page}");
            assert!(!page.contains("<script>alert(1)") && !page.contains("<b>two"), "{page}");
        }
        admin.put(PORTAL, &everybody()).await.expect(200);
        for page in pages(&portal, &admin).await {
            assert!(!page.contains("alert(1)"));
        }
    })
    .await;
}

#[tokio::test]
async fn an_announcement_is_shown_until_its_time_has_come() {
    each_database(async |portal| {
        let admin = portal.admin().await;
        for (ends_in, is_shown) in [(Duration::hours(1), true), (-Duration::hours(1), false)] {
            let until = (OffsetDateTime::now_utc() + ends_in).format(&time::format_description::well_known::Rfc3339);
            let mut set = announcing("Moving house", "warning");
            set["announcement"]["until"] = until.unwrap().into();
            admin.put(PORTAL, &set).await.expect(200);
            for page in pages(&portal, &admin).await {
                assert_eq!(page.contains("Moving house"), is_shown, "{ends_in}");
            }
            assert_eq!(admin.get(PORTAL).await.expect(200).json()["announcement"]["text"], "Moving house");
        }
    })
    .await;
}

#[tokio::test]
async fn an_information_can_be_put_away_and_a_warning_cannot() {
    each_database(async |portal| {
        let admin = portal.admin().await;
        let announcement = Announcement { text: "Moving house".to_owned(), tone: AnnouncementTone::Info, until: None };
        let is_shown = async |text: &str, tone: &str| {
            admin.put(PORTAL, &announcing(text, tone)).await.expect(200);
            admin.get("/account").await.expect(200).text().contains(text)
        };
        assert!(is_shown("Moving house", "info").await);
        admin.set_cookie("gantry_announcement", &announcement.mark());
        assert!(!is_shown("Moving house", "info").await);
        assert!(is_shown("Moving house", "warning").await);
        assert!(is_shown("Moved house", "info").await);
    })
    .await;
}

#[tokio::test]
async fn what_is_no_announcement_is_refused_with_its_field() {
    each_database(async |portal| {
        let admin = portal.admin().await;
        let longest = "维".repeat(500);
        admin.put(PORTAL, &announcing(&longest, "info")).await.expect(200);
        for text in
            [String::new(), " \n ".to_owned(), format!("{longest}x"), "a\u{1b}[31m".to_owned(), "a\r\nb".to_owned()]
        {
            let refused = admin.put(PORTAL, &announcing(&text, "info")).await.expect(400);
            assert_eq!(wrong_fields(&refused), ["announcement.text"], "{text:?}");
        }
        for body in [
            json!({}),
            json!({"password_sign_in": "nobody"}),
            json!({"password_sign_in": "everybody", "more": 1}),
            announcing("a", "loud"),
            json!({"password_sign_in": "everybody", "announcement": {"text": "a", "tone": "info", "html": true}}),
            json!({"password_sign_in": "everybody", "announcement": {"text": "a", "tone": "info", "until": "noon"}}),
        ] {
            let refused = admin.put(PORTAL, &body).await;
            assert_eq!(refused.status, 400, "{body}: {}", refused.text());
        }
        assert_eq!(admin.get(PORTAL).await.expect(200).json(), announcing(&longest, "info"));
    })
    .await;
}

#[tokio::test]
async fn a_break_glass_account_is_an_active_administrator_with_a_password() {
    each_database(async |portal| {
        let admin = portal.admin().await;
        let give = json!({"break_glass": true});
        let unfit = async |id: &str, change: &Value| {
            let refused = patch(&admin, id, change).await.expect(409);
            assert_eq!(reason(&refused), "user.break-glass-unfit", "{change}");
            assert_eq!(admin.get("/api/v1/users?break_glass=true").await.expect(200).json()["total"], 0);
        };
        let bob = portal.account("bob", SystemRole::Member).await.to_string();
        unfit(&bob, &give).await;
        let made = admin.post("/api/v1/users", &json!({"username": "eve", "role": "admin"})).await.expect(201).json();
        unfit(made["user"]["id"].as_str().unwrap(), &give).await;
        let ada = portal.account("ada", SystemRole::Admin).await.to_string();
        patch(&admin, &ada, &json!({"disabled": true})).await.expect(200);
        unfit(&ada, &give).await;
        patch(&admin, &ada, &json!({"disabled": false})).await.expect(200);
        for change in [json!({"break_glass": true, "role": "member"}), json!({"break_glass": true, "disabled": true})] {
            unfit(&ada, &change).await;
        }
        portal.outsider("mallory").await.write(Method::PATCH, &user(&ada), Some(&give)).await.expect(403);

        // Together with what makes it fit.
        let both = json!({"break_glass": true, "role": "admin"});
        assert_eq!(patch(&admin, &bob, &both).await.expect(200).json()["break_glass"], true);
        let list = admin.get("/api/v1/users?break_glass=true").await.expect(200).json();
        assert_eq!((&list["total"], &list["items"][0]["username"]), (&json!(1), &json!("bob")));
        let list = admin.get("/api/v1/users?break_glass=true,false").await.expect(200).json();
        assert_eq!(list["total"], admin.get("/api/v1/users").await.expect(200).json()["total"]);
        // A member is none, and is none again as an administrator.
        assert_eq!(patch(&admin, &bob, &json!({"role": "member"})).await.expect(200).json()["break_glass"], false);
        assert_eq!(patch(&admin, &bob, &json!({"role": "admin"})).await.expect(200).json()["break_glass"], false);
    })
    .await;
}

#[tokio::test]
async fn password_sign_in_is_restricted_only_while_there_are_other_ways_in() {
    each_database(async |portal| {
        let admin = portal.admin().await;
        let ada = portal.account("ada", SystemRole::Admin).await.to_string();
        let refused = async |why: &str| {
            let answer = admin.put(PORTAL, &restricted()).await;
            assert_eq!(answer.status, 409, "{why}: {}", answer.text());
            assert_eq!(reason(&answer), "portal.no-break-glass", "{why}");
            assert_eq!(admin.get(PORTAL).await.expect(200).json(), everybody(), "{why}");
        };
        let switch = async |corp: &db::provider::Provider, enabled: bool| {
            let corp = db::provider::Provider { enabled, ..corp.clone() };
            portal.state.db.write(async |txn| db::provider::update(txn, &corp).await).await.unwrap();
        };
        refused("neither").await;
        let corp = provider(&portal).await;
        refused("no break-glass account").await;
        patch(&admin, &ada, &json!({"break_glass": true})).await.expect(200);
        patch(&admin, &ada, &json!({"disabled": true})).await.expect(200);
        refused("it is disabled").await;
        patch(&admin, &ada, &json!({"disabled": false})).await.expect(200);
        switch(&corp, false).await;
        refused("the provider is off").await;
        switch(&corp, true).await;
        admin.put(PORTAL, &restricted()).await.expect(200);

        // What is restricted already stays so whatever becomes of providers, and other settings can be changed.
        switch(&corp, false).await;
        let both = json!({"password_sign_in": "break-glass", "announcement": {"text": "Hello", "tone": "info"}});
        assert_eq!(admin.put(PORTAL, &both).await.expect(200).json(), both);
        sign_in(&portal, "ada", PASSWORD).await.expect(204);
        admin.put(PORTAL, &everybody()).await.expect(200);
        refused("it was opened").await;
        let entries = admin.get("/api/v1/audit?action=portal.update&result=refused").await.expect(200).json();
        assert_eq!(entries["total"], 5);
    })
    .await;
}

#[tokio::test]
async fn a_password_that_may_not_be_used_is_answered_like_a_wrong_one() {
    each_database(async |portal| {
        let admin = portal.admin().await;
        for (username, role) in [("bob", SystemRole::Member), ("eve", SystemRole::Admin)] {
            portal.account(username, role).await;
        }
        sign_in(&portal, "bob", PASSWORD).await.expect(204);
        let (browser, program) = (portal.outsider("bob").await, portal.token("bob", SystemRole::Member).await);
        restrict(&portal, &admin).await;

        for username in ["bob", "eve"] {
            let mut answers = Vec::new();
            for password in [PASSWORD, NEW] {
                let mut answer = sign_in(&portal, username, password).await.expect(401);
                answer.headers.remove("x-request-id");
                answers.push((answer.headers, answer.body));
            }
            assert_eq!(answers[0], answers[1], "{username}");
            let by_form = sign_in_by_form(&portal, username, PASSWORD).await;
            assert_eq!(by_form, format!("/login?error=credentials&username={username}"));
            assert_eq!(by_form, sign_in_by_form(&portal, username, NEW).await);
        }
        let refused = admin.get("/api/v1/audit?action=session.create&result=refused").await.expect(200).json();
        assert_eq!(refused["total"], 8);

        sign_in(&portal, "ada", NEW).await.expect(401);
        sign_in(&portal, "ada", PASSWORD).await.expect(204);
        assert_eq!(sign_in_by_form(&portal, "ada", PASSWORD).await, "/");
        // Who is in already goes on.
        browser.get("/api/v1/me").await.expect(200);
        program.get("/api/v1/me").await.expect(200);

        admin.put(PORTAL, &everybody()).await.expect(200);
        sign_in(&portal, "bob", PASSWORD).await.expect(204);
    })
    .await;
}

#[tokio::test]
async fn the_sign_in_page_folds_the_password_away_where_a_provider_is_there_instead() {
    each_database(async |portal| {
        let admin = portal.admin().await;
        let page = async |path: &str| portal.anonymous().get(path).await.expect(200).text();
        let corp = "/auth/providers/corp/start";
        assert!(!page("/login").await.contains("<details"));
        restrict(&portal, &admin).await;
        let folded = page("/login").await;
        assert!(folded.contains(corp) && folded.contains("action=\"/auth/login\""), "{folded}");
        let (before, inside) = folded.split_once("<details").unwrap();
        assert!(before.contains(corp) && !before.contains("name=\"password\""), "{folded}");
        assert!(inside.contains("name=\"password\""), "{folded}");
        let is_open = |page: &str| {
            let (tag, _) = page.split_once("<details").unwrap().1.split_once('>').unwrap();
            tag.contains("open")
        };
        assert!(!is_open(&folded));
        assert!(is_open(&page("/login?error=credentials").await), "a wrong password can be corrected at once");
        admin.put(PORTAL, &everybody()).await.expect(200);
        let open = page("/login").await;
        assert!(open.contains(corp) && !open.contains("<details"), "{open}");
    })
    .await;
}

#[tokio::test]
async fn the_last_break_glass_account_stays_while_no_other_password_works() {
    each_database(async |portal| {
        let admin = portal.admin().await;
        let ada = restrict(&portal, &admin).await;
        let changes = [json!({"role": "member"}), json!({"disabled": true}), json!({"break_glass": false})];
        for change in &changes {
            let refused = patch(&admin, &ada, change).await;
            assert_eq!(refused.status, 409, "{change}: {}", refused.text());
            assert_eq!(reason(&refused), "user.last-break-glass", "{change}");
        }
        assert_eq!(reason(&admin.delete(&user(&ada)).await.expect(409)), "user.last-break-glass");
        sign_in(&portal, "ada", PASSWORD).await.expect(204);

        // Neither is one that is shut.
        let bob = portal.account("bob", SystemRole::Admin).await.to_string();
        patch(&admin, &bob, &json!({"break_glass": true})).await.expect(200);
        patch(&admin, &bob, &json!({"disabled": true})).await.expect(200);
        patch(&admin, &ada, &json!({"break_glass": false})).await.expect(409);
        patch(&admin, &bob, &json!({"disabled": false})).await.expect(200);
        patch(&admin, &ada, &json!({"break_glass": false})).await.expect(200);
        sign_in(&portal, "ada", PASSWORD).await.expect(401);
        sign_in(&portal, "bob", PASSWORD).await.expect(204);

        patch(&admin, &bob, &json!({"role": "member"})).await.expect(409);
        admin.put(PORTAL, &everybody()).await.expect(200);
        patch(&admin, &bob, &json!({"role": "member"})).await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn of_two_break_glass_accounts_that_are_taken_at_the_same_time_one_stays() {
    each_database(async |portal| {
        let admin = portal.admin().await;
        let ada = restrict(&portal, &admin).await;
        let bob = portal.account("bob", SystemRole::Admin).await.to_string();
        patch(&admin, &bob, &json!({"break_glass": true})).await.expect(200);
        let other = portal.another().await;
        let elsewhere = other.admin().await;
        let take = json!({"break_glass": false});
        let (first, second) = tokio::join!(patch(&admin, &ada, &take), patch(&elsewhere, &bob, &take));
        let mut statuses = [first.status.as_u16(), second.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{} {}", first.text(), second.text());
        assert_eq!(admin.get("/api/v1/users?break_glass=true").await.expect(200).json()["total"], 1);
    })
    .await;
}

#[tokio::test]
async fn a_one_time_link_of_others_does_not_work_and_is_not_used_up() {
    each_database(async |portal| {
        let admin = portal.admin().await;
        let ada = restrict(&portal, &admin).await;
        let bob = portal.account("bob", SystemRole::Member).await;
        let token = link(&admin, &bob.to_string()).await;
        let choice = |token: &str| json!({"token": token, "password": NEW});

        let refused = portal.anonymous().post(INVITATION, &choice(&token)).await.expect(403);
        assert_eq!(reason(&refused), "forbidden.password-off");
        let browser = portal.anonymous();
        let page = browser.get(&format!("/invite?token={token}")).await.expect(303);
        assert_eq!(page.header("location"), "/invite?error=password-off");
        let page = browser.get("/invite?error=password-off").await.expect(200).text();
        assert!(page.contains("Sign in with an identity provider instead") && !page.contains("/auth/invite"), "{page}");
        let form_token = browser.cookie("gantry_form").unwrap();
        let fields = [
            ("csrf_token", form_token.as_str()),
            ("token", token.as_str()),
            ("password", NEW),
            ("password_confirm", NEW),
        ];
        let answer = browser.post_form("/auth/invite", &fields).await.expect(303);
        assert_eq!(answer.header("location"), format!("/invite?error=password-off&token={token}"));
        assert_eq!(browser.session_cookie(), None);

        let own = portal.anonymous();
        own.post(INVITATION, &choice(&link(&admin, &ada).await)).await.expect(204);
        assert_eq!(my_id(&own).await, ada);
        sign_in(&portal, "ada", NEW).await.expect(204);

        admin.put(PORTAL, &everybody()).await.expect(200);
        sign_in(&portal, "bob", PASSWORD).await.expect(204);
        portal.anonymous().post(INVITATION, &choice(&token)).await.expect(204);
        sign_in(&portal, "bob", NEW).await.expect(204);
    })
    .await;
}
