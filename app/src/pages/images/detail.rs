//! One image.

use std::sync::Arc;

use api::{
    Client,
    image::{HistoryEntry, Image, ImageDetail, ImageUser},
    watch::ChangeKind,
};
use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    hooks::{use_navigate, use_params_map},
};

use super::{
    actions::{image_actions, image_name},
    dialogs::TagDialog,
};
use crate::{
    components::{
        action::{ActionButtons, Subject},
        card::Card,
        copyable::Copyable,
        facts::{KeyValueList, Labels, Pills, fact},
        header::PageHeader,
        icon::{Icon, IconView},
        tabs::{Tabs, use_tab},
        time::RelativeTime,
    },
    format,
    frame::use_cluster,
    i18n::{Locale, t, use_locale},
    load::Load,
    paths::{self, Noun},
};

/// One image, by id or name.
#[component]
pub fn ImagePage() -> impl IntoView {
    let client = expect_context::<Client>();
    let cluster = use_cluster();
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|map| map.get("id").unwrap_or_default()));
    let load = Load::new(&[ChangeKind::Image, ChangeKind::Container], move || {
        let (client, cluster, id) = (client.clone(), cluster.get(), id.get());
        async move { client.get_image(&cluster, &id).await }
    });
    view! {
        <div class="page">{load.show(move |detail| view! { <Shown detail cluster=cluster.into() /> }.into_any())}</div>
    }
}

#[component]
fn Shown(detail: Signal<Arc<ImageDetail>>, cluster: Signal<String>) -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let subject = Memo::new(move |_| detail.with(|detail| Arc::new(detail.image.clone())));
    let subjects =
        Signal::derive(move || subject.with(|it: &Arc<Image>| vec![Subject::new(image_name(it), it.clone())]));
    let navigate = StoredValue::new(use_navigate());
    let list = move || paths::list(&cluster.get_untracked(), Noun::Images);
    let gone = Callback::new(move |()| navigate.with_value(|go| go(&list(), NavigateOptions::default())));
    let tag = RwSignal::new(false);
    let id = Signal::derive(move || detail.with(|it| it.image.id.clone()));
    let tabs = vec![
        ("overview", t!(locale, containers.overview)),
        ("history", t!(locale, images.history)),
        ("used-by", t!(locale, common.used_by)),
    ];
    let current = use_tab(&tabs);
    view! {
        <PageHeader
            title=Signal::derive(move || detail.with(|it| image_name(&it.image)))
            above=vec![(t!(locale, nav.images).to_owned(), list())]
        >
            <button type="button" class="button button--small" on:click=move |_| tag.set(true)>
                <IconView icon=Icon::Tag />
                {t!(locale, images.tag)}
            </button>
            <ActionButtons actions=image_actions(client, cluster) subjects done=gone />
        </PageHeader>
        <Tabs tabs label=t!(locale, images.tabs) />
        {move || {
            let it = detail.get();
            match current.get() {
                "history" => view! { <History history=it.history.clone() /> }.into_any(),
                "used-by" => view! { <UsedBy users=it.used_by.clone() cluster=cluster.get() /> }.into_any(),
                _ => view! { <Overview detail=it /> }.into_any(),
            }
        }}
        <TagDialog open=tag cluster id />
    }
}

#[component]
fn Overview(detail: Arc<ImageDetail>) -> impl IntoView {
    let locale = use_locale();
    let (about, defaults) = (about(locale, &detail), defaults(locale, &detail));
    let (environment, labels) = (detail.environment.clone(), detail.image.labels.clone());
    view! {
        <div class="grid">
            <Card title=t!(locale, images.about)>
                <KeyValueList items=about />
            </Card>
            <Card title=t!(locale, images.defaults)>
                <KeyValueList items=defaults />
            </Card>
            <Card title=t!(locale, containers.environment)>
                <Pills texts=environment />
            </Card>
            <Card title=t!(locale, common.labels)>
                <Labels labels />
            </Card>
        </div>
    }
}

