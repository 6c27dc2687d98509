//! Calls of an engine: what converges, what is refused and why, streams, and answers nobody should trust.

use std::time::Duration;

use futures::StreamExt;
use server::engine::{
    ContainerSpec, Error, ExecSpec, FileSpec, LayerPhase, LogOptions, NetworkAttachment, NetworkSpec, Periods, Tail,
};
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use crate::fake_engine::{self, FakeEngine, Fault, Flavour, Match, Options, PullScript, Stream};
use crate::picture::{brisk, cluster_with, connected, wait_connected};

const PATIENCE: Duration = Duration::from_secs(10);

fn spec(name: &str) -> ContainerSpec {
    ContainerSpec {
        name: name.into(),
        image: "busybox:local".into(),
        command: Some(vec!["sleep".into(), "1000".into()]),
        ..ContainerSpec::default()
    }
}

#[tokio::test]
async fn what_is_so_already_is_done() {
    let engine = FakeEngine::start().await;
    let cluster = connected(&engine).await;
    let id = cluster.create_container(&spec("web")).await.unwrap();
    cluster.stop(&id, Some(1)).await.unwrap();
    cluster.kill(&id, "SIGKILL").await.unwrap();
    cluster.start(&id).await.unwrap();
    cluster.start(&id).await.unwrap();
    cluster.pause(&id).await.unwrap();
    cluster.pause(&id).await.unwrap();
    cluster.unpause(&id).await.unwrap();
    cluster.unpause(&id).await.unwrap();
    cluster.stop(&id, Some(1)).await.unwrap();
    cluster.stop(&id, Some(1)).await.unwrap();
    cluster.remove_container(&id, false, true).await.unwrap();
    cluster.remove_container(&id, false, true).await.unwrap();
    cluster.remove_network("nobody").await.unwrap();
    cluster.remove_volume("nobody").await.unwrap();
    assert!(matches!(cluster.start(&id).await, Err(Error::NotFound(_))));
}

#[tokio::test]
async fn a_container_is_created_with_all_its_networks() {
    for flavour in [Flavour::Docker20, Flavour::Docker28] {
        let engine = FakeEngine::start_with(Options { flavour, ..Options::default() }).await;
        let cluster = connected(&engine).await;
        for name in ["front", "back"] {
            cluster.create_network(&NetworkSpec { name: name.into(), ..NetworkSpec::default() }).await.unwrap();
        }
        let join = |name: &str| NetworkAttachment {
            name: name.into(),
            aliases: vec!["web".into()],
            ..NetworkAttachment::default()
        };
        let web = ContainerSpec {
            networks: vec![join("front"), join("back")],
            labels: [("dev.gantry.app".to_owned(), "01APP".to_owned())].into(),
            ..spec("web")
        };
        let id = cluster.create_container(&web).await.unwrap();
        cluster.start(&id).await.unwrap();
        let actual = cluster.list_app_containers("01APP").await.unwrap();
        assert_eq!(actual.len(), 1);
        let names: Vec<_> = actual[0].networks.iter().map(|network| network.name.as_str()).collect();
        assert_eq!((actual[0].id.as_str(), names), (id.as_str(), vec!["back", "front"]));
        assert_eq!(cluster.list_app_containers("01OTHER").await.unwrap(), []);
        let detail = cluster.inspect_container(&id).await.unwrap();
        let aliases = &detail.container.networks[0].aliases;
        assert!(aliases.contains(&"web".to_owned()), "{aliases:?}");
    }
}

#[tokio::test]
async fn a_container_whose_network_is_missing_is_taken_away_again() {
    let engine = FakeEngine::start().await;
    let cluster = connected(&engine).await;
    let missing = NetworkAttachment { name: "nobody".into(), ..NetworkAttachment::default() };
    let bridge = NetworkAttachment { name: "bridge".into(), ..NetworkAttachment::default() };
    let web = ContainerSpec { networks: vec![bridge, missing], ..spec("web") };
    assert!(matches!(cluster.create_container(&web).await, Err(Error::NotFound(_))));
    assert!(engine.phase("web").is_none(), "nothing half made is left");
}

