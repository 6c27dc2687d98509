//! Releases: the immutable versions of an app.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::app::{PlannedChange, path};
use crate::client::{Client, Query};
use crate::list::{List, ListQuery};
use crate::problem::Problem;

/// A release, as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Release {
    /// Its number in the app, from 1.
    pub number: u32,
    /// What came of it.
    pub state: ReleaseState,
    /// Who made it.
    pub created_by: String,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// The release it goes back to, where it is a rollback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback_of: Option<u32>,
    /// The image of each service, with the digest it was resolved to once it was deployed.
    pub images: BTreeMap<String, String>,
}

/// What came of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ReleaseState {
    /// It is being deployed.
    Deploying,
    /// It is the one that runs.
    Current,
    /// It ran, and a later one does now.
    Superseded,
    /// It could not be deployed.
    Failed,
}

/// A release with its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReleaseDetail {
    /// What lists show.
    #[serde(flatten)]
    pub release: Release,
    /// The Compose file.
    pub compose: String,
    /// The variables.
    pub variables: BTreeMap<String, String>,
    /// The further files, by path.
    pub files: BTreeMap<String, String>,
}

/// How two releases differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Comparison {
    /// The older release's number.
    pub from: u32,
    /// The newer release's number.
    pub to: u32,
    /// The Compose files, line by line.
    pub lines: Vec<DiffLine>,
    /// What going from one to the other changes in services, networks and volumes.
    pub changes: Vec<PlannedChange>,
}

/// A line of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DiffLine {
    /// Where the line stands.
    pub side: DiffSide,
    /// The line, without its end.
    pub text: String,
}

/// Where a line of a comparison stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DiffSide {
    /// In both.
    Both,
    /// Only in the older.
    Removed,
    /// Only in the newer.
    Added,
}

impl Client {
    /// The releases of an app, newest first.
    pub async fn list_releases(&self, project: &str, app: &str, query: &ListQuery) -> Result<List<Release>, Problem> {
        self.get(path(project, app, &["releases"]).query(&query.to_query())).await
    }

    /// One release.
    pub async fn get_release(&self, project: &str, app: &str, number: u32) -> Result<ReleaseDetail, Problem> {
        self.get(path(project, app, &["releases", &number.to_string()])).await
    }

    /// How two releases differ.
    pub async fn compare_releases(&self, project: &str, app: &str, from: u32, to: u32) -> Result<Comparison, Problem> {
        let query = Query::new().with("from", from).with("to", to);
        self.get(path(project, app, &["releases", "compare"]).query(&query)).await
    }
}
