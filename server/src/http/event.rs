//! Events.

use api::List;
use api::event::Event;
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
    OpenApiRouter::new().routes(routes!(list))
}

/// The latest events of a cluster, newest first. Filters: `kind`, `action`, `app`, `service`, `id`, `name`.
#[utoipa::path(get, path = "/api/v1/clusters/{cluster}/events", tag = "events",
    params(("cluster" = String, Path, description = "The cluster's name"), ListParameters),
    responses((status = 200, description = "The events", body = List<Event>)))]
async fn list(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(cluster): Path<String>,
    Listing(query): Listing,
) -> Result<Json<List<Event>>, Failure> {
    Ok(Json(services::event::list(&state, &caller, &cluster, &query)?))
}
