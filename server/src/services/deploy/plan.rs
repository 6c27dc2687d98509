//! What has to be done so that the engine has what is wanted: no I/O, no clock, the same answer for the same question.
//!
//! Preview, deploy, reconcile, scale, stop, start and delete all ask here. Containers are told apart by their labels
//! (service, number, hash of the settings), never by their names, so a plan made after a crash picks up what was left.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use api::Message;
use api::container::{ContainerState, Health};

/// What an app should have on its engine.
#[derive(Clone, Debug, Default)]
pub struct Desired {
    /// Why the question is asked.
    pub purpose: Purpose,
    /// Its networks.
    pub networks: Vec<DesiredResource>,
    /// Its named volumes.
    pub volumes: Vec<DesiredResource>,
    /// Its services, each after those it depends on.
    pub services: Vec<DesiredService>,
    /// Containers to restart although they are as they should be, by id.
    pub restart: BTreeSet<String>,
    /// Whether running copies of another release are good enough (an update that was left half-way on purpose).
    pub accept_stale: bool,
    /// Whether the app itself goes away: its networks and, if `Some(true)`, its volumes.
    pub removed: Option<bool>,
}

/// Why a plan is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// Somebody asked for it: what has ended is started again.
    #[default]
    Deploy,
    /// The state is only kept: what may stay ended stays so.
    Reconcile,
}

/// A network or volume that should be there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DesiredResource {
    /// The engine's name for it.
    pub name: String,
    /// It has to be there already and is neither made nor removed.
    pub external: bool,
    /// A hash of its settings.
    pub hash: String,
}

/// A service that should run.
#[derive(Clone, Debug, Default)]
pub struct DesiredService {
    /// Its name.
    pub name: String,
    /// How many copies.
    pub replicas: u32,
    /// A hash of the settings of its containers.
    pub hash: String,
    /// The image its containers should have; `None` does not look at it.
    pub image_id: Option<String>,
    /// What its containers should do.
    pub wish: Wish,
    /// The name its only container has, copy by copy otherwise.
    pub names: Names,
    /// Which copy comes first in an update.
    pub order: Order,
    /// How an update goes on.
    pub rollout: Rollout,
    /// When its containers are started again.
    pub restart: Restart,
    /// What it waits for.
    pub depends_on: Vec<Need>,
    /// Services whose new containers make new ones of this necessary (it lives in their namespaces).
    pub shares: Vec<String>,
    /// Whether somebody waits for it to end: a job.
    pub one_shot: bool,
    /// Fixed ports on the host, as `80/tcp`.
    pub host_ports: Vec<String>,
}

/// What the containers of a service should do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wish {
    /// Run.
    #[default]
    Run,
    /// Run, also those that ended well.
    Revive,
    /// Be there and not run.
    Stop,
    /// Not be there.
    Remove,
}

/// How the containers of a service are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Names {
    /// `prefix` and the number.
    Numbered(String),
    /// As the file says.
    Fixed(String),
}

impl Default for Names {
    fn default() -> Self {
        Self::Numbered(String::new())
    }
}

impl Names {
    /// The name of the copy `number`.
    pub fn of(&self, number: u32) -> String {
        match self {
            Self::Numbered(prefix) => format!("{prefix}{number}"),
            Self::Fixed(name) => name.clone(),
        }
    }
}

/// Which copy comes first in an update.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The new one starts before the old one stops.
    #[default]
    StartFirst,
    /// The old one stops before the new one starts, as the file asks.
    StopFirst,
    /// Likewise, since only one container can have a fixed port, address or name space.
    StopFirstPort,
    /// Likewise, since two containers would write to the same data.
    StopFirstVolume,
}

impl Order {
    /// Whether two copies never run at once.
    pub fn is_stop_first(self) -> bool {
        self != Self::StartFirst
    }

    fn key(self) -> &'static str {
        match self {
            Self::StartFirst => "start-first",
            Self::StopFirst => "stop-first",
            Self::StopFirstPort => "stop-first-port",
            Self::StopFirstVolume => "stop-first-volume",
        }
    }
}

/// How an update of a service goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rollout {
    /// How many copies at once; 0 is all.
    pub parallelism: u32,
    /// The pause between two groups.
    pub delay: Duration,
    /// How long a new copy is watched after it is ready.
    pub monitor: Option<Duration>,
    /// What a failure leads to.
    pub on_failure: OnFailure,
}

impl Default for Rollout {
    fn default() -> Self {
        Self { parallelism: 1, delay: Duration::ZERO, monitor: None, on_failure: OnFailure::Rollback }
    }
}

