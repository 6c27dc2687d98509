//! What plans are made of: what is wanted, what is there, and the steps between.

use std::collections::BTreeSet;
use std::time::Duration;

use api::Message;
use api::container::{ContainerState, Health};

/// What an app should have on its engine.
#[derive(Clone, Debug, Default)]
pub struct Desired {
    /// Why the question is asked.
    pub purpose: Purpose,
    /// Its networks.
    pub networks: Vec<DesiredResource>,
    /// Its named volumes.
    pub volumes: Vec<DesiredResource>,
    /// Its services, each after those it depends on.
    pub services: Vec<DesiredService>,
    /// Containers to restart although they are as they should be, by id.
    pub restart: BTreeSet<String>,
    /// Whether running copies of another release are good enough (an update that was left half-way on purpose).
    pub accept_stale: bool,
    /// Whether the app itself goes away: its networks and, if `Some(true)`, its volumes.
    pub removed: Option<bool>,
}

impl Desired {
    /// Replaces copies as the file asks for the way back.
    pub fn go_back(&mut self) {
        for service in &mut self.services {
            (service.order, service.rollout) = service.back;
        }
    }
}

/// Why a plan is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// Somebody asked for it: what has ended is started again.
    #[default]
    Deploy,
    /// The state is only kept: what may stay ended stays so.
    Reconcile,
}

/// A network or volume that should be there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DesiredResource {
    /// The engine's name for it.
    pub name: String,
    /// It has to be there already and is neither made nor removed.
    pub external: bool,
    /// A hash of its settings.
    pub hash: String,
}

/// A service that should run.
#[derive(Clone, Debug, Default)]
pub struct DesiredService {
    /// Its name.
    pub name: String,
    /// How many copies.
    pub replicas: u32,
    /// A hash of the settings of its containers.
    pub hash: String,
    /// The image its containers should have; `None` does not look at it.
    pub image_id: Option<String>,
    /// What its containers should do.
    pub wish: Wish,
    /// The name its only container has, copy by copy otherwise.
    pub names: Names,
    /// Which copy comes first in an update.
    pub order: Order,
    /// How an update goes on.
    pub rollout: Rollout,
    /// Both, for the way back to this release.
    pub back: (Order, Rollout),
    /// When its containers are started again.
    pub restart: Restart,
    /// What it waits for.
    pub depends_on: Vec<Need>,
    /// Services whose new containers make new ones of this necessary (it lives in their namespaces).
    pub shares: Vec<String>,
    /// Whether somebody waits for it to end: a job.
    pub one_shot: bool,
    /// Fixed ports on the host, as `80/tcp`.
    pub host_ports: Vec<String>,
}

/// What the containers of a service should do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wish {
    /// Run.
    #[default]
    Run,
    /// Run, also those that ended well.
    Revive,
    /// Be there and not run.
    Stop,
    /// Not be there.
    Remove,
}

/// How the containers of a service are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Names {
    /// `prefix` and the number.
    Numbered(String),
    /// As the file says.
    Fixed(String),
}

impl Default for Names {
    fn default() -> Self {
        Self::Numbered(String::new())
    }
}

impl Names {
    /// The name of the copy `number`.
    pub fn of(&self, number: u32) -> String {
        match self {
            Self::Numbered(prefix) => format!("{prefix}{number}"),
            Self::Fixed(name) => name.clone(),
        }
    }
}

/// Which copy comes first in an update.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The new one starts before the old one stops.
    #[default]
    StartFirst,
    /// The old one stops before the new one starts, as the file asks.
    StopFirst,
    /// Likewise, since only one container can have a fixed port, address or name space.
    StopFirstPort,
    /// Likewise, since two containers would write to the same data.
    StopFirstVolume,
}

impl Order {
    /// Whether two copies never run at once.
    pub fn is_stop_first(self) -> bool {
        self != Self::StartFirst
    }

    pub(super) fn key(self) -> &'static str {
        match self {
            Self::StartFirst => "start-first",
            Self::StopFirst => "stop-first",
            Self::StopFirstPort => "stop-first-port",
            Self::StopFirstVolume => "stop-first-volume",
        }
    }
}

/// How an update of a service goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rollout {
    /// How many copies at once; 0 is all.
    pub parallelism: u32,
    /// The pause between two groups.
    pub delay: Duration,
    /// How long a new copy is watched after it is ready.
    pub monitor: Option<Duration>,
    /// What a failure leads to.
    pub on_failure: OnFailure,
    /// The share of copies that may fail before that, from 0 to 1.
    pub max_failure_ratio: f64,
}

impl Default for Rollout {
    fn default() -> Self {
        Self {
            parallelism: 1,
            delay: Duration::ZERO,
            monitor: None,
            on_failure: OnFailure::Rollback,
            max_failure_ratio: 0.0,
        }
    }
}

impl Rollout {
    /// Whether the update goes on although `failed` of its `copies` did.
    pub fn tolerates(&self, failed: usize, copies: usize) -> bool {
        let count = |number: usize| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
        self.on_failure == OnFailure::Continue || count(failed) <= self.max_failure_ratio * count(copies)
    }
}

/// What a failed update leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// Back to what ran before.
    #[default]
    Rollback,
    /// Leave things as they are.
    Pause,
    /// Go on.
    Continue,
}

