//! The command palette: any page, any object, by typing.

use std::time::Duration;

use api::{Client, overview::TargetKind, permission::Permission, search::Found};
use leptos::{ev, html, leptos_dom::helpers::TimeoutHandle, prelude::*, task::spawn_local};
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::use_cluster;
use crate::{
    boot::use_boot,
    browser,
    components::{
        dialog::BareDialog,
        icon::{Icon, IconView},
    },
    i18n::{Locale, t, use_locale},
    paths::{self, Noun},
};

const PAUSE: Duration = Duration::from_millis(140);

/// Something the palette leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    icon: Icon,
    text: String,
    detail: String,
    href: String,
}

/// The palette.
#[component]
pub(super) fn Palette(open: RwSignal<bool>) -> impl IntoView {
    let locale = use_locale();
    let label = Signal::stored(t!(locale, palette.title).to_owned());
    view! {
        <BareDialog open label class="palette">
            <Search open />
        </BareDialog>
    }
}

#[component]
fn Search(open: RwSignal<bool>) -> impl IntoView {
    let locale = use_locale();
    let client = StoredValue::new(expect_context::<Client>());
    let cluster = use_cluster();
    let manages = use_boot().allows(None, Permission::ManagePortal);
    let (text, at) = (RwSignal::new(String::new()), RwSignal::new(0_usize));
    let found = RwSignal::new(Vec::<Entry>::new());
    let waiting = StoredValue::new(None::<TimeoutHandle>);
    let entries = Memo::new(move |_| {
        let pages = cluster.with(|cluster| pages(locale, cluster, manages));
        let mut entries = text.with(|text| matching(pages, text));
        entries.extend(found.get());
        entries
    });
    let ask = move |q: String| {
        let client = client.get_value();
        spawn_local(async move {
            // Without an answer the pages still work; the next letter asks again.
            let answer = client.search(&q).await.map(|list| list.items).unwrap_or_default();
            if text.try_get_untracked().is_some_and(|text| text.trim() == q) {
                found.set(answer.into_iter().map(|it| entry(locale, it)).collect());
            }
        });
    };
    let typed = move |event: ev::Event| {
        let q = event_target_value(&event);
        text.set(q.clone());
        at.set(0);
        if let Some(handle) = waiting.get_value() {
            handle.clear();
        }
        let q = q.trim().to_owned();
        if q.is_empty() {
            found.set(Vec::new());
        } else {
            waiting.set_value(set_timeout_with_handle(move || ask(q), PAUSE).ok());
        }
    };
    let navigate = StoredValue::new(use_navigate());
    let go = move |href: &str| {
        open.set(false);
        navigate.with_value(|navigate| navigate(href, NavigateOptions::default()));
    };
    let keys = move |event: ev::KeyboardEvent| {
        let count = entries.with_untracked(Vec::len);
        match event.key().as_str() {
            "ArrowDown" if count > 0 => at.update(|at| *at = (*at + 1) % count),
            "ArrowUp" if count > 0 => at.update(|at| *at = (*at + count - 1) % count),
            "Enter" => {
                if let Some(href) = entries.with_untracked(|all| all.get(at.get_untracked()).map(|it| it.href.clone()))
                {
                    go(&href);
                }
            }
            _ => return,
        }
        event.prevent_default();
    };
    let item = move |(number, entry): (usize, Entry)| {
        let href = entry.href.clone();
        view! {
            <li
                class="palette__item"
                id=format!("found-{number}")
                role="option"
                aria-selected=move || (at.get() == number).to_string()
                on:click=move |_| go(&href)
                on:mousemove=move |_| {
                    if at.get_untracked() != number {
                        at.set(number);
                    }
                }
            >
                <IconView icon=entry.icon />
                <span>{entry.text}</span>
                <span>{entry.detail}</span>
            </li>
        }
    };
    let input = NodeRef::<html::Input>::new();
    Effect::new(move |_| {
        let selected = format!("found-{}", at.get());
        if let Some(element) = document().get_element_by_id(&selected) {
            element.scroll_into_view_with_bool(false);
        }
    });
    Effect::new(move |_| {
        if let Some(input) = input.get() {
            browser::after(Duration::ZERO, move || drop(input.focus()));
        }
    });
    view! {
        <div class="palette__input">
            <IconView icon=Icon::Search />
            <input
                type="text"
                role="combobox"
                autocomplete="off"
                spellcheck="false"
                aria-expanded="true"
                aria-controls="found"
                aria-activedescendant=move || format!("found-{}", at.get())
                aria-label=t!(locale, palette.title)
                placeholder=t!(locale, palette.placeholder)
                node_ref=input
                on:input=typed
                on:keydown=keys
            />
        </div>
        <ul class="palette__list" id="found" role="listbox" aria-label=t!(locale, palette.results)>
            {move || entries.get().into_iter().enumerate().map(item).collect_view()}
            {move || entries.with(Vec::is_empty).then(|| view! { <li class="palette__item soft">{t!(locale, palette.nothing)}</li> })}
        </ul>
        <p class="palette__foot" aria-hidden="true">
            <span><kbd>"↑"</kbd><kbd>"↓"</kbd>" "{t!(locale, palette.choose)}</span>
            <span><kbd>"↵"</kbd>" "{t!(locale, palette.go)}</span>
            <span><kbd>"Esc"</kbd>" "{t!(locale, action.close)}</span>
        </p>
    }
}

