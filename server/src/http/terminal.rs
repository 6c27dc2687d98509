//! Terminals in containers.

use api::permission::Permission;
use api::terminal::TerminalQuery;
use axum::extract::State as FromState;
use axum::response::Response;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Path, Query};
use super::problem::Failure;
use super::ws::{self, Upgrade};
use crate::auth::Caller;
use crate::services::State;
use crate::services::terminal::{self, Opening};

/// The routes of this noun.
pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(exec)).routes(routes!(attach))
}

/// A WebSocket with a program that runs in the container while the socket is open. Another user than the container's
/// own is for project administrators.
#[utoipa::path(get, path = "/api/v1/clusters/{cluster}/containers/{container}/exec", tag = "containers",
    params(("cluster" = String, Path, description = "The cluster"),
        ("container" = String, Path, description = "The container's id or name"), TerminalQuery),
    responses((status = 101, description = "The terminal's protocol: binary messages with a type byte first")))]
async fn exec(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((cluster, id)): Path<(String, String)>,
    Query(query): Query<TerminalQuery>,
    upgrade: Option<Upgrade>,
) -> Result<Response, Failure> {
    terminal::may_stay(&state, &caller, &cluster, &id, Permission::OpenTerminal)?;
    let upgrade = ws::required(upgrade)?;
    let opening = terminal::exec(&state, &caller, &cluster, &id, query).await?;
    Ok(open(state, caller, opening, cluster, id, upgrade))
}

/// A WebSocket connected to the container's first process, which goes on when the socket closes.
#[utoipa::path(get, path = "/api/v1/clusters/{cluster}/containers/{container}/attach", tag = "containers",
    params(("cluster" = String, Path, description = "The cluster"),
        ("container" = String, Path, description = "The container's id or name")),
    responses((status = 101, description = "The terminal's protocol: binary messages with a type byte first")))]
async fn attach(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((cluster, id)): Path<(String, String)>,
    upgrade: Option<Upgrade>,
) -> Result<Response, Failure> {
    terminal::may_stay(&state, &caller, &cluster, &id, Permission::OpenTerminal)?;
    let upgrade = ws::required(upgrade)?;
    let opening = terminal::attach(&state, &caller, &cluster, &id)?;
    Ok(open(state, caller, opening, cluster, id, upgrade))
}

fn open(state: State, caller: Caller, opening: Opening, cluster: String, id: String, upgrade: Upgrade) -> Response {
    let permission = opening.permission();
    let may_stay = move |state: &State, caller: &Caller| terminal::may_stay(state, caller, &cluster, &id, permission);
    ws::accept(upgrade.0, state, caller, may_stay, |link| ws::terminal::serve(link, opening))
}
