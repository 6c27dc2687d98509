//! A card: a heading and what belongs to it.

use leptos::prelude::*;

/// A card.
#[component]
pub fn Card(
    /// The heading.
    #[prop(into)]
    title: String,
    /// Buttons and links beside the heading.
    #[prop(optional, into)]
    tools: Option<AnyView>,
    /// Whether the content reaches the edges (lists and tables).
    #[prop(optional)]
    flush: bool,
    /// The content.
    children: Children,
) -> impl IntoView {
    view! {
        <section class="card">
            <div class="card__head">
                <h2>{title}</h2>
                {tools}
            </div>
            <div class=if flush { "card__body card__body--flush" } else { "card__body" }>{children()}</div>
        </section>
    }
}

/// A number that leads somewhere.
#[component]
pub fn Figure(
    /// What is counted.
    name: &'static str,
    /// The number.
    #[prop(into)]
    value: String,
    /// Its shape.
    icon: super::icon::Icon,
    /// Where it leads.
    #[prop(into)]
    href: String,
    /// What else there is to say.
    children: Children,
) -> impl IntoView {
    view! {
        <a class="figure" href=href>
            <span class="figure__name"><super::icon::IconView icon />{name}</span>
            <span class="figure__value">{value}</span>
            <span class="figure__note">{children()}</span>
        </a>
    }
}
