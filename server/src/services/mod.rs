//! One file per noun: authorize, act, record. Nothing here knows HTTP.

pub mod app;
mod app_view;
pub mod audit;
pub mod audit_forward;
pub mod cluster;
pub mod container;
pub mod container_access;
pub mod deploy;
pub mod error;
pub mod event;
pub mod health;
pub mod identity;
pub mod image;
pub mod image_pull;
pub mod listing;
pub mod log;
pub mod network;
pub mod node;
pub mod operation;
pub mod overview;
mod permission;
pub mod policy;
pub mod portal;
pub mod project;
pub mod provider;
pub mod quota;
pub mod refusal;
pub mod release;
pub mod robot;
pub mod search;
pub mod service;
pub mod session;
pub mod setup;
pub mod sign_in;
pub mod stats;
pub mod team;
pub mod template;
pub mod terminal;
pub mod token;
pub mod two_factor;
pub mod user;
pub mod volume;
pub mod watch;

use std::ops::Deref;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth::provider::Providers;
use crate::auth::{Attempts, Passwords};
use crate::changes::Changes;
use crate::config::Config;
use crate::db::Db;
use crate::engine::Clusters;
use crate::monitor::Latest;

pub use audit::audit;
pub use error::{EngineFault, Error};
pub use operation::Operations;

/// Everything a service needs. Built once in `startup`; cloning it is cheap.
#[derive(Clone, Debug)]
pub struct State(Arc<Parts>);

/// What [`State`] gives access to.
#[derive(Debug)]
pub struct Parts {
    /// The database.
    pub db: Db,
    /// The settings.
    pub config: Arc<Config>,
    /// Where apps run.
    pub clusters: Clusters,
    /// What is being done to them.
    pub operations: Operations,
    /// Who hears of what changed.
    pub changes: Changes,
    /// The checker of passwords.
    pub passwords: Passwords,
    /// The failed sign-ins of late.
    pub attempts: Attempts,
    /// The refused requests of late.
    pub refusals: refusal::Refusals,
    /// Where the audit log is sent to.
    pub forwarding: audit_forward::Forwarding,
    /// What asks identity providers.
    pub providers: Providers,
    /// What containers and nodes used lately.
    pub latest: Latest,
    /// The open terminals.
    pub terminals: terminal::Terminals,
    /// Whether the server is going down.
    pub stopping: Stopping,
}

impl State {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for State {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// The end of the server. Whatever runs longer than a request (sockets, tasks) is spawned on `running`, ends soon after
/// `token` is cancelled (a socket closes with 1012) and is waited for within the grace period.
#[derive(Clone, Debug, Default)]
pub struct Stopping {
    /// Cancelled when the server is told to stop.
    pub token: CancellationToken,
    /// What is waited for.
    pub running: TaskTracker,
}
