//! Signing in and out: `/api/v1/session` and `/auth/…`.

use api::permission::SystemRole;
use axum::body::Body;
use axum::http::{Method, header};
use serde_json::{Value, json};
use server::auth::session::IDLE;
use server::{db, startup};

use crate::support::{Client, PASSWORD, TestPortal, each_database, each_database_with};

fn sign_in(username: &str, password: &str) -> Value {
    json!({"username": username, "password": password})
}

async fn csrf(client: &Client) -> String {
    client.get("/api/v1/me").await.expect(200).json()["csrf_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_session_begins_with_a_new_id_and_ends_with_sign_out() {
    each_database(async |portal| {
        portal.account("ada", SystemRole::Admin).await;
        let mut browser = portal.anonymous();
        browser.set_cookie("gantry", "AAAAAAAAAAAAAAAAAAAAAA");
        let answer = browser.post("/api/v1/session", &sign_in("Ada", PASSWORD)).await.expect(204);
        let cookie = answer.header("set-cookie");
        assert!(
            cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Path=/"),
            "{cookie}"
        );
        let first = browser.session_cookie().unwrap();
        assert_ne!(first, "AAAAAAAAAAAAAAAAAAAAAA", "a preset id is never taken over");

        browser.post("/api/v1/session", &sign_in("ada", PASSWORD)).await.expect(204);
        let second = browser.session_cookie().unwrap();
        assert_ne!(first, second, "the id changes at each sign-in");
        let old = portal.anonymous();
        old.set_cookie("gantry", &first);
        old.get("/api/v1/me").await.expect(401);

        browser.csrf_token = Some(csrf(&browser).await);
        browser.delete("/api/v1/session").await.expect(204);
        let ended = portal.anonymous();
        ended.set_cookie("gantry", &second);
        ended.get("/api/v1/me").await.expect(401);
    })
    .await;
}

#[tokio::test]
async fn wrong_and_unknown_are_told_alike() {
    each_database(async |portal| {
        portal.account("ada", SystemRole::Admin).await;
        let wrong = portal.anonymous().post("/api/v1/session", &sign_in("ada", "not her password")).await.expect(401);
        let unknown = portal.anonymous().post("/api/v1/session", &sign_in("eve", "not her password")).await.expect(401);
        assert_eq!(wrong.body, unknown.body);
        assert_eq!(wrong.json()["type"], "/problems/wrong-credentials");
        for (username, password) in [("admin", "admin"), ("admin", "Harbor12345"), ("", ""), ("ada", "")] {
            portal.anonymous().post("/api/v1/session", &sign_in(username, password)).await.expect(401);
        }
        let long = "x".repeat(100_000);
        portal.anonymous().post("/api/v1/session", &sign_in(&long, &long)).await.expect(401);
    })
    .await;
}

#[tokio::test]
async fn guessing_is_slowed_for_the_account_and_for_nobody_else() {
    each_database(async |portal| {
        portal.account("ada", SystemRole::Admin).await;
        portal.account("bob", SystemRole::Member).await;
        let mut refused = None;
        for number in 1..=20 {
            let request = portal
                .anonymous()
                .request(Method::POST, "/api/v1/session")
                .header(header::CONTENT_TYPE, "application/json")
                .header("x-forwarded-for", format!("198.51.100.{number}"))
                .header("forwarded", format!("for=198.51.100.{number}"))
                .header("x-real-ip", format!("198.51.100.{number}"))
                .body(Body::from(sign_in("ada", "guess").to_string()))
                .unwrap();
            let answer = portal.anonymous().send(request).await;
            if answer.status == 429 {
                assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0);
                refused = refused.or(Some(number));
            } else {
                assert_eq!(answer.status, 401);
                assert_eq!(refused, None, "once refused, refused");
            }
        }
        assert!(refused.is_some_and(|number| number <= 10), "{refused:?}");
        portal.anonymous().post("/api/v1/session", &sign_in("ada", PASSWORD)).await.expect(429);
        portal.anonymous().post("/api/v1/session", &sign_in("bob", PASSWORD)).await.expect(204);
    })
    .await;
}

