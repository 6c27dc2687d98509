//! The container routes: create, list, inspect and what changes one.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::behaviour::Behaviour;
use super::container::{Container, Mount, Phase, config_of, host_config_of, merge, string_map};
use super::container_view;
use super::filter::Filters;
use super::journal::Request;
use super::lifecycle::signal_number;
use super::log_store::LogStore;
use super::network::Endpoint;
use super::state::{Shared, State};
use super::stream_count::StreamKind;
use super::wire::{Answer, EngineError, empty, fail, ok, respond_stream};

const NAME_RULE: &str = "only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed";
const PHASES: [&str; 7] = ["created", "running", "paused", "restarting", "removing", "exited", "dead"];

fn valid_name(name: &str) -> bool {
    let mut chars = name.chars();
    name.len() > 1
        && chars.next().is_some_and(|c| c.is_ascii_alphanumeric())
        && chars.all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
}

fn taken(state: &State, name: &str) -> Option<String> {
    let id = state.names.get(name)?;
    Some(format!(
        "Conflict. The container name \"/{name}\" is already in use by container \"{id}\". You have to remove (or rename) that container to be able to reuse that name."
    ))
}

/// `POST /containers/create`.
pub fn create(shared: &Arc<Shared>, request: &Request, body: &Value) -> Answer {
    let mut state = shared.lock();
    let id =
        create_in(shared, &mut state, request.query("name").unwrap_or_default(), body, request.version.as_deref())?;
    ok(201, &json!({ "Id": id, "Warnings": [] }))
}

/// Makes a container without starting it.
pub fn create_in(
    shared: &Arc<Shared>,
    state: &mut State,
    name: &str,
    body: &Value,
    version: Option<&str>,
) -> Result<String, EngineError> {
    let reference = body["Image"].as_str().unwrap_or_default().to_owned();
    let empty_body = body.as_object().is_none_or(serde_json::Map::is_empty);
    if empty_body {
        let word = if shared.is_28() { "config" } else { "Config" };
        return fail(400, format!("{word} cannot be empty in order to create a container"));
    }
    let name = name.trim_start_matches('/');
    if !name.is_empty() && !valid_name(name) {
        return fail(400, format!("Invalid container name ({name}), {NAME_RULE}"));
    }
    let endpoints = body["NetworkingConfig"]["EndpointsConfig"].clone();
    let minor = version.and_then(|v| v.split('.').nth(1)).and_then(|v| v.parse::<u32>().ok());
    let old = minor.map_or(!shared.is_28(), |minor| minor < 44);
    if let Some(map) = endpoints.as_object().filter(|map| map.len() > 1 && old) {
        let names: Vec<&str> = map.keys().map(String::as_str).collect();
        return fail(400, format!("Container cannot be connected to network endpoints: {}", names.join(", ")));
    }
    let memory = body["HostConfig"]["Memory"].as_i64().unwrap_or(0);
    check_memory(memory)?;
    let Some(image) = state.image(&reference).cloned() else {
        return fail(404, format!("No such image: {}", super::image::with_tag(&reference)));
    };
    let id = state.new_id();
    let name = if name.is_empty() { format!("fake_{}", &id[..10]) } else { name.to_owned() };
    if let Some(text) = taken(state, &name) {
        return fail(409, text);
    }
    let config = config_of(body, &id, &image);
    if config["Cmd"].as_array().is_none_or(Vec::is_empty) && config["Entrypoint"].as_array().is_none_or(Vec::is_empty) {
        let word = if shared.is_28() { "no" } else { "No" };
        return fail(400, format!("{word} command specified"));
    }
    let host_config = host_config_of(&body["HostConfig"], shared.is_28());
    let mounts = mounts_of(shared, state, &config, &host_config)?;
    let mode = match host_config["NetworkMode"].as_str().unwrap_or_default() {
        "default" => "bridge".to_owned(),
        mode => mode.to_owned(),
    };
    let mut networks = std::collections::BTreeMap::new();
    if !mode.starts_with("container:") {
        networks.insert(mode.clone(), Endpoint::default());
    }
    for (key, asked) in endpoints.as_object().into_iter().flatten() {
        let key = if key == "default" { "bridge".into() } else { key.clone() };
        let endpoint = Endpoint { asked: asked.clone(), ..Endpoint::default() };
        networks.insert(key, endpoint);
    }
    let container = Container {
        id: id.clone(),
        name: name.clone(),
        image: reference,
        image_id: image.id.clone(),
        created: OffsetDateTime::now_utc(),
        config,
        host_config,
        networks,
        mounts,
        ports: Vec::new(),
        phase: Phase::Created,
        pid: 0,
        exit_code: 0,
        error: String::new(),
        oom_killed: false,
        started: None,
        finished: None,
        restart_count: 0,
        failures: 0,
        stopped_by_hand: false,
        health: None,
        behaviour: Behaviour::default(),
        log: LogStore::default(),
        log_notify: Arc::default(),
        run: 0,
        tasks: Vec::new(),
        ignores_sigterm: false,
        stdin: None,
        tty_size: (0, 0),
        execs: Vec::new(),
        archives: Vec::new(),
        size_rw: 0,
    };
    state.names.insert(name, id.clone());
    state.order.push(id.clone());
    state.containers.insert(id.clone(), container);
    shared.emit_container(state, &id, "create", &[]);
    Ok(id)
}

