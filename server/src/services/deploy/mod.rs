//! Deploying: from what is wanted to what the engine has.
//!
//! [`desired`] turns a release into a question, [`observe`] asks the engine what there is, [`plan`] answers without any
//! I/O, [`execute`] carries the answer out. [`run`] does that for an operation, forward and back; [`reconcile`] for an app
//! whose state only has to be kept.

pub mod clash;
pub mod container;
mod copy;
pub mod desired;
pub mod diff;
pub mod execute;
pub mod failpoint;
mod image;
pub mod log;
pub mod model;
pub mod observe;
pub mod plan;
pub mod policy;
pub mod prepare;
pub mod preview;
mod ready;
pub mod reconcile;
mod rollout;
pub mod run;
pub mod source;
pub mod status;

use std::time::Duration;

use api::Message;

use crate::{db, engine};

/// Why something was not done.
#[derive(Clone, Debug)]
pub enum Failure {
    /// Somebody called it off.
    Cancelled,
    /// The engine was lost or did not answer: what was done of it is not known.
    Interrupted(engine::Error),
    /// It cannot be done.
    Message(Message),
    /// It cannot be done, and what was done before is to stay.
    Paused(Message),
    /// The database failed.
    Database(db::Error),
}

impl Failure {
    fn message(message: Message) -> Self {
        Self::Message(message)
    }

    /// For people.
    pub fn shown(&self) -> Message {
        match self {
            Self::Cancelled => Message::new("deploy.cancelled"),
            Self::Interrupted(error) => error.message(),
            Self::Message(message) | Self::Paused(message) => message.clone(),
            Self::Database(error) => Message::new("deploy.database").with("cause", error),
        }
    }
}

impl From<engine::Error> for Failure {
    fn from(error: engine::Error) -> Self {
        match error {
            // an answer that was cut off tells as little of what was done as none
            engine::Error::Unreachable(_)
            | engine::Error::Absent
            | engine::Error::Timeout { .. }
            | engine::Error::Garbage(_) => Self::Interrupted(error),
            other => Self::Message(other.message()),
        }
    }
}

impl From<db::Error> for Failure {
    fn from(error: db::Error) -> Self {
        Self::Database(error)
    }
}

/// How long to wait for what.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// How long a container without a health check has to run to count as good.
    pub settle: Duration,
    /// Between two looks at a container when the engine tells nothing.
    pub poll: Duration,
    /// How long an operation waits for an engine that went away.
    pub engine_wait: Duration,
    /// The first pause before a pull is tried again; the next one is three times as long.
    pub pull_pause: Duration,
    /// The first pause before a container that keeps ending is started again; it doubles each time.
    pub crash_pause: Duration,
    /// The longest such pause.
    pub crash_pause_most: Duration,
    /// How long a container has to run for that to be forgotten.
    pub crash_forgotten: Duration,
    /// Between two looks at all apps.
    pub reconcile: Duration,
    /// Between two looks for audit entries to send, and the first pause after a failure; it doubles each time.
    pub forward: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            settle: Duration::from_secs(2),
            poll: Duration::from_secs(1),
            engine_wait: Duration::from_mins(1),
            pull_pause: Duration::from_secs(2),
            crash_pause: Duration::from_secs(10),
            crash_pause_most: Duration::from_mins(5),
            crash_forgotten: Duration::from_mins(10),
            reconcile: Duration::from_secs(15),
            forward: Duration::from_secs(5),
        }
    }
}
