//! Projects.

use api::List;
use api::permission::Permission;
use api::project::{DEFAULT_PROJECT, Project};

use super::{Error, State};
use crate::auth::Caller;
use crate::db;

/// The projects that the caller is a member of; every project for an administrator.
pub async fn list(state: &State, caller: &Caller) -> Result<List<Project>, Error> {
    let projects = db::project::list(state.db.read()).await?;
    let apps = db::app::count_by_project(state.db.read()).await?;
    let count = |project: &db::project::Project| apps.get(&project.id).copied().unwrap_or_default();
    let seen = projects.into_iter().filter(|project| caller.sees(&project.name));
    let items: Vec<_> = seen.map(|project| shown(count(&project), project)).collect();
    Ok(List { total: items.len() as u64, items, next: None, age_ms: None })
}

/// A project by name.
pub async fn get(state: &State, caller: &Caller, name: &str) -> Result<Project, Error> {
    let project = find(state, caller, Permission::ViewApp, name).await?;
    let apps = db::app::count_by_project(state.db.read()).await?;
    Ok(shown(apps.get(&project.id).copied().unwrap_or_default(), project))
}

/// The project, for a caller who has `permission` in it; 404 for others, as for a project that does not exist.
pub async fn find(
    state: &State,
    caller: &Caller,
    permission: Permission,
    name: &str,
) -> Result<db::project::Project, Error> {
    caller.require(permission, Some(name))?;
    db::project::find_by_name(state.db.read(), name).await?.ok_or_else(|| Error::not_found("project", name))
}

/// Makes the project that exists from the start.
pub async fn ensure_default(state: &State) -> Result<(), Error> {
    if db::project::find_by_name(state.db.read(), DEFAULT_PROJECT).await?.is_some() {
        return Ok(());
    }
    match state.db.write(async |txn| db::project::insert(txn, DEFAULT_PROJECT).await).await {
        // Another instance was faster.
        Err(db::Error::Duplicate(_)) => Ok(()),
        other => Ok(other.map(drop)?),
    }
}

fn shown(apps: u64, project: db::project::Project) -> Project {
    Project { id: project.id, name: project.name, created_at: project.created_at, apps }
}
