//! Volumes.

use api::List;
use api::volume::Volume;
use axum::extract::State as FromState;
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, Path};
use super::list::{ListParameters, Listing};
use super::problem::Failure;
use crate::auth::Caller;
use crate::services::{self, State};

/// The routes of this noun.
pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(delete))
}

/// The volumes of a cluster. Filters: `driver`, `app`, `used` (`true`, `false`).
#[utoipa::path(get, path = "/api/v1/clusters/{cluster}/volumes", tag = "volumes",
    params(("cluster" = String, Path, description = "The cluster's name"), ListParameters),
    responses((status = 200, description = "The volumes", body = List<Volume>)))]
async fn list(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(cluster): Path<String>,
    Listing(query): Listing,
) -> Result<Json<List<Volume>>, Failure> {
    Ok(Json(services::volume::list(&state, &caller, &cluster, &query)?))
}

/// Removes a volume that no container uses, with all its data.
#[utoipa::path(delete, path = "/api/v1/clusters/{cluster}/volumes/{volume}", tag = "volumes",
    params(
        ("cluster" = String, Path, description = "The cluster's name"),
        ("volume" = String, Path, description = "The volume's name"),
    ),
    responses((status = 204, description = "It is gone"), (status = 409, description = "Containers use it")))]
async fn delete(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((cluster, volume)): Path<(String, String)>,
) -> Result<StatusCode, Failure> {
    services::volume::delete(&state, &caller, &cluster, &volume).await?;
    Ok(StatusCode::NO_CONTENT)
}
