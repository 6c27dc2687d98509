//! The dashboard.

use api::overview::Overview;
use axum::extract::State as FromState;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::Json;
use super::problem::Failure;
use crate::auth::Caller;
use crate::services::{self, State};

/// The routes of this noun.
pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(get))
}

/// What runs and what is wrong, as far as the caller may see it.
#[utoipa::path(get, path = "/api/v1/overview", tag = "overview",
    responses((status = 200, description = "The dashboard", body = Overview)))]
async fn get(FromState(state): FromState<State>, caller: Caller) -> Result<Json<Overview>, Failure> {
    Ok(Json(services::overview::get(&state, &caller).await?))
}
