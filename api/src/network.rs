//! Networks on an engine.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::client::{Client, Method, Path};
use crate::list::{List, ListQuery};
use crate::problem::Problem;

/// A network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Network {
    /// The engine's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `bridge`, `host`, `overlay` …
    pub driver: String,
    /// `local` or `swarm`.
    pub scope: String,
    /// Whether it has no way out.
    pub internal: bool,
    /// Its address ranges.
    pub subnets: Vec<String>,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// The app it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// How many containers are in it.
    pub containers: u64,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

impl Client {
    /// The networks of a cluster. Filters: `driver`, `app`.
    pub async fn list_networks(&self, cluster: &str, query: &ListQuery) -> Result<List<Network>, Problem> {
        self.get(Path::new(&["clusters", cluster, "networks"]).query(&query.to_query())).await
    }

    /// Removes a network that no container uses.
    pub async fn delete_network(&self, cluster: &str, id: &str) -> Result<(), Problem> {
        self.tell(Method::Delete, Path::new(&["clusters", cluster, "networks", id])).await
    }
}
