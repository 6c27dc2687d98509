//! The console's files and how answers are packed.

use axum::body::Body;
use axum::http::Method;

use crate::support::{Database, TestPortal};

async fn portal() -> (tempfile::TempDir, TestPortal) {
    let site = tempfile::tempdir().unwrap();
    std::fs::create_dir(site.path().join("pkg")).unwrap();
    std::fs::create_dir(site.path().join(".stamps")).unwrap();
    std::fs::write(site.path().join(".stamps/x"), "a note of the build").unwrap();
    std::fs::write(site.path().join("pkg/gantry.css"), "body{}").unwrap();
    std::fs::write(site.path().join("pkg/gantry.css.br"), "packed").unwrap();
    std::fs::write(site.path().parent().unwrap().join("gantry-outside.txt"), "outside").unwrap();
    let folder = site.path().display().to_string();
    let portal = TestPortal::start(Database::sqlite(), &[("GANTRY_SITE_DIR", &folder)]).await;
    (site, portal)
}

#[tokio::test]
async fn files_are_served_to_everyone_packed_where_the_browser_can_unpack_them() {
    let (_site, portal) = portal().await;
    let nobody = portal.anonymous();
    let plain = nobody.get("/pkg/gantry.css").await.expect(200);
    assert_eq!(plain.text(), "body{}");
    assert_eq!(plain.header("content-type"), "text/css");
    assert_eq!(plain.header("cache-control"), "no-cache");
    let request = nobody.request(Method::GET, "/pkg/gantry.css").header("accept-encoding", "gzip, br");
    let packed = nobody.send(request.body(Body::empty()).unwrap()).await.expect(200);
    assert_eq!((packed.header("content-encoding"), packed.text().as_str()), ("br", "packed"));
    let since = plain.header("last-modified").to_owned();
    let request = nobody.request(Method::GET, "/pkg/gantry.css").header("if-modified-since", since);
    nobody.send(request.body(Body::empty()).unwrap()).await.expect(304);
}

#[tokio::test]
async fn nothing_outside_the_folder_and_nothing_hidden_is_served() {
    let (_site, portal) = portal().await;
    let browser = portal.admin().await;
    for path in [
        "/.stamps/x",
        "/pkg/../.stamps/x",
        "/%2estamps/x",
        "/../gantry-outside.txt",
        "/..%2fgantry-outside.txt",
        "/pkg/..%2f..%2fgantry-outside.txt",
    ] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(!answer.text().contains("outside\n") && !answer.text().contains("a note"), "{path}");
    }
    browser.write(Method::POST, "/pkg/gantry.css", None).await.expect(405);
}

#[tokio::test]
async fn answers_of_the_api_are_packed() {
    let (_site, portal) = portal().await;
    let browser = portal.admin().await;
    let plain = browser.get("/api/v1/openapi.json").await.expect(200);
    for encoding in ["br", "gzip"] {
        let request = browser.request(Method::GET, "/api/v1/openapi.json").header("accept-encoding", encoding);
        let packed = browser.send(request.body(Body::empty()).unwrap()).await.expect(200);
        assert_eq!(packed.header("content-encoding"), encoding);
        assert!(packed.body.len() * 3 < plain.body.len(), "{} {}", packed.body.len(), plain.body.len());
    }
}
