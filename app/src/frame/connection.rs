//! How the portal stands with the engine, and how this page stands with the portal.

use std::sync::Arc;

use api::{
    List,
    cluster::{Cluster, ConnectionState},
};
use leptos::prelude::*;

use super::{Clusters, use_cluster};
use crate::{
    components::{
        icon::{Icon, IconView},
        status::{Status, StatusPill},
    },
    format,
    i18n::{language, t, use_locale},
    live::{use_clock, use_live},
};

/// The current one of the clusters.
fn current(clusters: Signal<Arc<List<Cluster>>>) -> Memo<Option<Cluster>> {
    let name = use_cluster();
    Memo::new(move |_| {
        let clusters = clusters.get();
        name.with(|name| clusters.items.iter().find(|cluster| cluster.name == *name).cloned())
    })
}

/// A pill with the cluster's connection, and the age of what is shown where that is not now.
#[component]
pub(super) fn ConnectionBadge() -> impl IntoView {
    let Clusters(load) = expect_context();
    load.show_quietly(move |clusters| {
        let cluster = current(clusters);
        (move || cluster.get().map(|cluster| view! { <Badge cluster /> })).into_any()
    })
}

#[component]
fn Badge(cluster: Cluster) -> impl IntoView {
    let locale = use_locale();
    let (now, live) = (use_clock().second(), use_live().connected());
    let status = Status::of_connection(locale, cluster.connection.state);
    let connected = cluster.connection.state == ConnectionState::Connected;
    let as_of = cluster.connection.as_of;
    // While events flow the picture is as of now; only when they do not does its age mean something.
    let age = move || {
        let ago = now.get()? - as_of?.unix_timestamp();
        (!connected || !live.get()).then(|| t!(locale, connection.as_of, ago = format::ago(locale, ago)))
    };
    view! {
        <span class="row nowrap" title=t!(locale, connection.title, name = cluster.name, endpoint = cluster.endpoint)>
            <StatusPill status />
            <span class="faint connection__age" role="status">
                {age}
            </span>
        </span>
    }
}

/// Says above the page that the engine or the portal cannot be reached, why, and what to do.
#[component]
pub(super) fn ConnectionBanner() -> impl IntoView {
    let Clusters(load) = expect_context();
    view! {
        <PortalLost />
        {load
            .show_quietly(move |clusters| {
                let cluster = current(clusters);
                (move || cluster.get().map(|cluster| view! { <EngineLost cluster /> })).into_any()
            })}
    }
}

#[component]
fn EngineLost(cluster: Cluster) -> impl IntoView {
    let locale = use_locale();
    let connection = cluster.connection;
    let (class, title) = match connection.state {
        ConnectionState::Lost => ("notice notice--bad banner", t!(locale, connection.lost)),
        ConnectionState::Absent => ("notice banner", t!(locale, connection.absent)),
        ConnectionState::Connecting if connection.problem.is_some() => {
            ("notice notice--warn banner", t!(locale, connection.connecting))
        }
        ConnectionState::Connecting | ConnectionState::Connected => return ().into_any(),
    };
    let cause = connection.problem.map(|problem| problem.text(language(locale)));
    view! {
        <div class=class role="alert">
            <IconView icon=Icon::Unplug />
            <div class="notice__body">
                <p class="notice__title">{title}</p>
                {cause.map(|cause| view! { <p>{cause}</p> })}
                <p class="soft">{t!(locale, connection.endpoint, endpoint = cluster.endpoint)}</p>
            </div>
        </div>
    }
    .into_any()
}

/// How long the portal may be away before one says so: a restart is not worth a banner.
const PATIENCE_SECS: i64 = 4;

#[component]
fn PortalLost() -> impl IntoView {
    let locale = use_locale();
    let (live, now) = (use_live().connected(), use_clock().second());
    let since = StoredValue::new(None::<i64>);
    let lost = Memo::new(move |_| {
        if live.get() {
            since.set_value(None);
            return false;
        }
        let Some(now) = now.get() else { return false };
        let began = since.get_value().unwrap_or(now);
        since.set_value(Some(began));
        now - began >= PATIENCE_SECS
    });
    move || {
        lost.get().then(|| {
            view! {
                <div class="notice notice--warn banner" role="alert">
                    <IconView icon=Icon::Unplug />
                    <div class="notice__body">
                        <p class="notice__title">{t!(locale, connection.portal_lost)}</p>
                        <p>{t!(locale, connection.portal_lost_detail)}</p>
                    </div>
                </div>
            }
        })
    }
}
