//! The way to the provider: `/auth/providers/{slug}/start`.

use std::collections::BTreeSet;

use serde_json::json;

use super::{
    CALLBACK, CLIENT_ID, COOKIE, CORP, LOOPBACK, START, depart, each_world, name_of, parameter, patch, path_of,
    set_cookies,
};
use crate::fake_provider::CLIENT_SECRET;
use crate::support::TestPortal;

#[tokio::test]
async fn it_carries_a_challenge_a_state_and_a_nonce_that_are_new_each_time() {
    each_world(async |world| {
        world.enable(json!({"scopes": ["profile", "groups"]})).await;
        let (mut secrets, mut cookies) = (BTreeSet::new(), BTreeSet::new());
        for _ in 0..2 {
            let browser = world.browser();
            let address = depart(&browser, START).await;
            assert!(address.as_str().starts_with(&format!("{}/authorize?", world.idp.issuer)), "{address}");
            let redirect_uri = format!("http://{}{CALLBACK}", world.portal.address);
            for (name, value) in [
                ("response_type", "code"),
                ("client_id", CLIENT_ID),
                ("code_challenge_method", "S256"),
                ("redirect_uri", redirect_uri.as_str()),
            ] {
                assert_eq!(parameter(&address, name), value);
            }
            let scope = parameter(&address, "scope");
            assert_eq!(scope.split(' ').collect::<BTreeSet<_>>(), BTreeSet::from(["openid", "profile", "groups"]));
            assert_eq!(parameter(&address, "code_challenge").len(), 43, "a SHA-256 in base64url");
            let cookie = browser.cookie(COOKIE).unwrap();
            for name in ["state", "nonce", "code_challenge"] {
                let value = parameter(&address, name);
                assert!(value.len() >= 22, "{name} has 128 bits: {value}");
                assert!(!cookie.contains(&value), "{name} is not in the cookie");
                assert!(secrets.insert(value), "{name} is new");
            }
            assert!(cookies.insert(cookie));
            assert!(!address.as_str().contains(CLIENT_SECRET));
        }
        assert_eq!(secrets.len(), 6);
    })
    .await;
}

