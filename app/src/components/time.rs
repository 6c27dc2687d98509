//! Points in time and spans. The first render is the same on every machine; then the page's clock takes over.

use api::OffsetDateTime;
use leptos::prelude::*;

use crate::{browser, format, i18n::use_locale, live::use_clock};

/// How long ago something was; the point in time as a hint.
#[component]
pub fn RelativeTime(
    /// When.
    at: OffsetDateTime,
) -> impl IntoView {
    let locale = use_locale();
    let now = use_clock().slow();
    let unix = at.unix_timestamp();
    // A memo, so that a text that did not change touches nothing.
    let text = Memo::new(move |_| match now.get() {
        Some(now) => format::ago(locale, now - unix),
        None => format!("{} UTC", format::date_time(at, 0)),
    });
    view! {
        <time class="nowrap" title=move || local(at, now.get().is_some())>
            {text}
        </time>
    }
}

/// A point in time.
#[component]
pub fn AbsoluteTime(
    /// When.
    at: OffsetDateTime,
) -> impl IntoView {
    let now = use_clock().slow();
    let in_browser = Memo::new(move |_| now.get().is_some());
    view! { <time class="nowrap numeric">{move || local(at, in_browser.get())}</time> }
}

fn local(at: OffsetDateTime, in_browser: bool) -> String {
    if in_browser {
        format::date_time(at, browser::utc_offset_secs(at.unix_timestamp()))
    } else {
        format!("{} UTC", format::date_time(at, 0))
    }
}

/// How long something took, or has taken so far.
#[component]
pub fn Took(
    /// When it began.
    from: OffsetDateTime,
    /// When it ended; absent while it goes on.
    to: Option<OffsetDateTime>,
) -> impl IntoView {
    let locale = use_locale();
    let now = use_clock().second();
    let text = Memo::new(move |_| {
        let end = to.map(OffsetDateTime::unix_timestamp).or_else(|| now.get())?;
        Some(format::duration(locale, end - from.unix_timestamp()))
    });
    view! { <span class="nowrap numeric">{text}</span> }
}
