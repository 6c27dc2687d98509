//! What an engine has of an app, in the planner's words.

use api::container::{Mount, Port};
use ulid::Ulid;

use super::desired::{LABEL_HASH, LABEL_NUMBER};
use super::plan::{Actual, ActualContainer, ActualResource};
use crate::engine::{self, Cluster, LABEL_APP, LABEL_COMPOSE_SERVICE, Picture};

/// The length of the names that engines give to volumes without one.
const ANONYMOUS_NAME: usize = 64;

/// Asks the engine.
pub async fn observe(cluster: &Cluster, app: Ulid) -> Result<Actual, engine::Error> {
    let id = app.to_string();
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
        networks: networks.iter().map(|network| resource(&network.id, &network.name, &network.labels, &id)).collect(),
        volumes: volumes.iter().map(|volume| resource(&volume.name, &volume.name, &volume.labels, &id)).collect(),
    })
}

/// Reads the picture, which may lag behind the engine by a moment.
pub fn in_picture(picture: &Picture, app: Ulid) -> Actual {
    let id = app.to_string();
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
        networks: networks.map(|network| resource(&network.id, &network.name, &network.labels, &id)).collect(),
        volumes: volumes.map(|volume| resource(&volume.name, &volume.name, &volume.labels, &id)).collect(),
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

fn resource(id: &str, name: &str, labels: &Labels, app: &str) -> ActualResource {
    let ours = labels.get(LABEL_APP).is_some_and(|label| label == app);
    ActualResource {
        id: id.to_owned(),
        name: name.to_owned(),
        hash: if ours { labels.get(LABEL_HASH).cloned() } else { None },
        ours,
    }
}
