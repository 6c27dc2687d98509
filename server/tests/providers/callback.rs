//! The way back: `/auth/providers/{slug}/callback`.

use sea_orm::EntityTrait as _;
use serde_json::{Value, json};

use super::{
    CALLBACK, COOKIE, CORP, START, World, depart, each_world, is_page, me, parameter, patch, path_of, with_parameter,
};
use crate::fake_provider::{Cheat, Edit, FakeProvider, edit, set, without};
use crate::support::{Answer, Client};

fn exchanges(idp: &FakeProvider) -> usize {
    idp.script(|script| script.exchanges.len())
}

#[tokio::test]
async fn without_the_state_nobody_gets_in() {
    each_world(async |world| {
        world.enable(json!({})).await;
        let before = exchanges(&world.idp);
        for state in [None, Some(""), Some("guess"), Some("%00"), Some(&*"x".repeat(10_000))] {
            let browser = world.browser();
            let back = with_parameter(&world.way_back(&browser).await, "state", state);
            let answer = browser.get(&path_of(&back)).await;
            world.refused(&browser, answer, 400, &format!("{state:?}")).await;
        }
        let browser = world.browser();
        let back = world.way_back(&browser).await;
        let doubled = format!("{}&state=guess", path_of(&back));
        let answer = browser.get(&doubled).await;
        world.refused(&browser, answer, 400, "two states").await;
        let answer = world.browser().get(CALLBACK).await;
        world.refused(&browser, answer, 400, "nothing at all").await;
        assert_eq!(exchanges(&world.idp), before, "no code was sent to the provider");
    })
    .await;
}

#[tokio::test]
async fn without_a_code_nobody_gets_in() {
    each_world(async |world| {
        world.enable(json!({})).await;
        let before = exchanges(&world.idp);
        let browser = world.browser();
        let back = with_parameter(&world.way_back(&browser).await, "code", None);
        let answer = browser.get(&path_of(&back)).await;
        world.refused(&browser, answer, 400, "no code").await;
        assert_eq!(exchanges(&world.idp), before);
    })
    .await;
}

#[tokio::test]
async fn the_state_is_good_in_the_browser_that_went_and_in_no_other() {
    each_world(async |world| {
        world.enable(json!({})).await;
        let before = exchanges(&world.idp);
        let (victim, other, bare) = (world.browser(), world.browser(), world.browser());
        depart(&other, START).await;
        for (browser, what) in [(&other, "it is on a way of its own"), (&bare, "it went nowhere")] {
            let back = world.way_back(&victim).await;
            let answer = browser.get(&path_of(&back)).await;
            world.refused(browser, answer, 400, what).await;
            world.nothing_happened(&victim, what).await;
        }
        let back = world.way_back(&victim).await;
        let guessed = world.browser();
        guessed.set_cookie(COOKIE, "guess");
        let answer = guessed.get(&path_of(&back)).await;
        world.refused(&guessed, answer, 400, "a guessed cookie").await;
        let back = world.way_back(&victim).await;
        victim.set_cookie(COOKIE, "");
        let answer = victim.get(&path_of(&back)).await;
        world.refused(&victim, answer, 400, "the cookie is lost").await;
        assert_eq!(exchanges(&world.idp), before);
    })
    .await;
}

#[tokio::test]
async fn it_works_once() {
    each_world(async |world| {
        world.enable(json!({})).await;
        let browser = world.browser();
        let address = depart(&browser, START).await;
        let cookie = browser.cookie(COOKIE).unwrap();
        let back = world.idp.visit(&address).await;
        browser.get(&path_of(&back)).await.expect(303);
        let after = exchanges(&world.idp);
        let thief = world.browser();
        thief.set_cookie(COOKIE, &cookie);
        let again = thief.get(&path_of(&back)).await;
        is_page(&again, 400, "the state was used");
        thief.get("/api/v1/me").await.expect(401);
        let fresh = world.idp.visit(&address).await;
        assert_eq!(parameter(&fresh, "state"), parameter(&back, "state"));
        thief.set_cookie(COOKIE, &cookie);
        is_page(&thief.get(&path_of(&fresh)).await, 400, "the state was used, with a fresh code");
        thief.get("/api/v1/me").await.expect(401);
        assert_eq!(exchanges(&world.idp), after);
        me(&browser).await;

        // A way back that failed is used up as well.
        let browser = world.browser();
        let address = depart(&browser, START).await;
        let cookie = browser.cookie(COOKIE).unwrap();
        world.idp.script(|script| script.cheat.claims = set("nonce", json!("guess")));
        is_page(&browser.get(&path_of(&world.idp.visit(&address).await)).await, 400, "the nonce is wrong");
        world.idp.script(|script| script.cheat = Cheat::default());
        browser.set_cookie(COOKIE, &cookie);
        is_page(&browser.get(&path_of(&world.idp.visit(&address).await)).await, 400, "the state was used");
        browser.get("/api/v1/me").await.expect(401);
    })
    .await;
}

