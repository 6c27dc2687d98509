//! The cases: each does its own thing under its own names.

use bollard::models::{ContainerStateStatusEnum, HealthStatusEnum};

use super::*;

pub async fn says_who_it_is(s: &Subject) {
    assert_eq!(s.docker.ping().await.expect("ping"), "OK");
    let version = s.docker.version().await.expect("version");
    assert_eq!(version.api_version.as_deref(), Some(s.version.as_str()));
    let info = s.docker.info().await.expect("info");
    assert!(info.ncpu.is_some_and(|n| n > 0) && info.mem_total.is_some_and(|n| n > 0));
    s.docker.df(None::<q::DataUsageOptions>).await.expect("disk use");
}

pub async fn refuses_what_it_does_not_know(s: &Subject) {
    let (status, text) = s.refusal("GET", "/nonsense", None).await;
    assert_eq!((status, text.as_str()), (404, "page not found"));
    for path in ["/containers/nope/json", "/containers/nope/logs?stdout=1", "/containers/nope/stats?stream=0"] {
        let (status, text) = s.refusal("GET", path, None).await;
        assert_eq!((status, text.as_str()), (404, "No such container: nope"), "{path}");
    }
    let (status, text) = s.refusal("POST", "/containers/nope/kill", None).await;
    assert_eq!((status, text.to_lowercase().as_str()), (404, "cannot kill container: nope: no such container: nope"));
    for action in ["start", "stop", "restart", "pause", "unpause", "wait", "rename?name=xx"] {
        let (status, text) = s.refusal("POST", &format!("/containers/nope/{action}"), None).await;
        assert_eq!((status, text.as_str()), (404, "No such container: nope"), "{action}");
    }
    let (status, text) = s.refusal("GET", "/exec/nope/json", None).await;
    assert_eq!((status, text.as_str()), (404, "No such exec instance: nope"));
    let (status, text) = s.refusal("GET", "/networks/nope", None).await;
    assert_eq!((status, text.as_str()), (404, "network nope not found"));
    let (status, text) = s.refusal("GET", "/volumes/nope", None).await;
    assert_eq!((status, text.as_str()), (404, "get nope: no such volume"));
    assert_eq!(s.refusal("GET", "/images/nope/json", None).await.0, 404);
    assert_eq!(s.refusal("GET", "/containers/json?filters=%7B%22zz%22%3A%5B%22n%22%5D%7D", None).await.0, 400);
}

pub async fn a_container_lives_and_goes(s: &Subject) {
    let id = s.create("life", &["sleep", "1000"], json!({})).await;
    let state = s.docker.inspect_container(&id, None).await.expect("inspect").state.expect("state");
    assert_eq!(state.status, Some(ContainerStateStatusEnum::CREATED));
    let call = async |action: &str| s.call("POST", &format!("/containers/{id}/{action}"), None).await.0;
    assert_eq!(call("stop").await, 304);
    assert_eq!(call("start").await, 204);
    assert_eq!(call("start").await, 304);
    let (status, text) = s.refusal("DELETE", &format!("/containers/{id}"), None).await;
    assert_eq!(status, 409);
    assert!(text.contains("remove"), "{text}");
    assert_eq!(call("pause").await, 204);
    assert_eq!(call("pause").await, 409);
    assert_eq!(s.inspect(&id).await["State"]["Status"], "paused");
    assert_eq!(call("unpause").await, 204);
    assert_eq!(call("unpause").await, 500);
    assert_eq!(call(&format!("rename?name={}", s.name("other"))).await, 204);
    assert_eq!(s.inspect(&s.name("other")).await["Id"], id);
    assert_eq!(call("kill?signal=0").await, 400);
    assert_eq!(call("stop?t=0").await, 204);
    let state = s.inspect(&id).await["State"].clone();
    assert_eq!((&state["Status"], &state["ExitCode"], &state["Pid"]), (&json!("exited"), &json!(137), &json!(0)));
    assert_eq!(call("stop").await, 304);
    assert_eq!(call("kill").await, 409);
    assert_eq!(call("pause").await, 409);
    assert_eq!(call("restart?t=0").await, 204);
    assert_eq!(s.inspect(&id).await["State"]["Running"], true);
    assert_eq!(call("kill").await, 204);
    assert_eq!(s.ended(&id).await, 137);
    assert_eq!(s.call("DELETE", &format!("/containers/{id}"), None).await.0, 204);
    assert_eq!(s.call("DELETE", &format!("/containers/{id}"), None).await.0, 404);
}

