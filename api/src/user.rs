//! People.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use ulid::Ulid;

use crate::client::{Client, Method, Path};
use crate::list::{List, ListQuery};
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
    /// Whether it can sign in.
    pub state: UserState,
    /// Whether its password works also while password sign-in is restricted to such accounts.
    #[serde(default)]
    pub break_glass: bool,
    /// Whether it is asked for a code besides the password.
    #[serde(default)]
    pub two_factor: bool,
}

/// Whether an account can sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum UserState {
    /// It can.
    Active,
    /// It has no password yet: its one-time link was not used.
    Invited,
    /// A provider's newcomer: an administrator opens it, or does not.
    Waiting,
    /// An administrator shut it; its sessions and tokens do not work.
    Disabled,
}

/// Makes an account. Its owner chooses the password with the one-time link of the answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateUser {
    /// The name used to sign in.
    pub username: String,
    /// The role in the whole portal; `member` where absent.
    #[serde(default = "member")]
    pub role: SystemRole,
}

fn member() -> SystemRole {
    SystemRole::Member
}

/// Changes an account; what is absent stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct UpdateUser {
    /// Another role in the whole portal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<SystemRole>,
    /// Shuts the account, or opens it, also one that waits. Shutting ends its sessions and streams within seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
    /// Makes it a break-glass account, or an ordinary one. Only an active administrator with a password can be one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub break_glass: Option<bool>,
}

/// A one-time link with which the owner of an account chooses a password. It is shown this once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasswordLink {
    /// The account.
    pub user: User,
    /// The address to hand over. Whoever has it can take the account.
    pub link: String,
    /// When it stops working.
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
}

/// Chooses a password with a one-time link, and signs in where no code is asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Invitation {
    /// The `token` of the link.
    pub token: String,
    /// The new password.
    pub password: String,
}

/// A session of the caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    /// What it is called here; not the secret in the cookie.
    pub id: String,
    /// When it began.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it was last used, to the minute.
    #[serde(with = "time::serde::rfc3339")]
    pub seen_at: OffsetDateTime,
    /// Where it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What the browser says it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browser: Option<String>,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// The caller: who it is and what it may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Me {
    /// The account.
    pub user: User,
    /// The projects the caller may see, with the role in each: the highest of its own and those of its teams.
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

    /// The caller's sessions, the last used first.
    pub async fn list_sessions(&self) -> Result<List<Session>, Problem> {
        self.get(Path::new(&["me", "sessions"])).await
    }

    /// Ends a session of the caller.
    pub async fn delete_session(&self, id: &str) -> Result<(), Problem> {
        self.tell(Method::Delete, Path::new(&["me", "sessions", id])).await
    }

    /// The accounts. Filters: `role`, `state`, `break_glass`.
    pub async fn list_users(&self, query: &ListQuery) -> Result<List<User>, Problem> {
        self.get(Path::new(&["users"]).query(&query.to_query())).await
    }

    /// Makes an account.
    pub async fn create_user(&self, create: &CreateUser) -> Result<PasswordLink, Problem> {
        self.call(Method::Post, Path::new(&["users"]), create).await
    }

    /// Changes an account.
    pub async fn update_user(&self, user: Ulid, update: &UpdateUser) -> Result<User, Problem> {
        self.call(Method::Patch, Path::new(&["users", &user.to_string()]), update).await
    }

    /// Removes an account with its sessions, tokens and memberships.
    pub async fn delete_user(&self, user: Ulid) -> Result<(), Problem> {
        self.tell(Method::Delete, Path::new(&["users", &user.to_string()])).await
    }

    /// A new one-time link for the owner of an account to choose a password. Links given before stop working.
    pub async fn create_password_link(&self, user: Ulid) -> Result<PasswordLink, Problem> {
        self.call(Method::Post, Path::new(&["users", &user.to_string(), "password-link"]), &()).await
    }
}
