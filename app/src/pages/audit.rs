//! The audit log: of the whole portal, and of one project.

use api::{
    Client, ListQuery,
    audit::{AuditEntry, AuditForwarding, export_path},
    client::Query,
    permission::Permission,
};
use leptos::prelude::*;

use crate::{
    boot::use_boot,
    components::{
        card::Card,
        header::PageHeader,
        icon::{Icon, IconView},
        status::{Status, StatusBadge},
        table::{Column, Empty, Filter, ResourceTable, use_list_state},
        time::{AbsoluteTime, RelativeTime},
    },
    i18n::{Locale, language, t, use_locale},
    load::Load,
};

const FIELDS: &[&str] = &["result", "user", "action", "project", "since", "until"];
/// One project's log has no others in it.
const PROJECT_FIELDS: &[&str] = &["result", "user", "action", "since", "until"];

/// The audit log of the whole portal.
#[component]
pub fn AuditPage() -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let state = use_list_state(FIELDS);
    let load = Load::new(&[], move || {
        let (client, query) = (client.clone(), state.get().to_list_query());
        async move { client.list_audit(&query).await }
    });
    let table = ResourceTable::new("audit", columns(locale, "?", true), EMPTY).filters(filters());
    // What is exported is everything that fits, not the page that is shown.
    let export = move || {
        let ListQuery { q, filters, .. } = state.get().to_list_query();
        export_path(&ListQuery { q, filters, ..ListQuery::default() }).as_str().to_owned()
    };
    let manages = use_boot().allows(None, Permission::ManagePortal);
    let export = manages.then(|| {
        view! {
            <a class="button" href=export download="" rel="external">
                <IconView icon=Icon::Download />
                {t!(locale, audit.export)}
            </a>
        }
    });
    view! {
        <div class="page">
            <PageHeader title=t!(locale, nav.audit).to_owned() lead=t!(locale, audit.lead)>
                {export}
            </PageHeader>
            {manages.then(|| view! { <Forwarding /> })}
            {table.show(load, state, |it| it.id.to_string(), |it| it.action.clone())}
        </div>
    }
}

/// How the log is sent to where the settings say; nothing where they say nothing.
#[component]
fn Forwarding() -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let load = Load::new(&[], move || {
        let client = client.clone();
        async move { client.audit_forwarding().await }
    });
    load.show_quietly(move |all| {
        let card = move || {
            let all = all.get();
            (!all.is_empty()).then(|| {
                view! {
                    <Card title=t!(locale, audit.forward_title)>
                        <dl class="facts">{all.iter().map(|to| place(locale, to)).collect_view()}</dl>
                    </Card>
                }
            })
        };
        card.into_any()
    })
}

fn place(locale: Locale, to: &AuditForwarding) -> impl IntoView + use<> {
    let behind = (to.behind > 0).then(|| t!(locale, audit.forward_behind, count = to.behind.to_string()));
    let last = to.last_sent_at.map(|at| view! { {t!(locale, audit.forward_last)}" "<RelativeTime at /> });
    let error = to.last_error.as_ref().map(|message| view! { <p>{message.text(language(locale))}</p> });
    let (target, status) = (to.target.clone(), Status::of_forwarding(locale, to));
    view! {
        <dt>{target}</dt>
        <dd>
            <StatusBadge status />
            " "
            {behind}
            " "
            <span class="soft">{last}</span>
            {error}
        </dd>
    }
}

/// The audit log of one project, as a tab of its page.
#[component]
pub fn ProjectAudit(
    /// The project.
    project: Memo<String>,
) -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let state = use_list_state(PROJECT_FIELDS);
    let load = Load::new(&[], move || {
        let (client, project, query) = (client.clone(), project.get(), state.get().to_list_query());
        async move { client.list_project_audit(&project, &query).await }
    });
    ResourceTable::new("project-audit", columns(locale, "?tab=audit&", false), EMPTY).filters(filters()).show(
        load,
        state,
        |it| it.id.to_string(),
        |it| it.action.clone(),
    )
}

const EMPTY: Empty =
    Empty { icon: Icon::History, title: |l| t!(l, audit.empty), detail: |l| t!(l, audit.empty_detail), link: None };

/// The columns; `base` begins the address of the same page filtered by one value, `of_portal` says whether entries of
/// several projects are among them.
fn columns(locale: Locale, base: &'static str, of_portal: bool) -> Vec<Column> {
    let filtered = move |field: &str, value: &str| {
        let href = format!("{base}{}", Query::new().with(field, value).as_str());
        view! { <a href=href>{value.to_owned()}</a> }.into_any()
    };
    let mut columns = vec![
        Column::new("at", |l| t!(l, audit.at), |it: &AuditEntry| view! { <AbsoluteTime at=it.at /> }.into_any())
            .unsorted(),
        Column::new("user", |l| t!(l, audit.user), move |it: &AuditEntry| filtered("user", &it.username)).unsorted(),
        Column::new("action", |l| t!(l, audit.action), move |it: &AuditEntry| filtered("action", &it.action))
            .unsorted()
            .lead(),
        Column::new("target", |l| t!(l, audit.target), |it: &AuditEntry| it.target.clone().into_any()).unsorted().mid(),
        Column::new(
            "result",
            |l| t!(l, audit.result),
            move |it: &AuditEntry| view! { <StatusBadge status=Status::of_audit(locale, it.result) /> }.into_any(),
        )
        .unsorted(),
    ];
    if of_portal {
        let project = move |it: &AuditEntry| it.project.as_deref().map(|name| filtered("project", name)).into_any();
        columns.push(Column::new("project", |l| t!(l, audit.project), project).unsorted().mid());
    }
    columns.extend([
        Column::new("address", |l| t!(l, audit.address), |it: &AuditEntry| it.address.clone().into_any())
            .unsorted()
            .low(),
        Column::new("detail", |l| t!(l, audit.detail), |it: &AuditEntry| it.detail.clone().into_any()).unsorted().low(),
    ]);
    columns
}

fn filters() -> Vec<Filter> {
    let only = |field, title| Filter { field, title, options: Vec::new() };
    vec![
        Filter {
            field: "result",
            title: |l| t!(l, audit.result),
            options: vec![
                ("done", |l| t!(l, status.done)),
                ("refused", |l| t!(l, status.refused)),
                ("failed", |l| t!(l, status.failed)),
            ],
        },
        only("user", |l| t!(l, audit.user)),
        only("action", |l| t!(l, audit.action)),
        only("project", |l| t!(l, audit.project)),
        only("since", |l| t!(l, audit.since)),
        only("until", |l| t!(l, audit.until)),
    ]
}
