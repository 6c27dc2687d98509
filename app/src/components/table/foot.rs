//! Below the rows: which of how many, and the way to the others.

use api::list::DEFAULT_LIMIT;
use leptos::prelude::*;

use super::{rows::Page, use_go};
use crate::{
    components::icon::{Icon, IconView},
    i18n::{t, use_locale},
    query::ListState,
};

const LIMITS: [u32; 5] = [20, 50, 100, 200, 500];

#[component]
pub(super) fn Foot(page: RwSignal<Page>, state: Memo<ListState>) -> impl IntoView {
    let (locale, go) = (use_locale(), use_go());
    let total = Memo::new(move |_| page.with(|page| page.total));
    let range = move || {
        let (first, last) = state.with(|state| state.range(total.get()));
        let total = total.get().to_string();
        t!(locale, table.range, first = first.to_string(), last = last.to_string(), total = total)
    };
    let limit = move |limit: u32| {
        view! {
            <option value=limit.to_string() selected=move || state.with(|state| state.limit() == limit)>
                {limit.to_string()}
            </option>
        }
    };
    let step = move |to: fn(u32) -> Option<u32>, icon: Icon, label: &'static str| {
        let target = move || {
            let state = state.get();
            to(state.page).filter(|page| *page < state.pages(total.get())).map(|page| state.at_page(page).address())
        };
        move || {
            match target() {
            Some(href) => view! {
                <a class="button button--small button--icon" href=href aria-label=label title=label attr:data-noscroll="">
                    <IconView icon />
                </a>
            }
            .into_any(),
            None => view! {
                <span class="button button--small button--icon" aria-disabled="true">
                    <IconView icon />
                </span>
            }
            .into_any(),
        }
        }
    };
    let needed = Memo::new(move |_| total.get() > u64::from(LIMITS[0].min(DEFAULT_LIMIT)) || state.read().page > 0);
    let foot = move || {
        let go = go.clone();
        view! {
            <nav class="resource__foot" aria-label=t!(locale, table.pages)>
                <label class="row">
                    {t!(locale, table.limit)}
                    <select
                        class="select select--quiet"
                        on:change=move |event| {
                            let limit = event_target_value(&event).parse().unwrap_or_default();
                            go(&ListState { limit, page: 0, ..state.get_untracked() });
                        }
                    >
                        {LIMITS.map(limit).collect_view()}
                    </select>
                </label>
                <span class="numeric">{range}</span>
                <span class="row">
                    {step(|page| page.checked_sub(1), Icon::Left, t!(locale, table.previous))}
                    {step(|page| page.checked_add(1), Icon::Right, t!(locale, table.next))}
                </span>
            </nav>
        }
    };
    move || needed.get().then(&foot)
}
