//! Providers that are down, that answer nonsense, or that lead elsewhere.

use serde_json::{Value, json};

use super::{CORP, LOOPBACK, PROVIDERS, START, World, described, each_world, is_page, me, patch, path_of, set_cookies};
use crate::fake_provider::{Edit, Reply, edit, set, without};
use crate::support::TestPortal;

const DISCOVERY: &str = "/.well-known/openid-configuration";
/// What providers send here, and must not reach a page as it is.
const REFLECTED: &str = "<script>canary";
/// More than any provider has to say.
const HUGE_BYTES: usize = 16 * 1024 * 1024;

/// Another instance, which knows nothing of the provider yet.
async fn fresh(world: &World) -> TestPortal {
    TestPortal::start(world.portal.database.clone(), &[LOOPBACK]).await
}

/// Discovery fails: nobody can leave for the provider, and a trial says why.
async fn cannot_leave(world: &World, what: &str) {
    let portal = fresh(world).await;
    let browser = portal.anonymous();
    let answer = browser.get(START).await;
    assert!(!answer.text().contains(REFLECTED), "{what}: {}", answer.text());
    is_page(&answer, 503, what);
    assert!(set_cookies(&answer).iter().all(|line| !line.starts_with("gantry=")), "{what}");
    world.nothing_happened(&browser, what).await;
}

/// The same for a trial, which keeps what was wrong. Gives that.
async fn trial_fails(world: &World, what: &str) -> String {
    let portal = fresh(world).await;
    let admin = portal.admin().await;
    let answer = admin.post(&format!("{CORP}/trial"), &Value::Null).await;
    assert_eq!(answer.status, 503, "{what}: {}", answer.text());
    assert!(!answer.text().contains(REFLECTED), "{what}: {}", answer.text());
    let kept = admin.get(CORP).await.expect(200).json();
    assert!(kept["trial"]["problem"]["key"].is_string(), "{what}: {kept}");
    kept["trial"]["problem"].to_string()
}

