//! Finding a container or an app together with the right to do something with it.

use std::sync::Arc;

use api::Message;
use api::container::Container;
use api::permission::Permission;
use api::token::Scope;

use super::{Error, State};
use crate::auth::Caller;
use crate::engine::{Cluster, Lookup};

/// Finds a container by id, beginning of an id, or name. A container of one of our apps belongs to the app's project,
/// any other to the system administrators. To everybody else it does not exist.
pub fn find(
    state: &State,
    caller: &Caller,
    cluster: &str,
    container: &str,
    permission: Permission,
) -> Result<(Cluster, Arc<Container>), Error> {
    // Who may read nothing does not even learn what there is.
    caller.require_scope(Scope::Read)?;
    let missing = || Error::not_found("container", container);
    let Some(cluster) = state.clusters.get(cluster) else { return Err(missing()) };
    let found = match cluster.picture().find_container(container) {
        Ok(found) => found.clone(),
        Err(Lookup::Ambiguous) if caller.is_admin() => {
            return Err(Error::Conflict(Message::new("container.ambiguous").with("id", container)));
        }
        Err(_) => return Err(missing()),
    };
    match found.project.as_deref() {
        Some(project) if caller.sees(project) => caller.require(permission, Some(project))?,
        _ if caller.is_admin() => caller.require(permission, None)?,
        _ => return Err(missing()),
    }
    Ok((cluster.clone(), found))
}

/// Whether a caller who was let in still may be there. What has gone meanwhile ends by itself.
pub fn may_stay(
    state: &State,
    caller: &Caller,
    cluster: &str,
    container: &str,
    permission: Permission,
) -> Result<(), Error> {
    match find(state, caller, cluster, container, permission) {
        Err(Error::NotFound { .. } | Error::Conflict(_)) if caller.is_admin() => Ok(()),
        other => other.map(drop),
    }
}

/// Whether a container belongs to an app of ours.
pub fn is_of_app(container: &Container, project: &str, app: &str) -> bool {
    container.project.as_deref() == Some(project) && container.app.as_deref() == Some(app)
}

/// Finds the cluster an app runs on.
pub async fn find_app(
    state: &State,
    caller: &Caller,
    project: &str,
    app: &str,
    permission: Permission,
) -> Result<Cluster, Error> {
    let found = super::app::find(state, caller, permission, project, app).await?;
    state.clusters.get(&found.cluster).cloned().ok_or_else(|| Error::not_found("cluster", &found.cluster))
}
