//! The rows, and which of them are picked.

use std::{
    any::Any,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use api::{List, Order};
use leptos::prelude::*;

use super::{ResourceTable, columns::Hidden};
use crate::{
    components::{
        action::{ActionItems, Subject},
        icon::{Icon, IconView},
        menu::Menu,
    },
    i18n::{t, use_locale},
    load::Loadable,
    query::ListState,
};

pub(super) type Untyped = dyn Any + Send + Sync;

/// Where a row's content stands: in a list whose type only the columns know.
pub(super) struct Place {
    pub label: String,
    list: Arc<Untyped>,
    index: usize,
    item: fn(&Self) -> Option<Arc<Untyped>>,
    #[cfg(feature = "ssr")]
    is_same: fn(&Self, &Untyped) -> bool,
}

impl Place {
    fn typed<T: Loadable>(&self) -> Option<&T> {
        self.list.downcast_ref::<List<T>>()?.items.get(self.index)
    }
}

/// A row. Its content changes under it, so that a menu stays open and the cursor stays where it is.
#[derive(Clone)]
pub(super) struct Row {
    pub key: String,
    place: ArcRwSignal<Place>,
}

impl Row {
    pub fn subject(&self) -> Option<Subject> {
        let place = self.place.read();
        Some(Subject { name: place.label.clone(), item: (place.item)(&place)? })
    }
}

#[cfg(feature = "ssr")]
impl Row {
    /// A copy of the row's content.
    pub fn item(&self) -> Option<Arc<Untyped>> {
        self.place.with_untracked(|place| (place.item)(place))
    }

    /// Whether the row's content is the same as another's.
    pub fn is_same(&self, item: &Untyped) -> bool {
        self.place.with_untracked(|place| (place.is_same)(place, item))
    }
}

/// A page of rows.
#[derive(Clone)]
pub(super) struct Page {
    pub rows: Vec<Row>,
    #[cfg(feature = "ssr")]
    pub list: Arc<Untyped>,
    /// Whether two lists have the same rows.
    #[cfg(feature = "ssr")]
    pub is_same: fn(&Untyped, &Untyped) -> bool,
    pub total: u64,
    pub age_ms: Option<u64>,
}

impl Page {
    /// The rows of a list; those that were there before are kept, and told if their content is another.
    pub fn of<T: Loadable + Clone + PartialEq>(
        list: &Arc<List<T>>,
        before: Option<&Self>,
        key: fn(&T) -> String,
        label: fn(&T) -> String,
    ) -> Self {
        let old: BTreeMap<&str, &Row> =
            before.iter().flat_map(|page| page.rows.iter()).map(|row| (row.key.as_str(), row)).collect();
        let row = |(index, item): (usize, &T)| {
            let key = key(item);
            let place = Place {
                label: label(item),
                list: list.clone(),
                index,
                item: |place| Some(Arc::new(place.typed::<T>()?.clone())),
                #[cfg(feature = "ssr")]
                is_same: |place, item| place.typed::<T>() == item.downcast_ref(),
            };
            let Some(old) = old.get(key.as_str()) else {
                return Row { key, place: ArcRwSignal::new(place) };
            };
            let same = old.place.with_untracked(|old| old.typed() == Some(item));
            *old.place.write_untracked() = place;
            if !same {
                old.place.notify();
            }
            (*old).clone()
        };
        Self {
            rows: list.items.iter().enumerate().map(row).collect(),
            #[cfg(feature = "ssr")]
            list: list.clone(),
            #[cfg(feature = "ssr")]
            is_same: |a, b| items::<T>(a) == items::<T>(b),
            total: list.total,
            age_ms: list.age_ms,
        }
    }
}

#[cfg(feature = "ssr")]
fn items<T: Loadable>(list: &Untyped) -> Option<&[T]> {
    list.downcast_ref::<List<T>>().map(|list| list.items.as_slice())
}

/// The rows that are picked.
#[derive(Clone, Copy)]
pub(super) struct Picked {
    keys: RwSignal<BTreeSet<String>>,
    page: RwSignal<Page>,
}

impl Picked {
    pub fn new(page: RwSignal<Page>) -> Self {
        Self { keys: RwSignal::new(BTreeSet::new()), page }
    }

    pub fn clear(self) {
        self.keys.set(BTreeSet::new());
    }

    /// Those of the picked that are still on the page.
    pub fn subjects(self) -> Vec<Subject> {
        let keys = self.keys.read();
        if keys.is_empty() {
            return Vec::new();
        }
        self.page.with(|page| page.rows.iter().filter(|row| keys.contains(&row.key)).filter_map(Row::subject).collect())
    }

    fn all(self) -> bool {
        let keys = self.keys.read();
        !keys.is_empty() && self.page.with(|page| page.rows.iter().all(|row| keys.contains(&row.key)))
    }

    fn turn_all(self) {
        let keys = if self.all() {
            BTreeSet::new()
        } else {
            self.page.with_untracked(|page| page.rows.iter().map(|row| row.key.clone()).collect())
        };
        self.keys.set(keys);
    }

    fn turn(self, key: &str) {
        self.keys.update(|keys| {
            if !keys.remove(key) {
                keys.insert(key.to_owned());
            }
        });
    }
}

#[component]
pub(super) fn Rows(
    table: Arc<ResourceTable>,
    page: RwSignal<Page>,
    state: Memo<ListState>,
    hidden: Hidden,
    picked: Picked,
) -> impl IntoView {
    let locale = use_locale();
    let pickable = !table.actions.is_empty();
    let head = {
        let table = table.clone();
        move || {
            hidden.with(|hidden| {
                let shown = table.columns.iter().filter(|column| !hidden.contains(column.key));
                shown
                    .map(|column| {
                        view! { <Head key=column.key title=(column.title)(locale) class=column.class sortable=column.sortable state /> }
                    })
                    .collect_view()
            })
        }
    };
    let body = rows_view(&table, page, hidden, picked);
    view! {
        <div class="resource__scroll">
            <table class="table">
                <thead>
                    <tr>
                        {pickable
                            .then(|| {
                                view! {
                                    <th scope="col" class="pick">
                                        <input
                                            type="checkbox"
                                            aria-label=t!(locale, table.pick_all)
                                            prop:checked=move || picked.all()
                                            on:change=move |_| picked.turn_all()
                                        />
                                    </th>
                                }
                            })}
                        {head}
                        {pickable
                            .then(|| {
                                view! {
                                    <th scope="col" class="more">
                                        <span class="visually-hidden">{t!(locale, table.actions)}</span>
                                    </th>
                                }
                            })}
                    </tr>
                </thead>
                {body}
            </table>
        </div>
    }
}

#[component]
fn Head(
    key: &'static str,
    title: &'static str,
    class: &'static str,
    sortable: bool,
    state: Memo<ListState>,
) -> impl IntoView {
    let order = move || state.with(|state| (state.sort == key).then_some(state.order));
    let aria = move || {
        order().map(|order| match order {
            Order::Asc => "ascending",
            Order::Desc => "descending",
        })
    };
    let icon = move || match order() {
        Some(Order::Asc) => Icon::SortUp.class(),
        Some(Order::Desc) => Icon::SortDown.class(),
        None => Icon::Sort.class(),
    };
    let name = if sortable {
        view! {
            <a href=move || state.with(|state| state.sorted_by(key).address()) attr:data-noscroll="">
                {title}
                <span class=icon aria-hidden="true"></span>
            </a>
        }
        .into_any()
    } else {
        title.into_any()
    };
    view! {
        <th scope="col" class=class aria-sort=aria>
            {name}
        </th>
    }
}

fn rows_view(table: &Arc<ResourceTable>, page: RwSignal<Page>, hidden: Hidden, picked: Picked) -> AnyView {
    let row = {
        let table = table.clone();
        move |row: &Row| row_view(&table, row, hidden, picked)
    };
    #[cfg(feature = "ssr")]
    if let Some(rendered) = super::rendered::Scope::of(table.name, !table.actions.is_empty()) {
        let mark = rendered.html(&page.read_untracked(), row);
        return view! { <tbody inner_html=mark></tbody> }.into_any();
    }
    let rows = move || page.with(|page| page.rows.clone());
    view! {
        <tbody>
            <For each=rows key=|row| row.key.clone() children=move |it| row(&it) />
        </tbody>
    }
    .into_any()
}

fn row_view(table: &Arc<ResourceTable>, row: &Row, hidden: Hidden, picked: Picked) -> AnyView {
    if table.actions.is_empty() {
        return view! { <tr>{row_content(table, row, hidden, picked)}</tr> }.into_any();
    }
    let key = row.key.clone();
    let selected = move || picked.keys.with(|keys| keys.contains(&key)).then_some("true");
    view! { <tr aria-selected=selected>{row_content(table, row, hidden, picked)}</tr> }.into_any()
}

fn row_content(table: &Arc<ResourceTable>, row: &Row, hidden: Hidden, picked: Picked) -> AnyView {
    let cells = {
        let (table, place) = (table.clone(), row.place.clone());
        move || {
            let (hidden, place) = (hidden.read(), place.read());
            let shown = table.columns.iter().filter(|column| !hidden.contains(column.key));
            shown
                .map(|column| {
                    view! { <td class=column.class>{(column.cell)(place.list.as_ref(), place.index)}</td> }
                })
                .collect::<Vec<_>>()
        }
    };
    if table.actions.is_empty() {
        return cells.into_any();
    }
    let locale = use_locale();
    let (table, row) = (table.clone(), row.clone());
    let (key, name) = (row.key.clone(), row.place.with_untracked(|place| place.label.clone()));
    let is_picked = {
        let key = key.clone();
        move || picked.keys.with(|keys| keys.contains(&key))
    };
    view! {
        <td class="pick">
            <input
                type="checkbox"
                aria-label=t!(locale, table.pick_row, name = name.clone())
                prop:checked=is_picked
                on:change=move |_| picked.turn(&key)
            />
        </td>
        {cells}
        <td class="more">
            <Menu label=t!(locale, table.actions_of, name = name)>
                {row.subject().map(|subject| view! { <ActionItems actions=table.actions.clone() subject /> })}
            </Menu>
        </td>
    }
    .into_any()
}

/// The shape beside a filter's name.
pub(super) fn close_icon() -> impl IntoView {
    view! { <IconView icon=Icon::Close /> }
}
