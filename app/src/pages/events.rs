//! What happened on the engine, newest first, live.

use api::{Client, event::Event, watch::ChangeKind};
use leptos::prelude::*;

use crate::{
    components::{
        facts::Pills,
        header::PageHeader,
        icon::Icon,
        table::{Column, Empty, Filter, ResourceTable, use_list_state},
        time::AbsoluteTime,
    },
    format,
    frame::use_cluster,
    i18n::{Locale, t, use_locale},
    load::Load,
    paths::{self, Noun},
};

const FIELDS: &[&str] = &["kind", "action", "app", "service", "id", "name"];
/// Attributes that matter beside the name; labels and the rest are noise here.
const SHOWN_ATTRIBUTES: [&str; 6] = ["exitCode", "signal", "image", "container", "driver", "oldName"];

/// The list of events.
#[component]
pub fn EventsPage() -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let cluster = use_cluster();
    let state = use_list_state(FIELDS);
    let load = Load::new(&[ChangeKind::Event, ChangeKind::Container, ChangeKind::Image], move || {
        let (client, cluster, query) = (client.clone(), cluster.get(), state.get().to_list_query());
        async move { client.list_events(&cluster, &query).await }
    });
    let table = ResourceTable::new("events", event_columns(locale, cluster.into()), EMPTY).filters(filters());
    view! {
        <div class="page">
            <PageHeader title=t!(locale, nav.events).to_owned() />
            {table.show(load, state, |it| it.sequence.to_string(), |it| it.name.clone())}
        </div>
    }
}

const EMPTY: Empty =
    Empty { icon: Icon::Event, title: |l| t!(l, events.empty), detail: |l| t!(l, events.empty_detail), link: None };

fn filters() -> Vec<Filter> {
    let only = |field, title| Filter { field, title, options: Vec::new() };
    vec![
        Filter {
            field: "kind",
            title: |l| t!(l, events.kind),
            options: vec![
                ("container", |l| t!(l, kind.container)),
                ("image", |l| t!(l, kind.image)),
                ("network", |l| t!(l, kind.network)),
                ("volume", |l| t!(l, kind.volume)),
            ],
        },
        only("action", |l| t!(l, events.action)),
        only("app", |l| t!(l, containers.app)),
        only("service", |l| t!(l, containers.service)),
        only("id", |l| t!(l, common.id)),
        only("name", |l| t!(l, containers.name)),
    ]
}

/// The columns of a table of events, for events of `cluster`.
pub fn event_columns(locale: Locale, cluster: Signal<String>) -> Vec<Column> {
    let kind = move |kind: &str| match kind {
        "container" => t!(locale, kind.container).to_owned(),
        "image" => t!(locale, kind.image).to_owned(),
        "network" => t!(locale, kind.network).to_owned(),
        "volume" => t!(locale, kind.volume).to_owned(),
        other => other.to_owned(),
    };
    vec![
        Column::new("at", |l| t!(l, events.at), |it: &Event| view! { <AbsoluteTime at=it.at /> }.into_any()),
        Column::new("kind", |l| t!(l, events.kind), move |it: &Event| kind(&it.kind).into_any()).mid(),
        Column::new(
            "action",
            |l| t!(l, events.action),
            |it: &Event| view! { <code>{it.action.clone()}</code> }.into_any(),
        ),
        Column::new(
            "name",
            |l| t!(l, containers.name),
            move |it: &Event| {
                let unnamed = it.name.is_empty() || it.name == it.id;
                let name = if unnamed { format::short_id(&it.id) } else { it.name.clone() };
                let cluster = cluster.get_untracked();
                let href = match it.kind.as_str() {
                    "container" if it.action != "destroy" => Some(paths::detail(&cluster, Noun::Containers, &it.id)),
                    "network" => Some(paths::search(&cluster, Noun::Networks, &it.name)),
                    "volume" => Some(paths::search(&cluster, Noun::Volumes, &it.id)),
                    _ => None,
                };
                match href {
                    Some(href) => view! { <a href=href>{name}</a> }.into_any(),
                    None => view! { <span class="strong">{name}</span> }.into_any(),
                }
            },
        )
        .lead(),
        Column::new("app", |l| t!(l, containers.app), |it: &Event| it.app.clone().into_any()).unsorted().mid(),
        Column::new(
            "attributes",
            |l| t!(l, events.attributes),
            |it: &Event| {
                let shown = SHOWN_ATTRIBUTES.iter().filter_map(|name| {
                    it.attributes
                        .get(*name)
                        .map(|value| format!("{name}={}", value.chars().take(60).collect::<String>()))
                });
                view! { <Pills texts=shown.collect() /> }.into_any()
            },
        )
        .unsorted()
        .low(),
    ]
}
