//! Personal access tokens: made with a secret that is shown once, revoked at once.

use std::sync::Arc;

use api::{
    Client, List, Problem,
    token::{CreateToken, CreatedToken, Token},
};
use leptos::{ev, prelude::*, task::spawn_local};

use crate::{
    components::{
        action::{Action, ActionButtons, Confirm, Done, Subject},
        card::Card,
        code::CodeBlock,
        dialog::Dialog,
        field::{SelectField, TextField},
        icon::{Icon, IconView},
        problem::FormProblem,
        time::{AbsoluteTime, RelativeTime},
    },
    i18n::{t, use_locale},
    load::Load,
};

const DAYS: [u32; 4] = [7, 30, 90, 366];

#[component]
pub(super) fn TokensCard(
    /// Tells that tokens ended otherwise.
    ended: Trigger,
) -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let open = RwSignal::new(false);
    let load = Load::new(&[], {
        let client = client.clone();
        move || {
            ended.track();
            let client = client.clone();
            async move { client.list_tokens().await }
        }
    });
    let again = Callback::new(move |()| load.again());
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
            {load.show(move |tokens| view! { <TokenTable tokens revoke=revoke.clone() again /> }.into_any())}
        </Card>
        <NewToken open made=again />
    }
}

#[component]
fn TokenTable(tokens: Signal<Arc<List<Token>>>, revoke: Action, again: Callback<()>) -> impl IntoView {
    let locale = use_locale();
    let row = move |token: Token| {
        let subjects = Signal::stored(vec![Subject::new(token.name.clone(), Arc::new(token.clone()))]);
        view! {
            <tr>
                <td class="strong">{token.name}</td>
                <td><RelativeTime at=token.created_at /></td>
                <td><AbsoluteTime at=token.expires_at /></td>
                <td>
                    {match token.last_used_at {
                        Some(at) => view! { <RelativeTime at /> }.into_any(),
                        None => t!(locale, account.never).into_any(),
                    }}
                </td>
                <td class="num"><ActionButtons actions=vec![revoke.clone()] subjects done=again /></td>
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
fn NewToken(open: RwSignal<bool>, made: Callback<()>) -> impl IntoView {
    let locale = use_locale();
    let client = StoredValue::new(expect_context::<Client>());
    let (name, days) = (RwSignal::new(String::new()), RwSignal::new(DAYS[1].to_string()));
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<Problem>));
    let created = RwSignal::new(None::<CreatedToken>);
    Effect::new(move |_| {
        if !open.get() {
            // The secret is gone from the page as soon as the dialog is.
            created.set(None);
            name.set(String::new());
            problem.set(None);
        }
    });
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let client = client.get_value();
        let create = CreateToken {
            name: name.get_untracked().trim().to_owned(),
            days: days.get_untracked().parse().unwrap_or(DAYS[1]),
        };
        busy.set(true);
        spawn_local(async move {
            let answer = client.create_token(&create).await;
            busy.set(false);
            match answer {
                Ok(token) => {
                    created.set(Some(token));
                    made.run(());
                }
                Err(error) => problem.set(Some(error)),
            }
        });
    };
    let done = Memo::new(move |_| created.read().is_some());
    let title = Signal::derive(move || {
        if done.get() { t!(locale, account.token_made).to_owned() } else { t!(locale, account.new_token).to_owned() }
    });
    let foot = move || {
        if done.get() {
            view! {
                <button type="button" class="button button--primary" on:click=move |_| open.set(false)>
                    {t!(locale, account.secret_kept)}
                </button>
            }
            .into_any()
        } else {
            view! {
                <button type="button" class="button" on:click=move |_| open.set(false)>
                    {t!(locale, action.cancel)}
                </button>
                <button type="submit" form="token" class="button button--primary" disabled=move || busy.get()>
                    {t!(locale, account.create_token)}
                </button>
            }
            .into_any()
        }
    };
    let secret = Signal::derive(move || created.get().map(|it| it.secret).unwrap_or_default());
    let options = DAYS.map(|days| (days.to_string(), t!(locale, account.days, count = days.to_string()))).to_vec();
    view! {
        <Dialog open title foot>
            {
                let options = options.clone();
                move || {
                    if done.get() {
                        view! {
                            <p>{t!(locale, account.secret_once)}</p>
                            <CodeBlock text=secret label=t!(locale, account.secret) />
                        }
                            .into_any()
                    } else {
                        view! {
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
                                <SelectField name="days" label=t!(locale, account.lifetime) value=days options=options.clone() />
                            </form>
                        }
                            .into_any()
                    }
                }
            }
        </Dialog>
    }
}
