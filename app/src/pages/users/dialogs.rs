//! Making an account, and handing over the one-time link with which its owner chooses the password.

use api::{
    Client, List, Problem,
    name::MAX_NAME_LENGTH,
    permission::SystemRole,
    user::{CreateUser, PasswordLink, User},
};
use leptos::{ev, prelude::*, task::spawn_local};

use super::role_word;
use crate::{
    components::{
        code::CodeBlock,
        dialog::{Dialog, FormFoot},
        field::{SelectField, TextField},
        problem::FormProblem,
        time::AbsoluteTime,
    },
    i18n::{t, use_locale},
    load::Load,
};

const ADMIN: &str = "admin";
const MEMBER: &str = "member";

/// The links that were just made.
#[derive(Clone, Copy)]
pub(super) struct Links {
    open: RwSignal<bool>,
    made: RwSignal<Vec<PasswordLink>>,
}

impl Links {
    /// None yet.
    pub fn new() -> Self {
        Self { open: RwSignal::new(false), made: RwSignal::new(Vec::new()) }
    }

    /// Shows a link beside those that are shown already, if the page is still there.
    pub fn show(self, link: PasswordLink) {
        let _ = self.made.try_update(|made| made.push(link));
        let _ = self.open.try_set(true);
    }
}

/// Makes an account.
#[component]
pub(super) fn NewUser(open: RwSignal<bool>, load: Load<List<User>>, links: Links) -> impl IntoView {
    let locale = use_locale();
    let client = StoredValue::new(expect_context::<Client>());
    let (username, role) = (RwSignal::new(String::new()), RwSignal::new(MEMBER.to_owned()));
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<Problem>));
    Effect::new(move |_| {
        if !open.get() {
            username.set(String::new());
            role.set(MEMBER.to_owned());
            problem.set(None);
        }
    });
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let client = client.get_value();
        let is_admin = role.with_untracked(|role| role == ADMIN);
        let create = CreateUser {
            username: username.get_untracked().trim().to_owned(),
            role: if is_admin { SystemRole::Admin } else { SystemRole::Member },
        };
        busy.set(true);
        spawn_local(async move {
            let answer = client.create_user(&create).await;
            busy.set(false);
            match answer {
                Ok(link) => {
                    open.set(false);
                    links.show(link);
                    load.again();
                }
                Err(error) => problem.set(Some(error)),
            }
        });
    };
    let options = [(MEMBER, SystemRole::Member), (ADMIN, SystemRole::Admin)]
        .map(|(key, role)| (key.to_owned(), role_word(locale, role).to_owned()))
        .to_vec();
    let title = Signal::stored(t!(locale, users.new).to_owned());
    let foot = move || view! { <FormFoot open form="user" label=t!(locale, users.create) busy /> };
    view! {
        <Dialog open title foot>
            <form id="user" class="form" on:submit=submit>
                <FormProblem problem />
                <TextField
                    name="username"
                    label=t!(locale, gate.username)
                    value=username
                    hint=t!(locale, users.username_hint, limit = MAX_NAME_LENGTH.to_string())
                    required=true
                    autofocus=true
                    problem=Signal::from(problem)
                />
                <SelectField name="role" label=t!(locale, account.role) value=role options=options.clone() />
                <p class="soft">{t!(locale, users.new_hint)}</p>
            </form>
        </Dialog>
    }
}

/// Shows links that were just made; they are gone from the page as soon as the dialog is.
#[component]
pub(super) fn LinkDialog(links: Links) -> impl IntoView {
    let locale = use_locale();
    let Links { open, made } = links;
    Effect::new(move |_| {
        if !open.get() {
            made.set(Vec::new());
        }
    });
    let link = move |it: PasswordLink| {
        view! {
            <div class="stack stack--tight">
                <p class="strong">{it.user.username}</p>
                <CodeBlock text=it.link label=t!(locale, users.link) />
                <p class="soft">{t!(locale, users.link_until)} " " <AbsoluteTime at=it.expires_at /></p>
            </div>
        }
    };
    let title = Signal::stored(t!(locale, users.link_title).to_owned());
    let foot = move || {
        view! {
            <button type="button" class="button button--primary" on:click=move |_| open.set(false)>
                {t!(locale, account.secret_kept)}
            </button>
        }
    };
    view! {
        <Dialog open title foot>
            <p>{t!(locale, users.link_once)}</p>
            {move || made.get().into_iter().map(link).collect_view()}
        </Dialog>
    }
}