#[tokio::test]
async fn refusals_say_what_they_are() {
    let engine = FakeEngine::start().await;
    let cluster = connected(&engine).await;
    let missing = ContainerSpec { image: "nobody:1".into(), ..spec("missing") };
    let error = cluster.create_container(&missing).await.unwrap_err();
    assert!(matches!(error, Error::ImageNotFound(_)), "{error:?}");
    cluster.create_container(&spec("web")).await.unwrap();
    assert!(matches!(cluster.create_container(&spec("web")).await, Err(Error::Conflict(_))));
    engine.fault_once(Match::call("POST", "/containers/create"), Fault::NoSpace);
    assert!(matches!(cluster.create_container(&spec("full")).await, Err(Error::NoSpace(_))));
    let taken = "driver failed programming external connectivity on endpoint web: Bind for 0.0.0.0:8080 failed: port is already allocated";
    engine.fault_once(Match::call("POST", "/containers/*/start"), Fault::Error(500, taken.into()));
    let Err(Error::PortInUse { port: 8080, .. }) = cluster.start("web").await else { panic!() };
    for wrong in ["../x", "a/b", "", "a?b=c"] {
        assert!(cluster.start(wrong).await.is_err(), "{wrong}");
        assert!(cluster.inspect_container_raw(wrong).await.is_err(), "{wrong}");
        let starts = engine.requests();
        assert_eq!(starts.count("POST", "*/start"), starts.count("POST", "/containers/web/start"), "{wrong}");
    }
}

#[tokio::test]
async fn answers_that_cannot_be_trusted_are_errors_and_nothing_worse() {
    let engine = FakeEngine::start().await;
    let (cluster, _) = cluster_with(&engine, Periods { call: PATIENCE, ..brisk() });
    wait_connected(&cluster).await;
    let id = cluster.create_container(&spec("web")).await.unwrap();
    let inspect = || Match::call("GET", &format!("/containers/{id}/json"));
    for fault in [
        Fault::Error(500, "boom".into()),
        Fault::Html(200),
        Fault::Html(502),
        Fault::TruncatedJson,
        Fault::WrongTypes,
        Fault::Disconnect,
        Fault::DropAfter(5),
    ] {
        let number = engine.fault(inspect(), fault.clone());
        let error = cluster.inspect_container(&id).await.expect_err("no honest answer");
        assert!(error.is_transient(), "{fault:?}: {error:?}");
        engine.clear_fault(number);
    }
    let number = engine.fault(inspect(), Fault::Flood(2 << 30));
    assert_eq!(cluster.inspect_container(&id).await.expect_err("a flood"), Error::TooLarge);
    engine.clear_fault(number);
    // The same through the typed calls.
    let start = Match::call("POST", "/containers/*/start");
    let number = engine.fault(start, Fault::Error(500, "x".repeat(1 << 20)));
    let Err(Error::Other { status: 500, message }) = cluster.start(&id).await else { panic!() };
    assert!(message.len() < 1_000);
    engine.clear_fault(number);
    cluster.start(&id).await.unwrap();
}

#[tokio::test]
async fn a_call_that_hangs_ends_at_its_deadline_and_holds_up_no_other() {
    let engine = FakeEngine::start().await;
    let cluster = connected(&engine).await;
    let id = cluster.create_container(&spec("web")).await.unwrap();
    engine.fault(Match::call("POST", "/containers/*/pause"), Fault::Hang);
    let hanging: Vec<_> = (0..10)
        .map(|_| {
            let (cluster, id) = (cluster.clone(), id.clone());
            tokio::spawn(async move { cluster.pause(&id).await })
        })
        .collect();
    engine.wait_for("the hanging calls", |journal| journal.count("POST", "*/pause") == 10).await;
    timeout(PATIENCE, cluster.inspect_container(&id)).await.unwrap().unwrap();
    for call in hanging {
        assert!(matches!(call.await.unwrap(), Err(Error::Timeout { call: "pause", .. })));
    }
}

