//! Volumes.

use api::permission::Permission;
use api::volume::Volume;
use api::{List, ListQuery, Message};

use super::audit::{Outcome, audit};
use super::listing::{Fields, is_yes, page};
use super::{Error, State, cluster};
use crate::auth::Caller;
use crate::engine;

const FIELDS: Fields<Volume> = Fields {
    filters: &[
        ("driver", |row, value| row.driver == value),
        ("app", |row, value| row.app.as_deref() == Some(value)),
        ("used", |row, value| is_yes(value, !row.used_by.is_empty())),
    ],
    sorts: &[
        ("name", |a, b| a.name.cmp(&b.name)),
        ("driver", |a, b| a.driver.cmp(&b.driver)),
        ("app", |a, b| a.app.cmp(&b.app)),
        ("used_by", |a, b| a.used_by.len().cmp(&b.used_by.len())),
        ("created_at", |a, b| a.created_at.cmp(&b.created_at)),
    ],
    texts: |row, text| {
        text(&row.name);
        row.used_by.iter().map(String::as_str).chain(row.app.as_deref()).for_each(text);
    },
    id: |_| "",
};

/// The volumes of a cluster.
pub fn list(state: &State, caller: &Caller, cluster: &str, query: &ListQuery) -> Result<List<Volume>, Error> {
    let cluster = cluster::find(state, caller, Permission::ViewCluster, cluster)?;
    let list = page(cluster.picture().volumes.iter().cloned(), query, &FIELDS)?;
    Ok(List { age_ms: cluster.age_ms(), ..list })
}

/// Removes a volume that no container uses, with all its data.
pub async fn delete(state: &State, caller: &Caller, cluster: &str, name: &str) -> Result<(), Error> {
    let cluster = cluster::find(state, caller, Permission::OperateCluster, cluster)?;
    let picture = cluster.picture();
    let volume = picture.find_volume(name).ok_or_else(|| Error::not_found("volume", name))?;
    let result = cluster.remove_volume(&volume.name).await;
    let (outcome, detail) = match &result {
        Ok(()) => (Outcome::Done, String::new()),
        Err(error) => (Outcome::Failed, error.to_string()),
    };
    audit(state, caller, "volume.delete", &format!("{}/{name}", cluster.name()), outcome, &detail).await;
    result.map_err(|error| match error {
        engine::Error::Conflict(_) if !volume.used_by.is_empty() => {
            let containers = volume.used_by.join(", ");
            Error::Conflict(Message::new("volume.in-use").with("name", name).with("containers", containers))
        }
        error => error.into(),
    })
}
