//! What the reconciler does: nothing where all is well, and how soon where a container is gone.

use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::json;

use super::fake_engine::{FakeEngine, Options, client};
use super::portal::{Portal, eventually};
use super::report::Row;

const APPS: usize = 100;
/// Two passes of the reconciler's timer, which looks every 15 seconds, and some.
const TWO_PASSES: Duration = Duration::from_secs(40);
/// How long the reconciler leaves a copy alone that it has just started again.
const FIRST_PAUSE: Duration = Duration::from_secs(10);
const BAR: Duration = Duration::from_secs(1);

/// Deploys the apps, looks at what passes over them write, then takes every container away, twice.
pub async fn reconciling() -> Vec<Row> {
    let engine = FakeEngine::start_with(Options { patience: Duration::from_mins(1), ..Options::default() }).await;
    engine.add_image("web:1");
    let portal = Portal::start(&engine.host()).await;
    let portal = &portal;
    eventually("the engine is connected", async || {
        let cluster = portal.try_json("/api/v1/clusters/local").await.unwrap_or_default();
        cluster["connection"]["state"] == "connected"
    })
    .await;
    let mut operations = Vec::new();
    for number in 0..APPS {
        let app = json!({ "name": name(number), "cluster": "local", "compose": "services: {web: {image: 'web:1'}}" });
        let made = portal.post("/api/v1/projects/default/apps", &app).await;
        operations.push(made["operation"].as_str().unwrap().to_owned());
    }
    for operation in operations {
        let path = format!("/api/v1/operations/{operation}");
        eventually("an app is deployed", async || {
            let operation = portal.try_json(&path).await.unwrap_or_default();
            assert!(operation["state"] != "failed" && operation["state"] != "cancelled", "{operation}");
            operation["state"] == "succeeded"
        })
        .await;
    }
    // What the last deployment set off comes to its end.
    tokio::time::sleep(Duration::from_secs(5)).await;
    vec![passes(&engine).await, replacements(&engine).await]
}

fn name(number: usize) -> String {
    format!("app-{number:03}")
}

/// Two passes by timer over the picture, then one look at each app on the engine itself: a signal that containers do
/// not end by makes the engine tell of each.
async fn passes(engine: &FakeEngine) -> Row {
    engine.clear_requests();
    tokio::time::sleep(TWO_PASSES).await;
    let by_timer = engine.writes().len();
    engine.clear_requests();
    for number in 0..APPS {
        let path = format!("/v1.41/containers/{}-web-1/kill?signal=WINCH", name(number));
        let (status, _) = client::call(&engine.socket(), "POST", &path, Bytes::new()).await.unwrap();
        assert_eq!(status, 204);
    }
    let looks = |journal: &super::fake_engine::Journal| journal.count("GET", "/containers/json");
    engine.wait_for("a look at each app", |journal| looks(journal) >= APPS).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let by_event = engine.writes().len() - APPS;
    Row {
        measure: format!("no-op passes over {APPS} converged apps: two by timer, one by events"),
        bar: "0 engine writes".into(),
        portal: format!("{} engine writes", by_timer + by_event),
        peer: String::new(),
        ratio: None,
        met: Some(by_timer + by_event == 0),
    }
}

/// How long it takes from a container's end to the call that replaces it: each container killed, then each removed.
async fn replacements(engine: &FakeEngine) -> Row {
    let mut waits = Vec::new();
    for number in 0..APPS {
        let container = format!("{}-web-1", name(number));
        let id = engine.look(|state| state.resolve(&container).expect("the container is there"));
        let start = format!("/containers/{id}/start");
        waits.push(replaced(engine, &start, None, || engine.kill_container(&container)).await);
    }
    tokio::time::sleep(FIRST_PAUSE + Duration::from_secs(1)).await;
    for number in 0..APPS {
        let container = format!("{}-web-1", name(number));
        let gone = || engine.remove_container(&container);
        waits.push(replaced(engine, "/containers/create", Some(&container), gone).await);
    }
    waits.sort();
    let nearest = |share: f64| waits[(waits.len() as f64 * share).ceil() as usize - 1];
    let p99 = nearest(0.99);
    let millis = |wait: Duration| format!("{:.0} ms", wait.as_secs_f64() * 1e3);
    Row {
        measure: format!("container gone on the engine → replacement requested, {} times", waits.len()),
        bar: "p99 ≤ 1 s".into(),
        portal: format!("p50 {}, p99 {}, most {}", millis(nearest(0.5)), millis(p99), millis(nearest(1.0))),
        peer: String::new(),
        ratio: None,
        met: Some(p99 <= BAR),
    }
}

async fn replaced(engine: &FakeEngine, path: &str, name: Option<&str>, act: impl FnOnce()) -> Duration {
    engine.clear_requests();
    let began = Instant::now();
    act();
    let is_it = |request: &&super::fake_engine::Request| {
        request.is("POST", path) && name.is_none_or(|name| request.query("name") == Some(name))
    };
    let journal = engine.wait_for(path, |journal| journal.0.iter().any(|request| is_it(&request))).await;
    journal.0.iter().find(is_it).expect("it was waited for").at - began
}
