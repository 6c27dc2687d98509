//! The list of teams.

use std::sync::Arc;

use api::{
    Client, List, Problem,
    name::MAX_NAME_LENGTH,
    permission::Permission,
    team::{CreateTeam, Team},
};
use leptos::{ev, prelude::*, task::spawn_local};
use leptos_router::{NavigateOptions, hooks::use_navigate};

use crate::{
    boot::use_boot,
    components::{
        action::{Action, Confirm, Done},
        dialog::{Dialog, FormFoot},
        field::TextField,
        header::PageHeader,
        icon::{Icon, IconView},
        problem::FormProblem,
        table::{Column, Empty, ResourceTable, use_list_state},
        time::RelativeTime,
    },
    i18n::{t, use_locale},
    load::Load,
    paths,
};

/// The list of teams.
#[component]
pub fn TeamsPage() -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let state = use_list_state(&[]);
    let open = RwSignal::new(false);
    let load = Load::new(&[], {
        let client = client.clone();
        move || {
            let (client, query) = (client.clone(), state.get().to_list_query());
            async move { client.list_teams(&query).await }
        }
    });
    let table = ResourceTable::new("teams", columns(), EMPTY).actions(vec![delete(client, load)]);
    let new = use_boot().allows(None, Permission::ManagePortal).then(|| {
        view! {
            <button type="button" class="button button--primary" on:click=move |_| open.set(true)>
                <IconView icon=Icon::Plus />
                {t!(locale, teams.new)}
            </button>
        }
    });
    view! {
        <div class="page">
            <PageHeader title=t!(locale, nav.teams).to_owned() lead=t!(locale, teams.lead)>
                {new}
            </PageHeader>
            {table.show(load, state, |it| it.id.to_string(), |it| it.name.clone())}
        </div>
        <NewTeam open />
    }
}

const EMPTY: Empty =
    Empty { icon: Icon::Team, title: |l| t!(l, teams.empty), detail: |l| t!(l, teams.empty_detail), link: None };

fn columns() -> Vec<Column> {
    vec![
        Column::new(
            "name",
            |l| t!(l, projects.name),
            |it: &Team| view! { <a href=paths::team(&it.name)>{it.name.clone()}</a> }.into_any(),
        )
        .lead(),
        Column::new("members", |l| t!(l, members.title), |it: &Team| it.members.to_string().into_any()).number(),
        Column::new("projects", |l| t!(l, nav.projects), |it: &Team| it.projects.to_string().into_any())
            .number()
            .unsorted(),
        Column::new(
            "created_at",
            |l| t!(l, common.created),
            |it: &Team| view! { <RelativeTime at=it.created_at /> }.into_any(),
        )
        .low(),
    ]
}

/// Nothing tells the page of what it changes, so it fetches the list again.
fn delete(client: Client, load: Load<List<Team>>) -> Action {
    Action::new(
        |l| t!(l, action.delete),
        Icon::Trash,
        move |team: Arc<Team>, _| {
            let client = client.clone();
            async move {
                client.delete_team(&team.name).await?;
                load.again();
                Ok::<_, Problem>(Done::Now)
            }
        },
    )
    .confirm(Confirm {
        question: |l| t!(l, teams.delete_question),
        loses: |l| t!(l, teams.delete_loses),
        option: None,
        typed: true,
    })
}

/// Makes a team; leads to it.
#[component]
fn NewTeam(open: RwSignal<bool>) -> impl IntoView {
    let locale = use_locale();
    let client = StoredValue::new(expect_context::<Client>());
    let navigate = StoredValue::new(use_navigate());
    let (name, busy, problem) = (RwSignal::new(String::new()), RwSignal::new(false), RwSignal::new(None::<Problem>));
    Effect::new(move |_| {
        if !open.get() {
            name.set(String::new());
            problem.set(None);
        }
    });
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let client = client.get_value();
        let create = CreateTeam { name: name.get_untracked().trim().to_owned() };
        busy.set(true);
        spawn_local(async move {
            let answer = client.create_team(&create).await;
            busy.set(false);
            match answer {
                Ok(team) => {
                    open.set(false);
                    navigate.with_value(|go| go(&paths::team(&team.name), NavigateOptions::default()));
                }
                Err(error) => problem.set(Some(error)),
            }
        });
    };
    let title = Signal::stored(t!(locale, teams.new).to_owned());
    let foot = move || view! { <FormFoot open form="team" label=t!(locale, teams.create) busy /> };
    view! {
        <Dialog open title foot>
            <form id="team" class="form" on:submit=submit>
                <FormProblem problem />
                <TextField
                    name="name"
                    label=t!(locale, projects.name)
                    value=name
                    hint=t!(locale, projects.name_hint, limit = MAX_NAME_LENGTH.to_string())
                    placeholder="operators"
                    required=true
                    autofocus=true
                    problem=Signal::from(problem)
                />
            </form>
        </Dialog>
    }
}