#[tokio::test]
async fn the_cookie_is_for_this_portal_and_for_no_script() {
    each_world(async |world| {
        world.enable(json!({})).await;
        let answer = world.browser().get(START).await.expect(303);
        let cookies = set_cookies(&answer);
        let cookie = cookies.iter().find(|line| line.starts_with(&format!("{COOKIE}="))).expect("a cookie");
        for part in ["HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        assert!(!cookie.contains("Secure") && !cookie.contains("Domain"), "{cookie}");
        assert!(!cookies.iter().any(|line| line.starts_with("gantry=")), "{cookies:?}");
        assert!(answer.header("cache-control").contains("no-store"), "{}", answer.header("cache-control"));
    })
    .await;
}

#[tokio::test]
async fn over_https_everything_is_of_the_public_address() {
    each_world(async |world| {
        world.enable(json!({})).await;
        let settings = [LOOPBACK, ("GANTRY_PUBLIC_URL", "https://gantry.example")];
        let portal = TestPortal::start(world.portal.database.clone(), &settings).await;
        let browser = portal.anonymous();
        let request = browser.request(axum::http::Method::GET, START);
        let request = request.header("x-forwarded-host", "evil.example").header("forwarded", "host=evil.example");
        let answer = browser.send(request.body(axum::body::Body::empty()).unwrap()).await.expect(303);
        let cookies = set_cookies(&answer);
        assert!(cookies.iter().any(|line| line.starts_with("__Host-gantry_provider=") && line.contains("Secure")));
        assert!(!cookies.iter().any(|line| line.contains("Domain")), "{cookies:?}");
        let address = url::Url::parse(answer.header("location")).unwrap();
        assert_eq!(parameter(&address, "redirect_uri"), format!("https://gantry.example{CALLBACK}"));

        let back = world.idp.visit(&address).await;
        browser.get(&path_of(&back)).await.expect(303);
        assert!(browser.cookie("__Host-gantry").is_some());
        assert_eq!(name_of(&browser).await, "grace");
        assert_eq!(browser.cookie("__Host-gantry_provider"), None, "it has done its work");
    })
    .await;
}

#[tokio::test]
async fn there_is_none_to_a_provider_that_is_unknown_or_switched_off() {
    each_world(async |world| {
        world.enable(json!({})).await;
        let browser = world.browser();
        for slug in ["none", "Corp", "..%2fcorp", "%00"] {
            let answer = browser.get(&format!("/auth/providers/{slug}/start")).await.expect(404);
            assert!(set_cookies(&answer).is_empty(), "{slug}");
        }
        patch(&world.admin, CORP, &json!({"enabled": false})).await.expect(200);
        let departures = world.idp.script(|script| script.departures.len());
        let answer = browser.get(START).await.expect(404);
        assert!(set_cookies(&answer).is_empty());
        assert_eq!(world.idp.script(|script| script.departures.len()), departures);
        browser.post_form(START, &[]).await.expect(405);
    })
    .await;
}

#[tokio::test]
async fn after_it_one_stays_on_this_site() {
    each_world(async |world| {
        world.enable(json!({})).await;
        for (next, expected) in [
            ("/projects%3Fq%3Dweb%26page%3D2", "/projects?q=web&page=2"),
            ("", "/"),
            ("https://evil.example", "/"),
            ("//evil.example", "/"),
            ("/%5Cevil.example", "/"),
            ("/%09/evil.example", "/"),
            ("/%0d%0aset-cookie:gantry=x", "/"),
            ("javascript:alert(1)", "/"),
        ] {
            let browser = world.browser();
            let address = depart(&browser, &format!("{START}?next={next}")).await;
            assert!(!address.as_str().contains("evil"), "the provider learns nothing of it");
            let back = world.idp.visit(&address).await;
            let answer = browser.get(&path_of(&back)).await.expect(303);
            assert_eq!(answer.header("location"), expected, "{next}");
            assert_eq!(name_of(&browser).await, "grace");
        }
    })
    .await;
}

#[tokio::test]
async fn a_preset_session_is_never_taken_over() {
    each_world(async |world| {
        world.enable(json!({})).await;
        let preset = "AAAAAAAAAAAAAAAAAAAAAA";
        let browser = world.browser();
        browser.set_cookie("gantry", preset);
        let back = world.way_back(&browser).await;
        browser.set_cookie("gantry", preset);
        let answer = browser.get(&path_of(&back)).await.expect(303);
        let cookies = set_cookies(&answer);
        let session = cookies.iter().find(|line| line.starts_with("gantry=")).expect("a session");
        assert!(session.contains("HttpOnly") && session.contains("SameSite=Lax"), "{session}");
        let first = browser.session_cookie().unwrap();
        assert_ne!(first, preset);

        world.sign_in(&browser).await.expect(303);
        assert_ne!(browser.session_cookie().unwrap(), first, "the id changes at each sign-in");
        for old in [preset, first.as_str()] {
            let thief = world.browser();
            thief.set_cookie("gantry", old);
            thief.get("/api/v1/me").await.expect(401);
        }
    })
    .await;
}

#[tokio::test]
async fn an_address_that_leaves_and_never_comes_back_is_slowed_alone() {
    each_world(async |world| {
        world.enable(json!({})).await;
        let impatient = world.browser();
        let mut refused = 0;
        for _ in 0..45 {
            let answer = impatient.get(START).await;
            if answer.status == 429 {
                assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0);
                assert!(set_cookies(&answer).is_empty());
                refused += 1;
            } else {
                assert_eq!(answer.status, 303);
                assert_eq!(refused, 0, "once refused, refused");
            }
        }
        assert!(refused > 0);
        world.signed_in().await;
    })
    .await;
}