fn check_memory(bytes: i64) -> Result<(), EngineError> {
    if bytes != 0 && bytes < 6 * 1024 * 1024 {
        return fail(400, "Minimum memory limit allowed is 6MB");
    }
    Ok(())
}

fn mounts_of(shared: &Arc<Shared>, state: &mut State, config: &Value, host: &Value) -> Result<Vec<Mount>, EngineError> {
    let mut mounts: Vec<Mount> = Vec::new();
    for bind in super::container::strings(&host["Binds"]) {
        let parts: Vec<&str> = bind.split(':').collect();
        let (source, target, mode) = match parts[..] {
            [target] => ("", target, ""),
            [source, target] => (source, target, ""),
            [source, target, mode] => (source, target, mode),
            _ => return fail(400, format!("invalid volume specification: '{bind}'")),
        };
        if !target.starts_with('/') {
            return fail(
                400,
                format!(
                    "invalid volume specification: '{bind}': invalid mount config for type \"volume\": invalid mount path: '{target}' mount path must be absolute"
                ),
            );
        }
        let writable = !mode.split(',').any(|m| m == "ro");
        if source.starts_with('/') {
            mounts.push(bind_mount(source, target, mode, writable, "rprivate"));
        } else {
            let mode = if mode.is_empty() { "z" } else { mode };
            mounts.push(volume_mount(shared, state, source, target, mode, writable));
        }
    }
    for mount in host["Mounts"].as_array().into_iter().flatten() {
        let text = |key: &str| mount[key].as_str().unwrap_or_default();
        let writable = mount["ReadOnly"] != true;
        match text("Type") {
            "bind" if text("Source").starts_with("/nosuch") => {
                return fail(
                    400,
                    format!(
                        "invalid mount config for type \"bind\": bind source path does not exist: {}",
                        text("Source")
                    ),
                );
            }
            "bind" => {
                let asked = mount["BindOptions"]["Propagation"].as_str();
                let propagation = asked.filter(|p| !p.is_empty()).unwrap_or("rprivate");
                mounts.push(bind_mount(text("Source"), text("Target"), "", writable, propagation));
            }
            "tmpfs" => mounts.push(Mount {
                kind: "tmpfs".into(),
                name: None,
                source: String::new(),
                target: text("Target").into(),
                mode: String::new(),
                writable,
                propagation: String::new(),
                anonymous: false,
            }),
            "volume" => {
                let (source, target) = (text("Source").to_owned(), text("Target").to_owned());
                mounts.push(volume_mount(shared, state, &source, &target, "z", writable));
            }
            other => return fail(400, format!("mount type unknown: \"{other}\"")),
        }
    }
    for target in super::container::keys(&config["Volumes"]) {
        if !mounts.iter().any(|mount| mount.target == target) {
            mounts.push(volume_mount(shared, state, "", &target, "", true));
        }
    }
    Ok(mounts)
}

fn bind_mount(source: &str, target: &str, mode: &str, writable: bool, propagation: &str) -> Mount {
    Mount {
        kind: "bind".into(),
        name: None,
        source: source.into(),
        target: target.into(),
        mode: mode.into(),
        writable,
        propagation: propagation.into(),
        anonymous: false,
    }
}

