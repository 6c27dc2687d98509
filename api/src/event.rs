//! What happened on an engine.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::client::{Client, Path};
use crate::list::{List, ListQuery};
use crate::problem::Problem;

/// Something that happened on an engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Event {
    /// Its place in the order the portal saw; grows.
    pub sequence: u64,
    /// When, by the engine's clock.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// `container`, `image`, `network`, `volume`, `daemon` …
    pub kind: String,
    /// `create`, `start`, `die`, `pull` …
    pub action: String,
    /// The id of what it happened to.
    pub id: String,
    /// The name of what it happened to.
    pub name: String,
    /// The app it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// The service of that app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// What else the engine said: `exitCode`, `signal`, `image` …
    pub attributes: BTreeMap<String, String>,
}

impl Client {
    /// The latest events of a cluster, newest first. Filters: `kind`, `action`, `app`, `id`.
    pub async fn list_events(&self, cluster: &str, query: &ListQuery) -> Result<List<Event>, Problem> {
        self.get(Path::new(&["clusters", cluster, "events"]).query(&query.to_query())).await
    }
}
