//! Releases of apps.

use api::List;
use api::release::{Comparison, Release, ReleaseDetail};
use axum::extract::State as FromState;
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
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(compare)).routes(routes!(get))
}

/// The releases of an app, newest first. Filter: `state`.
#[utoipa::path(get, path = "/api/v1/projects/{project}/apps/{app}/releases", tag = "releases",
    params(("project" = String, Path, description = "The project's name"), ("app" = String, Path, description = "The app's name"), ListParameters),
    responses((status = 200, description = "The releases", body = List<Release>)))]
async fn list(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((project, app)): Path<(String, String)>,
    Listing(query): Listing,
) -> Result<Json<List<Release>>, Failure> {
    Ok(Json(services::release::list(&state, &caller, &project, &app, &query).await?))
}

/// One release.
#[utoipa::path(get, path = "/api/v1/projects/{project}/apps/{app}/releases/{release}", tag = "releases",
    params(("project" = String, Path, description = "The project's name"), ("app" = String, Path, description = "The app's name"), ("release" = u32, Path, description = "The release's number")),
    responses((status = 200, description = "The release", body = ReleaseDetail)))]
async fn get(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((project, app, release)): Path<(String, String, u32)>,
) -> Result<Json<ReleaseDetail>, Failure> {
    Ok(Json(services::release::get(&state, &caller, &project, &app, release).await?))
}

/// Which releases to compare.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Pair {
    /// The older release's number.
    from: u32,
    /// The newer release's number.
    to: u32,
}

/// How two releases differ.
#[utoipa::path(get, path = "/api/v1/projects/{project}/apps/{app}/releases/compare", tag = "releases",
    params(("project" = String, Path, description = "The project's name"), ("app" = String, Path, description = "The app's name"), Pair),
    responses((status = 200, description = "The differences", body = Comparison)))]
async fn compare(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((project, app)): Path<(String, String)>,
    Query(pair): Query<Pair>,
) -> Result<Json<Comparison>, Failure> {
    Ok(Json(services::release::compare(&state, &caller, &project, &app, pair.from, pair.to).await?))
}
