//! What an address shows that names nothing.

use leptos::prelude::*;

use crate::{
    boot::set_page_status,
    components::{empty::EmptyState, header::PageHeader, icon::Icon},
    i18n::{t, use_locale},
    paths,
};

/// The page for an address that names nothing.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    let locale = use_locale();
    set_page_status(404);
    view! {
        <div class="page">
            <PageHeader title=t!(locale, not_found.heading).to_owned() />
            <div class="card">
                <EmptyState icon=Icon::Unknown title=t!(locale, not_found.title) detail=t!(locale, not_found.detail)>
                    <a class="button button--primary" href=paths::OVERVIEW>
                        {t!(locale, not_found.home)}
                    </a>
                </EmptyState>
            </div>
        </div>
    }
}
