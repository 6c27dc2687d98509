//! Teams, who is in them, and their roles in projects.

use api::List;
use api::project::SetMember;
use api::team::{CreateTeam, SetTeamGroups, Team, TeamGrant, TeamGroup, TeamMember, TeamProject};
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
        .routes(routes!(groups, set_groups))
        .routes(routes!(projects))
        .routes(routes!(grants))
        .routes(routes!(set_grant, delete_grant))
}

/// The teams.
#[utoipa::path(get, path = "/api/v1/teams", tag = "teams", params(ListParameters),
    responses((status = 200, description = "The teams", body = List<Team>)))]
async fn list(
    FromState(state): FromState<State>,
    caller: Caller,
    Listing(query): Listing,
) -> Result<Json<List<Team>>, Failure> {
    Ok(Json(services::team::list(&state, &caller, &query).await?))
}

/// A team. Everybody in it may see it.
#[utoipa::path(get, path = "/api/v1/teams/{team}", tag = "teams",
    params(("team" = String, Path, description = "The team's name")),
    responses((status = 200, description = "The team", body = Team)))]
async fn get(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(team): Path<String>,
) -> Result<Json<Team>, Failure> {
    Ok(Json(services::team::get(&state, &caller, &team).await?))
}

/// Makes a team.
#[utoipa::path(post, path = "/api/v1/teams", tag = "teams", request_body = CreateTeam,
    responses((status = 201, description = "The team", body = Team)))]
async fn create(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(create): Json<CreateTeam>,
) -> Result<(StatusCode, Json<Team>), Failure> {
    Ok((StatusCode::CREATED, Json(services::team::create(&state, &caller, create).await?)))
}

/// Removes a team. The roles it gave end; accounts and projects stay.
#[utoipa::path(delete, path = "/api/v1/teams/{team}", tag = "teams",
    params(("team" = String, Path, description = "The team's name")),
    responses((status = 204, description = "It is gone")))]
async fn delete(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(team): Path<String>,
) -> Result<StatusCode, Failure> {
    services::team::delete(&state, &caller, &team).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The accounts in a team. Everybody in it may see them.
#[utoipa::path(get, path = "/api/v1/teams/{team}/members", tag = "teams",
    params(("team" = String, Path, description = "The team's name"), ListParameters),
    responses((status = 200, description = "The accounts", body = List<TeamMember>)))]
async fn members(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(team): Path<String>,
    Listing(query): Listing,
) -> Result<Json<List<TeamMember>>, Failure> {
    Ok(Json(services::team::members(&state, &caller, &team, &query).await?))
}

/// Puts an account into a team. It has the team's roles from the next request on.
#[utoipa::path(put, path = "/api/v1/teams/{team}/members/{username}", tag = "teams",
    params(
        ("team" = String, Path, description = "The team's name"),
        ("username" = String, Path, description = "The account's name"),
    ),
    responses((status = 200, description = "The account", body = TeamMember)))]
async fn set_member(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((team, username)): Path<(String, String)>,
) -> Result<Json<TeamMember>, Failure> {
    Ok(Json(services::team::set_member(&state, &caller, &team, &username).await?))
}

/// Takes an account out of a team. What only the team gave it ends.
#[utoipa::path(delete, path = "/api/v1/teams/{team}/members/{username}", tag = "teams",
    params(
        ("team" = String, Path, description = "The team's name"),
        ("username" = String, Path, description = "The account's name"),
    ),
    responses((status = 204, description = "It is not in the team any more")))]
async fn delete_member(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((team, username)): Path<(String, String)>,
) -> Result<StatusCode, Failure> {
    services::team::delete_member(&state, &caller, &team, &username).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The groups of identity providers that belong to a team. Everybody in it may see them.
#[utoipa::path(get, path = "/api/v1/teams/{team}/groups", tag = "teams",
    params(("team" = String, Path, description = "The team's name")),
    responses((status = 200, description = "The groups", body = List<TeamGroup>)))]
async fn groups(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(team): Path<String>,
) -> Result<Json<List<TeamGroup>>, Failure> {
    Ok(Json(services::team::groups(&state, &caller, &team).await?))
}

/// Says which groups of identity providers belong to a team, in place of those that did. Whoever is in one of them has
/// the team's roles from the next request on, as long as the provider says so.
#[utoipa::path(put, path = "/api/v1/teams/{team}/groups", tag = "teams", request_body = SetTeamGroups,
    params(("team" = String, Path, description = "The team's name")),
    responses((status = 200, description = "The groups", body = List<TeamGroup>)))]
async fn set_groups(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(team): Path<String>,
    Json(set): Json<SetTeamGroups>,
) -> Result<Json<List<TeamGroup>>, Failure> {
    Ok(Json(services::team::set_groups(&state, &caller, &team, set).await?))
}

/// The projects that a team has a role in. Everybody in it may see them. Filter: `role`.
#[utoipa::path(get, path = "/api/v1/teams/{team}/projects", tag = "teams",
    params(("team" = String, Path, description = "The team's name"), ListParameters),
    responses((status = 200, description = "The projects with the team's roles", body = List<TeamProject>)))]
async fn projects(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(team): Path<String>,
    Listing(query): Listing,
) -> Result<Json<List<TeamProject>>, Failure> {
    Ok(Json(services::team::projects(&state, &caller, &team, &query).await?))
}

/// The teams with a role in a project. Filter: `role`.
#[utoipa::path(get, path = "/api/v1/projects/{project}/teams", tag = "projects",
    params(("project" = String, Path, description = "The project's name"), ListParameters),
    responses((status = 200, description = "The teams with their roles", body = List<TeamGrant>)))]
async fn grants(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(project): Path<String>,
    Listing(query): Listing,
) -> Result<Json<List<TeamGrant>>, Failure> {
    Ok(Json(services::team::grants(&state, &caller, &project, &query).await?))
}

/// Gives everybody in a team a role in a project, or another role there.
#[utoipa::path(put, path = "/api/v1/projects/{project}/teams/{team}", tag = "projects", request_body = SetMember,
    params(
        ("project" = String, Path, description = "The project's name"),
        ("team" = String, Path, description = "The team's name"),
    ),
    responses((status = 200, description = "The team with its role", body = TeamGrant)))]
async fn set_grant(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((project, team)): Path<(String, String)>,
    Json(set): Json<SetMember>,
) -> Result<Json<TeamGrant>, Failure> {
    Ok(Json(services::team::set_grant(&state, &caller, &project, &team, set).await?))
}

/// Takes a team's role in a project away.
#[utoipa::path(delete, path = "/api/v1/projects/{project}/teams/{team}", tag = "projects",
    params(
        ("project" = String, Path, description = "The project's name"),
        ("team" = String, Path, description = "The team's name"),
    ),
    responses((status = 204, description = "It has no role there any more")))]
async fn delete_grant(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((project, team)): Path<(String, String)>,
) -> Result<StatusCode, Failure> {
    services::team::delete_grant(&state, &caller, &project, &team).await?;
    Ok(StatusCode::NO_CONTENT)
}
