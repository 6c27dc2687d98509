//! Apps.

use api::app::{App, AppAction, AppDetail, CreateApp, CreatedApp, Preview, Rollback, UpdateApp};
use api::container::Container;
use api::operation::Accepted;
use api::{Language, List};
use axum::extract::State as FromState;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, Path, Query};
use super::list::{ListParameters, Listing};
use super::middleware::language;
use super::problem::Failure;
use crate::auth::Caller;
use crate::services::{self, State, deploy};

/// The routes of this noun.
pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(list_all))
        .routes(routes!(list, create))
        .routes(routes!(preview))
        .routes(routes!(get, update, delete))
        .routes(routes!(preview_update))
        .routes(routes!(containers))
        .routes(routes!(rollback))
        .routes(routes!(start))
        .routes(routes!(stop))
        .routes(routes!(restart))
}

/// The answer of everything that begins an operation.
pub type Begun = (StatusCode, Json<Accepted>);

/// 202 with the operation's id.
pub fn begun(operation: api::Ulid) -> Begun {
    (StatusCode::ACCEPTED, Json(Accepted { operation }))
}

/// The apps of all projects the caller may see. Filters: `project`, `cluster`, `state`.
#[utoipa::path(get, path = "/api/v1/apps", tag = "apps", params(ListParameters),
    responses((status = 200, description = "The apps", body = List<App>)))]
async fn list_all(
    FromState(state): FromState<State>,
    caller: Caller,
    Listing(query): Listing,
) -> Result<Json<List<App>>, Failure> {
    Ok(Json(services::app::list(&state, &caller, None, &query).await?))
}

/// The apps of a project. Filters: `cluster`, `state`.
#[utoipa::path(get, path = "/api/v1/projects/{project}/apps", tag = "apps",
    params(("project" = String, Path, description = "The project's name"), ListParameters),
    responses((status = 200, description = "The apps", body = List<App>)))]
async fn list(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(project): Path<String>,
    Listing(query): Listing,
) -> Result<Json<List<App>>, Failure> {
    Ok(Json(services::app::list(&state, &caller, Some(&project), &query).await?))
}

/// Makes an app and deploys its first release.
#[utoipa::path(post, path = "/api/v1/projects/{project}/apps", tag = "apps", request_body = CreateApp,
    params(("project" = String, Path, description = "The project's name")),
    responses(
        (status = 202, description = "The app, and the operation that brings it up", body = CreatedApp),
        (status = 409, description = "The name is taken on the cluster"),
    ))]
async fn create(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(project): Path<String>,
    Json(create): Json<CreateApp>,
) -> Result<(StatusCode, Json<CreatedApp>), Failure> {
    Ok((StatusCode::ACCEPTED, Json(services::app::create(&state, &caller, &project, create).await?)))
}

/// What a new app would do. A bad Compose file is answered with its findings.
#[utoipa::path(post, path = "/api/v1/projects/{project}/apps/preview", tag = "apps", request_body = CreateApp,
    params(("project" = String, Path, description = "The project's name")),
    responses((status = 200, description = "What would be done", body = Preview)))]
async fn preview(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(project): Path<String>,
    headers: HeaderMap,
    Json(create): Json<CreateApp>,
) -> Result<Json<Preview>, Failure> {
    let preview = deploy::preview::create(&state, &caller, &project, create).await?;
    Ok(Json(spoken(preview, language(&headers))))
}

/// One app.
#[utoipa::path(get, path = "/api/v1/projects/{project}/apps/{app}", tag = "apps",
    params(("project" = String, Path, description = "The project's name"), ("app" = String, Path, description = "The app's name")),
    responses((status = 200, description = "The app", body = AppDetail)))]
async fn get(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((project, app)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<AppDetail>, Failure> {
    let mut app = services::app::get(&state, &caller, &project, &app).await?;
    let language = language(&headers);
    for warning in &mut app.warnings {
        warning.detail = warning.message.text(language);
    }
    Ok(Json(app))
}

/// Makes a new release and deploys it.
#[utoipa::path(put, path = "/api/v1/projects/{project}/apps/{app}", tag = "apps", request_body = UpdateApp,
    params(("project" = String, Path, description = "The project's name"), ("app" = String, Path, description = "The app's name")),
    responses(
        (status = 202, description = "The operation that deploys it", body = Accepted),
        (status = 409, description = "A newer release exists, or an operation is under way"),
    ))]
async fn update(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((project, app)): Path<(String, String)>,
    Json(update): Json<UpdateApp>,
) -> Result<Begun, Failure> {
    Ok(begun(services::app::update(&state, &caller, &project, &app, update).await?))
}

