//! Nodes: the machines of a cluster.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::client::{Client, Path};
use crate::cluster::EngineFacts;
use crate::list::{List, ListQuery};
use crate::problem::Problem;

/// A machine of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Node {
    /// The engine's id of it.
    pub id: String,
    /// Its host name.
    pub name: String,
    /// What it does in the cluster.
    pub role: NodeRole,
    /// Whether it takes containers.
    pub availability: Availability,
    /// Whether it answers.
    pub ready: bool,
    /// Its engine's facts.
    pub engine: EngineFacts,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Containers running on it.
    pub containers_running: u64,
    /// Containers of any state on it.
    pub containers: u64,
}

/// What a node does in its cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum NodeRole {
    /// The only machine of a single engine.
    Single,
    /// Decides.
    Manager,
    /// Runs.
    Worker,
}

/// Whether a node takes containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Availability {
    /// It does.
    Active,
    /// It takes no new ones.
    Pause,
    /// Its containers are moved away.
    Drain,
}

impl Client {
    /// The nodes of a cluster.
    pub async fn list_nodes(&self, cluster: &str, query: &ListQuery) -> Result<List<Node>, Problem> {
        self.get(Path::new(&["clusters", cluster, "nodes"]).query(&query.to_query())).await
    }

    /// One node, by id or name.
    pub async fn get_node(&self, cluster: &str, node: &str) -> Result<Node, Problem> {
        self.get(Path::new(&["clusters", cluster, "nodes", node])).await
    }
}
