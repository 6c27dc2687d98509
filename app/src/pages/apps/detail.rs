//! One app: its services, containers, releases, operations, events and its Compose file.

use std::sync::Arc;

use api::{Client, app::AppDetail, log::app_logs_path, stats::app_stats_path, watch::ChangeKind};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::{actions::app_actions, compose::ComposeTab, releases::ReleasesTab, services::ServicesTab};
use crate::{
    components::{
        action::{ActionButtons, Subject},
        header::PageHeader,
        icon::{Icon, IconView},
        log::LogView,
        status::{Status, StatusPill},
        table::{Empty, ResourceTable, use_list_state},
        tabs::{Tabs, use_tab},
    },
    i18n::{language, t, use_locale},
    load::Load,
    pages::{
        containers::{actions::container_actions, columns::container_columns},
        operations::list::operation_columns,
        stats::StatsView,
    },
    paths,
};

/// The app that the address names.
#[derive(Clone, Copy, PartialEq)]
pub struct AppName {
    /// Its project.
    pub project: Memo<String>,
    /// Its name.
    pub app: Memo<String>,
}

impl AppName {
    /// Both names, untracked.
    pub fn get_untracked(self) -> (String, String) {
        (self.project.get_untracked(), self.app.get_untracked())
    }

    /// Both names.
    pub fn get(self) -> (String, String) {
        (self.project.get(), self.app.get())
    }
}

/// One app.
#[component]
pub fn AppPage() -> impl IntoView {
    let client = expect_context::<Client>();
    let params = use_params_map();
    let part = move |name: &'static str| Memo::new(move |_| params.read().get(name).unwrap_or_default());
    let name = AppName { project: part("project"), app: part("app") };
    let load = Load::new(&[ChangeKind::App, ChangeKind::Operation, ChangeKind::Container], move || {
        let (client, (project, app)) = (client.clone(), name.get());
        async move { client.get_app(&project, &app).await }
    });
    view! { <div class="page">{load.show(move |detail| view! { <AppView name detail /> }.into_any())}</div> }
}

#[component]
fn AppView(name: AppName, detail: Signal<Arc<AppDetail>>) -> impl IntoView {
    let locale = use_locale();
    let tabs = vec![
        ("services", t!(locale, apps.services)),
        ("containers", t!(locale, nav.containers)),
        ("logs", t!(locale, logs.title)),
        ("stats", t!(locale, stats.title)),
        ("releases", t!(locale, apps.releases)),
        ("operations", t!(locale, nav.operations)),
        ("events", t!(locale, nav.events)),
        ("compose", t!(locale, apps.compose)),
    ];
    let tab = use_tab(&tabs);
    let client = expect_context::<Client>();
    let title = Signal::derive(move || detail.read().app.name.clone());
    let above = vec![(t!(locale, nav.apps).to_owned(), paths::APPS.to_owned())];
    let state = Memo::new(move |_| detail.read().app.state);
    let badge = move || view! { <StatusPill status=Status::of_app(locale, state.get()) /> };
    let subjects = Signal::derive(move || {
        let app = detail.read().app.clone();
        vec![Subject::new(app.name.clone(), Arc::new(app))]
    });
    let logs = Signal::derive(move || {
        let (project, app) = name.get();
        app_logs_path(&project, &app).as_str().to_owned()
    });
    let stats = Signal::derive(move || {
        let (project, app) = name.get();
        app_stats_path(&project, &app)
    });
    let content = move || match tab.get() {
        "containers" => view! { <ContainersTab name cluster=detail.get_untracked().app.cluster.clone() /> }.into_any(),
        "logs" => {
            let services = detail.with_untracked(|it| it.services_detail.iter().map(|it| it.name.clone()).collect());
            view! { <LogView path=logs services /> }.into_any()
        }
        "stats" => view! { <StatsView path=stats tab="stats" /> }.into_any(),
        "releases" => view! { <ReleasesTab name /> }.into_any(),
        "operations" => view! { <OperationsTab name /> }.into_any(),
        "events" => view! { <EventsTab name cluster=detail.get_untracked().app.cluster.clone() /> }.into_any(),
        "compose" => view! { <ComposeTab name detail /> }.into_any(),
        _ => view! { <ServicesTab name detail /> }.into_any(),
    };
    view! {
        <PageHeader title above badge=badge.into_any()>
            <ActionButtons actions=app_actions(client) subjects />
        </PageHeader>
        <Reason detail />
        <Tabs tabs label=t!(locale, apps.parts) />
        {content}
    }
}

