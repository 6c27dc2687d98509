//! How an app does: what is wanted against the picture.

use api::Message;
use api::app::AppState;
use api::container::{Container, ContainerState, Health, Port};
use api::service::Service;

use super::desired::{LABEL_NUMBER, Prepared};
use crate::compose::RestartPolicy;
use crate::db::app::Intent;

/// How an app does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The state.
    pub state: AppState,
    /// Why, where that is not good.
    pub reason: Option<Message>,
    /// Its services.
    pub services: Vec<Service>,
    /// Copies that should run.
    pub desired: u32,
    /// Copies that run and are not unhealthy.
    pub ready: u32,
    /// Published ports.
    pub ports: Vec<Port>,
}

/// What else decides.
#[derive(Clone, Debug, Default)]
pub struct Circumstances {
    /// An operation is changing the app.
    pub is_busy: bool,
    /// The engine answers.
    pub is_known: bool,
    /// What stands in the reconciler's way.
    pub problem: Option<Message>,
}

/// How an app does whose containers are `containers`.
pub fn status(
    prepared: &Prepared,
    intent: &Intent,
    containers: &[&Container],
    circumstances: &Circumstances,
    is_crashing: impl Fn(&str) -> bool,
) -> Status {
    let mut services = Vec::new();
    for name in &prepared.order {
        let own: Vec<_> =
            containers.iter().copied().filter(|container| container.service.as_ref() == Some(name)).collect();
        let mut service = service(prepared, name, intent, &own);
        if !circumstances.is_known {
            (service.state, service.reason) = (AppState::Unknown, None);
        } else if is_crashing(name) && service.replicas_ready < service.replicas_desired {
            service.reason = Some(Message::new("status.crashing").with("service", name));
        }
        services.push(service);
    }
    let desired = services.iter().map(|service| service.replicas_desired).sum();
    let ready = services.iter().map(|service| service.replicas_ready).sum();
    let worst = services.iter().filter(|service| service.reason.is_some()).min_by_key(|service| service.state);
    let stopped = services.iter().all(|service| service.state == AppState::Stopped);
    let state = match () {
        () if circumstances.is_busy => AppState::Progressing,
        () if !circumstances.is_known => AppState::Unknown,
        () if stopped && (intent.stopped || !services.is_empty()) => AppState::Stopped,
        () if ready == desired => AppState::Running,
        () if services.iter().any(|service| service.state == AppState::Progressing)
            && !services.iter().any(|service| matches!(service.state, AppState::Failed | AppState::Degraded)) =>
        {
            AppState::Progressing
        }
        () if ready == 0 => AppState::Failed,
        () => AppState::Degraded,
    };
    let reason = match state {
        AppState::Failed | AppState::Degraded => {
            circumstances.problem.clone().or_else(|| worst.and_then(|service| service.reason.clone()))
        }
        _ => None,
    };
    let mut ports: Vec<_> = services.iter().flat_map(|service| service.ports.iter().cloned()).collect();
    ports.sort();
    ports.dedup();
    Status { state, reason, services, desired, ready, ports }
}

fn service(prepared: &Prepared, name: &str, intent: &Intent, containers: &[&Container]) -> Service {
    let spec = prepared.project.services.get(name);
    let wanted = Prepared::is_wanted(name, intent);
    let replicas = if wanted { prepared.replicas(name, intent) } else { 0 };
    let may_end = prepared.is_one_shot(name)
        || !matches!(spec.and_then(|spec| spec.restart), Some(RestartPolicy::Always | RestartPolicy::UnlessStopped));
    let (mut ready, mut starting, mut reason) = (0, 0, None);
    for number in 1..=replicas {
        let copies = containers.iter().filter(|container| self::number(container) == number);
        match copies.map(|container| look(container, may_end)).min_by_key(Copy::rank) {
            Some(Copy::Ready) => ready += 1,
            Some(Copy::Starting) => starting += 1,
            Some(Copy::Bad(message)) => reason = reason.or(Some(message)),
            None => {
                let missing = Message::new("status.missing").with("service", name).with("number", number);
                reason = reason.or(Some(missing));
            }
        }
    }
    let state = match () {
        () if !wanted => AppState::Stopped,
        () if ready == replicas => AppState::Running,
        () if ready + starting == replicas => AppState::Progressing,
        () if ready == 0 => AppState::Failed,
        () => AppState::Degraded,
    };
    let mut ports: Vec<Port> = containers
        .iter()
        .flat_map(|container| container.ports.iter().filter(|port| port.host_port.is_some()).cloned())
        .collect();
    ports.sort();
    ports.dedup();
    Service {
        name: name.to_owned(),
        image: spec.map(|spec| spec.image.clone()).unwrap_or_default(),
        digest: prepared.pins.get(name).map(|pin| pin.digest.clone().unwrap_or_else(|| pin.id.clone())),
        state,
        reason,
        replicas_desired: replicas,
        replicas_ready: ready,
        ports,
        depends_on: spec.map(|spec| spec.depends_on.keys().cloned().collect()).unwrap_or_default(),
    }
}

fn number(container: &Container) -> u32 {
    container.labels.get(LABEL_NUMBER).and_then(|number| number.parse().ok()).unwrap_or(1)
}

enum Copy {
    Ready,
    Starting,
    Bad(Message),
}

impl Copy {
    fn rank(&self) -> u8 {
        match self {
            Self::Ready => 0,
            Self::Starting => 1,
            Self::Bad(_) => 2,
        }
    }
}

fn look(container: &Container, may_end: bool) -> Copy {
    let about = |key: &str| Message::new(key).with("container", &container.name);
    match (container.state, container.health) {
        (ContainerState::Running, None | Some(Health::Healthy)) => Copy::Ready,
        (ContainerState::Running, Some(Health::Starting)) => Copy::Starting,
        (ContainerState::Running, Some(Health::Unhealthy)) => Copy::Bad(about("status.unhealthy")),
        (ContainerState::Exited, _) if container.exit_code == Some(0) && may_end => Copy::Ready,
        (ContainerState::Exited | ContainerState::Dead, _) if container.oom_killed => Copy::Bad(about("status.oom")),
        (ContainerState::Exited | ContainerState::Dead, _) => {
            Copy::Bad(about("status.exited").with("code", container.exit_code.unwrap_or(-1)))
        }
        (ContainerState::Restarting, _) => Copy::Bad(about("status.restarting")),
        (ContainerState::Paused, _) => Copy::Bad(about("status.paused")),
        (ContainerState::Created | ContainerState::Removing | ContainerState::Unknown, _) => {
            Copy::Bad(about("status.not-started"))
        }
    }
}
