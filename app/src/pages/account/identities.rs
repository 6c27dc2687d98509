//! The accounts at identity providers with which one signs in here.

use std::sync::Arc;

use api::{
    Client, List, Problem,
    provider::{Identity, LinkIdentity, SignInChoice},
};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    boot::use_boot,
    browser,
    components::{
        action::{Action, ActionButtons, Confirm, Done, Subject},
        card::Card,
        icon::{Icon, IconView},
        problem::ProblemView,
        time::RelativeTime,
    },
    i18n::{t, use_locale},
    load::Load,
    paths,
};

/// The linked accounts; nothing at all where there is no provider.
#[component]
pub(super) fn IdentitiesCard(
    /// Told that sessions ended.
    ended: Trigger,
) -> impl IntoView {
    let client = expect_context::<Client>();
    let load = Load::new(&[], {
        let client = client.clone();
        move || {
            let client = client.clone();
            async move { client.list_identities().await }
        }
    });
    let again = Callback::new(move |()| {
        load.again();
        ended.notify();
    });
    let unlink = Action::new(
        |l| t!(l, identities.unlink),
        Icon::Unplug,
        move |identity: Arc<Identity>, _| {
            let client = client.clone();
            async move {
                client.delete_identity(identity.id).await?;
                Ok::<_, Problem>(Done::Now)
            }
        },
    )
    .confirm(Confirm {
        question: |l| t!(l, identities.unlink_question),
        loses: |l| t!(l, identities.unlink_loses),
        option: None,
        typed: false,
    });
    load.show(move |identities| view! { <Identities identities unlink=unlink.clone() again /> }.into_any())
}

#[component]
fn Identities(identities: Signal<Arc<List<Identity>>>, unlink: Action, again: Callback<()>) -> impl IntoView {
    let locale = use_locale();
    let providers = use_boot().providers;
    let problem = RwSignal::new(None::<Problem>);
    move || {
        let linked = identities.get();
        let is_linked = |choice: &SignInChoice| linked.items.iter().any(|it| it.provider == choice.slug);
        let free: Vec<_> = providers.iter().filter(|choice| !is_linked(choice)).cloned().collect();
        if linked.items.is_empty() && free.is_empty() {
            return ().into_any();
        }
        let buttons = (!free.is_empty()).then(|| {
            let button = |choice: SignInChoice| view! { <LinkButton choice problem /> };
            view! { <div class="card__body row">{free.into_iter().map(button).collect_view()}</div> }
        });
        let unlink = unlink.clone();
        view! {
            <Card title=t!(locale, identities.title) flush=true>
                <p class="card__body soft">{t!(locale, identities.lead)}</p>
                {move || {
                    problem
                        .get()
                        .map(|problem| view! { <div class="card__body"><ProblemView problem /></div> })
                }}
                {(!linked.items.is_empty())
                    .then(|| view! { <IdentityTable identities=linked.clone() unlink again /> })}
                {buttons}
            </Card>
        }
        .into_any()
    }
}

#[component]
fn IdentityTable(identities: Arc<List<Identity>>, unlink: Action, again: Callback<()>) -> impl IntoView {
    let locale = use_locale();
    let row = |identity: Identity| {
        let name = format!("{} ({})", identity.label, identity.provider_name);
        let subjects = Signal::stored(vec![Subject::new(name, Arc::new(identity.clone()))]);
        view! {
            <tr>
                <td class="strong">{identity.provider_name}</td>
                <td>{identity.label}</td>
                <td><RelativeTime at=identity.created_at /></td>
                <td>
                    {match identity.last_used_at {
                        Some(at) => view! { <RelativeTime at /> }.into_any(),
                        None => t!(locale, account.never).into_any(),
                    }}
                </td>
                <td class="num"><ActionButtons actions=vec![unlink.clone()] subjects done=again /></td>
            </tr>
        }
    };
    view! {
        <div class="resource__scroll">
            <table class="table table--plain">
                <thead>
                    <tr>
                        <th scope="col">{t!(locale, identities.provider)}</th>
                        <th scope="col">{t!(locale, providers.subject)}</th>
                        <th scope="col">{t!(locale, identities.linked)}</th>
                        <th scope="col">{t!(locale, account.last_used)}</th>
                        <th scope="col">
                            <span class="visually-hidden">{t!(locale, table.actions)}</span>
                        </th>
                    </tr>
                </thead>
                <tbody>{identities.items.iter().cloned().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
}

/// Goes to a provider and comes back linked.
#[component]
fn LinkButton(choice: SignInChoice, problem: RwSignal<Option<Problem>>) -> impl IntoView {
    let locale = use_locale();
    let client = StoredValue::new(expect_context::<Client>());
    let busy = RwSignal::new(false);
    let SignInChoice { slug, name, kind } = choice;
    let begin = move |_| {
        let client = client.get_value();
        let link = LinkIdentity { provider: slug.clone(), next: paths::ACCOUNT.to_owned() };
        busy.set(true);
        spawn_local(async move {
            let answer = client.link_identity(&link).await;
            let _ = busy.try_set(false);
            match answer {
                Ok(departure) => browser::leave_for(&departure.location),
                Err(error) => {
                    let _ = problem.try_set(Some(error));
                }
            }
        });
    };
    view! {
        <button type="button" class="button" disabled=move || busy.get() on:click=begin>
            <IconView icon=Icon::of_provider(kind) />
            {t!(locale, identities.link, name = name)}
        </button>
    }
}
