//! Tables of resources: columns as data; search, filters, order and page in the address and answered by the server;
//! a choice of columns that is remembered; rows that can be picked; menus.
//!
//! A row without a type is all the table knows, so that it is compiled once for all kinds of resources.

mod columns;
mod foot;
#[cfg(feature = "ssr")]
mod rendered;
mod rows;
mod tools;

use std::sync::Arc;

use api::List;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate, use_query_map};

pub use columns::Column;
#[cfg(feature = "ssr")]
pub use rendered::RenderedRows;
use rows::{Page, Rows};

use super::{action::Action, empty::EmptyState, icon::Icon};
use crate::{
    i18n::{Text, t, use_locale},
    load::{Load, Loadable},
    query::ListState,
};

/// A field that rows can be filtered by, with its values.
#[derive(Clone)]
pub struct Filter {
    /// The field's name in the address and the API.
    pub field: &'static str,
    /// What people call it.
    pub title: Text,
    /// Values and what they are called; without any the filter shows only while the address sets it.
    pub options: Vec<(&'static str, Text)>,
}

/// What stands in the place of rows where there are none at all.
#[derive(Clone, Copy)]
pub struct Empty {
    /// A shape for the kind of thing.
    pub icon: Icon,
    /// What is not there.
    pub title: Text,
    /// Why, and what to do.
    pub detail: Text,
    /// A way to do it: a text and an address.
    pub link: Option<(Text, &'static str)>,
}

/// A table of resources.
pub struct ResourceTable {
    name: &'static str,
    columns: Vec<Column>,
    actions: Vec<Action>,
    filters: Vec<Filter>,
    empty: Empty,
}

impl ResourceTable {
    /// A table; `name` is what its choice of columns is remembered by.
    pub fn new(name: &'static str, columns: Vec<Column>, empty: Empty) -> Self {
        Self { name, columns, actions: Vec::new(), filters: Vec::new(), empty }
    }

    /// With things to do to rows.
    #[must_use]
    pub fn actions(mut self, actions: Vec<Action>) -> Self {
        self.actions = actions;
        self
    }

    /// With filters.
    #[must_use]
    pub fn filters(mut self, filters: Vec<Filter>) -> Self {
        self.filters = filters;
        self
    }

    /// Shows a list; `key` tells rows apart, `label` is what people call one.
    pub fn show<T: Loadable + Clone + PartialEq>(
        self,
        load: Load<List<T>>,
        state: Memo<ListState>,
        key: fn(&T) -> String,
        label: fn(&T) -> String,
    ) -> AnyView {
        let table = Arc::new(self);
        load.show(move |list| {
            let page = RwSignal::new(Page::of(&list.get_untracked(), None, key, label));
            Effect::new(move |ran: Option<()>| {
                let list = list.get();
                if ran.is_some() {
                    let next = page.with_untracked(|page| Page::of(&list, Some(page), key, label));
                    page.set(next);
                }
            });
            table.clone().view(page, load.busy(), state)
        })
    }

    fn view(self: Arc<Self>, page: RwSignal<Page>, busy: Signal<bool>, state: Memo<ListState>) -> AnyView {
        let picked = rows::Picked::new(page);
        let hidden = columns::remembered(self.name, &self.columns);
        let nothing = Memo::new(move |_| page.with(|page| page.rows.is_empty()));
        let bare = move || nothing.get() && !state.with(ListState::is_filtered);
        let (table, empty) = (self.clone(), self.empty);
        view! {
            <div class="resource" aria-busy=move || busy.get().to_string()>
                {move || {
                    let table = table.clone();
                    if bare() {
                        return view! { <Nothing empty /> }.into_any();
                    }
                    view! {
                        <tools::Tools table=table.clone() page state hidden />
                        <tools::Bulk table=table.clone() picked />
                        {move || {
                            if nothing.get() {
                                view! { <NoMatch state /> }.into_any()
                            } else {
                                view! { <Rows table=table.clone() page state hidden picked /> }.into_any()
                            }
                        }}
                        <foot::Foot page state />
                    }
                        .into_any()
                }}
            </div>
        }
        .into_any()
    }
}

/// What the address asks a list for; `fields` are those it can be filtered by.
pub fn use_list_state(fields: &'static [&'static str]) -> Memo<ListState> {
    let address = use_query_map();
    Memo::new(move |_| address.with(|address| ListState::read(address, fields)))
}

/// Goes to another state of the list without a new entry in the history.
fn use_go() -> impl Fn(&ListState) + Clone + Send + Sync + 'static {
    let (navigate, path) = (use_navigate(), use_location().pathname);
    let navigate = StoredValue::new(navigate);
    move |state: &ListState| {
        let options = NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() };
        let address = path.get_untracked() + &state.address();
        let _ = navigate.try_with_value(|navigate| navigate(&address, options));
    }
}

#[component]
fn Nothing(empty: Empty) -> impl IntoView {
    let locale = use_locale();
    let link = empty.link.map(|(text, href)| view! { <a class="button button--primary" href=href>{text(locale)}</a> });
    view! {
        <EmptyState icon=empty.icon title=(empty.title)(locale) detail=(empty.detail)(locale)>
            {link}
        </EmptyState>
    }
}

#[component]
fn NoMatch(state: Memo<ListState>) -> impl IntoView {
    let locale = use_locale();
    view! {
        <EmptyState icon=Icon::Search title=t!(locale, table.no_match) detail=t!(locale, table.no_match_detail)>
            <a class="button" href=move || state.get().unfiltered().address() attr:data-noscroll="">
                {t!(locale, table.clear_filters)}
            </a>
        </EmptyState>
    }
}

/// Stands for rows while the first answer is awaited.
#[component]
pub fn Skeleton() -> impl IntoView {
    let locale = use_locale();
    view! {
        <div class="resource" aria-busy="true" aria-label=t!(locale, table.loading) role="status">
            <div class="skeleton--rows">{(0..6).map(|_| view! { <span class="skeleton"></span> }).collect_view()}</div>
        </div>
    }
}
