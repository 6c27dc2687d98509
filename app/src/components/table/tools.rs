//! Above the rows: search, filters, chips, the choice of columns, and what to do to picked rows.

use std::{sync::Arc, time::Duration};

use api::Order;
use leptos::{ev, html, leptos_dom::helpers::TimeoutHandle, prelude::*};

use super::{
    ResourceTable,
    columns::{self, Hidden},
    rows::{Page, Picked, close_icon},
    use_go,
};
use crate::{
    browser,
    components::{
        action::ActionButtons,
        icon::{Icon, IconView},
        menu::{Menu, MenuCheck},
    },
    format,
    i18n::{t, use_locale},
    query::ListState,
};

/// How long somebody stops typing before the list is asked for.
const PAUSE: Duration = Duration::from_millis(220);
/// An age that says something is wrong; a picture is renewed every 15 seconds when nothing happens.
const OLD_MILLIS: u64 = 30_000;

#[component]
pub(super) fn Tools(
    table: Arc<ResourceTable>,
    page: RwSignal<Page>,
    state: Memo<ListState>,
    hidden: Hidden,
) -> impl IntoView {
    let locale = use_locale();
    let titles: Vec<_> = table.columns.iter().map(|column| (column.key, (column.title)(locale))).collect();
    let name = table.name;
    let column_items = move || {
        let item = |(key, title): (&'static str, &'static str)| {
            let checked = Signal::derive(move || !hidden.read().contains(key));
            view! { <MenuCheck text=title checked turn=move |()| columns::turn(name, hidden, key) /> }
        };
        titles[1..].iter().copied().map(item).collect_view()
    };
    let age = move || {
        let age = page.with(|page| page.age_ms).filter(|age| *age >= OLD_MILLIS)?;
        let ago = format::ago(locale, i64::try_from(age / 1_000).unwrap_or(i64::MAX));
        Some(view! { <span class="badge badge--warn">{t!(locale, table.as_of, ago = ago)}</span> })
    };
    view! {
        <div class="resource__tools">
            <Search state />
            {table.filters.iter().filter(|it| !it.options.is_empty()).cloned().map(|filter| view! { <FilterSelect filter state /> }).collect_view()}
            <span class="resource__gap"></span>
            <span class="resource__summary" role="status">
                {age}
                {move || t!(locale, table.total, count = page.with(|page| page.total).to_string())}
            </span>
            <Menu label=t!(locale, table.columns) icon=Icon::Columns class="button button--quiet button--icon">
                {column_items()}
            </Menu>
        </div>
        <Chips table state />
    }
}

#[component]
fn Search(state: Memo<ListState>) -> impl IntoView {
    let (locale, go) = (use_locale(), use_go());
    let input = NodeRef::<html::Input>::new();
    let waiting = StoredValue::new(None::<TimeoutHandle>);
    let typed = {
        let go = go.clone();
        move |event: ev::Event| {
            let (text, go) = (event_target_value(&event), go.clone());
            if let Some(handle) = waiting.get_value() {
                handle.clear();
            }
            let later = move || go(&state.get_untracked().searched(text.trim()));
            waiting.set_value(set_timeout_with_handle(later, PAUSE).ok());
        }
    };
    Effect::new(move |_| {
        let listening = window_event_listener(ev::keydown, move |event| {
            let plain = !event.ctrl_key() && !event.meta_key() && !event.alt_key();
            if event.key() == "/"
                && plain
                && !browser::is_typing(&event)
                && let Some(input) = input.try_get_untracked().flatten()
            {
                event.prevent_default();
                let _ = input.focus();
                input.select();
            }
        });
        on_cleanup(move || listening.remove());
    });
    // Without JavaScript the form asks for the same address.
    let kept = move || {
        state.with(|state| {
            let mut kept: Vec<(String, String)> = state.filters.clone().into_iter().collect();
            if !state.tab.is_empty() {
                kept.push(("tab".to_owned(), state.tab.clone()));
            }
            if !state.sort.is_empty() {
                kept.push(("sort".to_owned(), state.sort.clone()));
            }
            if state.order == Order::Desc {
                kept.push(("order".to_owned(), "desc".to_owned()));
            }
            kept.into_iter().map(|(name, value)| view! { <input type="hidden" name=name value=value /> }).collect_view()
        })
    };
    view! {
        <form
            class="resource__search"
            role="search"
            method="get"
            on:submit=move |event| {
                event.prevent_default();
                go(&state.get_untracked().searched(&input.get_untracked().map(|it| it.value()).unwrap_or_default()));
            }
        >
            <IconView icon=Icon::Search />
            <input
                class="input"
                type="search"
                name="q"
                autocomplete="off"
                spellcheck="false"
                node_ref=input
                placeholder=t!(locale, table.filter)
                aria-label=t!(locale, table.filter)
                aria-keyshortcuts="/"
                value=state.with_untracked(|state| state.q.clone())
                prop:value=move || state.with(|state| state.q.clone())
                on:input=typed
            />
            <kbd aria-hidden="true">"/"</kbd>
            {kept}
        </form>
    }
}

