//! The only place that wires the parts together.

use std::{io, net::SocketAddr};

use axum::Router;
use http::{HeaderValue, header::CONTENT_SECURITY_POLICY};
use leptos::{config::LeptosOptions, nonce::Nonce, prelude::use_context};
use leptos_axum::{LeptosRoutes, ResponseOptions, generate_route_list};

/// Serves the portal until it is told to stop.
pub async fn serve() -> io::Result<()> {
    let address = SocketAddr::from(([127, 0, 0, 1], 8080));
    let listener = tokio::net::TcpListener::bind(address).await?;
    tracing::info!("Gantry is at http://{address}");
    axum::serve(listener, router(&options(address))).await
}

fn options(address: SocketAddr) -> LeptosOptions {
    LeptosOptions::builder().output_name("gantry").site_root("target/site").site_addr(address).build()
}

fn router(options: &LeptosOptions) -> Router {
    let routes = generate_route_list(app::App);
    let shell = {
        let options = options.clone();
        move || app::shell(options.clone())
    };
    Router::new()
        .leptos_routes_with_context(options, routes, set_content_security_policy, shell)
        .fallback(leptos_axum::file_and_error_handler_with_context::<LeptosOptions, _>(
            set_content_security_policy,
            app::shell,
        ))
        .with_state(options.clone())
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
