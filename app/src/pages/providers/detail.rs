//! One identity provider: trying it, letting people use it, changing it.

use std::sync::Arc;

use api::{Client, Problem, provider::Provider};
use leptos::{ev, prelude::*, task::spawn_local};
use leptos_router::{
    NavigateOptions,
    hooks::{use_navigate, use_params_map},
};

use super::{
    form::{ConnectionFields, Draft, Form, PeopleFields},
    kind_word,
    trial::TrialCard,
};
use crate::{
    components::{
        action::{Action, ActionButtons, Confirm, Done, Subject},
        card::Card,
        code::CodeBlock,
        facts::KeyValueList,
        header::PageHeader,
        icon::Icon,
        problem::FormProblem,
        status::{Status, StatusPill},
        time::RelativeTime,
        toast::use_toasts,
    },
    i18n::{t, use_locale},
    load::Load,
    paths,
};

/// One identity provider.
#[component]
pub fn ProviderPage() -> impl IntoView {
    let client = expect_context::<Client>();
    let params = use_params_map();
    let slug = Memo::new(move |_| params.read().get("slug").unwrap_or_default());
    let load = Load::new(&[], move || {
        let (client, slug) = (client.clone(), slug.get());
        async move { client.provider(&slug).await }
    });
    view! { <div class="page">{load.show(move |provider| view! { <Shown provider load /> }.into_any())}</div> }
}

#[component]
fn Shown(provider: Signal<Arc<Provider>>, load: Load<Provider>) -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let navigate = StoredValue::new(use_navigate());
    let gone = Callback::new(move |()| navigate.with_value(|go| go(paths::PROVIDERS, NavigateOptions::default())));
    let title = Signal::derive(move || provider.read().name.clone());
    let above = vec![(t!(locale, nav.providers).to_owned(), paths::PROVIDERS.to_owned())];
    let enabled = Memo::new(move |_| provider.read().enabled);
    let badge = move || view! { <StatusPill status=Status::of_provider(locale, enabled.get()) /> };
    let subjects = Signal::derive(move || {
        let provider = provider.get();
        vec![Subject::new(provider.name.clone(), provider)]
    });
    // The form belongs to one provider; the address may lead to another.
    let id = Memo::new(move |_| provider.read().id);
    view! {
        <PageHeader title above badge=badge.into_any()>
            <ActionButtons actions=vec![delete(client)] subjects done=gone />
        </PageHeader>
        {move || {
            id.track();
            view! { <Parts provider load /> }
        }}
    }
}

#[component]
fn Parts(provider: Signal<Arc<Provider>>, load: Load<Provider>) -> impl IntoView {
    let form = {
        let provider = provider.get_untracked();
        Form::new(provider.kind, &Draft::from(&*provider))
    };
    let unsaved = Memo::new(move |_| provider.with(|provider| form.draft() != Draft::from(&**provider)));
    view! {
        <div class="grid grid--wide">
            <div class="stack">
                <TrialCard provider load unsaved />
                <EditForm provider load form unsaved />
            </div>
            <Facts provider />
        </div>
    }
}

#[component]
fn EditForm(provider: Signal<Arc<Provider>>, load: Load<Provider>, form: Form, unsaved: Memo<bool>) -> impl IntoView {
    let locale = use_locale();
    let toasts = use_toasts();
    let client = StoredValue::new(expect_context::<Client>());
    let has_secret = Memo::new(move |_| provider.read().has_secret);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let (client, before) = (client.get_value(), provider.get_untracked());
        let changes = untrack(|| form.draft()).changes(&Draft::from(&*before));
        form.busy.set(true);
        spawn_local(async move {
            let answer = client.update_provider(&before.slug, &changes).await;
            let _ = form.busy.try_set(false);
            let _ = form.problem.try_set(answer.as_ref().err().cloned());
            if let Ok(now) = answer {
                form.fill(&Draft::from(&now));
                toasts.done(t!(locale, providers.saved));
                load.again();
            }
        });
    };
    view! {
        <form class="stack" on:submit=submit>
            <ConnectionFields form has_secret=has_secret.into() />
            <PeopleFields form />
            <FormProblem problem=form.problem />
            <p class="soft">{t!(locale, providers.save_effect)}</p>
            <div>
                <button
                    type="submit"
                    class="button button--primary"
                    disabled=move || form.busy.get() || !unsaved.get()
                >
                    {t!(locale, providers.save)}
                </button>
            </div>
        </form>
    }
}

/// What cannot be changed, and what the provider must be told.
#[component]
fn Facts(provider: Signal<Arc<Provider>>) -> impl IntoView {
    let locale = use_locale();
    let callback = Signal::derive(move || provider.read().callback_url.clone());
    let about = move || {
        let provider = provider.read();
        let items = vec![
            (t!(locale, providers.kind), kind_word(locale, provider.kind).into_any()),
            (t!(locale, providers.slug), view! { <code>{provider.slug.clone()}</code> }.into_any()),
            (t!(locale, common.created), view! { <RelativeTime at=provider.created_at /> }.into_any()),
        ];
        view! { <KeyValueList items /> }
    };
    view! {
        <div class="stack">
            <Card title=t!(locale, providers.at_provider)>
                <div class="field">
                    <span class="field__label">{t!(locale, providers.callback)}</span>
                    <CodeBlock text=callback label=t!(locale, providers.callback) />
                    <p class="field__hint">{t!(locale, providers.callback_hint)}</p>
                </div>
            </Card>
            <Card title=t!(locale, providers.about)>{about}</Card>
        </div>
    }
}

fn delete(client: Client) -> Action {
    Action::new(
        |l| t!(l, action.delete),
        Icon::Trash,
        move |provider: Arc<Provider>, _| {
            let client = client.clone();
            async move {
                client.delete_provider(&provider.slug).await?;
                Ok::<_, Problem>(Done::Now)
            }
        },
    )
    .confirm(Confirm {
        question: |l| t!(l, providers.delete_question),
        loses: |l| t!(l, providers.delete_loses),
        option: None,
        typed: true,
    })
}
