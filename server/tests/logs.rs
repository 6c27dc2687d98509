//! Logs: downloads and sockets, over an engine that prints, floods, and goes away.

use std::time::Duration;

use api::log::Record;
use api::permission::ProjectRole;

use crate::fake_engine::{Behaviour, ContainerSpec, FakeEngine, Lines, Stream, StreamKind, Target};
use crate::support::{Client, Database, Running, Socket, TestPortal, eventually};

/// A portal with a fake engine whose containers it has seen.
pub struct World {
    pub engine: FakeEngine,
    pub portal: TestPortal,
}

impl World {
    pub async fn with(engine: FakeEngine) -> Self {
        let host = engine.host();
        let portal = TestPortal::start(
            Database::sqlite(),
            &[("GANTRY_DOCKER_HOST", &host), ("GANTRY_SAMPLE_INTERVAL_SECS", "1")],
        )
        .await;
        let world = Self { engine, portal };
        let containers = world.engine.look(|state| state.containers.len());
        world.sees(containers).await;
        world
    }

    /// Waits until the portal knows so many containers.
    pub async fn sees(&self, containers: usize) {
        let cluster = self.portal.state.clusters.get("local").unwrap().clone();
        let connected = async || {
            *cluster.connected().borrow()
                && cluster.picture().as_of.is_some()
                && cluster.picture().containers.len() == containers
        };
        eventually("the portal sees the containers", connected).await;
    }
}

/// A container of an app of ours.
pub fn app_container(name: &str, project: &str, app: &str, service: &str) -> ContainerSpec {
    ContainerSpec::new(name, "busybox:local")
        .label("com.docker.compose.project", app)
        .label("com.docker.compose.service", service)
        .label("dev.gantry.project", project)
        .label("dev.gantry.app", "01JAAAAAAAAAAAAAAAAAAAAAAA")
}

const WEB_LOGS: &str = "/api/v1/clusters/local/containers/web/logs";

fn prints(engine: &FakeEngine, name: &str, rate: Option<u32>, count: Option<u64>) {
    let lines = Lines { rate, count, ..Lines::default() };
    engine.behave(Target::Name(name.into()), Behaviour { lines: Some(lines), ..Behaviour::default() });
}

/// The number in `line 0000000001 xxx`.
fn number(bytes: &[u8]) -> u64 {
    std::str::from_utf8(bytes).unwrap().split(' ').nth(1).unwrap().parse().unwrap()
}

/// Reads records until `enough` says so.
async fn read_until(socket: &mut Socket, ack: bool, mut enough: impl FnMut(&[Record]) -> bool) -> Vec<Record> {
    let mut records = Vec::new();
    while !enough(&records) {
        let message = socket.next().await.expect("the socket is open");
        if ack {
            socket.send(u32::try_from(message.len()).unwrap().to_le_bytes().to_vec()).await;
        }
        records.extend(Record::decode_all(&message));
    }
    records
}

fn texts(records: &[Record]) -> Vec<String> {
    let text = |record: &Record| match record {
        Record::Line { bytes, .. } => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    };
    records.iter().filter_map(text).collect()
}

fn notices(records: &[Record]) -> Vec<&str> {
    fn key(record: &Record) -> Option<&str> {
        match record {
            Record::Notice { message, .. } => Some(&message.key),
            _ => None,
        }
    }
    records.iter().filter_map(key).collect()
}

async fn running(world: World) -> (FakeEngine, Client, Running) {
    let admin = world.portal.admin().await;
    (world.engine, admin, world.portal.serve())
}

#[tokio::test]
async fn a_download_has_every_line_and_a_name() {
    let engine = FakeEngine::start().await;
    prints(&engine, "web", None, Some(5_000));
    engine.add_container(&ContainerSpec::new("web", "busybox:local"));
    let world = World::with(engine).await;
    let admin = world.portal.admin().await;
    let answer = admin.get(&format!("{WEB_LOGS}?tail=all&follow=false")).await.expect(200);
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"web.log\"");
    let numbers: Vec<u64> = answer.text().lines().map(|line| number(line.as_bytes())).collect();
    assert!(numbers.iter().copied().eq(1..=5_000), "{} lines", numbers.len());
    let answer = admin.get(&format!("{WEB_LOGS}?tail=3&format=ndjson")).await.expect(200);
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    assert_eq!(answer.text().lines().count(), 3);
    let line: serde_json::Value = serde_json::from_str(answer.text().lines().next().unwrap()).unwrap();
    assert_eq!((&line["container"], &line["stream"]), (&"web".into(), &"stdout".into()));
    let problem = admin.get(&format!("{WEB_LOGS}?tail=-1&since=x&format=pdf")).await.expect(400).json();
    assert_eq!(problem["fields"].as_array().unwrap().len(), 3);
    admin.get(&format!("{WEB_LOGS}?colour=red")).await.expect(400);
    admin.get("/api/v1/clusters/local/containers/none/logs").await.expect(404);
}

