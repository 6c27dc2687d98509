//! What people see: the pages of the console, rendered on the server and taken over by the browser.

mod i18n;
mod language;
mod pages;
mod shell;

pub use shell::{App, shell};

/// Takes over the page that the server rendered. The browser calls it once the module is loaded.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(App);
    shell::mark_hydrated();
}
