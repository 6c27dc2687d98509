//! Cookies besides the session's: choices of the console, and the token of forms before sign-in.

use axum::http::{HeaderMap, HeaderValue, header};
use time::Duration;
use tower_sessions::cookie::{Cookie, SameSite};

/// How long somebody may be away at a provider.
const SIGN_IN_LIFE: Duration = Duration::minutes(10);
/// How long somebody may look for a code.
const CODE_LIFE: Duration = Duration::minutes(5);

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
    lasting(sign_in_name(secure), value, secure, SIGN_IN_LIFE)
}

/// The `Set-Cookie` that takes that cookie away.
pub fn sign_in_gone(secure: bool) -> Option<HeaderValue> {
    lasting(sign_in_name(secure), "", secure, Duration::ZERO)
}

/// The name of the cookie of a browser whose password was right and that is asked for a code.
pub fn code_name(secure: bool) -> &'static str {
    if secure { "__Host-gantry_code" } else { "gantry_code" }
}

/// The `Set-Cookie` of that cookie.
pub fn code(value: &str, secure: bool) -> Option<HeaderValue> {
    lasting(code_name(secure), value, secure, CODE_LIFE)
}

/// The `Set-Cookie` that takes that cookie away.
pub fn code_gone(secure: bool) -> Option<HeaderValue> {
    lasting(code_name(secure), "", secure, Duration::ZERO)
}

fn lasting(name: &str, value: &str, secure: bool, life: Duration) -> Option<HeaderValue> {
    let cookie = Cookie::build((name, value))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(secure)
        .max_age(life)
        .build();
    HeaderValue::from_str(&cookie.to_string()).ok()
}
