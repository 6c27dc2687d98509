//! The teams with a role in a project, and how that is changed.

use std::sync::Arc;

use api::{
    Client, List, Problem,
    permission::{Permission, ProjectRole},
    project::SetMember,
    team::TeamGrant,
};
use leptos::{ev, prelude::*, task::spawn_local};

use super::{LEAST_ROLE, chosen_role, role_options, role_word};
use crate::{
    boot::use_boot,
    components::{
        action::{Action, ActionItems, Confirm, Done, Subject},
        card::Card,
        empty::EmptyState,
        field::{SelectField, TextField},
        icon::{Icon, IconView},
        menu::Menu,
        problem::FormProblem,
        toast::use_toasts,
    },
    i18n::{Text, t, use_locale},
    load::Load,
    paths,
};

/// The teams with a role in a project.
#[component]
pub(super) fn TeamsCard(
    load: Load<List<TeamGrant>>,
    project: Memo<String>,
    manages: Memo<bool>,
    changed: Callback<()>,
) -> impl IntoView {
    let locale = use_locale();
    view! {
        <Card title=t!(locale, nav.teams) flush=true>
            {load.show(move |grants| view! { <TeamTable grants project manages changed /> }.into_any())}
        </Card>
    }
}

#[component]
fn TeamTable(
    grants: Signal<Arc<List<TeamGrant>>>,
    project: Memo<String>,
    manages: Memo<bool>,
    changed: Callback<()>,
) -> impl IntoView {
    let locale = use_locale();
    // Others may not see the team's page unless they are in it.
    let sees_teams = use_boot().allows(None, Permission::ManagePortal);
    let manage = manage(&expect_context::<Client>(), project);
    let row = move |grant: TeamGrant| {
        let tools = manages.get().then(|| {
            let label = t!(locale, table.actions_of, name = grant.team.clone());
            let subject = Subject::new(grant.team.clone(), Arc::new(grant.clone()));
            let actions = manage.clone();
            view! {
                <Menu label>
                    <ActionItems actions=actions.clone() subject=subject.clone() done=changed />
                </Menu>
            }
        });
        let name = if sees_teams {
            view! { <a href=paths::team(&grant.team)>{grant.team.clone()}</a> }.into_any()
        } else {
            grant.team.clone().into_any()
        };
        view! {
            <tr>
                <td class="strong">{name}</td>
                <td>{role_word(locale, grant.role)}</td>
                <td class="num">{grant.members.to_string()}</td>
                <td class="num">{tools}</td>
            </tr>
        }
    };
    move || {
        let grants = grants.get();
        if grants.items.is_empty() {
            return view! {
                <EmptyState
                    icon=Icon::Team
                    title=t!(locale, teams.none_here)
                    detail=t!(locale, teams.none_here_detail)
                />
            }
            .into_any();
        }
        view! {
            <div class="resource__scroll">
                <table class="table table--plain">
                    <thead>
                        <tr>
                            <th scope="col">{t!(locale, teams.team)}</th>
                            <th scope="col">{t!(locale, members.role)}</th>
                            <th scope="col" class="num">{t!(locale, members.title)}</th>
                            <th scope="col">
                                <span class="visually-hidden">{t!(locale, table.actions)}</span>
                            </th>
                        </tr>
                    </thead>
                    <tbody>{grants.items.iter().cloned().map(&row).collect_view()}</tbody>
                </table>
            </div>
        }
        .into_any()
    }
}

/// What those who manage a project do to the roles of teams in it.
fn manage(client: &Client, project: Memo<String>) -> Vec<Action> {
    let make = |role: ProjectRole, label: Text, fits: fn(&TeamGrant) -> bool| {
        let client = client.clone();
        Action::new(label, Icon::Team, move |grant: Arc<TeamGrant>, _| {
            let (client, project) = (client.clone(), project.get_untracked());
            async move {
                client.set_team_grant(&project, &grant.team, &SetMember { role }).await?;
                Ok::<_, Problem>(Done::Now)
            }
        })
        .fits(fits)
    };
    let end = {
        let client = client.clone();
        move |grant: Arc<TeamGrant>, _: bool| {
            let (client, project) = (client.clone(), project.get_untracked());
            async move {
                client.delete_team_grant(&project, &grant.team).await?;
                Ok::<_, Problem>(Done::Now)
            }
        }
    };
    vec![
        make(ProjectRole::Guest, |l| t!(l, members.make_guest), |it| it.role != ProjectRole::Guest),
        make(ProjectRole::Developer, |l| t!(l, members.make_developer), |it| it.role != ProjectRole::Developer),
        make(ProjectRole::Admin, |l| t!(l, members.make_admin), |it| it.role != ProjectRole::Admin),
        Action::new(|l| t!(l, action.remove), Icon::Trash, end).confirm(Confirm {
            question: |l| t!(l, teams.revoke_question),
            loses: |l| t!(l, teams.revoke_loses),
            option: None,
            typed: false,
        }),
    ]
}

/// Gives a team a role in the project.
#[component]
pub(super) fn AddTeam(project: Memo<String>, added: Callback<()>) -> impl IntoView {
    let locale = use_locale();
    let toasts = use_toasts();
    let client = StoredValue::new(expect_context::<Client>());
    let (team, role) = (RwSignal::new(String::new()), RwSignal::new(LEAST_ROLE.to_owned()));
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<Problem>));
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let (client, project) = (client.get_value(), project.get_untracked());
        let name = team.get_untracked().trim().to_owned();
        let role = chosen_role(&role.read_untracked());
        if name.is_empty() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            let answer = client.set_team_grant(&project, &name, &SetMember { role }).await;
            busy.set(false);
            match answer {
                Ok(grant) => {
                    problem.set(None);
                    team.set(String::new());
                    let role = role_word(locale, grant.role);
                    toasts.done(t!(locale, teams.granted, name = grant.team, role = role));
                    added.run(());
                }
                Err(error) => problem.set(Some(error)),
            }
        });
    };
    view! {
        <Card title=t!(locale, teams.add)>
            <form class="form" on:submit=submit>
                <FormProblem problem />
                <TextField
                    name="team"
                    label=t!(locale, teams.team)
                    value=team
                    required=true
                    problem=Signal::from(problem)
                />
                <SelectField
                    name="team_role"
                    label=t!(locale, teams.role)
                    value=role
                    options=role_options(locale)
                />
                <div>
                    <button type="submit" class="button button--primary" disabled=move || busy.get()>
                        <IconView icon=Icon::Plus />
                        {t!(locale, teams.add)}
                    </button>
                </div>
            </form>
        </Card>
    }
}
