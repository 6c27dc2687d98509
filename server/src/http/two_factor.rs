//! The second factor of an account.

use api::two_factor::{CurrentPassword, Enrolment, OneTimeCode, RecoveryCodes, TwoFactor};
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
        .routes(routes!(get, begin, delete))
        .routes(routes!(confirm))
        .routes(routes!(renew))
        .routes(routes!(reset))
}

/// Whether the caller's account asks for codes at sign-in.
#[utoipa::path(get, path = "/api/v1/me/two-factor", tag = "me",
    responses((status = 200, description = "Whether it does", body = TwoFactor)))]
async fn get(FromState(state): FromState<State>, caller: Caller) -> Result<Json<TwoFactor>, Failure> {
    Ok(Json(services::two_factor::get(&state, &caller).await?))
}

/// Gives the caller a secret for an authenticator app, shown this once. Codes are asked for once one was confirmed.
#[utoipa::path(post, path = "/api/v1/me/two-factor", tag = "me", request_body = CurrentPassword,
    responses((status = 201, description = "The secret", body = Enrolment)))]
async fn begin(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(proof): Json<CurrentPassword>,
) -> Result<(StatusCode, Json<Enrolment>), Failure> {
    Ok((StatusCode::CREATED, Json(services::two_factor::begin(&state, &caller, proof).await?)))
}

/// Switches two-factor sign-in on, with a code of the app. Every other session of the account ends.
#[utoipa::path(post, path = "/api/v1/me/two-factor/confirm", tag = "me", request_body = OneTimeCode,
    responses((status = 200, description = "Codes for a lost device, shown this once", body = RecoveryCodes)))]
async fn confirm(
    FromState(state): FromState<State>,
    caller: Caller,
    session: Session,
    Json(code): Json<OneTimeCode>,
) -> Result<Json<RecoveryCodes>, Failure> {
    let codes = services::two_factor::confirm(&state, &caller, code).await?;
    auth::session::renew(&session).await.map_err(Error::Internal)?;
    Ok(Json(codes))
}

/// Switches two-factor sign-in off.
#[utoipa::path(delete, path = "/api/v1/me/two-factor", tag = "me", request_body = CurrentPassword,
    responses((status = 204, description = "It is off")))]
async fn delete(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(proof): Json<CurrentPassword>,
) -> Result<StatusCode, Failure> {
    services::two_factor::delete(&state, &caller, proof).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// New recovery codes; those before stop working.
#[utoipa::path(post, path = "/api/v1/me/two-factor/recovery-codes", tag = "me", request_body = CurrentPassword,
    responses((status = 201, description = "The codes, shown this once", body = RecoveryCodes)))]
async fn renew(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(proof): Json<CurrentPassword>,
) -> Result<(StatusCode, Json<RecoveryCodes>), Failure> {
    Ok((StatusCode::CREATED, Json(services::two_factor::renew(&state, &caller, proof).await?)))
}

/// Switches two-factor sign-in off for somebody who lost the device. The sessions of the account end.
#[utoipa::path(delete, path = "/api/v1/users/{user}/two-factor", tag = "users",
    params(("user" = String, Path, description = "The account's id")),
    responses((status = 204, description = "It is off")))]
async fn reset(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(user): Path<String>,
) -> Result<StatusCode, Failure> {
    services::two_factor::reset(&state, &caller, &user).await?;
    Ok(StatusCode::NO_CONTENT)
}
