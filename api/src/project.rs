//! Projects: the tenants that own apps.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use ulid::Ulid;

use crate::client::{Client, Method, Path};
use crate::list::{List, ListQuery};
use crate::permission::ProjectRole;
use crate::problem::Problem;
use crate::user::UserState;

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

/// Makes a project.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateProject {
    /// Its name: small letters, digits and single dashes. It cannot be changed.
    pub name: String,
}

/// Somebody with a role in a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Member {
    /// The account's id.
    pub user: Ulid,
    /// The name used to sign in.
    pub username: String,
    /// The role in the project.
    pub role: ProjectRole,
    /// Whether the account can sign in.
    pub state: UserState,
}

/// Gives somebody a role in a project.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SetMember {
    /// The role.
    pub role: ProjectRole,
}

impl Client {
    /// The projects the caller is a member of.
    pub async fn list_projects(&self) -> Result<List<Project>, Problem> {
        self.get(Path::new(&["projects"])).await
    }

    /// A project.
    pub async fn project(&self, project: &str) -> Result<Project, Problem> {
        self.get(Path::new(&["projects", project])).await
    }

    /// Makes a project.
    pub async fn create_project(&self, create: &CreateProject) -> Result<Project, Problem> {
        self.call(Method::Post, Path::new(&["projects"]), create).await
    }

    /// Removes a project that has no apps.
    pub async fn delete_project(&self, project: &str) -> Result<(), Problem> {
        self.tell(Method::Delete, Path::new(&["projects", project])).await
    }

    /// The members of a project. Filter: `role`.
    pub async fn list_members(&self, project: &str, query: &ListQuery) -> Result<List<Member>, Problem> {
        self.get(Path::new(&["projects", project, "members"]).query(&query.to_query())).await
    }

    /// Makes an account a member of a project, or gives it another role there.
    pub async fn set_member(&self, project: &str, username: &str, set: &SetMember) -> Result<Member, Problem> {
        self.call(Method::Put, Path::new(&["projects", project, "members", username]), set).await
    }

    /// Ends a membership.
    pub async fn delete_member(&self, project: &str, username: &str) -> Result<(), Problem> {
        self.tell(Method::Delete, Path::new(&["projects", project, "members", username])).await
    }
}
