//! Robots of projects.

use api::permission::{Permission, ProjectRole};
use api::robot::{
    CreateRobot, CreatedRobot, MAX_ROBOT_DAYS, ROBOT_PREFIX, ROBOT_SCOPES, Robot, UpdateRobot, full_name,
};
use api::token::Scope;
use api::user::{User, UserState};
use api::{FieldProblem, List, Message, OffsetDateTime, Ulid};
use time::Duration;

use super::audit::{Outcome, audit_in};
use super::{Error, State, project};
use crate::auth::{Caller, secret};
use crate::db;
use crate::db::project::Project;

/// A project needs no more; it keeps the list short enough to be read.
const MOST_ROBOTS: usize = 100;

/// The robots of a project, by name.
pub async fn list(state: &State, caller: &Caller, project: &str) -> Result<List<Robot>, Error> {
    let project = project::find(state, caller, Permission::ManageProject, project).await?;
    let items = db::robot::list(state.db.read(), &project).await?;
    Ok(List { total: items.len() as u64, items, next: None, age_ms: None })
}

/// Makes a robot. Its secret is in the answer and nowhere else.
pub async fn create(state: &State, caller: &Caller, project: &str, create: CreateRobot) -> Result<CreatedRobot, Error> {
    let project = managed(state, caller, project).await?;
    let problems = check(&create);
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    let CreateRobot { name, role, scopes, days } = create;
    let robot_secret = format!("{ROBOT_PREFIX}{}", secret::random()?);
    let created_at = db::time(db::now());
    let robot = Robot {
        id: Ulid::generate(),
        full_name: full_name(&project.name, &name),
        name,
        role,
        scopes: Scope::sorted(scopes),
        created_at,
        created_by: caller.username.clone(),
        expires_at: created_at + Duration::days(i64::from(days)),
        last_used_at: None,
        disabled: false,
    };
    let made = state
        .db
        .write(async |txn| {
            // Held, so that they are counted right and the project stays meanwhile.
            if !db::project::hold(txn, project.id).await? {
                return Err(Error::not_found("project", &project.name));
            }
            if db::robot::list(txn, &project).await?.len() >= MOST_ROBOTS {
                return Err(Error::Conflict(Message::new("robot.many").with("limit", MOST_ROBOTS)));
            }
            Ok(db::robot::insert(txn, project.id, &robot, secret::hash(&robot_secret)).await?)
        })
        .await;
    if let Err(Error::Database(db::Error::Duplicate(_))) = made {
        return Err(Error::Conflict(Message::new("robot.name.taken").with("name", &robot.name)));
    }
    made?;
    let detail =
        format!("role={} scopes={} days={days}", db::project::role_text(role), db::token::scopes_text(&robot.scopes));
    record(state, caller, &project, "robot.create", &robot, &detail).await;
    Ok(CreatedRobot { robot, secret: robot_secret })
}

/// Shuts a robot, or opens it again.
pub async fn update(
    state: &State,
    caller: &Caller,
    project: &str,
    name: &str,
    update: UpdateRobot,
) -> Result<Robot, Error> {
    let project = managed(state, caller, project).await?;
    let mut robot = find(state, &project, name).await?;
    let Some(disabled) = update.disabled else { return Ok(robot) };
    let since = disabled.then(db::now);
    there(name, state.db.write(async |txn| db::robot::set_disabled(txn, robot.id, since).await).await)?;
    robot.disabled = disabled;
    record(state, caller, &project, "robot.update", &robot, &format!("disabled={disabled}")).await;
    Ok(robot)
}

/// Replaces a robot's secret: the old one stops working at once, the new one works as long as it was made for.
pub async fn rotate(state: &State, caller: &Caller, project: &str, name: &str) -> Result<CreatedRobot, Error> {
    let project = managed(state, caller, project).await?;
    let mut robot = find(state, &project, name).await?;
    let robot_secret = format!("{ROBOT_PREFIX}{}", secret::random()?);
    let life = robot.expires_at - robot.created_at;
    robot.created_at = db::time(db::now());
    robot.expires_at = robot.created_at + life;
    robot.last_used_at = None;
    let hash = secret::hash(&robot_secret);
    there(name, state.db.write(async |txn| db::robot::set_secret(txn, &robot, hash).await).await)?;
    record(state, caller, &project, "robot.rotate", &robot, "").await;
    Ok(CreatedRobot { robot, secret: robot_secret })
}

/// Removes a robot. What it made stays.
pub async fn delete(state: &State, caller: &Caller, project: &str, name: &str) -> Result<(), Error> {
    let project = managed(state, caller, project).await?;
    let robot = find(state, &project, name).await?;
    there(name, state.db.write(async |txn| db::robot::delete(txn, robot.id).await).await)?;
    record(state, caller, &project, "robot.delete", &robot, "").await;
    Ok(())
}

/// A robot has no account; this is what it is shown as to itself.
pub fn as_user(caller: &Caller) -> User {
    User {
        id: caller.user_id,
        username: caller.username.clone(),
        role: caller.role,
        created_at: OffsetDateTime::from(caller.user_id.datetime()),
        state: UserState::Active,
        break_glass: false,
        two_factor: false,
    }
}

/// The project, for a person who manages it.
async fn managed(state: &State, caller: &Caller, project: &str) -> Result<Project, Error> {
    let project = project::find(state, caller, Permission::ManageProject, project).await?;
    caller.require_session()?;
    Ok(project)
}

async fn find(state: &State, project: &Project, name: &str) -> Result<Robot, Error> {
    db::robot::find(state.db.read(), project, name).await?.ok_or_else(|| Error::not_found("robot", name))
}

/// Missing is also what somebody else removed at the same time.
fn there(name: &str, was_there: Result<bool, db::Error>) -> Result<(), Error> {
    if was_there? { Ok(()) } else { Err(Error::not_found("robot", name)) }
}

fn check(create: &CreateRobot) -> Vec<FieldProblem> {
    let mut problems = Vec::new();
    let mut wrong = |field: &str, message: Message| problems.push(FieldProblem::new(field, message));
    if let Err(message) = api::name::check_name(&create.name) {
        wrong("name", message);
    }
    if create.role == ProjectRole::Admin {
        wrong("role", Message::new("robot.role"));
    }
    if create.scopes.is_empty() || create.scopes.iter().any(|scope| !ROBOT_SCOPES.contains(scope)) {
        wrong("scopes", Message::new("robot.scopes"));
    }
    if !(1..=MAX_ROBOT_DAYS).contains(&create.days) {
        wrong("days", Message::new("token.days").with("limit", MAX_ROBOT_DAYS));
    }
    problems
}

async fn record(state: &State, caller: &Caller, project: &Project, action: &'static str, robot: &Robot, detail: &str) {
    audit_in(state, Some(&project.name), caller, action, &robot.full_name, Outcome::Done, detail).await;
}
