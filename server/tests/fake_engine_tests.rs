//! The fake engine's own powers: behaviours, faults, the journal, counters, size.

use std::time::Duration;

use bollard::Docker;
use bollard::query_parameters as q;
use bytes::Bytes;
use futures::StreamExt;
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::fake_engine::{
    Behaviour, ContainerSpec, FakeEngine, Fault, Health, Match, Options, Phase, PullOutcome, PullScript, Stream,
    StreamKind, Target, Times, client,
};

async fn get(engine: &FakeEngine, path: &str) -> std::io::Result<(u16, Bytes)> {
    client::call(&engine.socket(), "GET", path, Bytes::new()).await
}

async fn post(engine: &FakeEngine, path: &str) -> (u16, Value) {
    let (status, body) = client::call(&engine.socket(), "POST", path, Bytes::new()).await.expect("an answer");
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

async fn client_of(engine: &FakeEngine) -> Docker {
    let socket = engine.socket();
    Docker::connect_with_unix(socket.to_str().expect("a path"), 20, bollard::API_DEFAULT_VERSION)
        .expect("a client")
        .negotiate_version()
        .await
        .expect("a version")
}

const LIST: &str = "/v1.41/containers/json?all=1";

#[tokio::test]
async fn a_fault_strikes_as_often_as_it_was_scripted() {
    let engine = FakeEngine::start().await;
    let list = || Match::call("GET", "/containers/json");
    engine.fault_times(list(), Fault::Error(500, "no luck".into()), Times::Count(2));
    for wanted in [500, 500, 200] {
        assert_eq!(get(&engine, LIST).await.expect("an answer").0, wanted);
    }
    let number = engine.fault(list(), Fault::Html(502));
    assert_eq!(get(&engine, LIST).await.expect("an answer").0, 502);
    assert_eq!(get(&engine, "/version").await.expect("an answer").0, 200);
    engine.clear_fault(number);
    assert_eq!(get(&engine, LIST).await.expect("an answer").0, 200);
}

#[tokio::test]
async fn answers_can_be_spoilt() {
    let engine = FakeEngine::start().await;
    engine.add_container(&ContainerSpec::new("one", "nginx"));
    let whole = get(&engine, LIST).await.expect("an answer").1;
    let list = || Match::call("GET", "/containers/json");

    engine.fault_once(list(), Fault::TruncatedJson);
    let half = get(&engine, LIST).await.expect("an answer").1;
    assert!(serde_json::from_slice::<Value>(&half).is_err() && half.len() * 2 >= whole.len() - 1);

    engine.fault_once(list(), Fault::WrongTypes);
    let twisted: Value = serde_json::from_slice(&get(&engine, LIST).await.expect("an answer").1).expect("JSON");
    assert_eq!((&twisted[0]["Id"], &twisted[0]["Created"]), (&json!(7), &json!("seven")));
    let docker = client_of(&engine).await;
    engine.fault_once(list(), Fault::WrongTypes);
    assert!(docker.list_containers(None::<q::ListContainersOptions>).await.is_err());

    engine.fault_once(list(), Fault::SlowBytes(Duration::from_micros(10)));
    assert_eq!(get(&engine, LIST).await.expect("an answer").1.len(), whole.len());

    engine.fault_once(list(), Fault::Disconnect);
    assert!(get(&engine, LIST).await.is_err());

    engine.fault_once(list(), Fault::DropAfter(10));
    let mut body = client::open(&engine.socket(), "GET", LIST, Bytes::new()).await.expect("headers").into_body();
    let mut got = 0;
    let broken = loop {
        match body.frame().await.expect("more") {
            Ok(frame) => got += frame.into_data().unwrap_or_default().len(),
            Err(_) => break true,
        }
    };
    assert!(broken && got <= 10);
}

#[tokio::test]
async fn a_flood_goes_on_for_its_bytes_and_a_hang_for_ever() {
    let engine = FakeEngine::start().await;
    engine.fault_once(Match::any(), Fault::Flood(200 << 20));
    let mut body = client::open(&engine.socket(), "GET", LIST, Bytes::new()).await.expect("headers").into_body();
    let mut got = 0;
    while let Some(frame) = body.frame().await {
        got += frame.expect("a frame").into_data().unwrap_or_default().len();
    }
    assert_eq!(got, (200 << 20) + 8);

    engine.fault_once(Match::any(), Fault::Hang);
    let socket = engine.socket();
    let hung = tokio::spawn(async move { client::call(&socket, "GET", LIST, Bytes::new()).await });
    engine.wait_for("the hung call", |journal| journal.count("GET", "/containers/json") == 2).await;
    assert_eq!(get(&engine, LIST).await.expect("an answer").0, 200);
    assert!(!hung.is_finished());
    assert_eq!(engine.requests().0[1].status, None);
    hung.abort();
}

#[tokio::test]
async fn the_disk_can_be_full() {
    let engine = FakeEngine::start().await;
    engine.fault_once(Match::call("POST", "/containers/create"), Fault::NoSpace);
    let body = json!({ "Image": "busybox:local" }).to_string();
    let (status, text) =
        client::call(&engine.socket(), "POST", "/containers/create", body.into()).await.expect("an answer");
    assert_eq!(status, 500);
    assert!(String::from_utf8_lossy(&text).contains("no space left on device"));
}

#[tokio::test]
async fn pulls_follow_their_script() {
    let engine = FakeEngine::start().await;
    engine.remote("web:1", PullScript::success().with_config(json!({ "ExposedPorts": { "80/tcp": {} } })));
    engine.remote("private:1", PullScript::success().with_auth("ann", "secret"));
    engine.remote("flaky:1", PullScript::ending(PullOutcome::FailsInStream("unexpected EOF".into())));
    engine.remote("big:1", PullScript::ending(PullOutcome::NoSpace));
    engine.remote("dead:1", PullScript::ending(PullOutcome::Hangs));
    engine.remote("notag:9", PullScript::ending(PullOutcome::NoTag));
    engine.remote("locked:1", PullScript::ending(PullOutcome::Unauthorized));
    let docker = client_of(&engine).await;
    let pull = async |image: &str, credentials: Option<bollard::auth::DockerCredentials>| {
        let options = q::CreateImageOptionsBuilder::default().from_image(image).build();
        let mut lines = std::pin::pin!(docker.create_image(Some(options), None, credentials));
        let (mut layers, mut failure) = (std::collections::BTreeSet::new(), None);
        while let Some(line) = lines.next().await {
            match line {
                Ok(line) if line.error_detail.is_some() => failure = line.error_detail.and_then(|d| d.message),
                Ok(line) => layers.extend(line.progress_detail.and(line.id)),
                Err(error) => failure = Some(error.to_string()),
            }
        }
        (layers.len(), failure.unwrap_or_default())
    };
    assert_eq!(pull("web:1", None).await, (2, String::new()));
    let image = docker.inspect_image("web:1").await.expect("it is there");
    assert_eq!(image.repo_digests.expect("digests").len(), 1);
    assert_eq!(pull("web:1", None).await, (0, String::new()), "nothing new the second time");
    let ann = bollard::auth::DockerCredentials {
        username: Some("ann".into()),
        password: Some("secret".into()),
        ..Default::default()
    };
    assert!(pull("private:1", None).await.1.contains("unauthorized"));
    assert_eq!(pull("private:1", Some(ann)).await.1, "");
    assert!(pull("flaky:1", None).await.1.contains("unexpected EOF"));
    assert!(pull("big:1", None).await.1.contains("no space left on device"));
    assert!(pull("nowhere:1", None).await.1.contains("pull access denied for nowhere"));
    assert!(pull("notag:9", None).await.1.contains("manifest for notag:9 not found"));
    assert!(pull("locked:1", None).await.1.contains("unauthorized"));
    for absent in ["flaky:1", "big:1", "nowhere:1", "notag:9"] {
        assert!(docker.inspect_image(absent).await.is_err(), "{absent}");
    }
    let options = q::CreateImageOptionsBuilder::default().from_image("dead:1").build();
    let mut lines = Box::pin(docker.create_image(Some(options), None, None));
    lines.next().await.expect("a first line").expect("a first line");
    engine.wait_streams(StreamKind::Pull, 1).await;
    drop(lines);
    engine.wait_streams(StreamKind::Pull, 0).await;
}

#[tokio::test]
async fn containers_behave_as_scripted() {
    let engine = FakeEngine::start().await;
    engine.add_test_images();
    engine.behave(Target::Image("oneshot*".into()), Behaviour::exits(4));
    engine.behave(Target::Name("never".into()), Behaviour::health(Health::Never));
    engine.behave(Target::Label("role".into(), "stubborn".into()), Behaviour::ignores_sigterm());
    engine.add_container(&ContainerSpec::new("once", "oneshot:1"));
    engine.wait_phase("once", Phase::Exited).await;
    engine.add_container(&ContainerSpec::new("crash", "gantry-test/crash:1"));
    engine.wait_phase("crash", Phase::Exited).await;
    let health = |name: &'static str, status: &'static str| {
        let engine = &engine;
        async move {
            engine
                .wait_until(status, |state| {
                    let container = state.containers.values().find(|c| c.name == name);
                    container.and_then(|c| c.health.as_ref()).is_some_and(|h| h.status == status)
                })
                .await;
        }
    };
    for (name, image) in [("web", "web:1"), ("slow", "slow:1"), ("sick", "sick:1"), ("never", "web:1")] {
        engine.add_container(&ContainerSpec::new(name, &format!("gantry-test/{image}")));
    }
    health("web", "healthy").await;
    health("slow", "healthy").await;
    health("sick", "unhealthy").await;
    health("never", "starting").await;
    engine.set_health("web", "unhealthy");
    health("web", "unhealthy").await;

    engine.add_container(&ContainerSpec::new("mild", "nginx"));
    engine.add_container(&ContainerSpec::new("stubborn", "nginx").label("role", "stubborn"));
    engine.add_container(&ContainerSpec::new("labelled", "nginx").label("fake.exit", "9"));
    engine.wait_phase("labelled", Phase::Exited).await;
    for (name, code) in [("mild", 0), ("stubborn", 137), ("once", 4), ("crash", 3), ("labelled", 9)] {
        post(&engine, &format!("/containers/{name}/stop?t=1")).await;
        let found = engine.look(|state| state.containers.values().find(|c| c.name == name).map(|c| c.exit_code));
        assert_eq!(found, Some(code), "{name}");
    }
}

#[tokio::test]
async fn things_happen_behind_the_clients_back() {
    let engine = FakeEngine::start().await;
    let always = json!({ "RestartPolicy": { "Name": "always" } });
    let id = engine.add_container(&ContainerSpec::new("phoenix", "nginx").with("HostConfig", always));
    engine.kill_container("phoenix");
    engine.wait_phase("phoenix", Phase::Running).await;
    assert_eq!(engine.look(|state| state.containers[&id].restart_count), 1);
    let id = engine.add_container(&ContainerSpec::new("hungry", "nginx"));
    engine.oom_container("hungry");
    let state = engine.look(|state| (state.containers[&id].oom_killed, state.containers[&id].exit_code));
    assert_eq!(state, (true, 137));
    engine.remove_container("phoenix");
    assert_eq!(engine.phase("phoenix"), None);
    engine.start_container("hungry");
    engine.log_line("hungry", Stream::Stderr, "hello");
    let (_, bytes) = get(&engine, "/containers/hungry/logs?stderr=1").await.expect("logs");
    assert_eq!(bytes, b"\x02\0\0\0\0\0\0\x06hello\n"[..]);
    assert!(engine.writes().is_empty(), "none of it was a call");
}

#[tokio::test]
async fn the_engine_stops_and_comes_back_with_its_state() {
    let engine = FakeEngine::start().await;
    let policy = |name: &str| json!({ "RestartPolicy": { "Name": name } });
    for (name, wanted) in [("a", "always"), ("u", "unless-stopped"), ("n", "no")] {
        engine.add_container(&ContainerSpec::new(&format!("{name}1"), "nginx").with("HostConfig", policy(wanted)));
    }
    engine.add_container(&ContainerSpec::new("u2", "nginx").with("HostConfig", policy("unless-stopped")));
    post(&engine, "/containers/u2/stop").await;
    let docker = client_of(&engine).await;
    let mut events = Box::pin(docker.events(None::<q::EventsOptions>));
    let listening = tokio::spawn(async move { while let Some(Ok(_)) = events.next().await {} });
    engine.wait_streams(StreamKind::Events, 1).await;
    engine.stop().await;
    listening.await.expect("the stream ended");
    assert!(get(&engine, LIST).await.is_err() && !engine.socket().exists());
    engine.start_again();
    assert_eq!(get(&engine, LIST).await.expect("an answer").0, 200);
    let phases = ["a1", "u1", "n1", "u2"].map(|name| engine.phase(name).expect("it is there"));
    assert_eq!(phases, [Phase::Running, Phase::Running, Phase::Exited, Phase::Exited]);
    engine.refuse_connections().await;
    let error = get(&engine, LIST).await.expect_err("refused");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
    engine.accept_connections();
    assert_eq!(engine.phase("a1"), Some(Phase::Running));
}

#[tokio::test]
async fn an_event_stream_can_go_dead_with_its_connection_open() {
    let engine = FakeEngine::start().await;
    let docker = client_of(&engine).await;
    let mut dead = Box::pin(docker.events(None::<q::EventsOptions>));
    let first = tokio::spawn(async move {
        let event = dead.next().await;
        (dead, event)
    });
    engine.wait_streams(StreamKind::Events, 1).await;
    engine.add_container(&ContainerSpec::new("one", "nginx"));
    let (mut dead, event) = first.await.expect("an event");
    assert!(event.is_some_and(|event| event.is_ok()));
    // What was sent before the silence is still on its way.
    engine.silence_events();
    let mut alive = Box::pin(docker.events(None::<q::EventsOptions>));
    let next = tokio::spawn(async move { alive.next().await });
    engine.wait_streams(StreamKind::Events, 2).await;
    engine.kill_container("one");
    assert!(next.await.expect("an event").is_some_and(|event| event.is_ok()));
    loop {
        let late = tokio::time::timeout(Duration::from_millis(100), dead.next()).await;
        let Ok(event) = late else { break };
        assert_ne!(event.expect("open").expect("an event").action.as_deref(), Some("die"));
    }
    engine.wait_streams(StreamKind::Events, 1).await;
}

#[tokio::test]
async fn the_journal_tells_writes_from_the_rest() {
    let engine = FakeEngine::start().await;
    engine.add_container(&ContainerSpec::new("one", "nginx"));
    get(&engine, LIST).await.expect("an answer");
    let exec = json!({ "Cmd": ["true"] }).to_string();
    client::call(&engine.socket(), "POST", "/v1.41/containers/one/exec", exec.into()).await.expect("an answer");
    assert!(engine.writes().is_empty());
    post(&engine, "/v1.41/containers/one/stop?t=3").await;
    let writes = engine.writes();
    assert_eq!(writes.len(), 1);
    assert_eq!((writes[0].line().as_str(), writes[0].status), ("POST /containers/one/stop?t=3", Some(204)));
    assert_eq!((writes[0].query("t"), writes[0].version.as_deref()), (Some("3"), Some("1.41")));
    let journal = engine.wait_for("the exec", |journal| journal.count("POST", "/containers/*/exec") == 1).await;
    assert_eq!(journal.find("POST", "*exec")[0].body, Some(json!({ "Cmd": ["true"] })));
}

#[tokio::test]
async fn nothing_is_left_open_when_its_client_goes() {
    let engine = FakeEngine::start().await;
    engine.add_container(&ContainerSpec::new("one", "nginx"));
    for (path, kind) in [
        ("/events", StreamKind::Events),
        ("/containers/one/logs?stdout=1&follow=1", StreamKind::Logs),
        ("/containers/one/stats", StreamKind::Stats),
    ] {
        let answer = client::open(&engine.socket(), "GET", path, Bytes::new()).await.expect("headers");
        engine.wait_streams(kind, 1).await;
        drop(answer);
        engine.wait_streams(kind, 0).await;
    }
    let docker = client_of(&engine).await;
    let options = bollard::exec::CreateExecOptions {
        cmd: Some(vec!["sh"]),
        tty: Some(true),
        attach_stdin: Some(true),
        attach_stdout: Some(true),
        ..Default::default()
    };
    let exec = docker.create_exec("one", options).await.expect("exec").id;
    let session = docker.start_exec(&exec, None).await.expect("start");
    engine.wait_streams(StreamKind::Exec, 1).await;
    assert_eq!(engine.running_execs(), 1);
    drop(session);
    engine.wait_streams(StreamKind::Exec, 0).await;
    assert_eq!(engine.running_execs(), 1, "a terminal's process stays, as with the real engine");
    engine.kill_container("one");
    engine.wait_until("the end of the exec", |state| state.execs.values().all(|exec| !exec.running)).await;
}

#[tokio::test]
async fn a_shell_is_found_by_asking_for_its_file() {
    let engine = FakeEngine::start().await;
    let both = Behaviour { shells: Some(vec!["sh".into(), "bash".into()]), ..Behaviour::default() };
    engine.behave(Target::Name("both".into()), both);
    engine.add_container(&ContainerSpec::new("both", "nginx"));
    engine.add_container(&ContainerSpec::new("plain", "nginx"));
    for (name, wanted) in [("both", 200), ("plain", 404)] {
        let path = format!("/containers/{name}/archive?path=/bin/bash");
        let answer = client::open(&engine.socket(), "HEAD", &path, Bytes::new()).await.expect("headers");
        assert_eq!(answer.status().as_u16(), wanted, "{name}");
        assert_eq!(answer.headers().contains_key("x-docker-container-path-stat"), wanted == 200);
    }
}

#[tokio::test]
async fn lines_come_fast_and_none_is_missing() {
    let engine = FakeEngine::start().await;
    engine.behave(Target::Name("chatty".into()), Behaviour::prints(200_000));
    engine.behave(Target::Name("full".into()), Behaviour::printed(1_000_000));
    engine.add_container(&ContainerSpec::new("chatty", "nginx"));
    engine.add_container(&ContainerSpec::new("full", "nginx"));
    let path = "/containers/chatty/logs?stdout=1&follow=1&timestamps=1";
    let mut body = client::open(&engine.socket(), "GET", path, Bytes::new()).await.expect("headers").into_body();
    let (mut buffer, mut next) = (Vec::new(), 1_u64);
    while next <= 100_000 {
        buffer.extend_from_slice(&body.frame().await.expect("more").expect("a frame").into_data().unwrap_or_default());
        let mut at = 0;
        while let Some(head) = buffer.get(at..at + 8) {
            let size = u32::from_be_bytes([head[4], head[5], head[6], head[7]]) as usize;
            let Some(line) = buffer.get(at + 8..at + 8 + size) else { break };
            assert_eq!(line[..31].last(), Some(&b' '));
            assert_eq!(&line[31..47], format!("line {next:010} ").as_bytes());
            next += 1;
            at += 8 + size;
        }
        buffer.drain(..at);
    }
    let (_, bytes) = get(&engine, "/containers/full/logs?stdout=1&tail=2").await.expect("logs");
    assert!(bytes[8..].starts_with(b"line 0000999999 ") && bytes.len() == 216);
}

#[tokio::test]
async fn a_thousand_containers_of_a_hundred_apps_are_listed_quickly() {
    let engine = FakeEngine::start_with(Options { network_limit: None, ..Options::default() }).await;
    for app in 0..100 {
        let network = json!({ "Name": format!("app{app}_default") }).to_string();
        let (status, _) =
            client::call(&engine.socket(), "POST", "/networks/create", network.into()).await.expect("an answer");
        assert_eq!(status, 201);
        for number in 0..10 {
            let spec = ContainerSpec::new(&format!("app{app}-web-{number}"), "nginx")
                .label("com.docker.compose.project", &format!("app{app}"))
                .with("HostConfig", json!({ "NetworkMode": format!("app{app}_default") }));
            engine.add_container(&spec);
        }
    }
    let (_, bytes) = get(&engine, LIST).await.expect("a list");
    let listed: Vec<Value> = serde_json::from_slice(&bytes).expect("JSON");
    assert_eq!(listed.len(), 1000);
    assert_eq!(engine.running_with("com.docker.compose.project", "app7").len(), 10);
}
