//! The robots of a project: made and rotated with a secret that is shown once, shut, and removed.

use std::sync::Arc;

use api::{
    Client, List, Problem,
    name::MAX_NAME_LENGTH,
    permission::ProjectRole,
    robot::{CreateRobot, ROBOT_SCOPES, Robot, UpdateRobot},
    token::Scope,
    user::UserState,
};
use leptos::{ev, prelude::*, task::spawn_local};

use super::role_word;
use crate::{
    components::{
        action::{Action, ActionItems, Confirm, Done, Subject},
        card::Card,
        dialog::{Dialog, FormFoot},
        empty::EmptyState,
        field::{SelectField, TextField},
        icon::{Icon, IconView},
        menu::Menu,
        problem::FormProblem,
        scope::{ChosenScopes, ScopeFields, ScopePills},
        secret::{FIRST_DAYS, SecretDialog, Secrets, lifetimes},
        status::{Status, StatusBadge},
        time::{AbsoluteTime, RelativeTime},
    },
    i18n::{Text, t, use_locale},
    load::Load,
};

const GUEST: &str = "guest";
const DEVELOPER: &str = "developer";
/// What a new robot may be used for, unless its maker says otherwise.
const FIRST_SCOPES: [Scope; 2] = [Scope::Read, Scope::Deploy];

/// The robots of a project, for those who manage it.
#[component]
pub(super) fn RobotsTab(project: Memo<String>) -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let (open, secrets) = (RwSignal::new(false), Secrets::none());
    let actions = actions(&client, project, secrets);
    let load = Load::new(&[], move || {
        let (client, project) = (client.clone(), project.get());
        async move { client.list_robots(&project).await }
    });
    let changed = Callback::new(move |()| load.again());
    let new = view! {
        <button type="button" class="button button--small" on:click=move |_| open.set(true)>
            <IconView icon=Icon::Plus />
            {t!(locale, robots.new)}
        </button>
    }
    .into_any();
    view! {
        <Card title=t!(locale, robots.title) tools=new flush=true>
            <p class="card__body soft">{t!(locale, robots.lead)}</p>
            {load.show(move |robots| view! { <RobotTable robots actions=actions.clone() changed /> }.into_any())}
        </Card>
        <NewRobot project open secrets made=changed />
        <SecretDialog secrets />
    }
}

#[component]
fn RobotTable(robots: Signal<Arc<List<Robot>>>, actions: Vec<Action>, changed: Callback<()>) -> impl IntoView {
    let locale = use_locale();
    let row = move |robot: Robot| {
        let label = t!(locale, table.actions_of, name = robot.name.clone());
        let subject = Subject::new(robot.name.clone(), Arc::new(robot.clone()));
        let actions = actions.clone();
        let state = if robot.disabled { UserState::Disabled } else { UserState::Active };
        view! {
            <tr>
                <td class="strong">
                    <span title=robot.full_name>{robot.name}</span>
                </td>
                <td>{role_word(locale, robot.role)}</td>
                <td><ScopePills scopes=robot.scopes /></td>
                <td><StatusBadge status=Status::of_user(locale, state) /></td>
                <td><AbsoluteTime at=robot.expires_at /></td>
                <td>
                    {match robot.last_used_at {
                        Some(at) => view! { <RelativeTime at /> }.into_any(),
                        None => t!(locale, account.never).into_any(),
                    }}
                </td>
                <td class="num">
                    <Menu label>
                        <ActionItems actions=actions.clone() subject=subject.clone() done=changed />
                    </Menu>
                </td>
            </tr>
        }
    };
    move || {
        let robots = robots.get();
        if robots.items.is_empty() {
            return view! {
                <EmptyState icon=Icon::Key title=t!(locale, robots.empty) detail=t!(locale, robots.empty_detail) />
            }
            .into_any();
        }
        view! {
            <div class="resource__scroll">
                <table class="table table--plain">
                    <thead>
                        <tr>
                            <th scope="col">{t!(locale, robots.name)}</th>
                            <th scope="col">{t!(locale, members.role)}</th>
                            <th scope="col">{t!(locale, scopes.title)}</th>
                            <th scope="col">{t!(locale, members.state)}</th>
                            <th scope="col">{t!(locale, account.expires)}</th>
                            <th scope="col">{t!(locale, account.last_used)}</th>
                            <th scope="col">
                                <span class="visually-hidden">{t!(locale, table.actions)}</span>
                            </th>
                        </tr>
                    </thead>
                    <tbody>{robots.items.iter().cloned().map(&row).collect_view()}</tbody>
                </table>
            </div>
        }
        .into_any()
    }
}

