//! Clusters: what apps run on.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::client::{Client, Path};
use crate::list::List;
use crate::message::Message;
use crate::problem::Problem;

/// The cluster that stands for the engine of the portal's own machine.
pub const LOCAL_CLUSTER: &str = "local";

/// What a cluster is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ClusterKind {
    /// One Docker-compatible engine.
    Docker,
}

/// A cluster and how the portal stands with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cluster {
    /// Its name in addresses.
    pub name: String,
    /// What it is made of.
    pub kind: ClusterKind,
    /// Where the engine is, for example `unix:///var/run/docker.sock`.
    pub endpoint: String,
    /// How the portal stands with it.
    pub connection: Connection,
    /// The engine's facts, once it answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<EngineFacts>,
    /// How many of what it has.
    pub counts: ClusterCounts,
}

/// How the portal stands with an engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Connection {
    /// The state.
    pub state: ConnectionState,
    /// Since when.
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
    /// When the picture was last known to be true; absent before the first answer.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub as_of: Option<OffsetDateTime>,
    /// What is wrong and what to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Message>,
}

/// The state of the connection to an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ConnectionState {
    /// No engine was found on this machine and none is configured.
    Absent,
    /// The first answer is awaited.
    Connecting,
    /// Events flow.
    Connected,
    /// It answered once and does not now; the portal keeps trying.
    Lost,
}

/// What an engine says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EngineFacts {
    /// `Docker Engine` or `Podman Engine`.
    pub product: String,
    /// Its version.
    pub version: String,
    /// The API version in use between portal and engine.
    pub api_version: String,
    /// The operating system's name.
    pub operating_system: String,
    /// The kernel's version.
    pub kernel: String,
    /// The machine's architecture.
    pub architecture: String,
    /// The machine's name.
    pub hostname: String,
    /// The number of processors.
    pub cpus: u32,
    /// The memory of the machine.
    pub memory_bytes: u64,
    /// How the engine stores layers.
    pub storage_driver: String,
    /// Where the engine keeps its data.
    pub data_root: String,
    /// `1` or `2`.
    pub cgroup_version: String,
    /// The default logging driver.
    pub logging_driver: String,
    /// What the engine itself warns about, in its own words.
    pub warnings: Vec<String>,
}

/// How many of what a cluster has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClusterCounts {
    /// Running containers.
    pub containers_running: u64,
    /// Containers of any state.
    pub containers: u64,
    /// Containers whose health check fails.
    pub containers_unhealthy: u64,
    /// Images.
    pub images: u64,
    /// Networks.
    pub networks: u64,
    /// Volumes.
    pub volumes: u64,
    /// Nodes.
    pub nodes: u64,
}

/// The disk an engine uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DiskUsage {
    /// Image layers.
    pub images: DiskShare,
    /// Containers' writable layers.
    pub containers: DiskShare,
    /// Volumes.
    pub volumes: DiskShare,
    /// The build cache.
    pub build_cache: DiskShare,
    /// When it was measured.
    #[serde(with = "time::serde::rfc3339")]
    pub as_of: OffsetDateTime,
}

/// One kind of use of the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DiskShare {
    /// How many there are.
    pub count: u64,
    /// How many are in use.
    pub in_use: u64,
    /// What they take.
    pub size_bytes: u64,
    /// What removing the unused ones would give back.
    pub reclaimable_bytes: u64,
}

impl Client {
    /// The clusters.
    pub async fn list_clusters(&self) -> Result<List<Cluster>, Problem> {
        self.get(Path::new(&["clusters"])).await
    }

    /// One cluster.
    pub async fn get_cluster(&self, cluster: &str) -> Result<Cluster, Problem> {
        self.get(Path::new(&["clusters", cluster])).await
    }

    /// The disk a cluster uses; measured by the engine, which can take seconds, and kept for a minute.
    pub async fn get_disk_usage(&self, cluster: &str) -> Result<DiskUsage, Problem> {
        self.get(Path::new(&["clusters", cluster, "disk-usage"])).await
    }
}
