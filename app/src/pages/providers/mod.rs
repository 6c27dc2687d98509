//! Identity providers, where people sign in with an account that they have already. For administrators of the portal.

pub mod detail;
mod form;
pub mod list;
pub mod new;
mod presets;
mod trial;

use api::provider::{FirstSignIn, ProviderKind};

use crate::i18n::{Locale, t};

/// What a kind of provider is called.
fn kind_word(locale: Locale, kind: ProviderKind) -> &'static str {
    match kind {
        ProviderKind::Oidc => t!(locale, providers.openid),
        ProviderKind::Github => t!(locale, presets.github),
        ProviderKind::Gitee => t!(locale, presets.gitee),
    }
}

/// What happens to somebody who has no account yet.
fn newcomers_word(locale: Locale, policy: FirstSignIn) -> &'static str {
    match policy {
        FirstSignIn::Refuse => t!(locale, providers.newcomers_refuse),
        FirstSignIn::Approve => t!(locale, providers.newcomers_approve),
        FirstSignIn::Create => t!(locale, providers.newcomers_create),
    }
}
