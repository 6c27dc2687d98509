//! The list of images.

use api::{Client, image::Image, watch::ChangeKind};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::{
    actions::{image_actions, image_name},
    dialogs::{PruneDialog, PullDialog},
};
use crate::{
    components::{
        header::PageHeader,
        icon::{Icon, IconView},
        status::Badge,
        table::{Column, Empty, Filter, ResourceTable, use_list_state},
        time::RelativeTime,
    },
    format,
    frame::use_cluster,
    i18n::{Locale, t, use_locale},
    load::Load,
    paths::{self, Noun},
};

const FIELDS: &[&str] = &["used", "dangling", "tag"];

/// The list of images.
#[component]
pub fn ImagesPage() -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let cluster = use_cluster();
    let state = use_list_state(FIELDS);
    let (pull, prune) = (RwSignal::new(false), RwSignal::new(false));
    let address = use_query_map();
    Effect::new(move |_| {
        if address.with(|map| map.get("pull").is_some()) {
            pull.set(true);
        }
    });
    let load = Load::new(&[ChangeKind::Image, ChangeKind::Container], {
        let client = client.clone();
        move || {
            let (client, cluster, query) = (client.clone(), cluster.get(), state.get().to_list_query());
            async move { client.list_images(&cluster, &query).await }
        }
    });
    let table = ResourceTable::new("images", columns(locale, cluster.into()), EMPTY)
        .actions(image_actions(client, cluster.into()))
        .filters(filters());
    view! {
        <div class="page">
            <PageHeader title=t!(locale, nav.images).to_owned()>
                <button type="button" class="button" on:click=move |_| prune.set(true)>
                    <IconView icon=Icon::Broom />
                    {t!(locale, images.prune)}
                </button>
                <button type="button" class="button button--primary" on:click=move |_| pull.set(true)>
                    <IconView icon=Icon::Download />
                    {t!(locale, images.pull)}
                </button>
            </PageHeader>
            {table.show(load, state, |it| it.id.clone(), image_name)}
        </div>
        <PullDialog open=pull cluster=cluster.into() />
        <PruneDialog open=prune cluster=cluster.into() />
    }
}

const EMPTY: Empty = Empty {
    icon: Icon::Image,
    title: |l| t!(l, images.empty),
    detail: |l| t!(l, images.empty_detail),
    link: Some((|l| t!(l, images.pull), "?pull=")),
};

fn filters() -> Vec<Filter> {
    vec![
        Filter {
            field: "used",
            title: |l| t!(l, common.in_use),
            options: vec![("true", |l| t!(l, common.yes)), ("false", |l| t!(l, common.no))],
        },
        Filter {
            field: "dangling",
            title: |l| t!(l, images.dangling),
            options: vec![("true", |l| t!(l, common.yes)), ("false", |l| t!(l, common.no))],
        },
        Filter { field: "tag", title: |l| t!(l, images.name), options: Vec::new() },
    ]
}

fn columns(locale: Locale, cluster: Signal<String>) -> Vec<Column> {
    vec![
        Column::new(
            "name",
            |l| t!(l, images.name),
            move |it: &Image| {
                let href = paths::detail(&cluster.get_untracked(), Noun::Images, &it.id);
                let more = it.tags.len().saturating_sub(1);
                view! {
                    <a href=href>{image_name(it)}</a>
                    {(more > 0)
                        .then(|| {
                            let names = it.tags[1..].join("\n");
                            view! { " " <span title=names><Badge word=format!("+{more}") /></span> }
                        })}
                    {it.tags.is_empty().then(|| view! { " " <Badge word=t!(locale, images.dangling) /> })}
                }
                .into_any()
            },
        )
        .lead(),
        Column::new(
            "id",
            |l| t!(l, common.id),
            |it: &Image| view! { <code>{format::short_id(&it.id)}</code> }.into_any(),
        )
        .unsorted()
        .low(),
        Column::new("size_bytes", |l| t!(l, common.size), |it: &Image| format::bytes(it.size_bytes).into_any())
            .number(),
        Column::new(
            "containers",
            |l| t!(l, common.used_by),
            move |it: &Image| {
                if it.containers == 0 {
                    view! { <span class="soft">{t!(locale, common.unused)}</span> }.into_any()
                } else {
                    t!(locale, images.used_by_count, count = it.containers.to_string()).into_any()
                }
            },
        )
        .mid(),
        Column::new(
            "created_at",
            |l| t!(l, images.built),
            |it: &Image| view! { <RelativeTime at=it.created_at /> }.into_any(),
        )
        .mid(),
    ]
}
