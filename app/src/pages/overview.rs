//! The first page: what runs, what is wrong, what was done last.

use std::sync::Arc;

use api::{
    Client,
    cluster::{Cluster, DiskShare, DiskUsage},
    operation::Operation,
    overview::{AppCounts, Attention, Overview},
    stats::node_stats_path,
    watch::ChangeKind,
};
use leptos::prelude::*;

use super::{nodes::detail::engine_facts, stats::StatsView};
use crate::{
    components::{
        card::{Card, Figure},
        empty::EmptyState,
        facts::KeyValueList,
        header::PageHeader,
        icon::{Icon, IconView},
        operation::operation_title,
        progress::ProgressBar,
        status::{Status, StatusBadge, StatusPill},
        time::{RelativeTime, Took},
    },
    format,
    i18n::{Locale, language, t, use_locale},
    load::Load,
    paths::{self, Noun},
};

const KINDS: &[ChangeKind] = &[ChangeKind::App, ChangeKind::Cluster, ChangeKind::Container, ChangeKind::Operation];

/// The overview.
#[component]
pub fn OverviewPage() -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let load = Load::new(KINDS, move || {
        let client = client.clone();
        async move { client.get_overview().await }
    });
    view! {
        <div class="page">
            <PageHeader title=t!(locale, nav.overview).to_owned()>
                <a class="button button--primary" href=paths::NEW_APP>
                    <IconView icon=Icon::Plus />
                    {t!(locale, apps.new)}
                </a>
            </PageHeader>
            {load.show(move |overview| view! { <Shown overview /> }.into_any())}
        </div>
    }
}

#[component]
fn Shown(overview: Signal<Arc<Overview>>) -> impl IntoView {
    let clusters = Memo::new(move |_| {
        overview.with(|overview| overview.clusters.iter().map(|cluster| cluster.name.clone()).collect::<Vec<_>>())
    });
    let machines = Memo::new(move |_| {
        let of = |cluster: &Cluster| Some((cluster.name.clone(), cluster.engine.as_ref()?.hostname.clone()));
        overview.with(|overview| overview.clusters.iter().filter_map(of).collect::<Vec<_>>())
    });
    let usage = move || {
        let of = |(cluster, node): (String, String)| view! { <Usage cluster node /> };
        machines.get().into_iter().map(of).collect_view()
    };
    let disks = move || clusters.get().into_iter().map(|cluster| view! { <Disk cluster /> }).collect_view();
    view! {
        {move || {
            let overview = overview.get();
            view! { <Figures apps=overview.apps clusters=overview.clusters.clone() /> }
        }}
        <div class="grid grid--wide">
            <div class="stack">
                {move || overview.with(|overview| view! { <AttentionList items=overview.attention.clone() apps=overview.apps /> })}
                {usage}
                {move || overview.with(|overview| view! { <Operations operations=overview.operations.clone() /> })}
            </div>
            <div class="stack">
                {move || {
                    let of = |cluster: Cluster| view! { <ClusterCard cluster /> };
                    overview.with(|overview| overview.clusters.iter().cloned().map(of).collect_view())
                }}
                {disks}
            </div>
        </div>
    }
}

#[component]
fn Figures(apps: AppCounts, clusters: Vec<Cluster>) -> impl IntoView {
    let locale = use_locale();
    let cluster = clusters.first().map(|cluster| cluster.name.clone()).unwrap_or_default();
    let sum = |of: fn(&Cluster) -> u64| clusters.iter().map(of).sum::<u64>();
    let (running, all) = (sum(|it| it.counts.containers_running), sum(|it| it.counts.containers));
    let unhealthy = sum(|it| it.counts.containers_unhealthy);
    let note = move |count: u64, text: fn(Locale, String) -> String| {
        (count > 0).then(|| view! { <span>{text(locale, count.to_string())}</span> })
    };
    view! {
        <div class="figures">
            <Figure name=t!(locale, nav.apps) value=apps.total.to_string() icon=Icon::App href=paths::APPS>
                {note(apps.running, |l, count| t!(l, overview.running, count = count))}
                {note(apps.progressing, |l, count| t!(l, overview.progressing, count = count))}
                {note(apps.degraded, |l, count| t!(l, overview.degraded, count = count))}
                {note(apps.failed, |l, count| t!(l, overview.failed, count = count))}
                {note(apps.stopped, |l, count| t!(l, overview.stopped, count = count))}
            </Figure>
            <Figure name=t!(locale, nav.containers) value=all.to_string() icon=Icon::Container href=paths::list(&cluster, Noun::Containers)>
                <span>{t!(locale, overview.running, count = running.to_string())}</span>
                {note(unhealthy, |l, count| t!(l, overview.unhealthy, count = count))}
            </Figure>
            <Figure name=t!(locale, nav.images) value=sum(|it| it.counts.images).to_string() icon=Icon::Image href=paths::list(&cluster, Noun::Images)>
                ""
            </Figure>
            <Figure name=t!(locale, nav.volumes) value=sum(|it| it.counts.volumes).to_string() icon=Icon::Volume href=paths::list(&cluster, Noun::Volumes)>
                ""
            </Figure>
            <Figure name=t!(locale, nav.networks) value=sum(|it| it.counts.networks).to_string() icon=Icon::Network href=paths::list(&cluster, Noun::Networks)>
                ""
            </Figure>
        </div>
    }
}