#[tokio::test]
async fn a_reader_that_is_too_slow_is_told_exactly_what_it_missed() {
    let engine = FakeEngine::start().await;
    engine.add_container(&ContainerSpec::new("web", "busybox:local"));
    let world = World::with(engine).await;
    let (engine, admin, running) = running(world).await;
    let mut socket = Socket::open(running.address, &admin, &format!("{WEB_LOGS}?ack=true&tail=all")).await.unwrap();
    engine.wait_streams(StreamKind::Logs, 1).await;
    for number in 1..=100_000 {
        engine.log_line("web", Stream::Stdout, &format!("line {number}"));
    }
    // Nothing is acknowledged until the window is full and nothing more comes.
    let mut unread = Vec::new();
    while let Some(message) = socket.next_within(Duration::from_millis(1_500)).await {
        unread.push(message);
    }
    let bytes: usize = unread.iter().map(bytes::Bytes::len).sum();
    assert!(bytes <= api::log::WINDOW_BYTES + 64 * 1024, "{bytes} bytes without any acknowledgement");
    socket.send(u32::try_from(bytes).unwrap().to_le_bytes().to_vec()).await;
    engine.log_line("web", Stream::Stdout, "line 100001");
    let mut records: Vec<Record> = unread.iter().flat_map(|message| Record::decode_all(message)).collect();
    let is_last = |record: &Record| matches!(record, Record::Line { bytes, .. } if number(bytes) == 100_001);
    records.extend(read_until(&mut socket, true, |records| records.iter().any(is_last)).await);
    let mut next = 1;
    let mut skipped = 0;
    for record in &records {
        match record {
            Record::Line { bytes, .. } => {
                assert_eq!(number(bytes), next);
                next += 1;
            }
            Record::Skipped { lines, .. } => {
                next += lines;
                skipped += lines;
            }
            _ => {}
        }
    }
    assert_eq!(next, 100_002);
    assert!(skipped > 0, "nothing had to be left out");
    running.stop().await;
}

#[tokio::test]
async fn without_acknowledgement_nothing_is_left_out() {
    let engine = FakeEngine::start().await;
    prints(&engine, "web", None, Some(60_000));
    engine.add_container(&ContainerSpec::new("web", "busybox:local"));
    let world = World::with(engine).await;
    let (_engine, admin, running) = running(world).await;
    let mut socket = Socket::open(running.address, &admin, &format!("{WEB_LOGS}?tail=all")).await.unwrap();
    let records = read_until(&mut socket, false, |records| records.len() > 60_000).await;
    assert!(!records.iter().any(|record| matches!(record, Record::Skipped { .. })));
    let numbers: Vec<u64> = texts(&records).iter().map(|text| number(text.as_bytes())).collect();
    assert!(numbers.iter().copied().eq(1..=60_000));
    running.stop().await;
}

#[tokio::test]
async fn a_log_goes_on_after_the_engine_was_lost_without_a_missing_or_doubled_line() {
    let engine = FakeEngine::start().await;
    prints(&engine, "web", Some(2_000), None);
    engine.add_container(&ContainerSpec::new("web", "busybox:local"));
    let world = World::with(engine).await;
    let (engine, admin, running) = running(world).await;
    let mut socket = Socket::open(running.address, &admin, &format!("{WEB_LOGS}?tail=all")).await.unwrap();
    let mut records = read_until(&mut socket, false, |records| records.len() > 500).await;
    for _ in 0..2 {
        engine.refuse_connections().await;
        records.extend(read_until(&mut socket, false, |records| notices(records).contains(&"log.lost")).await);
        engine.accept_connections();
        records.extend(read_until(&mut socket, false, |records| notices(records).contains(&"log.resumed")).await);
        records.extend(read_until(&mut socket, false, |records| records.len() > 3_000).await);
    }
    assert_eq!(notices(&records), ["log.lost", "log.resumed", "log.lost", "log.resumed"]);
    let numbers: Vec<u64> = texts(&records).iter().map(|text| number(text.as_bytes())).collect();
    assert!(numbers.iter().copied().eq(1..=numbers.len() as u64), "a line is missing or doubled");
    running.stop().await;
}

