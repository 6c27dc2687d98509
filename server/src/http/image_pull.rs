//! Pulling and pruning images.

use api::image::{PruneImages, PullImage};
use api::operation::Accepted;
use axum::extract::State as FromState;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::app::{Begun, begun};
use super::extract::{Json, Path};
use super::problem::Failure;
use crate::auth::Caller;
use crate::services::{self, State};

/// The routes of this noun.
pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(pull)).routes(routes!(prune))
}

/// Pulls an image; the operation shows the layers' progress.
#[utoipa::path(post, path = "/api/v1/clusters/{cluster}/images/pull", tag = "images", request_body = PullImage,
    params(("cluster" = String, Path, description = "The cluster's name")),
    responses((status = 202, description = "The operation that pulls it", body = Accepted)))]
async fn pull(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(cluster): Path<String>,
    Json(pull): Json<PullImage>,
) -> Result<Begun, Failure> {
    Ok(begun(services::image_pull::pull(&state, &caller, &cluster, pull).await?))
}

/// Removes unused images.
#[utoipa::path(post, path = "/api/v1/clusters/{cluster}/images/prune", tag = "images", request_body = PruneImages,
    params(("cluster" = String, Path, description = "The cluster's name")),
    responses((status = 202, description = "The operation that removes them", body = Accepted)))]
async fn prune(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(cluster): Path<String>,
    Json(prune): Json<PruneImages>,
) -> Result<Begun, Failure> {
    Ok(begun(services::image_pull::prune(&state, &caller, &cluster, prune).await?))
}
