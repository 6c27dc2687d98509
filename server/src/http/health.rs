//! Whether the server is alive, and whether it can serve.

use axum::Router;
use axum::extract::State as FromState;
use axum::http::StatusCode;
use axum::routing::get;

use crate::services::{self, State};

/// `/healthz` and `/readyz`, open to everyone.
pub fn routes() -> Router<State> {
    Router::new().route("/healthz", get(alive)).route("/readyz", get(ready))
}

async fn alive() -> &'static str {
    "ok\n"
}

async fn ready(FromState(state): FromState<State>) -> (StatusCode, &'static str) {
    if state.stopping.token.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
    }
    match services::health::check(&state).await {
        Ok(()) => (StatusCode::OK, "ok\n"),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n")
        }
    }
}
