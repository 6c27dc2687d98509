//! Personal access tokens: made and rotated with a secret that is shown once, revoked at once.

use std::sync::Arc;

use api::{
    Client, List, Problem,
    token::{CreateToken, Scope, Token},
};
use leptos::{ev, prelude::*, task::spawn_local};

use crate::{
    components::{
        action::{Action, ActionButtons, Confirm, Done, Subject},
        card::Card,
        dialog::{Dialog, FormFoot},
        field::{SelectField, TextField},
        icon::{Icon, IconView},
        problem::FormProblem,
        scope::{ChosenScopes, ScopeFields, ScopePills},
        secret::{FIRST_DAYS, SecretDialog, Secrets, lifetimes},
        time::{AbsoluteTime, RelativeTime},
    },
    i18n::{t, use_locale},
    load::Load,
};

/// What a new token may be used for, unless its owner says otherwise.
const FIRST_SCOPES: [Scope; 1] = [Scope::Read];

#[component]
pub(super) fn TokensCard(
    /// Tells that tokens ended otherwise.
    ended: Trigger,
) -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let (open, secrets) = (RwSignal::new(false), Secrets::none());
    let load = Load::new(&[], {
        let client = client.clone();
        move || {
            ended.track();
            let client = client.clone();
            async move { client.list_tokens().await }
        }
    });
    let again = Callback::new(move |()| load.again());
    let rotate = {
        let client = client.clone();
        Action::new(
            |l| t!(l, account.rotate),
            Icon::Refresh,
            move |token: Arc<Token>, _| {
                let client = client.clone();
                async move {
                    let rotated = client.rotate_token(token.id).await?;
                    secrets.show(rotated.token.name, rotated.secret);
                    Ok::<_, Problem>(Done::Now)
                }
            },
        )
        .confirm(Confirm {
            question: |l| t!(l, account.rotate_question),
            loses: |l| t!(l, account.rotate_loses),
            option: None,
            typed: false,
        })
    };
    let revoke = Action::new(
        |l| t!(l, account.revoke),
        Icon::Trash,
        move |token: Arc<Token>, _| {
            let client = client.clone();
            async move {
                client.delete_token(token.id).await?;
                Ok::<_, Problem>(Done::Now)
            }
        },
    )
    .confirm(Confirm {
        question: |l| t!(l, account.revoke_question),
        loses: |l| t!(l, account.revoke_loses),
        option: None,
        typed: false,
    });
    let actions = vec![rotate, revoke];
    let new = view! {
        <button type="button" class="button button--small" on:click=move |_| open.set(true)>
            <IconView icon=Icon::Plus />
            {t!(locale, account.new_token)}
        </button>
    }
    .into_any();
    view! {
        <Card title=t!(locale, account.tokens) tools=new flush=true>
            <p class="card__body soft">{t!(locale, account.tokens_lead)}</p>
            {load.show(move |tokens| view! { <TokenTable tokens actions=actions.clone() again /> }.into_any())}
        </Card>
        <NewToken open secrets made=again />
        <SecretDialog secrets />
    }
}

#[component]
fn TokenTable(tokens: Signal<Arc<List<Token>>>, actions: Vec<Action>, again: Callback<()>) -> impl IntoView {
    let locale = use_locale();
    let row = move |token: Token| {
        let subjects = Signal::stored(vec![Subject::new(token.name.clone(), Arc::new(token.clone()))]);
        view! {
            <tr>
                <td class="strong">{token.name}</td>
                <td><ScopePills scopes=token.scopes /></td>
                <td><RelativeTime at=token.created_at /></td>
                <td><AbsoluteTime at=token.expires_at /></td>
                <td>
                    {match token.last_used_at {
                        Some(at) => view! { <RelativeTime at /> }.into_any(),
                        None => t!(locale, account.never).into_any(),
                    }}
                </td>
                <td class="num"><ActionButtons actions=actions.clone() subjects done=again /></td>
            </tr>
        }
    };
    move || {
        let tokens = tokens.get();
        (!tokens.items.is_empty()).then(|| {
            view! {
                <div class="resource__scroll">
                    <table class="table table--plain">
                        <thead>
                            <tr>
                                <th scope="col">{t!(locale, containers.name)}</th>
                                <th scope="col">{t!(locale, scopes.title)}</th>
                                <th scope="col">{t!(locale, common.created)}</th>
                                <th scope="col">{t!(locale, account.expires)}</th>
                                <th scope="col">{t!(locale, account.last_used)}</th>
                                <th scope="col">
                                    <span class="visually-hidden">{t!(locale, table.actions)}</span>
                                </th>
                            </tr>
                        </thead>
                        <tbody>{tokens.items.iter().cloned().map(&row).collect_view()}</tbody>
                    </table>
                </div>
            }
        })
    }
}

#[component]
fn NewToken(open: RwSignal<bool>, secrets: Secrets, made: Callback<()>) -> impl IntoView {
    let locale = use_locale();
    let client = StoredValue::new(expect_context::<Client>());
    let (name, days) = (RwSignal::new(String::new()), RwSignal::new(FIRST_DAYS.to_string()));
    let scopes = ChosenScopes::new(&FIRST_SCOPES);
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<Problem>));
    Effect::new(move |_| {
        if !open.get() {
            name.set(String::new());
            days.set(FIRST_DAYS.to_string());
            scopes.set(&FIRST_SCOPES);
            problem.set(None);
        }
    });
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let client = client.get_value();
        let create = CreateToken {
            name: name.get_untracked().trim().to_owned(),
            scopes: scopes.get(),
            days: days.get_untracked().parse().unwrap_or(FIRST_DAYS),
        };
        busy.set(true);
        spawn_local(async move {
            let answer = client.create_token(&create).await;
            busy.set(false);
            match answer {
                Ok(created) => {
                    open.set(false);
                    secrets.show(created.token.name, created.secret);
                    made.run(());
                }
                Err(error) => problem.set(Some(error)),
            }
        });
    };
    let title = Signal::stored(t!(locale, account.new_token).to_owned());
    let foot = move || view! { <FormFoot open form="token" label=t!(locale, account.create_token) busy /> };
    view! {
        <Dialog open title foot>
            <form id="token" class="form" on:submit=submit>
                <FormProblem problem />
                <TextField
                    name="name"
                    label=t!(locale, containers.name)
                    value=name
                    hint=t!(locale, account.token_name_hint)
                    required=true
                    autofocus=true
                    problem=Signal::from(problem)
                />
                <ScopeFields scopes offered=&Scope::ALL problem=Signal::from(problem) />
                <SelectField name="days" label=t!(locale, account.lifetime) value=days options=lifetimes(locale) />
            </form>
        </Dialog>
    }
}