#[component]
fn FilterSelect(filter: super::Filter, state: Memo<ListState>) -> impl IntoView {
    let (locale, go) = (use_locale(), use_go());
    let field = filter.field;
    let title = (filter.title)(locale);
    let current = move || state.with(|state| state.filters.get(field).cloned().unwrap_or_default());
    let option = move |(value, text): (&'static str, crate::i18n::Text)| {
        view! {
            <option value=value selected=move || current() == value>
                {text(locale)}
            </option>
        }
    };
    view! {
        <select
            class="select select--quiet"
            aria-label=title
            prop:value=current
            on:change=move |event| go(&state.get_untracked().filtered(field, &event_target_value(&event)))
        >
            <option value="">{t!(locale, table.any, field = title)}</option>
            {filter.options.into_iter().map(option).collect_view()}
        </select>
    }
}

#[component]
fn Chips(table: Arc<ResourceTable>, state: Memo<ListState>) -> impl IntoView {
    let locale = use_locale();
    let chip = move |filter: &super::Filter| {
        let now = state.get();
        let value = now.filters.get(filter.field)?;
        let known = filter.options.iter().find(|(option, _)| option == value);
        let text = known.map_or_else(|| value.clone(), |(_, text)| text(locale).to_owned());
        let title = (filter.title)(locale);
        Some(view! {
            <span class="chip">
                {t!(locale, table.chip, field = title, value = text)}
                <a href=now.filtered(filter.field, "").address() aria-label=t!(locale, table.remove_filter, field = title) attr:data-noscroll="">
                    {close_icon()}
                </a>
            </span>
        })
    };
    move || {
        let chips: Vec<_> = table.filters.iter().filter_map(chip).collect();
        (!chips.is_empty()).then(|| {
            view! {
                <div class="resource__chips">
                    {chips}
                    <a href=state.get().unfiltered().address() attr:data-noscroll="">
                        {t!(locale, table.clear_filters)}
                    </a>
                </div>
            }
        })
    }
}

#[component]
pub(super) fn Bulk(table: Arc<ResourceTable>, picked: Picked) -> impl IntoView {
    let locale = use_locale();
    let subjects = Signal::derive(move || picked.subjects());
    let some = Memo::new(move |_| !subjects.with(Vec::is_empty));
    move || {
        let actions = table.actions.clone();
        some.get().then(|| {
            view! {
                <div class="resource__bulk" role="region" aria-label=t!(locale, table.bulk)>
                    <strong>{move || t!(locale, table.picked, count = subjects.with(Vec::len).to_string())}</strong>
                    <ActionButtons actions subjects done=Callback::new(move |()| picked.clear()) />
                    <button type="button" class="button button--quiet button--small" on:click=move |_| picked.clear()>
                        {t!(locale, table.clear_picked)}
                    </button>
                </div>
            }
        })
    }
}