#[component]
fn AttentionList(items: Vec<Attention>, apps: AppCounts) -> impl IntoView {
    let locale = use_locale();
    if apps.total == 0 && items.is_empty() {
        return view! {
            <section class="card">
                <EmptyState icon=Icon::App title=t!(locale, overview.first_app) detail=t!(locale, overview.first_app_detail)>
                    <a class="button button--primary" href=paths::NEW_APP>
                        <IconView icon=Icon::Plus />
                        {t!(locale, apps.new)}
                    </a>
                </EmptyState>
            </section>
        }
        .into_any();
    }
    let item = |item: Attention| {
        view! {
            <li>
                <span class="status status--warn"><IconView icon=Icon::Warn /></span>
                <div class="list__body">
                    <a class="strong" href=paths::target(&item.target)>{item.target.name.clone()}</a>
                    <p>{item.message.text(language(locale))}</p>
                </div>
                <span class="list__side">{item.since.map(|at| view! { <RelativeTime at /> })}</span>
            </li>
        }
    };
    let body = if items.is_empty() {
        view! {
            <p class="card__body">
                <StatusBadge status=Status { tone: crate::components::status::Tone::Ok, icon: Icon::Ok, word: t!(locale, overview.all_well) } />
            </p>
        }
        .into_any()
    } else {
        view! { <ul class="list">{items.into_iter().map(item).collect_view()}</ul> }.into_any()
    };
    view! {
        <Card title=t!(locale, overview.attention) flush=true>
            {body}
        </Card>
    }
    .into_any()
}

#[component]
fn Operations(operations: Vec<Operation>) -> impl IntoView {
    let locale = use_locale();
    let item = |it: Operation| {
        let href = paths::operation(&it.id.to_string());
        view! {
            <li>
                <StatusBadge status=Status::of_operation(locale, it.state) />
                <div class="list__body">
                    <a href=href>{operation_title(locale, &it)}</a>
                    <span class="soft">" · "{it.created_by.clone()}</span>
                </div>
                <span class="list__side">
                    {it.started_at.map(|from| view! { <Took from to=it.finished_at /> " · " })}
                    <RelativeTime at=it.created_at />
                </span>
            </li>
        }
    };
    let body = if operations.is_empty() {
        view! { <p class="card__body soft">{t!(locale, overview.no_operations)}</p> }.into_any()
    } else {
        view! { <ul class="list">{operations.into_iter().map(item).collect_view()}</ul> }.into_any()
    };
    let all = view! { <a href=paths::OPERATIONS>{t!(locale, overview.all_operations)}</a> }.into_any();
    view! {
        <Card title=t!(locale, overview.operations) tools=all flush=true>
            {body}
        </Card>
    }
}

#[component]
fn ClusterCard(cluster: Cluster) -> impl IntoView {
    let locale = use_locale();
    let status = view! { <StatusPill status=Status::of_connection(locale, cluster.connection.state) /> }.into_any();
    let facts = cluster.engine.as_ref().map(|engine| {
        let mut facts = vec![
            (t!(locale, nodes.machine), engine.hostname.clone().into_any()),
            (t!(locale, nodes.operating_system), engine.operating_system.clone().into_any()),
            (
                t!(locale, overview.capacity),
                t!(
                    locale,
                    overview.capacity_of,
                    cpus = engine.cpus.to_string(),
                    memory = format::bytes(engine.memory_bytes)
                )
                .into_any(),
            ),
        ];
        facts.extend(engine_facts(locale, engine));
        facts
    });
    let problem = cluster.connection.problem.as_ref().map(|problem| problem.text(language(locale)));
    view! {
        <Card title=t!(locale, nav.cluster, name = cluster.name.clone()) tools=status>
            {problem.map(|text| view! { <p>{text}</p> })}
            {facts.map(|items| view! { <KeyValueList items /> })}
        </Card>
    }
}

/// What a machine uses just now.
#[component]
fn Usage(cluster: String, node: String) -> impl IntoView {
    let path = node_stats_path(&cluster, &node);
    view! { <StatsView path /> }
}

/// The disk the engine uses; measuring takes the engine seconds, so it comes after the page.
#[component]
fn Disk(cluster: String) -> impl IntoView {
    let locale = use_locale();
    let client = StoredValue::new(expect_context::<Client>());
    let usage = RwSignal::new(None::<Result<DiskUsage, api::Problem>>);
    Effect::new(move |_| {
        let (client, cluster) = (client.get_value(), cluster.clone());
        leptos::task::spawn_local(async move {
            let answer = client.get_disk_usage(&cluster).await;
            let _ = usage.try_set(Some(answer));
        });
    });
    let body = move || match usage.get() {
        None => view! { <p class="soft">{t!(locale, overview.measuring)}</p> }.into_any(),
        Some(Err(problem)) => view! { <p class="soft">{problem.detail}</p> }.into_any(),
        Some(Ok(usage)) => shares(locale, &usage).into_any(),
    };
    view! { <Card title=t!(locale, overview.disk)>{body}</Card> }
}

fn shares(locale: Locale, usage: &DiskUsage) -> impl IntoView + use<> {
    let row = move |(name, share): (&'static str, DiskShare)| {
        let used = share.size_bytes.saturating_sub(share.reclaimable_bytes);
        let percent = Signal::stored(Some(format::share(used, share.size_bytes)));
        view! {
            <div class="stack stack--tight">
                <div class="spread">
                    <span>{name}</span>
                    <span class="numeric">{format::bytes(share.size_bytes)}</span>
                </div>
                <ProgressBar label=name percent />
                <p class="faint small">
                    {t!(
                        locale,
                        overview.reclaimable,
                        used = share.in_use.to_string(),
                        count = share.count.to_string(),
                        size = format::bytes(share.reclaimable_bytes)
                    )}
                </p>
            </div>
        }
    };
    let rows = [
        (t!(locale, nav.images), usage.images),
        (t!(locale, nav.containers), usage.containers),
        (t!(locale, nav.volumes), usage.volumes),
        (t!(locale, overview.build_cache), usage.build_cache),
    ];
    view! { <div class="stack">{rows.map(row).collect_view()}</div> }
}
