//! The audit log.

use api::audit::{AuditEntry, AuditForwarding};
use api::{List, ListQuery, Ulid};
use axum::body::Body;
use axum::extract::State as FromState;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::{StreamExt as _, stream};
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
        .routes(routes!(list))
        .routes(routes!(list_of_project))
        .routes(routes!(export))
        .routes(routes!(forwarding))
}

/// The audit log, newest first. Filters: `user`, `action`, `result`, `project`, `since`, `until` (RFC 3339).
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", params(ListParameters),
    responses((status = 200, description = "The entries", body = List<AuditEntry>)))]
async fn list(
    FromState(state): FromState<State>,
    caller: Caller,
    Listing(query): Listing,
) -> Result<Json<List<AuditEntry>>, Failure> {
    Ok(Json(services::audit::list(&state, &caller, None, &query).await?))
}

/// The audit log of a project, newest first. Filters: `user`, `action`, `result`, `since`, `until` (RFC 3339).
#[utoipa::path(get, path = "/api/v1/projects/{project}/audit", tag = "audit",
    params(("project" = String, Path, description = "The project's name"), ListParameters),
    responses((status = 200, description = "The entries", body = List<AuditEntry>)))]
async fn list_of_project(
    FromState(state): FromState<State>,
    caller: Caller,
    Path(project): Path<String>,
    Listing(query): Listing,
) -> Result<Json<List<AuditEntry>>, Failure> {
    Ok(Json(services::audit::list(&state, &caller, Some(&project), &query).await?))
}

/// The whole audit log, or what the filters of the list leave of it: one JSON object a line, oldest first.
#[utoipa::path(get, path = "/api/v1/audit/export", tag = "audit", params(ListParameters),
    responses((status = 200, description = "The entries", body = String, content_type = "application/x-ndjson")))]
async fn export(
    FromState(state): FromState<State>,
    caller: Caller,
    Listing(query): Listing,
) -> Result<Response, Failure> {
    let first = services::audit::export(&state, &caller, &query, None).await?;
    // What compresses an answer asks once more after its end.
    let rest = stream::unfold(Some((state, caller, query, first)), next).fuse();
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"audit.ndjson\""),
    ];
    Ok((headers, Body::from_stream(rest)).into_response())
}

/// How the log is sent to where the settings say, a row for each place.
#[utoipa::path(get, path = "/api/v1/audit/forwarding", tag = "audit",
    responses((status = 200, description = "The places", body = Vec<AuditForwarding>)))]
async fn forwarding(FromState(state): FromState<State>, caller: Caller) -> Result<Json<Vec<AuditForwarding>>, Failure> {
    Ok(Json(services::audit_forward::list(&state, &caller).await?))
}

type Export = (State, Caller, ListQuery, Vec<AuditEntry>);

/// The lines of some entries, and the entries after them. A database that fails on the way ends the stream as broken.
async fn next(export: Option<Export>) -> Option<(Result<String, services::Error>, Option<Export>)> {
    let (state, caller, query, entries) = export?;
    let after: Ulid = entries.last()?.id;
    let lines = entries.iter().filter_map(|entry| serde_json::to_string(entry).ok());
    let text: String = lines.flat_map(|line| [line, "\n".to_owned()]).collect();
    match services::audit::export(&state, &caller, &query, Some(after)).await {
        Ok(entries) => Some((Ok(text), Some((state, caller, query, entries)))),
        Err(error) => Some((Err(error), None)),
    }
}
