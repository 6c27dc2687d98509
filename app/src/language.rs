//! The switch between the languages. The choice is a cookie that the server reads; the page is loaded anew in it.

use leptos::prelude::*;

use crate::{
    browser,
    components::icon::{Icon, IconView},
    i18n::{Locale, language, t, use_locale},
};

const COOKIE: &str = "gantry_language";

/// The switch between the languages.
#[component]
pub fn LanguageSwitch() -> impl IntoView {
    let locale = use_locale();
    let option = move |choice: Locale, name: &'static str| {
        let tag = language(choice).tag();
        view! {
            <option value=tag lang=tag selected=choice == locale>
                {name}
            </option>
        }
    };
    view! {
        <label class="row">
            <IconView icon=Icon::Language />
            <span class="visually-hidden">{t!(locale, language.label)}</span>
            <select
                class="select select--quiet"
                on:change=move |event| {
                    browser::set_cookie(COOKIE, Some(&event_target_value(&event)));
                    browser::reload();
                }
            >
                {option(Locale::en, t!(locale, language.en))}
                {option(Locale::zh_CN, t!(locale, language.zh_cn))}
            </select>
        </label>
    }
}
