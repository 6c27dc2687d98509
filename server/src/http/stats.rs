//! What containers, apps and nodes use: a series, or each new point when upgraded to a WebSocket.

use api::stats::{Range, StatsSeries};
use axum::extract::State as FromState;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, Path, Query};
use super::problem::Failure;
use super::ws::{self, Upgrade};
use crate::auth::Caller;
use crate::services::stats::Of;
use crate::services::{self, Error, State};

/// The routes of this noun.
pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(container)).routes(routes!(node)).routes(routes!(app))
}

/// How far back.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
struct StatsQuery {
    /// `live` (15 minutes), `hour` or `day`.
    range: Range,
}

/// What a container used; a WebSocket with each new point when upgraded.
#[utoipa::path(get, path = "/api/v1/clusters/{cluster}/containers/{container}/stats", tag = "stats",
    params(("cluster" = String, Path, description = "The cluster"),
        ("container" = String, Path, description = "The container's id or name"), StatsQuery),
    responses((status = 200, description = "The series", body = StatsSeries),
        (status = 101, description = "Each new point as JSON text")))]
async fn container(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((cluster, id)): Path<(String, String)>,
    Query(query): Query<StatsQuery>,
    upgrade: Option<Upgrade>,
) -> Result<Response, Failure> {
    let of = services::stats::of_container(&state, &caller, &cluster, &id)?;
    answer(state, caller, of, query.range, upgrade, move |state, caller| {
        services::container_access::may_stay(state, caller, &cluster, &id, api::permission::Permission::ViewApp)
    })
    .await
}

/// What a node used; a WebSocket with each new point when upgraded.
#[utoipa::path(get, path = "/api/v1/clusters/{cluster}/nodes/{node}/stats", tag = "stats",
    params(("cluster" = String, Path, description = "The cluster"),
        ("node" = String, Path, description = "The node's name or id"), StatsQuery),
    responses((status = 200, description = "The series", body = StatsSeries),
        (status = 101, description = "Each new point as JSON text")))]
async fn node(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((cluster, node)): Path<(String, String)>,
    Query(query): Query<StatsQuery>,
    upgrade: Option<Upgrade>,
) -> Result<Response, Failure> {
    let of = services::stats::of_node(&state, &caller, &cluster, &node)?;
    answer(state, caller, of, query.range, upgrade, |_, caller| {
        caller.require(api::permission::Permission::ViewCluster, None)
    })
    .await
}

/// What an app's containers used together; a WebSocket with each new point when upgraded.
#[utoipa::path(get, path = "/api/v1/projects/{project}/apps/{app}/stats", tag = "stats",
    params(("project" = String, Path, description = "The project"),
        ("app" = String, Path, description = "The app's name"), StatsQuery),
    responses((status = 200, description = "The series", body = StatsSeries),
        (status = 101, description = "Each new point as JSON text")))]
async fn app(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((project, app)): Path<(String, String)>,
    Query(query): Query<StatsQuery>,
    upgrade: Option<Upgrade>,
) -> Result<Response, Failure> {
    let of = services::stats::of_app(&state, &caller, &project, &app).await?;
    answer(state, caller, of, query.range, upgrade, move |_, caller| {
        caller.require(api::permission::Permission::ViewApp, Some(&project))
    })
    .await
}

async fn answer(
    state: State,
    caller: Caller,
    of: Of,
    range: Range,
    upgrade: Option<Upgrade>,
    may_stay: impl Fn(&State, &Caller) -> Result<(), Error> + Send + Sync + 'static,
) -> Result<Response, Failure> {
    let Some(upgrade) = upgrade else {
        return Ok(Json(services::stats::get(&state, &of, range).await?).into_response());
    };
    let points = services::stats::follow(&state, of);
    Ok(ws::accept(upgrade.0, state, caller, may_stay, |link| ws::stats::serve(link, points)))
}
