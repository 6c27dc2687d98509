//! Who comes for the first time, and who an account belongs to.

use api::permission::SystemRole;
use serde_json::{Value, json};

use super::{CORP, account, column, each_world, is_page, me, name_of, patch, path_of, role_of, set_cookies, text};
use crate::fake_provider::FakeProvider;

#[tokio::test]
async fn a_newcomer_is_refused_unless_the_provider_may_make_accounts() {
    each_world(async |world| {
        world.enable(json!({"first_sign_in": "refuse"})).await;
        for _ in 0..2 {
            let browser = world.browser();
            let answer = world.sign_in(&browser).await;
            assert!(set_cookies(&answer).iter().all(|line| !line.starts_with("gantry=")), "no session");
            world.refused(&browser, answer, 403, "a newcomer").await;
        }
        let mut made = super::described(&FakeProvider::start().await, json!({"slug": "other"}));
        made.as_object_mut().unwrap().remove("first_sign_in");
        let other = world.admin.post(super::PROVIDERS, &made).await.expect(201).json();
        assert_eq!(other["first_sign_in"], "refuse", "where nobody chose");
    })
    .await;
}

#[tokio::test]
async fn a_newcomer_may_have_to_wait_for_an_administrator() {
    each_world(async |world| {
        world.enable(json!({"first_sign_in": "approve"})).await;
        for _ in 0..2 {
            let browser = world.browser();
            is_page(&world.sign_in(&browser).await, 403, "it waits");
            browser.get("/api/v1/me").await.expect(401);
            assert_eq!(world.accounts().await, ["admin", "grace"], "one account is made once");
        }
        let waiting = world.admin.get("/api/v1/users?state=waiting").await.expect(200).json();
        assert_eq!(column(&waiting, "username"), ["grace"]);
        let path = account(&world, "grace").await;
        let opened = patch(&world.admin, &path, &json!({"disabled": false})).await.expect(200).json();
        assert_eq!(opened["state"], "active");
        let grace = world.signed_in().await;
        assert_eq!((name_of(&grace).await, role_of(&grace).await), ("grace".to_owned(), "member".to_owned()));
        assert_eq!(world.accounts().await, ["admin", "grace"]);
    })
    .await;
}

#[tokio::test]
async fn who_waits_gets_in_by_no_other_door() {
    each_world(async |world| {
        world.enable(json!({"first_sign_in": "approve", "first_role": "admin"})).await;
        world.sign_in(&world.browser()).await.expect(403);
        for password in ["", "none", "grace"] {
            let credentials = json!({"username": "grace", "password": password});
            world.browser().post("/api/v1/session", &credentials).await.expect(401);
        }
        world.portal.token("grace", SystemRole::Member).await.get("/api/v1/me").await.expect(401);
        world.portal.outsider("grace").await.get("/api/v1/me").await.expect(401);
        let path = account(&world, "grace").await;
        let listed = world.admin.get("/api/v1/users?q=grace").await.expect(200).json();
        assert_eq!(listed["items"][0]["state"], "waiting");
        // Not even a link for a password opens what an administrator has not opened.
        let link = world.admin.post(&format!("{path}/password-link"), &Value::Null).await.expect(201).json();
        let link = url::Url::parse(&text(&link["link"])).unwrap();
        let choice = json!({"token": super::parameter(&link, "token"), "password": "a sentence to remember"});
        world.browser().post("/api/v1/invitation", &choice).await.expect(403);
        world.sign_in(&world.browser()).await.expect(403);
    })
    .await;
}

#[tokio::test]
async fn a_newcomer_may_get_an_account_with_the_chosen_role() {
    each_world(async |world| {
        world.enable(json!({})).await;
        let grace = world.signed_in().await;
        assert_eq!((name_of(&grace).await, role_of(&grace).await), ("grace".to_owned(), "member".to_owned()));
        assert_eq!(me(&grace).await["projects"], json!([]));
        grace.get("/api/v1/users").await.expect(403);
        let again = world.signed_in().await;
        assert_eq!(me(&again).await["user"]["id"], me(&grace).await["user"]["id"], "the same account");

        patch(&world.admin, CORP, &json!({"first_role": "admin"})).await.expect(200);
        world.idp.script(|script| {
            script.person = json!({"sub": "subject-of-ada", "preferred_username": "ada"});
        });
        let ada = world.signed_in().await;
        assert_eq!((name_of(&ada).await, role_of(&ada).await), ("ada".to_owned(), "admin".to_owned()));
        assert_eq!(role_of(&grace).await, "member", "who was there keeps the role");
        assert_eq!(world.accounts().await, ["ada", "admin", "grace"]);
    })
    .await;
}

#[tokio::test]
async fn of_one_person_who_comes_twice_at_once_one_account_is_made() {
    each_world(async |world| {
        world.enable(json!({})).await;
        let (one, two) = (world.browser(), world.browser());
        let (first, second) = (path_of(&world.way_back(&one).await), path_of(&world.way_back(&two).await));
        let (first, second) = tokio::join!(one.get(&first), two.get(&second));
        for answer in [&first, &second] {
            assert!([303, 503].contains(&answer.status.as_u16()), "{}", answer.text());
        }
        assert!(first.status == 303 || second.status == 303);
        assert_eq!(world.accounts().await, ["admin", "grace"]);
    })
    .await;
}