pub async fn create_refuses_wrong_input(s: &Subject) {
    let create =
        async |name: &str, body: Value| s.refusal("POST", &format!("/containers/create?name={name}"), Some(body)).await;
    s.create("taken", &["sleep", "1"], json!({})).await;
    let (status, text) = create(&s.name("taken"), json!({ "Image": IMAGE })).await;
    assert_eq!(status, 409);
    assert!(
        text.starts_with(&format!(
            "Conflict. The container name \"/{}\" is already in use by container \"",
            s.name("taken")
        )),
        "{text}"
    );
    let (status, text) = create("aa", json!({ "Image": "nope:1" })).await;
    assert_eq!((status, text.as_str()), (404, "No such image: nope:1"));
    assert_eq!(create("-", json!({ "Image": IMAGE })).await.0, 400);
    assert_eq!(create("a", json!({ "Image": IMAGE })).await.0, 400);
    assert_eq!(create("aa", json!({})).await.0, 400);
    let (status, text) = create("aa", json!({ "Image": IMAGE, "HostConfig": { "Memory": 1000 } })).await;
    assert_eq!((status, text.as_str()), (400, "Minimum memory limit allowed is 6MB"));
    let two = json!({ "Image": IMAGE, "NetworkingConfig": { "EndpointsConfig": { "aaa": {}, "bbb": {} } } });
    let (status, text) = create(&s.name("two"), two).await;
    if s.is_new {
        assert_eq!(status, 201, "{text}");
        s.call("DELETE", &format!("/containers/{}", s.name("two")), None).await;
    } else {
        assert_eq!(status, 400);
        assert!(text.starts_with("Container cannot be connected to network endpoints: "), "{text}");
    }
}

pub async fn a_taken_port_is_named(s: &Subject) {
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("a port").port();
    let ports = json!({
        "ExposedPorts": { "80/tcp": {} },
        "HostConfig": { "PortBindings": { "80/tcp": [{ "HostPort": port.to_string() }] } },
    });
    let one = s.run("one", &["sleep", "1000"], ports.clone()).await;
    let bound = s.inspect(&one).await["NetworkSettings"]["Ports"]["80/tcp"].clone();
    assert_eq!(bound[0], json!({ "HostIp": "0.0.0.0", "HostPort": port.to_string() }));
    let two = s.create("two", &["sleep", "1000"], ports).await;
    let (status, text) = s.refusal("POST", &format!("/containers/{two}/start"), None).await;
    assert_eq!(status, 500);
    // Engine 28 may name the IPv6 half.
    let named = ["0.0.0.0", "::"].map(|address| format!("Bind for {address}:{port} failed: port is already allocated"));
    assert!(named.iter().any(|words| text.contains(words)), "{text}");
    let state = s.inspect(&two).await["State"].clone();
    assert_eq!((&state["Status"], &state["ExitCode"]), (&json!("created"), &json!(128)));
    assert!(state["Error"].as_str().is_some_and(|e| e.contains("port is already allocated")));
    s.call("POST", &format!("/containers/{one}/kill"), None).await;
    s.ended(&one).await;
    s.start(&two).await;
}

pub async fn lists_filter(s: &Subject) {
    let on = s.run("on", &["sleep", "1000"], json!({ "Labels": { "conformance": s.prefix, "tier": "a" } })).await;
    let off = s.create("off", &["sleep", "1000"], json!({ "Labels": { "conformance": s.prefix, "tier": "b" } })).await;
    let list = async |all: bool, key: &str, values: &[String]| {
        let label = vec![format!("conformance={}", s.prefix)];
        let mut filters = std::collections::HashMap::from([("label", label)]);
        filters.entry(key).or_default().extend(values.to_vec());
        let options = q::ListContainersOptionsBuilder::default().all(all).filters(&filters).build();
        let found = s.docker.list_containers(Some(options)).await.expect("list");
        found.into_iter().map(|c| c.id.expect("an id")).collect::<Vec<_>>()
    };
    assert_eq!(list(false, "label", &[]).await, std::slice::from_ref(&on));
    assert_eq!(list(true, "label", &[]).await, [off.clone(), on.clone()]);
    assert_eq!(list(true, "label", &["tier=b".into()]).await, std::slice::from_ref(&off));
    assert_eq!(list(true, "name", &[format!("^/{}$", s.name("on"))]).await, std::slice::from_ref(&on));
    assert_eq!(list(true, "id", &[off[..12].into()]).await, std::slice::from_ref(&off));
    assert_eq!(list(false, "status", &["created".into()]).await, std::slice::from_ref(&off));
    assert_eq!(list(true, "network", &["bridge".into()]).await, [off, on.clone()]);
    let sized = s.call("GET", "/containers/json?size=1", None).await.1;
    let sized = sized.as_array().expect("a list").iter().find(|c| c["Id"] == on).expect("it").clone();
    assert!(sized["SizeRootFs"].as_u64().is_some_and(|n| n > 0));
    assert!(sized["Status"].as_str().is_some_and(|t| t.starts_with("Up ")));
}