#[tokio::test]
async fn of_two_who_come_back_with_one_state_one_gets_in() {
    each_world(async |world| {
        world.enable(json!({})).await;
        let browser = world.browser();
        let address = depart(&browser, START).await;
        let twin = world.browser();
        twin.set_cookie(COOKIE, &browser.cookie(COOKIE).unwrap());
        let (one, two) = (path_of(&world.idp.visit(&address).await), path_of(&world.idp.visit(&address).await));
        let (first, second) = tokio::join!(browser.get(&one), twin.get(&two));
        let mut statuses = [first.status.as_u16(), second.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 400], "{} {}", first.text(), second.text());
        assert_eq!(world.accounts().await, ["admin", "grace"]);
    })
    .await;
}

#[tokio::test]
async fn it_is_too_late_after_ten_minutes() {
    each_world(async |world| {
        world.enable(json!({})).await;
        let before = exchanges(&world.idp);
        let browser = world.browser();
        let back = world.way_back(&browser).await;
        let row = server::db::sign_in::Entity::find().one(world.portal.state.db.read()).await.unwrap().unwrap();
        let left = row.expires_at - server::db::now();
        assert!((1..=600_000).contains(&left), "{left} ms are left");
        world.sql(&format!("UPDATE sign_ins SET expires_at = {}", server::db::now())).await;
        let answer = browser.get(&path_of(&back)).await;
        world.refused(&browser, answer, 400, "it is too late").await;
        assert_eq!(exchanges(&world.idp), before);
    })
    .await;
}

#[tokio::test]
async fn what_went_to_one_provider_does_not_come_back_from_another() {
    each_world(async |world| {
        let other = FakeProvider::start().await;
        world.enable(json!({})).await;
        world.enable_at(&other, json!({"slug": "other", "name": "Other"})).await;
        let before = (exchanges(&world.idp), exchanges(&other));

        let browser = world.browser();
        let back = path_of(&world.way_back(&browser).await).replace(CALLBACK, "/auth/providers/other/callback");
        let answer = browser.get(&back).await;
        world.refused(&browser, answer, 400, "the path of another provider").await;

        let browser = world.browser();
        let back = with_parameter(&world.way_back(&browser).await, "iss", Some(&other.issuer));
        let answer = browser.get(&path_of(&back)).await;
        world.refused(&browser, answer, 400, "the issuer of another provider").await;
        assert_eq!((exchanges(&world.idp), exchanges(&other)), before);

        // A token of the other provider, signed with its key.
        let (issuer, key) = other.script(|script| (script.issuer.clone(), script.key.clone()));
        world.idp.script(|script| {
            script.cheat.claims = edit(move |claims| claims["iss"] = issuer.clone().into());
            script.key = key;
        });
        world.cheated(401, "the token of another provider").await;
    })
    .await;
}

#[tokio::test]
async fn the_nonce_must_come_back() {
    each_world(async |world| {
        world.enable(json!({})).await;
        let cheats: [(&str, Edit); 4] = [
            ("another", set("nonce", json!("guess"))),
            ("none", without("nonce")),
            ("empty", set("nonce", json!(""))),
            ("null", set("nonce", Value::Null)),
        ];
        for (what, claims) in cheats {
            world.idp.script(|script| script.cheat.claims = claims);
            world.cheated(400, what).await;
        }
        // The token of an earlier sign-in.
        let earlier = world.browser();
        let nonce = parameter(&depart(&earlier, START).await, "nonce");
        world.idp.script(|script| script.cheat.claims = edit(move |claims| claims["nonce"] = nonce.clone().into()));
        world.cheated(400, "the nonce of another way").await;
    })
    .await;
}

