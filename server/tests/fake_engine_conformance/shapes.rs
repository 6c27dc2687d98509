//! Which fields there are: the same paths as in answers recorded from real engines.

use std::collections::BTreeSet;

use super::*;

/// Every path of a value; keys that are names or ids become `*`, items of lists `[]`.
fn paths(value: &Value, at: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let named = [
                    "Networks",
                    "Labels",
                    "Containers",
                    "ExposedPorts",
                    "Ports",
                    "PortBindings",
                    "IndexConfigs",
                    "Attributes",
                    "stats",
                    "networks",
                ];
                let open = named.iter().any(|name| at.ends_with(&format!(".{name}")));
                let key = if open { "*" } else { key.as_str() };
                paths(value, &format!("{at}.{key}"), found);
            }
        }
        Value::Array(items) => {
            for item in items {
                paths(item, &format!("{at}[]"), found);
            }
        }
        _ => {}
    }
    found.insert(at.to_owned());
}

fn recorded(text: &str, what: &str) -> BTreeSet<String> {
    let recorded: Value = serde_json::from_str(text).expect("the recording is JSON");
    let paths = recorded[what].as_array().cloned().unwrap_or_default();
    paths.iter().filter_map(|path| path.as_str().map(str::to_owned)).collect()
}

/// Compares with the recording of the same engine; an engine of another version must have what both recordings have.
async fn holds(s: &Subject, what: &str, value: &Value) {
    let mut found = BTreeSet::new();
    paths(value, "", &mut found);
    // How the recordings are made: one line of JSON for each, from a real engine.
    if let Ok(file) = std::env::var("GANTRY_RECORD_SHAPES") {
        use std::io::Write;
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(file).expect("the file");
        writeln!(file, "{}", json!({ what: found })).expect("the file");
        return;
    }
    let old = recorded(include_str!("recorded_20.json"), what);
    let new = recorded(include_str!("recorded_28.json"), what);
    let engine = s.docker.version().await.expect("version").version.unwrap_or_default();
    let (wanted, exact) = match engine.as_str() {
        "20.10.24+dfsg1" => (old, true),
        "28.5.2+dfsg4" => (new, true),
        _ => (old.intersection(&new).cloned().collect(), false),
    };
    assert!(!wanted.is_empty(), "no recording of {what}");
    let missing: Vec<_> = wanted.difference(&found).collect();
    let extra: Vec<_> = found.difference(&wanted).filter(|_| exact).collect();
    assert!(missing.is_empty() && extra.is_empty(), "{what}: missing {missing:?}, extra {extra:?}");
}

async fn get(s: &Subject, path: &str) -> Value {
    let (status, value) = s.call("GET", path, None).await;
    assert_eq!(status, 200, "{path}: {value}");
    value
}

fn with<'a>(list: &'a Value, key: &str, wanted: &str) -> &'a Value {
    let fits = |item: &&Value| item[key] == wanted;
    list.as_array().expect("a list").iter().find(fits).expect("the item")
}

