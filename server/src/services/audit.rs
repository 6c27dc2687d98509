//! Recording who did what, and reading it.

use std::net::IpAddr;

use api::audit::AuditEntry;
use api::permission::Permission;
use api::{List, ListQuery, Message};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use ulid::Ulid;

use super::{Error, State, listing, project, refusal};
use crate::auth::Caller;
use crate::db;

/// The entries that an export reads at once.
const EXPORTED_AT_ONCE: u64 = 1_000;
/// The old entries that are removed at once, so that nobody who writes waits long.
const REMOVED_AT_ONCE: u64 = 1_000;
/// What the log can be filtered by; that of one project not by the last.
const FILTERS: [&str; 6] = ["user", "action", "result", "since", "until", "project"];

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was not allowed.
    Refused,
    /// It was tried and failed.
    Failed,
}

/// Who did it.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The account or the robot, where one is known.
    pub user_id: Option<Ulid>,
    /// The name given.
    pub username: String,
    /// Where it came from.
    pub address: IpAddr,
}

impl Actor {
    /// Whoever types at the host's own console.
    pub fn console() -> Self {
        Self { user_id: None, username: "console".to_owned(), address: IpAddr::from([127, 0, 0, 1]) }
    }
}

impl From<&Caller> for Actor {
    fn from(caller: &Caller) -> Self {
        Self { user_id: Some(caller.user_id), username: caller.username.clone(), address: caller.address }
    }
}

/// Adds an entry that belongs to no project: `action` is noun and verb (`token.create`), `target` names the object,
/// `detail` never holds a secret. A failure to record is logged, not passed on: what was done has been done.
pub async fn audit(
    state: &State,
    actor: impl Into<Actor>,
    action: &'static str,
    target: &str,
    outcome: Outcome,
    detail: &str,
) {
    record(state, None, actor.into(), action, target, outcome, detail).await;
}

/// The same of something in a project, where there is one: its administrators may read it.
pub async fn audit_in(
    state: &State,
    project: Option<&str>,
    actor: impl Into<Actor>,
    action: &'static str,
    target: &str,
    outcome: Outcome,
    detail: &str,
) {
    record(state, project.map(str::to_owned), actor.into(), action, target, outcome, detail).await;
}

/// The log, newest first; of one project for those who manage it.
pub async fn list(
    state: &State,
    caller: &Caller,
    project: Option<&str>,
    query: &ListQuery,
) -> Result<List<AuditEntry>, Error> {
    let filter = filter(state, caller, project, query).await?;
    let (offset, limit) = listing::window(query)?;
    let (items, total) = db::audit::list(state.db.read(), &filter, offset, limit).await?;
    Ok(listing::of_window(items, total, offset))
}

/// The entries behind `after`, oldest first, as many as are read at once; none at the end.
pub async fn export(
    state: &State,
    caller: &Caller,
    query: &ListQuery,
    after: Option<Ulid>,
) -> Result<Vec<AuditEntry>, Error> {
    let filter = filter(state, caller, None, query).await?;
    Ok(db::audit::next(state.db.read(), &filter, after, EXPORTED_AT_ONCE).await?)
}

/// Removes the entries that were kept long enough.
pub async fn delete_ended(state: &State) -> Result<(), Error> {
    let kept = state.config.audit.retention;
    let before = db::now() - i64::try_from(kept.as_millis()).unwrap_or(i64::MAX);
    while !state.stopping.token.is_cancelled() {
        let gone = state.db.write(async |txn| db::audit::delete_before(txn, before, REMOVED_AT_ONCE).await).await?;
        if gone < REMOVED_AT_ONCE {
            break;
        }
    }
    Ok(())
}

async fn filter(
    state: &State,
    caller: &Caller,
    project: Option<&str>,
    query: &ListQuery,
) -> Result<db::audit::Filter, Error> {
    let mut filter = db::audit::Filter::default();
    let mut made = None;
    match project {
        Some(name) => {
            let project = project::find(state, caller, Permission::ManageProject, name).await?;
            filter.projects = Some(vec![project.name]);
            // An earlier project may have had its name.
            made = Some(db::millis(project.created_at));
        }
        None => caller.require(Permission::ManagePortal, None)?,
    }
    filter.words = listing::words(query);
    let allowed = if project.is_some() { &FILTERS[..5] } else { &FILTERS[..] };
    for (field, value) in &query.filters {
        if !allowed.contains(&field.as_str()) {
            return Err(listing::unknown_filter(field, allowed));
        }
        let words = || Some(value.split(',').map(|word| word.trim().to_owned()).collect());
        match field.as_str() {
            "user" => filter.users = words(),
            "action" => filter.actions = words(),
            "result" => filter.results = words(),
            "project" => filter.projects = words(),
            "since" => filter.since = Some(moment(field, value)?),
            _ => filter.until = Some(moment(field, value)?),
        }
    }
    filter.since = filter.since.max(made);
    Ok(filter)
}

fn moment(field: &str, value: &str) -> Result<i64, Error> {
    let parsed = OffsetDateTime::parse(value, &Rfc3339);
    parsed.map(db::millis).map_err(|_| Error::invalid(field, Message::new("audit.time")))
}

async fn record(
    state: &State,
    project: Option<String>,
    actor: Actor,
    action: &'static str,
    target: &str,
    outcome: Outcome,
    detail: &str,
) {
    let result = match outcome {
        Outcome::Done => "done",
        Outcome::Refused => "refused",
        Outcome::Failed => "failed",
    };
    if outcome == Outcome::Refused {
        refusal::note();
    }
    let entry = db::audit::Model {
        id: String::new(),
        at: 0,
        user_id: actor.user_id.map(|id| id.to_string()),
        username: cut(&actor.username, api::robot::MAX_FULL_NAME_LENGTH),
        address: actor.address.to_canonical().to_string(),
        action: action.to_owned(),
        target: cut(target, 255),
        result: result.to_owned(),
        detail: cut(detail, 4_096),
        project,
    };
    tracing::info!(action, user = ?entry.username, target = ?entry.target, result, address = %entry.address, "audit");
    let kept = state.db.write(async |txn| {
        let id = db::audit::next_id(txn).await?.to_string();
        db::audit::insert(txn, db::audit::Model { id, at: db::now(), ..entry }).await
    });
    match kept.await {
        Ok(()) => state.forwarding.nudge(),
        Err(error) => tracing::error!(action, %error, "an audit entry could not be kept"),
    }
}

fn cut(text: &str, limit: usize) -> String {
    text.chars().filter(|c| *c != '\0').take(limit).collect()
}
