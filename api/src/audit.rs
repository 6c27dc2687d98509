//! The audit log: who did what, from where, and how it ended.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use ulid::Ulid;

use crate::client::{Client, Path};
use crate::list::{List, ListQuery};
use crate::message::Message;
use crate::problem::Problem;

/// An entry of the audit log. Entries are never changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditEntry {
    /// The entry's id; later entries have greater ones.
    pub id: Ulid,
    /// When it happened.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// The name it was done under. `console` is whoever types at the host's own console.
    pub username: String,
    /// The account or the robot, where one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Ulid>,
    /// The address it came from.
    pub address: String,
    /// What was done, as noun and verb: `app.create`.
    pub action: String,
    /// To what.
    pub target: String,
    /// The project it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// How it ended.
    pub result: AuditResult,
    /// More, without secrets.
    pub detail: String,
}

/// How something ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum AuditResult {
    /// It was done.
    Done,
    /// It was not allowed.
    Refused,
    /// It was tried and failed.
    Failed,
}

/// How the log is sent to one of the places that the settings name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditForwarding {
    /// The place, without what may be secret: `tcp://logs.example:514`, `https://siem.example`.
    pub target: String,
    /// The newest entry that it took; absent before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Ulid>,
    /// How many entries it did not take yet.
    pub behind: u64,
    /// Why the last try failed; absent where it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<Message>,
    /// When it last took something.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub last_sent_at: Option<OffsetDateTime>,
}

/// The address of the whole log as ndjson, with the filters of a list.
pub fn export_path(query: &ListQuery) -> Path {
    Path::new(&["audit", "export"]).query(&query.to_query())
}

impl Client {
    /// The audit log, newest first. Filters: `user`, `action`, `result`, `project`, `since`, `until` (RFC 3339).
    pub async fn list_audit(&self, query: &ListQuery) -> Result<List<AuditEntry>, Problem> {
        self.get(Path::new(&["audit"]).query(&query.to_query())).await
    }

    /// The same of one project, for those who manage it.
    pub async fn list_project_audit(&self, project: &str, query: &ListQuery) -> Result<List<AuditEntry>, Problem> {
        self.get(Path::new(&["projects", project, "audit"]).query(&query.to_query())).await
    }

    /// How the log is sent on, a row for each place; none where the settings name none.
    pub async fn audit_forwarding(&self) -> Result<Vec<AuditForwarding>, Problem> {
        self.get(Path::new(&["audit", "forwarding"])).await
    }
}
