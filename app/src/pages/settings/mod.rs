//! The settings of the whole portal, for its administrators.

mod announcement;
mod passwords;

use api::{Client, ListQuery, Problem, portal::PortalSettings};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use self::{announcement::AnnouncementCard, passwords::PasswordCard};
use crate::{
    components::header::PageHeader,
    i18n::{t, use_locale},
    load::Load,
};

/// The settings, and what restricting password sign-in depends on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Shown {
    settings: PortalSettings,
    /// Active break-glass accounts.
    accounts: u64,
    /// Identity providers that are switched on.
    providers: usize,
}

/// The settings of the whole portal.
#[component]
pub fn SettingsPage() -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let load = Load::new(&[], move || {
        let client = client.clone();
        async move { fetch(&client).await }
    });
    view! {
        <div class="page page--narrow">
            <PageHeader title=t!(locale, nav.settings).to_owned() lead=t!(locale, portal.lead) />
            {load
                .show(move |shown| {
                    let announcement = shown.get_untracked().settings.announcement.clone();
                    view! {
                        <AnnouncementCard announcement />
                        <PasswordCard shown load />
                    }
                        .into_any()
                })}
        </div>
    }
}

async fn fetch(client: &Client) -> Result<Shown, Problem> {
    let settings = client.portal().await?;
    let filters =
        [("break_glass", "true"), ("state", "active")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let query = ListQuery { limit: Some(1), filters: filters.into_iter().collect(), ..ListQuery::default() };
    let accounts = client.list_users(&query).await?.total;
    let providers = client.list_providers().await?.items.iter().filter(|provider| provider.enabled).count();
    Ok(Shown { settings, accounts, providers })
}

/// Changes a part of the settings; the others stay as they are by now.
async fn change(client: &Client, part: impl FnOnce(&mut PortalSettings)) -> Result<PortalSettings, Problem> {
    let mut settings = client.portal().await?;
    part(&mut settings);
    client.set_portal(&settings).await
}
