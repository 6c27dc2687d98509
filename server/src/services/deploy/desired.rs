//! From a release and what is wanted of it to the question for the planner, and what is needed to carry out the answer.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sha2::{Digest, Sha256};
use ulid::Ulid;

use super::container::{Template, template};
use super::model::{
    Condition, Desired, DesiredResource, DesiredService, Names, Need, OnFailure, Order, Purpose, Restart, Rollout, Wish,
};
use crate::compose::{
    self, DeployMode, FailureAction, MountKind, Project, PullPolicy, RestartPolicy, Service, UpdateConfig, UpdateOrder,
};
use crate::db::app::Intent;
use crate::db::release::Pin;
use crate::engine::{
    IpamSpec, LABEL_APP, LABEL_COMPOSE_PROJECT, LABEL_COMPOSE_SERVICE, LABEL_PROJECT, LABEL_RELEASE, NetworkSpec,
    VolumeSpec,
};

/// The label with the hash of a container's, network's or volume's settings.
pub const LABEL_HASH: &str = "com.docker.compose.config-hash";
/// The label with the number of a copy.
pub const LABEL_NUMBER: &str = "com.docker.compose.container-number";
/// What our labels claim to be written by; `docker compose` refuses none.
const COMPOSE_VERSION: &str = "2.40.0";

/// Whose containers are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The app's id.
    pub id: Ulid,
    /// The app's name.
    pub name: String,
    /// The project's name.
    pub project: String,
    /// The release's number.
    pub release: u32,
}

/// How many copies of a service are wanted.
pub fn replicas(name: &str, service: &Service, intent: &Intent) -> u32 {
    let asked = intent.replicas.get(name).copied();
    asked.unwrap_or(if service.deploy.mode == DeployMode::Global { 1 } else { service.deploy.replicas })
}

/// A release made ready: what is the same for every question about it.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// Whose it is.
    pub identity: Identity,
    /// The model of its Compose file.
    pub project: Project,
    /// Services, each after those it depends on.
    pub order: Vec<String>,
    /// What the containers of each service are made of.
    pub templates: BTreeMap<String, Template>,
    /// The hash of each service's settings.
    pub hashes: BTreeMap<String, String>,
    /// The networks by the engine's name.
    pub networks: BTreeMap<String, NetworkSpec>,
    /// The volumes by the engine's name.
    pub volumes: BTreeMap<String, VolumeSpec>,
    /// The images that its references stand for, by service.
    pub pins: BTreeMap<String, Pin>,
}

impl Prepared {
    /// Makes a release ready.
    pub fn new(identity: Identity, project: Project, pins: BTreeMap<String, Pin>) -> Self {
        let order = match compose::startup_order(&project) {
            Ok(levels) => levels.into_iter().flatten().map(str::to_owned).collect(),
            // a circle was refused when the release was made
            Err(_) => project.services.keys().cloned().collect(),
        };
        let mut templates = BTreeMap::new();
        let mut hashes = BTreeMap::new();
        for (name, service) in &project.services {
            let hash = service.config_hash(&project);
            let mut template = template(&identity.name, &project, name, service);
            template.spec.labels.extend(labels(&identity));
            template.spec.labels.extend([
                (LABEL_COMPOSE_SERVICE.to_owned(), name.clone()),
                (LABEL_HASH.to_owned(), hash.clone()),
                ("com.docker.compose.oneoff".to_owned(), "False".to_owned()),
                ("com.docker.compose.depends_on".to_owned(), depends_on_label(service)),
            ]);
            templates.insert(name.clone(), template);
            hashes.insert(name.clone(), hash);
        }
        let (networks, volumes) = (networks(&identity, &project), volumes(&identity, &project));
        Self { identity, project, order, templates, hashes, networks, volumes, pins }
    }

    /// How many copies of a service are wanted.
    pub fn replicas(&self, service: &str, intent: &Intent) -> u32 {
        self.project.services.get(service).map_or(0, |spec| replicas(service, spec, intent))
    }

    /// Whether the containers of a service are wanted to run.
    pub fn is_wanted(service: &str, intent: &Intent) -> bool {
        !intent.stopped && !intent.stopped_services.contains(service)
    }

    /// Whether another service waits for this one to end well.
    pub fn is_one_shot(&self, service: &str) -> bool {
        let ends = |other: &Service| {
            other.depends_on.get(service).is_some_and(|need| need.condition == compose::Condition::Completed)
        };
        self.project.services.values().any(ends)
    }

