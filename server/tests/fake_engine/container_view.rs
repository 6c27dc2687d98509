//! Containers as the list and inspect calls show them.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::container::{BoundPort, Container, Mount, Phase, keys};
use super::network::Endpoint;
use super::state::{Shared, State, stamp};

/// One entry of `GET /containers/json`.
pub fn summary(shared: &Shared, state: &State, c: &Container, size: bool) -> Value {
    let mut value = json!({
        "Id": c.id, "Names": [format!("/{}", c.name)], "Image": image_shown(state, c),
        "ImageID": c.image_id, "Command": command_line(c), "Created": c.created.unix_timestamp(),
        "Ports": summary_ports(c), "Labels": c.config["Labels"], "State": c.phase.word(),
        "Status": status(c), "HostConfig": { "NetworkMode": c.network_mode() },
        "NetworkSettings": { "Networks": networks(shared, state, c, true) },
        "Mounts": c.mounts.iter().map(mount).collect::<Vec<_>>(),
    });
    if size {
        value["SizeRootFs"] = json!(image_size(state, c) + c.size_rw);
        if c.size_rw > 0 {
            value["SizeRw"] = json!(c.size_rw);
        }
    }
    value
}

/// `GET /containers/{id}/json`.
pub fn inspect(shared: &Shared, state: &State, c: &Container, size: bool) -> Value {
    let argv = c.argv();
    let dir = format!("/var/lib/docker/containers/{}", c.id);
    let ran = c.run > 0;
    let file = |name: &str| if ran { format!("{dir}/{name}") } else { String::new() };
    let running = c.is_running() || c.phase == Phase::Restarting;
    let mut current = json!({
        "Status": c.phase.word(), "Running": running, "Paused": c.phase == Phase::Paused,
        "Restarting": c.phase == Phase::Restarting, "OOMKilled": c.oom_killed, "Dead": false,
        "Pid": c.pid, "ExitCode": c.exit_code, "Error": c.error, "StartedAt": stamp(c.started),
        "FinishedAt": stamp(c.finished),
    });
    if let Some(health) = &c.health {
        current["Health"] = health.json();
    }
    let execs: Vec<&String> =
        c.execs.iter().filter(|id| state.execs.get(*id).is_some_and(|exec| exec.running)).collect();
    let layer = |end: &str| format!("/var/lib/docker/overlay2/{}{end}", c.id);
    let mut value = json!({
        "Id": c.id, "Created": stamp(Some(c.created)),
        "Path": argv.first().cloned().unwrap_or_default(),
        "Args": argv.get(1..).unwrap_or_default(), "State": current, "Image": c.image_id,
        "ResolvConfPath": file("resolv.conf"), "HostnamePath": file("hostname"),
        "HostsPath": file("hosts"), "LogPath": file(&format!("{}-json.log", c.id)),
        "Name": format!("/{}", c.name), "RestartCount": c.restart_count, "Driver": "overlay2",
        "Platform": "linux", "MountLabel": "", "ProcessLabel": "", "AppArmorProfile": "",
        "ExecIDs": if execs.is_empty() { Value::Null } else { json!(execs) },
        "HostConfig": c.host_config,
        "GraphDriver": {
            "Data": {
                "LowerDir": layer("-init/diff"), "MergedDir": layer("/merged"),
                "UpperDir": layer("/diff"), "WorkDir": layer("/work"),
            },
            "Name": "overlay2",
        },
        "Mounts": c.mounts.iter().map(mount).collect::<Vec<_>>(), "Config": c.config,
        "NetworkSettings": network_settings(shared, state, c),
    });
    if shared.is_28() {
        value["GraphDriver"]["Data"]["ID"] = json!(c.id);
    }
    if size {
        value["SizeRootFs"] = json!(image_size(state, c) + c.size_rw);
        value["SizeRw"] = json!(c.size_rw);
    }
    value
}

fn image_size(state: &State, c: &Container) -> u64 {
    let image = state.images.iter().find(|image| image.id == c.image_id);
    image.map_or(0, super::image::Image::size)
}

/// The name used at create, or the id once that name stands for another image.
fn image_shown(state: &State, c: &Container) -> String {
    match state.image(&c.image) {
        Some(image) if image.id == c.image_id => c.image.clone(),
        _ => c.image_id.clone(),
    }
}

/// The command with arguments of several words in quotes.
fn command_line(c: &Container) -> String {
    let argv = c.argv();
    let words: Vec<String> = argv
        .iter()
        .enumerate()
        .map(|(at, word)| {
            if at > 0 && (word.contains(char::is_whitespace) || word.is_empty()) {
                format!("'{word}'")
            } else {
                word.clone()
            }
        })
        .collect();
    words.join(" ")
}

/// `Up 2 seconds (healthy)`, `Exited (137) 3 minutes ago` …
fn status(c: &Container) -> String {
    let now = OffsetDateTime::now_utc();
    let since = |time: Option<OffsetDateTime>| human(now - time.unwrap_or(now));
    match c.phase {
        Phase::Created => "Created".into(),
        Phase::Paused => format!("Up {} (Paused)", since(c.started)),
        Phase::Restarting => format!("Restarting ({}) {} ago", c.exit_code, since(c.finished)),
        Phase::Exited => format!("Exited ({}) {} ago", c.exit_code, since(c.finished)),
        Phase::Running => {
            let up = format!("Up {}", since(c.started));
            match c.health.as_ref().map(|health| health.status.as_str()) {
                None => up,
                Some("starting") => format!("{up} (health: starting)"),
                Some(status) => format!("{up} ({status})"),
            }
        }
    }
}

