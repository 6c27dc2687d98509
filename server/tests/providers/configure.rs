//! The providers as administrators set them up: `/api/v1/providers`.

use serde_json::{Value, json};

use super::{
    CLIENT_SECRET, CORP, PROVIDERS, START, column, described, each_world, me, name_of, patch, path_of, reason,
    wrong_fields,
};
use crate::fake_provider::{FakeProvider, set};
use crate::support::each_database;

#[tokio::test]
async fn a_provider_is_off_until_it_was_tried() {
    each_world(async |world| {
        let made = world.admin.post(PROVIDERS, &described(&world.idp, json!({}))).await.expect(201).json();
        assert_eq!(made["enabled"], false);
        assert_eq!(made["has_secret"], true);
        assert_eq!(made["first_role"], "member");
        assert_eq!(made["callback_url"], format!("http://{}{}", world.portal.address, super::CALLBACK));
        assert!(made["trial"].is_null(), "{made}");
        let refused = patch(&world.admin, CORP, &json!({"enabled": true})).await.expect(409);
        assert_eq!(reason(&refused), "provider.untested");
        world.browser().get(START).await.expect(404);

        let trial = world.try_at(&world.idp, CORP).await;
        assert!(trial["problem"].is_null(), "{trial}");
        assert_eq!(trial["subject"], "subject-of-grace");
        assert_eq!(trial["username"], "grace");
        assert_eq!(trial["admin"], false);
        assert_eq!(trial["groups"], json!([]));
        assert_eq!(name_of(&world.admin).await, "admin", "trying signs nobody in");
        assert_eq!(world.accounts().await, ["admin"], "trying makes no account");
        let identities = world.admin.get(super::IDENTITIES).await.expect(200).json();
        assert_eq!(identities["total"], 0, "trying links nobody");
        world.browser().get(START).await.expect(404);

        let on = patch(&world.admin, CORP, &json!({"enabled": true})).await.expect(200).json();
        assert_eq!(on["enabled"], true);
        world.browser().get(START).await.expect(303);
    })
    .await;
}

#[tokio::test]
async fn a_trial_tells_what_groups_would_give() {
    each_world(async |world| {
        world.idp.script(|script| script.groups(json!(["ops", "web"])));
        let made = described(&world.idp, json!({"groups_claim": "groups", "admin_groups": ["op*"]}));
        world.admin.post(PROVIDERS, &made).await.expect(201);
        let trial = world.try_at(&world.idp, CORP).await;
        assert_eq!(trial["groups"], json!(["ops", "web"]));
        assert_eq!(trial["admin"], true);
    })
    .await;
}

#[tokio::test]
async fn a_trial_belongs_to_the_session_that_began_it() {
    each_world(async |world| {
        world.admin.post(PROVIDERS, &described(&world.idp, json!({}))).await.expect(201);
        let departure = world.admin.post(&format!("{CORP}/trial"), &Value::Null).await.expect(200).json();
        let address = url::Url::parse(&super::text(&departure["location"])).unwrap();
        let back = world.idp.visit(&address).await;
        let thief = world.portal.outsider("eve").await;
        thief.set_cookie(super::COOKIE, &world.admin.cookie(super::COOKIE).unwrap());
        super::is_page(&thief.get(&path_of(&back)).await, 400, "another session");
        assert!(world.admin.get(CORP).await.expect(200).json()["trial"].is_null());
        assert_eq!(name_of(&thief).await, "eve");
        let program = world.portal.token("admin", api::permission::SystemRole::Admin).await;
        program.post(&format!("{CORP}/trial"), &Value::Null).await.expect(403);
    })
    .await;
}

#[tokio::test]
async fn a_change_of_what_the_trial_stands_on_switches_it_off() {
    each_world(async |world| {
        let other = FakeProvider::start().await;
        world.enable(json!({})).await;
        for change in [
            json!({"name": "The company"}),
            json!({"admin_groups": ["ops"]}),
            json!({"first_sign_in": "approve", "first_role": "admin"}),
            json!({}),
        ] {
            let changed = patch(&world.admin, CORP, &change).await.expect(200).json();
            assert_eq!(changed["enabled"], true, "{change}");
            assert!(changed["trial"].is_object(), "{change}");
        }
        for change in [
            json!({"client_id": "gantry-other"}),
            json!({"client_id": super::CLIENT_ID, "client_secret": "wrong"}),
            json!({"client_secret": ""}),
            json!({"client_secret": CLIENT_SECRET, "scopes": ["profile"]}),
            json!({"groups_claim": "groups"}),
            json!({"issuer": other.issuer, "client_secret": CLIENT_SECRET}),
        ] {
            let changed = patch(&world.admin, CORP, &change).await.expect(200).json();
            assert_eq!(changed["enabled"], false, "{change}");
            assert!(changed["trial"].is_null(), "{change}");
            world.browser().get(START).await.expect(404);
            patch(&world.admin, CORP, &json!({"enabled": true})).await.expect(409);
            // As it was, and tried again.
            let as_before = json!({
                "issuer": world.idp.issuer, "client_id": super::CLIENT_ID, "client_secret": CLIENT_SECRET,
                "scopes": ["profile", "email"], "groups_claim": "",
            });
            patch(&world.admin, CORP, &as_before).await.expect(200);
            let alone = patch(&world.admin, CORP, &json!({"issuer": other.issuer})).await.expect(400);
            assert_eq!(wrong_fields(&alone), ["client_secret"], "what one issuer was told is never told to another");
            world.try_at(&world.idp, CORP).await;
            patch(&world.admin, CORP, &json!({"enabled": true})).await.expect(200);
        }
    })
    .await;
}

