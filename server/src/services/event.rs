//! What happened on engines.

use api::event::Event;
use api::permission::Permission;
use api::{List, ListQuery};

use super::listing::{Fields, page};
use super::{Error, State, cluster};
use crate::auth::Caller;

const FIELDS: Fields<Event> = Fields {
    filters: &[
        ("kind", |row, value| row.kind == value),
        ("action", |row, value| row.action == value || row.action.split(':').next() == Some(value)),
        ("app", |row, value| row.app.as_deref() == Some(value)),
        ("service", |row, value| row.service.as_deref() == Some(value)),
        ("id", |row, value| row.id == value),
        ("name", |row, value| row.name == value),
    ],
    sorts: &[
        ("at", |a, b| a.at.cmp(&b.at)),
        ("kind", |a, b| a.kind.cmp(&b.kind)),
        ("action", |a, b| a.action.cmp(&b.action)),
        ("name", |a, b| a.name.cmp(&b.name)),
    ],
    texts: |row, text| {
        for part in [&row.name, &row.action, &row.kind] {
            text(part);
        }
        row.app.as_deref().into_iter().chain(row.service.as_deref()).for_each(text);
    },
    id: |row| &row.id,
};

/// The latest events of a cluster, newest first.
pub fn list(state: &State, caller: &Caller, cluster: &str, query: &ListQuery) -> Result<List<Event>, Error> {
    let cluster = cluster::find(state, caller, Permission::ViewCluster, cluster)?;
    page(cluster.events().into_iter().rev(), query, &FIELDS)
}
