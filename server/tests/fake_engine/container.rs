//! A container as the engine holds it, and how a create call becomes one.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use tokio::sync::{Notify, mpsc};
use tokio::task::AbortHandle;

use super::behaviour::Behaviour;
use super::health::HealthState;
use super::image::Image;
use super::log_store::LogStore;
use super::network::Endpoint;

/// Where a container is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Created,
    Running,
    Paused,
    Restarting,
    Exited,
}

impl Phase {
    pub fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Restarting => "restarting",
            Self::Exited => "exited",
        }
    }
}

/// A mount point.
#[derive(Debug, Clone)]
pub struct Mount {
    /// `volume`, `bind`, `tmpfs`.
    pub kind: String,
    /// The volume's name.
    pub name: Option<String>,
    pub source: String,
    pub target: String,
    pub mode: String,
    pub writable: bool,
    pub propagation: String,
    /// Whether the engine made the volume without a name given.
    pub anonymous: bool,
}

/// A published port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundPort {
    /// `80/tcp`.
    pub private: String,
    /// `0.0.0.0`, `::` or an address.
    pub address: String,
    pub public: u16,
}

impl BoundPort {
    pub fn protocol(&self) -> &str {
        self.private.split_once('/').map_or("tcp", |(_, p)| p)
    }

    pub fn private_port(&self) -> u16 {
        let text = self.private.split('/').next().unwrap_or_default();
        text.parse().unwrap_or(0)
    }
}

/// A container.
#[derive(Debug)]
pub struct Container {
    pub id: String,
    pub name: String,
    /// As the create call named it.
    pub image: String,
    pub image_id: String,
    pub created: OffsetDateTime,
    pub config: Value,
    pub host_config: Value,
    pub networks: BTreeMap<String, Endpoint>,
    pub mounts: Vec<Mount>,
    pub ports: Vec<BoundPort>,
    pub phase: Phase,
    pub pid: u32,
    pub exit_code: i64,
    pub error: String,
    pub oom_killed: bool,
    pub started: Option<OffsetDateTime>,
    pub finished: Option<OffsetDateTime>,
    pub restart_count: u32,
    /// Failures in a row, for the wait before the next restart.
    pub failures: u32,
    pub stopped_by_hand: bool,
    pub health: Option<HealthState>,
    pub behaviour: Behaviour,
    pub log: LogStore,
    pub log_notify: Arc<Notify>,
    /// Counts the starts: work for an older run has no effect.
    pub run: u64,
    pub tasks: Vec<AbortHandle>,
    pub ignores_sigterm: bool,
    pub stdin: Option<mpsc::Sender<Bytes>>,
    pub tty_size: (u16, u16),
    pub execs: Vec<String>,
    /// Archives put in: path and tar bytes.
    pub archives: Vec<(String, Bytes)>,
    /// Bytes written to its own layer.
    pub size_rw: u64,
}

impl Container {
    pub fn tty(&self) -> bool {
        self.config["Tty"].as_bool().unwrap_or(false)
    }

    pub fn labels(&self) -> BTreeMap<String, String> {
        string_map(&self.config["Labels"])
    }

    pub fn label(&self, key: &str) -> Option<&str> {
        self.config["Labels"][key].as_str()
    }

    /// Entrypoint and command as one list.
    pub fn argv(&self) -> Vec<String> {
        let mut argv = strings(&self.config["Entrypoint"]);
        argv.extend(strings(&self.config["Cmd"]));
        argv
    }

    pub fn restart_policy(&self) -> &str {
        self.host_config["RestartPolicy"]["Name"].as_str().unwrap_or_default()
    }

    pub fn auto_remove(&self) -> bool {
        self.host_config["AutoRemove"].as_bool().unwrap_or(false)
    }

    pub fn network_mode(&self) -> &str {
        self.host_config["NetworkMode"].as_str().unwrap_or("default")
    }

    pub fn is_running(&self) -> bool {
        matches!(self.phase, Phase::Running | Phase::Paused)
    }

    pub fn stop_signal(&self) -> &str {
        self.config["StopSignal"].as_str().unwrap_or("SIGTERM")
    }
}

pub fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect(),
        Value::String(one) => vec![one.clone()],
        _ => Vec::new(),
    }
}

pub fn string_map(value: &Value) -> BTreeMap<String, String> {
    let Some(map) = value.as_object() else {
        return BTreeMap::new();
    };
    map.iter().map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
}

