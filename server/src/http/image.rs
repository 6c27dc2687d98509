//! Images.

use api::List;
use api::image::{Image, ImageDetail, TagImage};
use axum::extract::State as FromState;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, Path, Query};
use super::list::{ListParameters, Listing};
use super::problem::Failure;
use crate::auth::Caller;
use crate::services::{self, State};

/// The routes of this noun.
pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get, delete)).routes(routes!(tag))
}

/// The images of a cluster. Filters: `tag`, `used` (`true`, `false`), `dangling` (`true`, `false`).
#[utoipa::path(get, path = "/api/v1/clusters/{cluster}/images", tag = "images",
    params(("cluster" = String, Path, description = "The cluster's name"), ListParameters),
    responses((status = 200, description = "The images", body = List<Image>)))]
async fn list(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(cluster): Path<String>,
    Listing(query): Listing,
) -> Result<Json<List<Image>>, Failure> {
    Ok(Json(services::image::list(&state, &caller, &cluster, &query)?))
}

/// An image, by id or name.
#[utoipa::path(get, path = "/api/v1/clusters/{cluster}/images/{image}", tag = "images",
    params(
        ("cluster" = String, Path, description = "The cluster's name"),
        ("image" = String, Path, description = "The image's id or name, escaped as one segment"),
    ),
    responses((status = 200, description = "The image", body = ImageDetail)))]
async fn get(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((cluster, image)): Path<(String, String)>,
) -> Result<Json<ImageDetail>, Failure> {
    Ok(Json(services::image::get(&state, &caller, &cluster, &image).await?))
}

/// Gives an image one more name.
#[utoipa::path(post, path = "/api/v1/clusters/{cluster}/images/{image}/tag", tag = "images", request_body = TagImage,
    params(
        ("cluster" = String, Path, description = "The cluster's name"),
        ("image" = String, Path, description = "The image's id or name, escaped as one segment"),
    ),
    responses((status = 204, description = "It has the name")))]
async fn tag(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((cluster, image)): Path<(String, String)>,
    Json(tag): Json<TagImage>,
) -> Result<StatusCode, Failure> {
    services::image::tag(&state, &caller, &cluster, &image, &tag).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How to remove an image.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct Removal {
    /// Even where stopped containers use it.
    force: bool,
}

/// Removes an image or one of its names.
#[utoipa::path(delete, path = "/api/v1/clusters/{cluster}/images/{image}", tag = "images",
    params(
        ("cluster" = String, Path, description = "The cluster's name"),
        ("image" = String, Path, description = "The image's id or name, escaped as one segment"),
        Removal,
    ),
    responses((status = 204, description = "It is gone"), (status = 409, description = "Containers use it")))]
async fn delete(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((cluster, image)): Path<(String, String)>,
    Query(how): Query<Removal>,
) -> Result<StatusCode, Failure> {
    services::image::delete(&state, &caller, &cluster, &image, how.force).await?;
    Ok(StatusCode::NO_CONTENT)
}
