//! What a caller may do, as a `?`.

use api::permission::Permission;

use super::Error;
use crate::auth::Caller;

impl Caller {
    /// Lets the caller pass who has the permission; `project` is the object's. Someone outside the project gets the
    /// same answer as for a project that does not exist.
    pub fn require(&self, permission: Permission, project: Option<&str>) -> Result<(), Error> {
        if let Some(project) = project
            && !self.sees(project)
        {
            return Err(Error::not_found("project", project));
        }
        if self.may(permission, project) { Ok(()) } else { Err(Error::role_missing()) }
    }
}
