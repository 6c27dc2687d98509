//! The head of every page: where one is, what it is, what can be done.

use leptos::prelude::*;
use leptos_meta::Title;

use super::icon::{Icon, IconView};

/// The head of a page.
#[component]
pub fn PageHeader(
    /// What the page shows.
    #[prop(into)]
    title: Signal<String>,
    /// The pages above it: name and address.
    #[prop(optional)]
    above: Vec<(String, String)>,
    /// A status or a badge beside the title.
    #[prop(optional, into)]
    badge: Option<AnyView>,
    /// A sentence about the page.
    #[prop(optional, into)]
    lead: String,
    /// Buttons.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let step = |(name, href): (String, String)| view! { <a href=href>{name}</a><IconView icon=Icon::Right /> };
    // The server writes the head last, when the page's signals may be gone.
    #[cfg(feature = "ssr")]
    let text = title.get_untracked();
    #[cfg(not(feature = "ssr"))]
    let text = move || title.get();
    view! {
        <Title text />
        <header class="page__head">
            <div class="page__title">
                {(!above.is_empty())
                    .then(|| view! { <nav class="breadcrumb">{above.into_iter().map(step).collect_view()}</nav> })}
                <h1>{move || title.get()}</h1>
                {badge}
                {(!lead.is_empty()).then(|| view! { <p class="page__lead">{lead}</p> })}
            </div>
            {children.map(|children| view! { <div class="page__actions">{children()}</div> })}
        </header>
    }
}
