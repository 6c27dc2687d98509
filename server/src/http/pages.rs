//! The pages of the console and the files they load.

use axum::Router;
use axum::http::{HeaderValue, header::CONTENT_SECURITY_POLICY};
use leptos::{config::LeptosOptions, nonce::Nonce, prelude::use_context};
use leptos_axum::{LeptosRoutes, ResponseOptions, generate_route_list};

use crate::services::State;

/// The pages and files.
pub fn routes(state: &State) -> Router {
    let http = &state.config.http;
    let site_root = http.site_dir.to_string_lossy().into_owned();
    let options = LeptosOptions::builder().output_name("gantry").site_root(site_root).site_addr(http.listen).build();
    let shell = {
        let options = options.clone();
        move || app::shell(options.clone())
    };
    Router::new()
        .leptos_routes_with_context(&options, generate_route_list(app::App), set_content_security_policy, shell)
        .fallback(leptos_axum::file_and_error_handler_with_context::<LeptosOptions, _>(
            set_content_security_policy,
            app::shell,
        ))
        .with_state(options)
}

/// Allows the scripts that this response's nonce marks, WebAssembly, and what this server serves; nothing else.
fn set_content_security_policy() {
    let (Some(nonce), Some(response)) = (use_context::<Nonce>(), use_context::<ResponseOptions>()) else {
        return;
    };
    let policy = format!(
        "default-src 'self'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self' 'nonce-{nonce}'; \
         img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.insert_header(CONTENT_SECURITY_POLICY, policy);
    }
}