pub async fn logs_are_framed_and_bounded(s: &Subject) {
    let script = "echo one; echo two >&2; echo three; sleep 1; echo four; exit 3";
    let id = s.create("log", &["sh", "-c", script], json!({})).await;
    s.start(&id).await;
    let follow = q::LogsOptionsBuilder::default().stdout(true).stderr(true).follow(true).build();
    let (out, err) = collect(s.docker.logs(&id, Some(follow))).await;
    assert_eq!((out.as_str(), err.as_str()), ("one\nthree\nfour\n", "two\n"));
    assert_eq!(s.ended(&id).await, 3);
    let tail = q::LogsOptionsBuilder::default().stdout(true).stderr(true).tail("1").build();
    assert_eq!(collect(s.docker.logs(&id, Some(tail))).await, ("four\n".into(), String::new()));
    let stamped = q::LogsOptionsBuilder::default().stdout(true).timestamps(true).build();
    let (out, _) = collect(s.docker.logs(&id, Some(stamped))).await;
    let lines: Vec<(&str, &str)> = out.lines().filter_map(|line| line.split_once(' ')).collect();
    assert_eq!(lines.iter().map(|(_, text)| *text).collect::<Vec<_>>(), ["one", "three", "four"]);
    let at =
        |text: &str| time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).expect("a time");
    assert!(at(lines[1].0) < at(lines[2].0));
    let unix = |text: &str| format!("{}.{:09}", at(text).unix_timestamp(), at(text).nanosecond());
    let path = format!("/containers/{id}/logs?stdout=1&since={}", unix(lines[2].0));
    let (_, bytes) = s.call_bytes("GET", &path, None).await;
    assert_eq!(bytes, b"\x01\0\0\0\0\0\0\x05four\n"[..]);
    let path = format!("/containers/{id}/logs?stdout=1&until={}", unix(lines[1].0));
    let (_, bytes) = s.call_bytes("GET", &path, None).await;
    assert_eq!(bytes, b"\x01\0\0\0\0\0\0\x04one\n\x01\0\0\0\0\0\0\x06three\n"[..]);
    assert_eq!(s.call("GET", &format!("/containers/{id}/logs"), None).await.0, 400);
    let path = format!("/containers/{id}/logs?stdout=1&since=2026-01-01T00:00:00Z");
    assert!(s.call("GET", &path, None).await.0 >= 400, "dates are for clients to turn into seconds");
}

pub async fn a_terminal_logs_raw(s: &Subject) {
    let id = s.run("tty", &["sh", "-c", "echo one; echo two"], json!({ "Tty": true })).await;
    assert_eq!(s.ended(&id).await, 0);
    let (_, bytes) = s.call_bytes("GET", &format!("/containers/{id}/logs?stdout=1"), None).await;
    assert_eq!(bytes, b"one\r\ntwo\r\n"[..]);
}