/// What a new release would do. A bad Compose file is answered with its findings.
#[utoipa::path(post, path = "/api/v1/projects/{project}/apps/{app}/preview", tag = "apps", request_body = UpdateApp,
    params(("project" = String, Path, description = "The project's name"), ("app" = String, Path, description = "The app's name")),
    responses((status = 200, description = "What would be done", body = Preview)))]
async fn preview_update(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((project, app)): Path<(String, String)>,
    headers: HeaderMap,
    Json(update): Json<UpdateApp>,
) -> Result<Json<Preview>, Failure> {
    let preview = deploy::preview::update(&state, &caller, &project, &app, update).await?;
    Ok(Json(spoken(preview, language(&headers))))
}

/// How to remove an app.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct Removal {
    /// Also its volumes, with all their data.
    volumes: bool,
}

/// Removes an app: its containers and networks, its volumes only on request, and its record.
#[utoipa::path(delete, path = "/api/v1/projects/{project}/apps/{app}", tag = "apps",
    params(("project" = String, Path, description = "The project's name"), ("app" = String, Path, description = "The app's name"), Removal),
    responses((status = 202, description = "The operation that removes it", body = Accepted)))]
async fn delete(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((project, app)): Path<(String, String)>,
    Query(how): Query<Removal>,
) -> Result<Begun, Failure> {
    Ok(begun(services::app::delete(&state, &caller, &project, &app, how.volumes).await?))
}

/// The containers of an app. Filters as for a cluster's containers.
#[utoipa::path(get, path = "/api/v1/projects/{project}/apps/{app}/containers", tag = "apps",
    params(("project" = String, Path, description = "The project's name"), ("app" = String, Path, description = "The app's name"), ListParameters),
    responses((status = 200, description = "The containers", body = List<Container>)))]
async fn containers(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((project, app)): Path<(String, String)>,
    Listing(query): Listing,
) -> Result<Json<List<Container>>, Failure> {
    Ok(Json(services::app::containers(&state, &caller, &project, &app, &query).await?))
}

/// Goes back to a release: makes a new one with the old one's content and images, and deploys it.
#[utoipa::path(post, path = "/api/v1/projects/{project}/apps/{app}/rollback", tag = "apps", request_body = Rollback,
    params(("project" = String, Path, description = "The project's name"), ("app" = String, Path, description = "The app's name")),
    responses((status = 202, description = "The operation that deploys it", body = Accepted)))]
async fn rollback(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((project, app)): Path<(String, String)>,
    Json(to): Json<Rollback>,
) -> Result<Begun, Failure> {
    Ok(begun(services::app::roll_back(&state, &caller, &project, &app, to.release).await?))
}

/// Starts every service of an app.
#[utoipa::path(post, path = "/api/v1/projects/{project}/apps/{app}/start", tag = "apps",
    params(("project" = String, Path, description = "The project's name"), ("app" = String, Path, description = "The app's name")),
    responses((status = 202, description = "The operation that starts it", body = Accepted)))]
async fn start(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((project, app)): Path<(String, String)>,
) -> Result<Begun, Failure> {
    Ok(begun(services::app::act(&state, &caller, &project, &app, AppAction::Start).await?))
}

/// Stops every service of an app; it stays stopped.
#[utoipa::path(post, path = "/api/v1/projects/{project}/apps/{app}/stop", tag = "apps",
    params(("project" = String, Path, description = "The project's name"), ("app" = String, Path, description = "The app's name")),
    responses((status = 202, description = "The operation that stops it", body = Accepted)))]
async fn stop(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((project, app)): Path<(String, String)>,
) -> Result<Begun, Failure> {
    Ok(begun(services::app::act(&state, &caller, &project, &app, AppAction::Stop).await?))
}

/// Restarts every service of an app, copy by copy.
#[utoipa::path(post, path = "/api/v1/projects/{project}/apps/{app}/restart", tag = "apps",
    params(("project" = String, Path, description = "The project's name"), ("app" = String, Path, description = "The app's name")),
    responses((status = 202, description = "The operation that restarts it", body = Accepted)))]
async fn restart(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((project, app)): Path<(String, String)>,
) -> Result<Begun, Failure> {
    Ok(begun(services::app::act(&state, &caller, &project, &app, AppAction::Restart).await?))
}

/// A preview with its texts in a language.
fn spoken(mut preview: Preview, language: Language) -> Preview {
    for diagnostic in &mut preview.diagnostics {
        diagnostic.detail = diagnostic.message.text(language);
    }
    for field in &mut preview.fields {
        field.detail = field.message.text(language);
    }
    preview
}
