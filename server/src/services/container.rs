//! Containers.

use std::sync::Arc;

use api::container::{Container, ContainerAction, ContainerDetail, ContainerState, Health};
use api::permission::Permission;
use api::{List, ListQuery, Message};

use super::audit::{Outcome, audit_in};
use super::container_access;
use super::listing::{Fields, page};
use super::{Error, State, cluster};
use crate::auth::Caller;
use crate::engine::{self, Cluster};

const FIELDS: Fields<Container> = Fields {
    filters: &[
        ("state", |row, value| state_word(row.state) == value),
        ("health", |row, value| health_word(row.health) == value),
        ("app", |row, value| row.app.as_deref() == Some(value)),
        ("project", |row, value| row.project.as_deref() == Some(value)),
        ("service", |row, value| row.service.as_deref() == Some(value)),
        ("image", |row, value| row.image == value || row.image_id == value),
        ("network", |row, value| row.networks.iter().any(|network| network.name == value)),
        ("volume", |row, value| row.mounts.iter().any(|mount| mount.kind == "volume" && mount.source == value)),
    ],
    sorts: &[
        ("name", |a, b| a.name.cmp(&b.name)),
        ("image", |a, b| a.image.cmp(&b.image)),
        ("state", |a, b| a.state.cmp(&b.state)),
        ("health", |a, b| a.health.cmp(&b.health)),
        ("app", |a, b| a.app.cmp(&b.app)),
        ("service", |a, b| a.service.cmp(&b.service)),
        ("created_at", |a, b| a.created_at.cmp(&b.created_at)),
        ("started_at", |a, b| a.started_at.cmp(&b.started_at)),
        ("cpu_percent", |a, b| a.cpu_percent.unwrap_or(-1.0).total_cmp(&b.cpu_percent.unwrap_or(-1.0))),
        ("memory_bytes", |a, b| a.memory_bytes.cmp(&b.memory_bytes)),
        ("ports", |a, b| first_port(a).cmp(&first_port(b))),
    ],
    texts: |row, text| {
        text(&row.name);
        text(&row.image);
        row.app.as_deref().into_iter().chain(row.service.as_deref()).for_each(text);
    },
    id: |row| &row.id,
};

/// The containers of a cluster.
pub fn list(state: &State, caller: &Caller, cluster: &str, query: &ListQuery) -> Result<List<Container>, Error> {
    let cluster = cluster::find(state, caller, Permission::ViewCluster, cluster)?;
    list_of(&cluster, query, |_| true)
}

/// The containers of a cluster that `fits` lets through, for lists of other nouns.
pub fn list_of(
    cluster: &Cluster,
    query: &ListQuery,
    fits: impl Fn(&Container) -> bool,
) -> Result<List<Container>, Error> {
    let picture = cluster.picture();
    let rows = picture.containers.iter().filter(|row| fits(row)).cloned();
    let by_usage = matches!(query.sort.as_deref(), Some("cpu_percent" | "memory_bytes"));
    let mut list = if by_usage {
        page(rows.map(|row| Arc::new(with_usage(cluster, Container::clone(&row)))), query, &FIELDS)?
    } else {
        page(rows, query, &FIELDS)?
    };
    if !by_usage {
        list.items = list.items.into_iter().map(|row| with_usage(cluster, row)).collect();
    }
    Ok(List { age_ms: cluster.age_ms(), ..list })
}

fn with_usage(cluster: &Cluster, mut row: Container) -> Container {
    if let Some(usage) = cluster.usage(&row.id).filter(|_| row.state == ContainerState::Running) {
        (row.cpu_percent, row.memory_bytes) = (Some(usage.cpu_percent), Some(usage.memory_bytes));
    }
    row
}

/// One container, by id, beginning of an id, or name.
pub async fn get(state: &State, caller: &Caller, cluster: &str, id: &str) -> Result<ContainerDetail, Error> {
    let (cluster, container) = container_access::find(state, caller, cluster, id, Permission::ViewApp)?;
    let mut detail = cluster.inspect_container(&container.id).await.map_err(|error| gone(error, id))?;
    detail.container = with_usage(&cluster, detail.container);
    Ok(detail)
}

