//! The list of accounts.

use api::{
    Client,
    permission::{Permission, SystemRole},
    user::User,
};
use leptos::prelude::*;

use super::{
    actions::user_actions,
    dialogs::{LinkDialog, Links, NewUser},
    role_word,
};
use crate::{
    boot::use_boot,
    components::{
        header::PageHeader,
        icon::{Icon, IconView},
        status::{Badge, Status, StatusBadge, Tone},
        table::{Column, Empty, Filter, ResourceTable, use_list_state},
        time::RelativeTime,
    },
    i18n::{Locale, t, use_locale},
    load::Load,
};

const FIELDS: &[&str] = &["role", "state", "break_glass"];

/// The list of accounts.
#[component]
pub fn UsersPage() -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let state = use_list_state(FIELDS);
    let (open, links) = (RwSignal::new(false), Links::new());
    let load = Load::new(&[], {
        let client = client.clone();
        move || {
            let (client, query) = (client.clone(), state.get().to_list_query());
            async move { client.list_users(&query).await }
        }
    });
    let table = ResourceTable::new("users", columns(locale), EMPTY)
        .actions(user_actions(&client, load, links))
        .filters(filters());
    let new = use_boot().allows(None, Permission::ManagePortal).then(|| {
        view! {
            <button type="button" class="button button--primary" on:click=move |_| open.set(true)>
                <IconView icon=Icon::Plus />
                {t!(locale, users.new)}
            </button>
        }
    });
    view! {
        <div class="page">
            <PageHeader title=t!(locale, nav.users).to_owned() lead=t!(locale, users.lead)>
                {new}
            </PageHeader>
            {table.show(load, state, |it| it.id.to_string(), |it| it.username.clone())}
        </div>
        <NewUser open load links />
        <LinkDialog links />
    }
}

const EMPTY: Empty =
    Empty { icon: Icon::User, title: |l| t!(l, users.empty), detail: |l| t!(l, users.empty_detail), link: None };

fn columns(locale: Locale) -> Vec<Column> {
    vec![
        Column::new(
            "username",
            |l| t!(l, gate.username),
            move |it: &User| {
                let badge =
                    it.break_glass.then(|| view! { <Badge tone=Tone::Warn word=t!(locale, users.break_glass) /> });
                view! { <span class="strong">{it.username.clone()}</span> " " {badge} }.into_any()
            },
        )
        .lead(),
        Column::new("role", |l| t!(l, account.role), move |it: &User| role_word(locale, it.role).into_any()),
        Column::new(
            "state",
            |l| t!(l, users.state),
            move |it: &User| view! { <StatusBadge status=Status::of_user(locale, it.state) /> }.into_any(),
        )
        .unsorted(),
        Column::new(
            "two_factor",
            |l| t!(l, users.two_factor),
            move |it: &User| {
                let word = if it.two_factor { t!(locale, common.yes) } else { t!(locale, common.no) };
                word.into_any()
            },
        )
        .unsorted()
        .low(),
        Column::new(
            "created_at",
            |l| t!(l, common.created),
            |it: &User| view! { <RelativeTime at=it.created_at /> }.into_any(),
        )
        .low(),
    ]
}

fn filters() -> Vec<Filter> {
    vec![
        Filter {
            field: "role",
            title: |l| t!(l, account.role),
            options: vec![
                ("admin", |l| role_word(l, SystemRole::Admin)),
                ("member", |l| role_word(l, SystemRole::Member)),
            ],
        },
        Filter {
            field: "state",
            title: |l| t!(l, users.state),
            options: vec![
                ("active", |l| t!(l, status.active)),
                ("invited", |l| t!(l, status.invited)),
                ("waiting", |l| t!(l, status.waiting)),
                ("disabled", |l| t!(l, status.disabled)),
            ],
        },
        Filter {
            field: "break_glass",
            title: |l| t!(l, users.break_glass),
            options: vec![("true", |l| t!(l, users.break_glass)), ("false", |l| t!(l, users.break_glass_no))],
        },
    ]
}