fn volume_mount(
    shared: &Arc<Shared>,
    state: &mut State,
    name: &str,
    target: &str,
    mode: &str,
    writable: bool,
) -> Mount {
    let anonymous = name.is_empty();
    let name = if anonymous { state.new_id() } else { name.to_owned() };
    shared.ensure_volume(state, &name, &Value::Null);
    Mount {
        kind: "volume".into(),
        source: super::volume::mountpoint(&name),
        name: Some(name),
        target: target.into(),
        mode: mode.into(),
        writable,
        propagation: String::new(),
        anonymous,
    }
}

/// `GET /containers/json`.
pub fn list(shared: &Shared, request: &Request) -> Answer {
    let known = [
        "ancestor",
        "before",
        "exited",
        "expose",
        "health",
        "id",
        "is-task",
        "isolation",
        "label",
        "name",
        "network",
        "publish",
        "since",
        "status",
        "volume",
    ];
    let filters = Filters::parse(shared, request.query("filters"), &known)?;
    if let Some(bad) = filters.get("status").iter().find(|s| !PHASES.contains(&s.as_str())) {
        return fail(
            400,
            if shared.is_28() {
                format!(
                    "invalid filter 'status={bad}': invalid value for state ({bad}): must be one of {}",
                    PHASES.join(", ")
                )
            } else {
                format!("Invalid filter 'status={bad}'")
            },
        );
    }
    let limit = request.query("limit").and_then(|text| text.parse::<usize>().ok()).filter(|n| *n > 0);
    let all = request.flag("all") || limit.is_some() || filters.has("status") || filters.has("exited");
    let state = shared.lock();
    let fits = |c: &&Container| {
        (all || c.is_running() || c.phase == Phase::Restarting)
            && filters.none_or("id", |v| c.id.starts_with(v))
            && filters.none_or("name", |v| name_fits(v, &c.name))
            && filters.none_or("status", |v| c.phase.word() == v)
            && filters.none_or("exited", |v| c.phase == Phase::Exited && v.parse() == Ok(c.exit_code))
            && filters.none_or("health", |v| v == c.health.as_ref().map_or("none", |health| health.status.as_str()))
            && filters.none_or("ancestor", |v| v == c.image || v == c.image_id)
            && filters.none_or("network", |v| {
                c.networks
                    .iter()
                    .any(|(name, e)| name == v || (!e.network_id.is_empty() && e.network_id.starts_with(v)))
            })
            && filters.none_or("volume", |v| c.mounts.iter().any(|m| m.name.as_deref() == Some(v) || m.target == v))
            && filters.all_labels(&c.labels())
    };
    let size = request.flag("size");
    let found: Vec<Value> = state
        .newest()
        .filter(fits)
        .take(limit.unwrap_or(usize::MAX))
        .map(|c| container_view::summary(shared, &state, c, size))
        .collect();
    ok(200, &Value::Array(found))
}

/// The engine takes a regular expression; the anchors `^/` and `$` are what clients send.
fn name_fits(pattern: &str, name: &str) -> bool {
    let start = pattern.strip_prefix('^');
    let middle = start.unwrap_or(pattern);
    let middle = middle.strip_prefix('/').unwrap_or(middle);
    let end = middle.strip_suffix('$');
    let middle = end.unwrap_or(middle);
    match (start.is_some(), end.is_some()) {
        (true, true) => name == middle,
        (true, false) => name.starts_with(middle),
        (false, true) => name.ends_with(middle),
        (false, false) => name.contains(middle),
    }
}

/// `GET /containers/{id}/json`.
pub fn inspect(shared: &Shared, request: &Request, reference: &str) -> Answer {
    let mut state = shared.lock();
    let id = state.container(reference)?.id.clone();
    let value = container_view::inspect(shared, &state, &state.containers[&id], request.flag("size"));
    ok(200, &value)
}