/// The engine's own description of a container.
pub async fn inspect(state: &State, caller: &Caller, cluster: &str, id: &str) -> Result<serde_json::Value, Error> {
    let (cluster, container) = container_access::find(state, caller, cluster, id, Permission::DeployApp)?;
    cluster.inspect_container_raw(&container.id).await.map_err(|error| gone(error, id))
}

/// Does something to a container. What is so already is done.
pub async fn act(
    state: &State,
    caller: &Caller,
    cluster: &str,
    id: &str,
    action: ContainerAction,
) -> Result<(), Error> {
    let (cluster, container) = container_access::find(state, caller, cluster, id, Permission::DeployApp)?;
    let id = &container.id;
    let result = match action {
        ContainerAction::Start => cluster.start(id).await,
        ContainerAction::Stop => cluster.stop(id, None).await,
        ContainerAction::Restart => cluster.restart(id, None).await,
        ContainerAction::Kill => cluster.kill(id, "SIGKILL").await,
        ContainerAction::Pause => cluster.pause(id).await,
        ContainerAction::Unpause => cluster.unpause(id).await,
    };
    let name = match action {
        ContainerAction::Start => "container.start",
        ContainerAction::Stop => "container.stop",
        ContainerAction::Restart => "container.restart",
        ContainerAction::Kill => "container.kill",
        ContainerAction::Pause => "container.pause",
        ContainerAction::Unpause => "container.unpause",
    };
    record(state, caller, name, &cluster, &container, &result).await;
    result.map_err(|error| explain(error, &container, action.as_str()))
}

/// Removes a container; a running one only with `force`.
pub async fn delete(
    state: &State,
    caller: &Caller,
    cluster: &str,
    id: &str,
    force: bool,
    volumes: bool,
) -> Result<(), Error> {
    let (cluster, container) = container_access::find(state, caller, cluster, id, Permission::DeployApp)?;
    let runs = matches!(container.state, ContainerState::Running | ContainerState::Paused | ContainerState::Restarting);
    if runs && !force {
        return Err(Error::Conflict(Message::new("container.running").with("name", &container.name)));
    }
    let result = cluster.remove_container(&container.id, force, volumes).await;
    record(state, caller, "container.delete", &cluster, &container, &result).await;
    result.map_err(|error| explain(error, &container, "delete"))
}

async fn record(
    state: &State,
    caller: &Caller,
    action: &'static str,
    cluster: &Cluster,
    container: &Container,
    result: &Result<(), engine::Error>,
) {
    let (outcome, detail) = match result {
        Ok(()) => (Outcome::Done, String::new()),
        Err(error) => (Outcome::Failed, error.to_string()),
    };
    let target = format!("{}/{}", cluster.name(), container.name);
    audit_in(state, container.project.as_deref(), caller, action, &target, outcome, &detail).await;
}

/// What a refusal of the engine means for this container.
fn explain(error: engine::Error, container: &Container, action: &str) -> Error {
    match error {
        engine::Error::NotFound(_) => Error::not_found("container", &container.name),
        engine::Error::Conflict(cause) => {
            let message = Message::new("container.conflict").with("name", &container.name);
            Error::Conflict(message.with("action", action).with("cause", cause))
        }
        error => error.into(),
    }
}

fn gone(error: engine::Error, id: &str) -> Error {
    match error {
        engine::Error::NotFound(_) => Error::not_found("container", id),
        error => error.into(),
    }
}

fn state_word(state: ContainerState) -> &'static str {
    match state {
        ContainerState::Running => "running",
        ContainerState::Restarting => "restarting",
        ContainerState::Paused => "paused",
        ContainerState::Created => "created",
        ContainerState::Exited => "exited",
        ContainerState::Removing => "removing",
        ContainerState::Dead => "dead",
        ContainerState::Unknown => "unknown",
    }
}

fn health_word(health: Option<Health>) -> &'static str {
    match health {
        Some(Health::Starting) => "starting",
        Some(Health::Healthy) => "healthy",
        Some(Health::Unhealthy) => "unhealthy",
        None => "none",
    }
}

fn first_port(container: &Container) -> u16 {
    container.ports.iter().filter_map(|port| port.host_port).min().unwrap_or(u16::MAX)
}
