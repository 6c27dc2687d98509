//! Images.

use api::image::{Image, ImageDetail, TagImage};
use api::permission::Permission;
use api::{List, ListQuery, Message};

use super::audit::{Outcome, audit};
use super::listing::{Fields, is_yes, page};
use super::{Error, State, cluster};
use crate::auth::Caller;
use crate::engine::{self, Cluster};

const FIELDS: Fields<Image> = Fields {
    filters: &[
        ("tag", |row, value| row.tags.iter().any(|tag| tag == value)),
        ("used", |row, value| is_yes(value, row.containers > 0)),
        ("dangling", |row, value| is_yes(value, row.tags.is_empty())),
    ],
    sorts: &[
        ("name", |a, b| (a.tags.is_empty(), &a.tags).cmp(&(b.tags.is_empty(), &b.tags))),
        ("created_at", |a, b| a.created_at.cmp(&b.created_at)),
        ("size_bytes", |a, b| a.size_bytes.cmp(&b.size_bytes)),
        ("containers", |a, b| a.containers.cmp(&b.containers)),
    ],
    texts: |row, text| {
        row.tags.iter().for_each(|tag| text(tag));
    },
    id: |row| &row.id,
};

/// The images of a cluster.
pub fn list(state: &State, caller: &Caller, cluster: &str, query: &ListQuery) -> Result<List<Image>, Error> {
    let cluster = cluster::find(state, caller, Permission::ViewCluster, cluster)?;
    let list = page(cluster.picture().images.iter().cloned(), query, &FIELDS)?;
    Ok(List { age_ms: cluster.age_ms(), ..list })
}

/// One image, by id or name.
pub async fn get(state: &State, caller: &Caller, cluster: &str, reference: &str) -> Result<ImageDetail, Error> {
    let cluster = cluster::find(state, caller, Permission::ViewCluster, cluster)?;
    cluster.inspect_image(reference).await.map_err(|error| explain(error, &cluster, reference))
}

/// Gives an image one more name.
pub async fn tag(state: &State, caller: &Caller, cluster: &str, reference: &str, tag: &TagImage) -> Result<(), Error> {
    let cluster = cluster::find(state, caller, Permission::OperateCluster, cluster)?;
    let name = tag.tag.trim();
    if name.is_empty() || name.contains('@') {
        return Err(Error::invalid("tag", Message::new("image.tag-name").with("name", name)));
    }
    let result = cluster.tag_image(reference, name).await;
    record(state, caller, "image.tag", &cluster, reference, &result, name).await;
    match result {
        Err(engine::Error::InvalidSpec(_)) => {
            Err(Error::invalid("tag", Message::new("image.tag-name").with("name", name)))
        }
        other => other.map_err(|error| explain(error, &cluster, reference)),
    }
}

/// Removes an image or one of its names; one that only stopped containers use only with `force`.
pub async fn delete(state: &State, caller: &Caller, cluster: &str, reference: &str, force: bool) -> Result<(), Error> {
    let cluster = cluster::find(state, caller, Permission::OperateCluster, cluster)?;
    let result = cluster.remove_image(reference, force).await;
    record(state, caller, "image.delete", &cluster, reference, &result, if force { "force" } else { "" }).await;
    result.map_err(|error| explain(error, &cluster, reference))
}

async fn record(
    state: &State,
    caller: &Caller,
    action: &'static str,
    cluster: &Cluster,
    reference: &str,
    result: &Result<(), engine::Error>,
    detail: &str,
) {
    let (outcome, detail) = match result {
        Ok(()) => (Outcome::Done, detail.to_owned()),
        Err(error) => (Outcome::Failed, error.to_string()),
    };
    audit(state, caller, action, &format!("{}/{reference}", cluster.name()), outcome, &detail).await;
}

/// What a refusal of the engine means for this image; who uses it is named.
fn explain(error: engine::Error, cluster: &Cluster, reference: &str) -> Error {
    match error {
        engine::Error::NotFound(_) | engine::Error::ImageNotFound(_) => Error::not_found("image", reference),
        engine::Error::Conflict(cause) => {
            let picture = cluster.picture();
            let users: Vec<_> = match picture.find_image(reference) {
                Ok(image) => picture.users_of_image(&image.id).map(|user| user.name.as_str()).collect(),
                Err(_) => Vec::new(),
            };
            Error::Conflict(if users.is_empty() {
                Message::new("image.conflict").with("name", reference).with("cause", cause)
            } else {
                Message::new("image.in-use").with("name", reference).with("containers", some_of(&users))
            })
        }
        error => error.into(),
    }
}

/// The first names of a list, and that there are more.
fn some_of(names: &[&str]) -> String {
    const SHOWN: usize = 5;
    let mut text = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text.push_str(", …");
    }
    text
}