/// `POST /containers/{id}/start`.
pub fn start(shared: &Arc<Shared>, reference: &str) -> Answer {
    let mut state = shared.lock();
    let container = state.container(reference)?;
    if container.phase == Phase::Paused {
        return fail(409, "cannot start a paused container, try unpause instead");
    }
    if container.is_running() || container.phase == Phase::Restarting {
        return Ok(empty(304));
    }
    container.restart_count = 0;
    container.failures = 0;
    let (id, notify) = (container.id.clone(), Arc::clone(&container.log_notify));
    shared.start_container(&mut state, &id)?;
    notify.notify_waiters();
    Ok(empty(204))
}

fn grace(request: &Request) -> Result<Option<i64>, EngineError> {
    match request.query("t").filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => text
            .parse()
            .map(Some)
            .map_err(|_| EngineError::new(400, format!("strconv.Atoi: parsing \"{text}\": invalid syntax"))),
    }
}

/// `POST /containers/{id}/stop`.
pub async fn stop(shared: &Arc<Shared>, request: &Request, reference: &str) -> Answer {
    let grace = grace(request)?;
    let id = shared.lock().container(reference)?.id.clone();
    let stopped = shared.stop_container(&id, grace).await;
    Ok(empty(if stopped { 204 } else { 304 }))
}

/// `POST /containers/{id}/restart`.
pub async fn restart(shared: &Arc<Shared>, request: &Request, reference: &str) -> Answer {
    let grace = grace(request)?;
    let id = shared.lock().container(reference)?.id.clone();
    shared.stop_container(&id, grace).await;
    let mut state = shared.lock();
    shared.start_container(&mut state, &id)?;
    shared.emit_container(&mut state, &id, "restart", &[]);
    Ok(empty(204))
}

/// `POST /containers/{id}/kill`.
pub fn kill(shared: &Arc<Shared>, request: &Request, reference: &str) -> Answer {
    let text = request.query("signal").filter(|s| !s.is_empty()).unwrap_or("SIGKILL");
    let mut state = shared.lock();
    let Some(signal) = signal_number(text) else {
        return fail(
            400,
            if shared.is_28() {
                format!("cannot kill container: {reference}: invalid signal: {text}")
            } else {
                format!("Invalid signal: {text}")
            },
        );
    };
    let (verb, word) = if shared.is_28() { ("cannot", "container") } else { ("Cannot", "Container") };
    let container = state
        .container(reference)
        .map_err(|error| EngineError::new(404, format!("{verb} kill container: {reference}: {}", error.message)))?;
    let id = container.id.clone();
    if !container.is_running() {
        return fail(409, format!("{verb} kill container: {reference}: {word} {id} is not running"));
    }
    container.stopped_by_hand |= signal == 9 || Some(signal) == signal_number(container.stop_signal());
    shared.signal(&mut state, &id, signal);
    Ok(empty(204))
}

/// `POST /containers/{id}/pause` and `/unpause`.
pub fn pause(shared: &Arc<Shared>, reference: &str, pause: bool) -> Answer {
    let mut state = shared.lock();
    let is_28 = shared.is_28();
    let word = if is_28 { "container" } else { "Container" };
    let container = state.container(reference)?;
    let id = container.id.clone();
    match (pause, container.phase) {
        (true, Phase::Running) => container.phase = Phase::Paused,
        (true, Phase::Paused) => return fail(409, format!("{word} {id} is already paused")),
        (true, Phase::Restarting) => {
            return fail(409, format!("{word} {id} is restarting, wait until the container is running"));
        }
        (true, _) => return fail(409, format!("{word} {id} is not running")),
        (false, Phase::Paused) => container.phase = Phase::Running,
        (false, _) => return fail(500, format!("Container {id} is not paused")),
    }
    shared.emit_container(&mut state, &id, if pause { "pause" } else { "unpause" }, &[]);
    Ok(empty(204))
}

/// `POST /containers/{id}/rename`.
pub fn rename(shared: &Arc<Shared>, request: &Request, reference: &str) -> Answer {
    let new = request.query("name").unwrap_or_default().trim_start_matches('/').to_owned();
    if new.is_empty() {
        return fail(400, "Neither old nor new names may be empty");
    }
    let mut state = shared.lock();
    let container = state.container(reference)?;
    let (id, old) = (container.id.clone(), container.name.clone());
    if old == new {
        return fail(400, "Renaming a container with the same name as its current name");
    }
    if !valid_name(&new) {
        return fail(400, format!("Error when allocating new name: Invalid container name ({new}), {NAME_RULE}"));
    }
    if let Some(text) = taken(&state, &new) {
        return fail(409, format!("Error when allocating new name: {text}"));
    }
    state.names.remove(&old);
    state.names.insert(new.clone(), id.clone());
    if let Some(container) = state.containers.get_mut(&id) {
        container.name = new;
    }
    let old = format!("/{old}");
    shared.emit_container(&mut state, &id, "rename", &[("oldName", &old)]);
    Ok(empty(204))
}

