//! People.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use ulid::Ulid;

use crate::client::{Client, Method, Path};
use crate::permission::{ProjectRole, SystemRole};
use crate::problem::Problem;

/// A person with an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct User {
    /// The account's id.
    pub id: Ulid,
    /// The name used to sign in.
    pub username: String,
    /// The role in the whole portal.
    pub role: SystemRole,
    /// When the account was made.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

/// The caller: who it is and what it may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Me {
    /// The account.
    pub user: User,
    /// The projects the caller is a member of, with the role in each.
    pub projects: Vec<Membership>,
    /// What to send as `X-CSRF-Token` with each write of a session; absent for a token's caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csrf_token: Option<String>,
    /// The server's version.
    pub version: String,
}

/// A role in a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Membership {
    /// The project's name.
    pub project: String,
    /// The role.
    pub role: ProjectRole,
}

/// Changes the caller's own password. Every other session of the account ends.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    /// The password until now.
    pub current_password: String,
    /// The new one.
    pub new_password: String,
}

impl Client {
    /// The caller.
    pub async fn me(&self) -> Result<Me, Problem> {
        self.get(Path::new(&["me"])).await
    }

    /// Changes the caller's password.
    pub async fn change_password(&self, change: &ChangePassword) -> Result<(), Problem> {
        self.tell_with(Method::Put, Path::new(&["me", "password"]), change).await
    }
}
