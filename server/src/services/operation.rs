//! Operations: started, found, watched and called off.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use api::operation::{Operation, OperationChange, OperationEvent, OperationState};
use api::permission::Permission;
use api::token::Scope;
use api::{List, ListQuery, Message, Order};
use tokio::sync::{OwnedMutexGuard, broadcast};
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

use super::audit::{Outcome, audit_in};
use super::deploy::failpoint::Failpoints;
use super::deploy::log::{Also, Log};
use super::deploy::prepare::Cache;
use super::deploy::reconcile::Reconciler;
use super::deploy::{Timing, run};
use super::{Error, State, listing};
use crate::auth::Caller;
use crate::db;
use crate::db::operation::{Filter, Phase};

/// Entries that wait for a watcher; one that is slower reads them from the database.
const WATCHED: usize = 1_024;
/// Entries of a log in one message.
const BATCH: u64 = 500;

/// The operations under way, and what apps have in memory.
#[derive(Clone, Debug, Default)]
pub struct Operations(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    timing: Timing,
    failpoints: Failpoints,
    cache: Cache,
    reconciler: Reconciler,
    running: Mutex<HashMap<Ulid, Running>>,
    apps: Mutex<HashMap<Ulid, AppLock>>,
}

#[derive(Clone, Debug)]
struct Running {
    cancel: CancellationToken,
    events: broadcast::Sender<Arc<OperationEvent>>,
}

#[derive(Clone, Debug, Default)]
struct AppLock {
    held: Arc<tokio::sync::Mutex<()>>,
    /// Ends what the reconciler does to the app.
    preempt: CancellationToken,
}

impl Operations {
    /// With other times to wait.
    pub fn new(timing: Timing) -> Self {
        Self(Arc::new(Inner { timing, ..Inner::default() }))
    }

    /// How long to wait for what.
    pub fn timing(&self) -> &Timing {
        &self.0.timing
    }

    /// Where a test can stop everything.
    pub fn failpoints(&self) -> &Failpoints {
        &self.0.failpoints
    }

    /// What keeps apps as they should be.
    pub fn reconciler(&self) -> &Reconciler {
        &self.0.reconciler
    }

    pub(super) fn cache(&self) -> &Cache {
        &self.0.cache
    }

    /// Keeps everybody else from changing an app; what the reconciler was doing to it ends.
    pub(super) async fn lock_app(&self, app: Ulid) -> OwnedMutexGuard<()> {
        let lock = {
            let mut apps = self.0.apps.lock().unwrap_or_else(PoisonError::into_inner);
            let lock = apps.entry(app).or_default();
            lock.preempt.cancel();
            lock.clone()
        };
        lock.held.lock_owned().await
    }

    /// Likewise for the reconciler, unless somebody changes the app now; the token says when to let it go.
    pub(super) fn try_lock_app(&self, app: Ulid) -> Option<(OwnedMutexGuard<()>, CancellationToken)> {
        let mut apps = self.0.apps.lock().unwrap_or_else(PoisonError::into_inner);
        let lock = apps.entry(app).or_default();
        let guard = lock.held.clone().try_lock_owned().ok()?;
        lock.preempt = CancellationToken::new();
        Some((guard, lock.preempt.clone()))
    }

    fn running(&self, id: Ulid) -> Option<Running> {
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// Begins, or goes on with, an operation that is in the database.
    pub(super) fn spawn(&self, state: &State, id: Ulid) {
        let running = Running { cancel: CancellationToken::new(), events: broadcast::Sender::new(WATCHED) };
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner).insert(id, running.clone());
        let (state, operations) = (state.clone(), self.clone());
        let tracker = state.stopping.running.clone();
        tracker.spawn(async move {
            let work = tokio::spawn(begin(state.clone(), id, running));
            let abort = work.abort_handle();
            tokio::select! {
                ended = work => if let Err(error) = ended {
                    tracing::error!(operation = %id, %error, "an operation broke off");
                    break_off(&state, id).await;
                },
                // the next start goes on with it
                () = state.stopping.token.cancelled() => abort.abort(),
            }
            operations.0.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        });
    }
}

async fn begin(state: State, id: Ulid, running: Running) {
    let operation = match db::operation::find(state.db.read(), id).await {
        Ok(Some(operation)) if !operation.state.is_final() => operation,
        Ok(_) => return,
        Err(error) => {
            tracing::error!(operation = %id, %error, "an operation cannot be read; the next start goes on with it");
            return;
        }
    };
    match Log::open(&state.db, &operation, running.events, state.changes.clone()).await {
        Ok(log) => run::run(&state, &operation, &log, &running.cancel).await,
        Err(error) => tracing::error!(operation = %id, %error, "an operation's log cannot be read"),
    }
}

