//! Linking one's account with somebody at a provider: `/api/v1/me/identities`.

use api::permission::SystemRole;
use serde_json::{Value, json};
use url::Url;

use super::{
    COOKIE, CORP, IDENTITIES, World, column, each_world, is_page, me, name_of, patch, path_of, reason, set_cookies,
    text,
};
use crate::fake_provider::{Cheat, set};
use crate::support::{Answer, Client, PASSWORD};

/// Begins to link: where the browser goes.
async fn begin(client: &Client) -> Url {
    let answer = client.post(IDENTITIES, &json!({"provider": "corp", "next": "/account"})).await.expect(200);
    assert!(
        set_cookies(&answer).iter().any(|line| line.starts_with(&format!("{COOKIE}=")) && line.contains("HttpOnly"))
    );
    Url::parse(&text(&answer.json()["location"])).unwrap()
}

async fn link(world: &World, client: &Client) -> Answer {
    let back = world.idp.visit(&begin(client).await).await;
    client.get(&path_of(&back)).await
}

async fn identities(client: &Client) -> Value {
    client.get(IDENTITIES).await.expect(200).json()
}

async fn total(client: &Client) -> u64 {
    identities(client).await["total"].as_u64().unwrap()
}

#[tokio::test]
async fn a_code_is_asked_for_after_the_password_only() {
    each_world(async |world| {
        world.enable(json!({"first_sign_in": "refuse"})).await;
        world.portal.account("bob", SystemRole::Member).await;
        let bob = world.portal.outsider("bob").await;
        link(&world, &bob).await.expect(303);
        world.sql("UPDATE users SET two_factor_at = 1 WHERE username = 'bob'").await;
        let body = json!({"username": "bob", "password": PASSWORD});
        let asked = world.browser().post("/api/v1/session", &body).await.expect(401);
        assert_eq!(reason(&asked), "session.code-needed");
        assert_eq!(name_of(&world.signed_in().await).await, "bob");
    })
    .await;
}

#[tokio::test]
async fn whoever_is_signed_in_links_and_then_signs_in_so() {
    each_world(async |world| {
        world.enable(json!({"first_sign_in": "refuse"})).await;
        let bob = world.portal.outsider("bob").await;
        let session = bob.session_cookie();
        let answer = link(&world, &bob).await.expect(303);
        assert_eq!(answer.header("location"), "/account");
        assert_eq!(bob.session_cookie(), session, "it is the session from before");
        let linked = identities(&bob).await;
        assert_eq!(linked["total"], 1);
        let identity = &linked["items"][0];
        assert_eq!((&identity["provider"], &identity["provider_name"]), (&json!("corp"), &json!("Corp")));
        assert_eq!(identity["label"], "grace@corp.example");
        assert!(identity["last_used_at"].is_null(), "{identity}");

        let grace = world.signed_in().await;
        assert_eq!(name_of(&grace).await, "bob");
        assert_eq!(world.accounts().await, ["admin", "bob"]);
        assert!(identities(&bob).await["items"][0]["last_used_at"].is_string());
        link(&world, &bob).await.expect(303);
        assert_eq!(total(&bob).await, 1, "linking again changes nothing");

        let path = format!("{IDENTITIES}/{}", text(&identity["id"]));
        bob.delete(&path).await.expect(204);
        bob.delete(&path).await.expect(404);
        assert_eq!(total(&bob).await, 0);
        grace.get("/api/v1/me").await.expect(401);
        assert_eq!(name_of(&bob).await, "bob", "the session with a password goes on");
        let browser = world.browser();
        is_page(&world.sign_in(&browser).await, 403, "the link has ended");
        browser.get("/api/v1/me").await.expect(401);
    })
    .await;
}

