//! Containers.

use api::List;
use api::container::{Container, ContainerAction, ContainerDetail};
use axum::extract::State as FromState;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, Path, Query};
use super::list::{ListParameters, Listing};
use super::problem::Failure;
use crate::auth::Caller;
use crate::services::{self, State};

/// The routes of this noun.
pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get, delete))
        .routes(routes!(inspect))
        .routes(routes!(shells))
        .routes(routes!(act))
}

/// The containers of a cluster. Filters: `state`, `health`, `app`, `project`, `service`, `image`, `network`, `volume`.
#[utoipa::path(get, path = "/api/v1/clusters/{cluster}/containers", tag = "containers",
    params(("cluster" = String, Path, description = "The cluster's name"), ListParameters),
    responses((status = 200, description = "The containers", body = List<Container>)))]
async fn list(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(cluster): Path<String>,
    Listing(query): Listing,
) -> Result<Json<List<Container>>, Failure> {
    Ok(Json(services::container::list(&state, &caller, &cluster, &query)?))
}

/// A container, by id, beginning of an id, or name.
#[utoipa::path(get, path = "/api/v1/clusters/{cluster}/containers/{container}", tag = "containers",
    params(
        ("cluster" = String, Path, description = "The cluster's name"),
        ("container" = String, Path, description = "The container's id or name"),
    ),
    responses((status = 200, description = "The container", body = ContainerDetail)))]
async fn get(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((cluster, container)): Path<(String, String)>,
) -> Result<Json<ContainerDetail>, Failure> {
    Ok(Json(services::container::get(&state, &caller, &cluster, &container).await?))
}

/// The engine's own description of a container.
#[utoipa::path(get, path = "/api/v1/clusters/{cluster}/containers/{container}/inspect", tag = "containers",
    params(
        ("cluster" = String, Path, description = "The cluster's name"),
        ("container" = String, Path, description = "The container's id or name"),
    ),
    responses((status = 200, description = "What the engine says", body = Object)))]
async fn inspect(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((cluster, container)): Path<(String, String)>,
) -> Result<Json<serde_json::Value>, Failure> {
    Ok(Json(services::container::inspect(&state, &caller, &cluster, &container).await?))
}

/// The shells found in a running container, best first.
#[utoipa::path(get, path = "/api/v1/clusters/{cluster}/containers/{container}/shells", tag = "containers",
    params(
        ("cluster" = String, Path, description = "The cluster's name"),
        ("container" = String, Path, description = "The container's id or name"),
    ),
    responses((status = 200, description = "The shells' paths", body = Vec<String>)))]
async fn shells(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((cluster, container)): Path<(String, String)>,
) -> Result<Json<Vec<String>>, Failure> {
    Ok(Json(services::terminal::list_shells(&state, &caller, &cluster, &container).await?))
}

/// Does something to a container; what is so already is done.
#[utoipa::path(post, path = "/api/v1/clusters/{cluster}/containers/{container}/{action}", tag = "containers",
    params(
        ("cluster" = String, Path, description = "The cluster's name"),
        ("container" = String, Path, description = "The container's id or name"),
        ("action" = ContainerAction, Path, description = "What to do"),
    ),
    responses((status = 204, description = "Done"), (status = 409, description = "Its state does not allow it")))]
async fn act(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((cluster, container, action)): Path<(String, String, ContainerAction)>,
) -> Result<StatusCode, Failure> {
    services::container::act(&state, &caller, &cluster, &container, action).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How to remove a container.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct Removal {
    /// Even while it runs.
    force: bool,
    /// With its anonymous volumes.
    volumes: bool,
}

/// Removes a container; a running one only with `force`, its anonymous volumes only with `volumes`.
#[utoipa::path(delete, path = "/api/v1/clusters/{cluster}/containers/{container}", tag = "containers",
    params(
        ("cluster" = String, Path, description = "The cluster's name"),
        ("container" = String, Path, description = "The container's id or name"),
        Removal,
    ),
    responses((status = 204, description = "It is gone"), (status = 409, description = "It runs")))]
async fn delete(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((cluster, container)): Path<(String, String)>,
    Query(how): Query<Removal>,
) -> Result<StatusCode, Failure> {
    services::container::delete(&state, &caller, &cluster, &container, how.force, how.volumes).await?;
    Ok(StatusCode::NO_CONTENT)
}
