//! Adapters to engines. Own types in and out: bollard's stop here.

mod client;
mod cluster;
mod convert;
mod create;
mod endpoint;
mod error;
mod event;
mod exec;
mod image;
mod log;
mod log_decoder;
mod object;
mod picture;
mod process;
mod session;
mod spec;
mod stats;
mod supervisor;
mod transport;
mod wire;
mod world;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::changes::Changes;

pub use cluster::{Cluster, EVENTS_KEPT, Periods, Settings, Usage};
pub use endpoint::{Endpoint, usual_sockets};
pub use error::Error;
pub use exec::{ExecControl, ExecInput, ExecOutput, ExecSession, ExecSpec, RunOutput};
pub use image::{LayerPhase, LayerProgress, PullEvent, PullStream};
pub use log::{LogFrame, LogOptions, LogStream, Tail};
pub use object::ActualContainer;
pub use picture::{Lookup, Picture};
pub use spec::*;
pub use stats::RawSample;

/// All clusters.
#[derive(Clone, Default)]
pub struct Clusters {
    by_name: Arc<BTreeMap<String, Cluster>>,
}

impl std::fmt::Debug for Clusters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.by_name.keys()).finish()
    }
}

impl Clusters {
    /// Starts looking after clusters, each with its name and settings.
    pub fn start(settings: impl IntoIterator<Item = (String, Settings)>, changes: &Changes) -> Self {
        let start = |(name, settings): (String, Settings)| {
            let cluster = Cluster::look_after(&name, settings, changes.clone());
            (name, cluster)
        };
        Self { by_name: Arc::new(settings.into_iter().map(start).collect()) }
    }

    /// The cluster with this name.
    pub fn get(&self, name: &str) -> Option<&Cluster> {
        self.by_name.get(name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Cluster> {
        self.by_name.values()
    }
}