/// The pages and the actions that are pages; `manages` says whether those for administrators are among them.
fn pages(locale: Locale, cluster: &str, manages: bool) -> Vec<Entry> {
    let page = |icon: Icon, text: &str, href: String| Entry {
        icon,
        text: text.to_owned(),
        detail: t!(locale, palette.page).to_owned(),
        href,
    };
    let list = |noun| paths::list(cluster, noun);
    let mut pages = vec![
        Entry {
            icon: Icon::Plus,
            text: t!(locale, palette.new_app).to_owned(),
            detail: t!(locale, palette.action).to_owned(),
            href: paths::NEW_APP.to_owned(),
        },
        Entry {
            icon: Icon::Download,
            text: t!(locale, palette.pull_image).to_owned(),
            detail: t!(locale, palette.action).to_owned(),
            href: format!("{}?pull=", list(Noun::Images)),
        },
        page(Icon::Overview, t!(locale, nav.overview), paths::OVERVIEW.to_owned()),
        page(Icon::App, t!(locale, nav.apps), paths::APPS.to_owned()),
        page(Icon::Container, t!(locale, nav.containers), list(Noun::Containers)),
        page(Icon::Image, t!(locale, nav.images), list(Noun::Images)),
        page(Icon::Network, t!(locale, nav.networks), list(Noun::Networks)),
        page(Icon::Volume, t!(locale, nav.volumes), list(Noun::Volumes)),
        page(Icon::Node, t!(locale, nav.nodes), list(Noun::Nodes)),
        page(Icon::Event, t!(locale, nav.events), list(Noun::Events)),
        page(Icon::Operation, t!(locale, nav.operations), paths::OPERATIONS.to_owned()),
        page(Icon::Project, t!(locale, nav.projects), paths::PROJECTS.to_owned()),
        page(Icon::User, t!(locale, frame.account), paths::ACCOUNT.to_owned()),
    ];
    if manages {
        pages.push(page(Icon::Team, t!(locale, nav.teams), paths::TEAMS.to_owned()));
        pages.push(page(Icon::User, t!(locale, nav.users), paths::USERS.to_owned()));
        pages.push(page(Icon::Key, t!(locale, nav.providers), paths::PROVIDERS.to_owned()));
        pages.push(page(Icon::Settings, t!(locale, nav.settings), paths::SETTINGS.to_owned()));
        pages.push(page(Icon::History, t!(locale, nav.audit), paths::AUDIT.to_owned()));
    }
    pages
}

/// Those whose text has every word of `text`.
fn matching(entries: Vec<Entry>, text: &str) -> Vec<Entry> {
    let words: Vec<_> = text.split_whitespace().map(str::to_lowercase).collect();
    let fits = |entry: &Entry| {
        let name = entry.text.to_lowercase();
        words.iter().all(|word| name.contains(word))
    };
    entries.into_iter().filter(fits).collect()
}

fn entry(locale: Locale, found: Found) -> Entry {
    let (icon, kind) = match found.target.kind {
        TargetKind::App => (Icon::App, t!(locale, kind.app)),
        TargetKind::Cluster => (Icon::Node, t!(locale, kind.cluster)),
        TargetKind::Container => (Icon::Container, t!(locale, kind.container)),
        TargetKind::Image => (Icon::Image, t!(locale, kind.image)),
        TargetKind::Network => (Icon::Network, t!(locale, kind.network)),
        TargetKind::Node => (Icon::Node, t!(locale, kind.node)),
        TargetKind::Operation => (Icon::Operation, t!(locale, kind.operation)),
        TargetKind::Volume => (Icon::Volume, t!(locale, kind.volume)),
    };
    let detail = if found.detail.is_empty() { kind.to_owned() } else { format!("{kind} · {}", found.detail) };
    Entry { icon, href: paths::target(&found.target), text: found.target.name, detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_must_be_in_the_name_in_any_case_and_order() {
        let names = |text| {
            let found = matching(pages(Locale::en, "local", true), text);
            found.into_iter().map(|entry| entry.text).collect::<Vec<_>>()
        };
        assert_eq!(names("IMAGE pull"), [t!(Locale::en, palette.pull_image)]);
        assert!(names("").len() > 8);
        assert!(names("no such page").is_empty());
    }

    #[test]
    fn pages_for_administrators_are_offered_to_them_alone() {
        let leads = |manages| pages(Locale::en, "local", manages).iter().any(|entry| entry.href == paths::USERS);
        assert!(leads(true));
        assert!(!leads(false));
    }
}
