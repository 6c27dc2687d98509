//! Administrators by group.

use api::permission::SystemRole;
use serde_json::{Value, json};

use super::{CORP, IDENTITIES, each_world, name_of, patch, path_of, role_of, text};

/// A provider whose groups make administrators.
fn with_groups() -> Value {
    json!({"groups_claim": "groups", "admin_groups": ["gantry-admins", "/eng/*/lead"]})
}

#[tokio::test]
async fn whoever_has_the_group_is_an_administrator_from_each_sign_in_on() {
    each_world(async |world| {
        world.enable(with_groups()).await;
        for (groups, role) in [
            (json!(["web"]), "member"),
            (json!(["web", "gantry-admins"]), "admin"),
            (json!([]), "member"),
            (json!("gantry-admins"), "admin"),
            (json!("Gantry-Admins"), "member"),
            (json!(["/eng/web/lead"]), "admin"),
            (json!(["/eng/web/ops/lead"]), "member"),
            (json!(["gantry-admins,web"]), "member"),
            (json!([7, "gantry-admins", null]), "admin"),
            (json!({"gantry-admins": true}), "member"),
            (json!(7), "member"),
            (Value::Null, "member"),
        ] {
            world.idp.script(|script| script.groups(groups.clone()));
            let browser = world.signed_in().await;
            assert_eq!(role_of(&browser).await, role, "{groups}");
            let expected = if role == "admin" { 200 } else { 403 };
            assert_eq!(browser.get("/api/v1/users").await.status, expected, "{groups}");
        }
        world.idp.script(|script| script.groups(json!(["gantry-admins"])));
        world.signed_in().await;
        world.idp.script(|script| {
            script.person.as_object_mut().unwrap().remove("groups");
        });
        assert_eq!(role_of(&world.signed_in().await).await, "member", "the provider says nothing any more");
    })
    .await;
}

#[tokio::test]
async fn losing_the_group_counts_in_every_session_at_once() {
    each_world(async |world| {
        world.enable(with_groups()).await;
        world.idp.script(|script| script.groups(json!(["gantry-admins"])));
        let old = world.signed_in().await;
        let program = world.portal.token("grace", SystemRole::Member).await;
        assert_eq!((role_of(&old).await, role_of(&program).await), ("admin".to_owned(), "admin".to_owned()));
        world.idp.script(|script| script.groups(json!([])));
        let new = world.signed_in().await;
        for client in [&old, &new, &program] {
            assert_eq!(role_of(client).await, "member");
            client.get("/api/v1/users").await.expect(403);
        }
    })
    .await;
}

#[tokio::test]
async fn other_groups_of_administrators_count_at_once() {
    each_world(async |world| {
        world.enable(with_groups()).await;
        world.idp.script(|script| script.groups(json!(["ops"])));
        let grace = world.signed_in().await;
        assert_eq!(role_of(&grace).await, "member");
        for (groups, role) in [
            (json!(["ops"]), "admin"),
            (json!(["o*"]), "admin"),
            (json!([]), "member"),
            (json!(["**"]), "admin"),
            (json!(["OPS"]), "member"),
        ] {
            patch(&world.admin, CORP, &json!({"admin_groups": groups})).await.expect(200);
            assert_eq!(role_of(&grace).await, role, "{groups}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_provider_that_is_switched_off_or_removed_makes_nobody_an_administrator() {
    each_world(async |world| {
        world.enable(with_groups()).await;
        world.idp.script(|script| script.groups(json!(["gantry-admins"])));
        // Bob has a session that began without the provider.
        let bob = world.portal.outsider("bob").await;
        let begun = bob.post(IDENTITIES, &json!({"provider": "corp", "next": "/"})).await.expect(200).json();
        let back = world.idp.visit(&url::Url::parse(&text(&begun["location"])).unwrap()).await;
        bob.get(&path_of(&back)).await.expect(303);
        assert_eq!(role_of(&bob).await, "admin");
        patch(&world.admin, CORP, &json!({"enabled": false})).await.expect(200);
        assert_eq!((name_of(&bob).await, role_of(&bob).await), ("bob".to_owned(), "member".to_owned()));
        patch(&world.admin, CORP, &json!({"enabled": true})).await.expect(200);
        assert_eq!(role_of(&world.signed_in().await).await, "admin");
        world.admin.delete(CORP).await.expect(204);
        assert_eq!((name_of(&bob).await, role_of(&bob).await), ("bob".to_owned(), "member".to_owned()));
        bob.get("/api/v1/users").await.expect(403);
    })
    .await;
}

#[tokio::test]
async fn groups_stand_under_a_name_or_at_the_end_of_a_path() {
    each_world(async |world| {
        world.enable(json!({"admin_groups": ["ops"]})).await;
        world.idp.script(|script| {
            let person = &mut script.person;
            person["https://corp.example/groups"] = json!(["ops"]);
            person["realm_access"] = json!({"roles": ["ops"]});
            person["resource.access"] = json!(["web"]);
            person["resource"] = json!({"access": ["ops"]});
        });
        for (claim, role) in [
            ("https://corp.example/groups", "admin"),
            ("realm_access.roles", "admin"),
            ("resource.access", "member"),
            ("realm_access", "member"),
            ("realm_access.roles.0", "member"),
            ("realm_access..roles", "member"),
            ("groups", "member"),
            (".", "member"),
        ] {
            patch(&world.admin, CORP, &json!({"groups_claim": claim})).await.expect(200);
            world.try_at(&world.idp, CORP).await;
            patch(&world.admin, CORP, &json!({"enabled": true})).await.expect(200);
            assert_eq!(role_of(&world.signed_in().await).await, role, "{claim}");
        }
    })
    .await;
}

#[tokio::test]
async fn groups_may_be_told_besides_the_token_but_never_instead_of_it() {
    each_world(async |world| {
        world.enable(with_groups()).await;
        world.idp.script(|script| script.userinfo = json!({"groups": ["gantry-admins"]}));
        assert_eq!(role_of(&world.signed_in().await).await, "admin");
        assert!(world.idp.hits("/userinfo") > 0);
        world.idp.script(|script| script.groups(json!(["web"])));
        assert_eq!(role_of(&world.signed_in().await).await, "member", "what is signed comes first");
    })
    .await;
}

#[tokio::test]
async fn without_a_claim_groups_mean_nothing() {
    each_world(async |world| {
        world.enable(json!({"admin_groups": ["gantry-admins"]})).await;
        world.idp.script(|script| script.groups(json!(["gantry-admins"])));
        assert_eq!(role_of(&world.signed_in().await).await, "member");
    })
    .await;
}
