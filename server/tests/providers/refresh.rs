//! Asking the provider again, between sign-ins.

use serde_json::{Value, json};
use server::services::sign_in::{refresh, refresh_now};

use super::{CORP, World, each_world, me, patch, role_of};
use crate::fake_provider::{Reply, edit, set, without};

/// A provider that gives refresh tokens, and groups that make administrators.
async fn enable(world: &World) {
    world.idp.script(|script| script.refreshes = true);
    world.enable(json!({"groups_claim": "groups", "admin_groups": ["ops"]})).await;
}

fn grants(world: &World) -> Vec<String> {
    world.idp.script(|script| script.exchanges.iter().map(|fields| fields["grant_type"].clone()).collect())
}

async fn again(world: &World) {
    refresh_now(&world.portal.state).await.unwrap();
}

#[tokio::test]
async fn a_group_that_is_lost_or_won_counts_without_a_new_sign_in() {
    each_world(async |world| {
        enable(&world).await;
        world.idp.script(|script| script.groups(json!(["ops"])));
        let grace = world.signed_in().await;
        assert_eq!(role_of(&grace).await, "admin");
        // Each time with the token of the time before: the provider takes each once.
        for (groups, role) in [(json!([]), "member"), (json!(["ops"]), "admin"), (json!(["web"]), "member")] {
            world.idp.script(|script| script.groups(groups));
            again(&world).await;
            assert_eq!(role_of(&grace).await, role);
        }
        let refreshed = grants(&world).iter().filter(|grant| *grant == "refresh_token").count();
        assert_eq!(refreshed, 3);
    })
    .await;
}

#[tokio::test]
async fn groups_of_a_refresh_may_come_without_a_token_for_the_person() {
    each_world(async |world| {
        enable(&world).await;
        let grace = world.signed_in().await;
        world.idp.script(|script| {
            script.userinfo = json!({"groups": ["ops"]});
            script.cheat.token = without("id_token");
        });
        again(&world).await;
        assert_eq!(role_of(&grace).await, "admin");
    })
    .await;
}

#[tokio::test]
async fn nobody_is_asked_about_before_it_is_due() {
    each_world(async |world| {
        enable(&world).await;
        let grace = world.signed_in().await;
        let before = grants(&world).len();
        refresh(&world.portal.state).await.unwrap();
        assert_eq!(grants(&world).len(), before);
        let old = server::db::now() - 6 * 60 * 1000;
        world.sql(&format!("UPDATE identities SET refreshed_at = {old}")).await;
        refresh(&world.portal.state).await.unwrap();
        refresh(&world.portal.state).await.unwrap();
        assert_eq!(grants(&world).len(), before + 1, "once, and then not before it is due again");
        me(&grace).await;
    })
    .await;
}

#[tokio::test]
async fn what_the_provider_has_ended_ends_here() {
    each_world(async |world| {
        enable(&world).await;
        world.idp.script(|script| script.groups(json!(["ops"])));
        let (one, two) = (world.signed_in().await, world.signed_in().await);
        world.idp.script(|script| script.revoke());
        again(&world).await;
        for ended in [&one, &two] {
            ended.get("/api/v1/me").await.expect(401);
        }
        assert_eq!(role_of(&world.admin).await, "admin", "others go on");
        let before = grants(&world).len();
        again(&world).await;
        assert_eq!(grants(&world).len(), before, "and it is not asked again");
        assert_eq!(role_of(&world.signed_in().await).await, "admin", "a new sign-in is a new beginning");
    })
    .await;
}

#[tokio::test]
async fn a_provider_that_is_down_or_talks_nonsense_changes_nothing() {
    each_world(async |world| {
        enable(&world).await;
        world.idp.script(|script| script.groups(json!(["ops"])));
        let grace = world.signed_in().await;
        world.idp.script(|script| script.groups(json!([])));
        for reply in [
            Reply::new(500, ""),
            Reply::new(503, "<html>"),
            Reply::new(200, "<html>"),
            Reply::new(400, r#"{"error": "invalid_client"}"#),
            Reply::new(400, r#"{"error": "temporarily_unavailable"}"#),
            Reply::redirect("https://evil.example"),
        ] {
            world.idp.answer("/token", reply.clone());
            again(&world).await;
            assert_eq!(role_of(&grace).await, "admin", "{reply:?}");
        }
        world.idp.script(|script| script.cheat.answers.clear());
        world.idp.stop().await;
        again(&world).await;
        assert_eq!(role_of(&grace).await, "admin");
        world.idp.start_again().await;
        again(&world).await;
        assert_eq!(role_of(&grace).await, "member", "and it is asked again later");
    })
    .await;
}

#[tokio::test]
async fn a_refresh_that_lies_changes_nothing() {
    each_world(async |world| {
        enable(&world).await;
        let grace = world.signed_in().await;
        let somebody_else = edit(|claims| claims["sub"] = json!("subject-of-eve"));
        for (what, claims) in [
            ("another issuer", set("iss", json!("https://evil.example"))),
            ("another audience", set("aud", json!("somebody-else"))),
            ("too late", set("exp", json!(1))),
            ("somebody else", somebody_else),
        ] {
            world.idp.script(|script| {
                script.groups(json!(["ops"]));
                script.cheat.claims = claims;
            });
            again(&world).await;
            assert_eq!(role_of(&grace).await, "member", "{what}");
            world.idp.script(|script| {
                script.groups(json!([]));
                script.cheat.claims = None;
            });
            world.sign_in(&grace).await.expect(303);
        }
        let grace_there = world.idp.script(|script| script.person.clone());
        // Somebody else through and through: the token, and what is told besides.
        world.idp.script(|script| {
            script.person = json!({"sub": "subject-of-eve", "groups": ["ops"]});
        });
        again(&world).await;
        assert_eq!(role_of(&grace).await, "member", "somebody else through and through");
        world.idp.script(|script| script.person = grace_there);
        world.sign_in(&grace).await.expect(303);
        world.idp.script(|script| {
            script.person = json!({"sub": "subject-of-eve"});
            script.userinfo = json!({"groups": ["ops"]});
            script.cheat.token = edit(|all| all["id_token"] = Value::Null);
        });
        again(&world).await;
        assert_eq!(role_of(&grace).await, "member", "somebody else, without a token for the person");
    })
    .await;
}

#[tokio::test]
async fn a_provider_that_is_switched_off_is_not_asked() {
    each_world(async |world| {
        enable(&world).await;
        world.signed_in().await;
        patch(&world.admin, CORP, &json!({"enabled": false})).await.expect(200);
        let before = grants(&world).len();
        again(&world).await;
        assert_eq!(grants(&world).len(), before);
    })
    .await;
}

#[tokio::test]
async fn the_refresh_token_is_told_to_nobody() {
    each_world(async |world| {
        enable(&world).await;
        world.idp.script(|script| {
            script.cheat.token = edit(|all| all["refresh_token"] = json!("canary-of-the-refresh"));
        });
        let grace = world.signed_in().await;
        for (client, path) in [
            (&grace, super::IDENTITIES),
            (&grace, "/api/v1/me"),
            (&grace, "/api/v1/me/sessions"),
            (&grace, "/account"),
            (&world.admin, CORP),
            (&world.admin, "/api/v1/users"),
            (&world.admin, "/api/v1/audit"),
        ] {
            let answer = client.get(path).await.expect(200);
            assert!(!answer.text().contains("canary-of-the-refresh"), "{path}");
        }
    })
    .await;
}