    /// The question: what is wanted of this release.
    pub fn desired(&self, intent: &Intent, purpose: Purpose) -> Desired {
        let service = |name: &String| {
            let service = self.project.services.get(name)?;
            let wish = match Self::is_wanted(name, intent) {
                true if intent.revive => Wish::Revive,
                true => Wish::Run,
                false => Wish::Stop,
            };
            Some(DesiredService {
                name: name.clone(),
                replicas: self.replicas(name, intent),
                hash: self.hashes.get(name).cloned().unwrap_or_default(),
                image_id: self.pins.get(name).map(|pin| pin.id.clone()),
                wish,
                names: match &service.container_name {
                    Some(name) => Names::Fixed(name.clone()),
                    None => Names::Numbered(format!("{}-{name}-", self.identity.name)),
                },
                order: order(service, service.deploy.update.as_ref()),
                rollout: rollout(service.deploy.update.as_ref()),
                back: (order(service, back_config(service)), rollout(back_config(service))),
                restart: restart(service),
                depends_on: needs(service),
                shares: self.templates.get(name).map(shared_services).unwrap_or_default(),
                one_shot: self.is_one_shot(name),
                host_ports: host_ports(service),
            })
        };
        let resource = |name: &String, external: bool, hash: Option<&String>| DesiredResource {
            name: name.clone(),
            external,
            hash: hash.cloned().unwrap_or_default(),
        };
        let app = &self.identity.name;
        let external_networks = self.project.networks.iter().filter(|(_, network)| network.external);
        let external_volumes = self.project.volumes.iter().filter(|(_, volume)| volume.external);
        let mut networks: Vec<_> =
            self.networks.iter().map(|(name, spec)| resource(name, false, spec.labels.get(LABEL_HASH))).collect();
        networks.extend(external_networks.map(|(key, network)| resource(&network.engine_name(app, key), true, None)));
        let mut volumes: Vec<_> =
            self.volumes.iter().map(|(name, spec)| resource(name, false, spec.labels.get(LABEL_HASH))).collect();
        volumes.extend(external_volumes.map(|(key, volume)| resource(&volume.engine_name(app, key), true, None)));
        Desired {
            purpose,
            networks,
            volumes,
            services: self.order.iter().filter_map(service).collect(),
            accept_stale: intent.paused,
            ..Desired::default()
        }
    }

    /// The question: what has to be done for the app to go away.
    pub fn removal(&self, volumes: bool) -> Desired {
        let mut desired = self.desired(&Intent::default(), Purpose::Deploy);
        for service in &mut desired.services {
            service.wish = Wish::Remove;
        }
        desired.removed = Some(volumes);
        desired
    }

    /// How long a copy of the service may take to become healthy.
    pub fn health_deadline(&self, service: &str) -> Duration {
        const MARGIN: Duration = Duration::from_secs(30);
        // an image may bring a check with a long start
        const UNKNOWN: Duration = Duration::from_mins(15);
        let Some(check) = self.project.services.get(service).and_then(|service| service.healthcheck.as_ref()) else {
            return UNKNOWN;
        };
        let once = check.interval.unwrap_or(Duration::from_secs(30)) + check.timeout.unwrap_or(Duration::from_secs(30));
        check.start_period.unwrap_or_default() + once * (check.retries.unwrap_or(3) + 1) + MARGIN
    }

    /// When the service's image is fetched.
    pub fn pull_policy(&self, service: &str) -> PullPolicy {
        self.project.services.get(service).map(|service| service.pull_policy).unwrap_or_default()
    }
}

fn labels(identity: &Identity) -> BTreeMap<String, String> {
    BTreeMap::from([
        (LABEL_COMPOSE_PROJECT.to_owned(), identity.name.clone()),
        (
            "com.docker.compose.project.config_files".to_owned(),
            format!("gantry://{}/{}", identity.project, identity.name),
        ),
        ("com.docker.compose.version".to_owned(), COMPOSE_VERSION.to_owned()),
        (LABEL_PROJECT.to_owned(), identity.project.clone()),
        (LABEL_APP.to_owned(), identity.id.to_string()),
        (LABEL_RELEASE.to_owned(), identity.release.to_string()),
    ])
}

/// What Compose writes there: `db:service_healthy:false`.
fn depends_on_label(service: &Service) -> String {
    let word = |condition| match condition {
        compose::Condition::Started => "service_started",
        compose::Condition::Healthy => "service_healthy",
        compose::Condition::Completed => "service_completed_successfully",
    };
    let needs = service.depends_on.iter();
    needs.map(|(name, need)| format!("{name}:{}:{}", word(need.condition), need.restart)).collect::<Vec<_>>().join(",")
}

fn hash(value: &impl serde::Serialize) -> String {
    let json = serde_json::to_vec(value).unwrap_or_default();
    compose::hex(&Sha256::digest(&json))
}

