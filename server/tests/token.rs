//! Personal access tokens: `/api/v1/tokens`.

use api::permission::{ProjectRole, SystemRole};
use api::token::{CreatedToken, Scope};
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use server::db;

use crate::support::{Client, Socket, TestPortal, each_bench, each_database, eventually};

const TOKENS: &str = "/api/v1/tokens";
const CONTAINER: &str = "/api/v1/clusters/local/containers/shop-web-1";

/// Changes the database past the portal.
async fn execute(portal: &TestPortal, sql: &str) {
    let done = portal.state.db.write(async |txn| txn.execute_unprepared(sql).await.map_err(db::Error::from));
    done.await.unwrap();
}

async fn make(browser: &Client, wish: &Value) -> CreatedToken {
    serde_json::from_slice(&browser.post(TOKENS, wish).await.expect(201).body).unwrap()
}

async fn rotate(browser: &Client, token: api::Ulid) -> CreatedToken {
    let answer = browser.post(&format!("{TOKENS}/{token}/rotate"), &Value::Null).await.expect(200);
    serde_json::from_slice(&answer.body).unwrap()
}

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
        execute(&portal, &format!("UPDATE tokens SET expires_at = {}", db::now() - 1)).await;
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
            (json!({"name": "ci", "days": 7, "scopes": []}), "scopes"),
            (json!({"name": "ci", "days": 7, "scopes": ["root"]}), "scopes[0]"),
        ] {
            let problem = browser.post("/api/v1/tokens", &body).await.expect(400).json();
            assert_eq!(problem["fields"][0]["field"], field, "{body} {problem}");
        }
        assert_eq!(browser.get("/api/v1/tokens").await.json()["total"], 0);
    })
    .await;
}

/// For each choice of scopes: what reading, deploying and managing answer. What deploys stands last.
const ALLOWED: [(&[Scope], [u16; 3]); 6] = [
    (&[Scope::Read], [200, 403, 403]),
    (&[Scope::Registry], [403, 403, 403]),
    (&[Scope::Read, Scope::Registry], [200, 403, 403]),
    (&[Scope::Deploy], [200, 202, 403]),
    (&[Scope::Admin], [200, 202, 201]),
    (&Scope::ALL, [200, 202, 201]),
];