#[tokio::test]
async fn a_container_that_restarts_goes_on_in_the_same_log() {
    let engine = FakeEngine::start().await;
    engine.add_container(&ContainerSpec::new("web", "busybox:local"));
    let world = World::with(engine).await;
    let (engine, admin, running) = running(world).await;
    let mut socket = Socket::open(running.address, &admin, WEB_LOGS).await.unwrap();
    engine.log_line("web", Stream::Stdout, "before");
    let mut records = read_until(&mut socket, false, |records| texts(records).contains(&"before".into())).await;
    engine.exit_container("web", 0);
    engine.start_container("web");
    engine.log_line("web", Stream::Stderr, "after");
    records.extend(read_until(&mut socket, false, |records| texts(records).contains(&"after".into())).await);
    assert_eq!(texts(&records), ["before", "after"]);
    running.stop().await;
}

#[tokio::test]
async fn a_line_of_fifty_megabytes_comes_in_pieces_and_odd_bytes_stay() {
    let engine = FakeEngine::start().await;
    engine.add_container(&ContainerSpec::new("web", "busybox:local"));
    let world = World::with(engine).await;
    let (engine, admin, running) = running(world).await;
    let mut socket = Socket::open(running.address, &admin, WEB_LOGS).await.unwrap();
    engine.wait_streams(StreamKind::Logs, 1).await;
    let length = 50 * 1024 * 1024;
    engine.log_line("web", Stream::Stdout, &"x".repeat(length));
    engine.log_line("web", Stream::Stdout, "caf\u{e9} \0 end");
    let mut received = 0;
    loop {
        let message = socket.next().await.unwrap();
        let mut ended = false;
        for record in Record::decode_all(&message) {
            if let Record::Line { bytes, .. } = record {
                assert!(bytes.len() <= api::log::MAX_LINE_BYTES);
                ended = bytes == "caf\u{e9} \0 end".as_bytes();
                received += if ended { 0 } else { bytes.len() };
            }
        }
        if ended {
            break;
        }
    }
    assert_eq!(received, length);
    running.stop().await;
}

