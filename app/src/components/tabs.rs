//! Tabs whose choice stands in the address.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// A tab: its name in the address, and its title. The first is shown where the address names none.
pub type Tab = (&'static str, &'static str);

/// The tabs of a page, as links.
#[component]
pub fn Tabs(
    /// The tabs.
    tabs: Vec<Tab>,
    /// What they are, for people who do not see them.
    label: &'static str,
) -> impl IntoView {
    let current = use_tab(&tabs);
    let link = move |(key, title): Tab| {
        view! {
            <a href=format!("?tab={key}") aria-current=move || (current.get() == key).then_some("page")>
                {title}
            </a>
        }
    };
    view! { <nav class="tabs" aria-label=label>{tabs.into_iter().map(link).collect_view()}</nav> }
}

/// The tab that the address names.
pub fn use_tab(tabs: &[Tab]) -> Memo<&'static str> {
    let query = use_query_map();
    let keys: Vec<_> = tabs.iter().map(|(key, _)| *key).collect();
    Memo::new(move |_| {
        let wanted = query.read().get_str("tab").map(str::to_owned).unwrap_or_default();
        keys.iter().copied().find(|key| *key == wanted).or_else(|| keys.first().copied()).unwrap_or_default()
    })
}
