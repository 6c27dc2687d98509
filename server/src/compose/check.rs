//! What only shows when all services are known.

use std::{collections::HashMap, net::IpAddr};

use super::{
    diagnostic::code,
    model::{Condition, Healthcheck, PortRange, Project, Protocol, Service},
    order,
    read::At,
};

/// More copies of all services together than any node holds.
const MOST_COPIES: u32 = 10_000;

/// An address of the node and the service that publishes there; no address is all of them.
type Holder<'a> = (Option<IpAddr>, &'a str);

pub fn project(project: &Project, services: &[(&str, At<'_>)]) {
    let places: HashMap<&str, &At<'_>> = services.iter().map(|(name, at)| (*name, at)).collect();
    let mut container_names: HashMap<&str, &str> = HashMap::new();
    let mut taken: HashMap<(u16, Protocol), Vec<Holder<'_>>> = HashMap::new();
    let mut copies: u32 = 0;
    for (name, service) in &project.services {
        let Some(at) = places.get(name.as_str()) else { continue };
        let before = copies;
        copies = copies.saturating_add(service.deploy.replicas);
        if copies > MOST_COPIES && before <= MOST_COPIES {
            at.error(code::REPLICAS_TOO_MANY, vec![("limit", MOST_COPIES.to_string())]);
        }
        container_name(name, service, at, &mut container_names);
        for port in &service.ports {
            let Some(published) = port.published.and_then(PortRange::single) else { continue };
            let holders = taken.entry((published, port.protocol)).or_default();
            let clash = holders.iter().find(|(ip, _)| ip.is_none() || port.host_ip.is_none() || *ip == port.host_ip);
            if let Some((_, other)) = clash {
                let at = field(at, "ports").unwrap_or_else(|| (*at).clone());
                let params = vec![("port", published.to_string()), ("service", (*other).to_owned())];
                at.ctx.warn(at.key_mark(), at.path(), code::PORT_TAKEN, params);
            } else {
                holders.push((port.host_ip, name));
            }
        }
        for (other, dependency) in &service.depends_on {
            let unchecked = project.services.get(other).and_then(|other| other.healthcheck.as_ref());
            if dependency.condition == Condition::Healthy && unchecked.is_some_and(Healthcheck::is_disabled) {
                let at = field(at, "depends_on").unwrap_or_else(|| (*at).clone());
                at.ctx.error(at.key_mark(), at.path(), code::HEALTH_UNCHECKED, vec![("name", other.clone())]);
            }
        }
    }
    if let Err(found) = order::startup_order(project)
        && let Some(at) = found.path.split('.').nth(1).and_then(|name| places.get(name))
    {
        let at = field(at, "depends_on").unwrap_or_else(|| (*at).clone());
        let cycle = found.params.get("cycle").cloned().unwrap_or_default();
        at.ctx.error(at.key_mark(), at.path(), code::DEPENDENCY_CYCLE, vec![("cycle", cycle)]);
    }
}

fn field<'a>(service: &At<'a>, key: &str) -> Option<At<'a>> {
    service.entries().into_iter().find(|(name, _)| *name == key).map(|(_, at)| at)
}

fn container_name<'p>(name: &'p str, service: &'p Service, at: &At<'_>, known: &mut HashMap<&'p str, &'p str>) {
    let Some(container) = &service.container_name else { return };
    let place = field(at, "container_name").unwrap_or_else(|| at.clone());
    if service.deploy.replicas > 1 {
        let params = vec![("replicas", service.deploy.replicas.to_string())];
        place.error(code::CONTAINER_NAME_REPLICAS, params);
    }
    if let Some(other) = known.insert(container, name) {
        place.error(code::CONTAINER_NAME_TWICE, vec![("name", container.clone()), ("service", other.to_owned())]);
    }
}
