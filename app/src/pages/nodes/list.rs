//! The list of nodes.

use api::{
    Client,
    node::{Availability, Node, NodeRole},
    watch::ChangeKind,
};
use leptos::prelude::*;

use crate::{
    components::{
        header::PageHeader,
        icon::Icon,
        status::{Status, StatusBadge},
        table::{Column, Empty, ResourceTable, use_list_state},
    },
    format,
    frame::use_cluster,
    i18n::{Locale, t, use_locale},
    load::Load,
    paths::{self, Noun},
};

/// The list of nodes.
#[component]
pub fn NodesPage() -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let cluster = use_cluster();
    let state = use_list_state(&[]);
    let load = Load::new(&[ChangeKind::Node, ChangeKind::Cluster], move || {
        let (client, cluster, query) = (client.clone(), cluster.get(), state.get().to_list_query());
        async move { client.list_nodes(&cluster, &query).await }
    });
    let table = ResourceTable::new("nodes", columns(locale, cluster.into()), EMPTY);
    view! {
        <div class="page">
            <PageHeader title=t!(locale, nav.nodes).to_owned() />
            {table.show(load, state, |it| it.id.clone(), |it| it.name.clone())}
        </div>
    }
}

const EMPTY: Empty =
    Empty { icon: Icon::Node, title: |l| t!(l, nodes.empty), detail: |l| t!(l, nodes.empty_detail), link: None };

/// What a node does in its cluster, in words.
pub(super) fn role(locale: Locale, role: NodeRole) -> &'static str {
    match role {
        NodeRole::Single => t!(locale, nodes.single),
        NodeRole::Manager => t!(locale, nodes.manager),
        NodeRole::Worker => t!(locale, nodes.worker),
    }
}

/// Whether a node takes containers, in words.
pub(super) fn availability(locale: Locale, availability: Availability) -> &'static str {
    match availability {
        Availability::Active => t!(locale, nodes.active),
        Availability::Pause => t!(locale, nodes.pause),
        Availability::Drain => t!(locale, nodes.drain),
    }
}

fn columns(locale: Locale, cluster: Signal<String>) -> Vec<Column> {
    vec![
        Column::new(
            "name",
            |l| t!(l, containers.name),
            move |it: &Node| {
                let href = paths::detail(&cluster.get_untracked(), Noun::Nodes, &it.id);
                view! { <a href=href>{it.name.clone()}</a> }.into_any()
            },
        )
        .lead(),
        Column::new(
            "ready",
            |l| t!(l, containers.state),
            move |it: &Node| view! { <StatusBadge status=Status::of_node(locale, it.ready) /> }.into_any(),
        )
        .unsorted(),
        Column::new("role", |l| t!(l, nodes.role), move |it: &Node| role(locale, it.role).into_any()).unsorted().mid(),
        Column::new(
            "availability",
            |l| t!(l, nodes.availability),
            move |it: &Node| availability(locale, it.availability).into_any(),
        )
        .unsorted()
        .low(),
        Column::new(
            "engine",
            |l| t!(l, nodes.engine),
            |it: &Node| format!("{} {}", it.engine.product, it.engine.version).into_any(),
        )
        .unsorted()
        .mid(),
        Column::new("cpus", |l| t!(l, nodes.cpus), |it: &Node| it.engine.cpus.to_string().into_any()).number(),
        Column::new(
            "memory_bytes",
            |l| t!(l, containers.memory),
            |it: &Node| format::bytes(it.engine.memory_bytes).into_any(),
        )
        .number(),
        Column::new(
            "containers",
            |l| t!(l, nav.containers),
            |it: &Node| format!("{} / {}", it.containers_running, it.containers).into_any(),
        )
        .number(),
    ]
}
