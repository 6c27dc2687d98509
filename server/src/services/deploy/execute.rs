//! Carrying out a plan.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use api::Message;
use futures::future::join_all;
use futures::{FutureExt, StreamExt};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::desired::Prepared;
use super::failpoint::Failpoints;
use super::log::Log;
use super::model::{Act, Actual, Condition, Desired, DesiredService, Need, Plan, ServicePlan, Step, Wish};
use super::ready::{Expectation, Ready, wait_ready};
use super::{Failure, Timing, observe};
use crate::db::release::Pin;
use crate::engine::{Cluster, Error};

/// Copies of a service that are made, or containers that are removed, at once.
const AT_ONCE: usize = 8;
/// The digits of an id that go before the name of a copy that has no name of its own yet.
pub(super) const SHORT_ID: usize = 12;

/// What a plan is carried out with.
pub struct Executor<'a> {
    /// Where.
    pub cluster: &'a Cluster,
    /// Who is told.
    pub log: &'a Log,
    /// Whether somebody calls it off.
    pub cancel: &'a CancellationToken,
    /// Where a test can stop it.
    pub failpoints: &'a Failpoints,
    /// How long to wait for what.
    pub timing: &'a Timing,
    /// What things are made of.
    pub prepared: &'a Prepared,
    /// What the plan answers.
    pub desired: &'a Desired,
    /// What there was.
    pub actual: &'a Actual,
    /// The images of services.
    pub images: &'a BTreeMap<String, Pin>,
    /// Go on after a failure: what can be brought back is.
    pub stubborn: bool,
    /// Wait until new copies are ready, also where nothing depends on it.
    pub waits: bool,
}

/// How far a service is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Pending,
    Started,
    Done,
    Failed,
}

type Stages<'a> = BTreeMap<&'a str, watch::Sender<Stage>>;

/// What a service's steps share while they are done.
pub(super) struct Progress<'a> {
    pub(super) service: &'a DesiredService,
    stage: &'a watch::Sender<Stage>,
    to_start: AtomicUsize,
    pub(super) halt: &'a CancellationToken,
}

impl Progress<'_> {
    pub(super) fn started(&self) {
        if self.to_start.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.advance(Stage::Started);
        }
    }

    pub(super) fn advance(&self, stage: Stage) {
        self.stage.send_if_modified(|now| std::mem::replace(now, stage.max(*now)) < stage);
    }
}

