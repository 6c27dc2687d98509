//! What a new app would take from others on the same engine.

use std::collections::BTreeMap;

use api::policy::PolicyRule;
use api::{FieldProblem, Message};

use super::policy::Allowance;
use crate::compose::Project;
use crate::engine::{LABEL_APP, LABEL_COMPOSE_PROJECT, LABEL_PROJECT, Picture};
use crate::services::Error;

type Labels = BTreeMap<String, String>;

/// Whether something with these labels was made for the app of this name in this project.
pub fn is_ours(labels: &Labels, project: &str, app: &str) -> bool {
    let says = |label: &str, value: &str| labels.get(label).is_some_and(|found| found == value);
    labels.contains_key(LABEL_APP) && says(LABEL_COMPOSE_PROJECT, app) && says(LABEL_PROJECT, project)
}

/// Refuses the name of a Compose project that somebody else has on the engine: another project's app, or one made with
/// another tool. Both get the same words, so that nobody learns of other projects.
pub fn name(picture: &Picture, project: &str, name: &str) -> Result<(), Error> {
    let foreign = |labels: &Labels| {
        labels.get(LABEL_COMPOSE_PROJECT).is_some_and(|app| app == name) && !is_ours(labels, project, name)
    };
    let containers = picture.containers.iter().map(|container| &container.labels);
    let networks = picture.networks.iter().map(|network| &network.labels);
    let volumes = picture.volumes.iter().map(|volume| &volume.labels);
    if containers.chain(networks).chain(volumes).any(foreign) {
        return Err(Error::Conflict(Message::new("app.name.taken").with("name", name)));
    }
    Ok(())
}

/// Refuses volumes and networks that are there and were not made for this app, unless others' objects may be asked for.
pub fn objects(
    picture: &Picture,
    allowance: &Allowance,
    project: &str,
    app: &str,
    model: &Project,
) -> Result<(), Error> {
    if allowance.allows(PolicyRule::ForeignObjects) {
        return Ok(());
    }
    for (key, volume) in &model.volumes {
        let name = volume.engine_name(app, key);
        if picture.find_volume(&name).is_some_and(|found| !is_ours(&found.labels, project, app)) {
            return Err(Error::Conflict(Message::new("app.volume.foreign").with("volume", name)));
        }
    }
    for (key, network) in &model.networks {
        let name = network.engine_name(app, key);
        if picture.find_network(&name).is_some_and(|found| !is_ours(&found.labels, project, app)) {
            return Err(Error::Conflict(Message::new("app.network.foreign").with("network", name)));
        }
    }
    Ok(())
}

/// The fixed ports that running containers of others hold.
pub fn ports(picture: &Picture, project: &str, app: &str, model: &Project) -> Vec<FieldProblem> {
    let mut problems = Vec::new();
    for (service, spec) in &model.services {
        for (place, port) in spec.ports.iter().enumerate() {
            let Some(number) = port.published.and_then(crate::compose::PortRange::single) else { continue };
            let holder = picture.containers.iter().find(|container| {
                !is_ours(&container.labels, project, app)
                    && container
                        .ports
                        .iter()
                        .any(|held| held.host_port == Some(number) && held.protocol == port.protocol.as_str())
            });
            if holder.is_some() {
                let message = Message::new("app.port.taken").with("port", number);
                problems.push(FieldProblem::new(format!("compose.services.{service}.ports[{place}]"), message));
            }
        }
    }
    problems
}
