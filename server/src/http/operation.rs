//! Operations, and the socket that tells one.

use std::time::Duration;

use api::List;
use api::operation::Operation;
use axum::extract::State as FromState;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::Response;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, Path};
use super::list::{ListParameters, Listing};
use super::problem::Failure;
use crate::auth::Caller;
use crate::services::operation::Watch;
use crate::services::{self, State};

/// Between two looks whether the caller may still watch, and whether the other end is there.
const LOOK: Duration = Duration::from_secs(5);
/// How long the other end may be silent.
const SILENCE: Duration = Duration::from_secs(50);
/// How long one message may take on its way.
const SEND: Duration = Duration::from_secs(30);
/// Nobody has to send anything here.
const LARGEST_MESSAGE: usize = 4 * 1024;

const NORMAL: u16 = 1000;
const REVOKED: u16 = 1008;
const FAILED: u16 = 1011;
const RESTART: u16 = 1012;

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
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Result<Response, Failure> {
    let watch = services::operation::watch(&state, &caller, &operation).await?;
    let upgrade = upgrade.map_err(|_| Failure::new(StatusCode::UPGRADE_REQUIRED, "upgrade-required"))?;
    let running = state.stopping.running.clone();
    let upgrade = upgrade.max_message_size(LARGEST_MESSAGE).max_frame_size(LARGEST_MESSAGE);
    Ok(upgrade.on_upgrade(move |socket| running.track_future(tell(state, caller, operation, watch, socket))))
}

/// Tells the log until it ends or nobody may hear it any more. One message is on its way at a time; what comes meanwhile
/// waits in the database.
async fn tell(state: State, caller: Caller, operation: String, mut watch: Watch, mut socket: WebSocket) {
    let mut look = interval_at(Instant::now() + LOOK, LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heard = Instant::now();
    let code = loop {
        tokio::select! {
            () = state.stopping.token.cancelled() => break RESTART,
            events = watch.next() => match events {
                Ok(Some(events)) => {
                    let Ok(text) = serde_json::to_string(&events) else { break FAILED };
                    match timeout(SEND, socket.send(Message::Text(text.into()))).await {
                        Ok(Ok(())) => {}
                        _ => return,
                    }
                }
                Ok(None) => break NORMAL,
                Err(error) => {
                    tracing::warn!(%operation, %error, "an operation cannot be watched any longer");
                    break FAILED;
                }
            },
            message = socket.recv() => match message {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => heard = Instant::now(),
            },
            _ = look.tick() => {
                if heard.elapsed() > SILENCE || timeout(SEND, socket.send(Message::Ping(Vec::new().into()))).await.is_err() {
                    return;
                }
                if !services::operation::may_watch(&state, &caller, &operation).await {
                    break REVOKED;
                }
            }
        }
    };
    let frame = CloseFrame { code, reason: "".into() };
    let _ = timeout(LOOK, socket.send(Message::Close(Some(frame)))).await;
}
