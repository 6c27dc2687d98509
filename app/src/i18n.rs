//! The texts: typed keys of the message catalogues, written by `build.rs`, and the language they are shown in.
//!
//! A page speaks one language as long as it lives; the switch reloads it. So texts are plain `&'static str`, and no
//! text needs a reactive closure.

use leptos::prelude::*;

#[allow(dead_code, unused_imports, reason = "the generated module offers every text and macro, used or not")]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/i18n.rs"));
}

/// The languages there are catalogues for.
pub use generated::i18n::Locale;
/// A text: `t!(locale, group.key, name = value)`.
pub use generated::i18n::td_string as t;

/// A text by its language, where columns, actions and filters are data.
pub type Text = fn(Locale) -> &'static str;

/// The language of this page.
pub fn use_locale() -> Locale {
    use_context::<Locale>().unwrap_or_default()
}

/// The same language as the contract names it.
pub fn language(locale: Locale) -> api::Language {
    match locale {
        Locale::en => api::Language::English,
        Locale::zh_CN => api::Language::Chinese,
    }
}

/// The catalogue of a language of the contract.
pub fn locale(language: api::Language) -> Locale {
    match language {
        api::Language::English => Locale::en,
        api::Language::Chinese => Locale::zh_CN,
    }
}
