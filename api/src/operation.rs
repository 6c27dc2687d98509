//! Operations: what somebody asked for, step by step.
//!
//! An operation is a log of [`OperationEvent`]s. The server keeps the log and sends it; whoever shows an operation
//! folds the log with [`Operation::apply`], so a replay and a live view are the same thing.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use ulid::Ulid;

use crate::client::{Client, Method, Path};
use crate::list::{List, ListQuery};
use crate::message::Message;
use crate::problem::Problem;

/// The lines of output that a folded step keeps.
pub const STEP_OUTPUT_LINES: usize = 500;

/// The answer to a request that takes longer than a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Accepted {
    /// The operation's id.
    pub operation: Ulid,
}

/// Something a person or a policy asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Operation {
    /// Its id.
    pub id: Ulid,
    /// What was asked for.
    pub kind: OperationKind,
    /// How it stands.
    pub state: OperationState,
    /// What it is about: an app's, image's or cluster's name.
    pub target: String,
    /// The cluster.
    pub cluster: String,
    /// The project, for apps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// The release it deploys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<u32>,
    /// Who asked for it; `system` for the portal itself.
    pub created_by: String,
    /// When it was asked for.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it began.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub started_at: Option<OffsetDateTime>,
    /// When it ended.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<OffsetDateTime>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Message>,
    /// Its steps, in the order they began; empty in lists.
    pub steps: Vec<Step>,
}

/// What can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum OperationKind {
    /// Bring an app to a new release.
    Deploy,
    /// Bring an app back to an old release.
    Rollback,
    /// Change a service's number of copies.
    Scale,
    /// Start an app or a service.
    Start,
    /// Stop an app or a service.
    Stop,
    /// Restart an app or a service.
    Restart,
    /// Remove an app.
    Delete,
    /// Pull an image.
    PullImage,
    /// Remove unused images.
    PruneImages,
}

/// How an operation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum OperationState {
    /// It waits for its turn.
    Queued,
    /// It is being done.
    Running,
    /// It was done.
    Succeeded,
    /// It was not done; what was there before still is, or was brought back.
    Failed,
    /// Somebody called it off.
    Cancelled,
}

impl OperationState {
    /// Whether nothing more will happen.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

/// One step of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Step {
    /// Its number in the operation, from 0.
    pub number: u32,
    /// What is done.
    pub message: Message,
    /// The service it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// How it stands.
    pub state: StepState,
    /// When it began.
    #[serde(with = "time::serde::rfc3339")]
    pub started_at: OffsetDateTime,
    /// When it ended.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<OffsetDateTime>,
    /// What came of it, or why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Message>,
    /// How far a pull is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<LayerProgress>,
    /// The last lines it printed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub output: Vec<String>,
}

/// How a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum StepState {
    Running,
    Succeeded,
    Failed,
    /// Called off with its operation, or cut off by a restart of the portal.
    Cancelled,
}

/// How far one layer of a pull is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LayerProgress {
    /// The layer's short id.
    pub id: String,
    /// What is done with it.
    pub phase: LayerPhase,
    /// Bytes done in this phase.
    pub current_bytes: u64,
    /// Bytes to do in this phase; 0 where unknown.
    pub total_bytes: u64,
}

/// What is done with a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum LayerPhase {
    Waiting,
    Downloading,
    Verifying,
    Extracting,
    Done,
    /// It was there already.
    Exists,
}

/// An entry of an operation's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OperationEvent {
    /// Its place in the log, from 0, without gaps.
    pub sequence: u32,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// What.
    pub change: OperationChange,
}

/// What an entry of an operation's log says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case", tag = "type")]
pub enum OperationChange {
    /// The operation stands differently.
    State {
        /// How.
        state: OperationState,
        /// Why, if it failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        problem: Option<Message>,
    },
    /// A step began.
    StepStarted {
        /// The step's number.
        step: u32,
        /// What is done.
        message: Message,
        /// The service it is for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        service: Option<String>,
    },
    /// A pull went on; replaces what was known of its layers.
    StepProgress {
        /// The step's number.
        step: u32,
        /// All layers.
        layers: Vec<LayerProgress>,
    },
    /// A step printed something.
    StepOutput {
        /// The step's number.
        step: u32,
        /// The lines.
        lines: Vec<String>,
    },
    /// A step ended.
    StepFinished {
        /// The step's number.
        step: u32,
        /// How.
        state: StepState,
        /// What came of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        result: Option<Message>,
    },
}

