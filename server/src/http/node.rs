//! Nodes.

use api::List;
use api::node::Node;
use axum::extract::State as FromState;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, Path};
use super::list::{ListParameters, Listing};
use super::problem::Failure;
use crate::auth::Caller;
use crate::services::{self, State};

/// The routes of this noun.
pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get))
}

/// The nodes of a cluster. Filter: `name`.
#[utoipa::path(get, path = "/api/v1/clusters/{cluster}/nodes", tag = "nodes",
    params(("cluster" = String, Path, description = "The cluster's name"), ListParameters),
    responses((status = 200, description = "The nodes", body = List<Node>)))]
async fn list(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(cluster): Path<String>,
    Listing(query): Listing,
) -> Result<Json<List<Node>>, Failure> {
    Ok(Json(services::node::list(&state, &caller, &cluster, &query)?))
}

/// A node, by id or name.
#[utoipa::path(get, path = "/api/v1/clusters/{cluster}/nodes/{node}", tag = "nodes",
    params(
        ("cluster" = String, Path, description = "The cluster's name"),
        ("node" = String, Path, description = "The node's id or name"),
    ),
    responses((status = 200, description = "The node", body = Node)))]
async fn get(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((cluster, node)): Path<(String, String)>,
) -> Result<Json<Node>, Failure> {
    Ok(Json(services::node::get(&state, &caller, &cluster, &node)?))
}