/// A fault of ours ends the operation; what it left is the reconciler's.
async fn break_off(state: &State, id: Ulid) {
    let events = broadcast::Sender::new(1);
    let Ok(Some(operation)) = db::operation::find(state.db.read(), id).await else { return };
    let Ok(log) = Log::open(&state.db, &operation, events, state.changes.clone()).await else { return };
    let problem = Some(Message::new("deploy.broken"));
    if let Err(error) = log.state(OperationState::Failed, problem, &Also::Nothing).await {
        tracing::error!(operation = %id, %error, "an operation that broke off stays open until the next start");
    }
    if let Some(app) = operation.app_id {
        state.operations.reconciler().nudge(app);
    }
}

/// Goes on with what an earlier run of the server left.
pub async fn resume(state: &State) -> Result<(), Error> {
    for operation in db::operation::list_unfinished(state.db.read()).await? {
        tracing::info!(operation = %operation.id, kind = ?operation.kind, target = %operation.target, "going on with an operation");
        state.operations.spawn(state, operation.id);
    }
    Ok(())
}

/// Keeps a new operation and begins it. While another one of the app is under way, this is [`Error::Busy`].
pub async fn start(state: &State, new: &db::operation::New) -> Result<Ulid, Error> {
    let app = new.app.as_ref().map(|(_, app, _)| *app);
    let id = busy(state, app, state.db.write(async |txn| Ok(db::operation::insert(txn, new).await?)).await).await?;
    state.operations.spawn(state, id);
    Ok(id)
}

/// Says which operation keeps the app busy, where the database said that one does.
pub async fn busy<T>(state: &State, app: Option<Ulid>, result: Result<T, Error>) -> Result<T, Error> {
    match (result, app) {
        (Err(Error::Database(db::Error::Duplicate(_))), Some(app)) => {
            match db::operation::find_unfinished(state.db.read(), app).await? {
                Some(operation) => Err(Error::Busy { operation: operation.id }),
                None => Err(Error::Unavailable(Message::new("unavailable.again"))),
            }
        }
        (result, _) => result,
    }
}

/// The operations the caller may see, newest first.
pub async fn list(state: &State, caller: &Caller, query: &ListQuery) -> Result<List<Operation>, Error> {
    caller.require_scope(Scope::Read)?;
    let mut filter = Filter { q: query.q.clone(), ..Filter::default() };
    let mut projects = None;
    for (field, value) in &query.filters {
        let words = Some(value.split(',').map(|word| word.trim().to_owned()).collect::<Vec<_>>());
        match field.as_str() {
            "state" => filter.state = words,
            "kind" => filter.kind = words,
            "app" => filter.app = words,
            "cluster" => filter.cluster = words,
            "project" => projects = words,
            other => {
                return Err(listing::unknown_filter(other, &["state", "kind", "project", "app", "cluster"]));
            }
        }
    }
    if let Some(sort) = query.sort.as_deref().filter(|sort| *sort != "created_at") {
        return Err(Error::invalid(
            "sort",
            Message::new("list.sort").with("field", sort).with("allowed", "created_at"),
        ));
    }
    filter.oldest_first = query.sort.is_some() && query.order == Order::Asc;
    if projects.is_some() || !caller.is_admin() {
        let visible = db::project::list(state.db.read()).await?.into_iter().filter(|project| {
            caller.sees(&project.name) && projects.as_ref().is_none_or(|names| names.contains(&project.name))
        });
        filter.projects = Some(visible.map(|project| project.id).collect());
    }
    let (offset, limit) = listing::window(query)?;
    let (rows, total) = db::operation::list(state.db.read(), &filter, offset, limit).await?;
    let items = rows.iter().map(db::operation::Operation::shown).collect();
    Ok(listing::of_window(items, total, offset))
}

/// One operation with its steps.
pub async fn get(state: &State, caller: &Caller, id: &str) -> Result<Operation, Error> {
    let operation = find(state, caller, id).await?;
    let mut shown = operation.shown();
    // the log is folded from where nothing had happened yet
    (shown.state, shown.started_at, shown.finished_at, shown.problem) = (OperationState::Queued, None, None, None);
    let mut next = 0;
    loop {
        let events = db::operation::events(state.db.read(), operation.id, next, BATCH).await?;
        let Some(last) = events.last() else { break };
        next = last.sequence + 1;
        for event in &events {
            shown.apply(event);
        }
    }
    Ok(shown)
}

