//! What people see: the pages of the console, rendered on the server and taken over by the browser.

mod boot;
pub mod browser;
pub mod components;
pub mod format;
pub mod frame;
pub mod i18n;
mod language;
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

pub use boot::{BOOT_ELEMENT, Boot, PageStatus};
pub use shell::{App, shell};
pub use theme::Theme;

/// Takes over the page that the server rendered. The browser calls it once the module is loaded.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    use leptos::prelude::*;

    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(|| {
        let boot = boot::read_boot();
        provide_context(api::Client::new(transport::Fetch { csrf_token: boot.csrf_token.clone() }));
        provide_context(boot);
        view! { <App /> }
    });
    shell::mark_hydrated();
}
