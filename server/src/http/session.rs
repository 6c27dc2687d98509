//! Signing in and out.

use api::session::SignIn;
use axum::Extension;
use axum::extract::State as FromState;
use axum::http::{HeaderMap, StatusCode};
use tower_sessions::Session;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::Json;
use super::middleware::{ClientAddress, origin};
use super::problem::Failure;
use crate::auth::{self, Caller};
use crate::services::session::Entrance;
use crate::services::{self, Error, State};

/// The routes of this noun.
pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(create, delete))
}

/// Signs in. The answer carries the session's cookie.
///
/// Where the account asks for a code and none is given, the problem is `code-needed`. The next try brings all three.
#[utoipa::path(post, path = "/api/v1/session", tag = "session", security(()), request_body = SignIn,
    responses((status = 204, description = "Signed in; the cookie of the session is set")))]
async fn create(
    FromState(state): FromState<State>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    session: Session,
    headers: HeaderMap,
    Json(sign_in): Json<SignIn>,
) -> Result<StatusCode, Failure> {
    let user = match services::session::authenticate(&state, sign_in, address).await? {
        Entrance::Open(user) => user,
        Entrance::Code(_) => return Err(Error::CodeNeeded.into()),
    };
    auth::session::start(&session, user.id, origin(address, &headers)).await.map_err(Error::Internal)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends the session.
#[utoipa::path(delete, path = "/api/v1/session", tag = "session",
    responses((status = 204, description = "The session is over")))]
async fn delete(FromState(state): FromState<State>, caller: Caller, session: Session) -> Result<StatusCode, Failure> {
    caller.require_session()?;
    auth::session::end(&session).await.map_err(Error::Internal)?;
    services::session::ended(&state, &caller).await;
    Ok(StatusCode::NO_CONTENT)
}
