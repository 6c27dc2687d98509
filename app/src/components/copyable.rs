//! Text that one click copies.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};

use super::icon::Icon;
use crate::{
    browser,
    i18n::{t, use_locale},
};

const SHOWN: Duration = Duration::from_millis(1_600);

/// A short text with a button that copies all of it.
#[component]
pub fn Copyable(
    /// What is copied.
    #[prop(into)]
    text: String,
    /// What is shown, where that is shorter.
    #[prop(optional, into)]
    shown: Option<String>,
) -> impl IntoView {
    let shown = shown.unwrap_or_else(|| text.clone());
    view! {
        <span class="copyable">
            <code>{shown}</code>
            <CopyButton text />
        </span>
    }
}

/// A button that copies a text.
#[component]
pub fn CopyButton(
    /// What is copied.
    #[prop(into)]
    text: Signal<String>,
    /// Its classes.
    #[prop(optional)]
    class: &'static str,
) -> impl IntoView {
    let locale = use_locale();
    let done = RwSignal::new(false);
    let copy = move |_| {
        let text = text.get_untracked();
        spawn_local(async move {
            if browser::copy(&text).await {
                let _ = done.try_set(true);
                browser::after(SHOWN, move || {
                    let _ = done.try_set(false);
                });
            }
        });
    };
    let label = move || if done.get() { t!(locale, action.copied) } else { t!(locale, action.copy) };
    view! {
        <button type="button" class=class title=label aria-label=label on:click=copy>
            <span class=move || if done.get() { Icon::Check.class() } else { Icon::Copy.class() } aria-hidden="true"></span>
        </button>
    }
}