fn about(locale: Locale, detail: &ImageDetail) -> Vec<(&'static str, AnyView)> {
    let it = &detail.image;
    let mut facts = Vec::new();
    if !it.tags.is_empty() {
        facts.push((t!(locale, images.names), view! { <Pills texts=it.tags.clone() /> }.into_any()));
    }
    facts.push((
        t!(locale, common.id),
        view! { <Copyable text=it.id.clone() shown=format::short_id(&it.id) /> }.into_any(),
    ));
    if !it.digests.is_empty() {
        facts.push((t!(locale, images.digests), view! { <Pills texts=it.digests.clone() /> }.into_any()));
    }
    facts.extend(fact(t!(locale, common.size), format::bytes(it.size_bytes)));
    facts.extend(fact(t!(locale, images.platform), format!("{}/{}", detail.os, detail.architecture)));
    facts.push((t!(locale, images.built), view! { <RelativeTime at=it.created_at /> }.into_any()));
    facts.extend(fact(t!(locale, images.author), detail.author.clone()));
    facts.extend(fact(t!(locale, images.layers), detail.layers.len().to_string()));
    facts
}

fn defaults(locale: Locale, detail: &ImageDetail) -> Vec<(&'static str, AnyView)> {
    let code = |name: &'static str, words: &[String]| {
        (!words.is_empty()).then(|| (name, view! { <code>{format::command(words)}</code> }.into_any()))
    };
    let pills = |name: &'static str, texts: &[String]| {
        (!texts.is_empty()).then(|| (name, view! { <Pills texts=texts.to_vec() /> }.into_any()))
    };
    let facts: Vec<_> = [
        code(t!(locale, containers.entrypoint), &detail.entrypoint),
        code(t!(locale, containers.command), &detail.command),
        fact(t!(locale, containers.working_dir), detail.working_dir.clone()),
        fact(t!(locale, containers.user), detail.user.clone()),
        pills(t!(locale, images.exposed_ports), &detail.exposed_ports),
        pills(t!(locale, nav.volumes), &detail.volumes),
        code(t!(locale, containers.health_checks), &detail.healthcheck),
    ]
    .into_iter()
    .flatten()
    .collect();
    if facts.is_empty() { vec![(t!(locale, containers.command), t!(locale, common.none).into_any())] } else { facts }
}

/// How the image was built, newest step first, as one reads a log.
#[component]
fn History(history: Vec<HistoryEntry>) -> impl IntoView {
    let locale = use_locale();
    let count = history.len();
    let row = move |(index, step): (usize, HistoryEntry)| {
        let command = step.created_by.trim_start_matches("/bin/sh -c ").trim_start_matches("#(nop) ").trim().to_owned();
        view! {
            <tr>
                <td class="num">{count - index}</td>
                <td>
                    <code>{command}</code>
                    {(!step.comment.is_empty()).then(|| view! { <p class="soft">{step.comment}</p> })}
                    {(!step.tags.is_empty()).then(|| view! { <Pills texts=step.tags /> })}
                </td>
                <td class="num">{format::bytes(step.size_bytes)}</td>
                <td><RelativeTime at=step.created_at /></td>
            </tr>
        }
    };
    view! {
        <div class="resource">
            <div class="resource__scroll">
                <table class="table">
                    <thead>
                        <tr>
                            <th scope="col" class="num">{t!(locale, images.layer)}</th>
                            <th scope="col">{t!(locale, images.step)}</th>
                            <th scope="col" class="num">{t!(locale, common.size)}</th>
                            <th scope="col">{t!(locale, common.created)}</th>
                        </tr>
                    </thead>
                    <tbody>{history.into_iter().rev().enumerate().map(row).collect_view()}</tbody>
                </table>
            </div>
        </div>
    }
}

#[component]
fn UsedBy(users: Vec<ImageUser>, cluster: String) -> impl IntoView {
    let locale = use_locale();
    if users.is_empty() {
        return view! { <p class="soft">{t!(locale, images.unused)}</p> }.into_any();
    }
    let user = |user: ImageUser| {
        let href = paths::detail(&cluster, Noun::Containers, &user.id);
        view! { <li><a class="list__body" href=href>{user.name}</a><code class="list__side">{format::short_id(&user.id)}</code></li> }
    };
    view! { <div class="card"><ul class="list">{users.into_iter().map(user).collect_view()}</ul></div> }.into_any()
}
