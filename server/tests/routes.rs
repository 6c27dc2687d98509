//! Every route of the API's document against callers who may not use it, and addresses that are no routes.

use api::permission::{ProjectRole, SystemRole};
use api::token::Scope;
use axum::body::Body;
use axum::http::Method;
use serde_json::{Value, json};
use server::http::router::document;

use crate::support::{Client, each_database};

/// What someone gets who is signed in and a member of another project only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outsider {
    /// The route is about the caller itself.
    Own,
    /// 404, as for a project that does not exist.
    Missing,
    /// 403: only an administrator may.
    AdminOnly,
    /// A list or an object that holds only what the caller may see; tested beside its noun.
    Filtered,
}
use Outsider::{AdminOnly, Filtered, Missing, Own};

/// Open to everyone.
const OPEN: [(&str, &str); 3] =
    [("POST", "/api/v1/setup"), ("POST", "/api/v1/session"), ("POST", "/api/v1/invitation")];

/// Every other route. A new one needs its line here, or the test fails.
const GUARDED: &[(&str, &str, Outsider)] = &[
    ("DELETE", "/api/v1/session", Own),
    ("GET", "/api/v1/me", Own),
    ("PUT", "/api/v1/me/password", Own),
    ("GET", "/api/v1/me/two-factor", Own),
    ("POST", "/api/v1/me/two-factor", Own),
    ("DELETE", "/api/v1/me/two-factor", Own),
    ("POST", "/api/v1/me/two-factor/confirm", Own),
    ("POST", "/api/v1/me/two-factor/recovery-codes", Own),
    ("GET", "/api/v1/me/sessions", Own),
    ("DELETE", "/api/v1/me/sessions/{session}", Own),
    ("GET", "/api/v1/me/identities", Own),
    ("POST", "/api/v1/me/identities", Own),
    ("DELETE", "/api/v1/me/identities/{identity}", Own),
    ("GET", "/api/v1/tokens", Own),
    ("POST", "/api/v1/tokens", Own),
    ("DELETE", "/api/v1/tokens/{token}", Missing),
    ("POST", "/api/v1/tokens/{token}/rotate", Own),
    ("GET", "/api/v1/users", AdminOnly),
    ("POST", "/api/v1/users", AdminOnly),
    ("PATCH", "/api/v1/users/{user}", AdminOnly),
    ("DELETE", "/api/v1/users/{user}", AdminOnly),
    ("POST", "/api/v1/users/{user}/password-link", AdminOnly),
    ("GET", "/api/v1/portal", AdminOnly),
    ("PUT", "/api/v1/portal", AdminOnly),
    ("DELETE", "/api/v1/users/{user}/two-factor", AdminOnly),
    ("GET", "/api/v1/providers", AdminOnly),
    ("POST", "/api/v1/providers", AdminOnly),
    ("GET", "/api/v1/providers/{provider}", AdminOnly),
    ("PATCH", "/api/v1/providers/{provider}", AdminOnly),
    ("DELETE", "/api/v1/providers/{provider}", AdminOnly),
    ("POST", "/api/v1/providers/{provider}/trial", AdminOnly),
    ("GET", "/api/v1/audit", AdminOnly),
    ("GET", "/api/v1/audit/export", AdminOnly),
    ("GET", "/api/v1/audit/forwarding", AdminOnly),
    ("GET", "/api/v1/projects", Filtered),
    ("POST", "/api/v1/projects", AdminOnly),
    ("GET", "/api/v1/projects/{project}", Missing),
    ("DELETE", "/api/v1/projects/{project}", Missing),
    ("GET", "/api/v1/projects/{project}/members", Missing),
    ("PUT", "/api/v1/projects/{project}/members/{username}", Missing),
    ("DELETE", "/api/v1/projects/{project}/members/{username}", Missing),
    ("GET", "/api/v1/projects/{project}/audit", Missing),
    ("GET", "/api/v1/projects/{project}/policy", Missing),
    ("PUT", "/api/v1/projects/{project}/policy", Missing),
    ("GET", "/api/v1/projects/{project}/quota", Missing),
    ("PUT", "/api/v1/projects/{project}/quota", Missing),
    ("GET", "/api/v1/projects/{project}/teams", Missing),
    ("PUT", "/api/v1/projects/{project}/teams/{team}", Missing),
    ("DELETE", "/api/v1/projects/{project}/teams/{team}", Missing),
    ("GET", "/api/v1/teams", AdminOnly),
    ("POST", "/api/v1/teams", AdminOnly),
    ("GET", "/api/v1/teams/{team}", Missing),
    ("DELETE", "/api/v1/teams/{team}", AdminOnly),
    ("GET", "/api/v1/teams/{team}/members", Missing),
    ("PUT", "/api/v1/teams/{team}/members/{username}", AdminOnly),
    ("DELETE", "/api/v1/teams/{team}/members/{username}", AdminOnly),
    ("GET", "/api/v1/teams/{team}/groups", Missing),
    ("PUT", "/api/v1/teams/{team}/groups", AdminOnly),
    ("GET", "/api/v1/teams/{team}/projects", Missing),
    ("GET", "/api/v1/projects/{project}/robots", Missing),
    ("POST", "/api/v1/projects/{project}/robots", Missing),
    ("PATCH", "/api/v1/projects/{project}/robots/{robot}", Missing),
    ("DELETE", "/api/v1/projects/{project}/robots/{robot}", Missing),
    ("POST", "/api/v1/projects/{project}/robots/{robot}/rotate", Missing),
    ("GET", "/api/v1/overview", Filtered),
    ("GET", "/api/v1/search", Filtered),
    ("GET", "/api/v1/clusters", Filtered),
    ("GET", "/api/v1/clusters/{cluster}", Filtered),
    ("GET", "/api/v1/clusters/{cluster}/disk-usage", AdminOnly),
    ("GET", "/api/v1/clusters/{cluster}/nodes", AdminOnly),
    ("GET", "/api/v1/clusters/{cluster}/nodes/{node}", AdminOnly),
    ("GET", "/api/v1/clusters/{cluster}/events", AdminOnly),
    ("GET", "/api/v1/clusters/{cluster}/containers", AdminOnly),
    ("GET", "/api/v1/clusters/{cluster}/containers/{container}", Missing),
    ("DELETE", "/api/v1/clusters/{cluster}/containers/{container}", Missing),
    ("GET", "/api/v1/clusters/{cluster}/containers/{container}/inspect", Missing),
    ("GET", "/api/v1/clusters/{cluster}/containers/{container}/shells", Missing),
    ("GET", "/api/v1/clusters/{cluster}/containers/{container}/logs", Missing),
    ("GET", "/api/v1/clusters/{cluster}/containers/{container}/stats", Missing),
    ("GET", "/api/v1/clusters/{cluster}/containers/{container}/exec", Missing),
    ("GET", "/api/v1/clusters/{cluster}/containers/{container}/attach", Missing),
    ("GET", "/api/v1/clusters/{cluster}/nodes/{node}/stats", AdminOnly),
    ("GET", "/api/v1/projects/{project}/apps/{app}/logs", Missing),
    ("GET", "/api/v1/projects/{project}/apps/{app}/stats", Missing),
    ("GET", "/api/v1/watch", Own),
    ("POST", "/api/v1/clusters/{cluster}/containers/{container}/{action}", Missing),
    ("GET", "/api/v1/clusters/{cluster}/images", AdminOnly),
    ("GET", "/api/v1/clusters/{cluster}/images/{image}", AdminOnly),
    ("DELETE", "/api/v1/clusters/{cluster}/images/{image}", AdminOnly),
    ("POST", "/api/v1/clusters/{cluster}/images/{image}/tag", AdminOnly),
    ("GET", "/api/v1/clusters/{cluster}/networks", AdminOnly),
    ("DELETE", "/api/v1/clusters/{cluster}/networks/{network}", AdminOnly),
    ("GET", "/api/v1/clusters/{cluster}/volumes", AdminOnly),
    ("DELETE", "/api/v1/clusters/{cluster}/volumes/{volume}", AdminOnly),
    ("GET", "/api/v1/apps", Filtered),
    ("GET", "/api/v1/projects/{project}/apps", Missing),
    ("POST", "/api/v1/projects/{project}/apps", Missing),
    ("POST", "/api/v1/projects/{project}/apps/preview", Missing),
    ("GET", "/api/v1/projects/{project}/apps/{app}", Missing),
    ("PUT", "/api/v1/projects/{project}/apps/{app}", Missing),
    ("DELETE", "/api/v1/projects/{project}/apps/{app}", Missing),
    ("POST", "/api/v1/projects/{project}/apps/{app}/preview", Missing),
    ("GET", "/api/v1/projects/{project}/apps/{app}/containers", Missing),
    ("POST", "/api/v1/projects/{project}/apps/{app}/rollback", Missing),
    ("POST", "/api/v1/projects/{project}/apps/{app}/start", Missing),
    ("POST", "/api/v1/projects/{project}/apps/{app}/stop", Missing),
    ("POST", "/api/v1/projects/{project}/apps/{app}/restart", Missing),
    ("GET", "/api/v1/projects/{project}/apps/{app}/services", Missing),
    ("POST", "/api/v1/projects/{project}/apps/{app}/services/{service}/scale", Missing),
    ("POST", "/api/v1/projects/{project}/apps/{app}/services/{service}/start", Missing),
    ("POST", "/api/v1/projects/{project}/apps/{app}/services/{service}/stop", Missing),
    ("POST", "/api/v1/projects/{project}/apps/{app}/services/{service}/restart", Missing),
    ("GET", "/api/v1/projects/{project}/apps/{app}/releases", Missing),
    ("GET", "/api/v1/projects/{project}/apps/{app}/releases/compare", Missing),
    ("GET", "/api/v1/projects/{project}/apps/{app}/releases/{release}", Missing),
    ("GET", "/api/v1/operations", Filtered),
    ("GET", "/api/v1/operations/{operation}", Missing),
    ("POST", "/api/v1/operations/{operation}/cancel", Missing),
    ("GET", "/api/v1/operations/{operation}/watch", Missing),
    ("GET", "/api/v1/templates", Own),
    ("POST", "/api/v1/clusters/{cluster}/images/pull", AdminOnly),
    ("POST", "/api/v1/clusters/{cluster}/images/prune", AdminOnly),
];

