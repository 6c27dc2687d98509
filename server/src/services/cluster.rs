//! Clusters.

use api::List;
use api::cluster::{Cluster, ClusterCounts, DiskUsage};
use api::permission::Permission;
use api::token::Scope;

use super::{Error, State};
use crate::auth::Caller;
use crate::engine;

/// The clusters. Who may not see their inside gets their names and whether they answer, as a deployment needs them.
pub fn list(state: &State, caller: &Caller) -> Result<List<Cluster>, Error> {
    caller.require_scope(Scope::Read)?;
    let items: Vec<_> = state.clusters.iter().map(|cluster| shown(cluster, caller)).collect();
    Ok(List { total: items.len() as u64, items, next: None, age_ms: None })
}

/// One cluster.
pub fn get(state: &State, caller: &Caller, name: &str) -> Result<Cluster, Error> {
    caller.require_scope(Scope::Read)?;
    let cluster = state.clusters.get(name).ok_or_else(|| Error::not_found("cluster", name))?;
    Ok(shown(cluster, caller))
}

/// The disk a cluster uses.
pub async fn disk_usage(state: &State, caller: &Caller, name: &str) -> Result<DiskUsage, Error> {
    Ok(find(state, caller, Permission::ViewCluster, name)?.disk_usage().await?)
}

/// The cluster, for a caller who has `permission` in the whole portal.
pub fn find(state: &State, caller: &Caller, permission: Permission, name: &str) -> Result<engine::Cluster, Error> {
    caller.require(permission, None)?;
    state.clusters.get(name).cloned().ok_or_else(|| Error::not_found("cluster", name))
}

/// A cluster as a caller may see it.
pub fn shown(cluster: &engine::Cluster, caller: &Caller) -> Cluster {
    let whole = caller.may(Permission::ViewCluster, None);
    let picture = cluster.picture();
    Cluster {
        name: cluster.name().to_owned(),
        kind: cluster.kind(),
        endpoint: if whole { cluster.endpoint() } else { String::new() },
        connection: cluster.connection(),
        engine: picture.facts.as_deref().filter(|_| whole).cloned(),
        counts: if whole { picture.counts() } else { ClusterCounts::default() },
    }
}