#[tokio::test]
async fn each_scope_allows_what_it_says_and_a_refusal_leaves_nothing_behind() {
    each_bench(async |bench| {
        bench.deploy("shop", "services:\n  web:\n    image: web:1\n").await;
        eventually("the picture has the container", async || bench.admin.get(CONTAINER).await.status == 200).await;
        let operations = async || bench.admin.get("/api/v1/operations").await.expect(200).json()["total"].clone();
        for (number, (scopes, [read, deploy, manage])) in ALLOWED.into_iter().enumerate() {
            let program = bench.portal.token_for("ada", SystemRole::Admin, scopes).await;
            for path in ["/api/v1/projects/default/apps/shop", "/api/v1/apps", "/api/v1/clusters/local/containers"] {
                let answer = program.get(path).await;
                assert_eq!(answer.status, read, "{scopes:?} {path}: {}", answer.text());
            }
            let before = (bench.engine.requests().writes().len(), operations().await);
            let answer = program.post("/api/v1/projects/default/apps/shop/restart", &Value::Null).await;
            assert_eq!(answer.status, deploy, "{scopes:?}: {}", answer.text());
            if deploy == 202 {
                bench.ended(answer.json()["operation"].as_str().unwrap()).await;
                assert!(bench.engine.requests().writes().len() > before.0, "{scopes:?}");
            } else {
                program.post(&format!("{CONTAINER}/restart"), &Value::Null).await.expect(403);
                program.delete(CONTAINER).await.expect(403);
                program.get(&format!("{CONTAINER}/exec")).await.expect(403);
                let told = answer.json()["message"].clone();
                assert_eq!(told, json!({"key": "forbidden.scope", "params": {"scope": "deploy"}}), "{scopes:?}");
                assert_eq!((bench.engine.requests().writes().len(), operations().await), before, "{scopes:?}");
            }
            let name = format!("team-{number}");
            let answer = program.post("/api/v1/projects", &json!({ "name": name })).await;
            assert_eq!(answer.status, manage, "{scopes:?}: {}", answer.text());
            let made = db::project::find_by_name(bench.portal.state.db.read(), &name).await.unwrap();
            assert_eq!(made.is_some(), manage == 201, "{scopes:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_role_decides_before_the_scope_and_a_scope_adds_nothing_to_a_role() {
    each_database(async |portal| {
        portal.member("gus", "shop", ProjectRole::Guest).await;
        portal.project("bank").await;
        let member = ("/api/v1/projects/shop/members/gus", json!({"role": "admin"}));
        for scopes in [&Scope::ALL[..], &[Scope::Registry], &[Scope::Read]] {
            let program = portal.token_for("gus", SystemRole::Member, scopes).await;
            let refused = program.put(member.0, &member.1).await.expect(403).json();
            assert_eq!(refused["message"]["key"], "forbidden.role", "{scopes:?}");
            let foreign = program.get("/api/v1/projects/bank").await.expect(404);
            let missing = program.get("/api/v1/projects/none").await.expect(404);
            assert_eq!(foreign.text().replace("bank", "none"), missing.text(), "{scopes:?}");
        }
        // Leaving is no reading, though everybody may.
        let reader = portal.token_for("gus", SystemRole::Member, &[Scope::Read]).await;
        reader.delete(member.0).await.expect(403);
        reader.get("/api/v1/projects/shop").await.expect(200);
        portal.token("gus", SystemRole::Member).await.delete(member.0).await.expect(204);
        reader.get("/api/v1/projects/shop").await.expect(404);
    })
    .await;
}

#[tokio::test]
async fn scopes_are_kept_in_order_each_once_and_are_all_of_them_where_none_are_named() {
    each_database(async |portal| {
        let browser = portal.admin().await;
        let some = make(&browser, &json!({"name": "some", "days": 7, "scopes": ["admin", "read", "admin"]})).await;
        assert_eq!(some.token.scopes, [Scope::Read, Scope::Admin]);
        let all = make(&browser, &json!({"name": "all", "days": 7})).await;
        assert_eq!(all.token.scopes, Scope::ALL);
        let listed = browser.get(TOKENS).await.expect(200).json();
        assert_eq!(listed["items"][0]["scopes"], json!(["read", "deploy", "registry", "admin"]));
        assert_eq!(listed["items"][1]["scopes"], json!(["read", "admin"]));
    })
    .await;
}

#[tokio::test]
async fn tokens_are_read_with_read_and_revoked_with_admin() {
    each_database(async |portal| {
        let browser = portal.outsider("ada").await;
        let spare = make(&browser, &json!({"name": "spare", "days": 7})).await.token;
        let path = format!("{TOKENS}/{}", spare.id);
        for (scopes, list) in [(&[Scope::Registry], 403), (&[Scope::Read], 200), (&[Scope::Deploy], 200)] {
            let program = portal.token_for("ada", SystemRole::Member, scopes).await;
            program.get(TOKENS).await.expect(list);
            program.get("/api/v1/me/sessions").await.expect(list);
            program.delete(&path).await.expect(403);
        }
        let listed = browser.get(TOKENS).await.expect(200).text();
        assert!(listed.contains(&spare.id.to_string()), "it is still there");
        portal.token_for("ada", SystemRole::Member, &[Scope::Admin]).await.delete(&path).await.expect(204);
    })
    .await;
}

#[tokio::test]
async fn a_rotated_token_works_on_with_its_new_secret_only_as_long_as_before() {
    each_database(async |portal| {
        let browser = portal.admin().await;
        let made = make(&browser, &json!({"name": "ci", "days": 7, "scopes": ["read"]})).await;
        let old = portal.anonymous().with_token(&made.secret);
        let path = format!("{TOKENS}/{}/rotate", made.token.id);
        old.post(&path, &Value::Null).await.expect(403);
        portal.outsider("bob").await.post(&path, &Value::Null).await.expect(404);
        browser.post(&format!("{TOKENS}/no-ulid/rotate"), &Value::Null).await.expect(404);
        old.get("/api/v1/me").await.expect(200);

        // Also one that has ended by itself.
        let day = 86_400_000_i64;
        let sql = format!("UPDATE tokens SET created_at = created_at - {0}, expires_at = expires_at - {0}", 8 * day);
        execute(&portal, &sql).await;
        old.get("/api/v1/me").await.expect(401);
        let rotated = rotate(&browser, made.token.id).await;
        assert_ne!(rotated.secret, made.secret);
        assert!(rotated.secret.starts_with("gantry_pat_"));
        let new = portal.anonymous().with_token(&rotated.secret);
        new.get("/api/v1/me").await.expect(200);
        old.get("/api/v1/me").await.expect(401);
        let (token, before) = (rotated.token, made.token);
        assert_eq!((&token.id, &token.name, &token.scopes), (&before.id, &before.name, &before.scopes));
        assert_eq!(token.expires_at - token.created_at, time::Duration::days(7));
        assert!(token.created_at >= before.created_at, "its life begins anew");

        let again = rotate(&browser, token.id).await;
        assert_eq!(again.token.expires_at - again.token.created_at, time::Duration::days(7));
        new.get("/api/v1/me").await.expect(401);
        let list = browser.get(TOKENS).await.expect(200);
        assert_eq!(list.json()["total"], 1);
        let log = browser.get("/api/v1/audit/export").await.expect(200);
        assert_eq!(log.text().matches("\"token.rotate\"").count(), 2);
        for secret in [made.secret, rotated.secret, again.secret] {
            let hash = server::auth::secret::hash(&secret);
            for text in [list.text(), log.text()] {
                assert!(!text.contains(&secret[11..]) && !text.contains(&hash), "{text}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn sockets_of_a_secret_that_was_replaced_close() {
    each_database(async |portal| {
        let browser = portal.admin().await;
        let made = make(&browser, &json!({"name": "ci", "days": 7, "scopes": ["read"]})).await;
        let program = portal.anonymous().with_token(&made.secret);
        let running = portal.serve();
        let socket = Socket::open(running.address, &program, "/api/v1/watch").await.unwrap();
        rotate(&browser, made.token.id).await;
        let soon = std::time::Duration::from_secs(5);
        assert_eq!(tokio::time::timeout(soon, socket.closed()).await.unwrap(), Some(1008));
        assert_eq!(Socket::open(running.address, &program, "/api/v1/watch").await.err(), Some(401));
        running.stop().await;
    })
    .await;
}
