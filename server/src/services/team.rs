//! Teams: groups of accounts that have a role in projects together.

use std::collections::BTreeSet;
use std::sync::Arc;

use api::permission::Permission;
use api::project::SetMember;
use api::provider::{check_group, check_group_count, group_fits};
use api::team::{CreateTeam, SetTeamGroups, Team, TeamGrant, TeamGroup, TeamMember, TeamProject};
use api::token::Scope;
use api::{FieldProblem, List, ListQuery, Message, Order, Ulid};

use super::audit::{Outcome, audit, audit_in};
use super::listing::{self, Fields, page};
use super::{Error, State, project};
use crate::auth::Caller;
use crate::db;
use crate::db::identity::Identity;
use crate::db::project::role_text;
use crate::db::provider::Provider;

/// The teams.
pub async fn list(state: &State, caller: &Caller, query: &ListQuery) -> Result<List<Team>, Error> {
    caller.require(Permission::ManagePortal, None)?;
    without_filters(query)?;
    let sort = match query.sort.as_deref() {
        None | Some("name") => None,
        Some("created_at") => Some(db::team::Sort::CreatedAt),
        Some("members") => Some(db::team::Sort::Members),
        Some(other) => return Err(listing::unknown_sort(other, "name, created_at, members")),
    };
    let filter = db::team::Filter { words: listing::words(query), sort, descending: query.order == Order::Desc };
    let (offset, limit) = listing::window(query)?;
    let (items, total) = db::team::list(state.db.read(), &filter, offset, limit).await?;
    Ok(listing::of_window(items, total, offset))
}

/// A team by name.
pub async fn get(state: &State, caller: &Caller, name: &str) -> Result<Team, Error> {
    find_seen(state, caller, name).await
}

/// Makes a team.
pub async fn create(state: &State, caller: &Caller, create: CreateTeam) -> Result<Team, Error> {
    caller.require(Permission::ManagePortal, None)?;
    let name = create.name;
    api::name::check_name(&name).map_err(|message| Error::invalid("name", message))?;
    let team = match state.db.write(async |txn| db::team::insert(txn, &name).await).await {
        Err(db::Error::Duplicate(_)) => {
            return Err(Error::Conflict(Message::new("conflict.team").with("name", name)));
        }
        other => other?,
    };
    audit(state, caller, "team.create", &name, Outcome::Done, "").await;
    Ok(team)
}

/// Removes a team; the roles it gave end.
pub async fn delete(state: &State, caller: &Caller, name: &str) -> Result<(), Error> {
    let team = find_managed(state, caller, name).await?;
    if !state.db.write(async |txn| db::team::delete(txn, team.id).await).await? {
        return Err(missing(name));
    }
    audit(state, caller, "team.delete", name, Outcome::Done, "").await;
    Ok(())
}

/// The accounts in a team.
pub async fn members(state: &State, caller: &Caller, name: &str, query: &ListQuery) -> Result<List<TeamMember>, Error> {
    let team = find_seen(state, caller, name).await?;
    without_filters(query)?;
    if let Some(other) = query.sort.as_deref().filter(|sort| *sort != "username") {
        return Err(listing::unknown_sort(other, "username"));
    }
    let filter = db::user::Filter {
        team: Some(team.id),
        words: listing::words(query),
        descending: query.order == Order::Desc,
        ..Default::default()
    };
    let (offset, limit) = listing::window(query)?;
    let (users, total) = db::user::list(state.db.read(), &filter, offset, limit).await?;
    Ok(listing::of_window(users.into_iter().map(member).collect(), total, offset))
}

/// Puts an account into a team.
pub async fn set_member(state: &State, caller: &Caller, name: &str, username: &str) -> Result<TeamMember, Error> {
    let team = find_managed(state, caller, name).await?;
    let missing = || Error::not_found("user", username);
    let user = db::user::find_by_name(state.db.read(), username).await?.ok_or_else(missing)?.user;
    state.db.write(async |txn| db::team::put_member(txn, team.id, user.id).await).await?;
    audit(state, caller, "team-member.update", &format!("{name}/{}", user.username), Outcome::Done, "").await;
    Ok(member(user))
}

