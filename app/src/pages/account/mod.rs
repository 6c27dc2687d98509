//! The signed-in person's account.

mod identities;
mod password;
mod sessions;
mod tokens;
mod two_factor;

use leptos::prelude::*;

use crate::{
    boot::use_boot,
    components::{card::Card, facts::KeyValueList, header::PageHeader, time::RelativeTime},
    i18n::{t, use_locale},
    language::LanguageSwitch,
    pages::users::role_word,
    theme::ThemeSwitch,
};

/// The account: who one is, password, ways to sign in, sessions, tokens, how the console looks.
#[component]
pub fn AccountPage() -> impl IntoView {
    let locale = use_locale();
    let ended = Trigger::new();
    let facts = use_boot().me.map(|me| {
        vec![
            (t!(locale, gate.username), me.user.username.into_any()),
            (t!(locale, account.role), role_word(locale, me.user.role).into_any()),
            (t!(locale, common.created), view! { <RelativeTime at=me.user.created_at /> }.into_any()),
        ]
    });
    view! {
        <div class="page page--narrow">
            <PageHeader title=t!(locale, frame.account).to_owned() />
            <Card title=t!(locale, account.person)>{facts.map(|items| view! { <KeyValueList items /> })}</Card>
            <Card title=t!(locale, account.appearance)>
                <KeyValueList items=vec![
                    (t!(locale, theme.label), view! { <ThemeSwitch /> }.into_any()),
                    (t!(locale, language.label), view! { <LanguageSwitch /> }.into_any()),
                ] />
            </Card>
            <password::PasswordCard ended />
            <two_factor::TwoFactorCard ended />
            <identities::IdentitiesCard ended />
            <sessions::SessionsCard ended />
            <tokens::TokensCard ended />
        </div>
    }
}