/// What a failed update leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// Back to what ran before.
    #[default]
    Rollback,
    /// Leave things as they are.
    Pause,
    /// Go on.
    Continue,
}

/// When a container that ended is started again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Restart {
    /// The file does not say.
    #[default]
    Unsaid,
    /// The file says never.
    No,
    /// Always.
    Always,
    /// After a failure, this often at most.
    OnFailure(Option<u32>),
}

/// What a service waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The other service.
    pub service: String,
    /// What has to be true of it.
    pub condition: Condition,
    /// Whether it is an error when that fails.
    pub required: bool,
    /// Whether this service restarts after the other got new containers.
    pub restart: bool,
}

/// What has to be true of a service before another goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Its containers were started.
    Started,
    /// They are healthy.
    Healthy,
    /// They have ended well.
    Completed,
    /// All its steps are done.
    Done,
}

/// What an engine has of an app.
#[derive(Clone, Debug, Default)]
pub struct Actual {
    /// The app's containers, whatever their state.
    pub containers: Vec<ActualContainer>,
    /// All networks of the engine.
    pub networks: Vec<ActualResource>,
    /// All volumes of the engine.
    pub volumes: Vec<ActualResource>,
}

/// A container that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActualContainer {
    /// The engine's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The service it belongs to.
    pub service: String,
    /// Which copy it is, from 1.
    pub number: u32,
    /// The hash of the settings it was made with.
    pub hash: String,
    /// The image it was made from.
    pub image_id: String,
    /// What it is doing.
    pub state: ContainerState,
    /// What its health check says.
    pub health: Option<Health>,
    /// How it ended.
    pub exit_code: Option<i64>,
    /// The engine's names of its networks.
    pub networks: Vec<String>,
    /// Ports on the host it holds or would hold, as `80/tcp`.
    pub host_ports: Vec<String>,
    /// Whether it keeps data in a volume without a name.
    pub anonymous_volumes: bool,
    /// When it was made, in seconds; only compared.
    pub created_at: i64,
}

impl ActualContainer {
    /// Whether it runs or the engine is about to run it.
    pub fn is_live(&self) -> bool {
        matches!(self.state, ContainerState::Running | ContainerState::Restarting | ContainerState::Paused)
    }

    fn was_never_started(&self) -> bool {
        matches!(self.state, ContainerState::Created | ContainerState::Dead)
    }

    fn rank(&self) -> u8 {
        match (self.state, self.health) {
            (ContainerState::Running, None | Some(Health::Healthy)) => 0,
            (ContainerState::Running, Some(Health::Starting)) => 1,
            (ContainerState::Running, Some(Health::Unhealthy)) => 2,
            (ContainerState::Paused, _) => 3,
            (ContainerState::Restarting, _) => 4,
            _ => 5,
        }
    }
}

/// A network or volume that is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActualResource {
    /// The engine's id; the name where it has none.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The hash of the settings it was made with, where it is this app's.
    pub hash: Option<String>,
    /// Whether it was made for this app.
    pub ours: bool,
}

/// What has to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Before any service.
    pub before: Vec<Step>,
    /// Service by service, each with what it waits for.
    pub services: Vec<ServicePlan>,
    /// After all services.
    pub after: Vec<Step>,
    /// What is missing and is not ours to make.
    pub missing: Vec<Message>,
}

/// What has to be done for one service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServicePlan {
    /// The service.
    pub service: String,
    /// What it waits for before its first step.
    pub after: Vec<Need>,
    /// In this order; steps of different copies may go together.
    pub steps: Vec<Step>,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What.
    pub act: Act,
    /// To what, by name.
    pub name: String,
    /// For which service.
    pub service: Option<String>,
    /// Which copy of it; 0 where none is meant. Steps of one copy stand together and are done in order.
    pub slot: u32,
    /// Why, and how.
    pub reason: Message,
}

/// What can be done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the ids and numbers of what the step is about")]
pub enum Act {
    /// Nothing: it is as it should be.
    KeepNetwork,
    /// Likewise.
    KeepVolume,
    /// Likewise.
    Keep { id: String, number: u32 },
    /// Make a network.
    CreateNetwork,
    /// Make a volume.
    CreateVolume,
    /// Remove a network.
    RemoveNetwork { id: String },
    /// Remove a volume with its data.
    RemoveVolume,
    /// Make and start a copy.
    Create { number: u32 },
    /// Put a new copy in the place of the container `old`.
    Replace { number: u32, old: String, order: Order },
    /// Start a container as it is.
    Start { id: String, number: u32 },
    /// Restart a container as it is.
    Restart { id: String, number: u32 },
    /// Stop a container and keep it.
    Stop { id: String },
    /// Give a container its name.
    Rename { id: String },
    /// Remove a container, stopping it where it runs, once the copy `successor` of its service is ready.
    Remove { id: String, successor: Option<u32>, anonymous_volumes: bool },
}

