//! Refusing what another site's page makes a browser send.
//!
//! A write with a session's cookie needs an `Origin` of ours and the session's CSRF token. A write without any
//! credential (signing in) must not come from another site. A socket is refused before anything else unless its
//! `Origin` is ours or it carries a token.

use api::Message;
use axum::extract::{Request, State as FromState};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::super::problem::Failure;
use super::allowed_origin;
use crate::auth::{Caller, Credential, secret};
use crate::services::State;

const CSRF_HEADER: &str = "x-csrf-token";
/// Signing in: the CSRF token belongs to a session that does not exist yet.
const WITHOUT_CSRF_TOKEN: [&str; 2] = ["/api/v1/session", "/api/v1/setup"];
/// Forms, which carry their token in a field that their handler checks.
const FORMS: &str = "/auth/";

/// Lets pass what comes from the portal's own pages or from no browser.
pub async fn guard(FromState(state): FromState<State>, request: Request, next: Next) -> Response {
    let key = match check(&state, &request) {
        Ok(()) => return next.run(request).await,
        Err(key) => key,
    };
    Failure::with(StatusCode::FORBIDDEN, "forbidden", Message::new(key)).into_response()
}

fn check(state: &State, request: &Request) -> Result<(), &'static str> {
    let headers = request.headers();
    let credential = request.extensions().get::<Caller>().map(|caller| &caller.credential);
    let ours = || allowed_origin(request.uri(), headers, &state.config.http);
    if is_upgrade(headers) {
        let pass = matches!(credential, Some(Credential::Token { .. } | Credential::Robot { .. })) || ours();
        return if pass { Ok(()) } else { Err("forbidden.origin") };
    }
    if [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method()) {
        return Ok(());
    }
    let path = request.uri().path();
    match credential {
        Some(Credential::Session { csrf_token, .. }) => {
            if !ours() || is_cross_site(headers) {
                return Err("forbidden.origin");
            }
            let exempt =
                path.starts_with(FORMS) || (request.method() == Method::POST && WITHOUT_CSRF_TOKEN.contains(&path));
            let given = headers.get(CSRF_HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default();
            if exempt || secret::equal(given, csrf_token) { Ok(()) } else { Err("forbidden.csrf") }
        }
        None if path.starts_with(FORMS) && !ours() => Err("forbidden.origin"),
        None if headers.contains_key(header::ORIGIN) && !ours() => Err("forbidden.origin"),
        None if is_cross_site(headers) => Err("forbidden.origin"),
        Some(Credential::Token { .. } | Credential::Robot { .. }) | None => Ok(()),
    }
}

fn is_upgrade(headers: &HeaderMap) -> bool {
    let upgrade = headers.get(header::UPGRADE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    upgrade.eq_ignore_ascii_case("websocket") || headers.contains_key(header::SEC_WEBSOCKET_KEY)
}

fn is_cross_site(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    site.is_some_and(|site| site != "same-origin" && site != "none")
}