#[tokio::test]
async fn a_change_and_switching_on_at_once_is_no_way_around_the_trial() {
    each_world(async |world| {
        world.enable(json!({})).await;
        let both = json!({"client_id": "gantry-other", "enabled": true});
        let answer = patch(&world.admin, CORP, &both).await;
        let kept = world.admin.get(CORP).await.expect(200).json();
        assert!(answer.status == 409 || kept["enabled"] == false, "{} {kept}", answer.text());
        assert!(kept["client_id"] == super::CLIENT_ID || kept["enabled"] == false, "{kept}");
    })
    .await;
}

#[tokio::test]
async fn the_secret_is_told_to_nobody() {
    each_world(async |world| {
        world.enable(json!({})).await;
        world.signed_in().await;
        patch(&world.admin, CORP, &json!({"client_secret": CLIENT_SECRET})).await.expect(200);
        for path in [PROVIDERS, CORP, "/api/v1/audit", "/api/v1/me", "/login", "/api/v1/search?q=canary"] {
            let answer = world.admin.get(path).await;
            assert!(!answer.text().contains(CLIENT_SECRET), "{path}");
        }
        let exported = world.admin.get("/api/v1/audit/export").await.expect(200);
        assert!(!exported.text().contains(CLIENT_SECRET));
        for url in world.idp.script(|script| script.departures.clone()) {
            assert!(!url.values().any(|value| value.contains(CLIENT_SECRET)));
        }
        let kept = patch(&world.admin, CORP, &json!({"client_secret": ""})).await.expect(200).json();
        assert_eq!(kept["has_secret"], false);
    })
    .await;
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_by_field() {
    each_world(async |world| {
        let long = "x".repeat(64);
        for (change, field) in [
            (json!({"slug": ""}), "slug"),
            (json!({"slug": "Corp"}), "slug"),
            (json!({"slug": "-corp"}), "slug"),
            (json!({"slug": "../corp"}), "slug"),
            (json!({"name": ""}), "name"),
            (json!({"name": long}), "name"),
            (json!({"issuer": ""}), "issuer"),
            (json!({"issuer": "corp.example"}), "issuer"),
            (json!({"client_id": ""}), "client_id"),
            (json!({"kind": "saml"}), "kind"),
            (json!({"first_sign_in": "always"}), "first_sign_in"),
            (json!({"first_role": "root"}), "first_role"),
            (json!({"admin_groups": ["ops", ""]}), "admin_groups"),
            (json!({"admin_groups": ["*****"]}), "admin_groups"),
            (json!({"admin_groups": vec!["ops"; 65]}), "admin_groups"),
            (json!({"enabled": true}), "enabled"),
            (json!({"trial": {}}), "trial"),
        ] {
            let refused = world.admin.post(PROVIDERS, &described(&world.idp, change.clone())).await.expect(400);
            assert_eq!(wrong_fields(&refused), [field], "{change}");
        }
        assert_eq!(world.admin.get(PROVIDERS).await.expect(200).json()["total"], 0);

        world.admin.post(PROVIDERS, &described(&world.idp, json!({}))).await.expect(201);
        world.admin.post(PROVIDERS, &described(&world.idp, json!({"slug": "other"}))).await.expect(409);
        let other = FakeProvider::start().await;
        world.admin.post(PROVIDERS, &described(&other, json!({}))).await.expect(409);
        for change in [json!({"slug": "new"}), json!({"kind": "github"}), json!({"has_secret": false})] {
            patch(&world.admin, CORP, &change).await.expect(400);
        }
        patch(&world.admin, &format!("{PROVIDERS}/none"), &json!({})).await.expect(404);
        world.admin.get(&format!("{PROVIDERS}/none")).await.expect(404);
        world.admin.delete(&format!("{PROVIDERS}/none")).await.expect(404);
        world.admin.post(&format!("{PROVIDERS}/none/trial"), &Value::Null).await.expect(404);
        let list = world.admin.get(PROVIDERS).await.expect(200).json();
        assert_eq!(column(&list, "slug"), ["corp"]);
    })
    .await;
}

#[tokio::test]
async fn an_issuer_on_this_machine_or_without_tls_is_refused() {
    each_database(async |portal| {
        let admin = portal.admin().await;
        let body = |issuer: &str| {
            json!({"slug": "corp", "name": "Corp", "kind": "oidc", "issuer": issuer, "client_id": "gantry"})
        };
        for issuer in [
            "http://127.0.0.1:8080/realms/corp",
            "https://127.0.0.1",
            "https://127.1",
            "https://2130706433",
            "https://0x7f.1",
            "https://0.0.0.0",
            "https://[::1]",
            "https://[::ffff:127.0.0.1]",
            "https://localhost",
            "https://LOCALHOST:8443",
            "https://169.254.169.254",
            "https://[fe80::1]",
            "http://idp.example",
            "unix:///var/run/docker.sock",
            "file:///etc/passwd",
            "gopher://idp.example",
            "javascript:alert(1)",
        ] {
            let refused = admin.post(PROVIDERS, &body(issuer)).await.expect(400);
            assert_eq!(wrong_fields(&refused), ["issuer"], "{issuer}");
        }
        assert_eq!(admin.get(PROVIDERS).await.expect(200).json()["total"], 0);
        admin.post(PROVIDERS, &body("https://idp.example/realms/corp")).await.expect(201);
        for issuer in ["http://127.0.0.1:8080", "https://[::1]", "file:///etc/passwd"] {
            let refused = patch(&admin, CORP, &json!({"issuer": issuer})).await.expect(400);
            assert_eq!(wrong_fields(&refused), ["issuer"], "{issuer}");
        }
        assert_eq!(admin.get(CORP).await.expect(200).json()["issuer"], "https://idp.example/realms/corp");
    })
    .await;
}

#[tokio::test]
async fn whoever_is_no_administrator_has_nothing_to_do_with_them() {
    each_world(async |world| {
        world.enable(json!({})).await;
        let eve = world.portal.outsider("eve").await;
        for path in [PROVIDERS, CORP] {
            eve.get(path).await.expect(403);
        }
        eve.post(PROVIDERS, &described(&world.idp, json!({"slug": "eve"}))).await.expect(403);
        patch(&eve, CORP, &json!({"admin_groups": ["**"]})).await.expect(403);
        eve.delete(CORP).await.expect(403);
        eve.post(&format!("{CORP}/trial"), &Value::Null).await.expect(403);
        let kept = world.admin.get(CORP).await.expect(200).json();
        assert_eq!((&kept["enabled"], &kept["admin_groups"]), (&json!(true), &json!([])));
    })
    .await;
}

#[tokio::test]
async fn the_sign_in_page_offers_those_that_are_on() {
    each_world(async |world| {
        let made = described(&world.idp, json!({"name": "<b>Corp & Co</b>"}));
        world.admin.post(PROVIDERS, &made).await.expect(201);
        let page = async || world.browser().get("/login").await.expect(200).text();
        assert!(!page().await.contains(START));
        world.try_at(&world.idp, CORP).await;
        patch(&world.admin, CORP, &json!({"enabled": true})).await.expect(200);
        let offered = page().await;
        assert!(offered.contains(START), "{offered}");
        assert!(offered.contains("Corp &amp; Co") && !offered.contains("<b>Corp"), "{offered}");
        patch(&world.admin, CORP, &json!({"enabled": false})).await.expect(200);
        assert!(!page().await.contains(START));
    })
    .await;
}

#[tokio::test]
async fn what_was_done_is_in_the_audit() {
    each_world(async |world| {
        world.enable(json!({"first_sign_in": "create"})).await;
        world.signed_in().await;
        world.idp.script(|script| script.cheat.claims = set("aud", json!("somebody-else")));
        let browser = world.browser();
        world.sign_in(&browser).await.expect(401);
        world.admin.delete(CORP).await.expect(204);
        let records = world.admin.get("/api/v1/audit?limit=100").await.expect(200).json();
        let actions = column(&records, "action");
        for action in ["provider.create", "provider.update", "provider.delete", "session.create"] {
            assert!(actions.iter().any(|known| known == action), "{action}: {actions:?}");
        }
        let refused = world.admin.get("/api/v1/audit?action=session.create&result=refused").await.expect(200).json();
        assert_eq!(refused["total"], 1, "{refused}");
        me(&world.admin).await;
    })
    .await;
}
