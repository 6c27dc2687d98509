//! Providers without OpenID Connect: GitHub and Gitee.

use serde_json::{Value, json};
use url::Url;

use super::{
    CORP, START, World, depart, described, each_world, is_page, me, name_of, parameter, patch, path_of, role_of,
};
use crate::fake_provider::Reply;

/// Adds one, tries it and switches it on.
async fn enable(world: &World, kind: &str, scopes: Value) {
    let made = described(
        &world.idp,
        json!({"kind": kind, "issuer": world.idp.origin, "scopes": scopes, "admin_groups": ["acme/ops", "gods"]}),
    );
    world.admin.post(super::PROVIDERS, &made).await.expect(201);
    let trial = world.try_at(&world.idp, CORP).await;
    assert!(trial["problem"].is_null(), "{trial}");
    assert_eq!((&trial["subject"], &trial["username"]), (&json!("583231"), &json!("grace")));
    patch(&world.admin, CORP, &json!({"enabled": true})).await.expect(200);
}

/// Where the browser goes, and that this is as careful as with OpenID Connect.
async fn careful(world: &World, path: &str) -> Url {
    let browser = world.browser();
    let address = depart(&browser, START).await;
    assert!(address.as_str().starts_with(&format!("{}{path}?", world.idp.origin)), "{address}");
    assert_eq!(parameter(&address, "code_challenge_method"), "S256");
    assert_eq!(parameter(&address, "code_challenge").len(), 43);
    assert!(parameter(&address, "state").len() >= 22);
    assert!(!parameter(&address, "scope").split(' ').any(|scope| scope == "openid"));
    let thief = world.browser();
    is_page(&thief.get(&path_of(&world.idp.visit(&address).await)).await, 400, "another browser");
    thief.get("/api/v1/me").await.expect(401);
    address
}

#[tokio::test]
async fn github_says_who_it_is_and_in_which_teams() {
    each_world(async |world| {
        enable(&world, "github", json!(["read:user", "read:org"])).await;
        let address = careful(&world, "/login/oauth/authorize").await;
        assert_eq!(parameter(&address, "scope"), "read:user read:org");
        assert_eq!(role_of(&world.signed_in().await).await, "member");
        world.idp.script(|script| {
            script.organisations = json!([{"login": "acme", "id": 1}]);
            script.teams = json!([{"slug": "ops", "name": "Operations", "organization": {"login": "acme"}}]);
        });
        let grace = world.signed_in().await;
        assert_eq!((name_of(&grace).await, role_of(&grace).await), ("grace".to_owned(), "admin".to_owned()));
        world.idp.script(|script| {
            script.organisations = json!([{"login": "gods", "id": 2}]);
            script.teams = json!([]);
        });
        assert_eq!(role_of(&world.signed_in().await).await, "admin", "an organisation is a group");
        world.idp.script(|script| script.organisations = json!([{"login": "acme", "id": 1}]));
        assert_eq!(role_of(&world.signed_in().await).await, "member");

        // Another login of the same account, and the same login of another account.
        world.idp.script(|script| script.account["login"] = json!("hopper"));
        assert_eq!(me(&world.signed_in().await).await["user"]["id"], me(&grace).await["user"]["id"]);
        world.idp.script(|script| script.account = json!({"id": 7, "login": "grace"}));
        assert_eq!(name_of(&world.signed_in().await).await, "grace-2");
    })
    .await;
}

#[tokio::test]
async fn github_tells_an_error_with_a_status_of_success() {
    each_world(async |world| {
        enable(&world, "github", json!(["read:user"])).await;
        let (victim, thief) = (world.browser(), world.browser());
        let code = parameter(&world.way_back(&victim).await, "code");
        let back = super::with_parameter(&world.way_back(&thief).await, "code", Some(&code));
        let answer = thief.get(&path_of(&back)).await;
        world.refused(&thief, answer, 401, "somebody else's code").await;
        for (what, account) in [
            ("no id", json!({"login": "grace"})),
            ("a text for an id", json!({"id": "583231", "login": "grace"})),
            ("nothing", Value::Null),
        ] {
            world.idp.script(|script| script.account = account);
            let browser = world.browser();
            let answer = world.sign_in(&browser).await;
            assert!(answer.status == 401 || answer.status == 503, "{what}: {}", answer.status);
            world.nothing_happened(&browser, what).await;
        }
        let refused = Reply::new(401, r#"{"message": "<script>canary"}"#);
        world.idp.script(|script| script.cheat.answers.insert("/api/v3/user".to_owned(), refused));
        let browser = world.browser();
        let answer = world.sign_in(&browser).await;
        assert!(!answer.text().contains("<script>canary"), "{}", answer.text());
        assert!(answer.status == 401 || answer.status == 503, "{}", answer.status);
        world.nothing_happened(&browser, "the token does not work").await;
    })
    .await;
}

#[tokio::test]
async fn gitee_says_who_it_is() {
    each_world(async |world| {
        enable(&world, "gitee", json!(["user_info"])).await;
        careful(&world, "/oauth/authorize").await;
        let grace = world.signed_in().await;
        assert_eq!((name_of(&grace).await, role_of(&grace).await), ("grace".to_owned(), "member".to_owned()));
        world.idp.script(|script| script.account["login"] = json!("hopper"));
        assert_eq!(me(&world.signed_in().await).await["user"]["id"], me(&grace).await["user"]["id"]);
        let before = world.idp.script(|script| script.exchanges.len());
        assert!(before >= 3, "the trial and two sign-ins");
    })
    .await;
}

#[tokio::test]
async fn these_kinds_need_a_secret() {
    each_world(async |world| {
        for kind in ["github", "gitee"] {
            let made = described(&world.idp, json!({"kind": kind, "issuer": world.idp.origin, "client_secret": ""}));
            let refused = world.admin.post(super::PROVIDERS, &made).await.expect(400);
            assert_eq!(super::wrong_fields(&refused), ["client_secret"], "{kind}");
        }
    })
    .await;
}