pub async fn exec_runs_and_reports(s: &Subject) {
    let id = s.run("exec", &["sleep", "1000"], json!({})).await;
    let script = ["sh", "-c", "echo out; echo err >&2; exit 3"];
    assert_eq!(s.exec_output(&id, &script).await, ("out\n".into(), "err\n".into(), 3));
    let (out, _, code) = s.exec_output(&id, &["sh", "-c", "command -v sh"]).await;
    assert_eq!((out.trim().ends_with("sh"), code), (true, 0), "{out}");
    let (_, _, code) = s.exec_output(&id, &["sh", "-c", "command -v nosuchshell"]).await;
    assert_eq!(code, 127);
    let (out, err, code) = s.exec_output(&id, &["nosuchbinary"]).await;
    assert!((out + &err).contains("executable file not found in $PATH"));
    assert!(code == 126 || code == 127, "{code}");
    let (status, text) = s.refusal("POST", &format!("/containers/{id}/exec"), Some(json!({ "Cmd": [] }))).await;
    assert_eq!(status, 400, "{text}");
    s.call("POST", &format!("/containers/{id}/kill"), None).await;
    s.ended(&id).await;
    let body = json!({ "Cmd": ["sh"] });
    let (status, text) = s.refusal("POST", &format!("/containers/{id}/exec"), Some(body)).await;
    assert_eq!(status, 409);
    assert!(text.to_lowercase().ends_with(&format!("container {id} is not running")), "{text}");
}

pub async fn exec_echoes_its_input(s: &Subject) {
    let id = s.run("echo", &["sleep", "1000"], json!({})).await;
    let exec = s.exec(&id, &["cat"], json!({ "AttachStdin": true })).await;
    let (mut output, mut input) = s.start_exec(&exec, false).await;
    type_in(&mut input, "hello\n").await;
    assert_eq!(read_until(&mut output, "\n").await, "hello\n");
    input.shutdown().await.expect("half close");
    assert_eq!(collect(output).await, (String::new(), String::new()));
    assert_eq!(s.exec_code(&exec).await, 0);

    // Made with a terminal, started without: framed, and not a byte is lost.
    let exec = s.exec(&id, &["sh"], json!({ "AttachStdin": true, "Tty": true })).await;
    let (mut output, mut input) = s.start_exec(&exec, false).await;
    type_in(&mut input, "echo a'2'b\r").await;
    read_until(&mut output, "a2b\r\n").await;
    let (status, _) = s.call("POST", &format!("/exec/{exec}/resize?h=33&w=101"), None).await;
    assert!(status == 200 || status == 201, "{status}");
    type_in(&mut input, "stty size\r").await;
    read_until(&mut output, "33 101\r\n").await;
    type_in(&mut input, "printf '\\001\\002x'; exit 7\r").await;
    read_until(&mut output, "\u{1}\u{2}x").await;
    collect(output).await;
    assert_eq!(s.exec_code(&exec).await, 7);
    let (status, _) = s.call("POST", &format!("/exec/{exec}/resize?h=33&w=101"), None).await;
    assert!(status >= 400, "{status}");
}

/// A known weakness of the engine that a portal has to deal with.
pub async fn a_terminal_keeps_its_process_when_the_client_goes(s: &Subject) {
    let id = s.run("leak", &["sleep", "1000"], json!({})).await;
    let shell = ["sh", "-c", "echo pid $$; exec sh"];
    let exec = s.exec(&id, &shell, json!({ "AttachStdin": true, "Tty": true })).await;
    let (mut output, input) = s.start_exec(&exec, false).await;
    let text = read_until(&mut output, "# ").await;
    let line = text.lines().next().unwrap_or_default();
    let pid: u32 = line.trim_start_matches("pid ").trim().parse().expect("a pid");
    drop((output, input));
    // A whole other exec afterwards shows that the engine had its time to notice.
    s.exec_output(&id, &["sh", "-c", "sleep 1"]).await;
    assert_eq!(s.call("GET", &format!("/exec/{exec}/json"), None).await.1["Running"], true);
    let (_, _, code) = s.exec_output(&id, &["kill", "-9", &pid.to_string()]).await;
    assert_eq!(code, 0);
    assert_eq!(s.exec_code(&exec).await, 137);
}

pub async fn attach_carries_both_ways(s: &Subject) {
    let id = s.create("attach", &["cat"], json!({ "OpenStdin": true, "StdinOnce": true })).await;
    let options =
        q::AttachContainerOptionsBuilder::default().stream(true).stdin(true).stdout(true).stderr(true).build();
    let attached = s.docker.attach_container(&id, Some(options)).await.expect("attach");
    let (mut output, mut input) = (attached.output, attached.input);
    s.start(&id).await;
    type_in(&mut input, "ping\n").await;
    assert_eq!(read_until(&mut output, "\n").await, "ping\n");
    s.call("POST", &format!("/containers/{id}/kill"), None).await;
    collect(output).await;
    let (_, bytes) = s.call_bytes("GET", &format!("/containers/{id}/logs?stdout=1"), None).await;
    assert_eq!(bytes, b"\x01\0\0\0\0\0\0\x05ping\n"[..]);
}

