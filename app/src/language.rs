//! Which language a person sees: the cookie of an earlier choice, else what the browser asks for.

use leptos::prelude::*;
use leptos_i18n::{
    Locale as _,
    context::{CookieOptions, UseLocalesOptions},
};
use leptos_use::SameSite;

use crate::i18n::{I18nContextProvider, Locale, t, use_i18n};

const COOKIE: &str = "gantry_language";
const COOKIE_MAX_AGE_MILLIS: i64 = 365 * 24 * 60 * 60 * 1000;

/// Gives the texts to everything inside and writes the language into `<html lang>`.
#[component]
pub fn LanguageProvider<C: IntoView + 'static>(children: TypedChildren<C>) -> impl IntoView {
    // The server only reads the cookie, so that no page it renders carries a Set-Cookie for everyone.
    let cookie = CookieOptions::<Locale>::default()
        .path("/")
        .same_site(SameSite::Lax)
        .max_age(COOKIE_MAX_AGE_MILLIS)
        .ssr_set_cookie(|_| ());
    let locales = UseLocalesOptions::default().ssr_lang_header_getter(accepted_languages);
    view! {
        <I18nContextProvider cookie_name=COOKIE cookie_options=cookie ssr_lang_header_getter=locales children />
    }
}

/// The switch between the languages.
#[component]
pub fn LanguageSwitch() -> impl IntoView {
    let i18n = use_i18n();
    let option = move |locale: Locale| {
        view! {
            <option value=locale.as_str() selected=move || i18n.get_locale() == locale>
                {match locale {
                    Locale::en => t!(i18n, language.en).into_any(),
                    Locale::zh_CN => t!(i18n, language.zh_cn).into_any(),
                }}
            </option>
        }
    };
    view! {
        <label class="language-switch">
            <span class="visually-hidden">{t!(i18n, language.label)}</span>
            <select on:change=move |event| {
                if let Ok(locale) = event_target_value(&event).parse() {
                    i18n.set_locale(locale);
                }
            }>{Locale::get_all().iter().copied().map(option).collect_view()}</select>
        </label>
    }
}

/// The request's `Accept-Language` with every kind of Chinese led to the one catalogue of Chinese we have.
fn accepted_languages() -> Option<String> {
    let parts = use_context::<http::request::Parts>()?;
    let header = parts.headers.get(http::header::ACCEPT_LANGUAGE)?.to_str().ok()?;
    Some(chinese_to_catalogue(header))
}

fn chinese_to_catalogue(header: &str) -> String {
    let language = |item: &str| {
        let item = item.trim();
        let (tag, quality) = item.split_once(';').map_or((item, None), |(tag, quality)| (tag, Some(quality)));
        let primary = tag.split('-').next().unwrap_or_default();
        let tag = if primary.eq_ignore_ascii_case("zh") { Locale::zh_CN.as_str() } else { tag };
        quality.map_or_else(|| tag.to_owned(), |quality| format!("{tag};{quality}"))
    };
    header.split(',').map(language).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::chinese_to_catalogue;

    #[test]
    fn any_chinese_is_asked_for_as_the_one_we_have() {
        assert_eq!(chinese_to_catalogue("zh, en;q=0.5"), "zh-CN,en;q=0.5");
        assert_eq!(chinese_to_catalogue("zh-Hant-TW;q=0.9,de"), "zh-CN;q=0.9,de");
        assert_eq!(chinese_to_catalogue("de-CH"), "de-CH");
    }
}
