//! `/docs/api`: the API's document, browsable with nothing from any other host.

use axum::Router;
use axum::extract::Request;
use axum::http::header;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;

use super::extract::MaybeCaller;
use crate::services::State;

/// The viewer styles its parts with `style` attributes, which no nonce can allow; its scripts are files of ours.
const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const PAGE: &str = r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Gantry API</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/js/swagger-ui/swagger-ui.css">
</head>
<body>
<div id="api"></div>
<script src="/js/swagger-ui/swagger-ui-bundle.js"></script>
<script src="/docs/api.js"></script>
</body>
</html>
"#;
/// Reading only: a request tried from here would lack the session's CSRF token.
const SCRIPT: &str = r#"SwaggerUIBundle({
  url: "/api/v1/openapi.json",
  dom_id: '#api',
  deepLinking: true,
  supportedSubmitMethods: ["get"],
  validatorUrl: null,
});
"#;

/// The page and its script, for people who are signed in.
pub fn routes() -> Router<State> {
    Router::new().route("/docs/api", get(page)).route("/docs/api.js", get(script))
}

async fn page(MaybeCaller(caller): MaybeCaller, request: Request) -> Response {
    if caller.is_none() {
        return Redirect::to(&format!("/login?next={}", request.uri().path())).into_response();
    }
    ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(PAGE)).into_response()
}

async fn script() -> Response {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], SCRIPT).into_response()
}
