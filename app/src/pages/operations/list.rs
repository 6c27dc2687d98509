//! The list of operations.

use api::{Client, operation::Operation, watch::ChangeKind};
use leptos::prelude::*;

use super::kind_word;
use crate::{
    components::{
        header::PageHeader,
        icon::Icon,
        operation::operation_title,
        status::{Status, StatusBadge},
        table::{Column, Empty, Filter, ResourceTable, use_list_state},
        time::{RelativeTime, Took},
    },
    i18n::{Locale, t, use_locale},
    load::Load,
    paths,
};

const FIELDS: &[&str] = &["state", "kind", "project", "app", "cluster"];

/// The list of operations.
#[component]
pub fn OperationsPage() -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let state = use_list_state(FIELDS);
    let load = Load::new(&[ChangeKind::Operation], move || {
        let (client, query) = (client.clone(), state.get().to_list_query());
        async move { client.list_operations(&query).await }
    });
    let table = ResourceTable::new("operations", operation_columns(locale), EMPTY).filters(filters());
    view! {
        <div class="page">
            <PageHeader title=t!(locale, nav.operations).to_owned() lead=t!(locale, operations.lead) />
            {table.show(load, state, |it| it.id.to_string(), |it| it.target.clone())}
        </div>
    }
}

const EMPTY: Empty = Empty {
    icon: Icon::Operation,
    title: |l| t!(l, operations.empty),
    detail: |l| t!(l, operations.empty_detail),
    link: Some((|l| t!(l, apps.new), paths::NEW_APP)),
};

/// The columns of a table of operations.
pub fn operation_columns(locale: Locale) -> Vec<Column> {
    vec![
        Column::new(
            "kind",
            |l| t!(l, operations.what),
            move |it: &Operation| {
                view! { <a href=paths::operation(&it.id.to_string())>{operation_title(locale, it)}</a> }.into_any()
            },
        )
        .unsorted()
        .lead(),
        Column::new(
            "state",
            |l| t!(l, operations.state),
            move |it: &Operation| view! { <StatusBadge status=Status::of_operation(locale, it.state) /> }.into_any(),
        )
        .unsorted(),
        Column::new(
            "release",
            |l| t!(l, apps.release),
            |it: &Operation| it.release.map(|number| format!("#{number}")).into_any(),
        )
        .unsorted()
        .mid(),
        Column::new("created_by", |l| t!(l, operations.by), |it: &Operation| it.created_by.clone().into_any())
            .unsorted()
            .mid(),
        Column::new(
            "created_at",
            |l| t!(l, operations.asked),
            |it: &Operation| view! { <RelativeTime at=it.created_at /> }.into_any(),
        ),
        Column::new(
            "took",
            |l| t!(l, operations.took),
            |it: &Operation| it.started_at.map(|from| view! { <Took from to=it.finished_at /> }).into_any(),
        )
        .unsorted()
        .low(),
    ]
}

fn filters() -> Vec<Filter> {
    let only = |field, title| Filter { field, title, options: Vec::new() };
    vec![
        Filter {
            field: "state",
            title: |l| t!(l, operations.state),
            options: vec![
                ("running", |l| t!(l, status.in_progress)),
                ("succeeded", |l| t!(l, status.succeeded)),
                ("failed", |l| t!(l, status.failed)),
                ("cancelled", |l| t!(l, status.cancelled)),
            ],
        },
        Filter {
            field: "kind",
            title: |l| t!(l, operations.what),
            options: vec![
                ("deploy", |l| kind_word(l, api::operation::OperationKind::Deploy)),
                ("rollback", |l| kind_word(l, api::operation::OperationKind::Rollback)),
                ("scale", |l| kind_word(l, api::operation::OperationKind::Scale)),
                ("delete", |l| kind_word(l, api::operation::OperationKind::Delete)),
                ("pull-image", |l| kind_word(l, api::operation::OperationKind::PullImage)),
            ],
        },
        only("app", |l| t!(l, containers.app)),
        only("project", |l| t!(l, apps.project)),
    ]
}