/// When a container that ended is started again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Restart {
    /// The file does not say.
    #[default]
    Unsaid,
    /// The file says never.
    No,
    /// Always.
    Always,
    /// After a failure, this often at most.
    OnFailure(Option<u32>),
}

/// What a service waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The other service.
    pub service: String,
    /// What has to be true of it.
    pub condition: Condition,
    /// Whether it is an error when that fails.
    pub required: bool,
    /// Whether this service restarts after the other got new containers.
    pub restart: bool,
}

/// What has to be true of a service before another goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Its containers were started.
    Started,
    /// They are healthy.
    Healthy,
    /// They have ended well.
    Completed,
    /// All its steps are done.
    Done,
}

/// What an engine has of an app.
#[derive(Clone, Debug, Default)]
pub struct Actual {
    /// The app's containers, whatever their state.
    pub containers: Vec<ActualContainer>,
    /// All networks of the engine.
    pub networks: Vec<ActualResource>,
    /// All volumes of the engine.
    pub volumes: Vec<ActualResource>,
}

/// A container that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActualContainer {
    /// The engine's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The service it belongs to.
    pub service: String,
    /// Which copy it is, from 1.
    pub number: u32,
    /// The hash of the settings it was made with.
    pub hash: String,
    /// The image it was made from.
    pub image_id: String,
    /// What it is doing.
    pub state: ContainerState,
    /// What its health check says.
    pub health: Option<Health>,
    /// How it ended.
    pub exit_code: Option<i64>,
    /// The engine's names of its networks.
    pub networks: Vec<String>,
    /// Ports on the host it holds or would hold, as `80/tcp`.
    pub host_ports: Vec<String>,
    /// Whether it keeps data in a volume without a name.
    pub anonymous_volumes: bool,
    /// When it was made, in seconds; only compared.
    pub created_at: i64,
}

impl ActualContainer {
    /// Whether it runs or the engine is about to run it.
    pub fn is_live(&self) -> bool {
        matches!(self.state, ContainerState::Running | ContainerState::Restarting | ContainerState::Paused)
    }

    pub(super) fn was_never_started(&self) -> bool {
        matches!(self.state, ContainerState::Created | ContainerState::Dead)
    }

    pub(super) fn rank(&self) -> u8 {
        match (self.state, self.health) {
            (ContainerState::Running, None | Some(Health::Healthy)) => 0,
            (ContainerState::Running, Some(Health::Starting)) => 1,
            (ContainerState::Running, Some(Health::Unhealthy)) => 2,
            (ContainerState::Paused, _) => 3,
            (ContainerState::Restarting, _) => 4,
            _ => 5,
        }
    }
}

/// A network or volume that is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActualResource {
    /// The engine's id; the name where it has none.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The hash of the settings it was made with, where it is this app's.
    pub hash: Option<String>,
    /// Whether it was made for this app.
    pub ours: bool,
}

/// What has to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Before any service.
    pub before: Vec<Step>,
    /// Service by service, each with what it waits for.
    pub services: Vec<ServicePlan>,
    /// After all services.
    pub after: Vec<Step>,
    /// What is missing and is not ours to make.
    pub missing: Vec<Message>,
}

/// What has to be done for one service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServicePlan {
    /// The service.
    pub service: String,
    /// What it waits for before its first step.
    pub after: Vec<Need>,
    /// In this order; steps of different copies may go together.
    pub steps: Vec<Step>,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What.
    pub act: Act,
    /// To what, by name.
    pub name: String,
    /// For which service.
    pub service: Option<String>,
    /// Which copy of it; 0 where none is meant. Steps of one copy stand together and are done in order.
    pub slot: u32,
    /// Why, and how.
    pub reason: Message,
}

/// What can be done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the ids and numbers of what the step is about")]
pub enum Act {
    /// Nothing: it is as it should be.
    KeepNetwork,
    /// Likewise.
    KeepVolume,
    /// Likewise.
    Keep { id: String, number: u32 },
    /// Make a network.
    CreateNetwork,
    /// Make a volume.
    CreateVolume,
    /// Remove a network.
    RemoveNetwork { id: String },
    /// Remove a volume with its data.
    RemoveVolume,
    /// Make and start a copy.
    Create { number: u32 },
    /// Put a new copy in the place of the container `old`.
    Replace { number: u32, old: String, order: Order },
    /// Start a container as it is.
    Start { id: String, number: u32 },
    /// Restart a container as it is.
    Restart { id: String, number: u32 },
    /// Stop a container and keep it.
    Stop { id: String },
    /// Give a container its name.
    Rename { id: String },
    /// Remove a container, stopping it where it runs, once the copy `successor` of its service is ready.
    Remove { id: String, successor: Option<u32>, anonymous_volumes: bool },
}

impl Act {
    /// Whether it changes something on the engine.
    pub fn writes(&self) -> bool {
        !matches!(self, Self::Keep { .. } | Self::KeepNetwork | Self::KeepVolume)
    }
}

impl Plan {
    /// Every step, in order.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.before.iter().chain(self.services.iter().flat_map(|service| &service.steps)).chain(&self.after)
    }

    /// Whether everything is as it should be.
    pub fn is_noop(&self) -> bool {
        self.steps().all(|step| !step.act.writes())
    }
}
