//! What a page knows before it asks the API anything: the server puts it in context and writes it into the document,
//! the browser reads it from there.

use std::sync::Arc;

use api::{
    Language,
    permission::{Permission, allows},
    portal::{Announcement, PasswordSignIn},
    provider::SignInChoice,
    user::Me,
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{i18n, theme::Theme};

/// The id of the document's element that carries the [`Boot`] as JSON.
pub const BOOT_ELEMENT: &str = "boot";

/// What a page knows before it asks the API anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Boot {
    /// What writes carry as `X-CSRF-Token`, and forms as `csrf_token`.
    pub csrf_token: String,
    /// The language to speak.
    pub language: Language,
    /// The colours to use.
    pub theme: Theme,
    /// Who is signed in.
    pub me: Option<Me>,
    /// Whether there is no administrator yet.
    pub setup_pending: bool,
    /// The identity providers that people can sign in with.
    #[serde(default)]
    pub providers: Vec<SignInChoice>,
    /// What stands above the page, unless somebody put it away.
    #[serde(default)]
    pub announcement: Option<Announcement>,
    /// Who may sign in with a password.
    #[serde(default)]
    pub password_sign_in: PasswordSignIn,
    /// Where the changes stood before the page was made: the watch socket tells what came since.
    pub position: u64,
}

impl Boot {
    /// Whether whoever is signed in may do something: in `project`, or in the whole portal where none is named.
    pub fn allows(&self, project: Option<&str>, permission: Permission) -> bool {
        self.me.as_ref().is_some_and(|me| {
            let membership = project.and_then(|name| me.projects.iter().find(|it| it.project == name));
            allows(me.user.role, membership.map(|it| it.role), permission)
        })
    }
}

/// Sets the status code of the response while rendering on the server; absent in the browser.
#[derive(Clone)]
pub struct PageStatus(pub Arc<dyn Fn(u16) + Send + Sync>);

/// Sets the status code of the response, where there is one.
pub fn set_page_status(status: u16) {
    if let Some(PageStatus(set)) = use_context() {
        set(status);
    }
}

/// The page's [`Boot`].
pub fn use_boot() -> Boot {
    use_context().unwrap_or_default()
}

/// Gives what follows from the boot to everything inside.
pub(crate) fn provide_boot(boot: &Boot) {
    provide_context(i18n::locale(boot.language));
    if use_context::<Boot>().is_none() {
        provide_context(boot.clone());
    }
}

/// Reads what the server wrote into the document.
#[cfg(feature = "hydrate")]
pub(crate) fn read_boot() -> Boot {
    document()
        .get_element_by_id(BOOT_ELEMENT)
        .and_then(|element| element.text_content())
        .and_then(|json| serde_json::from_str(&json).ok())
        .unwrap_or_default()
}

/// The element that carries the boot to the browser.
pub(crate) fn boot_element(boot: &Boot) -> impl IntoView + use<> {
    // `<` cannot end the element early when it is written as an escape.
    let json = serde_json::to_string(boot).unwrap_or_default().replace('<', "\\u003c");
    view! { <script type="application/json" id=BOOT_ELEMENT inner_html=json></script> }
}