#[tokio::test]
async fn an_apps_log_is_one_and_new_containers_join_it() {
    let engine = FakeEngine::start().await;
    engine.add_container(&app_container("shop-web-1", "default", "shop", "web"));
    engine.add_container(&app_container("shop-db-1", "default", "shop", "db"));
    engine.add_container(&ContainerSpec::new("other", "busybox:local"));
    for number in 0..20 {
        let name = if number % 2 == 0 { "shop-web-1" } else { "shop-db-1" };
        engine.log_line(name, Stream::Stdout, &format!("old {number}"));
        // The order is that of the times, so there has to be one.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    engine.log_line("other", Stream::Stdout, "of another");
    let world = World::with(engine).await;
    world.portal.app("default", "shop").await;
    let (engine, admin, running) = running(world).await;
    let path = "/api/v1/projects/default/apps/shop/logs";
    let mut socket = Socket::open(running.address, &admin, path).await.unwrap();
    let mut records = read_until(&mut socket, false, |records| texts(records).len() >= 20).await;
    assert_eq!(texts(&records), (0..20).map(|number| format!("old {number}")).collect::<Vec<_>>());
    engine.add_container(&app_container("shop-web-2", "default", "shop", "web"));
    engine.log_line("shop-web-2", Stream::Stdout, "new here");
    records.extend(read_until(&mut socket, false, |records| texts(records).contains(&"new here".into())).await);
    let mut names: Vec<_> = records
        .iter()
        .filter_map(|record| match record {
            Record::Source { source, .. } => Some((source.name.as_str(), source.service.as_deref().unwrap())),
            _ => None,
        })
        .collect();
    names.sort_unstable();
    assert_eq!(names, [("shop-db-1", "db"), ("shop-web-1", "web"), ("shop-web-2", "web")]);
    let download = admin.get(&format!("{path}?service=db&tail=2")).await.expect(200).text();
    assert_eq!(download, "shop-db-1 | old 17\nshop-db-1 | old 19\n");
    running.stop().await;
}

#[tokio::test]
async fn an_app_without_containers_has_an_empty_log_that_its_first_container_joins() {
    let world = World::with(FakeEngine::start().await).await;
    world.portal.app("default", "shop").await;
    let (engine, admin, running) = running(world).await;
    let path = "/api/v1/projects/default/apps/shop/logs";
    assert_eq!(admin.get(path).await.expect(200).text(), "");
    admin.get("/api/v1/projects/default/apps/none/logs").await.expect(404);
    let mut socket = Socket::open(running.address, &admin, path).await.unwrap();
    engine.add_container(&app_container("shop-web-1", "default", "shop", "web"));
    engine.log_line("shop-web-1", Stream::Stdout, "first");
    read_until(&mut socket, false, |records| texts(records).contains(&"first".into())).await;
    running.stop().await;
}

#[tokio::test]
async fn a_reader_that_leaves_frees_the_engines_stream() {
    let engine = FakeEngine::start().await;
    prints(&engine, "web", Some(1_000), None);
    engine.add_container(&ContainerSpec::new("web", "busybox:local"));
    let world = World::with(engine).await;
    let (engine, admin, running) = running(world).await;
    let mut sockets = Vec::new();
    for _ in 0..3 {
        sockets.push(Socket::open(running.address, &admin, WEB_LOGS).await.unwrap());
    }
    engine.wait_streams(StreamKind::Logs, 3).await;
    drop(sockets);
    engine.wait_streams(StreamKind::Logs, 0).await;
    let socket = Socket::open(running.address, &admin, WEB_LOGS).await.unwrap();
    let (code, ()) = tokio::join!(socket.closed(), running.stop());
    assert_eq!(code, Some(1012));
    engine.wait_streams(StreamKind::Logs, 0).await;
}

#[tokio::test]
async fn who_may_not_see_a_container_may_not_learn_that_it_exists() {
    let engine = FakeEngine::start().await;
    engine.add_container(&app_container("shop-web-1", "shop-team", "shop", "web"));
    engine.add_container(&ContainerSpec::new("web", "busybox:local"));
    let world = World::with(engine).await;
    let guest = world.portal.member("gus", "shop-team", ProjectRole::Guest).await;
    let foreign = world.portal.member("bea", "bank", ProjectRole::Admin).await;
    let path = |name: &str| format!("/api/v1/clusters/local/containers/{name}/logs");
    guest.get(&path("shop-web-1")).await.expect(200);
    guest.get(&path("web")).await.expect(404);
    world.portal.app("shop-team", "shop").await;
    guest.get("/api/v1/projects/shop-team/apps/shop/logs").await.expect(200);
    let hidden = foreign.get(&path("shop-web-1")).await.expect(404).text();
    let missing = foreign.get(&path("missing-one")).await.expect(404).text();
    assert_eq!(hidden.replace("shop-web-1", "NAME"), missing.replace("missing-one", "NAME"));
    foreign.get("/api/v1/projects/shop-team/apps/shop/logs").await.expect(404);
    world.portal.anonymous().get(&path("web")).await.expect(401);
}

#[tokio::test]
async fn a_socket_from_elsewhere_is_refused_before_the_engine_is_asked() {
    let engine = FakeEngine::start().await;
    engine.add_container(&app_container("shop-web-1", "default", "shop", "web"));
    let world = World::with(engine).await;
    world.portal.app("default", "shop").await;
    let token = world.portal.token("admin", api::permission::SystemRole::Admin).await;
    let (engine, admin, running) = running(world).await;
    let container = "/api/v1/clusters/local/containers/shop-web-1";
    let app = "/api/v1/projects/default/apps/shop";
    let paths = [
        format!("{container}/logs"),
        format!("{container}/exec"),
        format!("{container}/attach"),
        format!("{container}/stats"),
        format!("{app}/logs"),
        format!("{app}/stats"),
        "/api/v1/watch".to_owned(),
    ];
    for path in &paths {
        for origin in [None, Some("null"), Some("http://evil.example"), Some("https://evil.example:8080")] {
            assert_eq!(Socket::open_from(running.address, &admin, path, origin).await.err(), Some(403), "{path}");
        }
        admin.get(path).await;
    }
    let asked = engine.requests();
    assert_eq!(asked.count("POST", "/containers/*/exec") + asked.count("POST", "/containers/*/attach"), 0);
    assert!(Socket::open_from(running.address, &token, "/api/v1/watch", None).await.is_ok());
    running.stop().await;
}

#[tokio::test]
async fn a_socket_closes_when_its_session_ends_or_its_membership_does() {
    let engine = FakeEngine::start().await;
    prints(&engine, "shop-web-1", Some(100), None);
    engine.add_container(&app_container("shop-web-1", "shop-team", "shop", "web"));
    let world = World::with(engine).await;
    let guest = world.portal.member("gus", "shop-team", ProjectRole::Guest).await;
    let admin = world.portal.admin().await;
    world.portal.app("shop-team", "shop").await;
    let state = world.portal.state.clone();
    let running = world.portal.serve();
    let path = "/api/v1/projects/shop-team/apps/shop/logs";
    let (guests, admins) = (
        Socket::open(running.address, &guest, path).await.unwrap(),
        Socket::open(running.address, &admin, path).await.unwrap(),
    );
    let signing_out = async {
        admin.delete("/api/v1/session").await.expect(204);
        use sea_orm::ConnectionTrait as _;
        state.db.begin().await.unwrap().commit().await.unwrap();
        let txn = state.db.begin().await.unwrap();
        txn.execute_unprepared("DELETE FROM memberships").await.unwrap();
        txn.commit().await.unwrap();
    };
    let (guests, admins, ()) = tokio::join!(guests.closed(), admins.closed(), signing_out);
    assert_eq!((guests, admins), (Some(1008), Some(1008)));
    running.stop().await;
}
