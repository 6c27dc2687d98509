//! The quotas of projects.

use api::quota::{ProjectQuota, Quota};
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

/// How much the apps of a project may ask for together, and how much they do.
#[utoipa::path(get, path = "/api/v1/projects/{project}/quota", tag = "projects",
    params(("project" = String, Path, description = "The project's name")),
    responses((status = 200, description = "The quota and what is used of it", body = ProjectQuota)))]
async fn get(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(project): Path<String>,
) -> Result<Json<ProjectQuota>, Failure> {
    Ok(Json(services::quota::get(&state, &caller, &project).await?))
}

/// Replaces the quota of a project. What is left out is not limited. It counts for what is asked for next; what runs
/// stays as it is.
#[utoipa::path(put, path = "/api/v1/projects/{project}/quota", tag = "projects", request_body = Quota,
    params(("project" = String, Path, description = "The project's name")),
    responses((status = 200, description = "The quota and what is used of it", body = ProjectQuota)))]
async fn set(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(project): Path<String>,
    Json(quota): Json<Quota>,
) -> Result<Json<ProjectQuota>, Failure> {
    Ok(Json(services::quota::set(&state, &caller, &project, quota).await?))
}
