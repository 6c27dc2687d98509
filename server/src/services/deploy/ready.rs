//! Waiting until a container does what it is for.

use std::time::{Duration, Instant};

use api::Message;
use api::container::{ContainerDetail, ContainerState, Health};
use futures::StreamExt;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use super::Failure;
use super::model::Restart;
use crate::engine::{Cluster, Error, LogOptions, Tail};

/// Lines of a failed container's output that are shown.
const LAST_LINES: u64 = 30;
/// How long to wait for them.
const LINES_DEADLINE: Duration = Duration::from_secs(5);

/// What is waited for.
#[derive(Clone, Copy, Debug)]
pub struct Expectation {
    /// When the engine starts it again.
    pub restart: Restart,
    /// Whether it is a job: its end is waited for.
    pub one_shot: bool,
    /// Whether it was made just now, so that the engine cannot have started it again before.
    pub is_new: bool,
    /// How long one without a health check has to run to count as good.
    pub settle: Duration,
    /// How long it is watched after it is good.
    pub monitor: Duration,
    /// How long it may take to become healthy.
    pub health_deadline: Duration,
    /// The time between two looks when the engine tells nothing.
    pub poll: Duration,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ready {
    /// Its health check passes.
    Healthy,
    /// It has no health check and runs.
    Running,
    /// It has ended well.
    Completed,
}

enum Look {
    Wait(Duration),
    Ready(Ready),
}

/// Waits until the container `id` is ready, or it is clear that it will not be.
pub async fn wait_ready(
    cluster: &Cluster,
    id: &str,
    expected: &Expectation,
    cancel: &CancellationToken,
) -> Result<Ready, Failure> {
    let mut events = cluster.subscribe_events();
    let began = Instant::now();
    let mut good_since = None;
    let mut restarts_before = expected.is_new.then_some(0);
    loop {
        let detail = match cluster.inspect_container(id).await {
            Ok(detail) => detail,
            Err(Error::NotFound(_)) => return Err(Failure::message(Message::new("deploy.container.gone"))),
            Err(error) => return Err(error.into()),
        };
        let restarts = detail.restart_count.saturating_sub(*restarts_before.get_or_insert(detail.restart_count));
        let pause = match look(&detail, expected, restarts, began, &mut good_since)? {
            Look::Ready(ready) => return Ok(ready),
            Look::Wait(pause) => pause,
        };
        tokio::select! {
            () = cancel.cancelled() => return Err(Failure::Cancelled),
            () = heard(&mut events, id) => {}
            () = tokio::time::sleep(pause.min(expected.poll)) => {}
        }
    }
}

fn look(
    detail: &ContainerDetail,
    expected: &Expectation,
    restarts: u64,
    began: Instant,
    good_since: &mut Option<(Instant, Ready)>,
) -> Result<Look, Failure> {
    let container = &detail.container;
    match container.state {
        ContainerState::Running | ContainerState::Paused => {}
        ContainerState::Exited | ContainerState::Dead => {
            let code = container.exit_code.unwrap_or(-1);
            let may_end = expected.one_shot || expected.restart != Restart::Always;
            return if code == 0 && may_end { Ok(Look::Ready(Ready::Completed)) } else { Err(ended(detail, code)) };
        }
        ContainerState::Restarting => return Err(ended(detail, container.exit_code.unwrap_or(-1))),
        _ => return Ok(Look::Wait(expected.poll)),
    }
    if restarts > 0 {
        return Err(Failure::message(Message::new("deploy.container.restarts").with("count", restarts)));
    }
    let now = Instant::now();
    let ready = match container.health {
        _ if expected.one_shot => return Ok(Look::Wait(expected.poll)),
        Some(Health::Healthy) => Ready::Healthy,
        Some(Health::Unhealthy) => {
            let output = detail.health_log.last().map(|check| check.output.trim().to_owned()).unwrap_or_default();
            let message = Message::new("deploy.container.unhealthy").with("output", shorten(&output));
            return Err(Failure::message(message));
        }
        Some(Health::Starting) => {
            if now - began > expected.health_deadline {
                let message = Message::new("deploy.container.never-healthy");
                return Err(Failure::message(message.with("seconds", expected.health_deadline.as_secs())));
            }
            *good_since = None;
            return Ok(Look::Wait(expected.poll));
        }
        None => Ready::Running,
    };
    let (since, first) = good_since.get_or_insert((now, ready));
    let needed = if *first == Ready::Running { expected.settle.max(expected.monitor) } else { expected.monitor };
    let good_for = now - *since;
    if good_for >= needed { Ok(Look::Ready(ready)) } else { Ok(Look::Wait(needed.saturating_sub(good_for))) }
}

fn ended(detail: &ContainerDetail, code: i64) -> Failure {
    let message = match () {
        () if detail.container.oom_killed => Message::new("deploy.container.oom"),
        () if !detail.error.is_empty() => {
            Message::new("deploy.container.error").with("code", code).with("cause", shorten(&detail.error))
        }
        () if code == 127 => Message::new("deploy.container.no-command"),
        () if code == 126 => Message::new("deploy.container.not-executable"),
        () => Message::new("deploy.container.exited").with("code", code),
    };
    Failure::message(message)
}

fn shorten(text: &str) -> String {
    text.chars().take(300).collect()
}

/// Comes back when the engine told something about the container, or when something may have been missed.
async fn heard(events: &mut broadcast::Receiver<std::sync::Arc<api::event::Event>>, id: &str) {
    loop {
        match events.recv().await {
            Ok(event) if event.id == id => return,
            Ok(_) => {}
            Err(broadcast::error::RecvError::Lagged(_)) => return,
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}

/// The last lines a container printed; empty where they cannot be had soon.
pub async fn last_lines(cluster: &Cluster, id: &str) -> Vec<String> {
    let options = LogOptions { tail: Tail::Last(LAST_LINES), ..LogOptions::default() };
    let read = async {
        let mut stream = cluster.logs(id, &options).await.ok()?;
        let mut lines = Vec::new();
        while let Some(Ok(frame)) = stream.next().await {
            lines.push(String::from_utf8_lossy(&frame.bytes).into_owned());
        }
        Some(lines)
    };
    tokio::time::timeout(LINES_DEADLINE, read).await.ok().flatten().unwrap_or_default()
}
