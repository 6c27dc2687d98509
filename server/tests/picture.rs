//! The picture of an engine: true within seconds, whatever the engine does.

use std::sync::Arc;
use std::time::Duration;

use api::cluster::ConnectionState;
use api::container::{ContainerState, Health};
use api::watch::{Change, ChangeKind};
use server::changes::Changes;
use server::engine::{Cluster, Endpoint, Periods, Picture, Settings};
use tokio::sync::broadcast;
use tokio::time::timeout;

use crate::fake_engine::{ContainerSpec, FakeEngine, Fault, Flavour, Match, Options, Times};

const PATIENCE: Duration = Duration::from_secs(10);

/// Periods for tests: short ones, so that nothing has to be waited for.
pub fn brisk() -> Periods {
    Periods {
        resync: Duration::from_millis(300),
        coalesce: Duration::from_millis(5),
        reconnect_least: Duration::from_millis(20),
        reconnect_most: Duration::from_millis(100),
        look: Duration::from_millis(50),
        call: Duration::from_millis(500),
        list: Duration::from_millis(700),
        pull_idle: Duration::from_millis(700),
    }
}

pub fn cluster_with(engine: &FakeEngine, periods: Periods) -> (Cluster, broadcast::Receiver<Change>) {
    let changes = Changes::default();
    let told = changes.subscribe();
    let settings = Settings { endpoint: Some(Endpoint::Unix(engine.socket())), sockets: Vec::new(), periods };
    (Cluster::look_after("local", settings, changes), told)
}

pub async fn connected(engine: &FakeEngine) -> Cluster {
    let (cluster, _) = cluster_with(engine, brisk());
    wait_connected(&cluster).await;
    cluster
}

pub async fn wait_connected(cluster: &Cluster) {
    let mut connected = cluster.connected();
    timeout(PATIENCE, connected.wait_for(|connected| *connected)).await.expect("a connection").unwrap();
}

async fn wait_lost(cluster: &Cluster) {
    let mut connected = cluster.connected();
    timeout(PATIENCE, connected.wait_for(|connected| !*connected)).await.expect("a lost connection").unwrap();
}

/// Waits until the picture fits.
#[track_caller]
pub fn until(cluster: &Cluster, what: &str, fits: impl Fn(&Picture) -> bool) -> impl Future<Output = Arc<Picture>> {
    let (mut pictures, what, cluster) = (cluster.pictures(), what.to_owned(), cluster.clone());
    async move {
        match timeout(PATIENCE, pictures.wait_for(|picture| fits(picture))).await {
            Ok(picture) => picture.unwrap().clone(),
            Err(_) => panic!("waited too long until {what}: {:?}\n{:#?}", cluster.connection(), cluster.picture()),
        }
    }
}

fn state_of(picture: &Picture, name: &str) -> Option<ContainerState> {
    picture.find_container(name).ok().map(|container| container.state)
}

#[tokio::test]
async fn the_first_picture_has_everything_with_its_details() {
    for flavour in [Flavour::Docker20, Flavour::Docker28] {
        let engine = FakeEngine::start_with(Options { flavour, ..Options::default() }).await;
        engine.add_container(
            &ContainerSpec::new("shop-web-1", "web:1")
                .label("com.docker.compose.project", "shop")
                .label("com.docker.compose.service", "web")
                .label("dev.gantry.project", "default"),
        );
        engine.add_container(&ContainerSpec::new("other", "busybox:local").stopped());
        let cluster = connected(&engine).await;
        let picture = until(&cluster, "details are there", |picture| {
            picture.find_container("shop-web-1").is_ok_and(|web| web.started_at.is_some())
                && !picture.images.is_empty()
                && !picture.networks.is_empty()
                && picture.facts.is_some()
        })
        .await;
        let web = picture.find_container("shop-web-1").unwrap();
        assert_eq!(web.state, ContainerState::Running);
        assert_eq!((web.app.as_deref(), web.service.as_deref()), (Some("shop"), Some("web")));
        assert_eq!(web.project.as_deref(), Some("default"));
        assert_eq!(web.exit_code, None);
        assert_eq!(state_of(&picture, "other"), Some(ContainerState::Created));
        assert_eq!(picture.find_image("web:1").unwrap().containers, 1);
        assert_eq!(picture.counts().containers, 2);
        let facts = picture.facts.clone().unwrap();
        assert_eq!(facts.product, "Docker Engine");
        assert!(facts.memory_bytes > 0 && facts.cpus > 0, "{facts:?}");
        let api = if flavour == Flavour::Docker20 { "1.41" } else { "1.51" };
        assert_eq!(facts.api_version, api);
        assert!(engine.requests().0.iter().skip(1).all(|request| request.version.as_deref() == Some(api)));
    }
}

