//! Pulling and pruning images: operations of a cluster.

use api::image::{PruneImages, PullImage};
use api::operation::OperationKind;
use api::permission::Permission;
use api::{Message, Ulid};

use super::audit::{Outcome, audit};
use super::{Error, State, operation};
use crate::auth::Caller;
use crate::compose::is_image_reference;
use crate::db::operation::{New, Request};

/// Pulls an image.
pub async fn pull(state: &State, caller: &Caller, cluster: &str, pull: PullImage) -> Result<Ulid, Error> {
    find(state, caller, cluster)?;
    let image = pull.image.trim().to_owned();
    if !is_image_reference(&image) {
        return Err(Error::invalid("image", Message::new("image.reference").with("image", &image)));
    }
    let request = Request::PullImage { image: image.clone() };
    begin(state, caller, cluster, OperationKind::PullImage, image, request, "image.pull").await
}

/// Removes unused images.
pub async fn prune(state: &State, caller: &Caller, cluster: &str, prune: PruneImages) -> Result<Ulid, Error> {
    find(state, caller, cluster)?;
    let request = Request::PruneImages { all: prune.all };
    begin(state, caller, cluster, OperationKind::PruneImages, cluster.to_owned(), request, "image.prune").await
}

fn find(state: &State, caller: &Caller, cluster: &str) -> Result<(), Error> {
    super::cluster::find(state, caller, Permission::OperateCluster, cluster).map(drop)
}

async fn begin(
    state: &State,
    caller: &Caller,
    cluster: &str,
    kind: OperationKind,
    target: String,
    request: Request,
    action: &'static str,
) -> Result<Ulid, Error> {
    let new = New {
        kind,
        target: target.chars().take(255).collect(),
        cluster: cluster.to_owned(),
        app: None,
        release: None,
        request,
        created_by: caller.username.clone(),
    };
    let id = operation::start(state, &new).await?;
    audit(state, caller, action, &target, Outcome::Done, &id.to_string()).await;
    Ok(id)
}