fn actions(client: &Client, project: Memo<String>, secrets: Secrets) -> Vec<Action> {
    let disable = |label: Text, icon: Icon, disabled: bool, fits: fn(&Robot) -> bool| {
        let client = client.clone();
        Action::new(label, icon, move |robot: Arc<Robot>, _| {
            let (client, project) = (client.clone(), project.get_untracked());
            async move {
                client.update_robot(&project, &robot.name, &UpdateRobot { disabled: Some(disabled) }).await?;
                Ok::<_, Problem>(Done::Now)
            }
        })
        .fits(fits)
    };
    vec![
        rotate(client.clone(), project, secrets),
        disable(|l| t!(l, users.enable), Icon::Check, false, |it| it.disabled),
        disable(|l| t!(l, users.disable), Icon::Lock, true, |it| !it.disabled).confirm(Confirm {
            question: |l| t!(l, robots.disable_question),
            loses: |l| t!(l, robots.disable_loses),
            option: None,
            typed: false,
        }),
        delete(client.clone(), project),
    ]
}

fn rotate(client: Client, project: Memo<String>, secrets: Secrets) -> Action {
    Action::new(
        |l| t!(l, account.rotate),
        Icon::Refresh,
        move |robot: Arc<Robot>, _| {
            let (client, project) = (client.clone(), project.get_untracked());
            async move {
                let rotated = client.rotate_robot(&project, &robot.name).await?;
                secrets.show(rotated.robot.full_name, rotated.secret);
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
}

fn delete(client: Client, project: Memo<String>) -> Action {
    Action::new(
        |l| t!(l, action.delete),
        Icon::Trash,
        move |robot: Arc<Robot>, _| {
            let (client, project) = (client.clone(), project.get_untracked());
            async move {
                client.delete_robot(&project, &robot.name).await?;
                Ok::<_, Problem>(Done::Now)
            }
        },
    )
    .confirm(Confirm {
        question: |l| t!(l, robots.delete_question),
        loses: |l| t!(l, robots.delete_loses),
        option: None,
        typed: false,
    })
}

#[component]
fn NewRobot(project: Memo<String>, open: RwSignal<bool>, secrets: Secrets, made: Callback<()>) -> impl IntoView {
    let locale = use_locale();
    let client = StoredValue::new(expect_context::<Client>());
    let (name, role) = (RwSignal::new(String::new()), RwSignal::new(DEVELOPER.to_owned()));
    let (scopes, days) = (ChosenScopes::new(&FIRST_SCOPES), RwSignal::new(FIRST_DAYS.to_string()));
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<Problem>));
    Effect::new(move |_| {
        if !open.get() {
            name.set(String::new());
            role.set(DEVELOPER.to_owned());
            scopes.set(&FIRST_SCOPES);
            days.set(FIRST_DAYS.to_string());
            problem.set(None);
        }
    });
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let (client, project) = (client.get_value(), project.get_untracked());
        let is_guest = role.with_untracked(|role| role == GUEST);
        let create = CreateRobot {
            name: name.get_untracked().trim().to_owned(),
            role: if is_guest { ProjectRole::Guest } else { ProjectRole::Developer },
            scopes: scopes.get(),
            days: days.get_untracked().parse().unwrap_or(FIRST_DAYS),
        };
        busy.set(true);
        spawn_local(async move {
            let answer = client.create_robot(&project, &create).await;
            busy.set(false);
            match answer {
                Ok(created) => {
                    open.set(false);
                    secrets.show(created.robot.full_name, created.secret);
                    made.run(());
                }
                Err(error) => problem.set(Some(error)),
            }
        });
    };
    let roles = [(GUEST, ProjectRole::Guest), (DEVELOPER, ProjectRole::Developer)]
        .map(|(key, role)| (key.to_owned(), role_word(locale, role).to_owned()))
        .to_vec();
    let title = Signal::stored(t!(locale, robots.new).to_owned());
    let foot = move || view! { <FormFoot open form="robot" label=t!(locale, robots.create) busy /> };
    view! {
        <Dialog open title foot>
            <form id="robot" class="form" on:submit=submit>
                <FormProblem problem />
                <TextField
                    name="name"
                    label=t!(locale, robots.name)
                    value=name
                    hint=t!(locale, projects.name_hint, limit = MAX_NAME_LENGTH.to_string())
                    required=true
                    autofocus=true
                    problem=Signal::from(problem)
                />
                <SelectField name="role" label=t!(locale, members.role) value=role options=roles.clone() />
                <ScopeFields scopes offered=&ROBOT_SCOPES problem=Signal::from(problem) />
                <SelectField name="days" label=t!(locale, account.lifetime) value=days options=lifetimes(locale) />
            </form>
        </Dialog>
    }
}
