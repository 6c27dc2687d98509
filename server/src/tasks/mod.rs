//! Background loops and what drives them: a task is an idempotent function without input, with a name, a period, a nudge
//! and a status.

pub mod cleanup;
pub mod forward;
pub mod reconcile;
pub mod refresh;
pub mod refusals;
pub mod sample;

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::Notify;

use crate::services::State;

/// Wakes a task before its period is over. Nudges while it runs lead to exactly one more run.
#[derive(Clone, Debug, Default)]
pub struct Nudge(Arc<Notify>);

impl Nudge {
    /// Wakes the task.
    pub fn nudge(&self) {
        self.0.notify_one();
    }
}

impl From<Arc<Notify>> for Nudge {
    fn from(notify: Arc<Notify>) -> Self {
        Self(notify)
    }
}

type Run = Arc<dyn Fn(State) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync>;

/// A background loop.
#[derive(Clone)]
pub struct Task {
    name: &'static str,
    period: Duration,
    nudge: Nudge,
    run: Run,
}

impl Task {
    /// A task that runs at once, then every `period` and at each nudge. An error is logged and shown, and tried again
    /// after the period.
    pub fn new<F, R>(name: &'static str, period: Duration, run: F) -> Self
    where
        F: Fn(State) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), String>> + Send + 'static,
    {
        Self { name, period, nudge: Nudge::default(), run: Arc::new(move |state| Box::pin(run(state))) }
    }

    /// Listens to a nudge that others hold already.
    #[must_use]
    pub fn nudged_by(mut self, nudge: Nudge) -> Self {
        self.nudge = nudge;
        self
    }
}

/// How a task is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The task's name.
    pub name: &'static str,
    /// How many runs have ended.
    pub runs: u64,
    /// How many of them panicked.
    pub panics: u64,
    /// When the last one ended.
    pub last_run_at: Option<OffsetDateTime>,
    /// What went wrong in it.
    pub last_error: Option<String>,
}

/// Starts tasks and keeps them running.
#[derive(Clone, Debug, Default)]
pub struct Driver {
    statuses: Arc<Mutex<Vec<Status>>>,
}

impl Driver {
    /// Runs a task until the server stops. A panic ends one run only.
    pub fn spawn(&self, state: &State, task: Task) -> Nudge {
        let nudge = task.nudge.clone();
        let status = Status { name: task.name, runs: 0, panics: 0, last_run_at: None, last_error: None };
        let place = {
            let mut statuses = self.statuses.lock().unwrap_or_else(PoisonError::into_inner);
            statuses.push(status);
            statuses.len() - 1
        };
        let driver = self.clone();
        let tracker = state.stopping.running.clone();
        let state = state.clone();
        tracker.spawn(async move {
            let stop = state.stopping.token.clone();
            while !stop.is_cancelled() {
                let run = tokio::spawn((task.run)(state.clone()));
                let outcome = tokio::select! {
                    outcome = run => outcome,
                    () = stop.cancelled() => return,
                };
                let (panicked, error) = match outcome {
                    Ok(result) => (false, result.err()),
                    Err(error) => (error.is_panic(), Some(error.to_string())),
                };
                if let Some(error) = &error {
                    tracing::warn!(task = task.name, ?error, panicked, "a task failed");
                }
                driver.note(place, panicked, error);
                tokio::select! {
                    () = tokio::time::sleep(task.period) => {}
                    () = task.nudge.0.notified() => {}
                    () = stop.cancelled() => return,
                }
            }
        });
        nudge
    }

    /// How every task is doing, in the order of their start.
    pub fn statuses(&self) -> Vec<Status> {
        self.statuses.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, place: usize, panicked: bool, error: Option<String>) {
        let mut statuses = self.statuses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(status) = statuses.get_mut(place) {
            status.runs += 1;
            status.panics += u64::from(panicked);
            status.last_run_at = Some(OffsetDateTime::now_utc());
            status.last_error = error;
        }
    }
}