pub async fn events_tell_the_life(s: &Subject) {
    let since = clock();
    let live = q::EventsOptionsBuilder::default()
        .filters(&std::collections::HashMap::from([("label", vec![format!("conformance={}", s.prefix)])]))
        .since(&since)
        .build();
    let mut live = Box::pin(s.docker.events(Some(live)));
    let id = s.run("ev", &["sleep", "1000"], json!({})).await;
    s.exec_output(&id, &["true"]).await;
    s.call("POST", &format!("/containers/{id}/stop?t=0"), None).await;
    s.call("POST", &format!("/containers/{id}/rename?name={}", s.name("eve")), None).await;
    s.call("DELETE", &format!("/containers/{id}"), None).await;
    let wanted = [
        "create",
        "start",
        "exec_create: true",
        "exec_start: true",
        "exec_die",
        "kill",
        "kill",
        "die",
        "stop",
        "rename",
        "destroy",
    ];
    let plain = |actions: Vec<String>| -> Vec<String> {
        let mut actions: Vec<String> = actions.iter().map(|a| a.trim().to_owned()).collect();
        // Engine 28 sometimes says `stop` before the `die` it waited for.
        if let Some(at) = actions.windows(2).position(|pair| pair == ["stop", "die"]) {
            actions.swap(at, at + 1);
        }
        actions
    };
    assert_eq!(plain(s.actions(&since, &id).await), wanted);
    let mut seen = Vec::new();
    let work = async {
        while seen.len() < wanted.len() {
            let event = live.next().await.expect("events go on").expect("an event");
            let actor = event.actor.expect("an actor");
            let attributes = actor.attributes.expect("attributes");
            assert_eq!(attributes["image"], IMAGE);
            assert!(attributes["name"].starts_with(&s.prefix));
            let action = event.action.expect("an action");
            match action.as_str() {
                "die" => assert_eq!(attributes["exitCode"], "137"),
                "kill" => assert!(["15", "9"].contains(&attributes["signal"].as_str())),
                _ => {}
            }
            seen.push(action);
        }
    };
    tokio::time::timeout(PATIENCE, work).await.expect("all events in time");
    assert_eq!(plain(seen), wanted);
}

