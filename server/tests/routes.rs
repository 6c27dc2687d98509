//! Every route of the API's document against callers who may not use it, and addresses that are no routes.

use api::permission::{ProjectRole, SystemRole};
use api::token::Scope;
use axum::body::Body;
use axum::http::Method;
use serde_json::{Value, json};
use server::http::router::document;

use crate::route_table::{Needs, ROUTES, body, filled, routes};
use crate::support::{Client, each_database};

/// Every route but those that are open to everyone.
fn guarded() -> impl Iterator<Item = (&'static str, &'static str, Needs)> {
    ROUTES.iter().copied().filter(|(.., needs)| *needs != Needs::Open)
}

#[test]
fn every_route_says_who_may_use_it() {
    let routes = routes();
    assert!(routes.len() >= 10);
    let told = |method: &Method, path: &str| ROUTES.iter().any(|(m, p, _)| *m == method.as_str() && *p == path);
    let untold: Vec<_> = routes.iter().filter(|(method, path)| !told(method, path)).collect();
    assert!(untold.is_empty(), "add these routes to server/tests/route_table.rs: {untold:#?}");
    let gone: Vec<_> = ROUTES
        .iter()
        .filter(|(m, p, _)| !routes.iter().any(|(method, path)| method.as_str() == *m && path == p))
        .collect();
    assert!(gone.is_empty(), "no such routes any more: {gone:#?}");
}

