//! Identity providers, and who the caller is there.

use api::List;
use api::provider::{CreateProvider, Departure, Identity, LinkIdentity, Provider, UpdateProvider};
use axum::extract::State as FromState;
use axum::http::{StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::cookie;
use super::extract::{Json, Path};
use super::problem::Failure;
use crate::auth::Caller;
use crate::services::sign_in::Begun;
use crate::services::{self, Error, State};

/// The routes of this noun.
pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, update, delete))
        .routes(routes!(trial))
        .routes(routes!(identities, link))
        .routes(routes!(unlink))
}

/// The identity providers, without their secrets.
#[utoipa::path(get, path = "/api/v1/providers", tag = "providers",
    responses((status = 200, description = "The providers", body = List<Provider>)))]
async fn list(FromState(state): FromState<State>, caller: Caller) -> Result<Json<List<Provider>>, Failure> {
    Ok(Json(services::provider::list(&state, &caller).await?))
}

/// Adds an identity provider. It is off until it was tried.
#[utoipa::path(post, path = "/api/v1/providers", tag = "providers", request_body = CreateProvider,
    responses((status = 201, description = "The provider", body = Provider)))]
async fn create(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(create): Json<CreateProvider>,
) -> Result<(StatusCode, Json<Provider>), Failure> {
    Ok((StatusCode::CREATED, Json(services::provider::create(&state, &caller, create).await?)))
}

/// An identity provider.
#[utoipa::path(get, path = "/api/v1/providers/{provider}", tag = "providers",
    params(("provider" = String, Path, description = "The provider's name in addresses")),
    responses((status = 200, description = "The provider", body = Provider)))]
async fn get(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(provider): Path<String>,
) -> Result<Json<Provider>, Failure> {
    Ok(Json(services::provider::get(&state, &caller, &provider).await?))
}

/// Changes an identity provider. Another issuer, client, secret, scope or claim switches it off until it was tried again.
#[utoipa::path(patch, path = "/api/v1/providers/{provider}", tag = "providers", request_body = UpdateProvider,
    params(("provider" = String, Path, description = "The provider's name in addresses")),
    responses((status = 200, description = "The provider", body = Provider)))]
async fn update(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(provider): Path<String>,
    Json(update): Json<UpdateProvider>,
) -> Result<Json<Provider>, Failure> {
    Ok(Json(services::provider::update(&state, &caller, &provider, update).await?))
}

/// Removes an identity provider. Sessions that began with it end; accounts stay.
#[utoipa::path(delete, path = "/api/v1/providers/{provider}", tag = "providers",
    params(("provider" = String, Path, description = "The provider's name in addresses")),
    responses((status = 204, description = "It is gone")))]
async fn delete(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(provider): Path<String>,
) -> Result<StatusCode, Failure> {
    services::provider::delete(&state, &caller, &provider).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Begins to try an identity provider: the caller's browser goes to the address of the answer and signs in there.
#[utoipa::path(post, path = "/api/v1/providers/{provider}/trial", tag = "providers",
    params(("provider" = String, Path, description = "The provider's name in addresses")),
    responses((status = 200, description = "Where the browser goes on", body = Departure)))]
async fn trial(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(provider): Path<String>,
) -> Result<impl IntoResponse, Failure> {
    let (departure, begun) = services::provider::begin_trial(&state, &caller, &provider).await?;
    Ok((AppendHeaders([(header::SET_COOKIE, binding(&state, &begun)?)]), Json(departure)))
}

/// Who the caller is at the identity providers.
#[utoipa::path(get, path = "/api/v1/me/identities", tag = "me",
    responses((status = 200, description = "The identities", body = List<Identity>)))]
async fn identities(FromState(state): FromState<State>, caller: Caller) -> Result<Json<List<Identity>>, Failure> {
    Ok(Json(services::identity::list(&state, &caller).await?))
}

/// Begins to link the caller to somebody at a provider. The session must be at most ten minutes old.
#[utoipa::path(post, path = "/api/v1/me/identities", tag = "me", request_body = LinkIdentity,
    responses((status = 200, description = "Where the browser goes on", body = Departure)))]
async fn link(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(mut link): Json<LinkIdentity>,
) -> Result<impl IntoResponse, Failure> {
    link.next = super::form::own_path(&link.next).to_owned();
    let (departure, begun) = services::identity::begin_link(&state, &caller, link).await?;
    Ok((AppendHeaders([(header::SET_COOKIE, binding(&state, &begun)?)]), Json(departure)))
}

/// Ends a link of the caller. Sessions that began with it end.
#[utoipa::path(delete, path = "/api/v1/me/identities/{identity}", tag = "me",
    params(("identity" = String, Path, description = "The link's id")),
    responses((status = 204, description = "It is gone")))]
async fn unlink(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(identity): Path<String>,
) -> Result<StatusCode, Failure> {
    services::identity::delete(&state, &caller, &identity).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn binding(state: &State, begun: &Begun) -> Result<axum::http::HeaderValue, Error> {
    cookie::sign_in(&begun.binding, state.config.http.is_secure())
        .ok_or_else(|| Error::Internal("the cookie of a sign-in cannot be written".to_owned()))
}
