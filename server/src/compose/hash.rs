//! A fingerprint of what a service's containers are made of.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::model::{Deploy, MountKind, Network, Project, PullPolicy, Service, Volume};

#[derive(Serialize)]
struct Fingerprint<'a> {
    service: &'a Service,
    networks: BTreeMap<&'a str, &'a Network>,
    volumes: BTreeMap<&'a str, &'a Volume>,
    /// The hash of the content, or the name where it is external.
    configs: BTreeMap<&'a str, String>,
    secrets: BTreeMap<&'a str, String>,
}

impl Service {
    /// Changes exactly when containers of the service must be made anew: with its own settings, the networks and
    /// volumes it uses and the content of its configs and secrets. How many there are, how they are updated, what
    /// they wait for, which profiles they are in and when the image is pulled do not change it.
    pub fn config_hash(&self, project: &Project) -> String {
        let mut service = self.clone();
        service.deploy = Deploy::default();
        service.pull_policy = PullPolicy::default();
        service.depends_on.clear();
        service.profiles.clear();
        service.resources.reserved_nano_cpus = None;
        service.resources.generic.clear();
        let file = |object: &super::model::FileObject| match &object.content {
            Some(content) => content.sha256(),
            None => object.name.clone().unwrap_or_default(),
        };
        let named_volumes = self.volumes.iter().filter_map(|mount| match &mount.kind {
            MountKind::Volume { source: Some(source), .. } => Some(source),
            _ => None,
        });
        let fingerprint = Fingerprint {
            service: &service,
            networks: self.networks.keys().filter_map(|key| Some((key.as_str(), project.networks.get(key)?))).collect(),
            volumes: named_volumes.filter_map(|key| Some((key.as_str(), project.volumes.get(key)?))).collect(),
            configs: self
                .configs
                .iter()
                .filter_map(|mount| Some((mount.source.as_str(), file(project.configs.get(&mount.source)?))))
                .collect(),
            secrets: self
                .secrets
                .iter()
                .filter_map(|mount| Some((mount.source.as_str(), file(project.secrets.get(&mount.source)?))))
                .collect(),
        };
        // Every map in it is sorted and none has a key that is no text, so this cannot fail.
        let json = serde_json::to_vec(&fingerprint).unwrap_or_default();
        hex(&Sha256::digest(&json))
    }
}

/// Bytes in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(u32::from(digit), 16))
        .collect()
}
