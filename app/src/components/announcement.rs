//! What an administrator announces to everybody.

use api::portal::{Announcement, AnnouncementTone};
use leptos::prelude::*;

use super::icon::{Icon, IconView};
use crate::{
    boot::use_boot,
    browser,
    i18n::{t, use_locale},
    live::use_clock,
};

/// Remembers, as long as the browser is open, what was put away; `http/pages.rs` reads it.
const COOKIE: &str = "gantry_announcement";

/// What is announced on this page.
#[derive(Clone, Copy)]
pub struct Announced(RwSignal<Option<Announcement>>);

impl Announced {
    /// Announces something else, or nothing, if the page is still there.
    pub fn set(self, announcement: Option<Announcement>) {
        let _ = self.0.try_set(announcement);
    }
}

/// What is announced on this page.
pub fn use_announced() -> Announced {
    use_context().unwrap_or_else(|| Announced(RwSignal::new(use_boot().announcement)))
}

/// Gives what is announced to everything inside.
pub fn provide_announced() {
    provide_context(use_announced());
}

/// The announcement of the moment, above a page.
#[component]
pub fn AnnouncementBanner() -> impl IntoView {
    let announced = use_announced();
    // Absent in the first render, for which the server has looked at its own clock.
    let now = use_clock().slow();
    let current = Memo::new(move |_| {
        let announcement = announced.0.get()?;
        let is_over = now.get().is_some_and(|now| announcement.is_over(now));
        (!is_over).then_some(announcement)
    });
    move || {
        current.get().map(|announcement| {
            let mark = announcement.mark();
            let put_away = (announcement.tone == AnnouncementTone::Info).then(|| {
                Callback::new(move |()| {
                    browser::set_session_cookie(COOKIE, &mark);
                    announced.set(None);
                })
            });
            view! { <AnnouncementView announcement put_away /> }
        })
    }
}

/// An announcement as it looks.
#[component]
pub fn AnnouncementView(
    /// What is announced.
    announcement: Announcement,
    /// Puts it away.
    put_away: Option<Callback<()>>,
) -> impl IntoView {
    let locale = use_locale();
    let (class, icon) = match announcement.tone {
        AnnouncementTone::Info => ("notice banner", Icon::Info),
        AnnouncementTone::Warning => ("notice notice--warn banner", Icon::Warn),
    };
    let close = put_away.map(|put_away| {
        view! {
            <button
                type="button"
                class="button button--quiet button--small button--icon"
                aria-label=t!(locale, announcement.dismiss)
                on:click=move |_| put_away.run(())
            >
                <IconView icon=Icon::Close />
            </button>
        }
    });
    view! {
        <section class=class aria-label=t!(locale, announcement.label)>
            <IconView icon />
            <p class="notice__body announcement">{announcement.text}</p>
            {close}
        </section>
    }
}
