//! Requests that would change something and were refused: each in the audit log, once, and not without end.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ulid::Ulid;

use super::State;
use super::audit::{Actor, Outcome, audit, audit_in};
use crate::auth::Caller;

const ACTION: &str = "request.refused";
/// The refusals of a caller that are recorded one by one in a minute.
const MOST: u32 = 60;
const MINUTE: Duration = Duration::from_mins(1);

tokio::task_local! {
    /// Whether a service recorded the refusal of this request.
    static RECORDED: Cell<bool>;
}

/// The refusals of late, by caller.
#[derive(Debug, Default)]
pub struct Refusals(Mutex<HashMap<Ulid, Minute>>);

/// The refusals of a caller since the first of them.
#[derive(Debug)]
struct Minute {
    since: Instant,
    actor: Actor,
    count: u32,
}

impl Minute {
    fn is_over(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) >= MINUTE
    }
}

impl Refusals {
    /// Counts a refusal: whether it is one of those that are recorded, and the caller's minute that it ends.
    fn count(&self, caller: &Caller, now: Instant) -> (bool, Option<Minute>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = all.get(&caller.user_id).is_some_and(|minute| minute.is_over(now));
        let ended = if is_over { all.remove(&caller.user_id) } else { None };
        let minute = all.entry(caller.user_id).or_insert_with(|| Minute { since: now, actor: caller.into(), count: 0 });
        minute.count = minute.count.saturating_add(1);
        (minute.count <= MOST, ended)
    }

    /// Takes the minutes that are over.
    fn ended(&self, now: Instant) -> Vec<Minute> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.extract_if(|_, minute| minute.is_over(now)).map(|(_, minute)| minute).collect()
    }
}

/// Runs a request; says also whether a service recorded on the way that it refused it.
pub async fn watch<T>(request: impl Future<Output = T>) -> (T, bool) {
    let watched = async {
        let answer = request.await;
        (answer, RECORDED.with(Cell::get))
    };
    RECORDED.scope(Cell::new(false), watched).await
}

/// Notes that a refusal was recorded.
pub(super) fn note() {
    // Outside of a request nobody asks.
    let _ = RECORDED.try_with(|recorded| recorded.set(true));
}

/// Records a refused request: `target` is method and route.
pub async fn record(state: &State, caller: &Caller, project: Option<&str>, target: &str, detail: &str) {
    let (is_recorded, ended) = state.refusals.count(caller, Instant::now());
    if let Some(minute) = ended {
        tell_rest(state, minute).await;
    }
    if is_recorded {
        audit_in(state, project, caller, ACTION, target, Outcome::Refused, detail).await;
    }
}

/// Says of each caller whose minute is over how many refusals were not recorded.
pub async fn sum_up(state: &State, now: Instant) {
    for minute in state.refusals.ended(now) {
        tell_rest(state, minute).await;
    }
}

async fn tell_rest(state: &State, minute: Minute) {
    let rest = minute.count.saturating_sub(MOST);
    if rest > 0 {
        audit(state, minute.actor, ACTION, "*", Outcome::Refused, &format!("more={rest}")).await;
    }
}