#[tokio::test]
async fn files_arrive_before_the_start() {
    let engine = FakeEngine::start().await;
    let cluster = connected(&engine).await;
    let id = cluster.create_container(&spec("web")).await.unwrap();
    let file = FileSpec { path: "/run/secrets/key".into(), bytes: b"s3cret".to_vec(), mode: 0o440, uid: 7, gid: 8 };
    cluster.put_files(&id, &[file]).await.unwrap();
    let archives = engine.archives(&id);
    assert_eq!(archives[0].0, "/");
    let mut archive = tar::Archive::new(&archives[0].1[..]);
    let entry = archive.entries().unwrap().next().unwrap().unwrap();
    assert_eq!(entry.path().unwrap().to_str(), Some("run/secrets/key"));
    assert_eq!((entry.header().mode().unwrap(), entry.header().uid().unwrap()), (0o440, 7));
}

#[tokio::test]
async fn a_pull_shows_its_layers_and_says_why_it_failed() {
    let engine = FakeEngine::start().await;
    engine.remote("good:*", PullScript::success());
    let cluster = connected(&engine).await;
    let mut pull = cluster.pull_image("good:1", None).await.unwrap();
    let mut last = None;
    while let Some(event) = pull.next().await {
        last = Some(event.unwrap());
    }
    let last = last.expect("progress");
    assert!(!last.layers.is_empty());
    assert!(last.layers.iter().all(|layer| matches!(layer.phase, LayerPhase::Done | LayerPhase::Exists)), "{last:?}");
    assert!(cluster.image_digest("good:1").await.unwrap().is_some());
    assert_eq!(cluster.image_digest("nobody:1").await.unwrap(), None);

    let failed = async |reference: &str| {
        let mut pull = match cluster.pull_image(reference, None).await {
            Ok(pull) => pull,
            Err(error) => return error,
        };
        loop {
            match pull.next().await.expect("an error before the end") {
                Ok(_) => {}
                Err(error) => return error,
            }
        }
    };
    let missing = failed("missing:1").await;
    assert!(matches!(missing, Error::ImageNotFound(_) | Error::PullDenied(_)), "{missing:?}");
    engine.fault_once(Match::call("POST", "/images/create"), Fault::SilentStream);
    let silent = failed("good:2").await;
    assert!(matches!(silent, Error::Timeout { call: "pull", .. }), "{silent:?}");
    engine.fault_once(Match::call("POST", "/images/create"), Fault::Hang);
    let hung = failed("good:3").await;
    assert!(matches!(hung, Error::Timeout { call: "pull", .. }), "{hung:?}");
}

#[tokio::test]
async fn a_log_comes_line_by_line_with_times_and_streams() {
    for tty in [false, true] {
        let engine = FakeEngine::start().await;
        engine.add_container(&fake_engine::ContainerSpec::new("web", "app:1").with("Tty", tty));
        let cluster = connected(&engine).await;
        for number in 0..5 {
            let stream = if number % 2 == 0 { Stream::Stdout } else { Stream::Stderr };
            engine.log_line("web", stream, &format!("line {number}"));
        }
        let options = LogOptions { tail: Tail::Last(3), ..LogOptions::default() };
        let lines: Vec<_> = cluster.logs("web", &options).await.unwrap().map(Result::unwrap).collect().await;
        let texts: Vec<_> = lines.iter().map(|line| String::from_utf8_lossy(&line.bytes).into_owned()).collect();
        assert_eq!(texts, ["line 2", "line 3", "line 4"], "tty {tty}");
        assert_eq!(lines.iter().map(|line| line.stderr).collect::<Vec<_>>(), [false, !tty, false]);
        assert!(lines.iter().all(|line| line.time_nanos > 0) && lines.is_sorted_by_key(|line| line.time_nanos));

        let since = LogOptions { since_nanos: Some(lines[1].time_nanos), ..LogOptions::default() };
        let count = cluster.logs("web", &since).await.unwrap().count().await;
        assert_eq!(count, 2);

        let follow = LogOptions { follow: true, tail: Tail::Last(0), ..LogOptions::default() };
        let mut stream = cluster.logs("web", &follow).await.unwrap();
        engine.log_line("web", Stream::Stdout, "later");
        let later = timeout(PATIENCE, stream.next()).await.unwrap().unwrap().unwrap();
        assert_eq!(&later.bytes[..], b"later");
        engine.exit_container("web", 0);
        assert!(timeout(PATIENCE, stream.next()).await.unwrap().is_none(), "the log ends with the container");
    }
}

