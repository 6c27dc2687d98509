//! The socket: accepting, journal, faults, and which route a call takes.

use std::io;
use std::path::Path;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper::{Response, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use time::OffsetDateTime;
use tokio::net::UnixListener;
use tokio::task::{JoinHandle, JoinSet};

use super::fault::{Broken, instead, spoil};
use super::journal::Request;
use super::state::Shared;
use super::wire::{Answer, Body, EngineError, fail};
use super::{container_routes, event, exec, image, log_routes, network, pull, stats, system, volume};

/// Serves the socket until the handle is aborted; connections end with it.
pub fn serve(shared: &Arc<Shared>, path: &Path) -> io::Result<JoinHandle<()>> {
    let listener = UnixListener::bind(path)?;
    let shared = Arc::clone(shared);
    Ok(tokio::spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    let Ok((socket, _)) = accepted else { continue };
                    let shared = Arc::clone(&shared);
                    connections.spawn(async move {
                        let service = service_fn(move |request| answer(Arc::clone(&shared), request));
                        // A broken connection is the client's business, or a scripted fault.
                        let _ = hyper::server::conn::http1::Builder::new()
                            .serve_connection(TokioIo::new(socket), service)
                            .with_upgrades()
                            .await;
                    });
                }
                Some(_) = connections.join_next() => {}
            }
        }
    }))
}

async fn answer(shared: Arc<Shared>, mut incoming: hyper::Request<Incoming>) -> io::Result<Response<Body>> {
    let upgrade = incoming.headers().contains_key(header::UPGRADE).then(|| hyper::upgrade::on(&mut incoming));
    let (parts, body) = incoming.into_parts();
    let bytes = body.collect().await.map(http_body_util::Collected::to_bytes).map_err(io::Error::other)?;
    let auth = parts.headers.get("x-registry-auth").and_then(|value| value.to_str().ok());
    let request = note(&shared, parts.method.as_str(), &parts.uri, &bytes);

    let fault = shared.faults.lock().unwrap_or_else(PoisonError::into_inner).take(&request);
    if let Some(fault) = &fault
        && let Some(response) = instead(fault).await
    {
        if response.extensions().get::<Broken>().is_some() {
            return Err(io::Error::other("scripted fault"));
        }
        settle(&shared, &request, response.status().as_u16());
        return Ok(response);
    }
    let answer = match checked(&shared, &request) {
        Ok(()) => route(&shared, &request, bytes, auth, upgrade).await,
        Err(error) => Err(error),
    };
    let mut response = answer.unwrap_or_else(EngineError::into_response);
    if let Some(fault) = &fault {
        response = spoil(fault, response).await;
    }
    name_engine(&shared, &mut response);
    settle(&shared, &request, response.status().as_u16());
    Ok(response)
}

fn note(shared: &Shared, method: &str, uri: &hyper::Uri, bytes: &Bytes) -> Request {
    let path = percent_encoding::percent_decode_str(uri.path()).decode_utf8_lossy();
    let (version, path) = match path.strip_prefix("/v").and_then(|rest| rest.split_once('/')) {
        Some((version, rest)) if version.starts_with(|c: char| c.is_ascii_digit()) => {
            (Some(version.to_owned()), format!("/{rest}"))
        }
        _ => (None, path.into_owned()),
    };
    let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let mut journal = shared.journal.lock().unwrap_or_else(PoisonError::into_inner);
    let request = Request {
        number: journal.0.len(),
        at: Instant::now(),
        time: OffsetDateTime::now_utc(),
        method: method.into(),
        path,
        version,
        query: query.into_owned().collect(),
        body: serde_json::from_slice(bytes).ok(),
        body_bytes: bytes.len(),
        status: None,
    };
    journal.0.push(request.clone());
    drop(journal);
    shared.beat();
    request
}

fn settle(shared: &Shared, request: &Request, status: u16) {
    let mut journal = shared.journal.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(entry) = journal.0.iter_mut().rev().find(|entry| entry.number == request.number) {
        entry.status = Some(status);
    }
    drop(journal);
    shared.beat();
}

