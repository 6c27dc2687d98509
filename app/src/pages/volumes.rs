//! The volumes of a cluster.

use std::sync::Arc;

use api::{Client, Problem, volume::Volume, watch::ChangeKind};
use leptos::prelude::*;

use crate::{
    components::{
        action::{Action, Confirm, Done},
        header::PageHeader,
        icon::Icon,
        table::{Column, Empty, Filter, ResourceTable, use_list_state},
        time::RelativeTime,
    },
    frame::use_cluster,
    i18n::{Locale, t, use_locale},
    load::Load,
    paths::{self, Noun},
};

const FIELDS: &[&str] = &["used", "driver", "app"];

/// The list of volumes.
#[component]
pub fn VolumesPage() -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let cluster = use_cluster();
    let state = use_list_state(FIELDS);
    let load = Load::new(&[ChangeKind::Volume, ChangeKind::Container], {
        let client = client.clone();
        move || {
            let (client, cluster, query) = (client.clone(), cluster.get(), state.get().to_list_query());
            async move { client.list_volumes(&cluster, &query).await }
        }
    });
    let table = ResourceTable::new("volumes", columns(locale, cluster.into()), EMPTY)
        .actions(vec![remove(client, cluster.into())])
        .filters(vec![
            Filter {
                field: "used",
                title: |l| t!(l, common.in_use),
                options: vec![("true", |l| t!(l, common.yes)), ("false", |l| t!(l, common.no))],
            },
            Filter { field: "driver", title: |l| t!(l, networks.driver), options: Vec::new() },
            Filter { field: "app", title: |l| t!(l, containers.app), options: Vec::new() },
        ]);
    view! {
        <div class="page">
            <PageHeader title=t!(locale, nav.volumes).to_owned() />
            {table.show(load, state, |it| it.name.clone(), |it| it.name.clone())}
        </div>
    }
}

const EMPTY: Empty =
    Empty { icon: Icon::Volume, title: |l| t!(l, volumes.empty), detail: |l| t!(l, volumes.empty_detail), link: None };

fn columns(locale: Locale, cluster: Signal<String>) -> Vec<Column> {
    vec![
        Column::new(
            "name",
            |l| t!(l, containers.name),
            |it: &Volume| view! { <span class="strong">{it.name.clone()}</span> }.into_any(),
        )
        .lead(),
        Column::new("driver", |l| t!(l, networks.driver), |it: &Volume| it.driver.clone().into_any()).low(),
        Column::new("app", |l| t!(l, containers.app), |it: &Volume| it.app.clone().into_any()).mid(),
        Column::new(
            "used_by",
            |l| t!(l, common.used_by),
            move |it: &Volume| {
                if it.used_by.is_empty() {
                    return view! { <span class="soft">{t!(locale, common.unused)}</span> }.into_any();
                }
                let link = |name: &String| {
                    let href = paths::detail(&cluster.get_untracked(), Noun::Containers, name);
                    view! { <a href=href>{name.clone()}</a> }
                };
                view! { <span class="row">{it.used_by.iter().map(link).collect_view()}</span> }.into_any()
            },
        ),
        Column::new(
            "mountpoint",
            |l| t!(l, volumes.mountpoint),
            |it: &Volume| {
                view! { <code class="cut" title=it.mountpoint.clone()>{it.mountpoint.clone()}</code> }.into_any()
            },
        )
        .unsorted()
        .low(),
        Column::new(
            "created_at",
            |l| t!(l, common.created),
            |it: &Volume| it.created_at.map(|at| view! { <RelativeTime at /> }).into_any(),
        )
        .mid(),
    ]
}

fn remove(client: Client, cluster: Signal<String>) -> Action {
    Action::new(
        |l| t!(l, action.remove),
        Icon::Trash,
        move |volume: Arc<Volume>, _| {
            let (client, cluster) = (client.clone(), cluster.get_untracked());
            async move {
                client.delete_volume(&cluster, &volume.name).await?;
                Ok::<_, Problem>(Done::Now)
            }
        },
    )
    .confirm(Confirm {
        question: |l| t!(l, volumes.remove_question),
        loses: |l| t!(l, volumes.remove_loses),
        option: None,
        typed: true,
    })
}
