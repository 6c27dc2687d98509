//! The groups of identity providers that belong to a team.

use std::sync::Arc;

use api::{
    Client, List, Problem,
    team::{SetTeamGroup, SetTeamGroups, TeamGroup},
};
use leptos::{ev, prelude::*, task::spawn_local};

use crate::{
    components::{
        action::{Action, ActionButtons, Confirm, Done, Subject},
        card::Card,
        empty::EmptyState,
        field::{SelectField, TextField},
        icon::{Icon, IconView},
        problem::FormProblem,
        toast::use_toasts,
    },
    i18n::{t, use_locale},
    load::Load,
    paths,
};

/// The groups, and the providers that can be chosen: names in addresses, and what they are called.
type Known = (Vec<TeamGroup>, Vec<(String, String)>);

/// The groups of a team; nothing at all where there are none and no provider could tell any.
#[component]
pub(super) fn GroupsCard(team: Memo<String>, manages: bool) -> impl IntoView {
    let client = expect_context::<Client>();
    let load = Load::new(&[], move || {
        let (client, team) = (client.clone(), team.get());
        async move {
            let groups = client.list_team_groups(&team).await?.items;
            let providers = if manages { client.list_providers().await?.items } else { Vec::new() };
            let providers = providers.into_iter().map(|it| (it.slug, it.name)).collect();
            Ok::<Known, Problem>((groups, providers))
        }
    });
    load.show(move |known| view! { <Groups known team manages load /> }.into_any())
}

#[component]
fn Groups(known: Signal<Arc<Known>>, team: Memo<String>, manages: bool, load: Load<Known>) -> impl IntoView {
    let locale = use_locale();
    let matters = Memo::new(move |_| known.with(|known| !known.0.is_empty() || !known.1.is_empty()));
    // The form is made anew only when there are other providers.
    let providers = Memo::new(move |_| known.with(|known| known.1.clone()));
    let form = move || {
        let options = providers.get();
        (!options.is_empty()).then(|| view! { <AddGroup team options load /> })
    };
    move || {
        matters.get().then(|| {
            view! {
                <Card title=t!(locale, teams.groups) flush=true>
                    <GroupTable known team manages load />
                    {form}
                </Card>
            }
        })
    }
}

#[component]
fn GroupTable(known: Signal<Arc<Known>>, team: Memo<String>, manages: bool, load: Load<Known>) -> impl IntoView {
    let locale = use_locale();
    let again = Callback::new(move |()| load.again());
    let remove = remove(expect_context::<Client>(), team);
    let row = move |group: TeamGroup| {
        let provider = if manages {
            view! { <a href=paths::provider(&group.provider)>{group.provider_name.clone()}</a> }.into_any()
        } else {
            group.provider_name.clone().into_any()
        };
        let tools = manages.then(|| {
            let subjects = Signal::stored(vec![Subject::new(group.pattern.clone(), Arc::new(group.clone()))]);
            view! { <ActionButtons actions=vec![remove.clone()] subjects done=again /> }
        });
        view! {
            <tr>
                <td class="strong"><code>{group.pattern.clone()}</code></td>
                <td>{provider}</td>
                <td class="num">{tools}</td>
            </tr>
        }
    };
    move || {
        let known = known.get();
        if known.0.is_empty() {
            return view! {
                <EmptyState
                    icon=Icon::Key
                    title=t!(locale, teams.no_groups)
                    detail=t!(locale, teams.no_groups_detail)
                />
            }
            .into_any();
        }
        view! {
            <div class="resource__scroll">
                <table class="table table--plain">
                    <thead>
                        <tr>
                            <th scope="col">{t!(locale, teams.group_name)}</th>
                            <th scope="col">{t!(locale, identities.provider)}</th>
                            <th scope="col">
                                <span class="visually-hidden">{t!(locale, table.actions)}</span>
                            </th>
                        </tr>
                    </thead>
                    <tbody>{known.0.iter().cloned().map(&row).collect_view()}</tbody>
                </table>
            </div>
        }
        .into_any()
    }
}

/// Changes the groups as they are at this moment; somebody else may have changed them since they were shown.
async fn change(
    client: &Client,
    team: &str,
    edit: impl FnOnce(&mut Vec<SetTeamGroup>) + Send,
) -> Result<List<TeamGroup>, Problem> {
    let now = client.list_team_groups(team).await?.items.into_iter();
    let mut groups: Vec<_> = now.map(|it| SetTeamGroup { provider: it.provider, pattern: it.pattern }).collect();
    edit(&mut groups);
    client.set_team_groups(team, &SetTeamGroups { groups }).await
}

fn remove(client: Client, team: Memo<String>) -> Action {
    Action::new(
        |l| t!(l, action.remove),
        Icon::Trash,
        move |group: Arc<TeamGroup>, _| {
            let (client, team) = (client.clone(), team.get_untracked());
            async move {
                let others = |it: &SetTeamGroup| it.provider != group.provider || it.pattern != group.pattern;
                change(&client, &team, |groups| groups.retain(others)).await?;
                Ok::<_, Problem>(Done::Now)
            }
        },
    )
    .confirm(Confirm {
        question: |l| t!(l, teams.remove_group_question),
        loses: |l| t!(l, teams.remove_group_loses),
        option: None,
        typed: false,
    })
}

/// Adds a group.
#[component]
fn AddGroup(team: Memo<String>, options: Vec<(String, String)>, load: Load<Known>) -> impl IntoView {
    let locale = use_locale();
    let toasts = use_toasts();
    let client = StoredValue::new(expect_context::<Client>());
    let provider = RwSignal::new(options.first().map(|(slug, _)| slug.clone()).unwrap_or_default());
    let pattern = RwSignal::new(String::new());
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<Problem>));
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let (client, team) = (client.get_value(), team.get_untracked());
        let added =
            SetTeamGroup { provider: provider.get_untracked(), pattern: pattern.get_untracked().trim().to_owned() };
        if added.pattern.is_empty() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            let name = added.pattern.clone();
            let answer = change(&client, &team, |groups| groups.push(added)).await;
            let _ = busy.try_set(false);
            match answer {
                Ok(_) => {
                    let _ = problem.try_set(None);
                    let _ = pattern.try_set(String::new());
                    toasts.done(t!(locale, teams.group_added, pattern = name, team = team));
                    load.again();
                }
                Err(error) => {
                    let _ = problem.try_set(Some(about_pattern(error)));
                }
            }
        });
    };
    view! {
        <div class="card__body">
            <form class="form" on:submit=submit>
                <FormProblem problem />
                <SelectField name="provider" label=t!(locale, identities.provider) value=provider options />
                <TextField
                    name="pattern"
                    label=t!(locale, teams.group_name)
                    value=pattern
                    hint=t!(locale, teams.group_hint)
                    required=true
                    problem=Signal::from(problem)
                />
                <div>
                    <button type="submit" class="button button--primary" disabled=move || busy.get()>
                        <IconView icon=Icon::Plus />
                        {t!(locale, teams.add_group)}
                    </button>
                </div>
            </form>
        </div>
    }
}

/// The whole list is sent, and only what was added to it can be wrong.
fn about_pattern(mut problem: Problem) -> Problem {
    for field in &mut problem.fields {
        "pattern".clone_into(&mut field.field);
    }
    problem
}
