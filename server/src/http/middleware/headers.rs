//! The headers that make browsers careful.

use axum::extract::{Request, State as FromState};
use axum::http::HeaderValue;
use axum::http::header::{self, HeaderName};
use axum::middleware::Next;
use axum::response::Response;

use crate::services::State;

/// For everything that is no page: nothing may be loaded, nothing may frame it.
const NO_PAGE: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
const PERMISSIONS: &str = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()";
/// `no-referrer` would make browsers send `Origin: null` with forms of our own.
const REFERRER: &str = "same-origin";
const HSTS: &str = "max-age=31536000; includeSubDomains";

/// Adds them; what a page has set itself stays.
pub async fn secure(FromState(state): FromState<State>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(header::CONTENT_SECURITY_POLICY, NO_PAGE);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(header::REFERRER_POLICY, REFERRER);
    set(HeaderName::from_static("permissions-policy"), PERMISSIONS);
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    set(header::CACHE_CONTROL, "no-store");
    if state.config.http.is_secure() {
        set(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
    response
}