/// `DELETE /containers/{id}`.
pub fn remove(shared: &Arc<Shared>, request: &Request, reference: &str) -> Answer {
    let mut state = shared.lock();
    let container = state.container(reference)?;
    let (id, force) = (container.id.clone(), request.flag("force"));
    let state_word = match container.phase {
        Phase::Running => Some("running"),
        Phase::Paused => Some("paused"),
        Phase::Restarting => Some("restarting"),
        _ => None,
    };
    if let Some(word) = state_word {
        if !force {
            let unpause = if word == "paused" { "Unpause and then stop" } else { "Stop" };
            return fail(
                409,
                if shared.is_28() {
                    let todo = if word == "paused" { "unpause and then stop" } else { "stop" };
                    format!(
                        "cannot remove container \"{}\": container is {word}: {todo} the container before removing or force remove",
                        container.name
                    )
                } else {
                    format!(
                        "You cannot remove a {word} container {id}. {unpause} the container before attempting removal or force remove"
                    )
                },
            );
        }
        container.stopped_by_hand = true;
        if container.is_running() {
            shared.signal(&mut state, &id, 9);
        }
    }
    shared.destroy(&mut state, &id, request.flag("v"));
    Ok(empty(204))
}

/// `POST /containers/{id}/wait`: the headers come at once, the code at the end.
pub fn wait(shared: &Arc<Shared>, request: &Request, reference: &str) -> Answer {
    let mut state = shared.lock();
    let container = state.container(reference)?;
    let (id, run) = (container.id.clone(), container.run);
    let condition = request.query("condition").unwrap_or("not-running").to_owned();
    if !["not-running", "next-exit", "removed", ""].contains(&condition.as_str()) {
        return fail(400, format!("invalid condition: \"{condition}\""));
    }
    drop(state);
    let (shared, guard) = (Arc::clone(shared), shared.enter(StreamKind::Wait));
    let answer = async move {
        let _guard = guard;
        let mut last = 0;
        let next = condition == "next-exit";
        let started_run = shared.lock().containers.get(&id).filter(|c| c.is_running()).map(|c| c.run);
        let code = shared
            .until(|state| {
                let Some(c) = state.containers.get(&id) else {
                    return Some(last);
                };
                last = c.exit_code;
                let over = !c.is_running();
                let done = match condition.as_str() {
                    "removed" => false,
                    _ if next => {
                        c.run > run + u64::from(started_run.is_none())
                            || (over && c.run == run + u64::from(started_run.is_none()))
                    }
                    _ => (over && c.phase != Phase::Restarting) || c.run > run,
                };
                done.then_some(c.exit_code)
            })
            .await;
        let value =
            if shared.is_28() { json!({ "StatusCode": code }) } else { json!({ "Error": null, "StatusCode": code }) };
        Ok(Bytes::from(format!("{value}\n")))
    };
    Ok(respond_stream("application/json", futures::stream::once(answer)))
}

/// `POST /containers/{id}/update`.
pub fn update(shared: &Arc<Shared>, reference: &str, body: &Value) -> Answer {
    let mut state = shared.lock();
    let container = state.container(reference)?;
    check_memory(body["Memory"].as_i64().unwrap_or(0))?;
    let id = container.id.clone();
    merge(&mut container.host_config, body, &[]);
    shared.emit_container(&mut state, &id, "update", &[]);
    ok(200, &json!({ "Warnings": null }))
}

