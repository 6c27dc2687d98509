//! Cookies besides the session's: choices of the console, and the token of forms before sign-in.

use axum::http::{HeaderMap, HeaderValue, header};
use tower_sessions::cookie::{Cookie, SameSite};

/// The value of a cookie.
pub fn get<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.into_iter().find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// The name of the cookie that forms before sign-in repeat as a field.
pub fn form_token_name(secure: bool) -> &'static str {
    if secure { "__Host-gantry_form" } else { "gantry_form" }
}

/// The `Set-Cookie` of that cookie; it goes when the browser is closed.
pub fn form_token(value: &str, secure: bool) -> Option<HeaderValue> {
    let cookie = Cookie::build((form_token_name(secure), value))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(secure)
        .build();
    HeaderValue::from_str(&cookie.to_string()).ok()
}
