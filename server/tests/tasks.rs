//! The driver of background tasks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use server::tasks::{Driver, Task};

use crate::support::{Database, TestPortal, eventually};

const NEVER: Duration = Duration::from_hours(1);

#[tokio::test]
async fn a_task_runs_at_once_and_at_each_nudge_and_survives_its_panics() {
    let portal = TestPortal::start(Database::sqlite(), &[]).await;
    let runs = Arc::new(AtomicU32::new(0));
    let counted = runs.clone();
    let task = Task::new("test", NEVER, move |_| {
        let number = counted.fetch_add(1, Ordering::SeqCst);
        async move {
            assert_ne!(number, 1, "the second run panics");
            if number == 2 { Err("the third run fails".to_owned()) } else { Ok(()) }
        }
    });
    let driver = Driver::default();
    let nudge = driver.spawn(&portal.state, task);
    for expected in 1..=4 {
        eventually("the run has ended", async || driver.statuses()[0].runs == expected).await;
        if expected == 3 {
            assert_eq!(driver.statuses()[0].last_error.as_deref(), Some("the third run fails"));
        }
        nudge.nudge();
    }
    assert_eq!(driver.statuses()[0].panics, 1);
    eventually("the last nudge ran", async || driver.statuses()[0].runs == 5).await;
    assert_eq!(runs.load(Ordering::SeqCst), 5);
    assert_eq!(driver.statuses()[0].last_error, None, "a good run clears it");
}

#[tokio::test]
async fn nudges_while_it_runs_lead_to_one_more_run() {
    let portal = TestPortal::start(Database::sqlite(), &[]).await;
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let inner = gate.clone();
    let task = Task::new("test", NEVER, move |_| {
        let gate = inner.clone();
        async move { gate.acquire().await.map(|permit| permit.forget()).map_err(|error| error.to_string()) }
    });
    let driver = Driver::default();
    let nudge = driver.spawn(&portal.state, task);
    tokio::task::yield_now().await;
    for _ in 0..5 {
        nudge.nudge();
    }
    gate.add_permits(10);
    eventually("it ran twice", async || driver.statuses()[0].runs == 2).await;
    nudge.nudge();
    eventually("it ran again", async || driver.statuses()[0].runs == 3).await;
    assert_eq!(gate.available_permits(), 7, "and no more than that");
}

#[tokio::test]
async fn tasks_end_with_the_server() {
    let portal = TestPortal::start(Database::sqlite(), &[]).await;
    let state = portal.state.clone();
    let driver = Driver::default();
    driver.spawn(&state, Task::new("endless", NEVER, |_| std::future::pending()));
    let running = portal.serve();
    tokio::time::timeout(Duration::from_secs(5), running.stop()).await.expect("the task ends");
    assert!(state.stopping.running.is_empty());
}
