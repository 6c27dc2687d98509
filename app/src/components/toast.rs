//! Short messages about what was done, told to screen readers too.

use std::time::Duration;

use api::Problem;
use leptos::prelude::*;

use super::{
    icon::{Icon, IconView},
    status::Tone,
};
use crate::{
    browser,
    i18n::{Locale, language, t, use_locale},
};

const SHOWN: Duration = Duration::from_secs(6);

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    /// Its place in the order of messages; also what it is closed by.
    number: u32,
    tone: Tone,
    title: String,
    detail: String,
    link: Option<(String, String)>,
}

/// The messages of the page.
#[derive(Clone, Copy)]
pub struct Toasts {
    shown: RwSignal<Vec<Toast>>,
    next: StoredValue<u32>,
    locale: Locale,
}

impl Toasts {
    /// Says that something was done. It goes away by itself.
    pub fn done(self, title: impl Into<String>) {
        let number = self.add(Tone::Ok, title.into(), String::new(), None);
        browser::after(SHOWN, move || self.close(number));
    }

    /// Says that something goes on; close it by the number.
    pub fn working(self, title: impl Into<String>) -> u32 {
        self.add(Tone::Progress, title.into(), String::new(), None)
    }

    /// Says that an operation was started, with a link to it.
    pub fn started(self, title: impl Into<String>, href: String) {
        let link = (t!(self.locale, action.show_operation).to_owned(), href);
        let number = self.add(Tone::Progress, title.into(), String::new(), Some(link));
        browser::after(SHOWN * 2, move || self.close(number));
    }

    /// Says that something failed. It stays until it is closed.
    pub fn failed(self, title: impl Into<String>, problem: &Problem) {
        let problem = problem.clone();
        let problem = if problem.message.is_some() { problem.localized(language(self.locale)) } else { problem };
        self.add(Tone::Bad, title.into(), problem.detail, None);
    }

    /// Takes a message away.
    pub fn close(self, number: u32) {
        let _ = self.shown.try_update(|shown| shown.retain(|toast| toast.number != number));
    }

    fn add(self, tone: Tone, title: String, detail: String, link: Option<(String, String)>) -> u32 {
        let number = self.next.try_get_value().unwrap_or_default();
        self.next.try_set_value(number + 1);
        let _ = self.shown.try_update(|shown| shown.push(Toast { number, tone, title, detail, link }));
        number
    }
}

/// The messages of the page.
pub fn use_toasts() -> Toasts {
    use_context().unwrap_or_else(new_toasts)
}

fn new_toasts() -> Toasts {
    Toasts { shown: RwSignal::new(Vec::new()), next: StoredValue::new(0), locale: use_locale() }
}

/// Gives the messages to everything inside.
pub fn provide_toasts() {
    provide_context(new_toasts());
}

/// Where the messages are shown.
#[component]
pub fn ToastRegion() -> impl IntoView {
    let toasts = use_toasts();
    let locale = toasts.locale;
    let toast = move |toast: Toast| {
        let (class, icon) = match toast.tone {
            Tone::Ok => ("toast toast--ok", Icon::Ok),
            Tone::Bad => ("toast toast--bad", Icon::Bad),
            Tone::Warn => ("toast toast--warn", Icon::Warn),
            Tone::Progress | Tone::Off => ("toast", Icon::Progress),
        };
        let number = toast.number;
        view! {
            <div class=class>
                <IconView icon />
                <div class="toast__body">
                    <p class="strong">{toast.title}</p>
                    {(!toast.detail.is_empty()).then(|| view! { <p>{toast.detail}</p> })}
                    {toast.link.map(|(text, href)| view! { <a href=href on:click=move |_| toasts.close(number)>{text}</a> })}
                </div>
                <button
                    type="button"
                    class="button button--quiet button--small button--icon"
                    aria-label=t!(locale, action.close)
                    on:click=move |_| toasts.close(number)
                >
                    <IconView icon=Icon::Close />
                </button>
            </div>
        }
    };
    view! {
        <div class="toasts" role="status" aria-live="polite" aria-label=t!(locale, frame.messages)>
            <For each=move || toasts.shown.get() key=|toast| toast.number children=toast />
        </div>
    }
}
