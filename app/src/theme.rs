//! Light, dark, or as the system has it.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    boot::use_boot,
    browser,
    components::icon::{Icon, IconView},
    i18n::{t, use_locale},
};

const COOKIE: &str = "gantry_theme";

/// The colours a person chose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Theme {
    /// As the system has it.
    #[default]
    Auto,
    /// Dark text on light ground.
    Light,
    /// Light text on dark ground.
    Dark,
}

impl Theme {
    const ALL: [Self; 3] = [Self::Auto, Self::Light, Self::Dark];

    /// The choice that the value of the cookie `gantry_theme` stands for.
    pub fn from_cookie(value: Option<&str>) -> Self {
        match value {
            Some("light") => Self::Light,
            Some("dark") => Self::Dark,
            _ => Self::Auto,
        }
    }

    /// The value of `data-theme` on the document; absent for the system's choice.
    pub fn attribute(self) -> Option<&'static str> {
        match self {
            Self::Auto => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        }
    }
}

/// The switch between the themes.
#[component]
pub fn ThemeSwitch() -> impl IntoView {
    let locale = use_locale();
    let chosen = RwSignal::new(use_boot().theme);
    let choose = move |theme: Theme| {
        chosen.set(theme);
        browser::set_cookie(COOKIE, theme.attribute());
        if let Some(root) = document().document_element() {
            let _ = match theme.attribute() {
                Some(name) => root.set_attribute("data-theme", name),
                None => root.remove_attribute("data-theme"),
            };
        }
    };
    let option = move |theme: Theme| {
        let (icon, label) = match theme {
            Theme::Auto => (Icon::System, t!(locale, theme.auto)),
            Theme::Light => (Icon::Sun, t!(locale, theme.light)),
            Theme::Dark => (Icon::Moon, t!(locale, theme.dark)),
        };
        view! {
            <button
                type="button"
                aria-pressed=move || (chosen.get() == theme).to_string()
                aria-label=label
                title=label
                on:click=move |_| choose(theme)
            >
                <IconView icon />
            </button>
        }
    };
    view! {
        <div class="segmented" role="group" aria-label=t!(locale, theme.label)>
            {Theme::ALL.map(option).collect_view()}
        </div>
    }
}
