//! The first page: a counter that shows the browser has taken over.

use leptos::prelude::*;

use crate::{
    i18n::{t, use_i18n},
    language::LanguageSwitch,
};

/// The first page.
#[component]
pub fn HomePage() -> impl IntoView {
    let i18n = use_i18n();
    let (count, set_count) = signal(0_u32);
    view! {
        <main>
            <h1>{t!(i18n, home.title)}</h1>
            <p data-testid="count">{t!(i18n, home.count, count = move || count.get())}</p>
            <button on:click=move |_| set_count.update(|count| *count += 1)>{t!(i18n, home.count_up)}</button>
            <LanguageSwitch />
        </main>
    }
}