/// Takes an account out of a team.
pub async fn delete_member(state: &State, caller: &Caller, name: &str, username: &str) -> Result<(), Error> {
    let team = find_managed(state, caller, name).await?;
    let missing = || Error::not_found("team-member", username);
    let user = db::user::find_by_name(state.db.read(), username).await?.ok_or_else(missing)?.user;
    if !state.db.write(async |txn| db::team::delete_member(txn, team.id, user.id).await).await? {
        return Err(missing());
    }
    audit(state, caller, "team-member.delete", &format!("{name}/{}", user.username), Outcome::Done, "").await;
    Ok(())
}

/// The groups of identity providers that belong to a team.
pub async fn groups(state: &State, caller: &Caller, name: &str) -> Result<List<TeamGroup>, Error> {
    let team = find_seen(state, caller, name).await?;
    Ok(whole(db::team_group::list(state.db.read(), team.id).await?))
}

/// Says which groups belong to a team, in place of those that did.
pub async fn set_groups(
    state: &State,
    caller: &Caller,
    name: &str,
    set: SetTeamGroups,
) -> Result<List<TeamGroup>, Error> {
    let team = find_managed(state, caller, name).await?;
    check_group_count(set.groups.len()).map_err(|message| Error::invalid("groups", message))?;
    let (before, after) = state
        .db
        .write(async |txn| {
            let groups = known_groups(&db::provider::list(txn).await?, set)?;
            let before = db::team_group::list(txn, team.id).await?;
            db::team_group::replace(txn, team.id, groups).await?;
            Ok::<_, Error>((before, db::team_group::list(txn, team.id).await?))
        })
        .await?;
    let detail = difference(&before, &after);
    audit(state, caller, "team-group.update", name, Outcome::Done, &detail).await;
    Ok(whole(after))
}

/// The groups with the ids of their providers.
fn known_groups(providers: &[Provider], set: SetTeamGroups) -> Result<BTreeSet<(Ulid, String)>, Error> {
    let (mut groups, mut problems) = (BTreeSet::new(), Vec::new());
    for (place, group) in set.groups.into_iter().enumerate() {
        if let Err(message) = check_group(&group.pattern) {
            problems.push(FieldProblem::new(format!("groups[{place}].pattern"), message));
        }
        if let Some(provider) = providers.iter().find(|provider| provider.slug == group.provider) {
            groups.insert((provider.id, group.pattern));
        } else {
            let message = Message::new("team.provider").with("name", group.provider);
            problems.push(FieldProblem::new(format!("groups[{place}].provider"), message));
        }
    }
    if problems.is_empty() { Ok(groups) } else { Err(Error::Invalid(problems)) }
}

/// What came and what went.
fn difference(before: &[TeamGroup], after: &[TeamGroup]) -> String {
    let only = |sign: char, groups: &[TeamGroup], others: &[TeamGroup]| -> Vec<String> {
        let own = groups.iter().filter(|group| !others.contains(group));
        own.map(|group| format!("{sign}{}:{}", group.provider, group.pattern)).collect()
    };
    [only('+', after, before), only('-', before, after)].concat().join(" ")
}

/// The teams that somebody is in by a group: of these identities, each with its provider.
pub(super) async fn by_group(state: &State, identities: &[(Identity, Provider)]) -> Result<Vec<Ulid>, Error> {
    let telling = identities.iter().filter(|(identity, _)| !identity.groups.is_empty());
    let providers: Vec<_> = telling.map(|(_, provider)| provider.id).collect();
    if providers.is_empty() {
        return Ok(Vec::new());
    }
    let mut groups = db::team_group::of_providers(state.db.read(), &providers).await?;
    groups.retain(|group| {
        let own = identities.iter().filter(|(_, provider)| provider.id == group.provider);
        own.flat_map(|(identity, _)| &identity.groups).any(|told| group_fits(&group.pattern, told))
    });
    Ok(groups.iter().map(|group| group.team).collect::<BTreeSet<_>>().into_iter().collect())
}

const PROJECTS: Fields<TeamProject> = Fields {
    filters: &[("role", |row, value| role_text(row.role) == value)],
    sorts: &[("project", |a, b| a.project.cmp(&b.project)), ("role", |a, b| a.role.cmp(&b.role))],
    texts: |row, text| text(&row.project),
    id: |_| "",
};

