//! Recording who did what.

use std::net::IpAddr;

use ulid::Ulid;

use super::State;
use crate::auth::Caller;
use crate::db;

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
    /// The account, where one is known.
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

/// Adds an entry: `action` is noun and verb (`token.create`), `target` names the object, `detail` never holds a secret.
/// A failure to record is logged, not passed on: what was done has been done.
pub async fn audit(
    state: &State,
    actor: impl Into<Actor>,
    action: &'static str,
    target: &str,
    outcome: Outcome,
    detail: &str,
) {
    let actor = actor.into();
    let result = match outcome {
        Outcome::Done => "done",
        Outcome::Refused => "refused",
        Outcome::Failed => "failed",
    };
    let entry = db::audit::Model {
        id: Ulid::generate().to_string(),
        at: db::now(),
        user_id: actor.user_id.map(|id| id.to_string()),
        username: cut(&actor.username, 63),
        address: actor.address.to_canonical().to_string(),
        action: action.to_owned(),
        target: cut(target, 255),
        result: result.to_owned(),
        detail: cut(detail, 4_096),
    };
    tracing::info!(action, user = ?entry.username, target = ?entry.target, result, address = %entry.address, "audit");
    if let Err(error) = state.db.write(async |txn| db::audit::insert(txn, entry).await).await {
        tracing::error!(action, %error, "an audit entry could not be kept");
    }
}

fn cut(text: &str, limit: usize) -> String {
    text.chars().filter(|c| *c != '\0').take(limit).collect()
}
