//! The list of identity providers.

use std::sync::Arc;

use api::{Client, List, permission::Permission, provider::Provider};
use leptos::prelude::*;

use super::{kind_word, newcomers_word};
use crate::{
    boot::use_boot,
    components::{
        empty::EmptyState,
        header::PageHeader,
        icon::{Icon, IconView},
        status::{Status, StatusBadge},
    },
    i18n::{t, use_locale},
    load::Load,
    paths,
};

/// The list of identity providers.
#[component]
pub fn ProvidersPage() -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let load = Load::new(&[], move || {
        let client = client.clone();
        async move { client.list_providers().await }
    });
    let new = use_boot().allows(None, Permission::ManagePortal).then(|| view! { <NewLink /> });
    view! {
        <div class="page">
            <PageHeader title=t!(locale, nav.providers).to_owned() lead=t!(locale, providers.lead)>
                {new}
            </PageHeader>
            {load.show(move |providers| view! { <ProviderTable providers /> }.into_any())}
        </div>
    }
}

#[component]
fn NewLink() -> impl IntoView {
    let locale = use_locale();
    view! {
        <a class="button button--primary" href=paths::NEW_PROVIDER>
            <IconView icon=Icon::Plus />
            {t!(locale, providers.new)}
        </a>
    }
}

#[component]
fn ProviderTable(providers: Signal<Arc<List<Provider>>>) -> impl IntoView {
    let locale = use_locale();
    let row = move |provider: Provider| {
        view! {
            <tr>
                <td class="lead">
                    <a href=paths::provider(&provider.slug)>{provider.name.clone()}</a>
                </td>
                <td><StatusBadge status=Status::of_provider(locale, provider.enabled) /></td>
                <td class="mid">{kind_word(locale, provider.kind)}</td>
                <td class="low"><code>{provider.issuer}</code></td>
                <td class="mid">{newcomers_word(locale, provider.first_sign_in)}</td>
                <td><StatusBadge status=Status::of_trial(locale, provider.trial.as_ref()) /></td>
            </tr>
        }
    };
    move || {
        let providers = providers.get();
        if providers.items.is_empty() {
            return view! {
                <div class="card">
                    <EmptyState
                        icon=Icon::Key
                        title=t!(locale, providers.empty)
                        detail=t!(locale, providers.empty_detail)
                    />
                </div>
            }
            .into_any();
        }
        view! {
            <div class="resource">
                <div class="resource__scroll">
                    <table class="table">
                        <thead>
                            <tr>
                                <th scope="col" class="lead">{t!(locale, providers.name)}</th>
                                <th scope="col">{t!(locale, providers.state)}</th>
                                <th scope="col" class="mid">{t!(locale, providers.kind)}</th>
                                <th scope="col" class="low">{t!(locale, providers.issuer)}</th>
                                <th scope="col" class="mid">{t!(locale, providers.newcomers)}</th>
                                <th scope="col">{t!(locale, providers.trial)}</th>
                            </tr>
                        </thead>
                        <tbody>{providers.items.iter().cloned().map(&row).collect_view()}</tbody>
                    </table>
                </div>
            </div>
        }
        .into_any()
    }
}
