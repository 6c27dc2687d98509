//! The caller's own account.

use api::List;
use api::user::{ChangePassword, Me};
use axum::extract::State as FromState;
use axum::http::StatusCode;
use tower_sessions::Session;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, Path};
use super::problem::Failure;
use crate::auth::{self, Caller};
use crate::services::{self, Error, State};

/// The routes of this noun.
pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(get))
        .routes(routes!(update_password))
        .routes(routes!(sessions))
        .routes(routes!(delete_session))
}

/// The caller: who it is and what it may do.
#[utoipa::path(get, path = "/api/v1/me", tag = "me", responses((status = 200, description = "The caller", body = Me)))]
async fn get(FromState(state): FromState<State>, caller: Caller) -> Result<Json<Me>, Failure> {
    Ok(Json(services::user::me(&state, &caller).await?))
}

/// Changes the caller's password. Every other session of the account ends.
#[utoipa::path(put, path = "/api/v1/me/password", tag = "me", request_body = ChangePassword,
    responses((status = 204, description = "The password is changed")))]
async fn update_password(
    FromState(state): FromState<State>,
    caller: Caller,
    session: Session,
    Json(change): Json<ChangePassword>,
) -> Result<StatusCode, Failure> {
    services::user::change_password(&state, &caller, change).await?;
    auth::session::renew(&session).await.map_err(Error::Internal)?;
    Ok(StatusCode::NO_CONTENT)
}

/// The caller's sessions, the last used first.
#[utoipa::path(get, path = "/api/v1/me/sessions", tag = "me",
    responses((status = 200, description = "The sessions", body = List<api::user::Session>)))]
async fn sessions(
    FromState(state): FromState<State>,
    caller: Caller,
) -> Result<Json<List<api::user::Session>>, Failure> {
    Ok(Json(services::session::list(&state, &caller).await?))
}

/// Ends one of the caller's sessions.
#[utoipa::path(delete, path = "/api/v1/me/sessions/{session}", tag = "me",
    params(("session" = String, Path, description = "The session's id")),
    responses((status = 204, description = "It is over")))]
async fn delete_session(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(session): Path<String>,
) -> Result<StatusCode, Failure> {
    services::session::delete(&state, &caller, &session).await?;
    Ok(StatusCode::NO_CONTENT)
}
