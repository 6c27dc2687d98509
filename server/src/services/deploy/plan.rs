//! What has to be done so that the engine has what is wanted: no I/O, no clock, the same answer for the same question.
//!
//! Preview, deploy, reconcile, scale, stop, start and delete all ask here. Containers are told apart by their labels
//! (service, number, hash of the settings), never by their names, so a plan made after a crash picks up what was left.

use std::collections::{BTreeMap, BTreeSet};

use api::Message;
use api::container::ContainerState;

use super::model::{
    Act, Actual, ActualContainer, Condition, Desired, DesiredResource, DesiredService, Need, Order, Plan, Purpose,
    Restart, ServicePlan, Step, Wish,
};

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
