//! The Compose file after reading: one form for everything, ready to be compared and kept.

mod deploy;
mod file;
mod health;
mod mount;
mod network;
mod port;
mod service;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

pub use deploy::{Deploy, DeployMode, FailureAction, Placement, RestartPolicy, UpdateConfig, UpdateOrder};
pub use file::{Content, FileMount, FileObject};
pub use health::{HealthTest, Healthcheck};
pub use mount::{Mount, MountKind, Propagation, Recursive, SelinuxLabel, Volume};
pub use network::{Ipam, IpamPool, Network, NetworkAttachment, NetworkMode};
pub use port::{ExposedPort, Port, PortMode, PortRange, Protocol};
pub use service::{
    Blkio, Condition, Dependency, Device, DeviceRequest, Link, Logging, PullPolicy, Resources, Service, Ulimit,
    VolumesFrom,
};

/// A whole Compose file. Only the services of the active profiles are in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Project {
    /// The file's own `name`, where it has one.
    pub name: Option<String>,
    /// By name, in the order of the file.
    pub services: IndexMap<String, Service>,
    /// By key; holds `default` when a service uses the implicit network.
    pub networks: IndexMap<String, Network>,
    /// By key.
    pub volumes: IndexMap<String, Volume>,
    /// By key.
    pub configs: IndexMap<String, FileObject>,
    /// By key.
    pub secrets: IndexMap<String, FileObject>,
}

/// What the engine calls a network, volume, config or secret: its own name, or the app's name before its key.
fn engine_name(name: Option<&str>, external: bool, app: &str, key: &str) -> String {
    match name {
        Some(name) => name.to_owned(),
        None if external => key.to_owned(),
        None => format!("{app}_{key}"),
    }
}

/// Durations as nanoseconds, the engine's unit.
pub(crate) mod nanos {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::ref_option, reason = "serde's signature")]
    pub fn serialize<S: Serializer>(value: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        value.map(|duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(deserializer)?.map(Duration::from_nanos))
    }
}
