//! Nodes: the machines of a cluster.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::cluster::ConnectionState;
use api::container::ContainerState;
use api::node::{Availability, Node, NodeRole};
use api::permission::Permission;
use api::{List, ListQuery};

use super::listing::{Fields, page};
use super::{Error, State, cluster};
use crate::auth::Caller;
use crate::engine::Cluster;

const FIELDS: Fields<Node> = Fields {
    filters: &[("name", |node, value| node.name == value)],
    sorts: &[
        ("name", |a, b| a.name.cmp(&b.name)),
        ("cpus", |a, b| a.engine.cpus.cmp(&b.engine.cpus)),
        ("memory_bytes", |a, b| a.engine.memory_bytes.cmp(&b.engine.memory_bytes)),
        ("containers", |a, b| a.containers.cmp(&b.containers)),
    ],
    texts: |node, text| {
        text(&node.name);
        text(&node.engine.operating_system);
    },
    id: |row| &row.id,
};

/// The nodes of a cluster.
pub fn list(state: &State, caller: &Caller, cluster: &str, query: &ListQuery) -> Result<List<Node>, Error> {
    let cluster = cluster::find(state, caller, Permission::ViewCluster, cluster)?;
    let list = page(of(&cluster).map(Arc::new), query, &FIELDS)?;
    Ok(List { age_ms: cluster.age_ms(), ..list })
}

/// One node, by id or name.
pub fn get(state: &State, caller: &Caller, cluster: &str, name: &str) -> Result<Node, Error> {
    let cluster = cluster::find(state, caller, Permission::ViewCluster, cluster)?;
    let node = of(&cluster).filter(|node| node.name == name || node.id == name);
    node.ok_or_else(|| Error::not_found("node", name))
}

/// The machine of a single engine, once it answered.
pub fn of(cluster: &Cluster) -> Option<Node> {
    let picture = cluster.picture();
    let facts = picture.facts.as_deref()?;
    let running = picture.containers.iter().filter(|container| container.state == ContainerState::Running);
    Some(Node {
        id: if picture.engine_id.is_empty() { facts.hostname.clone() } else { picture.engine_id.clone() },
        name: facts.hostname.clone(),
        role: NodeRole::Single,
        availability: Availability::Active,
        ready: cluster.connection().state == ConnectionState::Connected,
        engine: facts.clone(),
        labels: BTreeMap::new(),
        containers_running: running.count() as u64,
        containers: picture.containers.len() as u64,
    })
}