#[tokio::test]
async fn the_issuer_must_come_back_where_that_was_promised() {
    each_world(async |world| {
        world.enable(json!({})).await;
        let before = exchanges(&world.idp);
        let slash = format!("{}/", world.idp.issuer);
        for issuer in [None, Some(""), Some("https://evil.example"), Some(&*slash)] {
            let browser = world.browser();
            let back = with_parameter(&world.way_back(&browser).await, "iss", issuer);
            let answer = browser.get(&path_of(&back)).await;
            world.refused(&browser, answer, 400, &format!("{issuer:?}")).await;
        }
        assert_eq!(exchanges(&world.idp), before);
    })
    .await;
}

#[tokio::test]
async fn the_issuer_may_be_left_out_where_nothing_was_promised_but_never_be_wrong() {
    each_world(async |world| {
        world.idp.script(|script| {
            script.cheat.metadata = without("authorization_response_iss_parameter_supported");
            script.cheat.callback = without("iss");
        });
        world.enable(json!({})).await;
        let browser = world.browser();
        let back = with_parameter(&world.way_back(&browser).await, "iss", Some("https://evil.example"));
        let answer = browser.get(&path_of(&back)).await;
        world.refused(&browser, answer, 400, "wrong").await;
        world.signed_in().await;
    })
    .await;
}

async fn comes_back_with(world: &World, parameters: Edit) -> (Client, Answer) {
    world.idp.script(|script| script.cheat.callback = parameters);
    let browser = world.browser();
    let answer = world.sign_in(&browser).await;
    (browser, answer)
}

#[tokio::test]
async fn who_is_refused_by_the_provider_is_told_so_in_our_words() {
    each_world(async |world| {
        world.enable(json!({})).await;
        let before = exchanges(&world.idp);
        let denied = |error: &'static str| {
            edit(move |parameters| {
                parameters.as_object_mut().unwrap().remove("code");
                parameters["error"] = error.into();
                parameters["error_description"] = "<script>alert('canary')</script>".into();
                parameters["error_uri"] = "https://canary.example".into();
            })
        };
        let (browser, answer) = comes_back_with(&world, denied("access_denied")).await;
        assert!(!answer.text().contains("canary"), "{}", answer.text());
        world.refused(&browser, answer, 403, "access_denied").await;

        let (browser, answer) = comes_back_with(&world, denied("<img src=canary>")).await;
        assert!(!answer.text().contains("<img src=canary>"), "{}", answer.text());
        assert!(answer.status.is_client_error() || answer.status == 503, "{}", answer.status);
        world.nothing_happened(&browser, "an error that nobody knows").await;
        // An error beside a code is an error.
        let (browser, answer) = comes_back_with(&world, set("error", json!("access_denied"))).await;
        world.refused(&browser, answer, 403, "an error and a code").await;
        assert_eq!(exchanges(&world.idp), before);
    })
    .await;
}

#[tokio::test]
async fn a_provider_that_was_switched_off_in_between_lets_nobody_in() {
    each_world(async |world| {
        world.enable(json!({})).await;
        let before = exchanges(&world.idp);
        let browser = world.browser();
        let back = path_of(&world.way_back(&browser).await);
        patch(&world.admin, CORP, &json!({"enabled": false})).await.expect(200);
        let answer = browser.get(&back).await;
        assert!(answer.status.is_client_error(), "{}", answer.status);
        world.nothing_happened(&browser, "switched off").await;

        patch(&world.admin, CORP, &json!({"enabled": true})).await.expect(200);
        let back = path_of(&world.way_back(&browser).await);
        world.admin.delete(CORP).await.expect(204);
        let answer = browser.get(&back).await;
        assert!(answer.status.is_client_error(), "{}", answer.status);
        world.nothing_happened(&browser, "removed").await;
        assert_eq!(exchanges(&world.idp), before);
    })
    .await;
}