#[tokio::test]
async fn linking_needs_a_session_that_is_fresh() {
    each_world(async |world| {
        world.enable(json!({})).await;
        let bob = world.portal.outsider("bob").await;
        let body = json!({"provider": "corp", "next": "/account"});
        let old = server::db::now() - 11 * 60 * 1000;
        world.sql(&format!("UPDATE sessions SET created_at = {old}")).await;
        let answer = bob.post(IDENTITIES, &body).await.expect(403);
        assert_eq!(reason(&answer), "forbidden.stale-session");
        assert!(set_cookies(&answer).is_empty());
        let program = world.portal.token("bob", SystemRole::Member).await;
        program.post(IDENTITIES, &body).await.expect(403);
        world.browser().post(IDENTITIES, &body).await.expect(401);
        let forged = bob.clone().without_csrf_token();
        forged.post(IDENTITIES, &body).await.expect(403);
        assert_eq!(world.accounts().await, ["admin", "bob"]);
        assert_eq!(total(&bob).await, 0);

        // A fresh one of the same account may.
        world.portal.account("eve", SystemRole::Member).await;
        let mut eve = world.browser();
        eve.post("/api/v1/session", &json!({"username": "eve", "password": PASSWORD})).await.expect(204);
        eve.csrf_token = Some(text(&me(&eve).await["csrf_token"]));
        link(&world, &eve).await.expect(303);
        assert_eq!(total(&eve).await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_link_goes_only_to_a_provider_that_is_on_and_back_to_this_site() {
    each_world(async |world| {
        world.enable(json!({})).await;
        let bob = world.portal.outsider("bob").await;
        bob.post(IDENTITIES, &json!({"provider": "none", "next": "/"})).await.expect(404);
        bob.post(IDENTITIES, &json!({"provider": "corp", "next": "/", "user": "admin"})).await.expect(400);
        for next in ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"] {
            let begun = bob.post(IDENTITIES, &json!({"provider": "corp", "next": next})).await.expect(200).json();
            let back = world.idp.visit(&Url::parse(&text(&begun["location"])).unwrap()).await;
            assert_eq!(bob.get(&path_of(&back)).await.expect(303).header("location"), "/", "{next}");
        }
        patch(&world.admin, CORP, &json!({"enabled": false})).await.expect(200);
        bob.post(IDENTITIES, &json!({"provider": "corp", "next": "/"})).await.expect(404);
    })
    .await;
}

#[tokio::test]
async fn what_one_session_began_no_other_ends() {
    each_world(async |world| {
        world.enable(json!({})).await;
        let (bob, eve) = (world.portal.outsider("bob").await, world.portal.outsider("eve").await);
        let exchanges = || world.idp.script(|script| script.exchanges.len());
        let before = exchanges();
        let stranger = world.browser();
        for (thief, what) in [(&eve, "another account"), (&stranger, "nobody")] {
            let address = begin(&bob).await;
            thief.set_cookie(COOKIE, &bob.cookie(COOKIE).unwrap());
            let answer = thief.get(&path_of(&world.idp.visit(&address).await)).await;
            is_page(&answer, 400, what);
        }
        // Somebody else's session of the same account.
        let address = begin(&bob).await;
        let twin = world.portal.outsider("bob").await;
        twin.set_cookie(COOKIE, &bob.cookie(COOKIE).unwrap());
        is_page(&twin.get(&path_of(&world.idp.visit(&address).await)).await, 400, "another session");
        // A link that ends as a sign-in: the session has ended meanwhile.
        let address = begin(&bob).await;
        bob.set_cookie("gantry", "");
        is_page(&bob.get(&path_of(&world.idp.visit(&address).await)).await, 400, "signed out");
        assert_eq!(exchanges(), before);
        stranger.get("/api/v1/me").await.expect(401);
        for client in [&twin, &eve] {
            assert_eq!(total(client).await, 0);
        }
        assert_eq!(name_of(&eve).await, "eve");
        assert_eq!(world.accounts().await, ["admin", "bob", "eve"]);
    })
    .await;
}

#[tokio::test]
async fn a_sign_in_never_becomes_a_link() {
    each_world(async |world| {
        world.enable(json!({"first_sign_in": "refuse"})).await;
        let bob = world.portal.outsider("bob").await;
        is_page(&world.sign_in(&bob).await, 403, "a newcomer in a browser where somebody is signed in");
        assert_eq!(total(&bob).await, 0);
        assert_eq!(name_of(&bob).await, "bob");
    })
    .await;
}

#[tokio::test]
async fn whoever_belongs_to_an_account_is_linked_to_no_other() {
    each_world(async |world| {
        world.enable(json!({})).await;
        let grace = world.signed_in().await;
        let bob = world.portal.outsider("bob").await;
        is_page(&link(&world, &bob).await, 409, "somebody else's");
        assert_eq!(total(&bob).await, 0);
        assert_eq!(total(&grace).await, 1);
        assert_eq!(name_of(&world.signed_in().await).await, "grace");
    })
    .await;
}

#[tokio::test]
async fn a_link_is_checked_as_a_sign_in_is() {
    each_world(async |world| {
        world.enable(json!({})).await;
        let bob = world.portal.outsider("bob").await;
        for (what, claims, status) in [
            ("another audience", set("aud", json!("somebody-else")), 401),
            ("another nonce", set("nonce", json!("guess")), 400),
        ] {
            world.idp.script(|script| script.cheat = Cheat { claims, ..Cheat::default() });
            is_page(&link(&world, &bob).await, status, what);
            assert_eq!(total(&bob).await, 0, "{what}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_only_way_in_and_what_is_somebody_elses_stay() {
    each_world(async |world| {
        world.enable(json!({})).await;
        let grace = world.signed_in().await;
        let path = format!("{IDENTITIES}/{}", text(&identities(&grace).await["items"][0]["id"]));
        let eve = world.portal.outsider("eve").await;
        eve.delete(&path).await.expect(404);
        world.admin.delete(&path).await.expect(404);
        assert_eq!(reason(&grace.delete(&path).await.expect(409)), "identity.last");
        eve.delete(&format!("{IDENTITIES}/no-ulid")).await.expect(404);
        world.portal.token("grace", SystemRole::Member).await.delete(&path).await.expect(403);
        assert_eq!(column(&identities(&grace).await, "provider"), ["corp"]);
        world.signed_in().await;
    })
    .await;
}