/// The latest operations the caller may see, for the dashboard.
pub async fn latest(state: &State, caller: &Caller, limit: u32) -> Result<Vec<Operation>, Error> {
    let query = ListQuery { limit: Some(limit), ..ListQuery::default() };
    Ok(list(state, caller, &query).await?.items)
}

/// Removes the operations that ended longer ago than they are kept, with their logs.
pub async fn delete_ended(state: &State) -> Result<(), Error> {
    let kept = state.config.monitor.operation_retention;
    let before = db::now() - i64::try_from(kept.as_millis()).unwrap_or(i64::MAX);
    Ok(state.db.write(async |txn| db::operation::delete_ended(txn, before).await).await?)
}

/// Calls an operation off. What goes back already goes on going back.
pub async fn cancel(state: &State, caller: &Caller, id: &str) -> Result<(), Error> {
    let operation = find(state, caller, id).await?;
    match &operation.project {
        Some(project) => caller.require(Permission::DeployApp, Some(project))?,
        None => caller.require(Permission::OperateCluster, None)?,
    }
    if operation.state.is_final() {
        return Err(Error::Conflict(Message::new("operation.ended")));
    }
    let Some(running) = state.operations.running(operation.id) else {
        return Err(Error::Conflict(Message::new("operation.elsewhere")));
    };
    if operation.phase == Phase::Forward {
        running.cancel.cancel();
    }
    audit_in(state, operation.project.as_deref(), caller, "operation.cancel", id, Outcome::Done, &operation.target)
        .await;
    Ok(())
}

/// The operation, for a caller who may know of it.
async fn find(state: &State, caller: &Caller, id: &str) -> Result<db::operation::Operation, Error> {
    caller.require_scope(Scope::Read)?;
    let missing = || Error::not_found("operation", id);
    let parsed: Ulid = id.parse().map_err(|_| missing())?;
    let operation = db::operation::find(state.db.read(), parsed).await?.ok_or_else(missing)?;
    may_see(caller, operation.project.as_deref()).map_err(|_| missing())?;
    Ok(operation)
}

/// Whether the caller may know of the operations of a project, or of those of no project.
fn may_see(caller: &Caller, project: Option<&str>) -> Result<(), Error> {
    match project {
        Some(project) => caller.require(Permission::ViewApp, Some(project)),
        None => caller.require(Permission::ViewCluster, None),
    }
}

/// An operation's log: first what there is, then what comes, then the end.
#[derive(Debug)]
pub struct Watch {
    state: State,
    id: Ulid,
    project: Option<String>,
    next: u32,
    live: Option<broadcast::Receiver<Arc<OperationEvent>>>,
    ended: bool,
}

/// Watches an operation.
pub async fn watch(state: &State, caller: &Caller, id: &str) -> Result<Watch, Error> {
    let operation = find(state, caller, id).await?;
    // subscribed before the first read, so that nothing falls between
    let live = state.operations.running(operation.id).map(|running| running.events.subscribe());
    Ok(Watch { state: state.clone(), id: operation.id, project: operation.project, next: 0, live, ended: false })
}

impl Watch {
    /// Whether a caller, as it is by now, may go on hearing it.
    pub fn may_stay(&self) -> impl Fn(&State, &Caller) -> Result<(), Error> + Send + Sync + 'static {
        let project = self.project.clone();
        move |_, caller| may_see(caller, project.as_deref())
    }

    /// The next entries, in order and without gaps; `None` at the end. What waits for a slow reader is in the database.
    pub async fn next(&mut self) -> Result<Option<Vec<OperationEvent>>, Error> {
        loop {
            if self.ended {
                return Ok(None);
            }
            let events = db::operation::events(self.state.db.read(), self.id, self.next, BATCH).await?;
            if !events.is_empty() {
                return Ok(Some(self.take(events)));
            }
            let Some(live) = &mut self.live else {
                // it ended, or it stopped with the server
                self.ended = true;
                continue;
            };
            match live.recv().await {
                Ok(event) if event.sequence == self.next => {
                    let mut events = vec![(*event).clone()];
                    let mut next = event.sequence + 1;
                    while events.len() < usize::try_from(BATCH).unwrap_or(usize::MAX) {
                        match live.try_recv() {
                            Ok(event) if event.sequence == next => {
                                next += 1;
                                events.push((*event).clone());
                            }
                            _ => break,
                        }
                    }
                    return Ok(Some(self.take(events)));
                }
                Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => self.live = None,
            }
        }
    }

    fn take(&mut self, events: Vec<OperationEvent>) -> Vec<OperationEvent> {
        if let Some(last) = events.last() {
            self.next = last.sequence + 1;
        }
        self.ended =
            events.iter().any(|event| matches!(event.change, OperationChange::State { state, .. } if state.is_final()));
        events
    }
}
