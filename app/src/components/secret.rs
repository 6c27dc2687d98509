//! Secrets of tokens and robots that were just made: shown this once, with how to use them.

use leptos::prelude::*;

use super::{code::CodeBlock, dialog::Dialog};
use crate::{
    browser,
    i18n::{Locale, t, use_locale},
};

/// For how many days a secret can be made to work, and the choice to begin with.
const DAYS: [u32; 4] = [7, 30, 90, 366];
/// What a form begins with.
pub const FIRST_DAYS: u32 = DAYS[1];

/// The values of a form's choice of days, and what they are called.
pub fn lifetimes(locale: Locale) -> Vec<(String, String)> {
    DAYS.map(|days| (days.to_string(), t!(locale, account.days, count = days.to_string()))).to_vec()
}

/// The secret that was just made.
#[derive(Clone, Copy)]
pub struct Secrets {
    open: RwSignal<bool>,
    made: RwSignal<Option<(String, String)>>,
}

impl Secrets {
    /// None yet.
    pub fn none() -> Self {
        Self { open: RwSignal::new(false), made: RwSignal::new(None) }
    }

    /// Shows the secret of what has this name, if the page is still there.
    pub fn show(self, name: String, secret: String) {
        let _ = self.made.try_set(Some((name, secret)));
        let _ = self.open.try_set(true);
    }
}

/// Shows a secret that was just made; it is gone from the page as soon as the dialog is.
#[component]
pub fn SecretDialog(
    /// What was made.
    secrets: Secrets,
) -> impl IntoView {
    let locale = use_locale();
    let Secrets { open, made } = secrets;
    Effect::new(move |_| {
        if !open.get() {
            made.set(None);
        }
    });
    let shown = move |(name, secret): (String, String)| {
        let example = format!("curl -H \"Authorization: Bearer $TOKEN\" {}/api/v1/me", browser::origin());
        view! {
            <p class="strong">{name}</p>
            <CodeBlock text=secret label=t!(locale, account.secret) />
            <p>{t!(locale, account.secret_use)}</p>
            <CodeBlock text=example label=t!(locale, account.secret_example) />
        }
    };
    let title = Signal::stored(t!(locale, account.secret_title).to_owned());
    let foot = move || {
        view! {
            <button type="button" class="button button--primary" on:click=move |_| open.set(false)>
                {t!(locale, account.secret_kept)}
            </button>
        }
    };
    view! {
        <Dialog open title foot>
            <p>{t!(locale, account.secret_once)}</p>
            {move || made.get().map(shown)}
        </Dialog>
    }
}
