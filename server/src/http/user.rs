//! Accounts, and the one-time links with which their owners choose a password.

use api::List;
use api::user::{CreateUser, Invitation, PasswordLink, UpdateUser, User};
use axum::Extension;
use axum::extract::State as FromState;
use axum::http::{HeaderMap, StatusCode};
use tower_sessions::Session;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, Path};
use super::list::{ListParameters, Listing};
use super::middleware::{ClientAddress, origin};
use super::problem::Failure;
use crate::auth::{self, Caller};
use crate::services::{self, Error, State};

/// The routes of this noun.
pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(update, delete))
        .routes(routes!(password_link))
        .routes(routes!(invitation))
}

/// The accounts. Filters: `role`, `state`, `break_glass`.
#[utoipa::path(get, path = "/api/v1/users", tag = "users", params(ListParameters),
    responses((status = 200, description = "The accounts", body = List<User>)))]
async fn list(
    FromState(state): FromState<State>,
    caller: Caller,
    Listing(query): Listing,
) -> Result<Json<List<User>>, Failure> {
    Ok(Json(services::user::list(&state, &caller, &query).await?))
}

/// Makes an account. Its owner chooses the password with the link of the answer, which is shown this once.
#[utoipa::path(post, path = "/api/v1/users", tag = "users", request_body = CreateUser,
    responses((status = 201, description = "The account with its link", body = PasswordLink)))]
async fn create(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(create): Json<CreateUser>,
) -> Result<(StatusCode, Json<PasswordLink>), Failure> {
    Ok((StatusCode::CREATED, Json(services::user::create(&state, &caller, create).await?)))
}

/// Changes an account's role, shuts it or opens it again, makes it a break-glass account or an ordinary one.
#[utoipa::path(patch, path = "/api/v1/users/{user}", tag = "users", request_body = UpdateUser,
    params(("user" = String, Path, description = "The account's id")),
    responses((status = 200, description = "The account", body = User)))]
async fn update(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(user): Path<String>,
    Json(update): Json<UpdateUser>,
) -> Result<Json<User>, Failure> {
    Ok(Json(services::user::update(&state, &caller, &user, update).await?))
}

/// Removes an account with its sessions, tokens and memberships. What it made stays.
#[utoipa::path(delete, path = "/api/v1/users/{user}", tag = "users",
    params(("user" = String, Path, description = "The account's id")),
    responses((status = 204, description = "It is gone")))]
async fn delete(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(user): Path<String>,
) -> Result<StatusCode, Failure> {
    services::user::delete(&state, &caller, &user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A new one-time link for an account's password. Links given before stop working.
#[utoipa::path(post, path = "/api/v1/users/{user}/password-link", tag = "users",
    params(("user" = String, Path, description = "The account's id")),
    responses((status = 201, description = "The link", body = PasswordLink)))]
async fn password_link(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(user): Path<String>,
) -> Result<(StatusCode, Json<PasswordLink>), Failure> {
    Ok((StatusCode::CREATED, Json(services::user::password_link(&state, &caller, &user).await?)))
}

/// Chooses a password with a one-time link, and signs in. The account's other sessions and its tokens end.
///
/// An account that asks for a code at sign-in is not signed in.
#[utoipa::path(post, path = "/api/v1/invitation", tag = "session", security(()), request_body = Invitation,
    responses((status = 204, description = "The password is chosen, the session's cookie set")))]
async fn invitation(
    FromState(state): FromState<State>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    session: Session,
    headers: HeaderMap,
    Json(invitation): Json<Invitation>,
) -> Result<StatusCode, Failure> {
    let user = services::user::use_link(&state, invitation, address).await?;
    if !user.two_factor {
        auth::session::start(&session, user.id, origin(address, &headers)).await.map_err(Error::Internal)?;
    }
    Ok(StatusCode::NO_CONTENT)
}
