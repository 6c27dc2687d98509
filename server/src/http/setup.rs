//! The first administrator.

use api::setup::Setup;
use api::user::User;
use axum::Extension;
use axum::extract::State as FromState;
use axum::http::{HeaderMap, StatusCode};
use tower_sessions::Session;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::Json;
use super::middleware::{ClientAddress, origin};
use super::problem::Failure;
use crate::auth;
use crate::services::{self, Error, State};

/// The routes of this noun.
pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(create))
}

/// Makes the first administrator and signs in. Works once, with the token of the link that the server printed.
#[utoipa::path(post, path = "/api/v1/setup", tag = "setup", security(()), request_body = Setup,
    responses((status = 201, description = "The administrator, who is signed in", body = User)))]
async fn create(
    FromState(state): FromState<State>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    session: Session,
    headers: HeaderMap,
    Json(setup): Json<Setup>,
) -> Result<(StatusCode, Json<User>), Failure> {
    let user = services::setup::run(&state, setup, address).await?;
    auth::session::start(&session, user.id, origin(address, &headers)).await.map_err(Error::Internal)?;
    Ok((StatusCode::CREATED, Json(user)))
}
