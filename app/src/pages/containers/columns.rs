//! The columns of a table of containers.

use api::container::{Container, Port};
use leptos::prelude::*;

use crate::{
    components::{
        status::{Status, StatusBadge},
        table::Column,
        time::RelativeTime,
    },
    format,
    i18n::{Locale, t},
    paths::{self, Noun},
};

/// The columns, for containers of `cluster`.
pub fn container_columns(locale: Locale, cluster: Signal<String>) -> Vec<Column> {
    vec![
        Column::new(
            "name",
            |l| t!(l, containers.name),
            move |it: &Container| {
                let href = paths::detail(&cluster.get_untracked(), Noun::Containers, &it.id);
                view! { <a href=href>{it.name.clone()}</a> }.into_any()
            },
        )
        .lead(),
        Column::new(
            "state",
            |l| t!(l, containers.state),
            move |it: &Container| {
                let status = Status::of_container(locale, it);
                let code = it.exit_code.filter(|code| *code != 0);
                view! {
                    <StatusBadge status />
                    {code.map(|code| view! { <span class="soft">{format!(" ({code})")}</span> })}
                }
                .into_any()
            },
        ),
        Column::new("app", |l| t!(l, containers.app), move |it: &Container| app_cell(it)).mid(),
        Column::new(
            "image",
            |l| t!(l, containers.image),
            move |it: &Container| {
                let href = paths::detail(&cluster.get_untracked(), Noun::Images, &it.image_id);
                view! { <a class="cut mono" href=href title=it.image.clone()>{it.image.clone()}</a> }.into_any()
            },
        )
        .mid(),
        Column::new("ports", |l| t!(l, containers.ports), |it: &Container| ports_cell(&it.ports)).low(),
        Column::new(
            "cpu_percent",
            |l| t!(l, containers.cpu),
            |it: &Container| it.cpu_percent.map(format::percent).into_any(),
        )
        .number()
        .mid(),
        Column::new(
            "memory_bytes",
            |l| t!(l, containers.memory),
            |it: &Container| it.memory_bytes.map(format::bytes).into_any(),
        )
        .number()
        .mid(),
        Column::new(
            "created_at",
            |l| t!(l, common.created),
            |it: &Container| view! { <RelativeTime at=it.created_at /> }.into_any(),
        )
        .low(),
        Column::new(
            "networks",
            |l| t!(l, containers.networks),
            |it: &Container| {
                it.networks.iter().map(|network| network.name.as_str()).collect::<Vec<_>>().join(", ").into_any()
            },
        )
        .unsorted()
        .hidden(),
        Column::new(
            "id",
            |l| t!(l, common.id),
            |it: &Container| view! { <code>{format::short_id(&it.id)}</code> }.into_any(),
        )
        .unsorted()
        .hidden(),
    ]
}

/// The app and the service; a link where the app is one of ours.
fn app_cell(container: &Container) -> AnyView {
    let Some(app) = container.app.clone() else { return ().into_any() };
    let service =
        container.service.as_ref().map(|service| view! { <span class="soft">{format!(" / {service}")}</span> });
    match &container.project {
        Some(project) => view! { <a href=paths::app(project, &app)>{app.clone()}</a>{service} }.into_any(),
        None => view! { {app}{service} }.into_any(),
    }
}

/// Published ports as links, each once.
pub fn ports_cell(ports: &[Port]) -> AnyView {
    let mut published: Vec<_> = ports.iter().filter_map(|port| Some((port.host_port?, port))).collect();
    published.sort_by_key(|(host, port)| (*host, port.container_port));
    published.dedup_by_key(|(host, port)| (*host, port.container_port));
    let port = |(host, port): (u16, &Port)| {
        let text = format!("{host}→{}", port.container_port);
        if port.protocol == "tcp" {
            view! { <PortLink port=host text /> }.into_any()
        } else {
            format!("{text}/{}", port.protocol).into_any()
        }
    };
    view! { <span class="ports mono">{published.into_iter().map(port).collect_view()}</span> }.into_any()
}

/// A link to a published port on the machine that this page comes from.
#[component]
pub fn PortLink(
    /// The port on the host.
    port: u16,
    /// What to show.
    text: String,
) -> impl IntoView {
    let now = crate::live::use_clock().slow();
    let in_browser = Memo::new(move |_| now.get().is_some());
    // Only the browser knows the name it reached the portal by.
    let href = move || in_browser.get().then(|| format!("http://{}:{port}/", crate::browser::host_name()));
    view! {
        <a href=href target="_blank" rel="noopener noreferrer">
            {text}
        </a>
    }
}
