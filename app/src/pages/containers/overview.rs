//! The overview of a container: what it is made from, what it is connected to, how it does.

use std::sync::Arc;

use api::container::{Container, ContainerDetail, ContainerNetwork, HealthCheck, Mount};
use leptos::prelude::*;

use super::columns::ports_cell;
use crate::{
    components::{
        card::Card,
        copyable::Copyable,
        facts::{KeyValueList, Labels, Pills, fact},
        icon::{Icon, IconView},
        status::{Status, StatusBadge, Tone},
        time::{AbsoluteTime, RelativeTime},
    },
    format,
    i18n::{Locale, t, use_locale},
    paths::{self, Noun},
};

#[component]
pub(super) fn Overview(detail: Signal<Arc<ContainerDetail>>, cluster: Signal<String>) -> impl IntoView {
    let locale = use_locale();
    move || {
        let it = ContainerDetail::clone(&detail.read());
        let cluster = cluster.get();
        let (about, process) = (about(locale, &it, &cluster), process(locale, &it));
        let error = (!it.error.is_empty()).then(|| view! { <StartError text=it.error /> });
        let health_log = (!it.health_log.is_empty()).then(|| view! { <HealthLog checks=it.health_log /> });
        let networks = view! { <Networks networks=it.container.networks cluster=cluster.clone() /> };
        let mounts = view! { <Mounts mounts=it.container.mounts cluster /> };
        view! {
            <div class="stack">
                {error}
                <div class="grid">
                    <Card title=t!(locale, containers.about)>
                        <KeyValueList items=about />
                    </Card>
                    <Card title=t!(locale, containers.process)>
                        <KeyValueList items=process />
                    </Card>
                    {health_log}
                    <Card title=t!(locale, containers.networks) flush=true>
                        {networks}
                    </Card>
                    <Card title=t!(locale, containers.mounts) flush=true>
                        {mounts}
                    </Card>
                    <Card title=t!(locale, containers.environment)>
                        <Environment variables=it.environment />
                    </Card>
                    <Card title=t!(locale, common.labels)>
                        <Labels labels=it.container.labels />
                    </Card>
                </div>
            </div>
        }
    }
}

#[component]
fn StartError(text: String) -> impl IntoView {
    let locale = use_locale();
    view! {
        <div class="notice notice--bad">
            <IconView icon=Icon::Warn />
            <div class="notice__body">
                <p class="notice__title">{t!(locale, containers.start_error)}</p>
                <p class="mono">{text}</p>
            </div>
        </div>
    }
}

