//! How many copies of a service run, where, and how they are replaced.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

/// The `deploy` part of a service (and `scale`); resources are in [`super::Resources`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deploy {
    /// A number of copies, or one for each node.
    pub mode: DeployMode,
    /// How many copies; 1 where the mode is global.
    pub replicas: u32,
    /// How a new release takes over; `None` is Gantry's default.
    pub update: Option<UpdateConfig>,
    /// How a failed update is taken back; `None` is Gantry's default.
    pub rollback: Option<UpdateConfig>,
    /// Swarm: on which nodes.
    pub placement: Placement,
    /// Swarm: `vip` or `dnsrr`.
    pub endpoint_mode: Option<String>,
    /// Swarm: labels of the service, not of its containers.
    pub labels: BTreeMap<String, String>,
}

impl Default for Deploy {
    fn default() -> Self {
        Self {
            mode: DeployMode::Replicated,
            replicas: 1,
            update: None,
            rollback: None,
            placement: Placement::default(),
            endpoint_mode: None,
            labels: BTreeMap::new(),
        }
    }
}

/// How copies are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeployMode {
    /// As many as `replicas` says.
    #[default]
    Replicated,
    /// One on every node; a single engine is one node.
    Global,
}

/// How copies are replaced.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UpdateConfig {
    /// How many at once; 0 is all.
    pub parallelism: u32,
    /// Between two groups, in nanoseconds.
    #[serde(rename = "delay_ns", with = "super::nanos")]
    pub delay: Option<Duration>,
    /// What a failure leads to; `None` is Gantry's default.
    pub failure_action: Option<FailureAction>,
    /// How long a new copy is watched, in nanoseconds.
    #[serde(rename = "monitor_ns", with = "super::nanos")]
    pub monitor: Option<Duration>,
    /// The share of failures that is tolerated, from 0 to 1.
    pub max_failure_ratio: f64,
    /// Which comes first; `None` is Gantry's default.
    pub order: Option<UpdateOrder>,
}

/// What a failed update leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureAction {
    /// Stop and leave things as they are.
    Pause,
    /// Go on.
    Continue,
    /// Go back to the release before.
    Rollback,
}

/// Which comes first in an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpdateOrder {
    /// The new copy starts before the old one stops.
    StartFirst,
    /// The old copy stops before the new one starts.
    StopFirst,
}

/// On which nodes Swarm runs the copies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    /// Such as `node.labels.zone == a`.
    pub constraints: Vec<String>,
    /// Labels to spread over.
    pub spread: Vec<String>,
    /// The most copies on one node.
    pub max_replicas_per_node: Option<u32>,
}

/// What happens when a container ends (`restart` and `deploy.restart_policy` in one).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RestartPolicy {
    /// Nothing.
    #[default]
    No,
    /// It is started again.
    Always,
    /// It is started again unless somebody stopped it.
    UnlessStopped,
    /// It is started again after a failure, this often at most.
    OnFailure(Option<u32>),
}