#[tokio::test]
async fn a_log_that_breaks_off_is_an_error_not_an_end() {
    let engine = FakeEngine::start().await;
    engine.add_container(&fake_engine::ContainerSpec::new("web", "app:1"));
    let cluster = connected(&engine).await;
    engine.log_line("web", Stream::Stdout, "before");
    let follow = LogOptions { follow: true, ..LogOptions::default() };
    let mut stream = cluster.logs("web", &follow).await.unwrap();
    assert!(timeout(PATIENCE, stream.next()).await.unwrap().unwrap().is_ok());
    engine.refuse_connections().await;
    let last = timeout(PATIENCE, async {
        while let Some(frame) = stream.next().await {
            if let Err(error) = frame {
                return Some(error);
            }
        }
        None
    });
    assert!(last.await.unwrap().is_some());
}

#[tokio::test]
async fn a_program_runs_with_input_output_and_an_end() {
    let engine = FakeEngine::start().await;
    engine.add_container(&fake_engine::ContainerSpec::new("web", "app:1"));
    let cluster = connected(&engine).await;
    let output = cluster.run("web", &["sh", "-c", "echo out; echo err >&2; exit 3"]).await.unwrap();
    assert_eq!((output.exit_code, output.stdout, output.stderr), (3, b"out\n".to_vec(), b"err\n".to_vec()));

    for tty in [true, false] {
        let shell = ExecSpec { command: vec!["sh".into()], tty, columns: 100, rows: 30, ..ExecSpec::default() };
        let mut session = cluster.exec("web", &shell).await.unwrap();
        session.input.write_all(b"echo hello\n").await.unwrap();
        let mut seen = Vec::new();
        while !seen.windows(6).any(|window| window == b"hello\n" || window == b"hello\r") {
            let chunk = timeout(PATIENCE, session.output.next()).await.unwrap().expect("output").unwrap();
            seen.extend_from_slice(&chunk);
        }
        assert_eq!(session.control.exit_code().await.unwrap(), None);
        session.control.resize(120, 40).await.unwrap();
        session.input.write_all(b"exit 7\n").await.unwrap();
        while timeout(PATIENCE, session.output.next()).await.unwrap().is_some() {}
        assert_eq!(session.control.exit_code().await.unwrap(), Some(7), "tty {tty}");
    }
}

#[tokio::test]
async fn a_sample_comes_from_the_engine_where_its_processes_are_not_here() {
    let engine = FakeEngine::start().await;
    let id = engine.add_container(&fake_engine::ContainerSpec::new("web", "app:1"));
    let cluster = connected(&engine).await;
    let sample = cluster.stats_once(&id).await.unwrap();
    assert!(sample.memory_bytes > 0 && sample.at_nanos > 0, "{sample:?}");
    let all = cluster.stats_of(vec![id.clone(), "nobody".into()]).await;
    assert_eq!(all.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), [id.as_str()]);
}

#[tokio::test]
async fn an_engine_too_old_or_no_engine_at_all_is_named_as_that() {
    let engine = FakeEngine::start().await;
    let number = engine.fault(Match::call("GET", "/version"), Fault::Html(200));
    let (cluster, _) = cluster_with(&engine, brisk());
    engine.wait_for("several tries", |journal| journal.count("GET", "/version") > 2).await;
    let problem = cluster.connection().problem.expect("a reason");
    assert_eq!(problem.key, "engine.garbage");
    engine.clear_fault(number);
    wait_connected(&cluster).await;
    assert!(cluster.connection().problem.is_none());
}
