//! The log of requests. Whatever a client chose is written escaped, on one line; queries are not written, because
//! they may hold secrets.

use std::time::Duration;

use axum::extract::{MatchedPath, Request};
use axum::response::Response;
use tracing::Span;

const LONGEST_PATH: usize = 200;

/// The span of a request.
pub fn span(request: &Request) -> Span {
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let id = request.headers().get("x-request-id").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let path: String = request.uri().path().chars().take(LONGEST_PATH).collect();
    tracing::info_span!("request", id = ?id, method = %request.method(), path = ?path, route)
}

/// One record per request.
pub fn answered(response: &Response, latency: Duration, _: &Span) {
    let status = response.status().as_u16();
    let millis = latency.as_millis();
    if response.status().is_server_error() {
        tracing::warn!(status, millis, "answered");
    } else {
        tracing::debug!(status, millis, "answered");
    }
}
