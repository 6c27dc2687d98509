//! Keeping apps as they should be: level-triggered, by timer, by the engine's events and by nudge.
//!
//! A pass compares what is wanted with the picture, which costs the engine nothing; only where they differ does it ask
//! the engine itself, and act. While the engine does not answer, nothing is decided.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use api::Message;
use api::event::Event;
use futures::{FutureExt, StreamExt};
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

use super::execute::Executor;
use super::image::Images;
use super::log::Log;
use super::model::{Act, Plan, Purpose};
use super::plan::plan;
use super::run::new_containers;
use super::{Failure, Timing, observe, prepare};
use crate::db;
use crate::db::app::App;
use crate::services::{Error, State};

/// Apps that are looked after at once.
const AT_ONCE: usize = 8;
/// What an engine says when a container is not what it was.
const TELLING: [&str; 8] = ["die", "destroy", "oom", "stop", "kill", "rename", "unpause", "start"];

/// What the reconciler remembers between its passes.
#[derive(Debug, Default)]
pub struct Reconciler {
    due: Mutex<Due>,
    wake: Notify,
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Due {
    now: BTreeSet<Ulid>,
    later: BTreeMap<Ulid, Instant>,
    in_flight: BTreeSet<Ulid>,
}

#[derive(Debug, Default)]
struct Memory {
    /// How often copies had to be started again, by app, service and number.
    crashes: HashMap<(Ulid, String, u32), Crashes>,
    /// What stands in the way of an app.
    problems: HashMap<Ulid, Message>,
    /// Apps by cluster and name, as events name them.
    names: HashMap<(String, String), Ulid>,
}

#[derive(Clone, Copy, Debug)]
struct Crashes {
    count: u32,
    last: Instant,
    until: Instant,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Reconciler {
    /// Has an app looked at now.
    pub fn nudge(&self, app: Ulid) {
        lock(&self.due).now.insert(app);
        self.wake.notify_one();
    }

    /// What stands in the way of an app, where something does.
    pub fn problem(&self, app: Ulid) -> Option<Message> {
        lock(&self.memory).problems.get(&app).cloned()
    }

    /// Whether a copy of the service ends again and again, so that it is started ever more seldom.
    pub fn is_crashing(&self, app: Ulid, service: &str) -> bool {
        let now = Instant::now();
        let memory = lock(&self.memory);
        let crashing = |((id, name, _), crashes): (&(Ulid, String, u32), &Crashes)| {
            *id == app && name == service && crashes.count > 1 && crashes.until > now
        };
        memory.crashes.iter().any(crashing)
    }

    fn later(&self, app: Ulid, when: Instant) {
        let mut due = lock(&self.due);
        let known = due.later.entry(app).or_insert(when);
        *known = when.min(*known);
        drop(due);
        self.wake.notify_one();
    }

    /// Apps that are due and that nobody looks at; they count as in flight from now on.
    fn take_due(&self) -> (Vec<Ulid>, Option<Instant>) {
        let now = Instant::now();
        let mut due = lock(&self.due);
        let ripe: Vec<_> = due.later.iter().filter(|(_, when)| **when <= now).map(|(app, _)| *app).collect();
        for app in ripe {
            due.later.remove(&app);
            due.now.insert(app);
        }
        let apps: Vec<_> = due.now.iter().filter(|app| !due.in_flight.contains(app)).copied().collect();
        for app in &apps {
            due.now.remove(app);
            due.in_flight.insert(*app);
        }
        (apps, due.later.values().min().copied())
    }

    fn landed(&self, app: Ulid) {
        let mut due = lock(&self.due);
        due.in_flight.remove(&app);
        if due.now.contains(&app) {
            drop(due);
            self.wake.notify_one();
        }
    }

    fn remember(&self, app: Ulid, problem: Option<Message>) {
        let mut memory = lock(&self.memory);
        match problem {
            Some(problem) => memory.problems.insert(app, problem),
            None => memory.problems.remove(&app),
        };
    }

    /// Takes out of a plan what has to wait since it ended too often, and counts what is left.
    fn hold_back(&self, app: Ulid, plan: &mut Plan, timing: &Timing) {
        let now = Instant::now();
        let mut memory = lock(&self.memory);
        let mut wake = None;
        for service in &mut plan.services {
            let starting: BTreeSet<u32> = service
                .steps
                .iter()
                .filter(|step| matches!(step.act, Act::Create { .. } | Act::Replace { .. } | Act::Start { .. }))
                .map(|step| step.slot)
                .collect();
            for slot in starting {
                let key = (app, service.service.clone(), slot);
                let crashes = memory.crashes.entry(key).or_insert(Crashes { count: 0, last: now, until: now });
                if crashes.until > now {
                    wake = Some(wake.map_or(crashes.until, |wake: Instant| wake.min(crashes.until)));
                    service.steps.retain(|step| step.slot != slot);
                    continue;
                }
                if now - crashes.last > timing.crash_forgotten {
                    crashes.count = 0;
                }
                crashes.count += 1;
                crashes.last = now;
                crashes.until = now + pause(crashes.count, timing);
            }
        }
        drop(memory);
        if let Some(wake) = wake {
            self.later(app, wake);
        }
    }

    fn forget(&self, app: Ulid) {
        let mut memory = lock(&self.memory);
        memory.crashes.retain(|(id, ..), _| *id != app);
        memory.problems.remove(&app);
        memory.names.retain(|_, id| *id != app);
    }
}

/// How long after its `count`th start a copy is not started again.
fn pause(count: u32, timing: &Timing) -> Duration {
    let doubled = timing.crash_pause.saturating_mul(1_u32.checked_shl(count.saturating_sub(1)).unwrap_or(u32::MAX));
    doubled.min(timing.crash_pause_most)
}

/// Looks at every app.
pub async fn all(state: &State) -> Result<(), Error> {
    let apps = db::app::list(state.db.read()).await?;
    {
        let mut memory = lock(&state.operations.reconciler().memory);
        memory.names = apps.iter().map(|app| ((app.cluster.clone(), app.name.clone()), app.id)).collect();
    }
    let busy: BTreeSet<_> = db::operation::list_unfinished(state.db.read())
        .await?
        .iter()
        .filter_map(|operation| operation.app_id)
        .collect();
    let idle = apps.iter().filter(|app| !busy.contains(&app.id));
    let passes: Vec<_> = idle.map(|app| pass(state, app).boxed()).collect();
    futures::stream::iter(passes).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await;
    Ok(())
}

/// Hears the engines and the nudges, for ever.
pub async fn listen(state: &State) -> Result<(), Error> {
    let reconciler = state.operations.reconciler();
    let mut streams = futures::stream::SelectAll::new();
    for cluster in state.clusters.iter() {
        let name = cluster.name().to_owned();
        let events = futures::stream::unfold(cluster.subscribe_events(), |mut events| async move {
            match events.recv().await {
                Ok(event) => Some((Some(event), events)),
                Err(broadcast::error::RecvError::Lagged(_)) => Some((None, events)),
                Err(broadcast::error::RecvError::Closed) => None,
            }
        });
        streams.push(Box::pin(events.map(move |event| (name.clone(), event))));
    }
    loop {
        let (apps, next) = reconciler.take_due();
        for id in apps {
            let task = state.clone();
            state.stopping.running.spawn(async move {
                if let Err(error) = look_at(&task, id).await {
                    tracing::warn!(app = %id, %error, "an app could not be looked at");
                }
                task.operations.reconciler().landed(id);
            });
        }
        let ripe = async {
            match next {
                Some(when) => tokio::time::sleep_until(when.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = state.stopping.token.cancelled() => return Ok(()),
            () = reconciler.wake.notified() => {}
            () = ripe => {}
            Some((cluster, event)) = streams.next(), if !streams.is_empty() => match event {
                Some(event) => take_event(state, &cluster, &event).await?,
                // too many at once to hear each: everybody may be concerned
                None => {
                    for app in db::app::list(state.db.read()).await? {
                        reconciler.nudge(app.id);
                    }
                }
            },
        }
    }
}

async fn take_event(state: &State, cluster: &str, event: &Event) -> Result<(), Error> {
    let Some(name) = event.app.as_ref().filter(|_| TELLING.contains(&event.action.as_str())) else { return Ok(()) };
    let reconciler = state.operations.reconciler();
    let key = (cluster.to_owned(), name.clone());
    let known = lock(&reconciler.memory).names.get(&key).copied();
    let id = match known {
        Some(id) => Some(id),
        None => db::app::find_on_cluster(state.db.read(), cluster, name).await?.map(|app| app.id),
    };
    if let Some(id) = id {
        lock(&reconciler.memory).names.insert(key, id);
        reconciler.nudge(id);
    }
    Ok(())
}

async fn look_at(state: &State, id: Ulid) -> Result<(), Error> {
    let Some(app) = db::app::find(state.db.read(), id).await? else {
        state.operations.reconciler().forget(id);
        return Ok(());
    };
    if db::operation::find_unfinished(state.db.read(), id).await?.is_none() {
        // an event may be ahead of the picture
        look(state, &app, true).await?;
    }
    Ok(())
}

async fn pass(state: &State, app: &App) {
    if let Err(error) = look(state, app, false).await {
        tracing::warn!(app = %app.name, %error, "an app could not be looked at");
    }
}

/// Compares and, where that is needed, acts. `fresh` asks the engine at once.
async fn look(state: &State, app: &App, fresh: bool) -> Result<(), Error> {
    let reconciler = state.operations.reconciler();
    let Some(cluster) = state.clusters.get(&app.cluster) else { return Ok(()) };
    let picture = cluster.picture();
    if !*cluster.connected().borrow() || picture.as_of.is_none() {
        return Ok(());
    }
    let Some(release) = app.release.or((app.intent.revive && app.last_release > 0).then_some(app.last_release)) else {
        return Ok(());
    };
    let prepared = prepare::release(state, app, release).await?.prepared;
    let desired = match app.release {
        Some(_) => prepared.desired(&app.intent, Purpose::Reconcile),
        None => prepared.removal(false),
    };
    if !fresh && plan(&desired, &observe::in_picture(&picture, &app.into())).is_noop() {
        return settled(state, app).await;
    }
    let Some((guard, preempted)) = state.operations.try_lock_app(app.id) else { return Ok(()) };
    let actual = match observe::observe(cluster, &app.into()).await {
        Ok(actual) => actual,
        Err(error) => {
            tracing::debug!(app = %app.name, %error, "the engine does not answer, so nothing is decided");
            return Ok(());
        }
    };
    // somebody may have asked for something else in the meantime
    if db::app::find(state.db.read(), app.id).await?.as_ref() != Some(app) {
        reconciler.nudge(app.id);
        return Ok(());
    }
    let mut plan = plan(&desired, &actual);
    if plan.is_noop() {
        return settled(state, app).await;
    }
    reconciler.hold_back(app.id, &mut plan, state.operations.timing());
    if plan.is_noop() {
        return Ok(());
    }
    let result = act(state, app, cluster, &prepared, &desired, &actual, &plan, &preempted).await;
    drop(guard);
    match result {
        Ok(()) => reconciler.remember(app.id, None),
        Err(Failure::Cancelled) => {}
        Err(failure) => {
            let problem = failure.shown();
            tracing::warn!(app = %app.name, cause = %problem.key, params = ?problem.params, "an app cannot be kept as it should be");
            reconciler.remember(app.id, Some(problem));
        }
    }
    Ok(())
}

/// Everything is as it should be.
async fn settled(state: &State, app: &App) -> Result<(), Error> {
    state.operations.reconciler().remember(app.id, None);
    if app.intent.revive {
        let mut intent = app.intent.clone();
        intent.revive = false;
        state.db.write(async |txn| db::app::set_wanted(txn, app.id, app.release, &intent).await).await?;
    }
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "all of them are one pass's")]
async fn act(
    state: &State,
    app: &App,
    cluster: &crate::engine::Cluster,
    prepared: &super::desired::Prepared,
    desired: &super::model::Desired,
    actual: &super::model::Actual,
    plan: &Plan,
    preempted: &CancellationToken,
) -> Result<(), Failure> {
    let changes: Vec<_> = plan.steps().filter(|step| step.act.writes()).map(|step| step.name.as_str()).collect();
    tracing::info!(app = %app.name, ?changes, "an app is not as it should be");
    let log = Log::none(&state.db, state.changes.clone());
    let timing = state.operations.timing();
    let images = Images { cluster, log: &log, cancel: preempted, timing };
    let pins = images.ensure(prepared, &new_containers(plan), false).await?;
    let mut prepared = prepared.clone();
    prepared.pins.extend(pins.clone());
    let executor = Executor {
        cluster,
        log: &log,
        cancel: preempted,
        failpoints: state.operations.failpoints(),
        timing,
        prepared: &prepared,
        desired,
        actual,
        images: &prepared.pins,
        stubborn: true,
        waits: false,
    };
    executor.execute(plan).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::deploy::model::{ServicePlan, Step};

    fn starting(slot: u32) -> Plan {
        let step = Step {
            act: Act::Create { number: slot },
            name: "shop-web-1".into(),
            service: Some("web".into()),
            slot,
            reason: Message::default(),
        };
        let service = ServicePlan { service: "web".into(), after: Vec::new(), steps: vec![step] };
        Plan { services: vec![service], ..Plan::default() }
    }

    #[test]
    fn the_first_replacement_is_at_once_and_the_next_ones_wait_ever_longer() {
        let (reconciler, timing, app) = (Reconciler::default(), Timing::default(), Ulid::generate());
        let mut first = starting(1);
        reconciler.hold_back(app, &mut first, &timing);
        assert!(!first.is_noop());
        assert!(!reconciler.is_crashing(app, "web"), "once is no loop");
        let mut second = starting(1);
        reconciler.hold_back(app, &mut second, &timing);
        assert!(second.is_noop(), "ten seconds have not passed");
        assert!(lock(&reconciler.due).later.contains_key(&app), "it is looked at again when they have");
        let mut other = starting(2);
        reconciler.hold_back(app, &mut other, &timing);
        assert!(!other.is_noop(), "another copy has its own count");
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let timing = Timing::default();
        let pauses: Vec<_> = [1, 2, 3, 6, 40].map(|count| pause(count, &timing).as_secs()).into();
        assert_eq!(pauses, [10, 20, 40, 300, 300]);
    }

    #[test]
    fn an_app_in_flight_is_looked_at_again_and_not_twice_at_once() {
        let (reconciler, app) = (Reconciler::default(), Ulid::generate());
        reconciler.nudge(app);
        assert_eq!(reconciler.take_due().0, [app]);
        reconciler.nudge(app);
        assert!(reconciler.take_due().0.is_empty());
        reconciler.landed(app);
        assert_eq!(reconciler.take_due().0, [app]);
    }
}
