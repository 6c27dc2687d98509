//! The policies of projects on what may run.

use api::policy::{ProjectPolicy, SetProjectPolicy};
use axum::extract::State as FromState;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, Path};
use super::problem::Failure;
use crate::auth::Caller;
use crate::services::{self, State};

/// The routes of this noun.
pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(get, set))
}

/// What the apps of a project may ask of a host.
#[utoipa::path(get, path = "/api/v1/projects/{project}/policy", tag = "projects",
    params(("project" = String, Path, description = "The project's name")),
    responses((status = 200, description = "The policy", body = ProjectPolicy)))]
async fn get(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(project): Path<String>,
) -> Result<Json<ProjectPolicy>, Failure> {
    Ok(Json(services::policy::get(&state, &caller, &project).await?))
}

/// Replaces the policy of a project. It counts for the next release and preview; what runs stays as it is.
#[utoipa::path(put, path = "/api/v1/projects/{project}/policy", tag = "projects", request_body = SetProjectPolicy,
    params(("project" = String, Path, description = "The project's name")),
    responses((status = 200, description = "The policy", body = ProjectPolicy)))]
async fn set(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(project): Path<String>,
    Json(set): Json<SetProjectPolicy>,
) -> Result<Json<ProjectPolicy>, Failure> {
    Ok(Json(services::policy::set(&state, &caller, &project, set).await?))
}