#[tokio::test]
async fn events_change_only_what_they_are_about() {
    let engine = FakeEngine::start().await;
    engine.add_container(&ContainerSpec::new("still", "app:1"));
    // Without resync, so that only events can bring what happens.
    let (cluster, mut changes) = cluster_with(&engine, Periods { resync: Duration::from_mins(10), ..brisk() });
    let before =
        until(&cluster, "details are there", |p| p.find_container("still").is_ok_and(|c| c.started_at.is_some())).await;
    engine.clear_requests();

    let id = engine.add_container(&ContainerSpec::new("web", "app:1"));
    until(&cluster, "web runs", |p| state_of(p, "web") == Some(ContainerState::Running)).await;
    engine.set_health("web", "unhealthy");
    until(&cluster, "web is unhealthy", |p| p.find_container("web").unwrap().health == Some(Health::Unhealthy)).await;
    engine.exit_container("web", 3);
    let after = until(&cluster, "web ended", |p| state_of(p, "web") == Some(ContainerState::Exited)).await;
    let web = after.find_container("web").unwrap();
    assert_eq!((web.exit_code, web.health), (Some(3), None));
    assert!(web.finished_at.is_some());
    let still = |picture: &Picture| picture.find_container("still").unwrap().clone();
    assert!(Arc::ptr_eq(&still(&before), &still(&after)), "what did not change is not made anew");

    engine.remove_container("web");
    until(&cluster, "web is gone", |p| p.find_container("web").is_err()).await;
    let journal = engine.requests();
    assert_eq!(journal.count("GET", "/containers/json"), 0, "{}", journal.text());
    assert_eq!(journal.count("GET", "/events"), 0, "the stream stays the same");
    let told = std::iter::from_fn(|| changes.try_recv().ok()).filter(|change| change.kind == ChangeKind::Container);
    assert!(told.into_iter().any(|change| change.id.as_deref() == Some(&id)));
}

#[tokio::test]
async fn memory_and_oom_are_seen() {
    let engine = FakeEngine::start().await;
    engine.add_container(&ContainerSpec::new("greedy", "app:1"));
    let cluster = connected(&engine).await;
    engine.oom_container("greedy");
    let picture = until(&cluster, "it was ended", |p| p.find_container("greedy").unwrap().oom_killed).await;
    assert_eq!(picture.find_container("greedy").unwrap().exit_code, Some(137));
}

#[tokio::test]
async fn a_silently_dead_event_stream_is_found_and_opened_anew() {
    let engine = FakeEngine::start().await;
    engine.add_container(&ContainerSpec::new("web", "app:1"));
    let cluster = connected(&engine).await;
    until(&cluster, "details are there", |p| p.find_container("web").is_ok_and(|c| c.started_at.is_some())).await;
    let streams = engine.requests().count("GET", "/events");
    engine.silence_events();
    engine.exit_container("web", 1);
    until(&cluster, "the list told it", |p| state_of(p, "web") == Some(ContainerState::Exited)).await;
    engine.wait_for("a new stream", |journal| journal.count("GET", "/events") > streams).await;
    assert_eq!(cluster.connection().state, ConnectionState::Connected, "nobody has to notice");
    let seen = cluster.events().len();
    engine.start_container("web");
    until(&cluster, "it runs again", |p| state_of(p, "web") == Some(ContainerState::Running)).await;
    assert!(cluster.events().len() > seen, "the new stream tells events");
}

#[tokio::test]
async fn with_the_default_periods_a_dead_stream_costs_less_than_fifteen_seconds() {
    let periods = Periods::default();
    assert!(periods.resync + periods.coalesce < Duration::from_secs(13), "two seconds are left for the list itself");
}

#[tokio::test]
async fn a_restarted_engine_is_found_again_without_help() {
    let engine = FakeEngine::start().await;
    engine.add_container(&ContainerSpec::new("web", "app:1"));
    let cluster = connected(&engine).await;
    let before =
        until(&cluster, "web is there", |p| p.find_container("web").is_ok_and(|c| c.started_at.is_some())).await;
    engine.stop().await;
    wait_lost(&cluster).await;
    let connection = cluster.connection();
    assert_eq!(connection.state, ConnectionState::Lost);
    assert!(connection.problem.is_some() && connection.as_of.is_some());
    let meanwhile = cluster.picture();
    assert_eq!(state_of(&meanwhile, "web"), Some(ContainerState::Running), "the last known state stays, with its age");
    assert_eq!(before.containers.len(), meanwhile.containers.len());

    engine.start_again();
    wait_connected(&cluster).await;
    until(&cluster, "what ended with the engine", |p| state_of(p, "web") == Some(ContainerState::Exited)).await;
    engine.start_container("web");
    until(&cluster, "events flow again", |p| state_of(p, "web") == Some(ContainerState::Running)).await;
}

