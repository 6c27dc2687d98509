//! The bar above every page: search, connection, theme, language, the person.

use leptos::{ev, prelude::*};

use super::connection::ConnectionBadge;
use crate::{
    boot::use_boot,
    components::{
        icon::{Icon, IconView},
        menu::{Menu, MenuLink},
    },
    i18n::{t, use_locale},
    language::LanguageSwitch,
    paths,
    theme::ThemeSwitch,
};

#[component]
pub(super) fn TopBar(drawer: RwSignal<bool>, palette: RwSignal<bool>) -> impl IntoView {
    let locale = use_locale();
    Effect::new(move |_| {
        let listening = window_event_listener(ev::keydown, move |event| {
            if (event.ctrl_key() || event.meta_key()) && event.key().eq_ignore_ascii_case("k") {
                event.prevent_default();
                palette.update(|open| *open = !*open);
            }
        });
        on_cleanup(move || listening.remove());
    });
    view! {
        <header class="topbar">
            <a
                class="button button--quiet button--icon topbar__menu"
                href="#navigation"
                role="button"
                aria-label=t!(locale, frame.menu)
                aria-expanded=move || drawer.get().to_string()
                on:click=move |event| {
                    event.prevent_default();
                    event.stop_propagation();
                    drawer.update(|open| *open = !*open);
                }
            >
                <IconView icon=Icon::Menu />
            </a>
            <button
                type="button"
                class="topbar__search"
                aria-keyshortcuts="Control+K Meta+K"
                on:click=move |_| palette.set(true)
            >
                <IconView icon=Icon::Search />
                <span>{t!(locale, palette.open)}</span>
                <kbd>"Ctrl K"</kbd>
            </button>
            <span class="topbar__gap"></span>
            <ConnectionBadge />
            <UserMenu />
        </header>
    }
}

#[component]
fn UserMenu() -> impl IntoView {
    let locale = use_locale();
    let boot = use_boot();
    let name = boot.me.map(|me| me.user.username).unwrap_or_default();
    let csrf_token = boot.csrf_token;
    view! {
        <Menu label=t!(locale, frame.user_menu, name = name.clone()) icon=Icon::User class="button button--quiet button--icon">
            <p class="menu__title">{t!(locale, frame.signed_in_as, name = name.clone())}</p>
            <MenuLink href=paths::ACCOUNT icon=Icon::User text=t!(locale, frame.account) />
            <div class="menu__rule"></div>
            <div class="menu__choice">
                <ThemeSwitch />
                <LanguageSwitch />
            </div>
            <div class="menu__rule"></div>
            <form method="post" action="/auth/logout">
                <input type="hidden" name="csrf_token" value=csrf_token.clone() />
                <button type="submit" class="menu__item" role="menuitem" tabindex="-1">
                    <IconView icon=Icon::SignOut />
                    {t!(locale, frame.sign_out)}
                </button>
            </form>
        </Menu>
    }
}
