//! One team: who is in it, and what it gives them.

use std::sync::Arc;

use api::{
    Client, List, ListQuery, Problem,
    permission::Permission,
    team::{TeamMember, TeamProject},
};
use leptos::{ev, prelude::*, task::spawn_local};
use leptos_router::hooks::use_params_map;

use super::groups::GroupsCard;
use crate::{
    boot::use_boot,
    components::{
        action::{Action, Confirm, Done},
        card::Card,
        empty::EmptyState,
        field::TextField,
        header::PageHeader,
        icon::{Icon, IconView},
        problem::FormProblem,
        status::{Status, StatusBadge},
        table::{Column, Empty, ResourceTable, use_list_state},
        toast::use_toasts,
    },
    i18n::{Locale, t, use_locale},
    load::Load,
    pages::projects::role_word,
    paths,
};

/// One team.
#[component]
pub fn TeamPage() -> impl IntoView {
    let client = expect_context::<Client>();
    let params = use_params_map();
    let name = Memo::new(move |_| params.read().get("team").unwrap_or_default());
    let load = Load::new(&[], move || {
        let (client, name) = (client.clone(), name.get());
        async move { client.team(&name).await }
    });
    view! { <div class="page">{load.show(move |_| view! { <Shown name /> }.into_any())}</div> }
}

#[component]
fn Shown(name: Memo<String>) -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let manages = use_boot().allows(None, Permission::ManagePortal);
    let state = use_list_state(&[]);
    let members = Load::new(&[], {
        let client = client.clone();
        move || {
            let (client, name, query) = (client.clone(), name.get(), state.get().to_list_query());
            async move { client.list_team_members(&name, &query).await }
        }
    });
    let projects = Load::new(&[], {
        let client = client.clone();
        move || {
            let (client, name) = (client.clone(), name.get());
            async move { client.list_team_projects(&name, &ListQuery::all()).await }
        }
    });
    let actions = if manages { vec![remove(client, name, members)] } else { Vec::new() };
    let table = ResourceTable::new("team-members", columns(locale), EMPTY).actions(actions);
    // The list is for those who manage the portal.
    let above = if manages { vec![(t!(locale, nav.teams).to_owned(), paths::TEAMS.to_owned())] } else { Vec::new() };
    view! {
        <PageHeader title=name above lead=t!(locale, teams.one_lead) />
        <div class="grid grid--wide">
            {table.show(members, state, |it| it.user.to_string(), |it| it.username.clone())}
            <div class="stack">
                {manages.then(|| view! { <AddMember team=name load=members /> })}
                <GroupsCard team=name manages />
                <Card title=t!(locale, nav.projects) flush=true>
                    {projects.show(|projects| view! { <ProjectTable projects /> }.into_any())}
                </Card>
            </div>
        </div>
    }
}

const EMPTY: Empty = Empty {
    icon: Icon::User,
    title: |l| t!(l, teams.no_members),
    detail: |l| t!(l, teams.no_members_detail),
    link: None,
};

fn columns(locale: Locale) -> Vec<Column> {
    vec![
        Column::new(
            "username",
            |l| t!(l, gate.username),
            |it: &TeamMember| view! { <span class="strong">{it.username.clone()}</span> }.into_any(),
        )
        .lead(),
        Column::new(
            "state",
            |l| t!(l, users.state),
            move |it: &TeamMember| view! { <StatusBadge status=Status::of_user(locale, it.state) /> }.into_any(),
        )
        .unsorted(),
    ]
}

fn remove(client: Client, team: Memo<String>, load: Load<List<TeamMember>>) -> Action {
    Action::new(
        |l| t!(l, action.remove),
        Icon::Trash,
        move |member: Arc<TeamMember>, _| {
            let (client, team) = (client.clone(), team.get_untracked());
            async move {
                client.delete_team_member(&team, &member.username).await?;
                load.again();
                Ok::<_, Problem>(Done::Now)
            }
        },
    )
    .confirm(Confirm {
        question: |l| t!(l, teams.remove_question),
        loses: |l| t!(l, teams.remove_loses),
        option: None,
        typed: false,
    })
}

#[component]
fn ProjectTable(projects: Signal<Arc<List<TeamProject>>>) -> impl IntoView {
    let locale = use_locale();
    let row = move |it: TeamProject| {
        view! {
            <tr>
                <td class="strong">
                    <a href=paths::project(&it.project)>{it.project.clone()}</a>
                </td>
                <td>{role_word(locale, it.role)}</td>
            </tr>
        }
    };
    move || {
        let projects = projects.get();
        if projects.items.is_empty() {
            return view! {
                <EmptyState
                    icon=Icon::Project
                    title=t!(locale, teams.no_projects)
                    detail=t!(locale, teams.no_projects_detail)
                />
            }
            .into_any();
        }
        view! {
            <div class="resource__scroll">
                <table class="table table--plain">
                    <thead>
                        <tr>
                            <th scope="col">{t!(locale, teams.project)}</th>
                            <th scope="col">{t!(locale, members.role)}</th>
                        </tr>
                    </thead>
                    <tbody>{projects.items.iter().cloned().map(&row).collect_view()}</tbody>
                </table>
            </div>
        }
        .into_any()
    }
}

/// Puts an account into the team.
#[component]
fn AddMember(team: Memo<String>, load: Load<List<TeamMember>>) -> impl IntoView {
    let locale = use_locale();
    let toasts = use_toasts();
    let client = StoredValue::new(expect_context::<Client>());
    let username = RwSignal::new(String::new());
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<Problem>));
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let (client, team) = (client.get_value(), team.get_untracked());
        let name = username.get_untracked().trim().to_owned();
        if name.is_empty() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            let answer = client.set_team_member(&team, &name).await;
            busy.set(false);
            match answer {
                Ok(member) => {
                    problem.set(None);
                    username.set(String::new());
                    toasts.done(t!(locale, teams.added, name = member.username, team = team));
                    load.again();
                }
                Err(error) => problem.set(Some(error)),
            }
        });
    };
    view! {
        <Card title=t!(locale, members.add)>
            <form class="form" on:submit=submit>
                <FormProblem problem />
                <TextField
                    name="username"
                    label=t!(locale, gate.username)
                    value=username
                    required=true
                    problem=Signal::from(problem)
                />
                <div>
                    <button type="submit" class="button button--primary" disabled=move || busy.get()>
                        <IconView icon=Icon::Plus />
                        {t!(locale, members.add)}
                    </button>
                </div>
            </form>
        </Card>
    }
}