#[tokio::test]
async fn an_engine_that_hangs_leaves_the_old_picture_and_comes_back() {
    let engine = FakeEngine::start().await;
    engine.add_container(&ContainerSpec::new("web", "app:1"));
    let cluster = connected(&engine).await;
    let as_of = cluster.connection().as_of;
    let fault = engine.fault(Match::call("GET", "/containers/json"), Fault::Hang);
    wait_lost(&cluster).await;
    let problem = cluster.connection().problem.unwrap();
    assert_eq!(problem.key, "engine.timeout");
    assert_eq!(state_of(&cluster.picture(), "web"), Some(ContainerState::Running));
    assert!(cluster.age_ms().is_some());
    engine.clear_fault(fault);
    wait_connected(&cluster).await;
    assert!(cluster.connection().as_of > as_of);
}

#[tokio::test]
async fn one_stuck_container_holds_up_nothing_else() {
    let engine = FakeEngine::start().await;
    let stuck = engine.add_container(&ContainerSpec::new("stuck", "app:1"));
    engine.fault(Match::call("GET", &format!("/containers/{stuck}/json")), Fault::Hang);
    let cluster = connected(&engine).await;
    assert_eq!(state_of(&cluster.picture(), "stuck"), Some(ContainerState::Running), "the list tells this much");
    engine.add_container(&ContainerSpec::new("web", "app:1"));
    until(&cluster, "another is seen", |p| state_of(p, "web") == Some(ContainerState::Running)).await;
    assert_eq!(cluster.connection().state, ConnectionState::Connected);
}

#[tokio::test]
async fn garbage_never_ends_the_supervisor_nor_marks_containers_as_ended() {
    for (fault, key) in [
        (Fault::Error(500, "boom".into()), "engine.other"),
        (Fault::Html(502), "engine.other"),
        (Fault::Html(200), "engine.garbage"),
        (Fault::TruncatedJson, "engine.garbage"),
        (Fault::WrongTypes, "engine.garbage"),
        (Fault::Flood(2 << 30), "engine.too-large"),
        (Fault::DropAfter(10), "engine."),
        (Fault::Disconnect, "engine."),
    ] {
        let engine = FakeEngine::start().await;
        engine.add_container(&ContainerSpec::new("web", "app:1"));
        let periods = Periods { list: PATIENCE, ..brisk() };
        let (cluster, _) = cluster_with(&engine, periods);
        wait_connected(&cluster).await;
        let number = engine.fault(Match::call("GET", "/containers/json"), fault.clone());
        wait_lost(&cluster).await;
        let connection = cluster.connection();
        let problem = connection.problem.unwrap_or_else(|| panic!("{fault:?} without a reason"));
        assert!(problem.key.starts_with(key), "{fault:?}: {problem:?}");
        assert_eq!(state_of(&cluster.picture(), "web"), Some(ContainerState::Running), "{fault:?}");
        engine.clear_fault(number);
        wait_connected(&cluster).await;
    }
}

#[tokio::test]
async fn broken_parts_leave_the_rest_of_the_picture_true() {
    let engine = FakeEngine::start().await;
    for path in ["/images/json", "/networks", "/volumes", "/info"] {
        engine.fault(Match::call("GET", path), Fault::WrongTypes);
    }
    let cluster = connected(&engine).await;
    engine.add_container(&ContainerSpec::new("web", "app:1"));
    until(&cluster, "web is seen", |p| p.find_container("web").is_ok()).await;
    engine.clear_faults();
    until(&cluster, "the parts heal", |p| !p.images.is_empty() && !p.networks.is_empty() && p.facts.is_some()).await;
}

#[tokio::test]
async fn an_event_stream_of_garbage_is_opened_anew() {
    let engine = FakeEngine::start().await;
    engine.fault_times(Match::call("GET", "/events"), Fault::Html(200), Times::Count(2));
    let cluster = connected(&engine).await;
    engine.wait_for("a third stream", |journal| journal.count("GET", "/events") >= 3).await;
    wait_connected(&cluster).await;
    engine.add_container(&ContainerSpec::new("web", "app:1"));
    until(&cluster, "events flow", |p| state_of(p, "web") == Some(ContainerState::Running)).await;
}

