//! The list of projects.

use std::sync::Arc;

use api::{
    Client, List, Problem,
    name::MAX_NAME_LENGTH,
    permission::{Permission, SystemRole},
    project::{CreateProject, DEFAULT_PROJECT, Project},
    user::Me,
    watch::ChangeKind,
};
use leptos::{ev, prelude::*, task::spawn_local};
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::role_word;
use crate::{
    boot::use_boot,
    components::{
        action::{Action, ActionButtons, Confirm, Done, Subject},
        dialog::{Dialog, FormFoot},
        empty::EmptyState,
        field::TextField,
        header::PageHeader,
        icon::{Icon, IconView},
        problem::FormProblem,
        time::RelativeTime,
    },
    i18n::{Locale, t, use_locale},
    load::Load,
    paths,
};

/// The list of projects.
#[component]
pub fn ProjectsPage() -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let manages = use_boot().allows(None, Permission::ManagePortal);
    let open = RwSignal::new(false);
    let load = Load::new(&[ChangeKind::App], move || {
        let client = client.clone();
        async move { client.list_projects().await }
    });
    let new = manages.then(|| {
        view! {
            <button type="button" class="button button--primary" on:click=move |_| open.set(true)>
                <IconView icon=Icon::Plus />
                {t!(locale, projects.new)}
            </button>
        }
    });
    view! {
        <div class="page">
            <PageHeader title=t!(locale, nav.projects).to_owned() lead=t!(locale, projects.lead)>
                {new}
            </PageHeader>
            {load.show(move |projects| view! { <ProjectTable projects manages /> }.into_any())}
        </div>
        <NewProject open />
    }
}

#[component]
fn ProjectTable(projects: Signal<Arc<List<Project>>>, manages: bool) -> impl IntoView {
    let locale = use_locale();
    let me = StoredValue::new(use_boot().me);
    let delete = delete(expect_context::<Client>());
    let row = move |project: Project| {
        let role = me.with_value(|me| me.as_ref().map(|me| own_role(locale, me, &project.name)));
        let can_delete = manages && project.name != DEFAULT_PROJECT;
        let tools = can_delete.then(|| {
            let subjects = Signal::stored(vec![Subject::new(project.name.clone(), Arc::new(project.clone()))]);
            view! { <ActionButtons actions=vec![delete.clone()] subjects /> }
        });
        view! {
            <tr>
                <td class="lead">
                    <a href=paths::project(&project.name)>{project.name.clone()}</a>
                </td>
                <td>{role}</td>
                <td class="num">{project.apps.to_string()}</td>
                <td class="mid"><RelativeTime at=project.created_at /></td>
                <td class="num">{tools}</td>
            </tr>
        }
    };
    move || {
        let projects = projects.get();
        if projects.items.is_empty() {
            return view! {
                <div class="card">
                    <EmptyState
                        icon=Icon::Project
                        title=t!(locale, projects.empty)
                        detail=t!(locale, projects.empty_detail)
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
                                <th scope="col" class="lead">{t!(locale, projects.name)}</th>
                                <th scope="col">{t!(locale, projects.role)}</th>
                                <th scope="col" class="num">{t!(locale, nav.apps)}</th>
                                <th scope="col" class="mid">{t!(locale, common.created)}</th>
                                <th scope="col">
                                    <span class="visually-hidden">{t!(locale, table.actions)}</span>
                                </th>
                            </tr>
                        </thead>
                        <tbody>{projects.items.iter().cloned().map(&row).collect_view()}</tbody>
                    </table>
                </div>
            </div>
        }
        .into_any()
    }
}

/// The caller's role in a project; administrators of the portal need none.
fn own_role(locale: Locale, me: &Me, project: &str) -> &'static str {
    if me.user.role == SystemRole::Admin {
        return t!(locale, projects.portal_admin);
    }
    let membership = me.projects.iter().find(|it| it.project == project);
    membership.map_or("", |it| role_word(locale, it.role))
}

fn delete(client: Client) -> Action {
    Action::new(
        |l| t!(l, action.delete),
        Icon::Trash,
        move |project: Arc<Project>, _| {
            let client = client.clone();
            async move {
                client.delete_project(&project.name).await?;
                Ok::<_, Problem>(Done::Now)
            }
        },
    )
    .confirm(Confirm {
        question: |l| t!(l, projects.delete_question),
        loses: |l| t!(l, projects.delete_loses),
        option: None,
        typed: true,
    })
}

/// Makes a project; leads to it.
#[component]
fn NewProject(open: RwSignal<bool>) -> impl IntoView {
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
        let create = CreateProject { name: name.get_untracked().trim().to_owned() };
        busy.set(true);
        spawn_local(async move {
            let answer = client.create_project(&create).await;
            busy.set(false);
            match answer {
                Ok(project) => {
                    open.set(false);
                    navigate.with_value(|go| go(&paths::project(&project.name), NavigateOptions::default()));
                }
                Err(error) => problem.set(Some(error)),
            }
        });
    };
    let title = Signal::stored(t!(locale, projects.new).to_owned());
    let foot = move || view! { <FormFoot open form="project" label=t!(locale, projects.create) busy /> };
    view! {
        <Dialog open title foot>
            <form id="project" class="form" on:submit=submit>
                <FormProblem problem />
                <TextField
                    name="name"
                    label=t!(locale, projects.name)
                    value=name
                    hint=t!(locale, projects.name_hint, limit = MAX_NAME_LENGTH.to_string())
                    placeholder="shop"
                    required=true
                    autofocus=true
                    problem=Signal::from(problem)
                />
            </form>
        </Dialog>
    }
}