#[tokio::test]
async fn a_name_or_an_address_makes_nobody_somebody_else() {
    each_world(async |world| {
        world.enable(json!({})).await;
        let local = world.portal.account("Grace", SystemRole::Admin).await.to_string();
        let mine = world.signed_in().await;
        assert_eq!(name_of(&mine).await, "grace-2");
        assert_ne!(text(&me(&mine).await["user"]["id"]), local);
        assert_eq!(role_of(&mine).await, "member");

        world.idp.script(|script| script.person["sub"] = json!("subject-of-a-namesake"));
        let namesake = world.signed_in().await;
        assert_eq!(name_of(&namesake).await, "grace-3");
        assert_ne!(me(&namesake).await["user"]["id"], me(&mine).await["user"]["id"]);

        // The administrator's own name, and an address that says it is verified.
        world.idp.script(|script| {
            script.person = json!({
                "sub": "subject-of-eve", "preferred_username": "admin", "email": "admin", "email_verified": true,
            });
        });
        let eve = world.signed_in().await;
        assert_eq!((name_of(&eve).await, role_of(&eve).await), ("admin-2".to_owned(), "member".to_owned()));
        let of_admin = world.admin.get(super::IDENTITIES).await.expect(200).json();
        assert_eq!(of_admin["total"], 0);
    })
    .await;
}

#[tokio::test]
async fn a_subject_differs_by_capitals_and_by_issuer() {
    each_world(async |world| {
        let other = FakeProvider::start().await;
        world.enable(json!({})).await;
        let grace = text(&me(&world.signed_in().await).await["user"]["id"]);
        world.idp.script(|script| script.person["sub"] = json!("Subject-of-Grace"));
        let capitals = text(&me(&world.signed_in().await).await["user"]["id"]);
        assert_ne!(capitals, grace);

        world.enable_at(&other, json!({"slug": "other", "name": "Other"})).await;
        let browser = world.browser();
        let back = other.visit(&super::depart(&browser, "/auth/providers/other/start").await).await;
        browser.get(&path_of(&back)).await.expect(303);
        let elsewhere = text(&me(&browser).await["user"]["id"]);
        assert!(![grace, capitals].contains(&elsewhere), "the same subject of another issuer is somebody else");
        assert_eq!(world.accounts().await.len(), 4);
    })
    .await;
}

#[tokio::test]
async fn whoever_has_another_name_there_is_the_same_here() {
    each_world(async |world| {
        world.enable(json!({})).await;
        let id = me(&world.signed_in().await).await["user"]["id"].clone();
        world.idp.script(|script| {
            script.person["email"] = json!("grace@married.example");
            script.person["preferred_username"] = json!("admin");
            script.person["name"] = json!("Somebody Else");
        });
        let again = world.signed_in().await;
        assert_eq!(me(&again).await["user"]["id"], id);
        assert_eq!(name_of(&again).await, "grace", "the name here stays");
        assert_eq!(world.accounts().await, ["admin", "grace"]);
        let identities = again.get(super::IDENTITIES).await.expect(200).json();
        assert_eq!(column(&identities, "label"), ["grace@married.example"]);
    })
    .await;
}

#[tokio::test]
async fn a_name_of_the_provider_becomes_one_of_ours() {
    each_world(async |world| {
        world.enable(json!({})).await;
        let long = "x".repeat(300);
        let names =
            ["<img src=x onerror=alert(1)>", "../../etc", "a b\r\nset-cookie: x", "运维", "\u{0}", "", long.as_str()];
        for (number, name) in names.into_iter().enumerate() {
            world.idp.script(|script| {
                script.person = json!({"sub": format!("subject-{number}"), "preferred_username": name, "name": name});
            });
            let username = name_of(&world.signed_in().await).await;
            assert!(api::name::check_username(&username).is_ok(), "{name:?}: {username:?}");
        }
        assert_eq!(world.accounts().await.len(), names.len() + 1);
    })
    .await;
}

#[tokio::test]
async fn a_disabled_account_stays_shut() {
    each_world(async |world| {
        world.enable(json!({"groups_claim": "groups", "admin_groups": ["ops"]})).await;
        let grace = world.signed_in().await;
        let path = account(&world, "grace").await;
        patch(&world.admin, &path, &json!({"disabled": true})).await.expect(200);
        grace.get("/api/v1/me").await.expect(401);
        // Not even for an administrator by group.
        world.idp.script(|script| script.groups(json!(["ops"])));
        let browser = world.browser();
        let answer = world.sign_in(&browser).await;
        is_page(&answer, 403, "it is shut");
        assert!(set_cookies(&answer).iter().all(|line| !line.starts_with("gantry=")));
        browser.get("/api/v1/me").await.expect(401);
        assert_eq!(world.accounts().await, ["admin", "grace"], "and no other is made");

        patch(&world.admin, &path, &json!({"disabled": false})).await.expect(200);
        world.signed_in().await;
    })
    .await;
}

#[tokio::test]
async fn whoever_was_deleted_comes_back_as_a_newcomer() {
    each_world(async |world| {
        world.enable(json!({})).await;
        let grace = world.signed_in().await;
        let old = me(&grace).await["user"]["id"].clone();
        world.admin.delete(&account(&world, "grace").await).await.expect(204);
        grace.get("/api/v1/me").await.expect(401);
        assert_ne!(me(&world.signed_in().await).await["user"]["id"], old);
        world.admin.delete(&account(&world, "grace").await).await.expect(204);
        patch(&world.admin, CORP, &json!({"first_sign_in": "refuse"})).await.expect(200);
        let browser = world.browser();
        let answer = world.sign_in(&browser).await;
        world.refused(&browser, answer, 403, "deleted").await;
    })
    .await;
}
