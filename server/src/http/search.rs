//! Finding anything by its name.

use api::List;
use api::search::Found;
use axum::extract::State as FromState;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, Query};
use super::problem::Failure;
use crate::auth::Caller;
use crate::services::{self, State};

/// The routes of this noun.
pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(list))
}

/// What to look for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct Search {
    /// Words that must all occur in the name or the id.
    q: String,
}

/// Apps, containers, images, networks, volumes and nodes whose name or id contains every word of `q`; the best 20.
#[utoipa::path(get, path = "/api/v1/search", tag = "search", params(Search),
    responses((status = 200, description = "What was found, the best first", body = List<Found>)))]
async fn list(
    FromState(state): FromState<State>,
    caller: Caller,
    Query(search): Query<Search>,
) -> Result<Json<List<Found>>, Failure> {
    Ok(Json(services::search::search(&state, &caller, &search.q).await?))
}
