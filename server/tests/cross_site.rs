//! What another site's page makes a browser send, and what every answer says to browsers.

use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::json;
use server::http::router::document;

use crate::fake_engine::ContainerSpec;
use crate::route_table::filled;
use crate::support::{Client, TestPortal, each_bench, each_database, each_database_with, eventually};

const NEW_TOKEN: &str = r#"{"name": "ci", "days": 7}"#;

/// POST /api/v1/tokens with the given headers instead of a page's own.
async fn write(client: &Client, headers: &[(&str, &str)]) -> u16 {
    let mut request = client.request(Method::POST, "/api/v1/tokens");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    client.send(request.body(Body::from(NEW_TOKEN)).unwrap()).await.status.as_u16()
}

async fn tokens(client: &Client) -> u64 {
    client.get("/api/v1/tokens").await.expect(200).json()["total"].as_u64().unwrap()
}

#[tokio::test]
async fn a_write_of_a_session_needs_our_origin_and_the_sessions_token() {
    each_database(async |portal| {
        let browser = portal.admin().await;
        let (csrf, origin) = (browser.csrf_token.clone().unwrap(), browser.origin());
        let json = ("content-type", "application/json");
        let with = |origin| write_headers(json, Some(origin), Some(&csrf));
        for foreign in ["https://evil.example", "null", "http://127.0.0.1:1", "http://127.0.0.1", "file://", ""] {
            assert_eq!(write(&browser, &with(foreign)).await, 403, "{foreign}");
        }
        assert_eq!(write(&browser, &write_headers(json, None, Some(&csrf))).await, 403, "no Origin");
        assert_eq!(write(&browser, &write_headers(json, Some(&origin), None)).await, 403, "no CSRF token");
        assert_eq!(write(&browser, &write_headers(json, Some(&origin), Some("guess"))).await, 403);
        let plain = ("content-type", "text/plain");
        assert_eq!(write(&browser, &write_headers(plain, Some(&origin), Some(&csrf))).await, 415);
        let mut cross = write_headers(json, Some(&origin), Some(&csrf));
        cross.push(("sec-fetch-site", "cross-site"));
        assert_eq!(write(&browser, &cross).await, 403);
        assert_eq!(tokens(&browser).await, 0, "nothing was done");
        assert_eq!(write(&browser, &with(&origin)).await, 201);
        assert_eq!(tokens(&browser).await, 1);
    })
    .await;
}

fn write_headers<'a>(
    kind: (&'a str, &'a str),
    origin: Option<&'a str>,
    csrf: Option<&'a str>,
) -> Vec<(&'a str, &'a str)> {
    let optional = [("origin", origin), ("x-csrf-token", csrf)];
    std::iter::once(kind).chain(optional.into_iter().filter_map(|(name, value)| Some((name, value?)))).collect()
}

#[tokio::test]
async fn another_site_cannot_sign_a_browser_in() {
    each_database(async |portal| {
        for origin in ["https://evil.example", "null"] {
            let client = portal.anonymous();
            let request = client
                .request(Method::POST, "/api/v1/session")
                .header(header::ORIGIN, origin)
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from(json!({"username": "a", "password": "b"}).to_string()))
                .unwrap();
            client.send(request).await.expect(403);
        }
    })
    .await;
}

