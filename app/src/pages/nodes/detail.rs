//! One node.

use std::sync::Arc;

use api::{Client, cluster::EngineFacts, node::Node, stats::node_stats_path, watch::ChangeKind};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::list::{availability, role};
use crate::{
    components::{
        card::Card,
        facts::{KeyValueList, Labels, fact},
        header::PageHeader,
        icon::{Icon, IconView},
        status::{Status, StatusPill},
        tabs::{Tabs, use_tab},
    },
    format,
    frame::use_cluster,
    i18n::{Locale, t, use_locale},
    load::Load,
    pages::stats::StatsView,
    paths::{self, Noun},
};

/// One node, by id or name.
#[component]
pub fn NodePage() -> impl IntoView {
    let client = expect_context::<Client>();
    let cluster = use_cluster();
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|map| map.get("id").unwrap_or_default()));
    let load = Load::new(&[ChangeKind::Node, ChangeKind::Cluster], move || {
        let (client, cluster, id) = (client.clone(), cluster.get(), id.get());
        async move { client.get_node(&cluster, &id).await }
    });
    view! { <div class="page">{load.show(move |node| view! { <Shown node cluster=cluster.into() /> }.into_any())}</div> }
}

#[component]
fn Shown(node: Signal<Arc<Node>>, cluster: Signal<String>) -> impl IntoView {
    let locale = use_locale();
    let list = paths::list(&cluster.get_untracked(), Noun::Nodes);
    let tabs = vec![("overview", t!(locale, containers.overview)), ("stats", t!(locale, stats.title))];
    let tab = use_tab(&tabs);
    let name = Memo::new(move |_| node.with(|node| node.name.clone()));
    let stats = Signal::derive(move || node_stats_path(&cluster.get(), &name.get()));
    let status = move || node.with(|node| view! { <StatusPill status=Status::of_node(locale, node.ready) /> });
    view! {
        <PageHeader
            title=Signal::derive(move || node.with(|node| node.name.clone()))
            above=vec![(t!(locale, nav.nodes).to_owned(), list)]
            badge=status.into_any()
        />
        <Tabs tabs label=t!(locale, nodes.tabs) />
        {move || {
            if tab.get() == "stats" {
                return view! { <StatsView path=stats tab="stats" /> }.into_any();
            }
            let node = Node::clone(&node.read());
            let (machine, engine) = (machine(locale, &node), engine_facts(locale, &node.engine));
            view! {
                <div class="stack">
                    <EngineWarnings warnings=node.engine.warnings />
                    <div class="grid">
                        <Card title=t!(locale, nodes.machine)>
                            <KeyValueList items=machine />
                        </Card>
                        <Card title=t!(locale, nodes.engine)>
                            <KeyValueList items=engine />
                        </Card>
                        <Card title=t!(locale, common.labels)>
                            <Labels labels=node.labels />
                        </Card>
                    </div>
                </div>
            }
            .into_any()
        }}
    }
}

fn machine(locale: Locale, node: &Node) -> Vec<(&'static str, AnyView)> {
    let containers = t!(
        locale,
        nodes.containers_running,
        running = node.containers_running.to_string(),
        total = node.containers.to_string()
    );
    let mut facts = vec![
        (t!(locale, nodes.role), role(locale, node.role).into_any()),
        (t!(locale, nodes.availability), availability(locale, node.availability).into_any()),
        (t!(locale, nav.containers), containers.into_any()),
    ];
    facts.extend(fact(t!(locale, nodes.cpus), node.engine.cpus.to_string()));
    facts.extend(fact(t!(locale, containers.memory), format::bytes(node.engine.memory_bytes)));
    facts.extend(fact(t!(locale, nodes.operating_system), node.engine.operating_system.clone()));
    facts.extend(fact(t!(locale, nodes.kernel), node.engine.kernel.clone()));
    facts.extend(fact(t!(locale, nodes.architecture), node.engine.architecture.clone()));
    facts
}

/// What an engine says of itself, for a node's page and the overview.
pub fn engine_facts(locale: Locale, engine: &EngineFacts) -> Vec<(&'static str, AnyView)> {
    [
        fact(t!(locale, nodes.version), format!("{} {}", engine.product, engine.version)),
        fact(t!(locale, nodes.api_version), engine.api_version.clone()),
        fact(t!(locale, nodes.storage_driver), engine.storage_driver.clone()),
        fact(t!(locale, nodes.data_root), engine.data_root.clone()),
        fact(t!(locale, nodes.cgroup), engine.cgroup_version.clone()),
        fact(t!(locale, containers.log_driver), engine.logging_driver.clone()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What the engine itself warns about.
#[component]
pub fn EngineWarnings(
    /// In its own words.
    warnings: Vec<String>,
) -> impl IntoView {
    let locale = use_locale();
    (!warnings.is_empty()).then(|| {
        view! {
            <div class="notice notice--warn">
                <IconView icon=Icon::Warn />
                <div class="notice__body">
                    <p class="notice__title">{t!(locale, nodes.warnings)}</p>
                    <ul>{warnings.into_iter().map(|text| view! { <li>{text}</li> }).collect_view()}</ul>
                </div>
            </div>
        }
    })
}