#[tokio::test]
async fn one_address_cannot_try_many_accounts_unless_a_trusted_proxy_tells_them_apart() {
    let guess = async |portal: &TestPortal, number: u32| {
        let client = portal.anonymous().from_peer("10.0.0.1");
        let request = client
            .request(Method::POST, "/api/v1/session")
            .header(header::CONTENT_TYPE, "application/json")
            .header("x-forwarded-for", format!("198.51.100.{number}"))
            .body(Body::from(sign_in(&format!("user{number}"), "guess").to_string()))
            .unwrap();
        client.send(request).await.status.as_u16()
    };
    each_database(async |portal| {
        let mut refused = 0;
        for number in 0..45 {
            refused += u32::from(guess(&portal, number).await == 429);
        }
        assert!(refused > 0, "an address that nobody trusts is one address");
    })
    .await;
    each_database_with(&[("GANTRY_TRUSTED_PROXIES", "10.0.0.0/8")], async |portal| {
        for number in 0..45 {
            assert_eq!(guess(&portal, number).await, 401);
        }
    })
    .await;
}

#[tokio::test]
async fn an_unused_and_an_old_session_end() {
    each_database(async |portal| {
        let cookie = portal.admin().await.session_cookie().unwrap();
        // A fresh browser each time: the answer to a session that has ended removes the cookie.
        let expect = async |status| {
            let browser = portal.anonymous();
            browser.set_cookie("gantry", &cookie);
            browser.get("/api/v1/me").await.expect(status);
        };
        let set = async |column: &str, value: i64| {
            use sea_orm::ConnectionTrait as _;
            let sql = format!("UPDATE sessions SET {column} = {value}");
            let set = portal.state.db.write(async |txn| txn.execute_unprepared(&sql).await.map_err(db::Error::from));
            set.await.unwrap();
        };
        let idle = i64::try_from(IDLE.whole_milliseconds()).unwrap();
        expect(200).await;
        set("seen_at", db::now() - idle - 1).await;
        expect(401).await;
        set("seen_at", db::now()).await;
        expect(200).await;
        set("expires_at", db::now() - 1).await;
        expect(401).await;

        server::services::session::delete_ended(&portal.state).await.unwrap();
        set("expires_at", db::now() + 60_000).await;
        expect(401).await;
    })
    .await;
}

#[tokio::test]
async fn the_database_alone_opens_no_session() {
    each_database(async |portal| {
        use sea_orm::{ConnectionTrait as _, Statement};
        let browser = portal.admin().await;
        let statement = Statement::from_string(portal.state.db.backend(), "SELECT id FROM sessions");
        let row = portal.state.db.read().query_one_raw(statement).await.unwrap().unwrap();
        let kept: String = row.try_get("", "id").unwrap();
        assert_ne!(Some(&kept), browser.session_cookie().as_ref());
        let thief = portal.anonymous();
        thief.set_cookie("gantry", &kept);
        thief.get("/api/v1/me").await.expect(401);
    })
    .await;
}

#[tokio::test]
async fn over_https_the_cookie_belongs_to_this_host_alone() {
    each_database_with(&[("GANTRY_PUBLIC_URL", "https://gantry.example")], async |portal| {
        portal.account("ada", SystemRole::Admin).await;
        let browser = portal.anonymous();
        let answer = browser.post("/api/v1/session", &sign_in("ada", PASSWORD)).await.expect(204);
        let cookie = answer.header("set-cookie");
        assert!(cookie.starts_with("__Host-gantry=") && cookie.contains("Secure"), "{cookie}");
        assert!(!cookie.contains("Domain"), "{cookie}");
        assert!(answer.header("strict-transport-security").contains("max-age="));
    })
    .await;
}

