//! What every request from the network passes through, from the outside in: request id, log, panics, headers, languages of
//! problems, compression, deadline, Host, client address, session, caller, record of refusals, cross-site guard.

mod address;
mod answer;
mod cross_site;
mod headers;
mod host;
mod identify;
mod log;
mod refusal;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::IntoResponse;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::trace::TraceLayer;
use tower_sessions::SessionManagerLayer;
use tower_sessions::cookie::SameSite;

use super::problem::Failure;
use crate::auth::session::Store;
use crate::services::State;

pub use address::{ClientAddress, origin};
pub use answer::{language, method_not_allowed};
pub use host::allowed_origin;

/// Puts the layers around the routes.
pub fn wrap(state: &State, routes: Router) -> Router {
    let http = &state.config.http;
    let sessions = SessionManagerLayer::new(Store::new(state.db.clone()))
        .with_name(crate::auth::cookie_name(http.is_secure()))
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_secure(http.is_secure())
        .with_path("/");
    routes
        .layer(from_fn_with_state(state.clone(), cross_site::guard))
        .layer(from_fn_with_state(state.clone(), refusal::record))
        .layer(from_fn_with_state(state.clone(), identify::identify))
        .layer(sessions)
        .layer(from_fn_with_state(state.clone(), address::resolve))
        .layer(from_fn_with_state(state.clone(), host::check))
        .layer(from_fn_with_state(state.clone(), answer::deadline))
        .layer(CompressionLayer::new().br(true).gzip(true).no_deflate().no_zstd())
        .layer(from_fn(answer::speak))
        .layer(from_fn_with_state(state.clone(), headers::secure))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(TraceLayer::new_for_http().make_span_with(log::span).on_request(()).on_response(log::answered))
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
}

fn panicked(panic: Box<dyn std::any::Any + Send>) -> axum::response::Response {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(panic = text.unwrap_or("unknown"), "a request panicked");
    Failure::new(axum::http::StatusCode::INTERNAL_SERVER_ERROR, "internal").into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use axum::routing::get;
    use tower::ServiceExt as _;

    use super::*;

    async fn fails() -> &'static str {
        panic!("as a handler may")
    }

    #[tokio::test]
    async fn a_panic_fails_one_request_only() {
        let router = Router::new()
            .route("/panics", get(fails))
            .route("/works", get(async || "ok"))
            .layer(CatchPanicLayer::custom(panicked));
        for (path, status) in [("/panics", 500), ("/works", 200), ("/panics", 500)] {
            let request = Request::builder().uri(path).body(Body::empty()).unwrap();
            let response = router.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status().as_u16(), status, "{path}");
            if status == 500 {
                assert_eq!(response.headers()["content-type"], api::problem::PROBLEM_JSON);
            }
        }
    }
}