/// A container with one of everything, in a network of its own.
async fn rich(s: &Subject) -> (String, String) {
    let (net, vol) = (s.name("shape"), s.name("shapevol"));
    s.call("POST", "/networks/create", Some(json!({ "Name": net, "Labels": { "a": "b" } }))).await;
    let body = json!({ "Name": vol, "Labels": { "a": "b" } });
    s.call("POST", "/volumes/create", Some(body)).await;
    let second = 1_000_000_000_i64;
    let more = json!({
        "Env": ["A=b"], "ExposedPorts": { "80/tcp": {}, "81/tcp": {} },
        "Healthcheck": { "Test": ["CMD", "true"], "Interval": second },
        "HostConfig": {
            "NetworkMode": net, "Binds": [format!("{vol}:/data")],
            "PortBindings": { "80/tcp": [{ "HostPort": "" }] },
            "RestartPolicy": { "Name": "unless-stopped" }, "Memory": 67_108_864,
        },
        "NetworkingConfig": { "EndpointsConfig": { &net: { "Aliases": ["web"] } } },
    });
    let id = s.run("shape", &["sleep", "1000"], more).await;
    let healthy = async {
        while s.inspect(&id).await["State"]["Health"]["Status"] != "healthy" {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, healthy).await.expect("healthy in time");
    (id, net)
}

async fn poor(s: &Subject, id: &str, net: &str) {
    s.call("DELETE", &format!("/containers/{id}?force=1"), None).await;
    s.call("DELETE", &format!("/networks/{net}"), None).await;
    s.call("DELETE", &format!("/volumes/{}", s.name("shapevol")), None).await;
}

pub async fn inspect_has_the_recorded_shape(s: &Subject) {
    let (id, net) = rich(s).await;
    holds(s, "container", &s.inspect(&id).await).await;
    holds(s, "network", &get(s, &format!("/networks/{net}")).await).await;
    holds(s, "volume", &get(s, &format!("/volumes/{}", s.name("shapevol"))).await).await;
    holds(s, "image", &get(s, &format!("/images/{IMAGE}/json")).await).await;
    holds(s, "history", &get(s, &format!("/images/{IMAGE}/history")).await[0]).await;
    let exec = s.exec(&id, &["true"], json!({})).await;
    holds(s, "exec", &get(s, &format!("/exec/{exec}/json")).await).await;
    let mut stats = get(s, &format!("/containers/{id}/stats?stream=0")).await;
    // What a kernel counts differs from host to host, most of all between cgroup versions.
    for cpu in ["cpu_stats", "precpu_stats"] {
        stats[cpu]["cpu_usage"].as_object_mut().expect("usage").remove("percpu_usage");
    }
    stats["memory_stats"].as_object_mut().expect("memory").remove("max_usage");
    stats["memory_stats"]["stats"] = json!({});
    stats["blkio_stats"] = json!({});
    holds(s, "stats", &stats).await;
    let mut info = get(s, "/info").await;
    info["Runtimes"] = json!({});
    info.as_object_mut().expect("facts").remove("DefaultAddressPools");
    holds(s, "info", &info).await;
    holds(s, "version", &get(s, "/version").await).await;
    s.call("POST", &format!("/containers/{id}/stop?t=0"), None).await;
    holds(s, "stopped container", &s.inspect(&id).await).await;
    let fresh = s.create("fresh", &["sleep", "1"], json!({})).await;
    holds(s, "fresh container", &s.inspect(&fresh).await).await;
    poor(s, &id, &net).await;
}

pub async fn lists_have_the_recorded_shape(s: &Subject) {
    let (id, net) = rich(s).await;
    let listed = get(s, "/containers/json?size=1").await;
    holds(s, "listed container", with(&listed, "Id", &id)).await;
    holds(s, "listed network", with(&get(s, "/networks").await, "Name", &net)).await;
    let image = get(s, &format!("/images/{IMAGE}/json")).await["Id"].as_str().expect("an id").to_owned();
    holds(s, "listed image", with(&get(s, "/images/json").await, "Id", &image)).await;
    let volumes = get(s, "/volumes").await;
    holds(s, "listed volume", with(&volumes["Volumes"], "Name", &s.name("shapevol"))).await;
    let df = get(s, "/system/df").await;
    holds(s, "disk use image", with(&df["Images"], "Id", &image)).await;
    holds(s, "disk use volume", with(&df["Volumes"], "Name", &s.name("shapevol"))).await;
    holds(s, "disk use container", with(&df["Containers"], "Id", &id)).await;
    poor(s, &id, &net).await;
}

pub async fn events_have_the_recorded_shape(s: &Subject) {
    let since = clock();
    let (id, net) = rich(s).await;
    s.exec_output(&id, &["true"]).await;
    s.call("POST", &format!("/containers/{id}/restart?t=0"), None).await;
    s.call("POST", &format!("/containers/{id}/stop?t=0"), None).await;
    poor(s, &id, &net).await;
    let path = format!("/events?since={since}&until={}", clock());
    let (_, bytes) = s.call_bytes("GET", &path, None).await;
    let mut kinds: std::collections::BTreeMap<String, Value> = std::collections::BTreeMap::new();
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    for event in lines.map(|line| serde_json::from_slice::<Value>(line).expect("an event")) {
        let about = |key: &str| event["Actor"]["Attributes"][key].as_str().unwrap_or_default().to_owned();
        let ours = about("name").starts_with(&s.prefix)
            || about("container") == id
            || event["Actor"]["ID"].as_str().is_some_and(|id| id.starts_with(&s.prefix));
        if ours {
            let action = event["Action"].as_str().unwrap_or_default().trim();
            // Attribute names are the shape here, so they are kept as keys.
            let mut shown = event.clone();
            let attributes = shown["Actor"]["Attributes"].take();
            shown["Actor"]["Names"] = attributes;
            kinds.insert(format!("{} {action}", event["Type"].as_str().unwrap_or_default()), shown);
        }
    }
    holds(s, "events", &json!(kinds)).await;
}