impl Act {
    /// Whether it changes something on the engine.
    pub fn writes(&self) -> bool {
        !matches!(self, Self::Keep { .. } | Self::KeepNetwork | Self::KeepVolume)
    }
}

impl Plan {
    /// Every step, in order.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.before.iter().chain(self.services.iter().flat_map(|service| &service.steps)).chain(&self.after)
    }

    /// Whether everything is as it should be.
    pub fn is_noop(&self) -> bool {
        self.steps().all(|step| !step.act.writes())
    }
}

/// The steps from what is there to what is wanted.
pub fn plan(desired: &Desired, actual: &Actual) -> Plan {
    let mut plan = Plan::default();
    let mut gone = BTreeSet::new();
    plan_networks(desired, actual, &mut plan, &mut gone);
    plan_volumes(desired, actual, &mut plan);
    plan_orphans(desired, actual, &mut plan, &mut gone);
    let mut renewed = BTreeSet::new();
    for service in &desired.services {
        let containers: Vec<_> =
            actual.containers.iter().filter(|c| c.service == service.name && !gone.contains(c.id.as_str())).collect();
        let steps = plan_service(desired, service, &containers, &renewed);
        if steps.iter().any(|step| matches!(step.act, Act::Create { .. } | Act::Replace { .. })) {
            renewed.insert(service.name.clone());
        }
        let after = match service.wish {
            Wish::Run | Wish::Revive => service.depends_on.clone(),
            Wish::Stop | Wish::Remove => dependents(desired, &service.name),
        };
        plan.services.push(ServicePlan { service: service.name.clone(), after, steps });
    }
    plan_removals(desired, actual, &mut plan);
    plan
}

/// Who has to be down before `service` goes.
fn dependents(desired: &Desired, service: &str) -> Vec<Need> {
    let waits = |other: &&DesiredService| {
        matches!(other.wish, Wish::Stop | Wish::Remove) && other.depends_on.iter().any(|need| need.service == service)
    };
    desired
        .services
        .iter()
        .filter(waits)
        .map(|other| Need { service: other.name.clone(), condition: Condition::Done, required: false, restart: false })
        .collect()
}

fn plan_networks(desired: &Desired, actual: &Actual, plan: &mut Plan, gone: &mut BTreeSet<String>) {
    if desired.removed.is_some() {
        return;
    }
    for network in &desired.networks {
        let found = actual.networks.iter().find(|n| n.name == network.name);
        let step = |act, reason: &str| Step {
            act,
            name: network.name.clone(),
            service: None,
            slot: 0,
            reason: Message::new(reason),
        };
        match found {
            None if network.external => {
                plan.missing.push(Message::new("deploy.network.missing").with("network", &network.name));
            }
            None => plan.before.push(step(Act::CreateNetwork, "plan.create.missing")),
            Some(found) if !network.external && found.ours && differs(found.hash.as_ref(), &network.hash) => {
                for container in actual.containers.iter().filter(|c| c.networks.contains(&network.name)) {
                    if gone.insert(container.id.clone()) {
                        plan.before.push(remove(container, None, false, "plan.remove.network"));
                    }
                }
                plan.before.push(step(Act::RemoveNetwork { id: found.id.clone() }, "plan.network.changed"));
                plan.before.push(step(Act::CreateNetwork, "plan.network.changed"));
            }
            Some(_) => plan.before.push(step(Act::KeepNetwork, "plan.keep")),
        }
    }
}

fn plan_volumes(desired: &Desired, actual: &Actual, plan: &mut Plan) {
    if desired.removed.is_some() {
        return;
    }
    for volume in &desired.volumes {
        let found = actual.volumes.iter().find(|v| v.name == volume.name);
        let step = |act, reason: &str| Step {
            act,
            name: volume.name.clone(),
            service: None,
            slot: 0,
            reason: Message::new(reason),
        };
        match found {
            None if volume.external => {
                plan.missing.push(Message::new("deploy.volume.missing").with("volume", &volume.name));
            }
            None => plan.before.push(step(Act::CreateVolume, "plan.create.missing")),
            Some(found) if !volume.external && found.ours && differs(found.hash.as_ref(), &volume.hash) => {
                plan.before.push(step(Act::KeepVolume, "plan.volume.kept"));
            }
            Some(_) => plan.before.push(step(Act::KeepVolume, "plan.keep")),
        }
    }
}

