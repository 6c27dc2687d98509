//! Projects: apps and the people who work on them, each with a role.

pub mod detail;
pub mod list;
mod members;
mod policy;

use api::permission::ProjectRole;

use crate::i18n::{Locale, t};

/// What a role in a project is called.
fn role_word(locale: Locale, role: ProjectRole) -> &'static str {
    match role {
        ProjectRole::Guest => t!(locale, members.guest),
        ProjectRole::Developer => t!(locale, members.developer),
        ProjectRole::Admin => t!(locale, members.admin),
    }
}