#[tokio::test]
async fn an_event_stream_that_never_opens_costs_only_the_speed() {
    let engine = FakeEngine::start().await;
    engine.fault(Match::call("GET", "/events"), Fault::Hang);
    let (cluster, _) = cluster_with(&engine, brisk());
    wait_connected(&cluster).await;
    engine.add_container(&ContainerSpec::new("web", "app:1"));
    until(&cluster, "the list told it", |p| state_of(p, "web") == Some(ContainerState::Running)).await;
}

#[tokio::test]
async fn health_checks_make_no_noise() {
    let engine = FakeEngine::start().await;
    engine.add_test_images();
    let cluster = connected(&engine).await;
    engine.add_container(&ContainerSpec::new("web", "gantry-test/web:1"));
    until(&cluster, "it is healthy", |p| p.find_container("web").is_ok_and(|c| c.health == Some(Health::Healthy)))
        .await;
    engine.exit_container("web", 0);
    until(&cluster, "it ended", |p| state_of(p, "web") == Some(ContainerState::Exited)).await;
    let events = cluster.events();
    assert!(events.iter().all(|event| !event.action.starts_with("exec")), "{events:#?}");
    assert!(events.iter().any(|event| event.action.starts_with("health_status")), "{events:#?}");
    assert!(events.is_sorted_by_key(|event| event.sequence));
}

#[tokio::test]
async fn without_an_engine_the_portal_says_how_to_connect_one_and_keeps_looking() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("docker.sock");
    let settings = Settings { endpoint: None, sockets: vec![socket.clone()], periods: brisk() };
    let changes = Changes::default();
    let mut heard = changes.subscribe();
    let cluster = Cluster::look_after("local", settings, changes);
    let told = timeout(PATIENCE, heard.recv()).await.unwrap().unwrap();
    assert_eq!(told.kind, ChangeKind::Cluster);
    let connection = cluster.connection();
    assert_eq!(connection.state, ConnectionState::Absent);
    assert!(connection.problem.unwrap().text(api::Language::English).contains("GANTRY_DOCKER_HOST"));
    assert_eq!(cluster.start("x").await, Err(server::engine::Error::Absent));

    let engine = FakeEngine::start().await;
    std::os::unix::fs::symlink(engine.socket(), &socket).unwrap();
    wait_connected(&cluster).await;
    assert_eq!(cluster.endpoint(), format!("unix://{}", socket.display()));
}

#[tokio::test]
async fn a_thousand_containers_are_one_list_and_few_pictures() {
    let engine = FakeEngine::start().await;
    for number in 0..1_000 {
        engine.add_container(&ContainerSpec::new(&format!("c-{number:04}"), "app:1"));
    }
    let calm = Periods { resync: Duration::from_mins(10), call: PATIENCE, list: PATIENCE, ..Periods::default() };
    let (cluster, mut changes) = cluster_with(&engine, calm);
    wait_connected(&cluster).await;
    assert_eq!(cluster.picture().containers.len(), 1_000, "the first list is shown before any inspection");
    let all = |p: &Picture| p.containers.iter().all(|container| container.started_at.is_some());
    until(&cluster, "all are inspected", all).await;
    let journal = engine.requests();
    assert_eq!(journal.count("GET", "/containers/json"), 1);
    assert_eq!(journal.count("GET", "/containers/*/json"), 1_000);
    let told = std::iter::from_fn(|| changes.try_recv().ok()).filter(|change| change.kind == ChangeKind::Container);
    let told = told.count();
    assert!(told < 2_100, "{told} changes told");
}

#[tokio::test]
async fn the_picture_follows_images_networks_and_volumes() {
    let engine = FakeEngine::start().await;
    let (cluster, _) = cluster_with(&engine, Periods { resync: Duration::from_mins(10), ..brisk() });
    wait_connected(&cluster).await;
    until(&cluster, "the parts are there", |p| !p.images.is_empty() && !p.networks.is_empty()).await;
    let network = server::engine::NetworkSpec { name: "back".into(), ..Default::default() };
    cluster.create_network(&network).await.unwrap();
    let volume = server::engine::VolumeSpec { name: "data".into(), ..Default::default() };
    cluster.create_volume(&volume).await.unwrap();
    cluster.tag_image("busybox:local", "team/box:2").await.unwrap();
    until(&cluster, "all are there", |p| {
        p.find_network("back").is_some() && p.find_volume("data").is_some() && p.find_image("team/box:2").is_ok()
    })
    .await;
    cluster.remove_network("back").await.unwrap();
    cluster.remove_volume("data").await.unwrap();
    cluster.remove_image("team/box:2", false).await.unwrap();
    until(&cluster, "all are gone", |p| {
        p.find_network("back").is_none() && p.find_volume("data").is_none() && p.find_image("team/box:2").is_err()
    })
    .await;
}
