//! Who works on a project, with what role, and how that is changed.

use std::sync::Arc;

use api::{
    Client, List, ListQuery, Problem,
    permission::ProjectRole,
    project::{Member, SetMember},
};
use leptos::{ev, prelude::*, task::spawn_local};

use super::{
    LEAST_ROLE, chosen_role, role_options, role_word,
    teams::{AddTeam, TeamsCard},
};
use crate::{
    boot::use_boot,
    browser,
    components::{
        action::{Action, ActionButtons, ActionItems, Confirm, Done, Subject},
        card::Card,
        empty::EmptyState,
        facts::KeyValueList,
        field::{SelectField, TextField},
        icon::{Icon, IconView},
        menu::Menu,
        problem::FormProblem,
        status::{Status, StatusBadge},
        toast::use_toasts,
    },
    i18n::{Text, t, use_locale},
    load::Load,
    paths,
};

/// The members of a project, and the teams with a role in it.
#[component]
pub(super) fn MembersTab(project: Memo<String>, manages: Memo<bool>) -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let load = Load::new(&[], {
        let client = client.clone();
        move || {
            let (client, project) = (client.clone(), project.get());
            async move { client.list_members(&project, &ListQuery::all()).await }
        }
    });
    let teams = Load::new(&[], move || {
        let (client, project) = (client.clone(), project.get());
        async move { client.list_team_grants(&project, &ListQuery::all()).await }
    });
    let changed = Callback::new(move |()| load.again());
    let teams_changed = Callback::new(move |()| teams.again());
    let roles = vec![
        (t!(locale, members.guest), t!(locale, members.guest_detail).into_any()),
        (t!(locale, members.developer), t!(locale, members.developer_detail).into_any()),
        (t!(locale, members.admin), t!(locale, members.admin_detail).into_any()),
    ];
    view! {
        <div class="grid grid--wide">
            <div class="stack">
                <Card title=t!(locale, members.title) flush=true>
                    {load.show(move |members| view! { <MemberTable members project manages changed /> }.into_any())}
                </Card>
                <TeamsCard load=teams project manages changed=teams_changed />
            </div>
            <div class="stack">
                {move || {
                    if manages.get() {
                        view! {
                            <AddMember project added=changed />
                            <AddTeam project added=teams_changed />
                        }
                            .into_any()
                    } else {
                        view! { <p class="soft">{t!(locale, members.managed)}</p> }.into_any()
                    }
                }}
                <Card title=t!(locale, members.roles)>
                    <KeyValueList items=roles />
                </Card>
            </div>
        </div>
    }
}

#[component]
fn MemberTable(
    members: Signal<Arc<List<Member>>>,
    project: Memo<String>,
    manages: Memo<bool>,
    changed: Callback<()>,
) -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let me = use_boot().me.map(|me| me.user.id);
    let (manage, leave) = (manage(&client, project), leave(client, project));
    // The page is loaded anew, because what one may do is another afterwards.
    let left = Callback::new(|()| browser::leave_for(paths::PROJECTS));
    let row = move |member: Member| {
        let tools = if me == Some(member.user) {
            let subjects = Signal::stored(vec![Subject::new(project.get_untracked(), Arc::new(member.clone()))]);
            view! { <ActionButtons actions=vec![leave.clone()] subjects done=left /> }.into_any()
        } else if manages.get() {
            let label = t!(locale, table.actions_of, name = member.username.clone());
            let subject = Subject::new(member.username.clone(), Arc::new(member.clone()));
            let actions = manage.clone();
            view! {
                <Menu label>
                    <ActionItems actions=actions.clone() subject=subject.clone() done=changed />
                </Menu>
            }
            .into_any()
        } else {
            ().into_any()
        };
        view! {
            <tr>
                <td class="strong">{member.username}</td>
                <td>{role_word(locale, member.role)}</td>
                <td><StatusBadge status=Status::of_user(locale, member.state) /></td>
                <td class="num">{tools}</td>
            </tr>
        }
    };
    move || {
        let members = members.get();
        if members.items.is_empty() {
            return view! {
                <EmptyState
                    icon=Icon::User
                    title=t!(locale, members.empty)
                    detail=t!(locale, members.empty_detail)
                />
            }
            .into_any();
        }
        view! {
            <div class="resource__scroll">
                <table class="table table--plain">
                    <thead>
                        <tr>
                            <th scope="col">{t!(locale, gate.username)}</th>
                            <th scope="col">{t!(locale, members.role)}</th>
                            <th scope="col">{t!(locale, members.state)}</th>
                            <th scope="col">
                                <span class="visually-hidden">{t!(locale, table.actions)}</span>
                            </th>
                        </tr>
                    </thead>
                    <tbody>{members.items.iter().cloned().map(&row).collect_view()}</tbody>
                </table>
            </div>
        }
        .into_any()
    }
}

/// What those who manage a project do to others' memberships.
fn manage(client: &Client, project: Memo<String>) -> Vec<Action> {
    let make = |role: ProjectRole, label: Text, fits: fn(&Member) -> bool| {
        let client = client.clone();
        Action::new(label, Icon::User, move |member: Arc<Member>, _| {
            let (client, project) = (client.clone(), project.get_untracked());
            async move {
                client.set_member(&project, &member.username, &SetMember { role }).await?;
                Ok::<_, Problem>(Done::Now)
            }
        })
        .fits(fits)
    };
    vec![
        make(ProjectRole::Guest, |l| t!(l, members.make_guest), |it| it.role != ProjectRole::Guest),
        make(ProjectRole::Developer, |l| t!(l, members.make_developer), |it| it.role != ProjectRole::Developer),
        make(ProjectRole::Admin, |l| t!(l, members.make_admin), |it| it.role != ProjectRole::Admin),
        end(client.clone(), project, |l| t!(l, action.remove), Icon::Trash).confirm(Confirm {
            question: |l| t!(l, members.remove_question),
            loses: |l| t!(l, members.remove_loses),
            option: None,
            typed: false,
        }),
    ]
}

/// What one does to one's own membership.
fn leave(client: Client, project: Memo<String>) -> Action {
    end(client, project, |l| t!(l, members.leave), Icon::SignOut).confirm(Confirm {
        question: |l| t!(l, members.leave_question),
        loses: |l| t!(l, members.leave_loses),
        option: None,
        typed: false,
    })
}

fn end(client: Client, project: Memo<String>, label: Text, icon: Icon) -> Action {
    Action::new(label, icon, move |member: Arc<Member>, _| {
        let (client, project) = (client.clone(), project.get_untracked());
        async move {
            client.delete_member(&project, &member.username).await?;
            Ok::<_, Problem>(Done::Now)
        }
    })
}

#[component]
fn AddMember(project: Memo<String>, added: Callback<()>) -> impl IntoView {
    let locale = use_locale();
    let toasts = use_toasts();
    let client = StoredValue::new(expect_context::<Client>());
    let (username, role) = (RwSignal::new(String::new()), RwSignal::new(LEAST_ROLE.to_owned()));
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<Problem>));
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let (client, project) = (client.get_value(), project.get_untracked());
        let name = username.get_untracked().trim().to_owned();
        let role = chosen_role(&role.read_untracked());
        if name.is_empty() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            let answer = client.set_member(&project, &name, &SetMember { role }).await;
            busy.set(false);
            match answer {
                Ok(member) => {
                    problem.set(None);
                    username.set(String::new());
                    let role = role_word(locale, member.role);
                    toasts.done(t!(locale, members.set, name = member.username, role = role));
                    added.run(());
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
                <SelectField name="role" label=t!(locale, members.role) value=role options=role_options(locale) />
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
