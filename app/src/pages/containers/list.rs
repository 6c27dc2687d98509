//! The list of containers.

use api::{Client, watch::ChangeKind};
use leptos::prelude::*;

use super::{actions::container_actions, columns::container_columns};
use crate::{
    components::{
        header::PageHeader,
        icon::Icon,
        table::{Empty, Filter, ResourceTable, use_list_state},
    },
    frame::use_cluster,
    i18n::{t, use_locale},
    load::Load,
    paths,
};

const FIELDS: &[&str] = &["state", "health", "app", "project", "service", "image", "network", "volume"];

/// The list of containers.
#[component]
pub fn ContainersPage() -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let cluster = use_cluster();
    let state = use_list_state(FIELDS);
    let load = Load::new(&[ChangeKind::Container], {
        let client = client.clone();
        move || {
            let (client, cluster, query) = (client.clone(), cluster.get(), state.get().to_list_query());
            async move { client.list_containers(&cluster, &query).await }
        }
    });
    let table = ResourceTable::new("containers", container_columns(locale, cluster.into()), EMPTY)
        .actions(container_actions(client, cluster.into()))
        .filters(filters());
    view! {
        <div class="page">
            <PageHeader title=t!(locale, nav.containers).to_owned() />
            {table.show(load, state, |it| it.id.clone(), |it| it.name.clone())}
        </div>
    }
}

const EMPTY: Empty = Empty {
    icon: Icon::Container,
    title: |l| t!(l, containers.empty),
    detail: |l| t!(l, containers.empty_detail),
    link: Some((|l| t!(l, apps.new), paths::NEW_APP)),
};

fn filters() -> Vec<Filter> {
    let only = |field, title| Filter { field, title, options: Vec::new() };
    vec![
        Filter {
            field: "state",
            title: |l| t!(l, containers.state),
            options: vec![
                ("running", |l| t!(l, status.running)),
                ("exited", |l| t!(l, status.exited)),
                ("created", |l| t!(l, status.created)),
                ("paused", |l| t!(l, status.paused)),
                ("restarting", |l| t!(l, status.restarting)),
                ("dead", |l| t!(l, status.dead)),
            ],
        },
        Filter {
            field: "health",
            title: |l| t!(l, containers.health),
            options: vec![
                ("healthy", |l| t!(l, status.healthy)),
                ("unhealthy", |l| t!(l, status.unhealthy)),
                ("starting", |l| t!(l, status.health_starting)),
            ],
        },
        only("app", |l| t!(l, containers.app)),
        only("service", |l| t!(l, containers.service)),
        only("image", |l| t!(l, containers.image)),
        only("project", |l| t!(l, containers.project)),
        only("network", |l| t!(l, containers.network)),
        only("volume", |l| t!(l, kind.volume)),
    ]
}
