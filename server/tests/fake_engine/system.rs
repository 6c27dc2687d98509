//! Ping, version, info, disk use, login.

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::Flavour;
use super::container::Phase;
use super::state::{Shared, stamp};
use super::stats::{CORES, MEMORY};
use super::wire::{Answer, fail, ok, respond};
use super::{container_view, image, volume};

/// `GET` and `HEAD /_ping`.
pub fn ping(shared: &Shared) -> Answer {
    let mut response = respond(200, "text/plain; charset=utf-8", "OK");
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: &'static str| {
        headers.insert(name, hyper::header::HeaderValue::from_static(value));
    };
    set("Cache-Control", "no-cache, no-store, must-revalidate");
    set("Pragma", "no-cache");
    if shared.is_28() {
        set("Builder-Version", "2");
        set("Swarm", "inactive");
    }
    Ok(response)
}

/// `GET /version`.
pub fn version(shared: &Shared) -> Answer {
    let options = &shared.options;
    let engine = options.version();
    let (commit, go, containerd) = match options.flavour {
        Flavour::Docker20 => ("5d6db84", "go1.19.8", "1.6.20~ds1"),
        Flavour::Docker28 => ("3ef3c07c883be49a2e8097bcf6d2952fce1d70eb", "go1.24.9", "2.1.9"),
    };
    let built = "2026-05-07T21:09:36.000000000+00:00";
    ok(
        200,
        &json!({
            "Platform": { "Name": "" },
            "Components": [
                { "Name": "Engine", "Version": engine, "Details": {
                    "ApiVersion": options.api_version(), "Arch": "amd64", "BuildTime": built,
                    "Experimental": "false", "GitCommit": commit, "GoVersion": go,
                    "KernelVersion": "6.1.0-fake", "MinAPIVersion": options.min_api_version(), "Os": "linux",
                } },
                { "Name": "containerd", "Version": containerd, "Details": { "GitCommit": "" } },
                { "Name": "runc", "Version": "1.1.5+ds1", "Details": { "GitCommit": "" } },
                { "Name": "docker-init", "Version": "0.19.0", "Details": { "GitCommit": "" } },
            ],
            "Version": engine, "ApiVersion": options.api_version(),
            "MinAPIVersion": options.min_api_version(), "GitCommit": commit, "GoVersion": go,
            "Os": "linux", "Arch": "amd64", "KernelVersion": "6.1.0-fake", "BuildTime": built,
        }),
    )
}

/// `GET /info`.
pub fn info(shared: &Shared) -> Answer {
    let state = shared.lock();
    let count = |phases: &[Phase]| state.containers.values().filter(|c| phases.contains(&c.phase)).count();
    let mut value: Value = serde_json::from_str(include_str!("info.json")).expect("the constant part is JSON");
    let moving = json!({
        "Containers": state.containers.len(),
        "ContainersRunning": count(&[Phase::Running, Phase::Restarting]),
        "ContainersPaused": count(&[Phase::Paused]),
        "ContainersStopped": count(&[Phase::Created, Phase::Exited]),
        "Images": state.images.len(), "SystemTime": stamp(Some(OffsetDateTime::now_utc())),
        "CgroupVersion": if shared.is_28() { "2" } else { "1" },
        "NEventsListener": shared.counts.open(super::StreamKind::Events), "NCPU": CORES,
        "MemTotal": MEMORY, "ServerVersion": shared.options.version(),
    });
    super::container::merge(&mut value, &moving, &[]);
    if shared.is_28() {
        for tool in ["ContainerdCommit", "RuncCommit", "InitCommit"] {
            value[tool] = json!({ "ID": value[tool]["ID"] });
        }
        value["RegistryConfig"] = json!({
            "InsecureRegistryCIDRs": ["::1/128", "127.0.0.0/8"], "Mirrors": null,
            "IndexConfigs": value["RegistryConfig"]["IndexConfigs"],
        });
        value["CDISpecDirs"] = json!(["/etc/cdi", "/var/run/cdi"]);
        value["Containerd"] = json!({
            "Address": "/run/containerd/containerd.sock",
            "Namespaces": { "Containers": "moby", "Plugins": "plugins.moby" },
        });
        value["FirewallBackend"] = json!({ "Driver": "iptables" });
    } else {
        value["KernelMemory"] = json!(true);
        value["BridgeNfIptables"] = json!(true);
        value["BridgeNfIp6tables"] = json!(true);
    }
    ok(200, &value)
}

/// `GET /system/df`.
pub fn disk_use(shared: &Shared) -> Answer {
    let state = shared.lock();
    let containers: Vec<Value> = state.newest().map(|c| container_view::summary(shared, &state, c, true)).collect();
    let layers: u64 = state.images.iter().map(image::Image::size).sum();
    let mut value = json!({
        "LayersSize": layers, "Images": image::disk_use(shared, &state), "Containers": containers,
        "Volumes": volume::disk_use(&state),
    });
    if shared.is_28() {
        value["BuildCache"] = json!([]);
    } else {
        value["BuildCache"] = Value::Null;
        value["BuilderSize"] = json!(0);
    }
    ok(200, &value)
}

/// `GET /swarm` and the like on an engine that is in no swarm.
pub fn no_swarm() -> Answer {
    fail(
        503,
        "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again.",
    )
}
