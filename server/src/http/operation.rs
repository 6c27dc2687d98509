//! Operations, and the socket that tells one.

use api::List;
use api::operation::Operation;
use axum::extract::State as FromState;
use axum::http::StatusCode;
use axum::response::Response;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, Path};
use super::list::{ListParameters, Listing};
use super::problem::Failure;
use super::ws::{self, Upgrade};
use crate::auth::Caller;
use crate::services::{self, State};

/// The routes of this noun.
pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get)).routes(routes!(cancel)).routes(routes!(watch))
}

/// The operations the caller may see, newest first. Filters: `state`, `kind`, `project`, `app`, `cluster`.
#[utoipa::path(get, path = "/api/v1/operations", tag = "operations", params(ListParameters),
    responses((status = 200, description = "The operations, without their steps", body = List<Operation>)))]
async fn list(
    FromState(state): FromState<State>,
    caller: Caller,
    Listing(query): Listing,
) -> Result<Json<List<Operation>>, Failure> {
    Ok(Json(services::operation::list(&state, &caller, &query).await?))
}

/// One operation with its steps.
#[utoipa::path(get, path = "/api/v1/operations/{operation}", tag = "operations",
    params(("operation" = String, Path, description = "The operation's id")),
    responses((status = 200, description = "The operation", body = Operation)))]
async fn get(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(operation): Path<String>,
) -> Result<Json<Operation>, Failure> {
    Ok(Json(services::operation::get(&state, &caller, &operation).await?))
}

/// Calls an operation off; what it had changed is brought back where that can be done.
#[utoipa::path(post, path = "/api/v1/operations/{operation}/cancel", tag = "operations",
    params(("operation" = String, Path, description = "The operation's id")),
    responses((status = 204, description = "It goes back"), (status = 409, description = "It has ended")))]
async fn cancel(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(operation): Path<String>,
) -> Result<StatusCode, Failure> {
    services::operation::cancel(&state, &caller, &operation).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A WebSocket that tells an operation's log from its beginning, then goes on live, and closes at its end. Each message
/// is a JSON array of entries.
#[utoipa::path(get, path = "/api/v1/operations/{operation}/watch", tag = "operations",
    params(("operation" = String, Path, description = "The operation's id")),
    responses((status = 101, description = "The log follows"), (status = 426, description = "No WebSocket was asked for")))]
async fn watch(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(operation): Path<String>,
    upgrade: Option<Upgrade>,
) -> Result<Response, Failure> {
    let watch = services::operation::watch(&state, &caller, &operation).await?;
    let upgrade = ws::required(upgrade)?;
    let may_stay = watch.may_stay();
    Ok(ws::accept(upgrade.0, state, caller, may_stay, |link| ws::operation::serve(link, watch)))
}
