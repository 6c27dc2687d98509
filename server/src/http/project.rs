//! Projects.

use api::List;
use api::project::{CreateProject, Member, Project, SetMember};
use axum::extract::State as FromState;
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, Path};
use super::list::{ListParameters, Listing};
use super::problem::Failure;
use crate::auth::Caller;
use crate::services::{self, State};

/// The routes of this noun.
pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, delete))
        .routes(routes!(members))
        .routes(routes!(set_member, delete_member))
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

/// Makes a project.
#[utoipa::path(post, path = "/api/v1/projects", tag = "projects", request_body = CreateProject,
    responses((status = 201, description = "The project", body = Project)))]
async fn create(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(create): Json<CreateProject>,
) -> Result<(StatusCode, Json<Project>), Failure> {
    Ok((StatusCode::CREATED, Json(services::project::create(&state, &caller, create).await?)))
}

/// Removes a project that has no apps.
#[utoipa::path(delete, path = "/api/v1/projects/{project}", tag = "projects",
    params(("project" = String, Path, description = "The project's name")),
    responses((status = 204, description = "It is gone")))]
async fn delete(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(project): Path<String>,
) -> Result<StatusCode, Failure> {
    services::project::delete(&state, &caller, &project).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The members of a project. Filter: `role`.
#[utoipa::path(get, path = "/api/v1/projects/{project}/members", tag = "projects",
    params(("project" = String, Path, description = "The project's name"), ListParameters),
    responses((status = 200, description = "The members", body = List<Member>)))]
async fn members(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(project): Path<String>,
    Listing(query): Listing,
) -> Result<Json<List<Member>>, Failure> {
    Ok(Json(services::project::members(&state, &caller, &project, &query).await?))
}

/// Makes an account a member of a project, or gives it another role there.
#[utoipa::path(put, path = "/api/v1/projects/{project}/members/{username}", tag = "projects", request_body = SetMember,
    params(
        ("project" = String, Path, description = "The project's name"),
        ("username" = String, Path, description = "The account's name"),
    ),
    responses((status = 200, description = "The member", body = Member)))]
async fn set_member(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((project, username)): Path<(String, String)>,
    Json(set): Json<SetMember>,
) -> Result<Json<Member>, Failure> {
    Ok(Json(services::project::set_member(&state, &caller, &project, &username, set).await?))
}

/// Ends a membership; one's own without being an administrator.
#[utoipa::path(delete, path = "/api/v1/projects/{project}/members/{username}", tag = "projects",
    params(
        ("project" = String, Path, description = "The project's name"),
        ("username" = String, Path, description = "The account's name"),
    ),
    responses((status = 204, description = "It is no member any more")))]
async fn delete_member(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((project, username)): Path<(String, String)>,
) -> Result<StatusCode, Failure> {
    services::project::delete_member(&state, &caller, &project, &username).await?;
    Ok(StatusCode::NO_CONTENT)
}
