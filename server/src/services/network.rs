//! Networks.

use api::network::Network;
use api::permission::Permission;
use api::{List, ListQuery, Message};

use super::audit::{Outcome, audit};
use super::listing::{Fields, page};
use super::{Error, State, cluster};
use crate::auth::Caller;
use crate::engine;

const FIELDS: Fields<Network> = Fields {
    filters: &[("driver", |row, value| row.driver == value), ("app", |row, value| row.app.as_deref() == Some(value))],
    sorts: &[
        ("name", |a, b| a.name.cmp(&b.name)),
        ("driver", |a, b| a.driver.cmp(&b.driver)),
        ("app", |a, b| a.app.cmp(&b.app)),
        ("containers", |a, b| a.containers.cmp(&b.containers)),
        ("created_at", |a, b| a.created_at.cmp(&b.created_at)),
    ],
    texts: |row, text| {
        text(&row.name);
        row.subnets.iter().map(String::as_str).chain(row.app.as_deref()).for_each(text);
    },
    id: |row| &row.id,
};

/// The networks of a cluster.
pub fn list(state: &State, caller: &Caller, cluster: &str, query: &ListQuery) -> Result<List<Network>, Error> {
    let cluster = cluster::find(state, caller, Permission::ViewCluster, cluster)?;
    let list = page(cluster.picture().networks.iter().cloned(), query, &FIELDS)?;
    Ok(List { age_ms: cluster.age_ms(), ..list })
}

/// Removes a network that no container uses.
pub async fn delete(state: &State, caller: &Caller, cluster: &str, id: &str) -> Result<(), Error> {
    let cluster = cluster::find(state, caller, Permission::OperateCluster, cluster)?;
    let picture = cluster.picture();
    let network = picture.find_network(id).ok_or_else(|| Error::not_found("network", id))?;
    let users: Vec<_> = picture
        .containers
        .iter()
        .filter(|container| container.networks.iter().any(|place| place.name == network.name))
        .map(|container| container.name.as_str())
        .collect();
    let in_use = |containers: String| {
        Error::Conflict(Message::new("network.in-use").with("name", &network.name).with("containers", containers))
    };
    let result = cluster.remove_network(&network.id).await;
    let (outcome, detail) = match &result {
        Ok(()) => (Outcome::Done, String::new()),
        Err(error) => (Outcome::Failed, error.to_string()),
    };
    audit(state, caller, "network.delete", &format!("{}/{}", cluster.name(), network.name), outcome, &detail).await;
    result.map_err(|error| match error {
        engine::Error::Conflict(_) | engine::Error::Other { status: 403, .. } if !users.is_empty() => {
            in_use(users.join(", "))
        }
        error => error.into(),
    })
}