fn human(span: time::Duration) -> String {
    let seconds = span.whole_seconds();
    let (minutes, hours) = (span.whole_minutes(), span.whole_hours());
    match (seconds, minutes, hours) {
        (..1, ..) => "Less than a second".into(),
        (1, ..) => "1 second".into(),
        (2..60, ..) => format!("{seconds} seconds"),
        (_, 1, _) => "About a minute".into(),
        (_, 2..60, _) => format!("{minutes} minutes"),
        (.., 1) => "About an hour".into(),
        (.., 2..48) => format!("{hours} hours"),
        _ => format!("{} days", hours / 24),
    }
}

fn summary_ports(c: &Container) -> Vec<Value> {
    if !c.is_running() {
        return Vec::new();
    }
    let mut ports = Vec::new();
    for private in keys(&c.config["ExposedPorts"]) {
        let bound: Vec<&BoundPort> = c.ports.iter().filter(|port| port.private == private).collect();
        let (number, protocol) = private.split_once('/').unwrap_or((&private, "tcp"));
        let number: u16 = number.parse().unwrap_or(0);
        if bound.is_empty() {
            ports.push(json!({ "PrivatePort": number, "Type": protocol }));
        }
        for port in bound {
            ports.push(json!({
                "IP": port.address, "PrivatePort": port.private_port(), "PublicPort": port.public,
                "Type": port.protocol(),
            }));
        }
    }
    ports
}

fn mount(m: &Mount) -> Value {
    let mut value = json!({
        "Type": m.kind, "Source": m.source, "Destination": m.target, "Mode": m.mode,
        "RW": m.writable, "Propagation": m.propagation,
    });
    if let Some(name) = &m.name {
        value["Name"] = json!(name);
        value["Driver"] = json!("local");
    }
    value
}

fn endpoint(shared: &Shared, state: &State, c: &Container, network: &str, e: &Endpoint, brief: bool) -> Value {
    let found = state.network(network);
    let id = found.filter(|_| c.run > 0).map_or("", |network| network.id.as_str());
    let length = found.filter(|_| !e.address.is_empty()).map_or(0, super::network::Network::prefix_length);
    let asked = |key: &str| e.asked.get(key).cloned().unwrap_or(Value::Null);
    let mut value = json!({
        "IPAMConfig": asked("IPAMConfig"), "Links": asked("Links"),
        "Aliases": if brief { Value::Null } else { asked("Aliases") },
        "NetworkID": id, "EndpointID": e.endpoint_id, "Gateway": e.gateway,
        "IPAddress": e.address, "IPPrefixLen": length, "IPv6Gateway": "",
        "GlobalIPv6Address": "", "GlobalIPv6PrefixLen": 0, "MacAddress": e.mac,
        "DriverOpts": asked("DriverOpts"),
    });
    if shared.is_28() {
        value["GwPriority"] = json!(0);
        value["DNSNames"] = Value::Null;
        if !brief && found.is_some_and(|n| !n.predefined) {
            let mut names = vec![c.name.clone()];
            names.extend(super::container::strings(&asked("Aliases")));
            names.push(c.id[..12].to_owned());
            names.dedup();
            value["DNSNames"] = json!(names);
        }
    }
    value
}

fn networks(shared: &Shared, state: &State, c: &Container, brief: bool) -> Value {
    c.networks
        .iter()
        .map(|(name, e)| (name.clone(), endpoint(shared, state, c, name, e, brief)))
        .collect::<Map<_, _>>()
        .into()
}

fn network_settings(shared: &Shared, state: &State, c: &Container) -> Value {
    let mut ports = Map::new();
    if c.is_running() {
        for private in keys(&c.config["ExposedPorts"]) {
            let bound: Vec<Value> = c
                .ports
                .iter()
                .filter(|port| port.private == private)
                .map(|p| json!({ "HostIp": p.address, "HostPort": p.public.to_string() }))
                .collect();
            let bound = if bound.is_empty() { Value::Null } else { json!(bound) };
            ports.insert(private, bound);
        }
    }
    let bridge = c.networks.get("bridge").cloned().unwrap_or_default();
    let sandbox = if c.run > 0 { c.id.as_str() } else { "" };
    let key = if c.run > 0 { format!("/var/run/docker/netns/{}", &c.id[..12]) } else { String::new() };
    json!({
        "Bridge": "", "SandboxID": sandbox, "HairpinMode": false, "LinkLocalIPv6Address": "",
        "LinkLocalIPv6PrefixLen": 0, "Ports": ports, "SandboxKey": key,
        "SecondaryIPAddresses": null, "SecondaryIPv6Addresses": null,
        "EndpointID": bridge.endpoint_id, "Gateway": bridge.gateway, "GlobalIPv6Address": "",
        "GlobalIPv6PrefixLen": 0, "IPAddress": bridge.address,
        "IPPrefixLen": if bridge.address.is_empty() { 0 } else { 16 }, "IPv6Gateway": "",
        "MacAddress": bridge.mac, "Networks": networks(shared, state, c, false),
    })
}
