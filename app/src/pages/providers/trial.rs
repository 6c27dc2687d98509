//! Trying a provider, how that went, and letting people use it.

use std::sync::Arc;

use api::{
    Client, Problem,
    provider::{Provider, Trial, UpdateProvider},
};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    browser,
    components::{
        card::Card,
        facts::{KeyValueList, Pills, fact},
        icon::{Icon, IconView},
        problem::FormProblem,
        status::YesNo,
        time::RelativeTime,
    },
    i18n::{language, t, use_locale},
    load::Load,
};

/// The last trial, a button for another, and the switch.
#[component]
pub(super) fn TrialCard(
    /// The provider.
    provider: Signal<Arc<Provider>>,
    /// Where it comes from.
    load: Load<Provider>,
    /// Whether the form says something else than what is kept.
    unsaved: Memo<bool>,
) -> impl IntoView {
    let locale = use_locale();
    let client = StoredValue::new(expect_context::<Client>());
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<Problem>));
    let begin = move |_| {
        let (client, provider) = (client.get_value(), provider.get_untracked());
        busy.set(true);
        spawn_local(async move {
            let answer = client.try_provider(&provider.slug).await;
            let _ = busy.try_set(false);
            match answer {
                Ok(departure) => browser::leave_for(&departure.location),
                Err(error) => {
                    let _ = problem.try_set(Some(error));
                }
            }
        });
    };
    let start = view! {
        <button
            type="button"
            class="button button--small"
            disabled=move || busy.get() || unsaved.get()
            title=move || unsaved.get().then(|| t!(locale, providers.save_first))
            on:click=begin
        >
            <IconView icon=Icon::Play />
            {t!(locale, providers.trial_start)}
        </button>
    }
    .into_any();
    let trial = Memo::new(move |_| provider.read().trial.clone());
    view! {
        <Card title=t!(locale, providers.trial) tools=start>
            <div class="stack">
                <FormProblem problem />
                {move || match trial.get() {
                    Some(trial) => view! { <Outcome trial /> }.into_any(),
                    None => view! { <p>{t!(locale, providers.trial_none)}</p> }.into_any(),
                }}
                <p class="soft">
                    {move || {
                        if unsaved.get() { t!(locale, providers.save_first) } else { t!(locale, providers.trial_lead) }
                    }}
                </p>
                <EnabledSwitch provider load busy problem />
            </div>
        </Card>
    }
}

/// How a trial went.
#[component]
fn Outcome(trial: Trial) -> impl IntoView {
    let locale = use_locale();
    let at = trial.at;
    if let Some(problem) = trial.problem {
        return view! {
            <div class="notice notice--bad">
                <IconView icon=Icon::Bad />
                <div class="notice__body">
                    <p class="notice__title">{t!(locale, providers.trial_failed)}</p>
                    <p>{problem.text(language(locale))}</p>
                    <p class="soft"><RelativeTime at /></p>
                </div>
            </div>
        }
        .into_any();
    }
    let groups = if trial.groups.is_empty() {
        t!(locale, common.none).into_any()
    } else {
        view! { <Pills texts=trial.groups /> }.into_any()
    };
    let told = [
        fact(t!(locale, providers.subject), trial.subject.unwrap_or_default()),
        fact(t!(locale, providers.username), trial.username.unwrap_or_default()),
        Some((t!(locale, providers.groups), groups)),
        Some((t!(locale, projects.portal_admin), view! { <YesNo yes=trial.admin /> }.into_any())),
        Some((t!(locale, providers.tried), view! { <RelativeTime at /> }.into_any())),
    ];
    let items: Vec<_> = told.into_iter().flatten().collect();
    view! {
        <div class="notice notice--ok">
            <IconView icon=Icon::Ok />
            <div class="notice__body stack stack--tight">
                <p class="notice__title">{t!(locale, providers.trial_worked)}</p>
                <KeyValueList items />
            </div>
        </div>
    }
    .into_any()
}

/// Whether people can sign in with it.
#[component]
fn EnabledSwitch(
    provider: Signal<Arc<Provider>>,
    load: Load<Provider>,
    busy: RwSignal<bool>,
    problem: RwSignal<Option<Problem>>,
) -> impl IntoView {
    let locale = use_locale();
    let client = StoredValue::new(expect_context::<Client>());
    let enabled = Memo::new(move |_| provider.read().enabled);
    let worked = Memo::new(move |_| provider.read().trial.as_ref().is_some_and(|trial| trial.problem.is_none()));
    let turn = move |_| {
        let (client, provider) = (client.get_value(), provider.get_untracked());
        let update = UpdateProvider { enabled: Some(!provider.enabled), ..UpdateProvider::default() };
        busy.set(true);
        spawn_local(async move {
            let answer = client.update_provider(&provider.slug, &update).await;
            let _ = busy.try_set(false);
            let _ = problem.try_set(answer.err());
            load.again();
        });
    };
    let why = move || match (enabled.get(), worked.get()) {
        (true, _) => t!(locale, providers.enabled_hint),
        (false, true) => t!(locale, providers.disabled_hint),
        (false, false) => t!(locale, providers.untried_hint),
    };
    view! {
        <div class="field">
            <button
                type="button"
                role="switch"
                class="switch"
                aria-checked=move || enabled.get().to_string()
                aria-describedby="about-enabled"
                disabled=move || busy.get() || !(enabled.get() || worked.get())
                on:click=turn
            >
                <span class="switch__track" aria-hidden="true"></span>
                {t!(locale, providers.enabled)}
            </button>
            <p class="field__hint" id="about-enabled">
                {why}
            </p>
        </div>
    }
}