/// Why the app does not do well, and what changes it now.
#[component]
fn Reason(detail: Signal<Arc<AppDetail>>) -> impl IntoView {
    let locale = use_locale();
    let reason = Memo::new(move |_| detail.read().app.reason.clone());
    let operation = Memo::new(move |_| detail.read().app.operation);
    view! {
        {move || {
            operation
                .get()
                .map(|id| {
                    view! {
                        <div class="notice">
                            <IconView icon=Icon::Progress />
                            <div class="notice__body">
                                <p>
                                    {t!(locale, apps.in_progress)} " "
                                    <a href=paths::operation(&id.to_string())>{t!(locale, action.show_operation)}</a>
                                </p>
                            </div>
                        </div>
                    }
                })
        }}
        {move || {
            reason
                .get()
                .map(|reason| {
                    view! {
                        <div class="notice notice--warn">
                            <IconView icon=Icon::Warn />
                            <div class="notice__body">
                                <p>{reason.text(language(locale))}</p>
                            </div>
                        </div>
                    }
                })
        }}
    }
}

#[component]
fn ContainersTab(name: AppName, cluster: String) -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let state = use_list_state(&["state", "health", "service", "image"]);
    let load = Load::new(&[ChangeKind::Container], {
        let client = client.clone();
        move || {
            let (client, (project, app), query) = (client.clone(), name.get(), state.get().to_list_query());
            async move { client.list_app_containers(&project, &app, &query).await }
        }
    });
    let cluster = Signal::stored(cluster);
    let empty = Empty {
        icon: Icon::Container,
        title: |l| t!(l, containers.empty),
        detail: |l| t!(l, apps.no_containers),
        link: None,
    };
    ResourceTable::new("app-containers", container_columns(locale, cluster), empty)
        .actions(container_actions(client, cluster))
        .show(load, state, |it| it.id.clone(), |it| it.name.clone())
}

#[component]
fn OperationsTab(name: AppName) -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let state = use_list_state(&["state", "kind"]);
    let load = Load::new(&[ChangeKind::Operation], move || {
        let (client, (project, app)) = (client.clone(), name.get());
        let query = state.get().to_list_query().filter("project", project).filter("app", app);
        async move { client.list_operations(&query).await }
    });
    let empty = Empty {
        icon: Icon::Operation,
        title: |l| t!(l, operations.empty),
        detail: |l| t!(l, operations.empty_detail),
        link: None,
    };
    ResourceTable::new("app-operations", operation_columns(locale), empty).show(
        load,
        state,
        |it| it.id.to_string(),
        |it| it.target.clone(),
    )
}

#[component]
fn EventsTab(name: AppName, cluster: String) -> impl IntoView {
    let client = expect_context::<Client>();
    let state = use_list_state(&["kind", "action"]);
    let shown = cluster.clone();
    let load = Load::new(&[ChangeKind::Event], move || {
        let (client, cluster, app) = (client.clone(), cluster.clone(), name.app.get());
        let query = state.get().to_list_query().filter("app", app);
        async move { client.list_events(&cluster, &query).await }
    });
    let empty = Empty {
        icon: Icon::Event,
        title: |l| t!(l, apps.no_events),
        detail: |l| t!(l, apps.no_events_detail),
        link: None,
    };
    ResourceTable::new("app-events", crate::pages::events::event_columns(use_locale(), Signal::stored(shown)), empty)
        .show(load, state, |it| it.sequence.to_string(), |it| it.name.clone())
}
