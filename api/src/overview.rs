//! The dashboard: what runs and what is wrong.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::client::{Client, Path};
use crate::cluster::Cluster;
use crate::message::Message;
use crate::operation::Operation;
use crate::problem::Problem;

/// What the dashboard shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Overview {
    /// The clusters, with their connections and counts.
    pub clusters: Vec<Cluster>,
    /// Apps by state.
    pub apps: AppCounts,
    /// What is wrong, worst first; at most 50.
    pub attention: Vec<Attention>,
    /// The latest operations, newest first; at most 8.
    pub operations: Vec<Operation>,
}

/// Apps by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[allow(missing_docs)]
pub struct AppCounts {
    pub total: u64,
    pub running: u64,
    pub progressing: u64,
    pub degraded: u64,
    pub failed: u64,
    pub stopped: u64,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Attention {
    /// What it is wrong with.
    pub target: Target,
    /// What is wrong and what to do.
    pub message: Message,
    /// Since when, where known.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub since: Option<OffsetDateTime>,
}

/// An object of the portal that can be opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Target {
    /// Its kind.
    pub kind: TargetKind,
    /// Its id: an engine's id, an app's name, an operation's id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The cluster it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// The project it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
}

/// The kinds of objects that can be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum TargetKind {
    App,
    Cluster,
    Container,
    Image,
    Network,
    Node,
    Operation,
    Volume,
}

impl Client {
    /// The dashboard.
    pub async fn get_overview(&self) -> Result<Overview, Problem> {
        self.get(Path::new(&["overview"])).await
    }
}
