//! The first administrator: `/api/v1/setup`.

use serde_json::{Value, json};
use server::startup;

use crate::support::{PASSWORD, TestPortal, each_database};

async fn token(portal: &TestPortal) -> String {
    let link = startup::setup_link(&portal.state).await.unwrap().expect("a link while nobody is there");
    let url = url::Url::parse(&link).unwrap();
    assert_eq!(url.path(), "/setup");
    url.query_pairs().find(|(name, _)| name == "token").unwrap().1.into_owned()
}

fn setup(token: &str) -> Value {
    json!({"token": token, "username": "ada", "password": PASSWORD})
}

#[tokio::test]
async fn the_link_makes_one_administrator_and_signs_in() {
    each_database(async |portal| {
        let token = token(&portal).await;
        let browser = portal.anonymous();
        let made = browser.post("/api/v1/setup", &setup(&token)).await.expect(201);
        assert_eq!(made.json()["role"], "admin");
        let me = browser.get("/api/v1/me").await.expect(200).json();
        assert_eq!(me["user"]["username"], "ada");

        portal.anonymous().post("/api/v1/setup", &setup(&token)).await.expect(404);
        assert_eq!(startup::setup_link(&portal.state).await.unwrap(), None);
        let restarted = portal.another().await;
        restarted.anonymous().post("/api/v1/setup", &setup(&token)).await.expect(404);
        assert_eq!(startup::setup_link(&restarted.state).await.unwrap(), None, "after a restart");
    })
    .await;
}

#[tokio::test]
async fn without_the_right_token_nobody_is_made() {
    each_database(async |portal| {
        portal.anonymous().post("/api/v1/setup", &setup("none was printed yet")).await.expect(403);
        let real = token(&portal).await;
        for wrong in ["", "x", &real[1..], &format!("{real}x")] {
            let answer = portal.anonymous().post("/api/v1/setup", &setup(wrong)).await.expect(403);
            assert_eq!(answer.json()["type"], "/problems/forbidden");
        }
        assert!(!server::db::user::exists_any(portal.state.db.read()).await.unwrap());
        portal.anonymous().post("/api/v1/setup", &setup(&real)).await.expect(201);
    })
    .await;
}

#[tokio::test]
async fn a_new_link_replaces_the_one_before_on_every_instance() {
    each_database(async |portal| {
        let old = token(&portal).await;
        let other = portal.another().await;
        let new = token(&other).await;
        portal.anonymous().post("/api/v1/setup", &setup(&old)).await.expect(403);
        portal.anonymous().post("/api/v1/setup", &setup(&new)).await.expect(201);
        other.anonymous().post("/api/v1/setup", &setup(&new)).await.expect(404);
    })
    .await;
}

#[tokio::test]
async fn of_two_at_once_one_wins() {
    each_database(async |portal| {
        let token = token(&portal).await;
        let other = portal.another().await;
        let mut second = setup(&token);
        second["username"] = "eve".into();
        let first = setup(&token);
        let (one, two) = (portal.anonymous(), other.anonymous());
        let (one, two) = tokio::join!(one.post("/api/v1/setup", &first), two.post("/api/v1/setup", &second));
        let mut statuses = [one.status.as_u16(), two.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 404], "{} {}", one.text(), two.text());
    })
    .await;
}

#[tokio::test]
async fn a_bad_name_and_a_bad_password_are_both_named_and_the_link_still_works() {
    each_database(async |portal| {
        let token = token(&portal).await;
        let bad = json!({"token": token, "username": "<b>", "password": "short"});
        let problem = portal.anonymous().post("/api/v1/setup", &bad).await.expect(400).json();
        let fields: Vec<_> = problem["fields"].as_array().unwrap().iter().map(|field| field["field"].clone()).collect();
        assert_eq!(fields, ["username", "password"]);
        let unknown = json!({"token": token, "username": "ada", "password": PASSWORD, "role": "admin"});
        portal.anonymous().post("/api/v1/setup", &unknown).await.expect(400);
        portal.anonymous().post("/api/v1/setup", &setup(&token)).await.expect(201);
    })
    .await;
}

#[tokio::test]
async fn the_token_is_kept_only_as_a_hash() {
    each_database(async |portal| {
        let token = token(&portal).await;
        let kept = server::db::setting::get(portal.state.db.read(), server::db::setting::SETUP_TOKEN_HASH).await;
        let kept = kept.unwrap().unwrap();
        assert!(!kept.contains(&token));
        assert_eq!(kept, server::auth::secret::hash(&token));
    })
    .await;
}