fn differs(have: Option<&String>, want: &str) -> bool {
    have.is_some_and(|have| have != want)
}

/// Containers of services that are not wanted any more: at the end, unless they hold what a new container needs.
fn plan_orphans(desired: &Desired, actual: &Actual, plan: &mut Plan, gone: &mut BTreeSet<String>) {
    let known: BTreeSet<_> = desired.services.iter().map(|service| service.name.as_str()).collect();
    let ports: BTreeSet<_> = desired.services.iter().flat_map(|service| &service.host_ports).collect();
    let names: BTreeSet<_> = desired
        .services
        .iter()
        .flat_map(|service| (1..=service.replicas).map(|number| service.names.of(number)))
        .collect();
    for container in &actual.containers {
        if known.contains(container.service.as_str()) || gone.contains(&container.id) {
            continue;
        }
        let in_the_way =
            names.contains(&container.name) || container.host_ports.iter().any(|port| ports.contains(port));
        let step = remove(container, None, true, "plan.remove.orphan");
        gone.insert(container.id.clone());
        if in_the_way { plan.before.push(step) } else { plan.after.push(step) }
    }
}

fn plan_removals(desired: &Desired, actual: &Actual, plan: &mut Plan) {
    let step = |act, name: &str, reason| Step {
        act,
        name: name.to_owned(),
        service: None,
        slot: 0,
        reason: Message::new(reason),
    };
    let wanted = |list: &[DesiredResource], name: &str| list.iter().any(|resource| resource.name == name);
    for network in actual.networks.iter().filter(|network| network.ours) {
        if desired.removed.is_some() || !wanted(&desired.networks, &network.name) {
            plan.after.push(step(Act::RemoveNetwork { id: network.id.clone() }, &network.name, "plan.remove.unused"));
        }
    }
    if desired.removed == Some(true) {
        for volume in actual.volumes.iter().filter(|volume| volume.ours) {
            plan.after.push(step(Act::RemoveVolume, &volume.name, "plan.remove.volume"));
        }
    }
}

fn plan_service(
    desired: &Desired,
    service: &DesiredService,
    containers: &[&ActualContainer],
    renewed: &BTreeSet<String>,
) -> Vec<Step> {
    let mut slots: BTreeMap<u32, Vec<&ActualContainer>> = BTreeMap::new();
    for container in containers {
        slots.entry(container.number).or_default().push(container);
    }
    let mut steps = Vec::new();
    if service.wish == Wish::Remove {
        steps.extend(containers.iter().map(|c| remove(c, None, true, "plan.remove.app")));
        return steps;
    }
    for number in 1..=service.replicas {
        let in_slot = slots.remove(&number).unwrap_or_default();
        plan_slot(desired, service, number, &in_slot, renewed, &mut steps);
    }
    // the highest numbers go first
    for (_, surplus) in slots.into_iter().rev() {
        steps.extend(surplus.into_iter().map(|c| remove(c, None, true, "plan.remove.scaled")));
    }
    steps
}

