//! The tools above a log: search, what is read, how it is shown.

use leptos::prelude::*;

use super::{Link, Streams, View};
use crate::{
    components::{
        icon::{Icon, IconView},
        menu::Menu,
    },
    i18n::{t, use_locale},
};

#[component]
pub(super) fn Tools(
    view: View,
    services: Vec<String>,
    /// The one service that is read; empty for all.
    service: RwSignal<String>,
    download: Signal<String>,
) -> impl IntoView {
    let locale = use_locale();
    let search = view.search;
    let found = move || {
        let (hits, goal) = (search.hits.get(), search.goal().get());
        let place = goal.and_then(|goal| hits.iter().position(|hit| *hit == goal)).map_or(0, |place| place + 1);
        (!search.text.with(String::is_empty)).then(|| format!("{place} / {}", hits.len()))
    };
    let typed = move |event: leptos::ev::KeyboardEvent| {
        if event.key() == "Enter" {
            event.prevent_default();
            search.go(view, if event.shift_key() { -1 } else { 1 });
        }
    };
    let toggle = move |label: &'static str, word: &'static str, value: RwSignal<bool>| {
        view! {
            <button
                type="button"
                class="button button--small"
                title=label
                aria-label=label
                aria-pressed=move || value.get().to_string()
                on:click=move |_| {
                    value.update(|value| *value = !*value);
                    search.reset();
                }
            >
                {word}
            </button>
        }
    };
    let choose = move |label: &'static str, value: RwSignal<String>, options: Vec<(&str, String)>| {
        let option = move |(key, text): (&str, String)| {
            view! { <option value=key.to_owned() selected=value.get_untracked() == key>{text}</option> }
        };
        view! {
            <select class="select" aria-label=label on:change=move |event| value.set(event_target_value(&event))>
                {options.into_iter().map(option).collect_view()}
            </select>
        }
    };
    let lines = |count: &str| t!(locale, logs.lines, count = count.to_owned());
    let tails = vec![
        ("200", lines("200")),
        ("1000", lines("1,000")),
        ("5000", lines("5,000")),
        ("all", t!(locale, logs.all).to_owned()),
    ];
    let times = vec![
        ("", t!(locale, logs.any_time).to_owned()),
        ("15m", t!(locale, logs.minutes).to_owned()),
        ("1h", t!(locale, logs.hour).to_owned()),
        ("1d", t!(locale, logs.day).to_owned()),
    ];
    let stream = move |event| {
        view.streams.set(match event_target_value(&event).as_str() {
            "out" => Streams::Out,
            "err" => Streams::Err,
            _ => Streams::Both,
        });
    };
    view! {
        <div class="logs__tools">
            <div class="resource__search">
                <IconView icon=Icon::Search />
                <input
                    class="input"
                    type="search"
                    placeholder=t!(locale, logs.search)
                    aria-label=t!(locale, logs.search)
                    data-filter=""
                    prop:value=move || search.text.get()
                    on:input=move |event| {
                        search.text.set(event_target_value(&event));
                        search.reset();
                        search.go(view, 1);
                    }
                    on:keydown=typed
                />
            </div>
            <span class="numeric soft" role="status">
                {found}
            </span>
            <button
                type="button"
                class="button button--small button--icon"
                aria-label=t!(locale, logs.previous)
                on:click=move |_| search.go(view, -1)
            >
                <IconView icon=Icon::SortUp />
            </button>
            <button
                type="button"
                class="button button--small button--icon"
                aria-label=t!(locale, logs.next)
                on:click=move |_| search.go(view, 1)
            >
                <IconView icon=Icon::SortDown />
            </button>
            {toggle(t!(locale, logs.case), "Aa", search.case)}
            {toggle(t!(locale, logs.regex), ".*", search.regex)}
            <span class="resource__gap"></span>
            <select class="select" aria-label=t!(locale, logs.streams) on:change=stream>
                <option value="">{t!(locale, logs.both)}</option>
                <option value="out">"stdout"</option>
                <option value="err">"stderr"</option>
            </select>
            {(services.len() > 1)
                .then(|| {
                    let all = std::iter::once(("", t!(locale, logs.all_services).to_owned()));
                    let options = all.chain(services.iter().map(|name| (name.as_str(), name.clone()))).collect();
                    choose(t!(locale, apps.service), service, options)
                })}
            {choose(t!(locale, logs.tail), view.tail, tails)}
            {choose(t!(locale, logs.since), view.since, times)}
            <button
                type="button"
                class="button button--small"
                aria-pressed=move || view.paused.get().to_string()
                on:click=move |_| {
                    view.paused.update(|paused| *paused = !*paused);
                    view.version.update(|version| *version += 1);
                }
            >
                <IconView icon=Icon::Pause />
                {move || if view.paused.get() { t!(locale, logs.resume) } else { t!(locale, logs.pause) }}
            </button>
            <button
                type="button"
                class="button button--small"
                aria-pressed=move || view.follow.get().to_string()
                on:click=move |_| view.follow.set(true)
            >
                {t!(locale, logs.follow)}
            </button>
            <Menu label=t!(locale, logs.more).to_owned()>
                <label class="check menu__check">
                    <input type="checkbox" bind:checked=view.times />
                    <span>{t!(locale, logs.times)}</span>
                </label>
                <label class="check menu__check">
                    <input type="checkbox" bind:checked=view.wrap />
                    <span>{t!(locale, logs.wrap)}</span>
                </label>
            </Menu>
            <a
                class="button button--small button--icon"
                href=move || download.get()
                download=""
                rel="external"
                aria-label=t!(locale, logs.download)
                title=t!(locale, logs.download)
            >
                <IconView icon=Icon::Download />
            </a>
            <span class="soft" role="status">
                {move || match view.link.get() {
                    Link::Opening | Link::Open => "",
                    Link::Lost => t!(locale, logs.lost),
                    Link::Ended => t!(locale, logs.ended),
                }}
            </span>
        </div>
    }
}
