//! The side navigation; on narrow screens a drawer.

use api::permission::Permission;
use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::use_cluster;
use crate::{
    boot::use_boot,
    components::icon::{Icon, IconView},
    i18n::{t, use_locale},
    paths::{self, Noun},
};

#[component]
pub(super) fn Navigation(drawer: RwSignal<bool>) -> impl IntoView {
    let locale = use_locale();
    let cluster = use_cluster();
    let boot = use_boot();
    let manages = boot.allows(None, Permission::ManagePortal);
    let version = boot.me.map(|me| me.version).unwrap_or_default();
    let of_cluster = move |noun: Noun, icon: Icon, text: &'static str| {
        let href = Signal::derive(move || cluster.with(|cluster| paths::list(cluster, noun)));
        view! { <NavLink href icon text /> }
    };
    let fixed =
        |href: &'static str, icon: Icon, text: &'static str| view! { <NavLink href=href.to_owned() icon text /> };
    view! {
        <nav
            class="sidebar"
            id="navigation"
            aria-label=t!(locale, frame.navigation)
            data-open=move || drawer.get().then_some("")
        >
            <a class="sidebar__brand" href=paths::OVERVIEW>
                <Brand />
                <button
                    type="button"
                    class="button button--quiet button--icon sidebar__close"
                    aria-label=t!(locale, action.close)
                    on:click=move |event| {
                        event.prevent_default();
                        drawer.set(false);
                    }
                >
                    <IconView icon=Icon::Close />
                </button>
            </a>
            <div class="sidebar__group">
                {fixed(paths::OVERVIEW, Icon::Overview, t!(locale, nav.overview))}
                {fixed(paths::APPS, Icon::App, t!(locale, nav.apps))}
                {fixed(paths::OPERATIONS, Icon::Operation, t!(locale, nav.operations))}
            </div>
            <div class="sidebar__group">
                <p class="sidebar__title">{move || t!(locale, nav.cluster, name = cluster.get())}</p>
                {of_cluster(Noun::Containers, Icon::Container, t!(locale, nav.containers))}
                {of_cluster(Noun::Images, Icon::Image, t!(locale, nav.images))}
                {of_cluster(Noun::Networks, Icon::Network, t!(locale, nav.networks))}
                {of_cluster(Noun::Volumes, Icon::Volume, t!(locale, nav.volumes))}
                {of_cluster(Noun::Nodes, Icon::Node, t!(locale, nav.nodes))}
                {of_cluster(Noun::Events, Icon::Event, t!(locale, nav.events))}
            </div>
            <div class="sidebar__group">
                <p class="sidebar__title">{t!(locale, nav.organization)}</p>
                {fixed(paths::PROJECTS, Icon::Project, t!(locale, nav.projects))}
                {manages.then(|| fixed(paths::TEAMS, Icon::Team, t!(locale, nav.teams)))}
                {manages.then(|| fixed(paths::USERS, Icon::User, t!(locale, nav.users)))}
                {manages.then(|| fixed(paths::PROVIDERS, Icon::Key, t!(locale, nav.providers)))}
                {manages.then(|| fixed(paths::SETTINGS, Icon::Settings, t!(locale, nav.settings)))}
                {manages.then(|| fixed(paths::AUDIT, Icon::History, t!(locale, nav.audit)))}
            </div>
            <p class="sidebar__foot">{format!("Gantry {version}")}</p>
        </nav>
        <div class="sidebar-scrim" on:click=move |_| drawer.set(false)></div>
    }
}

/// The product's mark and name.
#[component]
pub fn Brand() -> impl IntoView {
    view! {
        <svg class="brand-mark" viewBox="0 0 24 24" aria-hidden="true">
            <rect width="24" height="24" rx="6" fill="#2a5fd6" />
            <path
                d="M4.5 8.5h15M7 8.5V19M17 8.5V19M4.5 8.5 9 5h6l4.5 3.5M12 8.5v3"
                fill="none"
                stroke="#fff"
                stroke-width="1.6"
                stroke-linecap="round"
                stroke-linejoin="round"
            />
            <rect x="9.75" y="11.5" width="4.5" height="3.5" rx=".6" fill="#fff" />
        </svg>
        <span>"Gantry"</span>
    }
}

#[component]
fn NavLink(#[prop(into)] href: Signal<String>, icon: Icon, text: &'static str) -> impl IntoView {
    let pathname = use_location().pathname;
    let current = move || {
        let here = pathname.with(|path| href.with(|href| leads_to(href, path)));
        here.then_some("page")
    };
    view! {
        <a class="sidebar__link" href=move || href.get() aria-current=current>
            <IconView icon />
            {text}
        </a>
    }
}

/// Whether a page belongs to a link of the navigation.
fn leads_to(href: &str, path: &str) -> bool {
    let below = |base: &str| path.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    match href {
        paths::OVERVIEW => path == href,
        paths::APPS => below(href) || is_of_app(path),
        paths::PROJECTS => below(href) && !is_of_app(path),
        _ => below(href),
    }
}

/// Whether a page shows an app of a project.
fn is_of_app(path: &str) -> bool {
    let in_project = path.strip_prefix("/projects/").and_then(|rest| rest.split_once('/'));
    in_project.is_some_and(|(_, rest)| rest.split('/').next() == Some("apps"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detail_page_belongs_to_its_list() {
        assert!(leads_to("/clusters/local/images", "/clusters/local/images/sha256%3Aab"));
        assert!(leads_to(paths::APPS, "/projects/default/apps/shop"));
        assert!(!leads_to(paths::OVERVIEW, "/apps"));
        assert!(!leads_to("/clusters/local/nodes", "/clusters/local/nodes-of-elsewhere"));
    }

    #[test]
    fn below_the_projects_only_the_apps_belong_to_the_apps() {
        for path in ["/projects", "/projects/shop", "/projects/apps"] {
            assert!(leads_to(paths::PROJECTS, path) && !leads_to(paths::APPS, path), "{path}");
        }
        for path in ["/projects/shop/apps", "/projects/shop/apps/web"] {
            assert!(leads_to(paths::APPS, path) && !leads_to(paths::PROJECTS, path), "{path}");
        }
    }
}
