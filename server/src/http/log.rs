//! Logs: a download, or the stream of records when upgraded to a WebSocket.

use api::log::LogQuery;
use axum::body::Body;
use axum::extract::State as FromState;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures::{StreamExt as _, stream};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Path, Query};
use super::problem::Failure;
use super::ws::{self, Upgrade};
use crate::auth::Caller;
use crate::services::log::{self, Format, Log, Text};
use crate::services::{Error, State, container_access};

/// The routes of this noun.
pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(container)).routes(routes!(app))
}

/// A container's log: text or ndjson; the stream of records when upgraded to a WebSocket.
#[utoipa::path(get, path = "/api/v1/clusters/{cluster}/containers/{container}/logs", tag = "logs",
    params(("cluster" = String, Path, description = "The cluster"),
        ("container" = String, Path, description = "The container's id or name"), LogQuery),
    responses((status = 200, description = "The lines", content((String = "text/plain"), (String = "application/x-ndjson"))),
        (status = 101, description = "Binary messages of records")))]
async fn container(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((cluster, id)): Path<(String, String)>,
    Query(query): Query<LogQuery>,
    upgrade: Option<Upgrade>,
) -> Result<Response, Failure> {
    let log = log::open_container(&state, &caller, &cluster, &id, query, upgrade.is_some())?;
    Ok(answer(state, caller, log, upgrade, move |state, caller| {
        container_access::may_stay(state, caller, &cluster, &id, api::permission::Permission::ViewApp)
    }))
}

/// The merged log of an app's containers; likewise.
#[utoipa::path(get, path = "/api/v1/projects/{project}/apps/{app}/logs", tag = "logs",
    params(("project" = String, Path, description = "The project"),
        ("app" = String, Path, description = "The app's name"), LogQuery),
    responses((status = 200, description = "The lines", content((String = "text/plain"), (String = "application/x-ndjson"))),
        (status = 101, description = "Binary messages of records")))]
async fn app(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((project, app)): Path<(String, String)>,
    Query(query): Query<LogQuery>,
    upgrade: Option<Upgrade>,
) -> Result<Response, Failure> {
    let log = log::open_app(&state, &caller, &project, &app, query, upgrade.is_some()).await?;
    Ok(answer(state, caller, log, upgrade, move |_, caller| {
        caller.require(api::permission::Permission::ViewApp, Some(&project))
    }))
}

fn answer(
    state: State,
    caller: Caller,
    log: Log,
    upgrade: Option<Upgrade>,
    may_stay: impl Fn(&State, &Caller) -> Result<(), Error> + Send + Sync + 'static,
) -> Response {
    match upgrade {
        Some(upgrade) => ws::accept(upgrade.0, state, caller, may_stay, |link| ws::log::serve(link, log)),
        None => download(state, log),
    }
}

/// The log as a file, read from the engine as fast as it is taken.
fn download(state: State, log: Log) -> Response {
    let (kind, ending) = match log.request.format {
        Format::Text => ("text/plain; charset=utf-8", "log"),
        Format::Ndjson => ("application/x-ndjson", "ndjson"),
    };
    let name: String =
        log.name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect();
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}.{ending}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    let text = Text::new(log.request.format, log.request.timestamps, log.merged);
    let stop = state.stopping.token.clone();
    let pieces = stream::unfold(Some((log, text)), move |reading| {
        let stop = stop.clone();
        async move {
            let (mut log, mut text) = reading?;
            loop {
                let more = tokio::select! {
                    more = log.fill(&mut text) => more,
                    () = stop.cancelled() => false,
                };
                let piece = text.take();
                if !more {
                    return piece.map(|piece| (Ok(piece), None));
                }
                if let Some(piece) = piece {
                    return Some((Ok::<_, std::convert::Infallible>(piece), Some((log, text))));
                }
            }
        }
    });
    // What compresses an answer asks once more after its end.
    (headers, Body::from_stream(pieces.fuse())).into_response()
}
