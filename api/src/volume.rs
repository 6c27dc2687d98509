//! Volumes on an engine.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::client::{Client, Method, Path};
use crate::list::{List, ListQuery};
use crate::problem::Problem;

/// A volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Volume {
    /// Its name.
    pub name: String,
    /// Its driver.
    pub driver: String,
    /// Where it is on the host.
    pub mountpoint: String,
    /// When it was made; absent where the engine does not say.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub created_at: Option<OffsetDateTime>,
    /// The app it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// The containers that use it, by name.
    pub used_by: Vec<String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

impl Client {
    /// The volumes of a cluster. Filters: `driver`, `app`, `used`.
    pub async fn list_volumes(&self, cluster: &str, query: &ListQuery) -> Result<List<Volume>, Problem> {
        self.get(Path::new(&["clusters", cluster, "volumes"]).query(&query.to_query())).await
    }

    /// Removes a volume that no container uses, with all its data.
    pub async fn delete_volume(&self, cluster: &str, name: &str) -> Result<(), Problem> {
        self.tell(Method::Delete, Path::new(&["clusters", cluster, "volumes", name])).await
    }
}
