//! The document around every page, and the routes.

use leptos::prelude::*;
use leptos_meta::{MetaTags, Stylesheet, Title, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{ParentRoute, Route, Router, Routes},
    path,
};

use crate::{
    boot::{boot_element, provide_boot, use_boot},
    frame::Frame,
    pages::{containers::list::ContainersPage, login::LoginPage, not_found::NotFoundPage, setup::SetupPage},
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
                    <Route path=path!("/clusters/:cluster/containers") view=ContainersPage ssr=SsrMode::Async />
                    <Route path=path!("/*any") view=NotFoundPage ssr=SsrMode::Async />
                </ParentRoute>
            </Routes>
        </Router>
    }
}

/// Tells browser tests (and style sheets) that clicks are heard from now on.
#[cfg(feature = "hydrate")]
pub(crate) fn mark_hydrated() {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("data-hydrated", "");
    }
}
