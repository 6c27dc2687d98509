//! The document around every page, and the routes.

use leptos::prelude::*;
use leptos_meta::{MetaTags, Stylesheet, Title, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{Outlet, ParentRoute, Route, Router, Routes},
    path,
};

use crate::{
    boot::{boot_element, provide_boot, use_boot},
    frame::Frame,
    pages::{
        account::AccountPage,
        apps::{detail::AppPage, list::AppsPage, new::NewAppPage},
        containers::{detail::ContainerPage, list::ContainersPage},
        events::EventsPage,
        images::{detail::ImagePage, list::ImagesPage},
        login::LoginPage,
        networks::NetworksPage,
        nodes::{detail::NodePage, list::NodesPage},
        not_found::NotFoundPage,
        operations::{detail::OperationPage, list::OperationsPage},
        overview::OverviewPage,
        setup::SetupPage,
        volumes::VolumesPage,
    },
};

/// The whole HTML document, rendered on the server.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let boot = use_boot();
    view! {
        <!DOCTYPE html>
        <html lang=boot.language.tag() data-theme=boot.theme.attribute()>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <AutoReload options=options.clone() />
                <script type="module" src="/js/loader.js"></script>
                <HydrationScripts options />
                <MetaTags />
                {boot_element(&boot)}
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// The console: what surrounds every page, and which page an address shows.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_boot(&use_boot());
    view! {
        <Stylesheet id="gantry" href="/pkg/gantry.css" />
        <Title formatter=|title: String| if title.is_empty() { "Gantry".to_owned() } else { format!("{title} · Gantry") } />
        <Router>
            <Routes fallback=NotFoundPage>
                <Route path=path!("/login") view=LoginPage ssr=SsrMode::Async />
                <Route path=path!("/setup") view=SetupPage ssr=SsrMode::Async />
                <ParentRoute path=path!("") view=Frame ssr=SsrMode::Async>
                    <Route path=path!("/") view=OverviewPage ssr=SsrMode::Async />
                    <ClusterRoutes />
                    <AppRoutes />
                    <Route path=path!("/account") view=AccountPage ssr=SsrMode::Async />
                    <Route path=path!("/*any") view=NotFoundPage ssr=SsrMode::Async />
                </ParentRoute>
            </Routes>
        </Router>
    }
}

/// The pages of apps and operations.
#[component(transparent)]
fn AppRoutes() -> impl leptos_router::MatchNestedRoutes + Clone {
    view! {
        <ParentRoute path=path!("") view=Outlet ssr=SsrMode::Async>
            <Route path=path!("/apps") view=AppsPage ssr=SsrMode::Async />
            <Route path=path!("/apps/new") view=NewAppPage ssr=SsrMode::Async />
            <Route path=path!("/projects/:project/apps/:app") view=AppPage ssr=SsrMode::Async />
            <Route path=path!("/operations") view=OperationsPage ssr=SsrMode::Async />
            <Route path=path!("/operations/:id") view=OperationPage ssr=SsrMode::Async />
        </ParentRoute>
    }
    .into_inner()
}

/// The pages of a cluster's objects.
#[component(transparent)]
fn ClusterRoutes() -> impl leptos_router::MatchNestedRoutes + Clone {
    view! {
        <ParentRoute path=path!("/clusters/:cluster") view=Outlet ssr=SsrMode::Async>
            <Route path=path!("/containers") view=ContainersPage ssr=SsrMode::Async />
            <Route path=path!("/containers/:id") view=ContainerPage ssr=SsrMode::Async />
            <Route path=path!("/images") view=ImagesPage ssr=SsrMode::Async />
            <Route path=path!("/images/:id") view=ImagePage ssr=SsrMode::Async />
            <Route path=path!("/networks") view=NetworksPage ssr=SsrMode::Async />
            <Route path=path!("/volumes") view=VolumesPage ssr=SsrMode::Async />
            <Route path=path!("/nodes") view=NodesPage ssr=SsrMode::Async />
            <Route path=path!("/nodes/:id") view=NodePage ssr=SsrMode::Async />
            <Route path=path!("/events") view=EventsPage ssr=SsrMode::Async />
        </ParentRoute>
    }
    .into_inner()
}

/// Tells browser tests (and style sheets) that clicks are heard from now on.
#[cfg(feature = "hydrate")]
pub(crate) fn mark_hydrated() {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("data-hydrated", "");
    }
}