#[tokio::test]
async fn discovery_that_makes_no_sense_gets_nobody_anywhere() {
    each_world(async |world| {
        world.enable(json!({})).await;
        let padded = |world: &World| {
            let mut metadata = world.idp.script(|script| script.metadata());
            metadata["padding"] = json!("x".repeat(HUGE_BYTES));
            metadata.to_string()
        };
        let replies = [
            ("an error", Reply::new(500, r#"{"error": "<script>canary"}"#)),
            ("not there", Reply::new(404, "<script>canary")),
            ("no JSON", Reply::new(200, "<script>canary</script>")),
            ("no object", Reply::new(200, r#"["<script>canary"]"#)),
            ("nothing", Reply::new(200, "")),
            ("half of it", Reply::new(200, r#"{"issuer": "<script>canary"#)),
            ("huge", Reply::new(200, padded(&world))),
            ("elsewhere", Reply::redirect(format!("{}/elsewhere", world.idp.issuer))),
        ];
        let metadata = world.idp.script(|script| script.metadata()).to_string();
        world.idp.answer("/elsewhere", Reply::new(200, metadata));
        for (what, reply) in replies {
            world.idp.answer(DISCOVERY, reply);
            cannot_leave(&world, what).await;
        }
        assert_eq!(world.idp.hits("/elsewhere"), 0, "redirects are not followed");
        world.idp.answer(DISCOVERY, Reply::new(200, "canary"));
        let problem = trial_fails(&world, "no JSON").await;
        assert!(problem.contains("127.0.0.1") && !problem.contains("canary"), "{problem}");
        let answer = patch(&world.admin, CORP, &json!({"enabled": false})).await.expect(200);
        assert!(answer.json()["trial"]["problem"].is_object());
        patch(&world.admin, CORP, &json!({"enabled": true})).await.expect(409);
    })
    .await;
}

#[tokio::test]
async fn discovery_of_somebody_else_gets_nobody_anywhere() {
    each_world(async |world| {
        world.enable(json!({})).await;
        let slash = format!("{}/", world.idp.issuer);
        let cheats: Vec<(&str, Edit)> = vec![
            ("another issuer", set("issuer", json!("https://<script>canary</script>.example"))),
            ("nearly the issuer", edit(move |all| all["issuer"] = json!(slash))),
            ("no issuer", without("issuer")),
            ("no token endpoint", without("token_endpoint")),
            ("no PKCE with S256", set("code_challenge_methods_supported", json!(["plain"]))),
        ];
        for (what, metadata) in cheats {
            world.idp.script(|script| script.cheat.metadata = metadata);
            cannot_leave(&world, what).await;
        }
        world.idp.script(|script| script.cheat.metadata = set("issuer", json!("https://other.example/realms/corp")));
        let problem = trial_fails(&world, "another issuer").await;
        assert!(problem.contains("https://other.example/realms/corp"), "what it calls itself: {problem}");
    })
    .await;
}

/// Leaves for the provider, which then fails, and comes back.
async fn comes_back_to(world: &World, path: &str, reply: Reply, status: u16, what: &str) {
    let portal = fresh(world).await;
    let browser = portal.anonymous();
    let address = super::depart(&browser, START).await;
    let back = world.idp.visit(&address).await;
    world.idp.answer(path, reply);
    let answer = browser.get(&path_of(&back)).await;
    assert!(!answer.text().contains(REFLECTED), "{what}: {}", answer.text());
    is_page(&answer, status, what);
    world.nothing_happened(&browser, what).await;
    world.idp.script(|script| script.cheat.answers.clear());
}

#[tokio::test]
async fn a_token_endpoint_that_makes_no_sense_gets_nobody_in() {
    each_world(async |world| {
        world.enable(json!({})).await;
        let huge = || format!(r#"{{"access_token": "{}"}}"#, "x".repeat(HUGE_BYTES));
        for (what, reply, status) in [
            ("an error", Reply::new(500, r#"{"error": "<script>canary"}"#), 503),
            ("an error of what stands before it", Reply::new(502, "<script>canary</script>"), 503),
            ("huge", Reply::new(200, huge()), 503),
            ("no JSON", Reply::new(200, "<script>canary</script>"), 401),
            ("no token", Reply::new(200, "{}"), 401),
            ("elsewhere", Reply::redirect(format!("{}/elsewhere", world.idp.issuer)), 401),
        ] {
            comes_back_to(&world, "/token", reply, status, what).await;
        }
        assert_eq!(world.idp.hits("/elsewhere"), 0, "neither the code nor the secret goes elsewhere");
        world.signed_in().await;
    })
    .await;
}

#[tokio::test]
async fn what_is_told_besides_the_token_must_make_sense() {
    each_world(async |world| {
        world.enable(json!({})).await;
        for (what, reply) in [
            ("an error", Reply::new(500, "<script>canary")),
            ("no JSON", Reply::new(200, "<script>canary</script>")),
            ("huge", Reply::new(200, format!(r#"{{"sub": "{}"}}"#, "x".repeat(HUGE_BYTES)))),
            ("elsewhere", Reply::redirect(format!("{}/elsewhere", world.idp.issuer))),
        ] {
            comes_back_to(&world, "/userinfo", reply, 503, what).await;
        }
        assert_eq!(world.idp.hits("/elsewhere"), 0);
        world.signed_in().await;
    })
    .await;
}

#[tokio::test]
async fn keys_that_cannot_be_read_get_nobody_anywhere() {
    each_world(async |world| {
        world.enable(json!({})).await;
        for (what, reply) in [
            ("an error", Reply::new(500, r#"{"error": "<script>canary"}"#)),
            ("no JSON", Reply::new(200, "<script>canary</script>")),
            ("no keys", Reply::new(200, "{}")),
            ("huge", Reply::new(200, format!(r#"{{"keys": [], "padding": "{}"}}"#, "x".repeat(HUGE_BYTES)))),
            ("elsewhere", Reply::redirect(format!("{}/elsewhere", world.idp.issuer))),
        ] {
            world.idp.answer("/keys", reply);
            cannot_leave(&world, what).await;
        }
        assert_eq!(world.idp.hits("/elsewhere"), 0);
        // The keys have changed, and the new ones cannot be read.
        world.idp.script(|script| {
            script.cheat.answers.clear();
            script.rotate("second");
        });
        let portal = fresh(&world).await;
        let browser = portal.anonymous();
        let back = world.idp.visit(&super::depart(&browser, START).await).await;
        world.idp.script(|script| script.rotate("third"));
        world.idp.answer("/keys", Reply::new(500, ""));
        is_page(&browser.get(&path_of(&back)).await, 503, "the new keys cannot be read");
        world.nothing_happened(&browser, "the new keys cannot be read").await;
    })
    .await;
}

#[tokio::test]
async fn a_provider_that_is_down_gets_nobody_in_and_holds_nobody_up() {
    each_world(async |world| {
        world.enable(json!({})).await;
        let signed_in = world.signed_in().await;
        let browser = world.browser();
        let back = world.way_back(&browser).await;
        world.idp.stop().await;
        let answer = browser.get(&path_of(&back)).await;
        is_page(&answer, 503, "down at the way back");
        browser.get("/api/v1/me").await.expect(401);

        let portal = fresh(&world).await;
        let stranger = portal.anonymous();
        is_page(&stranger.get(START).await, 503, "down at the start");
        stranger.get("/api/v1/me").await.expect(401);
        let admin = portal.admin().await;
        admin.post(&format!("{CORP}/trial"), &Value::Null).await.expect(503);
        let kept = admin.get(CORP).await.expect(200).json();
        assert!(kept["trial"]["problem"]["key"].is_string(), "{kept}");
        me(&signed_in).await;
        portal.account("bob", api::permission::SystemRole::Member).await;
        let credentials = json!({"username": "bob", "password": crate::support::PASSWORD});
        portal.anonymous().post("/api/v1/session", &credentials).await.expect(204);

        world.idp.start_again().await;
        world.signed_in().await;
    })
    .await;
}

#[tokio::test]
async fn endpoints_lead_to_no_forbidden_place() {
    each_world(async |world| {
        world.enable(json!({})).await;
        let port = world.idp.origin.rsplit_once(':').unwrap().1.to_owned();
        for target in [
            "http://169.254.169.254/latest/meta-data".to_owned(),
            format!("http://[::1]:{port}/realms/corp/token"),
            "file:///etc/passwd".to_owned(),
            "unix:///var/run/docker.sock".to_owned(),
            "javascript:alert(1)".to_owned(),
        ] {
            for endpoint in ["token_endpoint", "jwks_uri"] {
                let what = format!("{endpoint} {target}");
                let value = json!(target);
                world.idp.script(|script| script.cheat.metadata = edit(move |all| all[endpoint] = value.clone()));
                let portal = fresh(&world).await;
                let browser = portal.anonymous();
                let answer = browser.get(START).await;
                // What makes no sense is seen when it is read, the rest when it is called.
                if answer.status == 303 {
                    let back = world.idp.visit(&url::Url::parse(answer.header("location")).unwrap()).await;
                    is_page(&browser.get(&path_of(&back)).await, 503, &what);
                } else {
                    is_page(&answer, 503, &what);
                }
                world.nothing_happened(&browser, &what).await;
            }
        }
        for target in ["javascript:alert(1)", "file:///etc/passwd", "/authorize"] {
            world.idp.script(|script| script.cheat.metadata = set("authorization_endpoint", json!(target)));
            cannot_leave(&world, target).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_provider_on_this_machine_must_be_allowed_by_the_settings() {
    each_world(async |world| {
        world.enable(json!({})).await;
        let portal = TestPortal::start(world.portal.database.clone(), &[]).await;
        let before = world.idp.hits(DISCOVERY);
        let browser = portal.anonymous();
        is_page(&browser.get(START).await, 503, "an address that is not allowed");
        let admin = portal.admin().await;
        admin.post(&format!("{CORP}/trial"), &Value::Null).await.expect(503);
        let made = described(&world.idp, json!({"slug": "other"}));
        let refused = admin.post(PROVIDERS, &made).await.expect(400);
        assert_eq!(super::wrong_fields(&refused), ["issuer"]);
        assert_eq!(world.idp.hits(DISCOVERY), before, "nobody was asked");
        world.nothing_happened(&browser, "an address that is not allowed").await;
    })
    .await;
}
