//! Clusters.

use api::List;
use api::cluster::{Cluster, DiskUsage};
use axum::extract::State as FromState;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, Path};
use super::problem::Failure;
use crate::auth::Caller;
use crate::services::{self, State};

/// The routes of this noun.
pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get)).routes(routes!(disk_usage))
}

/// The clusters. Members see their names and whether they answer; administrators also what is in them.
#[utoipa::path(get, path = "/api/v1/clusters", tag = "clusters",
    responses((status = 200, description = "The clusters", body = List<Cluster>)))]
async fn list(FromState(state): FromState<State>, caller: Caller) -> Result<Json<List<Cluster>>, Failure> {
    Ok(Json(services::cluster::list(&state, &caller)?))
}

/// A cluster.
#[utoipa::path(get, path = "/api/v1/clusters/{cluster}", tag = "clusters",
    params(("cluster" = String, Path, description = "The cluster's name")),
    responses((status = 200, description = "The cluster", body = Cluster)))]
async fn get(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(cluster): Path<String>,
) -> Result<Json<Cluster>, Failure> {
    Ok(Json(services::cluster::get(&state, &caller, &cluster)?))
}

/// The disk a cluster uses; measured by the engine, which can take seconds, and kept for a minute.
#[utoipa::path(get, path = "/api/v1/clusters/{cluster}/disk-usage", tag = "clusters",
    params(("cluster" = String, Path, description = "The cluster's name")),
    responses((status = 200, description = "The disk used", body = DiskUsage)))]
async fn disk_usage(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(cluster): Path<String>,
) -> Result<Json<DiskUsage>, Failure> {
    Ok(Json(services::cluster::disk_usage(&state, &caller, &cluster).await?))
}