impl Executor<'_> {
    /// Does every step. The first failure halts what has not begun, unless this is stubborn. Answers how many copies
    /// could not be replaced and may stay so.
    pub async fn execute(&self, plan: &Plan) -> Result<usize, Failure> {
        if let Some(missing) = plan.missing.first() {
            return Err(Failure::message(missing.clone()));
        }
        let halt = self.cancel.child_token();
        let mut first = Ok(());
        for step in &plan.before {
            keep_first(&mut first, self.step(step, &halt).await);
            if first.is_err() && !self.stubborn {
                return first.map(|()| 0);
            }
        }
        let stages: Stages<'_> = plan
            .services
            .iter()
            .map(|service| (service.service.as_str(), watch::Sender::new(Stage::Pending)))
            .collect();
        let results = join_all(plan.services.iter().map(|service| self.service(service, &stages, &halt).boxed())).await;
        let mut tolerated = 0;
        for result in results {
            keep_first(&mut first, result.map(|failed| tolerated += failed));
        }
        if first.is_err() && !self.stubborn {
            return first.map(|()| 0);
        }
        let (containers, rest): (Vec<_>, Vec<_>) =
            plan.after.iter().partition(|step| matches!(step.act, Act::Remove { .. }));
        let removals: Vec<_> = containers.into_iter().map(|step| self.step(step, &halt).boxed()).collect();
        let removals = futures::stream::iter(removals);
        for result in removals.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await {
            keep_first(&mut first, result);
        }
        for step in rest {
            if first.is_err() && !self.stubborn {
                return first.map(|()| 0);
            }
            keep_first(&mut first, self.step(step, &halt).await);
        }
        first.map(|()| tolerated)
    }

    async fn service(
        &self,
        plan: &ServicePlan,
        stages: &Stages<'_>,
        halt: &CancellationToken,
    ) -> Result<usize, Failure> {
        let (Some(stage), Some(service)) = (
            stages.get(plan.service.as_str()),
            self.desired.services.iter().find(|service| service.name == plan.service),
        ) else {
            return Ok(0);
        };
        let to_start = plan.steps.iter().filter(|step| starts(&step.act)).count();
        let progress = Progress { service, stage, to_start: AtomicUsize::new(to_start), halt };
        if plan.steps.iter().all(|step| !step.act.writes()) {
            progress.advance(Stage::Done);
            return Ok(0);
        }
        let result = self.service_steps(plan, stages, &progress).await;
        progress.advance(if result.is_ok() { Stage::Done } else { Stage::Failed });
        if result.is_err() && !self.stubborn {
            halt.cancel();
        }
        result
    }

    async fn service_steps(
        &self,
        plan: &ServicePlan,
        stages: &Stages<'_>,
        progress: &Progress<'_>,
    ) -> Result<usize, Failure> {
        for need in &plan.after {
            self.wait_for(need, stages, progress).await?;
        }
        if progress.to_start.load(Ordering::SeqCst) == 0 {
            progress.advance(Stage::Started);
        }
        let (updates, others): (Vec<_>, Vec<_>) =
            plan.steps.chunk_by(|a, b| a.slot == b.slot).partition(|slot| slot.iter().any(|step| updates(&step.act)));
        let mut first = Ok(());
        let others: Vec<_> = others.into_iter().map(|slot| self.slot(slot, progress).boxed()).collect();
        let others = futures::stream::iter(others);
        for result in others.buffered(AT_ONCE).collect::<Vec<_>>().await {
            keep_first(&mut first, result);
        }
        if first.is_err() && !self.stubborn {
            return first.map(|()| 0);
        }
        let mut tolerated = 0;
        keep_first(&mut first, self.roll_out(&updates, progress).await.map(|failed| tolerated = failed));
        first.map(|()| tolerated)
    }

    /// Waits until another service is where this one needs it.
    async fn wait_for(&self, need: &Need, stages: &Stages<'_>, progress: &Progress<'_>) -> Result<(), Failure> {
        let Some(stage) = stages.get(need.service.as_str()) else { return Ok(()) };
        let wanted = if need.condition == Condition::Started { Stage::Started } else { Stage::Done };
        let mut stage = stage.subscribe();
        let reached = tokio::select! {
            () = progress.halt.cancelled() => return Err(Failure::Cancelled),
            stage = stage.wait_for(|stage| *stage >= wanted) => stage.map_or(Stage::Failed, |stage| *stage),
        };
        if need.condition == Condition::Done || self.stubborn {
            return Ok(());
        }
        let result = match reached {
            Stage::Failed => {
                Err(Failure::message(Message::new("deploy.dependency.failed").with("service", &need.service)))
            }
            _ if need.condition == Condition::Started => Ok(()),
            _ => self.fulfils(need, progress).await,
        };
        if need.required { result } else { Ok(()) }
    }

    /// Checks the containers of a service that others wait for.
    async fn fulfils(&self, need: &Need, progress: &Progress<'_>) -> Result<(), Failure> {
        let Some(service) = self.desired.services.iter().find(|service| service.name == need.service) else {
            return Ok(());
        };
        if matches!(service.wish, Wish::Stop | Wish::Remove) {
            return Ok(());
        }
        let actual = observe::observe(self.cluster, &(&self.prepared.identity).into()).await?;
        for container in actual.containers.iter().filter(|container| container.service == need.service) {
            let expected = Expectation {
                one_shot: need.condition == Condition::Completed,
                monitor: Duration::ZERO,
                settle: Duration::ZERO,
                ..self.expectation(service, false)
            };
            let ready = wait_ready(self.cluster, &container.id, &expected, progress.halt).await;
            let failed = || Failure::message(Message::new("deploy.dependency.failed").with("service", &need.service));
            match ready {
                Ok(Ready::Completed) if need.condition == Condition::Healthy => return Err(failed()),
                Ok(_) => {}
                Err(Failure::Message(_)) => return Err(failed()),
                Err(other) => return Err(other),
            }
        }
        Ok(())
    }

    /// The steps of one copy, in order.
    pub(super) async fn slot(&self, steps: &[Step], progress: &Progress<'_>) -> Result<(), Failure> {
        let mut unsure = None;
        for step in steps {
            match &step.act {
                Act::Keep { id, .. } => unsure = Some(id.as_str()),
                Act::Create { number } => {
                    self.create_and_start(*number, &step.name, None, progress).await?;
                }
                Act::Replace { number, old, order } => {
                    self.replace(*number, old, *order, &step.name, progress).await?;
                }
                Act::Start { id, .. } => {
                    self.start(id, &step.name, progress).await?;
                    progress.started();
                    if self.waits {
                        self.ready(id, &step.name, false, progress).await?;
                    } else {
                        unsure = Some(id.as_str());
                    }
                }
                Act::Restart { id, .. } => {
                    self.act(Message::new("step.restart").with("container", &step.name), Some(progress), async {
                        Ok(self.cluster.restart(id, None).await?)
                    })
                    .await?;
                    progress.started();
                    self.ready(id, &step.name, false, progress).await?;
                }
                Act::Remove { successor: Some(_), .. } => {
                    if let Some(id) = unsure.take() {
                        self.ready(id, &step.name, false, progress).await?;
                    }
                    self.step(step, progress.halt).await?;
                }
                _ => self.step(step, progress.halt).await?,
            }
        }
        Ok(())
    }

    /// A step that needs nothing but itself.
    async fn step(&self, step: &Step, halt: &CancellationToken) -> Result<(), Failure> {
        let service = step.service.as_deref();
        let name = &step.name;
        let message = |key: &str, what: &str| Message::new(key).with(what, name);
        match &step.act {
            Act::CreateNetwork => {
                let Some(spec) = self.prepared.networks.get(name) else { return Ok(()) };
                self.do_step(message("step.network.create", "network"), service, halt, async {
                    Ok(self.cluster.create_network(spec).await.map(drop)?)
                })
                .await
            }
            Act::RemoveNetwork { id } => {
                let work = async {
                    match self.cluster.remove_network(id).await {
                        // somebody else's containers are in it
                        Err(Error::Conflict(_)) => {
                            Err(Failure::message(Message::new("deploy.network.used").with("network", name)))
                        }
                        other => Ok(other?),
                    }
                };
                self.do_step(message("step.network.remove", "network"), service, halt, work).await
            }
            Act::CreateVolume => {
                let Some(spec) = self.prepared.volumes.get(name) else { return Ok(()) };
                self.do_step(message("step.volume.create", "volume"), service, halt, async {
                    Ok(self.cluster.create_volume(spec).await?)
                })
                .await
            }
            Act::RemoveVolume => {
                // what is gone cannot be brought back, so from here on nobody calls it off
                let never = CancellationToken::new();
                let work = async {
                    match self.cluster.remove_volume(name).await {
                        Err(Error::Conflict(_)) => {
                            Err(Failure::message(Message::new("deploy.volume.used").with("volume", name)))
                        }
                        other => Ok(other?),
                    }
                };
                self.do_step(message("step.volume.remove", "volume"), service, &never, work).await
            }
            Act::Stop { id } => {
                self.do_step(message("step.stop", "container"), service, halt, async {
                    Ok(gone_is_fine(self.cluster.stop(id, None).await)?)
                })
                .await
            }
            Act::Rename { id } => {
                self.do_step(message("step.rename", "container"), service, halt, async {
                    Ok(self.cluster.rename(id, name).await?)
                })
                .await
            }
            Act::Remove { id, anonymous_volumes, .. } => {
                let live = self.actual.containers.iter().any(|c| c.id == *id && c.is_live());
                if live {
                    self.do_step(message("step.stop", "container"), service, halt, async {
                        Ok(gone_is_fine(self.cluster.stop(id, None).await)?)
                    })
                    .await?;
                }
                self.do_step(message("step.remove", "container"), service, halt, async {
                    Ok(self.cluster.remove_container(id, true, *anonymous_volumes).await?)
                })
                .await
            }
            Act::Keep { .. }
            | Act::KeepNetwork
            | Act::KeepVolume
            | Act::Create { .. }
            | Act::Replace { .. }
            | Act::Start { .. }
            | Act::Restart { .. } => Ok(()),
        }
    }

    pub(super) async fn act<T>(
        &self,
        message: Message,
        progress: Option<&Progress<'_>>,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let service = progress.map(|progress| progress.service.name.as_str());
        let halt = progress.map_or(self.cancel, |progress| progress.halt);
        self.do_step(message, service, halt, work).await
    }

    /// Does one thing and keeps its story.
    pub(super) async fn do_step<T>(
        &self,
        message: Message,
        service: Option<&str>,
        halt: &CancellationToken,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        if halt.is_cancelled() {
            return Err(Failure::Cancelled);
        }
        self.failpoints.pass().await;
        let step = self.log.step(message, service).await;
        let result = work.await;
        self.failpoints.pass().await;
        match &result {
            Ok(_) => step.done(None).await,
            Err(Failure::Cancelled) => step.cancelled().await,
            Err(failure) => step.failed(failure.shown()).await,
        }
        result
    }
}

fn starts(act: &Act) -> bool {
    matches!(act, Act::Create { .. } | Act::Replace { .. } | Act::Start { .. } | Act::Restart { .. })
}

/// Whether a copy takes the place of one that serves; the last is what is left to do where that was cut off.
fn updates(act: &Act) -> bool {
    matches!(act, Act::Replace { .. } | Act::Restart { .. } | Act::Remove { successor: Some(_), .. })
}

pub(super) fn gone_is_fine(result: Result<(), Error>) -> Result<(), Error> {
    match result {
        Err(Error::NotFound(_)) => Ok(()),
        other => other,
    }
}

/// Keeps the failure that is worth telling: the first one that is no consequence of another.
pub(super) fn keep_first(first: &mut Result<(), Failure>, result: Result<(), Failure>) {
    let Err(failure) = result else { return };
    let is_consequence = |failure: &Failure| match failure {
        Failure::Cancelled => true,
        Failure::Message(message) => message.key == "deploy.dependency.failed",
        _ => false,
    };
    match first {
        Ok(()) => *first = Err(failure),
        Err(known) if is_consequence(known) && !is_consequence(&failure) => *first = Err(failure),
        Err(_) => {}
    }
}
