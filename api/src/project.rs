//! Projects: the tenants that own apps.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use ulid::Ulid;

use crate::client::{Client, Path};
use crate::list::List;
use crate::problem::Problem;

/// The project that exists from the start.
pub const DEFAULT_PROJECT: &str = "default";

/// A project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Project {
    /// The project's id.
    pub id: Ulid,
    /// Its name in addresses and image names.
    pub name: String,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// How many apps it has.
    pub apps: u64,
}

impl Client {
    /// The projects the caller is a member of.
    pub async fn list_projects(&self) -> Result<List<Project>, Problem> {
        self.get(Path::new(&["projects"])).await
    }
}
