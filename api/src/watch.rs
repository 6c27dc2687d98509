//! What changed: the one socket that keeps pages true.

use serde::{Deserialize, Serialize};

use crate::client::{Path, Query};

/// Something changed. Each text message of `/api/v1/watch` is a JSON array of these; equal ones within 100 ms come
/// once. A page refetches what it shows.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Change {
    /// What kind of thing.
    pub kind: ChangeKind,
    /// Which; absent where many changed at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The cluster it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// The project it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The app it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
}

/// The kinds of things that change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum ChangeKind {
    App,
    Cluster,
    Container,
    Event,
    Image,
    Network,
    Node,
    Operation,
    Volume,
    /// Messages were lost on the way: refetch everything.
    All,
}

/// From where on to listen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[serde(deny_unknown_fields, default)]
pub struct WatchQuery {
    /// The position that a page of the console was made at: what changed since is told first. Only what comes from now on
    /// where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
}

impl WatchQuery {
    /// The parameters as they stand in an address.
    pub fn to_query(self) -> Query {
        Query::new().optional("after", self.after)
    }
}

/// The address of the watch socket.
pub fn watch_path() -> Path {
    Path::new(&["watch"])
}
