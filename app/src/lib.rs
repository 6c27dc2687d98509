//! What people see: the pages of the console, rendered on the server and taken over by the browser.

#[cfg(feature = "ssr")]
mod aside;
mod boot;
pub mod browser;
pub mod components;
pub mod format;
pub mod frame;
pub mod i18n;
mod language;
mod lazy;
pub mod live;
pub mod load;
mod module;
mod pages;
pub mod paths;
pub mod query;
mod shell;
mod socket;
mod theme;
#[cfg(feature = "hydrate")]
mod transport;

#[cfg(feature = "ssr")]
pub use aside::Aside;
pub use boot::{BOOT_ELEMENT, Boot, PageStatus};
#[cfg(feature = "ssr")]
pub use components::table::RenderedRows;
pub use shell::{App, shell};
pub use theme::Theme;

/// Takes over the page that the server rendered. The browser calls it once the module is loaded.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    use leptos::prelude::*;

    console_error_panic_hook::set_once();
    let app = || {
        let boot = boot::read_boot();
        provide_context(api::Client::new(transport::Fetch { csrf_token: boot.csrf_token.clone() }));
        provide_context(boot);
        view! { <App /> }
    };
    wasm_bindgen_futures::spawn_local(async move {
        if let Some(body) = document().body() {
            leptos::mount::hydrate_from_async(body, app).await.forget();
            shell::mark_hydrated();
        }
    });
}
