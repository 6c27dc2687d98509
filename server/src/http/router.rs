//! The route table: one line per noun.

use api::token::Scope;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::response::IntoResponse;
use axum::routing::get;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use super::extract::{Json, route_missing};
use super::problem::Failure;
use super::{
    app, audit, cluster, container, docs, event, form, health, image, image_pull, me, middleware, network, node,
    openapi, operation, overview, pages, policy, portal, project, provider, quota, release, robot, search, service,
    session, setup, sign_in, team, template, token, two_factor, user, volume,
};
use super::{log, stats, terminal, ws};
use crate::auth::Caller;
use crate::services::State;

/// The largest body of a request; a route that needs more says so itself.
const BODY_LIMIT_BYTES: usize = 2 * 1024 * 1024;

/// Every route of the API with its description.
fn table() -> OpenApiRouter<State> {
    OpenApiRouter::with_openapi(openapi::base())
        .merge(setup::routes())
        .merge(session::routes())
        .merge(me::routes())
        .merge(two_factor::routes())
        .merge(token::routes())
        .merge(user::routes())
        .merge(audit::routes())
        .merge(portal::routes())
        .merge(project::routes())
        .merge(policy::routes())
        .merge(team::routes())
        .merge(provider::routes())
        .merge(quota::routes())
        .merge(robot::routes())
        .merge(cluster::routes())
        .merge(node::routes())
        .merge(container::routes())
        .merge(image::routes())
        .merge(network::routes())
        .merge(volume::routes())
        .merge(event::routes())
        .merge(search::routes())
        .merge(overview::routes())
        .merge(app::routes())
        .merge(service::routes())
        .merge(release::routes())
        .merge(operation::routes())
        .merge(template::routes())
        .merge(image_pull::routes())
        .merge(log::routes())
        .merge(terminal::routes())
        .merge(stats::routes())
        .merge(ws::watch::routes())
}

/// The API's document.
pub fn document() -> OpenApi {
    let mut document = table().into_openapi();
    openapi::describe_problems(&mut document);
    document
}

/// The API without what only requests from the network pass through.
pub fn api(state: &State) -> Router {
    let document = document();
    let (routes, _) = table().split_for_parts();
    routes
        .route("/api/v1/openapi.json", get(async move |caller: Caller| described(&caller, document)))
        .route("/api", axum::routing::any(missing))
        .route("/api/", axum::routing::any(missing))
        .route("/api/{*path}", axum::routing::any(missing))
        .method_not_allowed_fallback(middleware::method_not_allowed)
        .layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES))
        .with_state(state.clone())
}

/// The document, for those who may read.
fn described(caller: &Caller, document: OpenApi) -> Result<Json<OpenApi>, Failure> {
    caller.require_scope(Scope::Read)?;
    Ok(Json(document))
}

/// Everything the server answers, with what each request from the network passes through.
pub fn portal(state: &State) -> Router {
    let api = api(state);
    let others =
        health::routes().merge(form::routes()).merge(sign_in::routes()).merge(docs::routes()).with_state(state.clone());
    let routes = api.clone().merge(others).fallback_service(pages::routes(state, api));
    middleware::wrap(state, routes)
}

async fn missing(request: Request) -> impl IntoResponse {
    route_missing(request.uri().path())
}