type Facts = Vec<(&'static str, AnyView)>;

fn about(locale: Locale, detail: &ContainerDetail, cluster: &str) -> Facts {
    let it = &detail.container;
    let image = paths::detail(cluster, Noun::Images, &it.image_id);
    let mut facts: Facts = vec![
        (t!(locale, containers.state), state(locale, it)),
        (t!(locale, containers.image), view! { <a class="mono" href=image>{it.image.clone()}</a> }.into_any()),
        (t!(locale, common.id), view! { <Copyable text=it.id.clone() shown=format::short_id(&it.id) /> }.into_any()),
        (t!(locale, common.created), view! { <RelativeTime at=it.created_at /> }.into_any()),
    ];
    if let Some(at) = it.started_at {
        facts.push((t!(locale, containers.started), view! { <RelativeTime at /> }.into_any()));
    }
    if let Some(at) = it.finished_at {
        facts.push((t!(locale, containers.finished), view! { <RelativeTime at /> }.into_any()));
    }
    if let Some(app) = it.app.clone() {
        let service = it.service.as_ref().map(|service| format!(" / {service}"));
        let link = it.project.as_ref().map(|project| paths::app(project, &app));
        facts.push((t!(locale, containers.app), view! { <a href=link>{app}</a>{service} }.into_any()));
    }
    if it.ports.iter().any(|port| port.host_port.is_some()) {
        facts.push((t!(locale, containers.ports), ports_cell(&it.ports)));
    }
    let limit = |used: Option<String>, limit: Option<String>| match (used, limit) {
        (Some(used), Some(limit)) => t!(locale, containers.of_limit, used = used, limit = limit),
        (Some(used), None) => t!(locale, containers.no_limit, used = used),
        (None, Some(limit)) => limit,
        (None, None) => String::new(),
    };
    let cpus = detail.cpu_limit.map(|cpus| t!(locale, containers.cpus, count = cpus.to_string()));
    facts.extend(fact(t!(locale, containers.cpu), limit(it.cpu_percent.map(format::percent), cpus)));
    let memory = detail.memory_limit_bytes.map(format::bytes);
    facts.extend(fact(t!(locale, containers.memory), limit(it.memory_bytes.map(format::bytes), memory)));
    facts
}

fn state(locale: Locale, container: &Container) -> AnyView {
    let health = container.health.map(|health| Status::of_health(locale, health));
    let code = container.exit_code.filter(|_| health.is_none());
    view! {
        <span class="row">
            <StatusBadge status=Status::of_container_state(locale, container.state) />
            {health.map(|status| view! { <StatusBadge status /> })}
            {code.map(|code| view! { <span class="soft">{t!(locale, containers.exit_code, code = code.to_string())}</span> })}
            {container.oom_killed.then(|| view! { <span class="soft">{t!(locale, status.oom_killed)}</span> })}
        </span>
    }
    .into_any()
}

fn process(locale: Locale, detail: &ContainerDetail) -> Facts {
    let code = |words: &[String]| -> Option<AnyView> {
        (!words.is_empty()).then(|| view! { <code>{format::command(words)}</code> }.into_any())
    };
    let mut facts: Facts = Vec::new();
    facts.extend(code(&detail.entrypoint).map(|it| (t!(locale, containers.entrypoint), it)));
    facts.extend(code(&detail.command).map(|it| (t!(locale, containers.command), it)));
    facts.extend(fact(t!(locale, containers.working_dir), detail.working_dir.clone()));
    facts.extend(fact(t!(locale, containers.user), detail.user.clone()));
    facts.extend(fact(t!(locale, containers.hostname), detail.hostname.clone()));
    facts.extend(fact(t!(locale, containers.restart_policy), detail.restart_policy.clone()));
    facts.push((t!(locale, containers.restart_count), detail.restart_count.to_string().into_any()));
    if detail.pid > 0 {
        facts.push((t!(locale, containers.pid), detail.pid.to_string().into_any()));
    }
    facts.extend(fact(t!(locale, containers.log_driver), detail.log_driver.clone()));
    if detail.privileged {
        let status = Status { tone: Tone::Warn, icon: Icon::Shield, word: t!(locale, containers.privileged_yes) };
        facts.push((t!(locale, containers.privileged), view! { <StatusBadge status /> }.into_any()));
    }
    facts
}

#[component]
fn HealthLog(checks: Vec<HealthCheck>) -> impl IntoView {
    let locale = use_locale();
    let check = move |check: HealthCheck| {
        let health =
            if check.exit_code == 0 { api::container::Health::Healthy } else { api::container::Health::Unhealthy };
        view! {
            <li>
                <StatusBadge status=Status::of_health(locale, health) />
                <code class="list__body">{check.output.trim().to_owned()}</code>
                <span class="list__side"><AbsoluteTime at=check.at /></span>
            </li>
        }
    };
    view! {
        <Card title=t!(locale, containers.health_checks) flush=true>
            <ul class="list">{checks.into_iter().rev().map(check).collect_view()}</ul>
        </Card>
    }
}

#[component]
fn Networks(networks: Vec<ContainerNetwork>, cluster: String) -> impl IntoView {
    let locale = use_locale();
    if networks.is_empty() {
        return view! { <p class="card__body">{t!(locale, common.none)}</p> }.into_any();
    }
    let row = |network: ContainerNetwork| {
        let href = paths::search(&cluster, Noun::Networks, &network.name);
        view! {
            <tr>
                <td><a href=href>{network.name}</a></td>
                <td class="mono">{network.ip_address}</td>
                <td><Pills texts=network.aliases /></td>
            </tr>
        }
    };
    view! {
        <div class="resource__scroll">
            <table class="table table--plain">
                <thead>
                    <tr>
                        <th scope="col">{t!(locale, containers.network)}</th>
                        <th scope="col">{t!(locale, containers.address)}</th>
                        <th scope="col">{t!(locale, containers.aliases)}</th>
                    </tr>
                </thead>
                <tbody>{networks.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

#[component]
fn Mounts(mounts: Vec<Mount>, cluster: String) -> impl IntoView {
    let locale = use_locale();
    if mounts.is_empty() {
        return view! { <p class="card__body">{t!(locale, common.none)}</p> }.into_any();
    }
    let row = |mount: Mount| {
        let source = if mount.kind == "volume" {
            let href = paths::search(&cluster, Noun::Volumes, &mount.source);
            view! { <a href=href>{mount.source}</a> }.into_any()
        } else {
            mount.source.into_any()
        };
        view! {
            <tr>
                <td class="mono">{mount.target}</td>
                <td>{mount.kind}</td>
                <td class="mono">{source}</td>
                <td>{mount.read_only.then(|| t!(locale, containers.read_only))}</td>
            </tr>
        }
    };
    view! {
        <div class="resource__scroll">
            <table class="table table--plain">
                <thead>
                    <tr>
                        <th scope="col">{t!(locale, containers.mount_target)}</th>
                        <th scope="col">{t!(locale, containers.mount_kind)}</th>
                        <th scope="col">{t!(locale, containers.mount_source)}</th>
                        <th scope="col">
                            <span class="visually-hidden">{t!(locale, containers.read_only)}</span>
                        </th>
                    </tr>
                </thead>
                <tbody>{mounts.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// Environment variables; their values are covered until somebody asks, because many are passwords.
#[component]
fn Environment(variables: Vec<String>) -> impl IntoView {
    let locale = use_locale();
    if variables.is_empty() {
        return t!(locale, common.none).into_any();
    }
    let open = RwSignal::new(false);
    let variable = move |variable: String| {
        let (name, value) = variable.split_once('=').map_or((variable.as_str(), ""), |it| it);
        let (name, value) = (name.to_owned(), value.to_owned());
        let shown = move || if open.get() { value.clone() } else { "••••••".to_owned() };
        view! { <dt class="mono">{name}</dt><dd class="mono">{shown}</dd> }
    };
    view! {
        <div class="stack stack--tight">
            <dl class="facts">{variables.into_iter().map(variable).collect_view()}</dl>
            <div>
                <button
                    type="button"
                    class="button button--small"
                    aria-pressed=move || open.get().to_string()
                    on:click=move |_| open.update(|open| *open = !*open)
                >
                    <IconView icon=Icon::Eye />
                    {move || if open.get() { t!(locale, containers.hide_values) } else { t!(locale, containers.show_values) }}
                </button>
            </div>
        </div>
    }
    .into_any()
}
