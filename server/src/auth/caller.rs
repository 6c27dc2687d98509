//! The caller: an account or a robot that proved who it is.

use std::net::IpAddr;

use api::permission::{Permission, ProjectRole, SystemRole, allows};
use api::token::Scope;
use api::user::Membership;
use ulid::Ulid;

/// Who asks, and what it may do. As an argument of a handler it stands for "signed in": anonymous requests get 401.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The account, or the robot.
    pub user_id: Ulid,
    /// Its name.
    pub username: String,
    /// Its role in the whole portal.
    pub role: SystemRole,
    /// Its projects.
    pub memberships: Vec<Membership>,
    /// The teams that it is in by a group of an identity provider.
    pub teams_by_group: Vec<Ulid>,
    /// How it proved who it is.
    pub credential: Credential,
    /// Where the request came from.
    pub address: IpAddr,
}

/// How a caller proved who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// A browser's session.
    Session {
        /// The session's key in the database.
        key: String,
        /// What writes of this session must carry as `X-CSRF-Token`.
        csrf_token: String,
        /// With whom at a provider it began, where it did.
        identity: Option<Ulid>,
    },
    /// A personal access token.
    Token {
        /// The hash of its secret.
        key: String,
        /// What it may be used for.
        scopes: Vec<Scope>,
    },
    /// A robot's secret.
    Robot {
        /// The hash of the secret.
        key: String,
        /// What it may be used for.
        scopes: Vec<Scope>,
    },
}

impl Caller {
    /// Whether the caller manages the whole portal.
    pub fn is_admin(&self) -> bool {
        self.role == SystemRole::Admin
    }

    /// The caller's role in a project.
    pub fn role_in(&self, project: &str) -> Option<ProjectRole> {
        self.memberships.iter().find(|membership| membership.project == project).map(|membership| membership.role)
    }

    /// Whether the caller may even know that the project exists.
    pub fn sees(&self, project: &str) -> bool {
        self.is_admin() || self.role_in(project).is_some()
    }

    /// Whether the caller's role gives a permission, in a project or in the whole portal.
    pub fn has_role_for(&self, permission: Permission, project: Option<&str>) -> bool {
        allows(self.role, project.and_then(|project| self.role_in(project)), permission)
    }

    /// Whether the caller's credential may be used for what needs a scope; a session may for everything.
    pub fn covers(&self, scope: Scope) -> bool {
        match &self.credential {
            Credential::Session { .. } => true,
            Credential::Token { scopes, .. } | Credential::Robot { scopes, .. } => Scope::covered(scopes, scope),
        }
    }

    /// Whether the caller has a permission, in a project or in the whole portal: by its role and by its credential.
    pub fn may(&self, permission: Permission, project: Option<&str>) -> bool {
        self.has_role_for(permission, project) && self.covers(permission.scope())
    }

    /// What writes of the caller's session must carry as `X-CSRF-Token`.
    pub fn csrf_token(&self) -> Option<&str> {
        match &self.credential {
            Credential::Session { csrf_token, .. } => Some(csrf_token),
            Credential::Token { .. } | Credential::Robot { .. } => None,
        }
    }
}
