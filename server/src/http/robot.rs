//! Robots of projects.

use api::List;
use api::robot::{CreateRobot, CreatedRobot, Robot, UpdateRobot};
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
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(update, delete)).routes(routes!(rotate))
}

/// The robots of a project by name, without their secrets; for those who manage the project.
#[utoipa::path(get, path = "/api/v1/projects/{project}/robots", tag = "robots",
    params(("project" = String, Path, description = "The project's name")),
    responses((status = 200, description = "The robots", body = List<Robot>)))]
async fn list(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(project): Path<String>,
) -> Result<Json<List<Robot>>, Failure> {
    Ok(Json(services::robot::list(&state, &caller, &project).await?))
}

/// Makes a robot. Its secret is shown this once.
#[utoipa::path(post, path = "/api/v1/projects/{project}/robots", tag = "robots", request_body = CreateRobot,
    params(("project" = String, Path, description = "The project's name")),
    responses((status = 201, description = "The robot with its secret", body = CreatedRobot)))]
async fn create(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(project): Path<String>,
    Json(create): Json<CreateRobot>,
) -> Result<(StatusCode, Json<CreatedRobot>), Failure> {
    Ok((StatusCode::CREATED, Json(services::robot::create(&state, &caller, &project, create).await?)))
}

/// Shuts a robot, or opens it again.
#[utoipa::path(patch, path = "/api/v1/projects/{project}/robots/{robot}", tag = "robots", request_body = UpdateRobot,
    params(
        ("project" = String, Path, description = "The project's name"),
        ("robot" = String, Path, description = "The robot's name in the project"),
    ),
    responses((status = 200, description = "The robot", body = Robot)))]
async fn update(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((project, robot)): Path<(String, String)>,
    Json(update): Json<UpdateRobot>,
) -> Result<Json<Robot>, Failure> {
    Ok(Json(services::robot::update(&state, &caller, &project, &robot, update).await?))
}

/// Removes a robot; its secret stops working at once.
#[utoipa::path(delete, path = "/api/v1/projects/{project}/robots/{robot}", tag = "robots",
    params(
        ("project" = String, Path, description = "The project's name"),
        ("robot" = String, Path, description = "The robot's name in the project"),
    ),
    responses((status = 204, description = "It is gone")))]
async fn delete(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((project, robot)): Path<(String, String)>,
) -> Result<StatusCode, Failure> {
    services::robot::delete(&state, &caller, &project, &robot).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Replaces a robot's secret: the old one stops working at once, the new one is shown this once.
#[utoipa::path(post, path = "/api/v1/projects/{project}/robots/{robot}/rotate", tag = "robots",
    params(
        ("project" = String, Path, description = "The project's name"),
        ("robot" = String, Path, description = "The robot's name in the project"),
    ),
    responses((status = 200, description = "The robot with its new secret", body = CreatedRobot)))]
async fn rotate(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((project, robot)): Path<(String, String)>,
) -> Result<Json<CreatedRobot>, Failure> {
    Ok(Json(services::robot::rotate(&state, &caller, &project, &robot).await?))
}