/// A request that asks for a WebSocket.
fn upgrade(client: &Client, path: &str, origin: Option<&str>) -> Request<Body> {
    let mut request = client
        .request(Method::GET, path)
        .header(header::CONNECTION, "upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_VERSION, "13")
        .header(header::SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ==");
    if let Some(origin) = origin {
        request = request.header(header::ORIGIN, origin);
    }
    request.body(Body::empty()).unwrap()
}

/// Every route that the API's document says to speak as a WebSocket.
fn sockets() -> Vec<String> {
    let document = serde_json::to_value(document()).unwrap();
    let paths = document["paths"].as_object().unwrap().iter();
    paths.filter(|(_, item)| item["get"]["responses"]["101"].is_object()).map(|(path, _)| path.clone()).collect()
}

#[tokio::test]
async fn a_socket_needs_our_origin_before_anything_else() {
    each_bench(async |bench| {
        bench.engine.add_container(&ContainerSpec::new("web", "busybox:local"));
        let cluster = bench.portal.state.clusters.get("local").unwrap().clone();
        eventually("the portal sees the container", async || cluster.picture().containers.len() == 1).await;
        bench.engine.clear_requests();
        let sockets = sockets();
        assert!(sockets.len() >= 9, "{sockets:?}");
        for path in sockets.iter().map(|path| filled(&path.replace("{container}", "web"))) {
            for origin in [None, Some("null"), Some("https://evil.example"), Some("http://127.0.0.1:1")] {
                let answer = bench.admin.send(upgrade(&bench.admin, &path, origin)).await;
                assert_eq!(answer.status, 403, "{path} from {origin:?}: {}", answer.text());
                assert_eq!(answer.json()["message"]["key"], "forbidden.origin", "{path} from {origin:?}");
            }
        }
        let journal = bench.engine.requests();
        for call in ["/exec", "/attach", "/logs"] {
            assert_eq!(journal.count("*", &format!("/containers/*{call}")), 0, "{}", journal.text());
        }
        assert_eq!(bench.portal.state.terminals.open(), 0);
        for path in sockets.iter().map(|path| filled(&path.replace("{container}", "web"))) {
            let ours = bench.admin.send(upgrade(&bench.admin, &path, Some(&bench.admin.origin()))).await;
            assert_ne!(ours.status, 403, "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn no_other_site_may_read() {
    each_database(async |portal| {
        let browser = portal.admin().await;
        for origin in ["https://evil.example", "null"] {
            let preflight = browser
                .request(Method::OPTIONS, "/api/v1/me")
                .header(header::ORIGIN, origin)
                .header("access-control-request-method", "PUT")
                .body(Body::empty())
                .unwrap();
            let answer = browser.send(preflight).await;
            assert!(!answer.headers.contains_key("access-control-allow-origin"));
            let get = browser.request(Method::GET, "/api/v1/me").header(header::ORIGIN, origin);
            let answer = browser.send(get.body(Body::empty()).unwrap()).await;
            assert!(!answer.headers.contains_key("access-control-allow-origin"));
        }
    })
    .await;
}

#[tokio::test]
async fn only_our_own_names_are_answered() {
    each_database(async |portal| {
        let browser = portal.admin().await;
        let ask = async |host: &str, path: &str| {
            let mut request = browser.request(Method::GET, path).body(Body::empty()).unwrap();
            request.headers_mut().insert(header::HOST, host.parse().unwrap());
            browser.send(request).await.status.as_u16()
        };
        for host in ["evil.example", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.evil.example"] {
            assert_eq!(ask(host, "/api/v1/me").await, 421, "{host}");
            assert_eq!(ask(host, "/").await, 421, "{host}");
        }
        let port = portal.address.port();
        for host in [format!("localhost:{port}"), format!("127.0.0.1:{port}"), format!("[::1]:{port}")] {
            assert_eq!(ask(&host, "/api/v1/me").await, 200, "{host}");
        }
        assert_eq!(ask("10.1.2.3", "/healthz").await, 200, "probes know only an address");
    })
    .await;
    each_database_with(&[("GANTRY_ALLOWED_HOSTS", "extra.example")], async |portal| {
        let browser = portal.admin().await;
        let mut request = browser.request(Method::GET, "/api/v1/me").body(Body::empty()).unwrap();
        request.headers_mut().insert(header::HOST, "extra.example".parse().unwrap());
        browser.send(request).await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn answers_make_browsers_careful() {
    each_database(async |portal| {
        let browser = portal.admin().await;
        for (client, path) in
            [(&browser, "/api/v1/me"), (&browser, "/"), (&portal.anonymous(), "/login"), (&browser, "/api/none")]
        {
            let answer = client.get(path).await;
            let policy = answer.header("content-security-policy");
            assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
            assert!(
                !policy.contains("unsafe-inline")
                    && !policy.contains("unsafe-eval'") | policy.contains("wasm-unsafe-eval"),
                "{path}: {policy}"
            );
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
            assert_eq!(answer.header("cache-control"), "no-store", "{path}");
            assert!(answer.header("permissions-policy").contains("camera=()"), "{path}");
            assert!(!answer.header("x-request-id").is_empty(), "{path}");
            assert_eq!(answer.header("strict-transport-security"), "", "{path}: not over http");
        }
    })
    .await;
}

#[tokio::test]
async fn every_inline_script_of_a_page_carries_the_nonce_of_its_policy() {
    let portal = TestPortal::start(crate::support::Database::sqlite(), &[]).await;
    let page = portal.anonymous().get("/login").await.expect(200);
    let policy = page.header("content-security-policy").to_owned();
    let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).unwrap();
    let text = page.text();
    let scripts: Vec<_> = text.split("<script").skip(1).map(|rest| rest.split('>').next().unwrap()).collect();
    assert!(!scripts.is_empty());
    for script in scripts {
        let is_data = script.contains("application/json");
        assert!(is_data || script.contains(&format!("nonce=\"{nonce}\"")) || script.contains("src="), "{script}");
    }
    let again = portal.anonymous().get("/login").await.expect(200);
    assert_ne!(again.header("content-security-policy"), policy, "each answer has its own");
}
