//! Templates.

use api::List;
use api::template::Template;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::Json;
use super::problem::Failure;
use crate::auth::Caller;
use crate::services::{self, State};

/// The routes of this noun.
pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(list))
}

/// The built-in templates.
#[utoipa::path(get, path = "/api/v1/templates", tag = "templates",
    responses((status = 200, description = "The templates", body = List<Template>)))]
async fn list(caller: Caller) -> Result<Json<List<Template>>, Failure> {
    Ok(Json(services::template::list(&caller)?))
}
