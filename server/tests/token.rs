//! Personal access tokens: `/api/v1/tokens`.

use api::permission::SystemRole;
use serde_json::json;
use server::db;

use crate::support::{each_database, eventually};

#[tokio::test]
async fn a_token_is_shown_once_works_and_is_revoked_at_once() {
    each_database(async |portal| {
        let browser = portal.admin().await;
        let made = browser.post("/api/v1/tokens", &json!({"name": "ci", "days": 7})).await.expect(201).json();
        let secret = made["secret"].as_str().unwrap().to_owned();
        assert!(secret.starts_with("gantry_pat_") && secret.len() == 11 + 43, "{secret}");
        let listed = browser.get("/api/v1/tokens").await.expect(200);
        assert!(!listed.text().contains(&secret[11..]));
        assert_eq!(listed.json()["items"][0]["name"], "ci");
        assert_eq!(listed.json()["total"], 1);

        let program = portal.anonymous().with_token(&secret);
        let me = program.get("/api/v1/me").await.expect(200).json();
        assert_eq!(me["user"]["username"], "admin");
        assert!(me.get("csrf_token").is_none());
        eventually("the use is noted", async || {
            !browser.get("/api/v1/tokens").await.json()["items"][0]["last_used_at"].is_null()
        })
        .await;

        let path = format!("/api/v1/tokens/{}", made["token"]["id"].as_str().unwrap());
        browser.delete(&path).await.expect(204);
        program.get("/api/v1/me").await.expect(401);
        browser.delete(&path).await.expect(404);
    })
    .await;
}

#[tokio::test]
async fn only_its_hash_is_kept() {
    each_database(async |portal| {
        let browser = portal.admin().await;
        let made = browser.post("/api/v1/tokens", &json!({"name": "ci", "days": 7})).await.expect(201).json();
        let secret = made["secret"].as_str().unwrap();
        let hash = server::auth::secret::hash(secret);
        assert!(db::token::find_by_hash(portal.state.db.read(), &hash, db::now()).await.unwrap().is_some());
        assert!(db::token::find_by_hash(portal.state.db.read(), secret, db::now()).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn wrong_expired_and_misplaced_tokens_are_refused() {
    each_database(async |portal| {
        let good = portal.token("ada", SystemRole::Admin).await;
        good.get("/api/v1/me").await.expect(200);
        for wrong in ["", "x", "gantry_pat_", "gantry_pat_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            portal.anonymous().with_token(wrong).get("/api/v1/me").await.expect(401);
        }
        portal.anonymous().with_token("x").get("/api/v1/openapi.json").await.expect(401);

        let browser = portal.admin().await;
        let made = browser.post("/api/v1/tokens", &json!({"name": "ci", "days": 1})).await.expect(201).json();
        let secret = made["secret"].as_str().unwrap();
        for place in ["token", "access_token", "authorization"] {
            portal.anonymous().get(&format!("/api/v1/me?{place}={secret}")).await.expect(401);
        }
        use sea_orm::ConnectionTrait as _;
        let sql = format!("UPDATE tokens SET expires_at = {}", db::now() - 1);
        let expire = portal.state.db.write(async |txn| txn.execute_unprepared(&sql).await.map_err(db::Error::from));
        expire.await.unwrap();
        portal.anonymous().with_token(secret).get("/api/v1/me").await.expect(401);
        good.get("/api/v1/me").await.expect(401);
    })
    .await;
}

#[tokio::test]
async fn a_token_makes_no_tokens_and_changes_no_password() {
    each_database(async |portal| {
        let program = portal.token("ada", SystemRole::Admin).await;
        program.post("/api/v1/tokens", &json!({"name": "more", "days": 7})).await.expect(403);
        let change = json!({"current_password": "x", "new_password": "correct horse battery"});
        program.put("/api/v1/me/password", &change).await.expect(403);
        program.delete("/api/v1/session").await.expect(403);
    })
    .await;
}

#[tokio::test]
async fn someone_elses_token_is_missing() {
    each_database(async |portal| {
        let ada = portal.outsider("ada").await;
        let made = ada.post("/api/v1/tokens", &json!({"name": "ci", "days": 7})).await.expect(201).json();
        let id = made["token"]["id"].as_str().unwrap();
        let bob = portal.outsider("bob").await;
        let foreign = bob.delete(&format!("/api/v1/tokens/{id}")).await.expect(404);
        ada.delete(&format!("/api/v1/tokens/{id}")).await.expect(204);
        let missing = bob.delete(&format!("/api/v1/tokens/{id}")).await.expect(404);
        assert_eq!(foreign.body, missing.body);
        bob.delete("/api/v1/tokens/no-ulid").await.expect(404);
        assert_eq!(bob.get("/api/v1/tokens").await.expect(200).json()["items"], json!([]));
    })
    .await;
}

#[tokio::test]
async fn a_nameless_an_endless_and_an_unknown_wish_are_named() {
    each_database(async |portal| {
        let browser = portal.admin().await;
        for (body, field) in [
            (json!({"name": " ", "days": 7}), "name"),
            (json!({"name": "x".repeat(64), "days": 7}), "name"),
            (json!({"name": "a\u{7}b", "days": 7}), "name"),
            (json!({"name": "ci", "days": 0}), "days"),
            (json!({"name": "ci", "days": 367}), "days"),
            (json!({"name": "ci", "days": "many"}), "days"),
            (json!({"name": "ci", "days": 7, "owner": "eve"}), "owner"),
        ] {
            let problem = browser.post("/api/v1/tokens", &body).await.expect(400).json();
            assert_eq!(problem["fields"][0]["field"], field, "{body} {problem}");
        }
        assert_eq!(browser.get("/api/v1/tokens").await.json()["total"], 0);
    })
    .await;
}
