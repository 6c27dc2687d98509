//! Cookies besides the session's: choices of the console, and the token of forms before sign-in.

use axum::http::{HeaderMap, HeaderValue, header};
use time::Duration;
use tower_sessions::cookie::{Cookie, SameSite};

/// How long somebody may be away at a provider.
const SIGN_IN_LIFE: Duration = Duration::minutes(10);

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

/// The name of the cookie that somebody leaves with for an identity provider.
pub fn sign_in_name(secure: bool) -> &'static str {
    if secure { "__Host-gantry_provider" } else { "gantry_provider" }
}

/// The `Set-Cookie` of that cookie. `Lax`, because the provider's site leads back.
pub fn sign_in(value: &str, secure: bool) -> Option<HeaderValue> {
    sign_in_cookie(value, secure, SIGN_IN_LIFE)
}

/// The `Set-Cookie` that takes that cookie away.
pub fn sign_in_gone(secure: bool) -> Option<HeaderValue> {
    sign_in_cookie("", secure, Duration::ZERO)
}

fn sign_in_cookie(value: &str, secure: bool, life: Duration) -> Option<HeaderValue> {
    let cookie = Cookie::build((sign_in_name(secure), value))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(secure)
        .max_age(life)
        .build();
    HeaderValue::from_str(&cookie.to_string()).ok()
}
