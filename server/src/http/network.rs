//! Networks.

use api::List;
use api::network::Network;
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

/// The networks of a cluster. Filters: `driver`, `app`.
#[utoipa::path(get, path = "/api/v1/clusters/{cluster}/networks", tag = "networks",
    params(("cluster" = String, Path, description = "The cluster's name"), ListParameters),
    responses((status = 200, description = "The networks", body = List<Network>)))]
async fn list(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(cluster): Path<String>,
    Listing(query): Listing,
) -> Result<Json<List<Network>>, Failure> {
    Ok(Json(services::network::list(&state, &caller, &cluster, &query)?))
}

/// Removes a network that no container uses.
#[utoipa::path(delete, path = "/api/v1/clusters/{cluster}/networks/{network}", tag = "networks",
    params(
        ("cluster" = String, Path, description = "The cluster's name"),
        ("network" = String, Path, description = "The network's id or name"),
    ),
    responses((status = 204, description = "It is gone"), (status = 409, description = "Containers use it")))]
async fn delete(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((cluster, network)): Path<(String, String)>,
) -> Result<StatusCode, Failure> {
    services::network::delete(&state, &caller, &cluster, &network).await?;
    Ok(StatusCode::NO_CONTENT)
}
