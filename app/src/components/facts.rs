//! Lists of keys and values, and labels.

use std::collections::BTreeMap;

use leptos::prelude::*;

use crate::i18n::{t, use_locale};

/// A list of keys and values; a value that is empty is left out.
#[component]
pub fn KeyValueList(
    /// Name and value, in the order they are shown.
    items: Vec<(&'static str, AnyView)>,
) -> impl IntoView {
    let row = |(name, value): (&'static str, AnyView)| view! { <dt>{name}</dt><dd>{value}</dd> };
    view! { <dl class="facts">{items.into_iter().map(row).collect_view()}</dl> }
}

/// A value of a key-value list that is text; absent where there is none.
pub fn fact(name: &'static str, value: impl Into<String>) -> Option<(&'static str, AnyView)> {
    let value: String = value.into();
    (!value.is_empty()).then(|| (name, value.into_any()))
}

/// Labels as `name=value` pills.
#[component]
pub fn Labels(
    /// The labels.
    labels: BTreeMap<String, String>,
) -> impl IntoView {
    let locale = use_locale();
    if labels.is_empty() {
        return view! { <span class="soft">{t!(locale, common.none)}</span> }.into_any();
    }
    let label = |(name, value): (String, String)| {
        let text = if value.is_empty() { name } else { format!("{name}={value}") };
        view! { <li class="label">{text}</li> }
    };
    view! { <ul class="labels">{labels.into_iter().map(label).collect_view()}</ul> }.into_any()
}

/// Short texts as pills.
#[component]
pub fn Pills(
    /// The texts.
    texts: Vec<String>,
) -> impl IntoView {
    if texts.is_empty() {
        return ().into_any();
    }
    view! {
        <ul class="labels">
            {texts.into_iter().map(|text| view! { <li class="label">{text}</li> }).collect_view()}
        </ul>
    }
    .into_any()
}