/// Bodies for routes that ask for one, so that who may is decided and not what is wrong with the body.
const BODIES: &[(&str, &str, &str)] = &[
    ("PUT", "/api/v1/me/password", r#"{"current_password": "a", "new_password": "b"}"#),
    ("POST", "/api/v1/me/two-factor", r#"{"password": "a"}"#),
    ("DELETE", "/api/v1/me/two-factor", r#"{"password": "a"}"#),
    ("POST", "/api/v1/me/two-factor/confirm", r#"{"code": "123456"}"#),
    ("POST", "/api/v1/me/two-factor/recovery-codes", r#"{"password": "a"}"#),
    ("POST", "/api/v1/tokens", r#"{"name": "a", "days": 1}"#),
    ("POST", "/api/v1/users", r#"{"username": "a"}"#),
    ("PATCH", "/api/v1/users/{user}", r#"{"disabled": true}"#),
    ("PUT", "/api/v1/portal", r#"{"password_sign_in": "everybody"}"#),
    (
        "POST",
        "/api/v1/providers",
        r#"{"slug": "a", "name": "A", "kind": "oidc", "issuer": "https://id.example", "client_id": "a"}"#,
    ),
    ("PATCH", "/api/v1/providers/{provider}", r#"{"admin_groups": ["**"]}"#),
    ("POST", "/api/v1/me/identities", r#"{"provider": "none", "next": "/"}"#),
    ("POST", "/api/v1/projects", r#"{"name": "a"}"#),
    ("PUT", "/api/v1/projects/{project}/members/{username}", r#"{"role": "guest"}"#),
    ("PUT", "/api/v1/projects/{project}/policy", r#"{"allowed": [], "bind_roots": []}"#),
    ("PUT", "/api/v1/projects/{project}/quota", r#"{"containers": 1}"#),
    ("PUT", "/api/v1/projects/{project}/teams/{team}", r#"{"role": "guest"}"#),
    ("POST", "/api/v1/teams", r#"{"name": "a"}"#),
    ("PUT", "/api/v1/teams/{team}/groups", r#"{"groups": []}"#),
    ("POST", "/api/v1/projects/{project}/robots", r#"{"name": "a", "role": "guest", "scopes": ["read"], "days": 1}"#),
    ("POST", "/api/v1/clusters/{cluster}/images/{image}/tag", r#"{"tag": "a:b"}"#),
    ("POST", "/api/v1/projects/{project}/apps", r#"{"name": "a", "cluster": "local", "compose": ""}"#),
    ("POST", "/api/v1/projects/{project}/apps/preview", r#"{"name": "a", "cluster": "local", "compose": ""}"#),
    ("PUT", "/api/v1/projects/{project}/apps/{app}", r#"{"compose": ""}"#),
    ("POST", "/api/v1/projects/{project}/apps/{app}/preview", r#"{"compose": ""}"#),
    ("POST", "/api/v1/projects/{project}/apps/{app}/rollback", r#"{"release": 1}"#),
    ("POST", "/api/v1/projects/{project}/apps/{app}/services/{service}/scale", r#"{"replicas": 1}"#),
    ("POST", "/api/v1/clusters/{cluster}/images/pull", r#"{"image": "a"}"#),
];

fn body(method: &str, path: &str) -> Value {
    let known = BODIES.iter().find(|(m, p, _)| *m == method && *p == path);
    known.map_or_else(|| json!({}), |(_, _, body)| serde_json::from_str(body).unwrap())
}

/// Every route of the document as method and path.
fn routes() -> Vec<(Method, String)> {
    let document = serde_json::to_value(document()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let routes = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().keys().filter_map(|name| name.to_uppercase().parse::<Method>().ok());
        methods
            .filter(|method| method.as_str().chars().all(|c| c.is_ascii_uppercase()))
            .map(|method| (method, path.clone()))
    });
    routes.filter(|(method, _)| ["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&method.as_str())).collect()
}

/// The path with something in its places: the name of the foreign project and team, and an id that names nothing.
fn filled(path: &str) -> String {
    let parts = path.split('/').map(|part| match part {
        "{project}" | "{team}" => "bank",
        "{cluster}" => "local",
        "{action}" => "start",
        "{release}" => "1",
        "compare" => "compare?from=1&to=2",
        part if part.starts_with('{') => "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

#[test]
fn every_route_says_who_may_use_it() {
    let routes = routes();
    assert!(routes.len() >= 10);
    let told = |method: &Method, path: &str| {
        let open = OPEN.iter().any(|(m, p)| *m == method.as_str() && *p == path);
        open || GUARDED.iter().any(|(m, p, _)| *m == method.as_str() && *p == path)
    };
    let untold: Vec<_> = routes.iter().filter(|(method, path)| !told(method, path)).collect();
    assert!(untold.is_empty(), "add these routes to server/tests/routes.rs: {untold:#?}");
    let gone: Vec<_> = GUARDED
        .iter()
        .filter(|(m, p, _)| !routes.iter().any(|(method, path)| method.as_str() == *m && path == p))
        .collect();
    assert!(gone.is_empty(), "no such routes any more: {gone:#?}");
}

#[tokio::test]
async fn nobody_gets_in_without_signing_in() {
    each_database(async |portal| {
        let nobody = portal.anonymous();
        for (method, path) in routes() {
            if OPEN.contains(&(method.as_str(), path.as_str())) {
                continue;
            }
            let answer = nobody.write(method.clone(), &filled(&path), Some(&json!({}))).await;
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
        for (method, path, expected) in GUARDED {
            for client in [&session, &token] {
                check_outsider(client, &method.parse().unwrap(), path, *expected).await;
            }
        }
    })
    .await;
}

async fn check_outsider(client: &Client, method: &Method, path: &str, expected: Outsider) {
    let body = body(method.as_str(), path);
    let answer = async |path: &str| client.write(method.clone(), path, Some(&body)).await;
    match expected {
        Own | Filtered => {}
        AdminOnly => {
            let answer = answer(&filled(path)).await;
            assert_eq!(answer.status, 403, "{method} {path}: {}", answer.text());
        }
        Missing => {
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
        for (method, path, _) in GUARDED {
            if (*method, *path) == ("GET", "/api/v1/me") {
                continue;
            }
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
        for (method, path, _) in GUARDED.iter().filter(|(method, ..)| *method != "GET") {
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
