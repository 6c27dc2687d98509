//! The log of an operation: written to the database, told to whoever watches.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::Message;
use api::operation::{LayerProgress, OperationChange, OperationEvent, OperationKind, OperationState, StepState};
use api::release::ReleaseState;
use api::watch::{Change, ChangeKind};
use sea_orm::DatabaseTransaction;
use time::OffsetDateTime;
use tokio::sync::{Mutex, broadcast};
use ulid::Ulid;

use crate::changes::Changes;
use crate::db::app::Intent;
use crate::db::operation::{Operation, Wanted};
use crate::db::{self, Db};
use crate::services::quota;

/// The shortest time between two reports of a pull's progress in its first seconds.
const PROGRESS: Duration = Duration::from_millis(250);
/// Likewise later, so that a pull of an hour leaves a log that can be replayed.
const PROGRESS_LATER: Duration = Duration::from_secs(2);
const LATER: Duration = Duration::from_secs(20);
/// The longest line of output that is kept, in characters.
const LINE: usize = 2_000;

/// The log of one operation, or of nothing (the reconciler's).
#[derive(Debug)]
pub struct Log {
    db: Db,
    id: Option<Ulid>,
    app: Option<Ulid>,
    inner: Mutex<Inner>,
    sender: broadcast::Sender<Arc<OperationEvent>>,
    changes: Changes,
    about: Change,
}

#[derive(Debug, Default)]
struct Inner {
    sequence: u32,
    step: u32,
    pending: Vec<OperationEvent>,
    progress: HashMap<u32, Progress>,
}

#[derive(Debug)]
struct Progress {
    began: Instant,
    told: Option<Instant>,
    waiting: Option<Vec<LayerProgress>>,
}

/// What is kept in the same transaction as the end of an operation.
#[derive(Clone, Copy, Debug)]
pub enum Also<'a> {
    /// Nothing.
    Nothing,
    /// The operation's release failed.
    Failed(&'a Operation),
    /// Likewise, and going back was cut off: what was wanted before has to be seen to.
    CutOff(&'a Operation, &'a Wanted),
    /// What was asked for is what is wanted now; `true` where it was left half-way on purpose.
    Reached(&'a Operation, Option<&'a Wanted>, bool),
}

impl Also<'_> {
    async fn apply(&self, txn: &DatabaseTransaction) -> Result<(), db::Error> {
        match self {
            Self::Nothing => Ok(()),
            Self::Failed(operation) => fail_release(txn, operation).await,
            Self::CutOff(operation, before) => {
                fail_release(txn, operation).await?;
                let Some(app) = operation.app_id else { return Ok(()) };
                let intent = Intent { revive: true, ..before.intent.clone() };
                db::app::set_wanted(txn, app, before.release, &intent).await
            }
            Self::Reached(operation, after, paused) => {
                let Some(app) = operation.app_id else { return Ok(()) };
                let Some(after) = after else { return db::app::delete(txn, app).await };
                let intent = Intent { paused: *paused, revive: false, ..after.intent.clone() };
                db::app::set_wanted(txn, app, after.release, &intent).await?;
                if let (OperationKind::Deploy | OperationKind::Rollback, Some(release)) =
                    (operation.kind, after.release)
                {
                    db::release::set_state(txn, app, release, ReleaseState::Current).await?;
                }
                Ok(())
            }
        }
    }
}

async fn fail_release(txn: &DatabaseTransaction, operation: &Operation) -> Result<(), db::Error> {
    match (operation.app_id, operation.release) {
        (Some(app), Some(release)) if db::release::find(txn, app, release).await?.is_some() => {
            db::release::set_state(txn, app, release, ReleaseState::Failed).await
        }
        _ => Ok(()),
    }
}

/// A step that runs.
#[derive(Debug)]
#[must_use = "a step is finished by `done` or `failed`"]
pub struct StepLog<'a> {
    log: &'a Log,
    number: u32,
}

impl Log {
    /// Goes on with the log of an operation.
    pub async fn open(
        db: &Db,
        operation: &Operation,
        sender: broadcast::Sender<Arc<OperationEvent>>,
        changes: Changes,
    ) -> Result<Self, db::Error> {
        let sequence = db::operation::count_events(db.read(), operation.id).await?;
        // numbers of steps grow with the entries, so this is no number of an earlier step
        let inner = Inner { sequence, step: sequence, ..Inner::default() };
        let about = Change {
            kind: ChangeKind::Operation,
            id: Some(operation.id.to_string()),
            cluster: Some(operation.cluster.clone()),
            project: operation.project.clone(),
            app: operation.app.clone(),
        };
        let (id, app) = (Some(operation.id), operation.app_id);
        Ok(Self { db: db.clone(), id, app, inner: Mutex::new(inner), sender, changes, about })
    }

