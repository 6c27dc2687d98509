//! Projects.

use api::List;
use api::project::Project;
use axum::extract::State as FromState;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, Path};
use super::problem::Failure;
use crate::auth::Caller;
use crate::services::{self, State};

/// The routes of this noun.
pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get))
}

/// The projects that the caller is a member of; every project for an administrator.
#[utoipa::path(get, path = "/api/v1/projects", tag = "projects",
    responses((status = 200, description = "The projects", body = List<Project>)))]
async fn list(FromState(state): FromState<State>, caller: Caller) -> Result<Json<List<Project>>, Failure> {
    Ok(Json(services::project::list(&state, &caller).await?))
}

/// A project.
#[utoipa::path(get, path = "/api/v1/projects/{project}", tag = "projects",
    params(("project" = String, Path, description = "The project's name")),
    responses((status = 200, description = "The project", body = Project)))]
async fn get(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(project): Path<String>,
) -> Result<Json<Project>, Failure> {
    Ok(Json(services::project::get(&state, &caller, &project).await?))
}
