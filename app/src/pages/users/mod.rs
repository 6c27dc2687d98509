//! Accounts, for administrators of the portal.

mod actions;
mod dialogs;
pub mod list;

use api::permission::SystemRole;

use crate::i18n::{Locale, t};

/// What a role in the whole portal is called.
pub fn role_word(locale: Locale, role: SystemRole) -> &'static str {
    match role {
        SystemRole::Admin => t!(locale, account.admin),
        SystemRole::Member => t!(locale, account.member),
    }
}