    /// A log that nobody reads.
    pub fn none(db: &Db, changes: Changes) -> Self {
        let about = Change { kind: ChangeKind::Operation, id: None, cluster: None, project: None, app: None };
        let sender = broadcast::Sender::new(1);
        Self { db: db.clone(), id: None, app: None, inner: Mutex::default(), sender, changes, about }
    }

    /// Begins a step.
    pub async fn step(&self, message: Message, service: Option<&str>) -> StepLog<'_> {
        let mut inner = self.inner.lock().await;
        let number = inner.step;
        inner.step += 1;
        let service = service.map(str::to_owned);
        self.append(&mut inner, OperationChange::StepStarted { step: number, message, service }).await;
        StepLog { log: self, number }
    }

    /// Says that the operation stands differently; `also` happens in the same transaction. Only this fails when the
    /// database does: what an operation came to must not be told before it is kept.
    pub async fn state(
        &self,
        state: OperationState,
        problem: Option<Message>,
        also: &Also<'_>,
    ) -> Result<(), db::Error> {
        let Some(id) = self.id else { return Ok(()) };
        let mut inner = self.inner.lock().await;
        let steps: Vec<_> = inner.progress.keys().copied().collect();
        for step in steps {
            self.flush(&mut inner, step).await;
        }
        let change = OperationChange::State { state, problem: problem.clone() };
        let event = OperationEvent { sequence: inner.sequence, at: now(), change };
        let pending = inner.pending.clone();
        self.db
            .write(async |txn: &DatabaseTransaction| {
                db::operation::append(txn, id, &pending).await?;
                db::operation::append(txn, id, std::slice::from_ref(&event)).await?;
                db::operation::set_state(txn, id, state, problem.as_ref()).await?;
                also.apply(txn).await?;
                match self.app.filter(|_| state.is_final()) {
                    Some(app) => quota::settle(txn, app).await,
                    None => Ok(()),
                }
            })
            .await?;
        inner.pending.clear();
        inner.sequence += 1;
        let _ = self.sender.send(Arc::new(event));
        self.changes.publish(self.about.clone());
        self.changes.publish(Change { kind: ChangeKind::App, id: self.about.app.clone(), ..self.about.clone() });
        Ok(())
    }

    /// Adds an entry. A database that fails now gets the entry together with the next one.
    async fn append(&self, inner: &mut Inner, change: OperationChange) {
        let Some(id) = self.id else { return };
        let event = OperationEvent { sequence: inner.sequence, at: now(), change };
        inner.sequence += 1;
        inner.pending.push(event.clone());
        let pending = &inner.pending;
        let written = self.db.write(async |txn: &DatabaseTransaction| db::operation::append(txn, id, pending).await);
        match written.await {
            Ok(()) => inner.pending.clear(),
            Err(error) => tracing::warn!(operation = %id, %error, "an operation's log could not be written"),
        }
        let _ = self.sender.send(Arc::new(event));
    }

    async fn progress(&self, step: u32, layers: Vec<LayerProgress>) {
        let mut inner = self.inner.lock().await;
        let now = Instant::now();
        let progress = inner.progress.entry(step).or_insert(Progress { began: now, told: None, waiting: None });
        let pause = if now - progress.began > LATER { PROGRESS_LATER } else { PROGRESS };
        progress.waiting = Some(layers);
        if progress.told.is_none_or(|told| now - told >= pause) {
            self.flush(&mut inner, step).await;
        }
    }

    async fn flush(&self, inner: &mut Inner, step: u32) {
        let Some(progress) = inner.progress.get_mut(&step) else { return };
        let Some(layers) = progress.waiting.take() else { return };
        progress.told = Some(Instant::now());
        self.append(inner, OperationChange::StepProgress { step, layers }).await;
    }
}

impl StepLog<'_> {
    /// A pull went on.
    pub async fn progress(&self, layers: Vec<LayerProgress>) {
        self.log.progress(self.number, layers).await;
    }

    /// Something was printed.
    pub async fn output(&self, lines: Vec<String>) {
        if lines.is_empty() {
            return;
        }
        let lines = lines.into_iter().map(|line| line.chars().take(LINE).collect()).collect();
        let mut inner = self.log.inner.lock().await;
        self.log.append(&mut inner, OperationChange::StepOutput { step: self.number, lines }).await;
    }

    /// It was done.
    pub async fn done(self, result: Option<Message>) {
        self.finish(StepState::Succeeded, result).await;
    }

    /// It was not done.
    pub async fn failed(self, result: Message) {
        self.finish(StepState::Failed, Some(result)).await;
    }

    /// It was called off.
    pub async fn cancelled(self) {
        self.finish(StepState::Cancelled, None).await;
    }

    async fn finish(self, state: StepState, result: Option<Message>) {
        let mut inner = self.log.inner.lock().await;
        self.log.flush(&mut inner, self.number).await;
        inner.progress.remove(&self.number);
        self.log.append(&mut inner, OperationChange::StepFinished { step: self.number, state, result }).await;
    }
}

/// Now, with the precision that is kept.
fn now() -> OffsetDateTime {
    db::time(db::now())
}
