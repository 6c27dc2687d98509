//! What a caller may do, as a `?`.

use api::Message;
use api::permission::Permission;
use api::token::Scope;

use super::Error;
use crate::auth::{Caller, Credential};

impl Caller {
    /// Lets the caller pass who has the permission; `project` is the object's. Someone outside the project gets the
    /// same answer as for a project that does not exist. The role decides before the scope of a token.
    pub fn require(&self, permission: Permission, project: Option<&str>) -> Result<(), Error> {
        if let Some(project) = project
            && !self.sees(project)
        {
            return Err(Error::not_found("project", project));
        }
        if !self.has_role_for(permission, project) {
            return Err(Error::role_missing());
        }
        self.require_scope(permission.scope())
    }

    /// Refuses a token or a robot that may not be used for what needs `scope`.
    pub fn require_scope(&self, scope: Scope) -> Result<(), Error> {
        if self.covers(scope) {
            return Ok(());
        }
        Err(Error::Forbidden(Message::new("forbidden.scope").with("scope", scope.name())))
    }

    /// Refuses what only a person at a browser may do: a leaked secret cannot make others.
    pub fn require_session(&self) -> Result<(), Error> {
        match self.credential {
            Credential::Session { .. } => Ok(()),
            Credential::Token { .. } | Credential::Robot { .. } => Err(session_only()),
        }
    }

    /// Refuses a robot what belongs to accounts, and a token without `scope`.
    pub fn require_account(&self, scope: Scope) -> Result<(), Error> {
        match self.credential {
            Credential::Session { .. } | Credential::Token { .. } => self.require_scope(scope),
            Credential::Robot { .. } => Err(session_only()),
        }
    }
}

fn session_only() -> Error {
    Error::Forbidden(Message::new("forbidden.session-only"))
}