#[tokio::test]
async fn signing_in_works_without_javascript() {
    each_database(async |portal| {
        portal.account("ada", SystemRole::Admin).await;
        let browser = portal.anonymous();
        let page = browser.get("/login?next=/apps%3Ftab%3Dall").await.expect(200);
        let token = browser.cookie("gantry_form").expect("the form's cookie");
        assert!(page.text().contains(&token), "the form repeats it");

        let form = |password| {
            [("csrf_token", token.as_str()), ("username", "ada"), ("password", password), ("next", "/apps?tab=all")]
        };
        let wrong = browser.post_form("/auth/login", &form("wrong")).await.expect(303);
        assert_eq!(wrong.header("location"), "/login?error=credentials&next=%2Fapps%3Ftab%3Dall&username=ada");
        assert_eq!(browser.session_cookie(), None);
        let right = browser.post_form("/auth/login", &form(PASSWORD)).await.expect(303);
        assert_eq!(right.header("location"), "/apps?tab=all");
        assert_eq!(browser.get("/api/v1/me").await.expect(200).json()["user"]["username"], "ada");
        assert_eq!(browser.get("/login").await.expect(303).header("location"), "/");

        let token = csrf(&browser).await;
        browser.post_form("/auth/logout", &[("csrf_token", "guess")]).await.expect(303);
        browser.get("/api/v1/me").await.expect(200);
        let out = browser.post_form("/auth/logout", &[("csrf_token", &token)]).await.expect(303);
        assert_eq!(out.header("location"), "/login");
        browser.get("/api/v1/me").await.expect(401);
    })
    .await;
}

#[tokio::test]
async fn a_form_of_another_site_or_an_old_page_signs_nobody_in() {
    each_database(async |portal| {
        portal.account("ada", SystemRole::Admin).await;
        let browser = portal.anonymous();
        browser.get("/login").await.expect(200);
        for token in ["", "guess"] {
            let fields = [("csrf_token", token), ("username", "ada"), ("password", PASSWORD)];
            let answer = browser.post_form("/auth/login", &fields).await.expect(303);
            assert!(answer.header("location").starts_with("/login?error=form"), "{}", answer.header("location"));
        }
        let token = browser.cookie("gantry_form").unwrap();
        for origin in [Some("https://evil.example"), Some("null"), None] {
            let mut request = browser
                .request(Method::POST, "/auth/login")
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
            if let Some(origin) = origin {
                request = request.header(header::ORIGIN, origin);
            }
            let body = format!("csrf_token={token}&username=ada&password=correct+horse+battery");
            browser.send(request.body(Body::from(body)).unwrap()).await.expect(403);
        }
        assert_eq!(browser.session_cookie(), None);
    })
    .await;
}

#[tokio::test]
async fn after_sign_in_one_stays_on_this_site() {
    each_database(async |portal| {
        portal.account("ada", SystemRole::Admin).await;
        for next in
            ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/\t/evil.example"]
        {
            let browser = portal.anonymous();
            browser.get("/login").await;
            let token = browser.cookie("gantry_form").unwrap();
            let fields = [("csrf_token", token.as_str()), ("username", "ada"), ("password", PASSWORD), ("next", next)];
            let answer = browser.post_form("/auth/login", &fields).await.expect(303);
            assert_eq!(answer.header("location"), "/", "{next}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_setup_works_without_javascript() {
    each_database(async |portal| {
        let link = startup::setup_link(&portal.state).await.unwrap().unwrap();
        let page = link.split_once(&portal.address.to_string()).unwrap().1.to_owned();
        let browser = portal.anonymous();
        browser.get(&page).await.expect(200);
        let form_token = browser.cookie("gantry_form").unwrap();
        let setup_token = page.split_once("token=").unwrap().1;
        let fields = |password, again| {
            [
                ("csrf_token", form_token.as_str()),
                ("token", setup_token),
                ("username", "ada"),
                ("password", password),
                ("password_confirm", again),
            ]
        };
        let short = browser.post_form("/auth/setup", &fields("short", "short")).await.expect(303);
        assert!(short.header("location").starts_with("/setup?error=password.short&token="));
        let differs = browser.post_form("/auth/setup", &fields(PASSWORD, "something else")).await.expect(303);
        assert!(differs.header("location").starts_with("/setup?error=password.mismatch&token="));
        let made = browser.post_form("/auth/setup", &fields(PASSWORD, PASSWORD)).await.expect(303);
        assert_eq!(made.header("location"), "/");
        assert_eq!(browser.get("/api/v1/me").await.expect(200).json()["user"]["role"], "admin");
        portal.anonymous().get(&page).await.expect(404);
        let again = portal.anonymous();
        again.get("/login").await.expect(200);
        let token = again.cookie("gantry_form").unwrap();
        let fields = [
            ("csrf_token", token.as_str()),
            ("token", setup_token),
            ("username", "eve"),
            ("password", PASSWORD),
            ("password_confirm", PASSWORD),
        ];
        assert_eq!(again.post_form("/auth/setup", &fields).await.expect(303).header("location"), "/login");
    })
    .await;
}