/// The networks to make.
fn networks(identity: &Identity, project: &Project) -> BTreeMap<String, NetworkSpec> {
    let mut made = BTreeMap::new();
    for (key, network) in project.networks.iter().filter(|(_, network)| !network.external) {
        let ipam = network.ipam.clone().unwrap_or_default();
        let text = |ip: &std::net::IpAddr| ip.to_string();
        let mut spec = NetworkSpec {
            name: network.engine_name(&identity.name, key),
            driver: network.driver.clone().unwrap_or_default(),
            options: network.driver_opts.clone(),
            internal: network.internal,
            attachable: network.attachable,
            ipv4: network.enable_ipv4,
            ipv6: network.enable_ipv6.unwrap_or_default(),
            ipam_driver: ipam.driver.unwrap_or_default(),
            ipam_options: ipam.options,
            ipam: ipam
                .config
                .iter()
                .map(|pool| IpamSpec {
                    subnet: pool.subnet.clone(),
                    ip_range: pool.ip_range.clone(),
                    gateway: pool.gateway.as_ref().map(text),
                    aux_addresses: pool.aux_addresses.iter().map(|(name, ip)| (name.clone(), text(ip))).collect(),
                })
                .collect(),
            labels: network.labels.clone(),
        };
        let hash = hash(&spec);
        spec.labels.extend(labels(identity));
        spec.labels.insert("com.docker.compose.network".to_owned(), key.clone());
        spec.labels.insert(LABEL_HASH.to_owned(), hash);
        made.insert(spec.name.clone(), spec);
    }
    made
}

/// The volumes to make.
fn volumes(identity: &Identity, project: &Project) -> BTreeMap<String, VolumeSpec> {
    let mut made = BTreeMap::new();
    for (key, volume) in project.volumes.iter().filter(|(_, volume)| !volume.external) {
        let mut spec = VolumeSpec {
            name: volume.engine_name(&identity.name, key),
            driver: volume.driver.clone().unwrap_or_default(),
            options: volume.driver_opts.clone(),
            labels: volume.labels.clone(),
        };
        let hash = hash(&spec);
        spec.labels.extend(labels(identity));
        spec.labels.insert("com.docker.compose.volume".to_owned(), key.clone());
        spec.labels.insert(LABEL_HASH.to_owned(), hash);
        made.insert(spec.name.clone(), spec);
    }
    made
}

fn shared_services(template: &Template) -> Vec<String> {
    let names: BTreeSet<_> = template.shares.iter().map(|share| share.service.clone()).collect();
    names.into_iter().collect()
}

/// Which copy comes first: what cannot be shared decides before what the file asks for.
fn order(service: &Service, config: Option<&UpdateConfig>) -> Order {
    let asked = config.and_then(|config| config.order);
    let fixed_address = service.networks.values().any(|network| {
        network.ipv4_address.is_some() || network.ipv6_address.is_some() || network.mac_address.is_some()
    });
    let host_network = matches!(service.network_mode, Some(compose::NetworkMode::Host));
    let writes = service.volumes.iter().any(|mount| {
        !mount.read_only && matches!(mount.kind, MountKind::Volume { source: Some(_), .. } | MountKind::Bind { .. })
    });
    match asked {
        _ if !host_ports(service).is_empty() || fixed_address || host_network => Order::StopFirstPort,
        Some(UpdateOrder::StopFirst) => Order::StopFirst,
        None if writes => Order::StopFirstVolume,
        Some(UpdateOrder::StartFirst) | None => Order::StartFirst,
    }
}

fn host_ports(service: &Service) -> Vec<String> {
    let published = service.ports.iter().filter_map(|port| Some((port.published?, port.protocol)));
    published
        .flat_map(|(range, protocol)| (range.first..=range.last).map(move |port| (port, protocol)))
        .map(|(port, protocol)| format!("{port}/{}", protocol.as_str()))
        .collect()
}

/// What is said for the way back, or for updates where nothing is.
fn back_config(service: &Service) -> Option<&UpdateConfig> {
    service.deploy.rollback.as_ref().or(service.deploy.update.as_ref())
}

fn rollout(config: Option<&UpdateConfig>) -> Rollout {
    let Some(config) = config else { return Rollout::default() };
    Rollout {
        parallelism: config.parallelism,
        delay: config.delay.unwrap_or_default(),
        monitor: config.monitor,
        max_failure_ratio: config.max_failure_ratio,
        on_failure: match config.failure_action {
            Some(FailureAction::Pause) => OnFailure::Pause,
            Some(FailureAction::Continue) => OnFailure::Continue,
            Some(FailureAction::Rollback) | None => OnFailure::Rollback,
        },
    }
}

fn restart(service: &Service) -> Restart {
    match service.restart {
        None => Restart::Unsaid,
        Some(RestartPolicy::No) => Restart::No,
        Some(RestartPolicy::Always | RestartPolicy::UnlessStopped) => Restart::Always,
        Some(RestartPolicy::OnFailure(most)) => Restart::OnFailure(most.filter(|most| *most > 0)),
    }
}

fn needs(service: &Service) -> Vec<Need> {
    let condition = |condition| match condition {
        compose::Condition::Started => Condition::Started,
        compose::Condition::Healthy => Condition::Healthy,
        compose::Condition::Completed => Condition::Completed,
    };
    let need = |(name, need): (&String, &compose::Dependency)| Need {
        service: name.clone(),
        condition: condition(need.condition),
        required: need.required,
        restart: need.restart,
    };
    service.depends_on.iter().map(need).collect()
}
