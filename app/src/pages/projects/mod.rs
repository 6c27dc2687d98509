//! Projects: apps and the people who work on them, each with a role.

pub mod detail;
pub mod list;
mod members;
mod policy;
mod quota;
mod robots;
mod teams;

use api::permission::ProjectRole;

use crate::i18n::{Locale, t};

/// The roles by what forms call them, the least first.
const ROLES: [(&str, ProjectRole); 3] =
    [(LEAST_ROLE, ProjectRole::Guest), ("developer", ProjectRole::Developer), ("admin", ProjectRole::Admin)];
/// What a form begins with.
const LEAST_ROLE: &str = "guest";

/// The roles to choose from in a form.
fn role_options(locale: Locale) -> Vec<(String, String)> {
    ROLES.map(|(key, role)| (key.to_owned(), role_word(locale, role).to_owned())).to_vec()
}

/// The role that was chosen in a form.
fn chosen_role(key: &str) -> ProjectRole {
    ROLES.iter().find(|(known, _)| *known == key).map_or(ProjectRole::Guest, |(_, role)| *role)
}

/// What a role in a project is called.
pub fn role_word(locale: Locale, role: ProjectRole) -> &'static str {
    match role {
        ProjectRole::Guest => t!(locale, members.guest),
        ProjectRole::Developer => t!(locale, members.developer),
        ProjectRole::Admin => t!(locale, members.admin),
    }
}
