//! Projects.

use std::sync::Arc;

use api::permission::{Permission, ProjectRole};
use api::project::{CreateProject, DEFAULT_PROJECT, Member, Project, SetMember};
use api::token::Scope;
use api::{List, ListQuery, Message};

use super::audit::{Outcome, audit_in};
use super::listing::{Fields, page};
use super::{Error, State};
use crate::auth::Caller;
use crate::db;

/// The projects that the caller is a member of; every project for an administrator.
pub async fn list(state: &State, caller: &Caller) -> Result<List<Project>, Error> {
    caller.require_scope(Scope::Read)?;
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

/// Makes a project.
pub async fn create(state: &State, caller: &Caller, create: CreateProject) -> Result<Project, Error> {
    caller.require(Permission::ManagePortal, None)?;
    let name = create.name;
    api::name::check_name(&name).map_err(|message| Error::invalid("name", message))?;
    let project = match state.db.write(async |txn| db::project::insert(txn, &name).await).await {
        Err(db::Error::Duplicate(_)) => {
            return Err(Error::Conflict(Message::new("conflict.project").with("name", name)));
        }
        other => other?,
    };
    audit_in(state, Some(&name), caller, "project.create", &name, Outcome::Done, "").await;
    Ok(shown(0, project))
}

/// Removes a project that has no apps, with its memberships, its robots and the roles of teams in it.
pub async fn delete(state: &State, caller: &Caller, name: &str) -> Result<(), Error> {
    let project = find(state, caller, Permission::ManagePortal, name).await?;
    if name == DEFAULT_PROJECT {
        return Err(Error::Conflict(Message::new("project.default")));
    }
    let deleted = state
        .db
        .write(async |txn| {
            // Held, so that no app is made in it meanwhile.
            if !db::project::hold(txn, project.id).await? {
                return Err(Error::not_found("project", name));
            }
            let apps = db::app::count_by_project(txn).await?.get(&project.id).copied().unwrap_or_default();
            if apps > 0 {
                return Err(Error::Conflict(Message::new("project.has-apps").with("name", name).with("count", apps)));
            }
            Ok(db::project::delete(txn, project.id).await?)
        })
        .await;
    let outcome = if deleted.is_ok() { Outcome::Done } else { Outcome::Refused };
    audit_in(state, Some(name), caller, "project.delete", name, outcome, "").await;
    deleted
}

const MEMBERS: Fields<Member> = Fields {
    filters: &[("role", |row, value| db::project::role_text(row.role) == value)],
    sorts: &[("username", |a, b| a.username.cmp(&b.username)), ("role", |a, b| a.role.cmp(&b.role))],
    texts: |row, text| text(&row.username),
    id: |_| "",
};

/// The members of a project.
pub async fn members(state: &State, caller: &Caller, name: &str, query: &ListQuery) -> Result<List<Member>, Error> {
    let project = find(state, caller, Permission::ViewApp, name).await?;
    let members = db::project::members(state.db.read(), project.id).await?;
    page(members.into_iter().map(|(user, role)| Arc::new(member(user, role))), query, &MEMBERS)
}

/// Makes an account a member of a project, or gives it another role there.
pub async fn set_member(
    state: &State,
    caller: &Caller,
    name: &str,
    username: &str,
    set: SetMember,
) -> Result<Member, Error> {
    let project = find(state, caller, Permission::ManageProject, name).await?;
    let missing = || Error::not_found("user", username);
    let user = db::user::find_by_name(state.db.read(), username).await?.ok_or_else(missing)?.user;
    state.db.write(async |txn| db::project::put_membership(txn, user.id, project.id, set.role).await).await?;
    let detail = format!("role={}", db::project::role_text(set.role));
    let target = format!("{name}/{}", user.username);
    audit_in(state, Some(name), caller, "member.update", &target, Outcome::Done, &detail).await;
    Ok(member(user, set.role))
}

/// Ends a membership: another's for those who manage the project, the caller's own for everybody. Nobody leaves a
/// project that a team gives: it would give the project still.
pub async fn delete_member(state: &State, caller: &Caller, name: &str, username: &str) -> Result<(), Error> {
    let leaves = username.to_lowercase() == caller.username.to_lowercase();
    let needed = if leaves { Permission::ViewApp } else { Permission::ManageProject };
    let project = find(state, caller, needed, name).await?;
    caller.require_scope(Scope::Admin)?;
    let missing = || Error::not_found("member", username);
    let user = db::user::find_by_name(state.db.read(), username).await?.ok_or_else(missing)?.user;
    state
        .db
        .write(async |txn| {
            if leaves && let Some(team) = db::team::giving(txn, user.id, &caller.teams_by_group, project.id).await? {
                return Err(Error::Conflict(Message::new("member.by-team").with("team", team)));
            }
            let ended = db::project::delete_membership(txn, user.id, project.id).await?;
            if ended { Ok(()) } else { Err(missing()) }
        })
        .await?;
    let target = format!("{name}/{}", user.username);
    audit_in(state, Some(name), caller, "member.delete", &target, Outcome::Done, "").await;
    Ok(())
}

fn member(user: api::user::User, role: ProjectRole) -> Member {
    Member { user: user.id, username: user.username, role, state: user.state }
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
