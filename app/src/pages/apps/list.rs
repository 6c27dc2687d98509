//! The list of apps.

use api::{Client, app::App, watch::ChangeKind};
use leptos::prelude::*;

use super::actions::app_actions;
use crate::{
    components::{
        header::PageHeader,
        icon::{Icon, IconView},
        status::{Status, StatusBadge},
        table::{Column, Empty, Filter, ResourceTable, use_list_state},
        time::RelativeTime,
    },
    i18n::{Locale, language, t, use_locale},
    load::Load,
    pages::containers::columns::ports_cell,
    paths,
};

const FIELDS: &[&str] = &["project", "cluster", "state"];

/// The list of apps.
#[component]
pub fn AppsPage() -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let state = use_list_state(FIELDS);
    let load = Load::new(&[ChangeKind::App, ChangeKind::Operation, ChangeKind::Container], {
        let client = client.clone();
        move || {
            let (client, query) = (client.clone(), state.get().to_list_query());
            async move { client.list_apps(&query).await }
        }
    });
    let table = ResourceTable::new("apps", app_columns(locale), EMPTY).actions(app_actions(client)).filters(filters());
    view! {
        <div class="page">
            <PageHeader title=t!(locale, nav.apps).to_owned()>
                <a class="button button--primary" href=paths::NEW_APP>
                    <IconView icon=Icon::Plus />
                    {t!(locale, apps.new)}
                </a>
            </PageHeader>
            {table.show(load, state, |it| it.id.to_string(), |it| it.name.clone())}
        </div>
    }
}

const EMPTY: Empty = Empty {
    icon: Icon::App,
    title: |l| t!(l, apps.empty),
    detail: |l| t!(l, apps.empty_detail),
    link: Some((|l| t!(l, apps.new), paths::NEW_APP)),
};

fn app_columns(locale: Locale) -> Vec<Column> {
    vec![
        Column::new(
            "name",
            |l| t!(l, apps.name),
            |it: &App| view! { <a href=paths::app(&it.project, &it.name)>{it.name.clone()}</a> }.into_any(),
        )
        .lead(),
        Column::new(
            "state",
            |l| t!(l, apps.state),
            move |it: &App| {
                let reason = it.reason.as_ref().map(|reason| reason.text(language(locale)));
                view! {
                    <span title=reason>
                        <StatusBadge status=Status::of_app(locale, it.state) />
                    </span>
                }
                .into_any()
            },
        ),
        Column::new(
            "containers",
            |l| t!(l, apps.copies),
            |it: &App| format!("{} / {}", it.containers_ready, it.containers_desired).into_any(),
        )
        .unsorted()
        .number()
        .mid(),
        Column::new("ports", |l| t!(l, containers.ports), |it: &App| ports_cell(&it.ports)).unsorted().mid(),
        Column::new("release", |l| t!(l, apps.release), |it: &App| format!("#{}", it.release).into_any())
            .number()
            .mid(),
        Column::new("project", |l| t!(l, apps.project), |it: &App| it.project.clone().into_any()).low(),
        Column::new("cluster", |l| t!(l, apps.cluster), |it: &App| it.cluster.clone().into_any()).low().hidden(),
        Column::new(
            "updated_at",
            |l| t!(l, apps.changed),
            |it: &App| view! { <RelativeTime at=it.updated_at /> }.into_any(),
        )
        .low(),
    ]
}

fn filters() -> Vec<Filter> {
    let only = |field, title| Filter { field, title, options: Vec::new() };
    vec![
        Filter {
            field: "state",
            title: |l| t!(l, apps.state),
            options: vec![
                ("running", |l| t!(l, status.running)),
                ("degraded", |l| t!(l, status.degraded)),
                ("failed", |l| t!(l, status.failed)),
                ("progressing", |l| t!(l, status.progressing)),
                ("stopped", |l| t!(l, status.stopped)),
            ],
        },
        only("project", |l| t!(l, apps.project)),
        only("cluster", |l| t!(l, apps.cluster)),
    ]
}