/// The projects that a team has a role in.
pub async fn projects(
    state: &State,
    caller: &Caller,
    name: &str,
    query: &ListQuery,
) -> Result<List<TeamProject>, Error> {
    let team = find_seen(state, caller, name).await?;
    let rows = db::team::projects(state.db.read(), team.id).await?;
    page(rows.into_iter().map(Arc::new), query, &PROJECTS)
}

const GRANTS: Fields<TeamGrant> = Fields {
    filters: &[("role", |row, value| role_text(row.role) == value)],
    sorts: &[
        ("team", |a, b| a.team.cmp(&b.team)),
        ("role", |a, b| a.role.cmp(&b.role)),
        ("members", |a, b| a.members.cmp(&b.members)),
    ],
    texts: |row, text| text(&row.team),
    id: |_| "",
};

/// The teams with a role in a project.
pub async fn grants(
    state: &State,
    caller: &Caller,
    project: &str,
    query: &ListQuery,
) -> Result<List<TeamGrant>, Error> {
    let project = project::find(state, caller, Permission::ViewApp, project).await?;
    let rows = db::team::grants(state.db.read(), project.id).await?;
    page(rows.into_iter().map(Arc::new), query, &GRANTS)
}

/// Gives a team a role in a project, or another one. Whoever manages the project may name any team.
pub async fn set_grant(
    state: &State,
    caller: &Caller,
    project: &str,
    name: &str,
    set: SetMember,
) -> Result<TeamGrant, Error> {
    let project = project::find(state, caller, Permission::ManageProject, project).await?;
    let team = db::team::find_by_name(state.db.read(), name, None).await?.ok_or_else(|| missing(name))?;
    state.db.write(async |txn| db::team::put_grant(txn, team.id, project.id, set.role).await).await?;
    let detail = format!("role={}", role_text(set.role));
    let target = format!("{}/{name}", project.name);
    audit_in(state, Some(&project.name), caller, "team-grant.update", &target, Outcome::Done, &detail).await;
    Ok(TeamGrant { team: team.name, role: set.role, members: team.members })
}

/// Takes a team's role in a project away.
pub async fn delete_grant(state: &State, caller: &Caller, project: &str, name: &str) -> Result<(), Error> {
    let project = project::find(state, caller, Permission::ManageProject, project).await?;
    let missing = || Error::not_found("team-grant", name);
    let team = db::team::find_by_name(state.db.read(), name, None).await?.ok_or_else(missing)?;
    if !state.db.write(async |txn| db::team::delete_grant(txn, team.id, project.id).await).await? {
        return Err(missing());
    }
    let target = format!("{}/{name}", project.name);
    audit_in(state, Some(&project.name), caller, "team-grant.delete", &target, Outcome::Done, "").await;
    Ok(())
}

/// A team for a caller who may see it: everybody in it may, also by a group. Others get what a missing team gets.
async fn find_seen(state: &State, caller: &Caller, name: &str) -> Result<Team, Error> {
    caller.require_scope(Scope::Read)?;
    let member = (caller.user_id, &caller.teams_by_group[..]);
    let member = (!caller.has_role_for(Permission::ManagePortal, None)).then_some(member);
    db::team::find_by_name(state.db.read(), name, member).await?.ok_or_else(|| missing(name))
}

/// A team for a caller who may change it.
async fn find_managed(state: &State, caller: &Caller, name: &str) -> Result<Team, Error> {
    caller.require(Permission::ManagePortal, None)?;
    db::team::find_by_name(state.db.read(), name, None).await?.ok_or_else(|| missing(name))
}

fn missing(name: &str) -> Error {
    Error::not_found("team", name)
}

fn whole<T>(items: Vec<T>) -> List<T> {
    List { total: items.len() as u64, items, next: None, age_ms: None }
}

fn without_filters(query: &ListQuery) -> Result<(), Error> {
    query.filters.keys().next().map_or(Ok(()), |field| Err(listing::unknown_filter(field, &[])))
}

fn member(user: api::user::User) -> TeamMember {
    TeamMember { user: user.id, username: user.username, state: user.state }
}
