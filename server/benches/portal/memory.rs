//! How much memory the portal takes: idle, and for a reader of a log that never reads.

use std::time::Duration;

use futures::StreamExt as _;

use super::fake_engine::{Behaviour, ContainerSpec, FakeEngine, StreamKind, Target};
use super::page::containers;
use super::portal::Portal;
use super::report::Row;

const IDLE_CONTAINERS: usize = 50;
const IDLE_BAR_BYTES: f64 = 60e6;
const VIEWER_BAR_BYTES: f64 = 2e6;
/// Long enough for several samples of every container.
const IDLE_TIME: Duration = Duration::from_secs(45);
/// Lines a second in the log that nobody reads.
const FLOOD: u32 = 200_000;
const FLOOD_TIME: Duration = Duration::from_secs(15);
const CONSOLE: [&str; 10] = [
    "/",
    "/apps",
    "/apps/new",
    "/operations",
    "/account",
    "/clusters/local/containers",
    "/clusters/local/images",
    "/clusters/local/networks",
    "/clusters/local/volumes",
    "/clusters/local/events",
];

fn megabytes(bytes: f64) -> String {
    format!("{:.1} MB", bytes / 1e6)
}

/// The portal with containers that it samples, before and after somebody looked at each page.
pub async fn idle() -> Vec<Row> {
    let engine = FakeEngine::start().await;
    containers(&engine, IDLE_CONTAINERS);
    let portal = Portal::with_containers(&engine.host(), IDLE_CONTAINERS as u64).await;
    let fresh = portal.most_memory_bytes(IDLE_TIME).await as f64;
    for page in CONSOLE {
        portal.text(page).await;
    }
    let used = portal.most_memory_bytes(IDLE_TIME).await as f64;
    let most = fresh.max(used);
    vec![Row {
        measure: format!("idle memory with {IDLE_CONTAINERS} containers"),
        bar: "≤ 60 MB".into(),
        portal: format!("{} ({} before any page was opened)", megabytes(most), megabytes(fresh)),
        peer: String::new(),
        ratio: None,
        met: Some(most <= IDLE_BAR_BYTES),
    }]
}

/// The memory that viewers add whose sockets are open and never read from, with and without acknowledgements.
pub async fn silent_viewer() -> Vec<Row> {
    let mut rows = Vec::new();
    for (query, name) in [("ack=true", "as the console opens it"), ("ack=false", "without acknowledgements")] {
        let engine = FakeEngine::start().await;
        engine.behave(Target::Name("flood".into()), Behaviour::prints(FLOOD));
        engine.add_container(&ContainerSpec::new("flood", "busybox:local"));
        let portal = Portal::with_containers(&engine.host(), 1).await;
        let path = format!("/api/v1/clusters/local/containers/flood/logs?{query}");
        // What the first reader of all costs is the code, not the reader.
        let mut reader = portal.socket(&path).await;
        for _ in 0..8 {
            reader.next().await.unwrap().unwrap();
        }
        drop(reader);
        engine.wait_streams(StreamKind::Logs, 0).await;
        let before = portal.most_memory_bytes(Duration::from_secs(3)).await;
        let viewer = portal.socket(&path).await;
        let after = portal.most_memory_bytes(FLOOD_TIME).await;
        drop(viewer);
        let added = after.saturating_sub(before) as f64;
        rows.push(Row {
            measure: format!("memory added by a log viewer that never reads {FLOOD} lines/s, {name}"),
            bar: "≤ 2 MB".into(),
            portal: format!("{:.2} MB", added / 1e6),
            peer: String::new(),
            ratio: None,
            met: Some(added <= VIEWER_BAR_BYTES),
        });
    }
    rows
}
