//! One container.

use std::sync::Arc;

use api::{
    Client,
    container::{Container, ContainerDetail},
    log::container_logs_path,
    stats::container_stats_path,
    watch::ChangeKind,
};
use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    hooks::{use_navigate, use_params_map},
};

use super::{actions::container_actions, overview::Overview, terminal::TerminalTab};
use crate::{
    components::{
        action::{ActionButtons, Subject},
        code::CodeBlock,
        header::PageHeader,
        log::LogView,
        status::{Status, StatusPill},
        tabs::{Tabs, use_tab},
    },
    frame::use_cluster,
    i18n::{t, use_locale},
    load::Load,
    pages::stats::StatsView,
    paths::{self, Noun},
};

/// One container, by id or name.
#[component]
pub fn ContainerPage() -> impl IntoView {
    let client = expect_context::<Client>();
    let cluster = use_cluster();
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|map| map.get("id").unwrap_or_default()));
    let load = Load::new(&[ChangeKind::Container], move || {
        let (client, cluster, id) = (client.clone(), cluster.get(), id.get());
        async move { client.get_container(&cluster, &id).await }
    });
    view! {
        <div class="page">
            {load.show(move |detail| view! { <Shown detail cluster=cluster.into() /> }.into_any())}
        </div>
    }
}

#[component]
fn Shown(detail: Signal<Arc<ContainerDetail>>, cluster: Signal<String>) -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let actions = container_actions(client, cluster);
    let subject = Memo::new(move |_| detail.with(|detail| Arc::new(detail.container.clone())));
    let subjects =
        Signal::derive(move || subject.with(|it: &Arc<Container>| vec![Subject::new(it.name.clone(), it.clone())]));
    let navigate = StoredValue::new(use_navigate());
    let list = move || paths::list(&cluster.get_untracked(), Noun::Containers);
    // Only a removal makes the container go away; every other action leaves it here.
    let gone = Callback::new(move |()| navigate.with_value(|go| go(&list(), NavigateOptions::default())));
    let (others, remove): (Vec<_>, Vec<_>) = actions.into_iter().partition(|action| !action.ends_it());
    let tabs = vec![
        ("overview", t!(locale, containers.overview)),
        ("logs", t!(locale, logs.title)),
        ("terminal", t!(locale, containers.terminal)),
        ("stats", t!(locale, stats.title)),
        ("inspect", t!(locale, containers.inspect)),
    ];
    let container = Signal::derive(move || detail.with(|it| it.container.clone()));
    let id = Memo::new(move |_| detail.with(|it| it.container.id.clone()));
    let logs = Signal::derive(move || container_logs_path(&cluster.get(), &id.get()).as_str().to_owned());
    let stats = Signal::derive(move || container_stats_path(&cluster.get(), &id.get()));
    let tab = use_tab(&tabs);
    let status = move || detail.with(|it| view! { <StatusPill status=Status::of_container(locale, &it.container) /> });
    view! {
        <PageHeader
            title=Signal::derive(move || detail.with(|it| it.container.name.clone()))
            above=vec![(t!(locale, nav.containers).to_owned(), list())]
            badge=status.into_any()
        >
            <ActionButtons actions=others subjects />
            <ActionButtons actions=remove subjects done=gone />
        </PageHeader>
        <Tabs tabs label=t!(locale, containers.tabs) />
        {move || match tab.get() {
            "logs" => view! { <LogView path=logs /> }.into_any(),
            "terminal" => view! { <TerminalTab container cluster /> }.into_any(),
            "stats" => view! { <StatsView path=stats tab="stats" /> }.into_any(),
            "inspect" => view! { <Inspect detail cluster /> }.into_any(),
            _ => view! { <Overview detail cluster /> }.into_any(),
        }}
    }
}

#[component]
fn Inspect(detail: Signal<Arc<ContainerDetail>>, cluster: Signal<String>) -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let id = Memo::new(move |_| detail.with(|it| it.container.id.clone()));
    let load = Load::new(&[], move || {
        let (client, cluster, id) = (client.clone(), cluster.get(), id.get());
        async move { client.inspect_container(&cluster, &id).await }
    });
    load.show(move |json| {
        let text = Signal::derive(move || json.with(|json| serde_json::to_string_pretty(&**json).unwrap_or_default()));
        view! { <CodeBlock text label=t!(locale, containers.inspect) /> }.into_any()
    })
}
