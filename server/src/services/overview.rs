//! The dashboard: what runs and what is wrong.

use api::cluster::ConnectionState;
use api::container::{Container, ContainerState, Health};
use api::overview::{Attention, Overview, Target, TargetKind};
use api::permission::Permission;
use api::token::Scope;
use api::{Message, OffsetDateTime};

use super::{Error, State, app, cluster, operation};
use crate::auth::Caller;
use crate::engine::Cluster;

/// The operations that are shown.
const LATEST_OPERATIONS: u32 = 8;
/// The most that is shown as wrong.
const MOST_ATTENTION: usize = 50;
/// How long a container that ended badly is news.
const ENDED_IS_NEWS: time::Duration = time::Duration::hours(24);
/// Codes of a container that somebody stopped: done, SIGKILL, SIGTERM.
const STOPPED_CODES: [i64; 3] = [0, 137, 143];

/// The dashboard as a caller may see it.
pub async fn get(state: &State, caller: &Caller) -> Result<Overview, Error> {
    caller.require_scope(Scope::Read)?;
    let (counts, of_apps) = app::overview(state, caller).await?;
    let operations = operation::latest(state, caller, LATEST_OPERATIONS).await?;
    let mut attention: Vec<(u8, Attention)> =
        state.clusters.iter().flat_map(|cluster| of_cluster(cluster, caller)).collect();
    attention.extend(of_apps.into_iter().map(|attention| (1, attention)));
    attention.sort_by_key(|(rank, attention)| (*rank, std::cmp::Reverse(attention.since)));
    attention.truncate(MOST_ATTENTION);
    Ok(Overview {
        clusters: state.clusters.iter().map(|cluster| cluster::shown(cluster, caller)).collect(),
        apps: counts,
        attention: attention.into_iter().map(|(_, attention)| attention).collect(),
        operations,
    })
}

/// What is wrong on a cluster, with how bad it is: less is worse.
fn of_cluster(cluster: &Cluster, caller: &Caller) -> Vec<(u8, Attention)> {
    let connection = cluster.connection();
    let mut found = Vec::new();
    let is_down = matches!(connection.state, ConnectionState::Absent | ConnectionState::Lost);
    if let Some(message) = connection.problem.filter(|_| is_down) {
        let target = Target {
            kind: TargetKind::Cluster,
            id: cluster.name().to_owned(),
            name: cluster.name().to_owned(),
            cluster: Some(cluster.name().to_owned()),
            project: None,
        };
        found.push((0, Attention { target, message, since: Some(connection.since) }));
    }
    let all = caller.may(Permission::ViewCluster, None);
    let sees = |container: &Container| all || container.project.as_deref().is_some_and(|name| caller.sees(name));
    let now = OffsetDateTime::now_utc();
    for container in cluster.picture().containers.iter().filter(|container| sees(container)) {
        if let Some((rank, message, since)) = of_container(container, now) {
            let target = Target {
                kind: TargetKind::Container,
                id: container.id.clone(),
                name: container.name.clone(),
                cluster: Some(cluster.name().to_owned()),
                project: container.project.clone(),
            };
            found.push((rank, Attention { target, message, since }));
        }
    }
    found
}

fn of_container(container: &Container, now: OffsetDateTime) -> Option<(u8, Message, Option<OffsetDateTime>)> {
    let say = |key: &str| Message::new(key).with("name", &container.name);
    let code = container.exit_code.unwrap_or(0);
    let is_news = container.finished_at.is_some_and(|at| now - at < ENDED_IS_NEWS);
    match (container.state, container.health) {
        (ContainerState::Restarting, _) => {
            Some((2, say("attention.restarting").with("code", code), container.finished_at))
        }
        (ContainerState::Dead, _) => Some((2, say("attention.dead"), container.finished_at)),
        (ContainerState::Exited, _) if container.oom_killed && is_news => {
            Some((3, say("attention.out-of-memory"), container.finished_at))
        }
        (ContainerState::Running, Some(Health::Unhealthy)) => {
            Some((3, say("attention.unhealthy"), container.started_at))
        }
        (ContainerState::Exited, _) if is_news && !STOPPED_CODES.contains(&code) => {
            Some((4, say("attention.exited").with("code", code), container.finished_at))
        }
        _ => None,
    }
}