fn plan_slot(
    desired: &Desired,
    service: &DesiredService,
    number: u32,
    in_slot: &[&ActualContainer],
    renewed: &BTreeSet<String>,
    steps: &mut Vec<Step>,
) {
    let follows = service.shares.iter().any(|other| renewed.contains(other));
    let fits = |container: &ActualContainer| {
        let same = container.hash == service.hash
            && service.image_id.as_ref().is_none_or(|image| *image == container.image_id)
            && !follows;
        same || (desired.accept_stale && container.is_live())
    };
    let half_made = in_slot.iter().filter(|c| c.was_never_started());
    steps.extend(half_made.map(|c| remove(c, None, false, "plan.remove.half")));
    let usable = || in_slot.iter().copied().filter(|c| !c.was_never_started() && c.state != ContainerState::Removing);
    let best = usable().filter(|c| fits(c)).min_by_key(|c| (c.rank(), c.created_at));
    let Some(best) = best else {
        return plan_new(desired, service, number, usable().collect(), follows, steps);
    };
    let step = |act, reason: &str| Step {
        act,
        name: best.name.clone(),
        service: Some(service.name.clone()),
        slot: number,
        reason: Message::new(reason),
    };
    let id = best.id.clone();
    let follows = service.depends_on.iter().any(|need| need.restart && renewed.contains(&need.service));
    // one that was stopped for a copy that has to go did not end by itself
    let stopped_for_another = usable().any(|c| c.id != best.id && !fits(c));
    let act = match service.wish {
        Wish::Stop if best.is_live() => step(Act::Stop { id }, "plan.stop"),
        Wish::Stop => step(Act::Keep { id, number }, "plan.keep.stopped"),
        _ if best.is_live() && desired.restart.contains(&id) => step(Act::Restart { id, number }, "plan.restart"),
        _ if best.is_live() && follows => step(Act::Restart { id, number }, "plan.restart.follows"),
        _ if best.is_live() => step(Act::Keep { id, number }, "plan.keep"),
        _ if stopped_for_another => step(Act::Start { id, number }, "plan.start"),
        _ => match after_its_end(desired.purpose, service, best) {
            Ended::Start => step(Act::Start { id, number }, "plan.start"),
            Ended::Done => step(Act::Keep { id, number }, "plan.keep.done"),
            Ended::Leave => step(Act::Keep { id, number }, "plan.keep.ended"),
        },
    };
    // two copies of a stop-first service never run at once; whatever else is left over goes when `best` is ready
    let others = usable().filter(|c| c.id != best.id);
    let (first, last): (Vec<_>, Vec<_>) = others.partition(|c| service.order.is_stop_first() && c.is_live());
    let successor = (service.wish != Wish::Stop).then_some(number);
    steps.extend(first.into_iter().map(|c| remove(c, None, false, "plan.remove.replaced")));
    steps.push(act);
    steps.extend(last.into_iter().map(|c| remove(c, successor, false, "plan.remove.replaced")));
    let name = service.names.of(number);
    if best.name != name && service.wish != Wish::Stop {
        let reason = Message::new("plan.rename").with("before", &best.name);
        let service = Some(service.name.clone());
        steps.push(Step { act: Act::Rename { id: best.id.clone() }, name, service, slot: number, reason });
    }
}

/// A copy that has no container with its settings.
fn plan_new(
    desired: &Desired,
    service: &DesiredService,
    number: u32,
    mut stale: Vec<&ActualContainer>,
    follows: bool,
    steps: &mut Vec<Step>,
) {
    let name = service.names.of(number);
    let step = |act, reason: Message| Step {
        act,
        name: name.clone(),
        service: Some(service.name.clone()),
        slot: number,
        reason,
    };
    if service.wish == Wish::Stop {
        // nothing is made only to be stopped; what is there stays for the next start to compare
        steps.extend(stale.iter().filter(|c| c.is_live()).map(|c| {
            let act = Act::Stop { id: c.id.clone() };
            Step { name: c.name.clone(), ..step(act, Message::new("plan.stop")) }
        }));
        return;
    }
    stale.sort_by_key(|c| (c.rank(), c.created_at));
    let Some((old, rest)) = stale.split_first() else {
        let done_elsewhere = service.one_shot || service.restart == Restart::No;
        if desired.purpose == Purpose::Deploy || !done_elsewhere {
            steps.push(step(Act::Create { number }, Message::new("plan.create.missing")));
        }
        return;
    };
    steps.extend(rest.iter().map(|c| remove(c, None, false, "plan.remove.replaced")));
    let order = match service.order {
        Order::StartFirst if old.anonymous_volumes => Order::StopFirstVolume,
        order => order,
    };
    let what = match () {
        () if follows => "shares",
        () if old.hash == service.hash => "image",
        () => "config",
    };
    let reason = Message::new(format!("plan.replace.{what}.{}", order.key()));
    steps.push(step(Act::Replace { number, old: old.id.clone(), order }, reason));
}

enum Ended {
    Start,
    Done,
    Leave,
}

/// What to do with a container that has ended and has the right settings.
fn after_its_end(purpose: Purpose, service: &DesiredService, container: &ActualContainer) -> Ended {
    if container.exit_code == Some(0) {
        return match service.restart {
            Restart::Always => Ended::Start,
            _ if service.one_shot => Ended::Done,
            _ if service.wish == Wish::Revive => Ended::Start,
            _ => Ended::Done,
        };
    }
    match service.restart {
        _ if purpose == Purpose::Deploy => Ended::Start,
        // the engine gave up as the file says; it counts, so nobody else has to
        Restart::No | Restart::OnFailure(Some(_)) => Ended::Leave,
        _ if service.one_shot => Ended::Leave,
        _ => Ended::Start,
    }
}

fn remove(container: &ActualContainer, successor: Option<u32>, anonymous_volumes: bool, reason: &str) -> Step {
    Step {
        act: Act::Remove { id: container.id.clone(), successor, anonymous_volumes },
        name: container.name.clone(),
        service: Some(container.service.clone()),
        slot: container.number,
        reason: Message::new(reason),
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