/// The configuration as inspect shows it: what was asked, the engine's defaults, what the image adds.
pub fn config_of(asked: &Value, id: &str, image: &Image) -> Value {
    let mut config = json!({
        "Hostname": &id[..12], "Domainname": "", "User": "", "AttachStdin": false,
        "AttachStdout": false, "AttachStderr": false, "Tty": false, "OpenStdin": false,
        "StdinOnce": false, "Env": null, "Cmd": null, "Image": "", "Volumes": null,
        "WorkingDir": "", "Entrypoint": null, "OnBuild": null, "Labels": {},
    });
    merge(&mut config, asked, &["HostConfig", "NetworkingConfig"]);
    if config["Hostname"] == "" {
        config["Hostname"] = json!(&id[..12]);
    }
    let given = |value: &Value| !(value.is_null() || *value == json!([]) || *value == "");
    if !given(&config["Entrypoint"]) {
        config["Entrypoint"] = image.config["Entrypoint"].clone();
        if !given(&config["Cmd"]) {
            config["Cmd"] = image.config["Cmd"].clone();
        }
    }
    for key in ["WorkingDir", "User", "Healthcheck", "StopSignal"] {
        if !given(&config[key]) && given(&image.config[key]) {
            config[key] = image.config[key].clone();
        }
    }
    for key in ["ExposedPorts", "Volumes", "Labels"] {
        if let Some(from_image) = image.config[key].as_object().filter(|map| !map.is_empty()) {
            let mut merged = from_image.clone();
            if let Some(own) = config[key].as_object() {
                merged.extend(own.clone());
            }
            config[key] = Value::Object(merged);
        }
    }
    let own = strings(&config["Env"]);
    let names: Vec<&str> = own.iter().filter_map(|e| e.split('=').next()).collect();
    let mut env: Vec<String> = strings(&image.config["Env"])
        .into_iter()
        .filter(|e| !names.contains(&e.split('=').next().unwrap_or_default()))
        .collect();
    env.splice(0..0, own.iter().cloned());
    if !env.is_empty() {
        config["Env"] = json!(env);
    }
    for key in ["ExposedPorts", "Healthcheck", "StopSignal"] {
        if config[key].is_null()
            && let Some(map) = config.as_object_mut()
        {
            map.remove(key);
        }
    }
    config
}

/// The host configuration with the engine's defaults.
pub fn host_config_of(asked: &Value, is_28: bool) -> Value {
    let mut host: Value = serde_json::from_str(include_str!("host_config.json")).expect("the defaults are JSON");
    merge(&mut host, asked, &[]);
    if host["NetworkMode"] == "" || (is_28 && host["NetworkMode"] == "default") {
        host["NetworkMode"] = json!(if is_28 { "bridge" } else { "default" });
    }
    if !is_28 {
        for key in ["KernelMemory", "KernelMemoryTCP"] {
            if host[key].is_null() {
                host[key] = json!(0);
            }
        }
    }
    if is_28 && host["RestartPolicy"]["Name"] == "" {
        host["RestartPolicy"]["Name"] = json!("no");
    }
    if host["LogConfig"]["Type"] == "" {
        host["LogConfig"]["Type"] = json!("json-file");
    }
    // Without a host configuration the runtime is filled in by the first start.
    if asked.is_null()
        && !is_28
        && let Some(map) = host.as_object_mut()
    {
        map.remove("Runtime");
    }
    if host["Runtime"] == "" {
        host["Runtime"] = json!("runc");
    }
    if host["ShmSize"] == 0 {
        host["ShmSize"] = json!(67_108_864);
    }
    let memory = host["Memory"].as_i64().unwrap_or(0);
    if memory > 0 && host["MemorySwap"] == 0 {
        host["MemorySwap"] = json!(memory * 2);
    }
    if let Some(bindings) = host["PortBindings"].as_object_mut() {
        for binding in bindings.values_mut().filter_map(Value::as_array_mut).flatten() {
            let mut whole = json!({ "HostIp": "", "HostPort": "" });
            merge(&mut whole, binding, &[]);
            *binding = whole;
        }
    }
    host
}

/// Puts the fields of `over` that are not null on `base`; objects one level deep are merged.
pub fn merge(base: &mut Value, over: &Value, without: &[&str]) {
    let (Some(base), Some(over)) = (base.as_object_mut(), over.as_object()) else {
        return;
    };
    for (key, value) in over {
        if value.is_null() || without.contains(&key.as_str()) {
            continue;
        }
        match (base.get_mut(key), value) {
            (Some(Value::Object(into)), Value::Object(from)) if key != "Labels" => {
                into.extend(from.clone().into_iter().filter(|(_, v)| !v.is_null()));
            }
            _ => {
                base.insert(key.clone(), value.clone());
            }
        }
    }
}

/// The keys of a set written as `{"80/tcp": {}}`.
pub fn keys(value: &Value) -> Vec<String> {
    value.as_object().map(|map: &Map<String, Value>| map.keys().cloned().collect()).unwrap_or_default()
}
