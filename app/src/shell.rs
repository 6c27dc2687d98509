//! The document around every page, and the routes.

use leptos::prelude::*;
use leptos_meta::{MetaTags, Stylesheet, Title, provide_meta_context};
use leptos_router::{
    Lazy, SsrMode,
    components::{Outlet, ParentRoute, Route, Router, Routes},
    path,
};

use crate::{
    boot::{boot_element, provide_boot, use_boot},
    frame::Frame,
    lazy,
    pages::not_found::NotFoundPage,
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
                <Route path=path!("/login") view={Lazy::<lazy::Login>::new()} ssr=SsrMode::Async />
                <Route path=path!("/setup") view={Lazy::<lazy::Setup>::new()} ssr=SsrMode::Async />
                <Route path=path!("/invite") view={Lazy::<lazy::Invite>::new()} ssr=SsrMode::Async />
                <ParentRoute path=path!("") view=Frame ssr=SsrMode::Async>
                    <Route path=path!("/") view={Lazy::<lazy::Overview>::new()} ssr=SsrMode::Async />
                    <ClusterRoutes />
                    <AppRoutes />
                    <TeamRoutes />
                    <Route path=path!("/account") view={Lazy::<lazy::Account>::new()} ssr=SsrMode::Async />
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
            <Route path=path!("/apps") view={Lazy::<lazy::Apps>::new()} ssr=SsrMode::Async />
            <Route path=path!("/apps/new") view={Lazy::<lazy::NewApp>::new()} ssr=SsrMode::Async />
            <Route path=path!("/projects/:project/apps/:app") view={Lazy::<lazy::App>::new()} ssr=SsrMode::Async />
            <Route path=path!("/operations") view={Lazy::<lazy::Operations>::new()} ssr=SsrMode::Async />
            <Route path=path!("/operations/:id") view={Lazy::<lazy::Operation>::new()} ssr=SsrMode::Async />
        </ParentRoute>
    }
    .into_inner()
}

/// The pages of projects, teams, accounts, where these come from, what holds for all of them and what they did.
#[component(transparent)]
fn TeamRoutes() -> impl leptos_router::MatchNestedRoutes + Clone {
    view! {
        <ParentRoute path=path!("") view=Outlet ssr=SsrMode::Async>
            <Route path=path!("/projects") view={Lazy::<lazy::Projects>::new()} ssr=SsrMode::Async />
            <Route path=path!("/projects/:project") view={Lazy::<lazy::Project>::new()} ssr=SsrMode::Async />
            <Route path=path!("/teams") view={Lazy::<lazy::Teams>::new()} ssr=SsrMode::Async />
            <Route path=path!("/teams/:team") view={Lazy::<lazy::Team>::new()} ssr=SsrMode::Async />
            <Route path=path!("/users") view={Lazy::<lazy::Users>::new()} ssr=SsrMode::Async />
            <Route path=path!("/providers") view={Lazy::<lazy::Providers>::new()} ssr=SsrMode::Async />
            <Route path=path!("/providers/new") view={Lazy::<lazy::NewProvider>::new()} ssr=SsrMode::Async />
            <Route path=path!("/providers/:slug") view={Lazy::<lazy::Provider>::new()} ssr=SsrMode::Async />
            <Route path=path!("/settings") view={Lazy::<lazy::Settings>::new()} ssr=SsrMode::Async />
            <Route path=path!("/audit") view={Lazy::<lazy::Audit>::new()} ssr=SsrMode::Async />
        </ParentRoute>
    }
    .into_inner()
}

/// The pages of a cluster's objects.
#[component(transparent)]
fn ClusterRoutes() -> impl leptos_router::MatchNestedRoutes + Clone {
    view! {
        <ParentRoute path=path!("/clusters/:cluster") view=Outlet ssr=SsrMode::Async>
            <Route path=path!("/containers") view={Lazy::<lazy::Containers>::new()} ssr=SsrMode::Async />
            <Route path=path!("/containers/:id") view={Lazy::<lazy::Container>::new()} ssr=SsrMode::Async />
            <Route path=path!("/images") view={Lazy::<lazy::Images>::new()} ssr=SsrMode::Async />
            <Route path=path!("/images/:id") view={Lazy::<lazy::Image>::new()} ssr=SsrMode::Async />
            <Route path=path!("/networks") view={Lazy::<lazy::Networks>::new()} ssr=SsrMode::Async />
            <Route path=path!("/volumes") view={Lazy::<lazy::Volumes>::new()} ssr=SsrMode::Async />
            <Route path=path!("/nodes") view={Lazy::<lazy::Nodes>::new()} ssr=SsrMode::Async />
            <Route path=path!("/nodes/:id") view={Lazy::<lazy::Node>::new()} ssr=SsrMode::Async />
            <Route path=path!("/events") view={Lazy::<lazy::Events>::new()} ssr=SsrMode::Async />
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
