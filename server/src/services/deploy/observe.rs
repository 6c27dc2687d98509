//! What an engine has of an app, in the planner's words.

use api::container::{Mount, Port};
use ulid::Ulid;

use super::clash;
use super::desired::{Identity, LABEL_HASH, LABEL_NUMBER};
use super::model::{Actual, ActualContainer, ActualResource};
use crate::db::app::App;
use crate::engine::{self, Cluster, LABEL_APP, LABEL_COMPOSE_SERVICE, Picture};

/// The length of the names that engines give to volumes without one.
const ANONYMOUS_NAME: usize = 64;

/// Whose things are looked for.
#[derive(Clone, Debug)]
pub struct Owner {
    /// The app's id.
    pub id: Ulid,
    /// The app's name.
    pub name: String,
    /// The project's name.
    pub project: String,
}

impl From<&App> for Owner {
    fn from(app: &App) -> Self {
        Self { id: app.id, name: app.name.clone(), project: app.project.clone() }
    }
}

impl From<&Identity> for Owner {
    fn from(identity: &Identity) -> Self {
        Self { id: identity.id, name: identity.name.clone(), project: identity.project.clone() }
    }
}

/// Asks the engine.
pub async fn observe(cluster: &Cluster, owner: &Owner) -> Result<Actual, engine::Error> {
    let id = owner.id.to_string();
    let containers = cluster.list_app_containers(&id);
    let (containers, networks, volumes) =
        futures::try_join!(containers, cluster.list_networks(), cluster.list_volumes())?;
    let containers = containers.into_iter().map(|container| ActualContainer {
        service: label(&container.labels, LABEL_COMPOSE_SERVICE),
        number: number(&container.labels),
        hash: label(&container.labels, LABEL_HASH),
        networks: container.networks.iter().map(|network| network.name.clone()).collect(),
        host_ports: host_ports(&container.ports),
        anonymous_volumes: anonymous_volumes(&container.mounts).next().is_some(),
        created_at: container.created_at.unix_timestamp(),
        id: container.id,
        name: container.name,
        image_id: container.image_id,
        state: container.state,
        health: container.health,
        exit_code: container.exit_code,
    });
    Ok(Actual {
        containers: containers.collect(),
        networks: networks.iter().map(|network| resource(&network.id, &network.name, &network.labels, owner)).collect(),
        volumes: volumes.iter().map(|volume| resource(&volume.name, &volume.name, &volume.labels, owner)).collect(),
    })
}

/// Reads the picture, which may lag behind the engine by a moment.
pub fn in_picture(picture: &Picture, owner: &Owner) -> Actual {
    let id = owner.id.to_string();
    let ours = picture.containers.iter().filter(|container| container.labels.get(LABEL_APP) == Some(&id));
    let containers = ours.map(|container| ActualContainer {
        id: container.id.clone(),
        name: container.name.clone(),
        service: label(&container.labels, LABEL_COMPOSE_SERVICE),
        number: number(&container.labels),
        hash: label(&container.labels, LABEL_HASH),
        image_id: container.image_id.clone(),
        state: container.state,
        health: container.health,
        exit_code: container.exit_code,
        networks: container.networks.iter().map(|network| network.name.clone()).collect(),
        host_ports: host_ports(&container.ports),
        anonymous_volumes: anonymous_volumes(&container.mounts).next().is_some(),
        created_at: container.created_at.unix_timestamp(),
    });
    let networks = picture.networks.iter();
    let volumes = picture.volumes.iter();
    Actual {
        containers: containers.collect(),
        networks: networks.map(|network| resource(&network.id, &network.name, &network.labels, owner)).collect(),
        volumes: volumes.map(|volume| resource(&volume.name, &volume.name, &volume.labels, owner)).collect(),
    }
}

/// The volumes without a name that a container has.
pub fn anonymous_volumes(mounts: &[Mount]) -> impl Iterator<Item = &Mount> {
    mounts.iter().filter(|mount| {
        mount.kind == "volume"
            && mount.source.len() == ANONYMOUS_NAME
            && mount.source.chars().all(|c| c.is_ascii_hexdigit())
    })
}

type Labels = std::collections::BTreeMap<String, String>;

fn label(labels: &Labels, name: &str) -> String {
    labels.get(name).cloned().unwrap_or_default()
}

fn number(labels: &Labels) -> u32 {
    labels.get(LABEL_NUMBER).and_then(|number| number.parse().ok()).unwrap_or(1)
}

fn host_ports(ports: &[Port]) -> Vec<String> {
    ports.iter().filter_map(|port| Some(format!("{}/{}", port.host_port?, port.protocol))).collect()
}

/// What an earlier app of the same name and project left counts as this one's, its volumes above all.
fn resource(id: &str, name: &str, labels: &Labels, owner: &Owner) -> ActualResource {
    let ours = clash::is_ours(labels, &owner.project, &owner.name);
    ActualResource {
        id: id.to_owned(),
        name: name.to_owned(),
        hash: if ours { labels.get(LABEL_HASH).cloned() } else { None },
        ours,
    }
}