#[tokio::test]
async fn nobody_gets_in_without_signing_in() {
    each_database(async |portal| {
        let nobody = portal.anonymous();
        for (method, path, _) in guarded() {
            let answer = nobody.write(method.parse().unwrap(), &filled(path), Some(&json!({}))).await;
            assert_eq!(answer.status, 401, "{method} {path}: {}", answer.text());
            assert_eq!(answer.header("content-type"), "application/problem+json", "{method} {path}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_member_of_another_project_gets_what_a_missing_object_gets() {
    each_database(async |portal| {
        portal.project("bank").await;
        portal.admin().await.post("/api/v1/teams", &json!({"name": "bank"})).await.expect(201);
        let session = portal.member("ada", "shop", ProjectRole::Admin).await;
        let token = portal.token("ada", SystemRole::Member).await;
        for (method, path, needs) in guarded() {
            for client in [&session, &token] {
                check_outsider(client, &method.parse().unwrap(), path, needs).await;
            }
        }
    })
    .await;
}

async fn check_outsider(client: &Client, method: &Method, path: &str, needs: Needs) {
    let body = body(method.as_str(), path);
    let answer = async |path: &str| client.write(method.clone(), path, Some(&body)).await;
    match needs {
        Needs::Open | Needs::SignedIn | Needs::Scoped(_) | Needs::Account(_) | Needs::Session => {}
        Needs::Portal(_) | Needs::PortalSession(_) => {
            let answer = answer(&filled(path)).await;
            assert_eq!(answer.status, 403, "{method} {path}: {}", answer.text());
        }
        Needs::Project(_) | Needs::ProjectSession(_) | Needs::Container(_) | Needs::Operation(_) | Needs::Team => {
            let foreign = answer(&filled(path)).await;
            let missing = answer(&filled(path).replace("bank", "none")).await;
            assert_eq!(foreign.status, 404, "{method} {path}: {}", foreign.text());
            assert_eq!(foreign.text().replace("bank", "none"), missing.text(), "{method} {path}");
        }
    }
}

/// What a token is told that lacks a scope, or that is none of a session's.
const REFUSALS: [&str; 2] = ["forbidden.scope", "forbidden.session-only"];

#[tokio::test]
async fn a_token_for_the_registry_alone_gets_nothing_but_to_know_itself() {
    each_database(async |portal| {
        portal.project("bank").await;
        let program = portal.token_for("ada", SystemRole::Admin, &[Scope::Registry]).await;
        program.get("/api/v1/me").await.expect(200);
        program.get("/api/v1/openapi.json").await.expect(403);
        for (method, path, _) in guarded().filter(|(.., needs)| *needs != Needs::SignedIn) {
            let answer = program.write(method.parse().unwrap(), &filled(path), Some(&body(method, path))).await;
            assert_eq!(answer.status, 403, "{method} {path}: {}", answer.text());
            let key = answer.json()["message"]["key"].clone();
            assert!(REFUSALS.iter().any(|refusal| key == *refusal), "{method} {path}: {}", answer.text());
        }
    })
    .await;
}

#[tokio::test]
async fn a_token_for_reading_changes_nothing() {
    each_database(async |portal| {
        portal.project("bank").await;
        let program = portal.token_for("ada", SystemRole::Admin, &[Scope::Read]).await;
        for (method, path, _) in guarded().filter(|(method, ..)| *method != "GET") {
            let answer = program.write(method.parse().unwrap(), &filled(path), Some(&body(method, path))).await;
            // These are found before it is known what is needed for them; here they are missing.
            if path.contains("{container}") || path.contains("{operation}") {
                assert_eq!(answer.status, 404, "{method} {path}: {}", answer.text());
                continue;
            }
            assert_eq!(answer.status, 403, "{method} {path}: {}", answer.text());
            let key = answer.json()["message"]["key"].clone();
            assert!(REFUSALS.iter().any(|refusal| key == *refusal), "{method} {path}: {}", answer.text());
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_no_route_is_not_found() {
    each_database(async |portal| {
        let browser = portal.admin().await;
        for path in [
            "/api",
            "/api/",
            "/api/v1",
            "/api/v1/none",
            "/api//v1/me",
            "/api/v1//me",
            "/api/%2e%2e/v1/me",
            "/api/v2/me",
            "/api/v1/me/",
        ] {
            let answer = browser.get(path).await.expect(404);
            assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
        }
        for path in ["/.git/config", "/.env", "/pkg/../.stamps/x", "/pkg/.stamps/x", "/%2egit/config"] {
            browser.get(path).await.expect(404);
            portal.anonymous().get(path).await.expect(404);
        }
        for path in ["/pkg/..%2f..%2fetc/passwd", "/..%2f..%2f..%2fetc/passwd", "/pkg/..%5c..%5cetc/passwd"] {
            let answer = browser.get(path).await;
            assert!(!answer.text().contains("root:"), "{path}");
            assert_eq!(answer.status, 404, "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_wrong_method_and_a_wrong_body_are_problems() {
    each_database(async |portal| {
        let browser = portal.admin().await;
        for (method, path) in [
            (Method::GET, "/api/v1/setup"),
            (Method::GET, "/api/v1/session"),
            (Method::PATCH, "/api/v1/tokens"),
            (Method::TRACE, "/api/v1/me"),
        ] {
            let answer = browser.write(method.clone(), path, None).await;
            assert_eq!(answer.status, 405, "{method} {path}");
            assert_eq!(answer.json()["type"], "/problems/method");
        }
        let send = async |kind: &str, body: String| {
            let request = browser
                .request(Method::POST, "/api/v1/tokens")
                .header("origin", browser.origin())
                .header("x-csrf-token", browser.csrf_token.clone().unwrap())
                .header("content-type", kind)
                .body(Body::from(body))
                .unwrap();
            browser.send(request).await
        };
        let json = "application/json";
        assert_eq!(send(json, "{".to_owned()).await.expect(400).json()["type"], "/problems/invalid");
        assert_eq!(send(json, r#"{"name":"a","days":1} x"#.to_owned()).await.status, 400);
        assert_eq!(send(json, "[".repeat(100_000)).await.status, 400);
        assert_eq!(send(json, format!("\"{}\"", "x".repeat(3 * 1024 * 1024))).await.expect(413).json()["status"], 413);
        assert_eq!(send("text/plain", "{}".to_owned()).await.expect(415).json()["status"], 415);
        assert_eq!(send("application/json; charset=utf-8", r#"{"name":"a","days":1}"#.to_owned()).await.status, 201);
    })
    .await;
}

#[tokio::test]
async fn a_problem_speaks_the_callers_language() {
    each_database(async |portal| {
        let client = portal.anonymous();
        let ask = async |name: &str, value: &str| {
            let request = client.request(Method::GET, "/api/v1/me").header(name, value).body(Body::empty()).unwrap();
            client.send(request).await.expect(401)
        };
        assert_eq!(ask("accept-language", "en").await.json()["title"], "Not signed in");
        let chinese = ask("accept-language", "zh-CN,zh;q=0.9").await;
        assert_eq!(chinese.json()["title"], "未登录");
        assert_eq!(chinese.header("www-authenticate"), "Bearer");
        assert!(!chinese.header("x-request-id").is_empty());
        assert_eq!(ask("cookie", "gantry_language=zh-CN").await.json()["title"], "未登录");
    })
    .await;
}

#[tokio::test]
async fn the_document_is_served_and_complete() {
    each_database(async |portal| {
        let document = portal.admin().await.get("/api/v1/openapi.json").await.expect(200).json();
        assert_eq!(document["info"]["title"], "Gantry");
        for (method, path) in routes() {
            let operation = &document["paths"][&path][method.as_str().to_lowercase()];
            assert!(operation["summary"].is_string(), "{method} {path} says what it does");
            assert!(operation["responses"]["401"].is_object(), "{method} {path} names its problems");
        }
        assert!(document["components"]["securitySchemes"]["token"].is_object());
        assert!(document["components"]["schemas"]["Problem"].is_object());
    })
    .await;
}

/// Every reference in a part of the document.
fn references<'a>(part: &'a Value, found: &mut Vec<&'a str>) {
    match part {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str));
            fields.values().for_each(|field| references(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn the_document_refers_to_nothing_that_is_missing() {
    let document = serde_json::to_value(document()).unwrap();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 100);
    found.retain(|reference| document.pointer(reference.trim_start_matches('#')).is_none());
    assert!(found.is_empty(), "{found:#?}");
}

#[tokio::test]
async fn strangers_are_sent_to_the_sign_in_and_come_back() {
    each_database(async |portal| {
        let nobody = portal.anonymous();
        assert_eq!(nobody.get("/").await.expect(303).header("location"), "/login");
        let page = nobody.get("/clusters/local/containers?q=web").await.expect(303);
        assert_eq!(page.header("location"), "/login?next=%2Fclusters%2Flocal%2Fcontainers%3Fq%3Dweb");
        assert_eq!(nobody.get("/docs/api").await.expect(303).header("location"), "/login?next=/docs/api");
        for path in ["/login", "/healthz", "/readyz"] {
            nobody.get(path).await.expect(200);
        }
        portal.admin().await.get("/docs/api").await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn the_ways_to_providers_are_open_and_lead_nowhere_by_themselves() {
    each_database(async |portal| {
        for browser in [portal.anonymous(), portal.outsider("eve").await] {
            for (path, status) in [
                ("/auth/providers/none/start", 404),
                ("/auth/providers/none/callback", 400),
                ("/auth/providers/none/callback?state=a&code=b", 400),
            ] {
                let answer = browser.get(path).await;
                assert_eq!(answer.status, status, "{path}");
                assert!(!answer.headers.contains_key("set-cookie"), "{path}");
            }
        }
        let fields = [("state", "a"), ("code", "b")];
        portal.anonymous().post_form("/auth/providers/none/callback", &fields).await.expect(405);
    })
    .await;
}
