//! Services of apps.

use api::List;
use api::app::AppAction;
use api::operation::Accepted;
use api::service::{Scale, Service};
use axum::extract::State as FromState;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::app::{Begun, begun};
use super::extract::{Json, Path};
use super::problem::Failure;
use crate::auth::Caller;
use crate::services::{self, State};

/// The routes of this noun.
pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(scale))
        .routes(routes!(start))
        .routes(routes!(stop))
        .routes(routes!(restart))
}

/// The services of an app, each after those it depends on.
#[utoipa::path(get, path = "/api/v1/projects/{project}/apps/{app}/services", tag = "services",
    params(("project" = String, Path, description = "The project's name"), ("app" = String, Path, description = "The app's name")),
    responses((status = 200, description = "The services", body = List<Service>)))]
async fn list(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((project, app)): Path<(String, String)>,
) -> Result<Json<List<Service>>, Failure> {
    Ok(Json(services::service::list(&state, &caller, &project, &app).await?))
}

/// Sets the number of copies of a service, until the next release or scale.
#[utoipa::path(post, path = "/api/v1/projects/{project}/apps/{app}/services/{service}/scale", tag = "services", request_body = Scale,
    params(("project" = String, Path, description = "The project's name"), ("app" = String, Path, description = "The app's name"), ("service" = String, Path, description = "The service's name")),
    responses((status = 202, description = "The operation that does it", body = Accepted)))]
async fn scale(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((project, app, service)): Path<(String, String, String)>,
    Json(scale): Json<Scale>,
) -> Result<Begun, Failure> {
    Ok(begun(services::service::scale(&state, &caller, &project, &app, &service, scale.replicas).await?))
}

/// Starts a service.
#[utoipa::path(post, path = "/api/v1/projects/{project}/apps/{app}/services/{service}/start", tag = "services",
    params(("project" = String, Path, description = "The project's name"), ("app" = String, Path, description = "The app's name"), ("service" = String, Path, description = "The service's name")),
    responses((status = 202, description = "The operation that does it", body = Accepted)))]
async fn start(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((project, app, service)): Path<(String, String, String)>,
) -> Result<Begun, Failure> {
    Ok(begun(services::service::act(&state, &caller, &project, &app, &service, AppAction::Start).await?))
}

/// Stops a service; it stays stopped.
#[utoipa::path(post, path = "/api/v1/projects/{project}/apps/{app}/services/{service}/stop", tag = "services",
    params(("project" = String, Path, description = "The project's name"), ("app" = String, Path, description = "The app's name"), ("service" = String, Path, description = "The service's name")),
    responses((status = 202, description = "The operation that does it", body = Accepted)))]
async fn stop(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((project, app, service)): Path<(String, String, String)>,
) -> Result<Begun, Failure> {
    Ok(begun(services::service::act(&state, &caller, &project, &app, &service, AppAction::Stop).await?))
}

/// Restarts a service, copy by copy.
#[utoipa::path(post, path = "/api/v1/projects/{project}/apps/{app}/services/{service}/restart", tag = "services",
    params(("project" = String, Path, description = "The project's name"), ("app" = String, Path, description = "The app's name"), ("service" = String, Path, description = "The service's name")),
    responses((status = 202, description = "The operation that does it", body = Accepted)))]
async fn restart(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((project, app, service)): Path<(String, String, String)>,
) -> Result<Begun, Failure> {
    Ok(begun(services::service::act(&state, &caller, &project, &app, &service, AppAction::Restart).await?))
}
