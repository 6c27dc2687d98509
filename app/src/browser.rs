//! The few things of the browser that are not in the document: cookies, storage, the clipboard, timers. Called from
//! event handlers and effects only, so never while rendering on the server.

use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};

const COOKIE_MAX_AGE_SECS: u32 = 365 * 24 * 60 * 60;

/// Sets a cookie for a year, or removes it.
pub fn set_cookie(name: &str, value: Option<&str>) {
    let age = if value.is_some() { COOKIE_MAX_AGE_SECS } else { 0 };
    write_cookie(&format!("{name}={}; Path=/; Max-Age={age}; SameSite=Lax", value.unwrap_or_default()));
}

/// Sets a cookie for as long as the browser is open.
pub fn set_session_cookie(name: &str, value: &str) {
    write_cookie(&format!("{name}={value}; Path=/; SameSite=Lax"));
}

fn write_cookie(cookie: &str) {
    if let Ok(document) = document().dyn_into::<web_sys::HtmlDocument>() {
        let _ = document.set_cookie(cookie);
    }
}

/// Loads the page anew.
pub fn reload() {
    let _ = window().location().reload();
}

/// Leaves for another address.
pub fn leave_for(address: &str) {
    let _ = window().location().set_href(address);
}

/// Path and query of this page.
pub fn current_address() -> String {
    let location = window().location();
    location.pathname().unwrap_or_default() + &location.search().unwrap_or_default()
}

/// What this browser remembers under a name.
pub fn remembered(name: &str) -> Option<String> {
    window().local_storage().ok()??.get_item(name).ok()?
}

/// Remembers something in this browser.
pub fn remember(name: &str, value: &str) {
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = storage.set_item(name, value);
    }
}

/// Copies a text; `false` where the browser does not allow it (a page without TLS on another machine).
pub async fn copy(text: &str) -> bool {
    let navigator = window().navigator();
    if js_sys::Reflect::get(&navigator, &JsValue::from_str("clipboard")).is_ok_and(|it| it.is_undefined()) {
        return false;
    }
    wasm_bindgen_futures::JsFuture::from(navigator.clipboard().write_text(text)).await.is_ok()
}

/// Unix seconds, by this browser's clock.
#[allow(clippy::cast_possible_truncation, reason = "seconds since 1970 fit")]
pub fn now() -> i64 {
    (js_sys::Date::now() / 1000.0) as i64
}

/// What to add to UTC to get this browser's time at that moment, in seconds.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a day's seconds fit")]
pub fn utc_offset_secs(at: i64) -> i64 {
    -(js_sys::Date::new(&JsValue::from_f64(at as f64 * 1000.0)).get_timezone_offset() * 60.0) as i64
}

/// Unix seconds of a point in this browser's time, as a field of the kind `datetime-local` has it.
#[allow(clippy::cast_possible_truncation, reason = "seconds since 1970 fit")]
pub fn unix_of_local(text: &str) -> Option<i64> {
    let millis = js_sys::Date::parse(text);
    millis.is_finite().then_some((millis / 1000.0) as i64)
}

/// Whether nobody looks at this page.
pub fn is_hidden() -> bool {
    document().hidden()
}

/// Does something later.
pub fn after(duration: Duration, run: impl FnOnce() + 'static) {
    set_timeout(run, duration);
}

/// A password that nobody can guess: 24 letters and digits, about 142 bits. Empty where the browser has no random source.
pub fn random_secret() -> String {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    // 248 is the largest multiple of 62 in a byte: larger ones would favour the first letters.
    let mut bytes = [0_u8; 64];
    let filled = window().crypto().and_then(|crypto| crypto.get_random_values_with_u8_array(&mut bytes));
    if filled.is_err() {
        return String::new();
    }
    let letters = bytes.into_iter().filter(|byte| *byte < 248).take(24);
    letters.map(|byte| char::from(ALPHABET[usize::from(byte % 62)])).collect()
}

/// Puts the cursor into the element with this id.
pub fn focus(id: &str) {
    if let Some(element) = document().get_element_by_id(id).and_then(|it| it.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

/// Whether keys are meant for a text field.
pub fn is_typing(event: &web_sys::KeyboardEvent) -> bool {
    let element = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    element.is_some_and(|element| {
        matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
            || element.closest(".cm-editor, .xterm, [contenteditable]").is_ok_and(|it| it.is_some())
    })
}

/// Scheme, name and port that this page was reached by.
pub fn origin() -> String {
    window().location().origin().unwrap_or_default()
}

/// The name or address that this page was reached by, without the port.
pub fn host_name() -> String {
    window().location().hostname().unwrap_or_default()
}
