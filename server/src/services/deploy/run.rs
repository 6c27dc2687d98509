//! An operation from its beginning, or from where a crash left it, to its end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::Message;
use api::operation::{OperationKind, OperationState};
use tokio_util::sync::CancellationToken;

use super::desired::Prepared;
use super::execute::Executor;
use super::image::Images;
use super::log::{Also, Log};
use super::model::{Act, Plan, Purpose, Wish};
use super::plan::plan;
use super::{Failure, observe, prepare};
use crate::db;
use crate::db::app::App;
use crate::db::operation::{Operation, Phase, Request, Wanted};
use crate::db::release::Pin;
use crate::engine::Cluster;
use crate::services::{Error, State};

/// Rounds of planning and doing after which an app that still differs never will be as it should.
const MOST_ROUNDS: u32 = 4;
/// After an engine failed, before asking again.
const BREATH: Duration = Duration::from_millis(500);
/// Between two tries to keep what an operation came to.
const KEEP_PAUSE: Duration = Duration::from_secs(2);

/// Brings an operation to its end.
pub async fn run(state: &State, operation: &Operation, log: &Log, cancel: &CancellationToken) {
    if operation.state == OperationState::Queued {
        keep(state, log, OperationState::Running, None, Also::Nothing).await;
    } else {
        log.step(Message::new("step.resumed"), None).await.done(None).await;
    }
    let Some(cluster) = state.clusters.get(&operation.cluster).cloned() else {
        let problem = Message::new("deploy.cluster.gone").with("cluster", &operation.cluster);
        return keep(state, log, OperationState::Failed, Some(problem), Also::Failed(operation)).await;
    };
    match &operation.request {
        Request::App { .. } => run_app(state, operation, &cluster, log, cancel).await,
        Request::PullImage { image } => {
            let images = Images { cluster: &cluster, log, cancel, timing: state.operations.timing() };
            finish(state, log, images.pull(image, None).await).await;
        }
        Request::PruneImages { all } => finish(state, log, prune(&cluster, log, *all).await).await,
    }
}

async fn prune(cluster: &Cluster, log: &Log, all: bool) -> Result<(), Failure> {
    let step = log.step(Message::new(if all { "step.prune.all" } else { "step.prune.dangling" }), None).await;
    match cluster.prune_images(all).await {
        Ok((images, bytes)) => {
            let result = Message::new("step.prune.result").with("images", images);
            step.done(Some(result.with("megabytes", bytes / 1_000_000))).await;
            Ok(())
        }
        Err(error) => {
            step.failed(error.message()).await;
            Err(error.into())
        }
    }
}

async fn finish(state: &State, log: &Log, result: Result<(), Failure>) {
    let (ended, problem) = match result {
        Ok(()) => (OperationState::Succeeded, None),
        Err(Failure::Cancelled) => (OperationState::Cancelled, None),
        Err(failure) => (OperationState::Failed, Some(failure.shown())),
    };
    keep(state, log, ended, problem, Also::Nothing).await;
}

/// Keeps how the operation stands, however long the database takes; the next start goes on where this one has to stop.
async fn keep(state: &State, log: &Log, stands: OperationState, problem: Option<Message>, also: Also<'_>) {
    loop {
        match log.state(stands, problem.clone(), &also).await {
            Ok(()) => return,
            Err(error) => tracing::error!(%error, "what an operation came to cannot be kept; trying again"),
        }
        tokio::select! {
            () = state.stopping.token.cancelled() => return,
            () = tokio::time::sleep(KEEP_PAUSE) => {}
        }
    }
}

async fn run_app(state: &State, operation: &Operation, cluster: &Cluster, log: &Log, cancel: &CancellationToken) {
    let Request::App { before, after, .. } = &operation.request else { return };
    let Some(app_id) = operation.app_id else { return };
    let _guard = state.operations.lock_app(app_id).await;
    let app = loop {
        match db::app::find(state.db.read(), app_id).await {
            Ok(Some(app)) => break app,
            Ok(None) => return finish(state, log, Ok(())).await,
            Err(error) => tracing::error!(%error, "an operation cannot read its app; trying again"),
        }
        tokio::time::sleep(KEEP_PAUSE).await;
    };
    let runner = Runner { state, cluster, log, app: &app, operation };
    let failure = match operation.phase {
        Phase::Forward => match runner.forward(after.as_ref(), cancel).await {
            Ok(partly) => {
                let reached = Also::Reached(operation, after.as_ref(), partly);
                keep(state, log, OperationState::Succeeded, None, reached).await;
                return runner.ended();
            }
            Err(Failure::Paused(problem)) => {
                let reached = Also::Reached(operation, after.as_ref(), true);
                keep(state, log, OperationState::Failed, Some(problem), reached).await;
                return runner.ended();
            }
            Err(failure) => failure,
        },
        Phase::Cancel => Failure::Cancelled,
        Phase::Back => Failure::Message(operation.problem.clone().unwrap_or_default()),
    };
    let (phase, ends, problem) = match &failure {
        Failure::Cancelled => (Phase::Cancel, OperationState::Cancelled, None),
        failure => (Phase::Back, OperationState::Failed, Some(failure.shown())),
    };
    if operation.phase == Phase::Forward {
        let kept =
            state.db.write(async |txn| db::operation::set_phase(txn, operation.id, phase, problem.as_ref()).await);
        if let Err(error) = kept.await {
            tracing::error!(%error, "that an operation goes back could not be kept");
        }
    }
    let back = runner.back(before, after.as_ref()).await;
    if let Err(failure) = &back {
        let cause = failure.shown();
        tracing::warn!(app = %app.name, cause = %cause.key, "going back was cut off; the reconciler goes on with it");
    }
    let also = if back.is_ok() { Also::Failed(operation) } else { Also::CutOff(operation, before) };
    keep(state, log, ends, problem, also).await;
    runner.ended();
}

