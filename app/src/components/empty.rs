//! What stands where there is nothing: why, and what to do next.

use leptos::prelude::*;

use super::icon::{Icon, IconView};

/// Nothing is here.
#[component]
pub fn EmptyState(
    /// A shape for the kind of thing.
    icon: Icon,
    /// What is not here.
    #[prop(into)]
    title: String,
    /// Why, and what to do.
    #[prop(into)]
    detail: String,
    /// Buttons and links for what to do.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty">
            <IconView icon />
            <h2>{title}</h2>
            <p>{detail}</p>
            {children.map(|children| view! { <div class="row">{children()}</div> })}
        </div>
    }
}
