//! What an address shows that names nothing.

use leptos::prelude::*;

use crate::i18n::{t, use_i18n};

/// The page for an address that names nothing.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <main>
            <h1>{t!(i18n, not_found.title)}</h1>
            <p>{t!(i18n, not_found.detail)}</p>
        </main>
    }
}
