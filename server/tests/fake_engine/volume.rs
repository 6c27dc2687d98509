//! Volumes: model and routes.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::container::string_map;
use super::filter::Filters;
use super::journal::Request;
use super::state::{Shared, State};
use super::wire::{Answer, EngineError, empty, fail, ok};

/// A volume.
#[derive(Debug, Clone)]
pub struct Volume {
    pub name: String,
    pub created: OffsetDateTime,
    /// Null where the create call named none.
    pub labels: Value,
    pub options: Value,
    pub anonymous: bool,
}

/// Where the engine keeps it.
pub fn mountpoint(name: &str) -> String {
    format!("/var/lib/docker/volumes/{name}/_data")
}

impl Volume {
    fn json(&self) -> Value {
        let whole = self.created.replace_nanosecond(0).unwrap_or(self.created);
        json!({
            "CreatedAt": super::state::stamp(Some(whole)), "Driver": "local",
            "Labels": self.labels, "Mountpoint": mountpoint(&self.name), "Name": self.name,
            "Options": self.options, "Scope": "local",
        })
    }

    fn labels(&self) -> BTreeMap<String, String> {
        string_map(&self.labels)
    }
}

impl Shared {
    /// Makes the volume when it is not there.
    pub fn ensure_volume(&self, state: &mut State, name: &str, asked: &Value) {
        if !state.volumes.contains_key(name) {
            let volume = Volume {
                name: name.to_owned(),
                created: OffsetDateTime::now_utc(),
                labels: asked["Labels"].clone(),
                options: asked["DriverOpts"].clone(),
                anonymous: name.len() == 64,
            };
            state.volumes.insert(name.to_owned(), volume);
        }
        self.emit_other(state, "volume", "create", name, &[("driver", "local")]);
    }

    pub fn drop_volume(&self, state: &mut State, name: &str) {
        if state.volumes.remove(name).is_some() {
            self.emit_other(state, "volume", "destroy", name, &[("driver", "local")]);
        }
    }
}

impl State {
    fn volume_users(&self, name: &str) -> Vec<&str> {
        self.newest()
            .filter(|c| c.mounts.iter().any(|m| m.name.as_deref() == Some(name)))
            .map(|c| c.id.as_str())
            .collect()
    }
}

/// The entries for `GET /system/df`.
pub fn disk_use(state: &State) -> Vec<Value> {
    let shown = |volume: &Volume| {
        let mut value = volume.json();
        let users = state.volume_users(&volume.name).len();
        value["UsageData"] = json!({ "RefCount": users, "Size": 4096 });
        value
    };
    state.volumes.values().map(shown).collect()
}

/// `GET /volumes`.
pub fn list(shared: &Shared, request: &Request) -> Answer {
    let known = ["dangling", "driver", "label", "name"];
    let filters = Filters::parse(shared, request.query("filters"), &known)?;
    let state = shared.lock();
    let volumes: Vec<Value> = state
        .volumes
        .values()
        .filter(|v| {
            filters.none_or("name", |wanted| v.name.contains(wanted))
                && filters.none_or("driver", |wanted| wanted == "local")
                && filters.none_or("dangling", |wanted| {
                    matches!(wanted, "true" | "1") == state.volume_users(&v.name).is_empty()
                })
                && filters.all_labels(&v.labels())
        })
        .map(Volume::json)
        .collect();
    ok(200, &json!({ "Volumes": volumes, "Warnings": null }))
}

fn missing(name: &str) -> EngineError {
    EngineError::new(404, format!("get {name}: no such volume"))
}

/// `GET /volumes/{name}`.
pub fn inspect(shared: &Shared, name: &str) -> Answer {
    let state = shared.lock();
    ok(200, &state.volumes.get(name).ok_or_else(|| missing(name))?.json())
}

/// `POST /volumes/create`: a name that is there already is no error.
pub fn create(shared: &Shared, body: &Value) -> Answer {
    let mut state = shared.lock();
    let name = match body["Name"].as_str().filter(|name| !name.is_empty()) {
        Some(name) => name.to_owned(),
        None => state.new_id(),
    };
    let driver = body["Driver"].as_str().filter(|driver| !driver.is_empty()).unwrap_or("local");
    if driver != "local" {
        return fail(
            404,
            format!("create {name}: error looking up volume plugin {driver}: plugin \"{driver}\" not found"),
        );
    }
    let good = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    if !name.chars().all(good) || name.len() < 2 {
        return fail(
            400,
            format!(
                "create {name}: \"{name}\" includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use absolute path"
            ),
        );
    }
    shared.ensure_volume(&mut state, &name, body);
    ok(201, &state.volumes[&name].json())
}

/// `DELETE /volumes/{name}`.
pub fn remove(shared: &Shared, request: &Request, name: &str) -> Answer {
    let mut state = shared.lock();
    if !state.volumes.contains_key(name) {
        return if request.flag("force") { Ok(empty(204)) } else { Err(missing(name)) };
    }
    let users = state.volume_users(name);
    if !users.is_empty() {
        return fail(409, format!("remove {name}: volume is in use - [{}]", users.join(", ")));
    }
    shared.drop_volume(&mut state, name);
    Ok(empty(204))
}

/// `POST /volumes/prune`: since 1.42 only volumes without a name, unless `all` is given.
pub fn prune(shared: &Shared, request: &Request) -> Answer {
    let known = ["label", "label!", "all"];
    let filters = Filters::parse(shared, request.query("filters"), &known)?;
    let minor = request.version.as_deref().and_then(|v| v.split('.').nth(1)?.parse::<u32>().ok());
    let all = minor.map_or(!shared.is_28(), |minor| minor < 42) || filters.any("all", |v| matches!(v, "true" | "1"));
    let mut state = shared.lock();
    let gone: Vec<String> = state
        .volumes
        .values()
        .filter(|v| (all || v.anonymous) && filters.all_labels(&v.labels()))
        .filter(|v| state.volume_users(&v.name).is_empty())
        .map(|v| v.name.clone())
        .collect();
    for name in &gone {
        shared.drop_volume(&mut state, name);
    }
    shared.emit_other(&mut state, "volume", "prune", "", &[("reclaimed", "0")]);
    let gone = if gone.is_empty() { Value::Null } else { json!(gone) };
    ok(200, &json!({ "VolumesDeleted": gone, "SpaceReclaimed": 0 }))
}
