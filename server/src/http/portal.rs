//! The settings of the whole portal.

use api::portal::PortalSettings;
use axum::extract::State as FromState;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::Json;
use super::problem::Failure;
use crate::auth::Caller;
use crate::services::{self, State};

/// The routes of this noun.
pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(get, set))
}

/// The settings of the portal.
#[utoipa::path(get, path = "/api/v1/portal", tag = "portal",
    responses((status = 200, description = "The settings", body = PortalSettings)))]
async fn get(FromState(state): FromState<State>, caller: Caller) -> Result<Json<PortalSettings>, Failure> {
    Ok(Json(services::portal::get(&state, &caller).await?))
}

/// Replaces the settings of the portal. Sessions and tokens go on when password sign-in is restricted.
#[utoipa::path(put, path = "/api/v1/portal", tag = "portal", request_body = PortalSettings,
    responses((status = 200, description = "The settings", body = PortalSettings)))]
async fn set(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(settings): Json<PortalSettings>,
) -> Result<Json<PortalSettings>, Failure> {
    Ok(Json(services::portal::set(&state, &caller, settings).await?))
}
