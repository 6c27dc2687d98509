//! The networks of a cluster.

use std::sync::Arc;

use api::{Client, Problem, network::Network, watch::ChangeKind};
use leptos::prelude::*;

use crate::{
    components::{
        action::{Action, Confirm, Done},
        facts::Pills,
        header::PageHeader,
        icon::Icon,
        status::Badge,
        table::{Column, Empty, Filter, ResourceTable, use_list_state},
        time::RelativeTime,
    },
    frame::use_cluster,
    i18n::{Locale, t, use_locale},
    load::Load,
    paths::{self, Noun},
};

const FIELDS: &[&str] = &["driver", "app"];

/// The list of networks.
#[component]
pub fn NetworksPage() -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let cluster = use_cluster();
    let state = use_list_state(FIELDS);
    let load = Load::new(&[ChangeKind::Network, ChangeKind::Container], {
        let client = client.clone();
        move || {
            let (client, cluster, query) = (client.clone(), cluster.get(), state.get().to_list_query());
            async move { client.list_networks(&cluster, &query).await }
        }
    });
    let table = ResourceTable::new("networks", columns(locale, cluster.into()), EMPTY)
        .actions(vec![remove(client, cluster.into())])
        .filters(vec![
            Filter { field: "driver", title: |l| t!(l, networks.driver), options: Vec::new() },
            Filter { field: "app", title: |l| t!(l, containers.app), options: Vec::new() },
        ]);
    view! {
        <div class="page">
            <PageHeader title=t!(locale, nav.networks).to_owned() />
            {table.show(load, state, |it| it.id.clone(), |it| it.name.clone())}
        </div>
    }
}

const EMPTY: Empty = Empty {
    icon: Icon::Network,
    title: |l| t!(l, networks.empty),
    detail: |l| t!(l, networks.empty_detail),
    link: None,
};

fn columns(locale: Locale, cluster: Signal<String>) -> Vec<Column> {
    vec![
        Column::new(
            "name",
            |l| t!(l, containers.name),
            |it: &Network| view! { <span class="strong">{it.name.clone()}</span> }.into_any(),
        )
        .lead(),
        Column::new("driver", |l| t!(l, networks.driver), |it: &Network| it.driver.clone().into_any()),
        Column::new("scope", |l| t!(l, networks.scope), |it: &Network| it.scope.clone().into_any()).unsorted().low(),
        Column::new(
            "internal",
            |l| t!(l, networks.internal),
            move |it: &Network| {
                it.internal.then(|| view! { <Badge word=t!(locale, networks.internal_yes) /> }).into_any()
            },
        )
        .unsorted()
        .low(),
        Column::new(
            "subnets",
            |l| t!(l, networks.subnets),
            |it: &Network| view! { <Pills texts=it.subnets.clone() /> }.into_any(),
        )
        .unsorted()
        .mid(),
        Column::new("app", |l| t!(l, containers.app), |it: &Network| it.app.clone().into_any()).mid(),
        Column::new(
            "containers",
            |l| t!(l, nav.containers),
            move |it: &Network| {
                let address = paths::list(&cluster.get_untracked(), Noun::Containers);
                let query = api::client::Query::new().with("network", &it.name);
                view! { <a href=format!("{address}?{}", query.as_str())>{it.containers.to_string()}</a> }.into_any()
            },
        )
        .number(),
        Column::new(
            "created_at",
            |l| t!(l, common.created),
            |it: &Network| view! { <RelativeTime at=it.created_at /> }.into_any(),
        )
        .low(),
    ]
}

fn remove(client: Client, cluster: Signal<String>) -> Action {
    Action::new(
        |l| t!(l, action.remove),
        Icon::Trash,
        move |network: Arc<Network>, _| {
            let (client, cluster) = (client.clone(), cluster.get_untracked());
            async move {
                client.delete_network(&cluster, &network.id).await?;
                Ok::<_, Problem>(Done::Now)
            }
        },
    )
    .fits(|network: &Network| !matches!(network.name.as_str(), "bridge" | "host" | "none"))
    .confirm(Confirm {
        question: |l| t!(l, networks.remove_question),
        loses: |l| t!(l, networks.remove_loses),
        option: None,
        typed: false,
    })
}