impl Operation {
    /// Takes in one entry of the log.
    pub fn apply(&mut self, event: &OperationEvent) {
        match &event.change {
            OperationChange::State { state, problem } => {
                self.state = *state;
                if *state == OperationState::Running && self.started_at.is_none() {
                    self.started_at = Some(event.at);
                }
                if state.is_final() {
                    self.finished_at = Some(event.at);
                    self.problem.clone_from(problem);
                    for step in self.steps.iter_mut().filter(|step| step.state == StepState::Running) {
                        step.state = StepState::Cancelled;
                        step.finished_at = Some(event.at);
                    }
                }
            }
            OperationChange::StepStarted { step, message, service } => self.steps.push(Step {
                number: *step,
                message: message.clone(),
                service: service.clone(),
                state: StepState::Running,
                started_at: event.at,
                finished_at: None,
                result: None,
                layers: Vec::new(),
                output: Vec::new(),
            }),
            OperationChange::StepProgress { step, layers } => {
                if let Some(step) = self.step_mut(*step) {
                    step.layers.clone_from(layers);
                }
            }
            OperationChange::StepOutput { step, lines } => {
                if let Some(step) = self.step_mut(*step) {
                    step.output.extend_from_slice(lines);
                    let surplus = step.output.len().saturating_sub(STEP_OUTPUT_LINES);
                    step.output.drain(..surplus);
                }
            }
            OperationChange::StepFinished { step, state, result } => {
                if let Some(step) = self.step_mut(*step) {
                    step.state = *state;
                    step.finished_at = Some(event.at);
                    step.result.clone_from(result);
                }
            }
        }
    }

    fn step_mut(&mut self, number: u32) -> Option<&mut Step> {
        self.steps.iter_mut().rev().find(|step| step.number == number)
    }
}

impl Client {
    /// The operations the caller may see, newest first. Filters: `state`, `kind`, `project`, `app`, `cluster`.
    pub async fn list_operations(&self, query: &ListQuery) -> Result<List<Operation>, Problem> {
        self.get(Path::new(&["operations"]).query(&query.to_query())).await
    }

    /// One operation with its steps.
    pub async fn get_operation(&self, id: Ulid) -> Result<Operation, Problem> {
        self.get(Path::new(&["operations", &id.to_string()])).await
    }

    /// Calls an operation off; what it had changed is brought back where that can be done.
    pub async fn cancel_operation(&self, id: Ulid) -> Result<(), Problem> {
        self.tell(Method::Post, Path::new(&["operations", &id.to_string(), "cancel"])).await
    }
}

/// The address of the WebSocket that replays an operation's log and then goes on live: each text message is a JSON
/// array of [`OperationEvent`]s; it closes when the operation has ended.
pub fn watch_path(id: Ulid) -> Path {
    Path::new(&["operations", &id.to_string(), "watch"])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(sequence: u32, change: OperationChange) -> OperationEvent {
        OperationEvent { sequence, at: OffsetDateTime::UNIX_EPOCH, change }
    }

    fn operation() -> Operation {
        Operation {
            id: Ulid::from_parts(0, 0),
            kind: OperationKind::Deploy,
            state: OperationState::Queued,
            target: "shop".into(),
            cluster: "local".into(),
            project: None,
            app: None,
            release: None,
            created_by: "ada".into(),
            created_at: OffsetDateTime::UNIX_EPOCH,
            started_at: None,
            finished_at: None,
            problem: None,
            steps: Vec::new(),
        }
    }

    #[test]
    fn a_log_folds_into_the_operation_it_tells_of() {
        let mut operation = operation();
        let log = [
            OperationChange::State { state: OperationState::Running, problem: None },
            OperationChange::StepStarted { step: 0, message: Message::new("operation.pull"), service: None },
            OperationChange::StepOutput { step: 0, lines: vec!["a".into(); STEP_OUTPUT_LINES + 10] },
            OperationChange::StepFinished { step: 0, state: StepState::Succeeded, result: None },
            OperationChange::StepStarted { step: 1, message: Message::new("operation.start"), service: None },
            OperationChange::State { state: OperationState::Cancelled, problem: None },
        ];
        for (sequence, change) in (0..).zip(log) {
            operation.apply(&event(sequence, change));
        }
        assert_eq!(operation.state, OperationState::Cancelled);
        assert_eq!(operation.steps[0].state, StepState::Succeeded);
        assert_eq!(operation.steps[0].output.len(), STEP_OUTPUT_LINES);
        assert_eq!(operation.steps[1].state, StepState::Cancelled, "nothing runs in an operation that has ended");
    }
}