struct Runner<'a> {
    state: &'a State,
    cluster: &'a Cluster,
    log: &'a Log,
    app: &'a App,
    operation: &'a Operation,
}

/// What a round of planning and doing is about.
struct Goal<'a> {
    prepared: Arc<Prepared>,
    wanted: Option<&'a Wanted>,
    /// Services to start although they ended well.
    revive: BTreeSet<String>,
    /// Services to restart.
    restart: Vec<String>,
    /// Whether to ask for the images first; otherwise only those that are needed.
    images_first: bool,
    /// Whether to replace copies as the file asks for the way back.
    goes_back: bool,
    stubborn: bool,
}

/// What a round came to.
enum Round {
    /// Nothing was left to do.
    Nothing,
    /// Something was done.
    Done,
    /// Likewise, but for copies that failed and may stay as they are.
    Tolerated,
}

impl Runner<'_> {
    /// Answers whether copies that could not be replaced were left on purpose.
    async fn forward(&self, after: Option<&Wanted>, cancel: &CancellationToken) -> Result<bool, Failure> {
        let Request::App { before, restart, .. } = &self.operation.request else { return Ok(false) };
        let prepared = match after {
            Some(wanted) => self.prepared(wanted.release).await?,
            None => self.prepared(before.release).await?,
        };
        let Some(prepared) = prepared else {
            return Err(Failure::Message(Message::new("deploy.release.none")));
        };
        let mut revive: BTreeSet<String> = restart.iter().cloned().collect();
        if let Some(after) = after {
            let wakes =
                |name: &&String| Prepared::is_wanted(name, &after.intent) && !Prepared::is_wanted(name, &before.intent);
            revive.extend(prepared.order.iter().filter(wakes).cloned());
        }
        let images_first = matches!(self.operation.kind, OperationKind::Deploy | OperationKind::Rollback);
        let restart = restart.clone();
        let goes_back = self.operation.kind == OperationKind::Rollback;
        let goal = Goal { prepared, wanted: after, revive, restart, images_first, goes_back, stubborn: false };
        self.reach(goal, cancel).await
    }

    async fn back(&self, before: &Wanted, after: Option<&Wanted>) -> Result<(), Failure> {
        let heading = match before.release {
            Some(release) => Message::new("step.back.release").with("release", release),
            None => Message::new("step.back.nothing"),
        };
        self.log.step(heading, None).await.done(None).await;
        let wanted = before.release.is_some().then_some(before);
        let release = before.release.or(after.and_then(|after| after.release));
        let Some(prepared) = self.prepared(release).await? else { return Ok(()) };
        let revive = prepared.order.iter().cloned().collect();
        let goal = Goal {
            prepared,
            wanted,
            revive,
            restart: Vec::new(),
            images_first: false,
            goes_back: true,
            stubborn: true,
        };
        // nobody calls off the way back
        self.reach(goal, &CancellationToken::new()).await.map(drop)
    }

    async fn prepared(&self, release: Option<u32>) -> Result<Option<Arc<Prepared>>, Failure> {
        let number = release.unwrap_or(self.app.last_release);
        if number == 0 {
            return Ok(None);
        }
        match prepare::release(self.state, self.app, number).await {
            Ok(ready) => Ok(Some(ready.prepared)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(Error::Database(error)) => Err(error.into()),
            Err(error) => Err(Failure::Message(Message::new("deploy.release.unreadable").with("cause", error))),
        }
    }

    /// Plans and does until nothing is left to do, or only what may stay. An engine that goes away is waited for.
    async fn reach(&self, mut goal: Goal<'_>, cancel: &CancellationToken) -> Result<bool, Failure> {
        let mut rounds = 0;
        let mut lost_since: Option<Instant> = None;
        let mut restart_left = None;
        loop {
            match self.round(&mut goal, &mut restart_left, cancel).await {
                Ok(Round::Nothing) => return Ok(false),
                Ok(Round::Tolerated) => return Ok(true),
                Ok(Round::Done) => {
                    lost_since = None;
                    rounds += 1;
                    if rounds >= MOST_ROUNDS {
                        return Err(Failure::Message(Message::new("deploy.unsettled")));
                    }
                }
                Err(Failure::Interrupted(error)) => {
                    let since = *lost_since.get_or_insert_with(Instant::now);
                    let left = self.state.operations.timing().engine_wait.saturating_sub(since.elapsed());
                    if left.is_zero() {
                        return Err(Failure::Interrupted(error));
                    }
                    self.wait_for_engine(left, error, cancel).await?;
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    async fn wait_for_engine(
        &self,
        at_most: Duration,
        error: crate::engine::Error,
        cancel: &CancellationToken,
    ) -> Result<(), Failure> {
        let step = self.log.step(Message::new("step.engine"), None).await;
        let mut connected = self.cluster.connected();
        let back = async {
            tokio::time::sleep(BREATH).await;
            let _ = connected.wait_for(|connected| *connected).await;
        };
        let waited = tokio::select! {
            () = cancel.cancelled() => Err(Failure::Cancelled),
            waited = tokio::time::timeout(at_most, back) => waited.map_err(|_| Failure::Interrupted(error)),
        };
        match &waited {
            Ok(()) => step.done(None).await,
            Err(Failure::Cancelled) => step.cancelled().await,
            Err(failure) => step.failed(failure.shown()).await,
        }
        waited
    }

    /// One round.
    async fn round(
        &self,
        goal: &mut Goal<'_>,
        restart_left: &mut Option<BTreeSet<String>>,
        cancel: &CancellationToken,
    ) -> Result<Round, Failure> {
        let asked_first = goal.images_first;
        if asked_first {
            let services = running_services(goal);
            self.images(goal, &services, cancel).await?;
            goal.images_first = false;
        }
        let mut desired = if let Some(wanted) = goal.wanted {
            goal.prepared.desired(&wanted.intent, Purpose::Deploy)
        } else {
            let Request::App { volumes, after, .. } = &self.operation.request else { return Ok(Round::Nothing) };
            goal.prepared.removal(*volumes && after.is_none())
        };
        desired.accept_stale = false;
        if goal.goes_back {
            desired.go_back();
        }
        for service in &mut desired.services {
            if service.wish == Wish::Run && goal.revive.contains(&service.name) {
                service.wish = Wish::Revive;
            }
        }
        let actual = observe::observe(self.cluster, &self.app.into()).await?;
        let restart = restart_left.get_or_insert_with(|| {
            let asked = actual.containers.iter().filter(|container| goal.restart.contains(&container.service));
            asked.filter(|container| container.is_live()).map(|container| container.id.clone()).collect()
        });
        desired.restart.clone_from(restart);
        let plan = plan(&desired, &actual);
        if plan.is_noop() && plan.missing.is_empty() {
            return Ok(Round::Nothing);
        }
        if !asked_first {
            let services = new_containers(&plan);
            match self.images(goal, &services, cancel).await {
                Err(failure) if !goal.stubborn => return Err(failure),
                _ => {}
            }
        }
        let images: BTreeMap<String, Pin> = goal.prepared.pins.clone();
        let executor = Executor {
            cluster: self.cluster,
            log: self.log,
            cancel,
            failpoints: self.state.operations.failpoints(),
            timing: self.state.operations.timing(),
            prepared: &goal.prepared,
            desired: &desired,
            actual: &actual,
            images: &images,
            stubborn: goal.stubborn,
            waits: true,
        };
        let tolerated = executor.execute(&plan).await?;
        restart.clear();
        Ok(if tolerated > 0 { Round::Tolerated } else { Round::Done })
    }

    /// Sees that the images are there, and keeps which ones they are with the release.
    async fn images(
        &self,
        goal: &mut Goal<'_>,
        services: &[String],
        cancel: &CancellationToken,
    ) -> Result<(), Failure> {
        let refresh = matches!(&self.operation.request, Request::App { pull: true, .. }) && !goal.stubborn;
        let images = Images { cluster: self.cluster, log: self.log, cancel, timing: self.state.operations.timing() };
        let pins = images.ensure(&goal.prepared, services, refresh && goal.images_first).await?;
        if pins.iter().all(|(service, pin)| goal.prepared.pins.get(service) == Some(pin)) {
            return Ok(());
        }
        let mut prepared = (*goal.prepared).clone();
        prepared.pins.extend(pins);
        let (app, release) = (self.app.id, prepared.identity.release);
        self.state.db.write(async |txn| db::release::set_images(txn, app, release, &prepared.pins).await).await?;
        self.state.operations.cache().forget(app);
        goal.prepared = Arc::new(prepared);
        Ok(())
    }

    fn ended(&self) {
        self.state.operations.cache().forget(self.app.id);
        self.state.operations.reconciler().nudge(self.app.id);
    }
}

/// The services that get new containers.
pub fn new_containers(plan: &Plan) -> Vec<String> {
    let names: BTreeSet<_> = plan
        .steps()
        .filter(|step| matches!(step.act, Act::Create { .. } | Act::Replace { .. }))
        .filter_map(|step| step.service.clone())
        .collect();
    names.into_iter().collect()
}

fn running_services(goal: &Goal<'_>) -> Vec<String> {
    let Some(wanted) = goal.wanted else { return Vec::new() };
    let runs =
        |name: &&String| Prepared::is_wanted(name, &wanted.intent) && goal.prepared.replicas(name, &wanted.intent) > 0;
    goal.prepared.order.iter().filter(runs).cloned().collect()
}