fn name_engine(shared: &Shared, response: &mut Response<Body>) {
    let version = shared.options.version();
    let headers = response.headers_mut();
    for (name, value) in [
        ("api-version", shared.options.api_version()),
        ("docker-experimental", "false"),
        ("ostype", "linux"),
        ("server", &format!("Docker/{version} (linux)")),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

/// The version of the path must be one that the engine speaks.
fn checked(shared: &Shared, request: &Request) -> Result<(), EngineError> {
    let Some(version) = &request.version else {
        return Ok(());
    };
    let number = |text: &str| -> Option<(u32, u32)> {
        let (major, minor) = text.split_once('.')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    };
    let (newest, oldest) = (shared.options.api_version(), shared.options.min_api_version());
    match number(version) {
        None => fail(404, "page not found"),
        wanted if wanted > number(newest) => {
            fail(400, format!("client version {version} is too new. Maximum supported API version is {newest}"))
        }
        wanted if wanted < number(oldest) => fail(
            400,
            format!(
                "client version {version} is too old. Minimum supported API version is {oldest}, please upgrade your client to a newer version"
            ),
        ),
        Some(_) => Ok(()),
    }
}

async fn route(
    shared: &Arc<Shared>,
    request: &Request,
    bytes: Bytes,
    auth: Option<&str>,
    upgrade: Option<OnUpgrade>,
) -> Answer {
    let nothing = Value::Null;
    let body = request.body.as_ref().unwrap_or(&nothing);
    let json_wanted = !bytes.is_empty() && !request.path.ends_with("/archive");
    if json_wanted && request.body.is_none() {
        return if shared.is_28() { fail(400, "invalid JSON: unexpected EOF") } else { fail(500, "unexpected EOF") };
    }
    let segments: Vec<&str> = request.path.split('/').skip(1).collect();
    let method = if request.method == "HEAD" { "GET" } else { request.method.as_str() };
    match (method, segments.as_slice()) {
        ("GET", ["_ping"]) => system::ping(shared),
        ("GET", ["version"]) => system::version(shared),
        ("GET", ["info"]) => system::info(shared),
        ("GET", ["system", "df"]) => system::disk_use(shared),
        ("GET", ["events"]) => event::stream_events(shared, request),
        ("GET", ["swarm" | "nodes" | "services" | "tasks" | "secrets" | "configs", ..]) => system::no_swarm(),

        ("GET", ["containers", "json"]) => container_routes::list(shared, request),
        ("POST", ["containers", "create"]) => container_routes::create(shared, request, body),
        ("POST", ["containers", "prune"]) => container_routes::prune(shared, request),
        ("DELETE", ["containers", id]) => container_routes::remove(shared, request, id),
        (_, ["containers", id, action]) => container(shared, request, method, id, action, body, bytes, upgrade).await,
        ("GET", ["exec", id, "json"]) => exec::inspect(shared, id),
        ("POST", ["exec", id, "start"]) => exec::start(shared, id, body, upgrade),
        ("POST", ["exec", id, "resize"]) => exec::resize(shared, request, id),

        ("GET", ["images", "json"]) => image::list(shared, request),
        ("POST", ["images", "create"]) => pull::create(shared, request, auth).await,
        ("POST", ["images", "prune"]) => image::prune(shared, request),
        ("GET", ["images", name @ .., "json"]) => image::inspect(shared, &name.join("/")),
        ("GET", ["images", name @ .., "history"]) => image::history(shared, &name.join("/")),
        ("POST", ["images", name @ .., "tag"]) => image::tag(shared, request, &name.join("/")),
        ("DELETE", ["images", name @ ..]) => image::remove(shared, request, &name.join("/")),

        ("GET", ["networks"]) => network::list(shared, request),
        ("POST", ["networks", "create"]) => network::create(shared, body),
        ("POST", ["networks", "prune"]) => network::prune(shared, request),
        ("GET", ["networks", id]) => network::inspect(shared, id),
        ("DELETE", ["networks", id]) => network::remove(shared, id),
        ("POST", ["networks", id, "connect"]) => network::connect(shared, id, body),
        ("POST", ["networks", id, "disconnect"]) => network::disconnect(shared, id, body),

        ("GET", ["volumes"]) => volume::list(shared, request),
        ("POST", ["volumes", "create"]) => volume::create(shared, body),
        ("POST", ["volumes", "prune"]) => volume::prune(shared, request),
        ("GET", ["volumes", name]) => volume::inspect(shared, name),
        ("DELETE", ["volumes", name]) => volume::remove(shared, request, name),

        _ => fail(404, "page not found"),
    }
}

#[expect(clippy::too_many_arguments, reason = "one call's parts, used once")]
async fn container(
    shared: &Arc<Shared>,
    request: &Request,
    method: &str,
    id: &str,
    action: &str,
    body: &Value,
    bytes: Bytes,
    upgrade: Option<OnUpgrade>,
) -> Answer {
    match (method, action) {
        ("GET", "json") => container_routes::inspect(shared, request, id),
        ("GET", "logs") => log_routes::logs(shared, request, id),
        ("GET", "stats") => stats::route(shared, request, id).await,
        ("GET", "top") => container_routes::top(shared, id),
        ("POST", "start") => container_routes::start(shared, id),
        ("POST", "stop") => container_routes::stop(shared, request, id).await,
        ("POST", "restart") => container_routes::restart(shared, request, id).await,
        ("POST", "kill") => container_routes::kill(shared, request, id),
        ("POST", "pause") => container_routes::pause(shared, id, true),
        ("POST", "unpause") => container_routes::pause(shared, id, false),
        ("POST", "rename") => container_routes::rename(shared, request, id),
        ("POST", "wait") => container_routes::wait(shared, request, id),
        ("POST", "update") => container_routes::update(shared, id, body),
        ("POST", "resize") => container_routes::resize(shared, request, id),
        ("POST", "attach") => exec::attach(shared, request, id, upgrade),
        ("POST", "exec") => exec::create(shared, id, body),
        ("GET", "archive") => container_routes::get_archive(shared, request, id),
        ("PUT", "archive") => container_routes::put_archive(shared, request, id, bytes),
        _ => fail(404, "page not found"),
    }
}