pub async fn health_is_checked(s: &Subject) {
    let check = |test: &str| {
        let second = 1_000_000_000_i64;
        json!({ "Healthcheck": { "Test": ["CMD-SHELL", test], "Interval": second, "Timeout": second, "Retries": 2 } })
    };
    let good = s.run("good", &["sleep", "1000"], check("true")).await;
    let bad = s.run("bad", &["sleep", "1000"], check("exit 1")).await;
    let become_ = async |id: &str, wanted: HealthStatusEnum| {
        let work = async {
            loop {
                let state = s.docker.inspect_container(id, None).await.expect("inspect").state.expect("state");
                let health = state.health.expect("health");
                if health.status == Some(wanted) {
                    return health.failing_streak.unwrap_or(0);
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, work).await.expect("in time")
    };
    assert_eq!(become_(&good, HealthStatusEnum::HEALTHY).await, 0);
    assert!(become_(&bad, HealthStatusEnum::UNHEALTHY).await >= 2);
    let filter = json!({ "health": ["unhealthy"], "label": [format!("conformance={}", s.prefix)] }).to_string();
    let filter: String = form_urlencoded::byte_serialize(filter.as_bytes()).collect();
    let (_, found) = s.call("GET", &format!("/containers/json?filters={filter}"), None).await;
    assert_eq!(found[0]["Id"], bad);
    assert!(found[0]["Status"].as_str().is_some_and(|t| t.ends_with("(unhealthy)")));
}

pub async fn restart_policies_act(s: &Subject) {
    let since = clock();
    let policy = json!({ "HostConfig": { "RestartPolicy": { "Name": "on-failure", "MaximumRetryCount": 2 } } });
    let id = s.run("again", &["sh", "-c", "exit 5"], policy).await;
    let over = async {
        loop {
            let value = s.inspect(&id).await;
            if value["State"]["Status"] == "exited" && value["RestartCount"] == 2 {
                return value;
            }
            tokio::task::yield_now().await;
        }
    };
    let value = tokio::time::timeout(PATIENCE, over).await.expect("in time");
    assert_eq!(value["State"]["ExitCode"], 5);
    let actions = s.actions(&since, &id).await;
    let wanted = ["create", "start", "die", "start", "die", "start", "die"];
    assert_eq!(actions, wanted);

    let policy = json!({ "HostConfig": { "RestartPolicy": { "Name": "always" } } });
    let id = s.run("always", &["sleep", "1000"], policy).await;
    s.call("POST", &format!("/containers/{id}/kill"), None).await;
    s.ended(&id).await;
    let state = s.inspect(&id).await["State"].clone();
    assert_eq!(state["Status"], "exited", "a kill by call is by hand: {state}");
}

pub async fn wait_gives_the_code(s: &Subject) {
    let id = s.run("wait", &["sh", "-c", "sleep 1; exit 9"], json!({})).await;
    assert_eq!(s.ended(&id).await, 9);
    assert_eq!(s.ended(&id).await, 9);
    let id = s.create("next", &["sh", "-c", "exit 4"], json!({})).await;
    let path = format!("/containers/{id}/wait?condition=next-exit");
    let waiting = s.call("POST", &path, None);
    let starting = async {
        // The wait must be there first; its own call takes far less than this other one.
        s.docker.info().await.expect("info");
        s.start(&id).await;
    };
    let ((_, value), ()) = tokio::join!(waiting, starting);
    assert_eq!(value["StatusCode"], 4);
    let id = s.run("gone", &["sh", "-c", "sleep 1; exit 6"], json!({ "HostConfig": { "AutoRemove": true } })).await;
    let (_, value) = s.call("POST", &format!("/containers/{id}/wait?condition=removed"), None).await;
    assert_eq!(value["StatusCode"], 6);
    assert_eq!(s.call("GET", &format!("/containers/{id}/json"), None).await.0, 404);
}

pub async fn networks_hold_their_members(s: &Subject) {
    let name = s.name("net");
    let body = json!({ "Name": name, "CheckDuplicate": true, "Labels": { "a": "b" } });
    let (status, value) = s.call("POST", "/networks/create", Some(body.clone())).await;
    assert_eq!(status, 201, "{value}");
    let (status, text) = s.refusal("POST", "/networks/create", Some(body)).await;
    assert_eq!((status, text), (409, format!("network with name {name} already exists")));
    assert_eq!(
        s.call("POST", "/networks/create", Some(json!({ "Name": "bridge", "CheckDuplicate": true }))).await.0,
        403
    );
    let more = json!({
        "HostConfig": { "NetworkMode": name },
        "NetworkingConfig": { "EndpointsConfig": { &name: { "Aliases": ["web"] } } },
    });
    let id = s.run("member", &["sleep", "1000"], more).await;
    let endpoint = s.inspect(&id).await["NetworkSettings"]["Networks"][&name].clone();
    let aliases = endpoint["Aliases"].as_array().expect("aliases");
    assert!(aliases.contains(&json!("web")));
    assert!(endpoint["IPAddress"].as_str().is_some_and(|a| !a.is_empty()));
    let network = s.docker.inspect_network(&name, None).await.expect("inspect");
    assert!(network.containers.expect("members").contains_key(&id));
    let (status, text) = s.refusal("DELETE", &format!("/networks/{name}"), None).await;
    assert_eq!(status, 403);
    assert!(text.contains("has active endpoints"), "{text}");
    assert_eq!(s.call("POST", "/networks/bridge/connect", Some(json!({ "Container": id }))).await.0, 200);
    let (status, text) = s.refusal("POST", "/networks/bridge/connect", Some(json!({ "Container": id }))).await;
    assert_eq!(status, 403, "{text}");
    let out = json!({ "Container": id });
    assert_eq!(s.call("POST", &format!("/networks/{name}/disconnect"), Some(out.clone())).await.0, 200);
    let (status, text) = s.refusal("POST", &format!("/networks/{name}/disconnect"), Some(out)).await;
    assert!(status >= 400 && text.contains("is not connected to"), "{status} {text}");
    let found = s.docker.list_networks(None::<q::ListNetworksOptions>).await.expect("list");
    assert!(found.iter().any(|n| n.name.as_deref() == Some(&name)));
    assert_eq!(s.call("DELETE", &format!("/networks/{name}"), None).await.0, 204);
    assert_eq!(s.call("DELETE", "/networks/bridge", None).await.0, 403);
    let more = json!({ "HostConfig": { "NetworkMode": name } });
    let id = s.create("lost", &["sleep", "1"], more).await;
    let (status, text) = s.refusal("POST", &format!("/containers/{id}/start"), None).await;
    assert_eq!(status, 404);
    assert!(text.ends_with(&format!("network {name} not found")), "{text}");
}

pub async fn volumes_are_kept_while_used(s: &Subject) {
    let name = s.name("vol");
    let body = json!({ "Name": name, "Labels": { "a": "b" } });
    assert_eq!(s.call("POST", "/volumes/create", Some(body.clone())).await.0, 201);
    assert_eq!(s.call("POST", "/volumes/create", Some(body)).await.0, 201);
    let volume = s.docker.inspect_volume(&name).await.expect("inspect");
    assert_eq!((volume.driver.as_str(), volume.labels["a"].as_str()), ("local", "b"));
    let more = json!({ "HostConfig": { "Binds": [format!("{name}:/data:ro")] } });
    let id = s.create("user", &["sleep", "1000"], more).await;
    let mount = s.inspect(&id).await["Mounts"][0].clone();
    assert_eq!((&mount["Type"], &mount["Name"], &mount["RW"]), (&json!("volume"), &json!(name), &json!(false)));
    let (status, text) = s.refusal("DELETE", &format!("/volumes/{name}"), None).await;
    assert_eq!((status, text), (409, format!("remove {name}: volume is in use - [{id}]")));
    s.call("DELETE", &format!("/containers/{id}?v=1"), None).await;
    let listed = s.docker.list_volumes(None::<q::ListVolumesOptions>).await.expect("list");
    assert!(listed.volumes.expect("volumes").iter().any(|v| v.name == name), "a named one outlives its user");
    assert_eq!(s.call("DELETE", &format!("/volumes/{name}"), None).await.0, 204);
    let id = s.create("anonymous", &["sleep", "1000"], json!({ "Volumes": { "/data": {} } })).await;
    let made = s.inspect(&id).await["Mounts"][0]["Name"].as_str().expect("a name").to_owned();
    s.call("DELETE", &format!("/containers/{id}?v=1"), None).await;
    assert_eq!(s.call("GET", &format!("/volumes/{made}"), None).await.0, 404);
}

pub async fn images_are_named_and_kept_while_used(s: &Subject) {
    let image = s.docker.inspect_image(IMAGE).await.expect("inspect");
    assert!(image.id.expect("an id").starts_with("sha256:"));
    assert!(!s.docker.image_history(IMAGE).await.expect("history").is_empty());
    let listed = s.docker.list_images(None::<q::ListImagesOptions>).await.expect("list");
    assert!(listed.iter().any(|i| i.repo_tags.contains(&IMAGE.to_owned())));
    let repo = format!("{}/img", s.prefix);
    let (status, _) = s.call("POST", &format!("/images/{IMAGE}/tag?repo={repo}&tag=1"), None).await;
    assert_eq!(status, 201);
    let (_, found) = s
        .call("GET", &format!("/images/json?filters=%7B%22reference%22%3A%5B%22{}%2F%2A%22%5D%7D", s.prefix), None)
        .await;
    assert_eq!(found[0]["RepoTags"], json!([format!("{repo}:1")]));
    assert_eq!(s.call("GET", &format!("/images/{repo}:1/json"), None).await.0, 200);
    let (status, report) = s.call("DELETE", &format!("/images/{repo}:1"), None).await;
    assert_eq!((status, report), (200, json!([{ "Untagged": format!("{repo}:1") }])));
    s.create("user", &["sleep", "1"], json!({})).await;
    let (status, text) = s.refusal("DELETE", &format!("/images/{IMAGE}"), None).await;
    assert_eq!(status, 409);
    assert!(
        text.starts_with(&format!(
            "conflict: unable to remove repository reference \"{IMAGE}\" (must force) - container "
        )),
        "{text}"
    );
    assert_eq!(s.call("DELETE", "/images/nope", None).await.0, 404);
    let (status, text) = s.refusal("POST", "/images/create?fromImage=Bad&tag=1", None).await;
    assert_eq!(status, 400);
    assert!(text.contains("must be lowercase"), "{text}");
}

pub async fn stats_move(s: &Subject) {
    let id = s.run("stats", &["sh", "-c", "while true; do true; done"], json!({})).await;
    let options = q::StatsOptionsBuilder::default().stream(true).build();
    let mut stats = Box::pin(s.docker.stats(&id, Some(options)));
    let mut used = Vec::new();
    for _ in 0..3 {
        let next = tokio::time::timeout(PATIENCE, stats.next()).await.expect("in time");
        let value = next.expect("more").expect("stats");
        used.push(value.cpu_stats.expect("cpu").cpu_usage.expect("usage").total_usage.expect("total"));
        assert!(value.memory_stats.expect("memory").usage.is_some_and(|n| n > 0));
        assert!(value.networks.expect("networks").contains_key("eth0"));
    }
    assert!(used[0] < used[1] && used[1] < used[2], "{used:?}");
    let (_, one) = s.call("GET", &format!("/containers/{id}/stats?stream=0"), None).await;
    assert!(one["precpu_stats"]["cpu_usage"]["total_usage"].as_u64().is_some_and(|n| n > 0));
    assert!(one["precpu_stats"]["system_cpu_usage"].as_u64() < one["cpu_stats"]["system_cpu_usage"].as_u64());
    let (status, table) = s.call("GET", &format!("/containers/{id}/top"), None).await;
    assert_eq!((status, &table["Titles"][1]), (200, &json!("PID")));
    s.call("POST", &format!("/containers/{id}/kill"), None).await;
    s.ended(&id).await;
    assert_eq!(s.call("GET", &format!("/containers/{id}/top"), None).await.0, 409);
    let (_, one) = s.call("GET", &format!("/containers/{id}/stats?stream=0"), None).await;
    assert_eq!(one["cpu_stats"]["cpu_usage"]["total_usage"], 0);
}

/// An archive of one file, as `tar` makes it.
fn tar_of(name: &str, content: &[u8]) -> Bytes {
    let mut header = [0_u8; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    for (at, text) in [(100, "0000644\0"), (108, "0000000\0"), (116, "0000000\0"), (136, "00000000000\0")] {
        header[at..at + text.len()].copy_from_slice(text.as_bytes());
    }
    header[124..136].copy_from_slice(format!("{:011o}\0", content.len()).as_bytes());
    header[148..156].fill(b' ');
    header[156] = b'0';
    header[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut tar = header.to_vec();
    tar.extend_from_slice(content);
    tar.resize(tar.len().next_multiple_of(512) + 1024, 0);
    tar.into()
}

pub async fn archives_and_updates_are_taken(s: &Subject) {
    let id = s.create("files", &["sleep", "1000"], json!({})).await;
    let tar = tar_of("secret", b"hello");
    let put = async |path: &str| {
        let path = format!("/containers/{id}/archive?path={path}");
        s.call_bytes("PUT", &path, Some(tar.clone())).await.0
    };
    assert_eq!(put("/").await, 200);
    assert_eq!(put("/nosuchdir").await, 404);
    let body = json!({ "Memory": 77_108_864, "MemorySwap": 177_108_864, "RestartPolicy": { "Name": "always" } });
    let (status, value) = s.call("POST", &format!("/containers/{id}/update"), Some(body)).await;
    assert_eq!(status, 200, "{value}");
    let host = s.inspect(&id).await["HostConfig"].clone();
    assert_eq!((&host["Memory"], &host["RestartPolicy"]["Name"]), (&json!(77_108_864), &json!("always")));
}

pub async fn a_missing_command_is_said(s: &Subject) {
    let id = s.create("missing", &["nosuchcommand"], json!({})).await;
    let (status, text) = s.refusal("POST", &format!("/containers/{id}/start"), None).await;
    assert_eq!(status, 400);
    assert!(text.contains("exec: \"nosuchcommand\": executable file not found in $PATH"), "{text}");
    let state = s.inspect(&id).await["State"].clone();
    assert_eq!((&state["Status"], &state["ExitCode"]), (&json!("created"), &json!(127)));
}