/// `GET /containers/{id}/top`.
pub fn top(shared: &Arc<Shared>, reference: &str) -> Answer {
    let mut state = shared.lock();
    let container = state.container(reference)?;
    let id = container.id.clone();
    if !container.is_running() {
        let word = if shared.is_28() { "container" } else { "Container" };
        return fail(409, format!("{word} {id} is not running"));
    }
    let row = |pid: u32, command: &str| json!(["root", pid.to_string(), "1", "0", "10:54", "?", "00:00:00", command]);
    let mut rows = vec![row(container.pid, &container.argv().join(" "))];
    let execs = container.execs.clone();
    for exec in execs.iter().filter_map(|id| state.execs.get(id)).filter(|exec| exec.running) {
        rows.push(row(exec.pid, &exec.argv().join(" ")));
    }
    shared.emit_container(&mut state, &id, "top", &[]);
    ok(
        200,
        &json!({
            "Processes": rows,
            "Titles": ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"],
        }),
    )
}

/// `PUT /containers/{id}/archive`.
pub fn put_archive(shared: &Arc<Shared>, request: &Request, reference: &str, tar: Bytes) -> Answer {
    let mut state = shared.lock();
    let container = state.container(reference)?;
    let path = request.query("path").unwrap_or_default();
    if path.is_empty() {
        return fail(400, "missing required path: query parameter");
    }
    if path.starts_with("/nosuch") {
        return fail(404, format!("Could not find the file {path} in container {reference}"));
    }
    let id = container.id.clone();
    container.size_rw += tar.len() as u64;
    container.archives.push((path.to_owned(), tar));
    shared.emit_container(&mut state, &id, "extract-to-dir", &[]);
    Ok(empty(200))
}

/// `HEAD` and `GET /containers/{id}/archive`: there are the shell's programs and what was put in by that very path.
pub fn get_archive(shared: &Arc<Shared>, request: &Request, reference: &str) -> Answer {
    let mut state = shared.lock();
    let container = state.container(reference)?;
    let path = request.query("path").unwrap_or_default();
    let put = container.archives.iter().rev().find(|(known, _)| known == path).map(|(_, tar)| tar.clone());
    let name = path.rsplit('/').next().unwrap_or_default();
    let program = path.starts_with("/bin/") && super::shell::has(container, name);
    if put.is_none() && !program && path != "/" {
        return fail(404, format!("Could not find the file {path} in container {reference}"));
    }
    let stat = json!({
        "name": name, "size": 1_984_132, "mode": if program { 0o755 } else { 0o644 },
        "mtime": super::state::stamp(Some(container.created)), "linkTarget": "",
    });
    let stat = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, stat.to_string());
    let mut response = super::wire::respond(200, "application/x-tar", put.unwrap_or_default());
    if let Ok(stat) = stat.parse() {
        response.headers_mut().insert("x-docker-container-path-stat", stat);
    }
    Ok(response)
}

/// `POST /containers/{id}/resize`.
pub fn resize(shared: &Arc<Shared>, request: &Request, reference: &str) -> Answer {
    let size = super::exec::size_of(request)?;
    let mut state = shared.lock();
    let container = state.container(reference)?;
    let id = container.id.clone();
    if !container.is_running() {
        return fail(409, format!("Container {id} is not running"));
    }
    container.tty_size = size;
    let (height, width) = (size.0.to_string(), size.1.to_string());
    let extra = [("height", height.as_str()), ("width", width.as_str())];
    shared.emit_container(&mut state, &id, "resize", &extra);
    Ok(empty(200))
}

/// `POST /containers/prune`.
pub fn prune(shared: &Arc<Shared>, request: &Request) -> Answer {
    let filters = Filters::parse(shared, request.query("filters"), &["label", "label!", "until"])?;
    let mut state = shared.lock();
    let gone: Vec<String> = state
        .newest()
        .filter(|c| matches!(c.phase, Phase::Created | Phase::Exited))
        .filter(|c| filters.all_labels(&string_map(&c.config["Labels"])))
        .map(|c| c.id.clone())
        .collect();
    let bytes: u64 = gone.iter().filter_map(|id| state.containers.get(id)).map(|c| c.size_rw).sum();
    for id in &gone {
        shared.destroy(&mut state, id, false);
    }
    let reclaimed = bytes.to_string();
    shared.emit_other(&mut state, "container", "prune", "", &[("reclaimed", &reclaimed)]);
    let gone = if gone.is_empty() { Value::Null } else { json!(gone) };
    ok(200, &json!({ "ContainersDeleted": gone, "SpaceReclaimed": bytes }))
}
