//! Personal access tokens.

use api::List;
use api::token::{CreateToken, CreatedToken, Token};
use axum::extract::State as FromState;
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, Path};
use super::problem::Failure;
use crate::auth::Caller;
use crate::services::{self, State};

/// The routes of this noun.
pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(delete)).routes(routes!(rotate))
}

/// The caller's tokens, newest first, without their secrets.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "tokens",
    responses((status = 200, description = "The tokens", body = List<Token>)))]
async fn list(FromState(state): FromState<State>, caller: Caller) -> Result<Json<List<Token>>, Failure> {
    Ok(Json(services::token::list(&state, &caller).await?))
}

/// Makes a token. Its secret is shown this once.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "tokens", request_body = CreateToken,
    responses((status = 201, description = "The token with its secret", body = CreatedToken)))]
async fn create(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(create): Json<CreateToken>,
) -> Result<(StatusCode, Json<CreatedToken>), Failure> {
    Ok((StatusCode::CREATED, Json(services::token::create(&state, &caller, create).await?)))
}

/// Revokes a token at once.
#[utoipa::path(delete, path = "/api/v1/tokens/{token}", tag = "tokens",
    params(("token" = String, Path, description = "The token's id")),
    responses((status = 204, description = "The token no longer works")))]
async fn delete(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(token): Path<String>,
) -> Result<StatusCode, Failure> {
    services::token::delete(&state, &caller, &token).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Replaces a token's secret: the old one stops working at once, the new one is shown this once.
#[utoipa::path(post, path = "/api/v1/tokens/{token}/rotate", tag = "tokens",
    params(("token" = String, Path, description = "The token's id")),
    responses((status = 200, description = "The token with its new secret", body = CreatedToken)))]
async fn rotate(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(token): Path<String>,
) -> Result<Json<CreatedToken>, Failure> {
    Ok(Json(services::token::rotate(&state, &caller, &token).await?))
}
