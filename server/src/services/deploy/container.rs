//! From a service of the Compose model to what the engine is asked to make.

use std::collections::BTreeMap;

use crate::compose::{
    Content, FileMount, HealthTest, MountKind, NetworkMode, PortRange, Project, Propagation, Recursive, RestartPolicy,
    SelinuxLabel, Service,
};
use crate::engine::{
    BlkioSpec, ContainerSpec, DeviceRequestSpec, DeviceSpec, FileSpec, HealthcheckSpec, MountSpec, NetworkAttachment,
    PortSpec, Recursion, RestartSpec, UlimitSpec,
};

/// What the containers of a service are made of. What differs from copy to copy is added by [`Template::copy`].
#[derive(Clone, Debug, Default)]
pub struct Template {
    /// Everything but the name, the image, the number and what is resolved late.
    pub spec: ContainerSpec,
    /// The published ranges, in the order of `spec.ports`.
    ranges: Vec<Option<PortRange>>,
    /// Configs and secrets, put in before the start.
    pub files: Vec<FileSpec>,
    /// Namespaces and volumes of other services' containers.
    pub shares: Vec<Share>,
}

/// Something of another service's container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The other service.
    pub service: String,
    /// What of it.
    pub what: Shared,
}

/// What of another container is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shared {
    /// Its network.
    Network,
    /// Its IPC namespace.
    Ipc,
    /// Its processes.
    Pid,
    /// Its volumes.
    Volumes {
        /// Without writing.
        read_only: bool,
    },
}

impl Template {
    /// The specification of the copy `number`; `containers` gives the id of a container of each shared service.
    pub fn copy(&self, number: u32, containers: &BTreeMap<String, String>) -> ContainerSpec {
        let mut spec = self.spec.clone();
        spec.labels.insert("com.docker.compose.container-number".to_owned(), number.to_string());
        for (port, range) in spec.ports.iter_mut().zip(&self.ranges) {
            // a range has a port for each copy, as far as it goes
            let offset = u16::try_from(number.saturating_sub(1)).unwrap_or(u16::MAX);
            port.host_port = range.map(|range| range.first.saturating_add(offset).min(range.last));
        }
        for share in &self.shares {
            let Some(id) = containers.get(&share.service) else { continue };
            let mode = Some(format!("container:{id}"));
            match share.what {
                Shared::Network => spec.network_mode = mode,
                Shared::Ipc => spec.ipc = mode,
                Shared::Pid => spec.pid = mode,
                Shared::Volumes { read_only } => {
                    spec.volumes_from.push(format!("{id}:{}", if read_only { "ro" } else { "rw" }));
                }
            }
        }
        spec
    }
}

/// The template of a service.
pub fn template(app: &str, project: &Project, name: &str, service: &Service) -> Template {
    let resources = &service.resources;
    let mut spec = ContainerSpec {
        platform: service.platform.clone(),
        command: service.command.clone(),
        entrypoint: service.entrypoint.clone(),
        env: service.environment.iter().map(|(name, value)| assignment(name, value.as_deref())).collect(),
        labels: service.labels.clone(),
        annotations: service.annotations.clone(),
        user: service.user.clone(),
        group_add: service.group_add.clone(),
        working_dir: service.working_dir.clone(),
        hostname: service.hostname.clone(),
        domainname: service.domainname.clone(),
        init: service.init,
        tty: service.tty,
        stdin_open: service.stdin_open,
        stop_signal: service.stop_signal.clone(),
        stop_grace_secs: service.stop_grace_period.map(|grace| grace.as_millis().div_ceil(1_000)).map(to_u64),
        healthcheck: service.healthcheck.as_ref().map(healthcheck),
        restart: restart(service.restart.unwrap_or_default()),
        expose: service.expose.iter().map(|port| format!("{}/{}", port.target, port.protocol.as_str())).collect(),
        extra_hosts: pairs(&service.extra_hosts),
        dns: service.dns.clone(),
        dns_search: service.dns_search.clone(),
        dns_opt: service.dns_opt.clone(),
        cap_add: service.cap_add.clone(),
        cap_drop: service.cap_drop.clone(),
        privileged: service.privileged,
        device_cgroup_rules: service.device_cgroup_rules.clone(),
        security_opt: service.security_opt.clone(),
        sysctls: service.sysctls.clone(),
        shm_size_bytes: resources.shm_bytes,
        memory_bytes: resources.memory_bytes,
        memory_reservation_bytes: resources.memory_reservation_bytes,
        memory_swap_bytes: resources.memory_swap_bytes,
        memory_swappiness: resources.memory_swappiness,
        nano_cpus: resources.nano_cpus,
        cpu_shares: resources.cpu_shares,
        cpu_period: resources.cpu_period_us,
        cpu_quota: resources.cpu_quota_us,
        cpu_realtime_period: resources.cpu_rt_period_us,
        cpu_realtime_runtime: resources.cpu_rt_runtime_us,
        cpuset: resources.cpuset.clone(),
        pids_limit: resources.pids,
        oom_kill_disable: resources.oom_kill_disable,
        oom_score_adj: resources.oom_score_adj,
        uts: service.uts.clone(),
        userns: service.userns_mode.clone(),
        cgroup: service.cgroup.clone(),
        cgroup_parent: service.cgroup_parent.clone(),
        read_only: service.read_only,
        runtime: service.runtime.clone(),
        storage_opt: service.storage_opt.clone(),
        ..ContainerSpec::default()
    };
    spec.devices = service
        .devices
        .iter()
        .map(|device| DeviceSpec {
            source: device.source.clone(),
            target: device.target.clone(),
            permissions: device.permissions.clone(),
        })
        .collect();
    spec.device_requests = service
        .device_requests
        .iter()
        .map(|request| DeviceRequestSpec {
            driver: request.driver.clone().unwrap_or_default(),
            count: request.count,
            device_ids: request.device_ids.clone(),
            capabilities: vec![request.capabilities.clone()],
            options: request.options.clone(),
        })
        .collect();
    spec.ulimits = service
        .ulimits
        .iter()
        .map(|(name, limit)| UlimitSpec { name: name.clone(), soft: limit.soft, hard: limit.hard })
        .collect();
    if let Some(logging) = &service.logging {
        spec.log_driver.clone_from(&logging.driver);
        spec.log_options.clone_from(&logging.options);
    }
    if let Some(blkio) = &resources.blkio {
        spec.blkio = BlkioSpec {
            weight: blkio.weight,
            weight_device: blkio.weight_device.clone(),
            device_read_bps: blkio.device_read_bps.clone(),
            device_write_bps: blkio.device_write_bps.clone(),
            device_read_iops: blkio.device_read_iops.clone(),
            device_write_iops: blkio.device_write_iops.clone(),
        };
    }
    spec.mounts = service.volumes.iter().map(|mount| self::mount(app, project, mount)).collect();
    let shares = join(app, project, name, service, &mut spec);
    let ranges = ports(service, &mut spec);
    Template { spec, ranges, files: files(project, service), shares }
}

fn assignment(name: &str, value: Option<&str>) -> String {
    match value {
        Some(value) => format!("{name}={value}"),
        // a name alone takes the image's variable away
        None => name.to_owned(),
    }
}

fn pairs(hosts: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    hosts.iter().flat_map(|(host, addresses)| addresses.iter().map(move |ip| format!("{host}:{ip}"))).collect()
}

fn to_u64(value: u128) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}

fn restart(policy: RestartPolicy) -> RestartSpec {
    let (name, max_retries) = match policy {
        RestartPolicy::No => ("no", 0),
        RestartPolicy::Always => ("always", 0),
        RestartPolicy::UnlessStopped => ("unless-stopped", 0),
        RestartPolicy::OnFailure(most) => ("on-failure", most.unwrap_or(0)),
    };
    RestartSpec { name: name.to_owned(), max_retries }
}

fn healthcheck(check: &crate::compose::Healthcheck) -> HealthcheckSpec {
    let nanos = |duration: Option<std::time::Duration>| {
        duration.map(|duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX))
    };
    HealthcheckSpec {
        test: match &check.test {
            Some(HealthTest::Disabled) => vec!["NONE".to_owned()],
            _ => check.engine_test(),
        },
        interval_nanos: nanos(check.interval),
        timeout_nanos: nanos(check.timeout),
        start_period_nanos: nanos(check.start_period),
        start_interval_nanos: nanos(check.start_interval),
        retries: check.retries.map(i64::from),
    }
}

/// Fills in the published ports and gives their ranges.
fn ports(service: &Service, spec: &mut ContainerSpec) -> Vec<Option<PortRange>> {
    let mut ranges = Vec::new();
    for port in &service.ports {
        spec.ports.push(PortSpec {
            container_port: port.target,
            protocol: port.protocol.as_str().to_owned(),
            host_ip: port.host_ip.map(|ip| ip.to_string()),
            host_port: None,
        });
        ranges.push(port.published);
    }
    ranges
}

fn mount(app: &str, project: &Project, mount: &crate::compose::Mount) -> MountSpec {
    let (target, read_only) = (mount.target.clone(), mount.read_only);
    match &mount.kind {
        MountKind::Volume { source, nocopy, subpath, labels: _ } => MountSpec::Volume {
            name: source.as_ref().map(|key| {
                let volume = project.volumes.get(key).cloned().unwrap_or_default();
                volume.engine_name(app, key)
            }),
            target,
            read_only,
            nocopy: *nocopy,
            subpath: subpath.clone(),
        },
        MountKind::Bind { source, create_host_path, propagation, recursive, selinux } => MountSpec::Bind {
            source: source.clone(),
            target,
            read_only,
            propagation: propagation.map(|propagation| propagation_word(propagation).to_owned()),
            create: *create_host_path,
            selinux: selinux.map(|label| match label {
                SelinuxLabel::Shared => "z".to_owned(),
                SelinuxLabel::Private => "Z".to_owned(),
            }),
            recursive: match recursive {
                None | Some(Recursive::Enabled) => Recursion::Unsaid,
                Some(Recursive::Disabled) => Recursion::Disabled,
                Some(Recursive::Writable) => Recursion::Writable,
                Some(Recursive::Readonly) => Recursion::Readonly,
            },
        },
        MountKind::Tmpfs { size_bytes, mode, options } => {
            MountSpec::Tmpfs { target, size_bytes: *size_bytes, mode: *mode, options: options.clone() }
        }
        MountKind::Image { source, subpath } => {
            MountSpec::Image { source: source.clone(), target, subpath: subpath.clone() }
        }
    }
}

fn propagation_word(propagation: Propagation) -> &'static str {
    match propagation {
        Propagation::Private => "private",
        Propagation::Rprivate => "rprivate",
        Propagation::Shared => "shared",
        Propagation::Rshared => "rshared",
        Propagation::Slave => "slave",
        Propagation::Rslave => "rslave",
    }
}

/// Fills in networks and namespaces; gives what is another service's.
fn join(app: &str, project: &Project, name: &str, service: &Service, spec: &mut ContainerSpec) -> Vec<Share> {
    let mut shares = Vec::new();
    let mut share = |service: &str, what| shares.push(Share { service: service.to_owned(), what });
    match &service.network_mode {
        None => {}
        Some(NetworkMode::None) => spec.network_mode = Some("none".to_owned()),
        Some(NetworkMode::Host) => spec.network_mode = Some("host".to_owned()),
        Some(NetworkMode::Bridge) => spec.network_mode = Some("bridge".to_owned()),
        Some(NetworkMode::Named(network)) => spec.network_mode = Some(network.clone()),
        Some(NetworkMode::Container(container)) => spec.network_mode = Some(format!("container:{container}")),
        Some(NetworkMode::Service(other)) => share(other, Shared::Network),
    }
    for (value, slot, what) in [(&service.ipc, &mut spec.ipc, Shared::Ipc), (&service.pid, &mut spec.pid, Shared::Pid)]
    {
        match value.as_deref().and_then(|value| value.strip_prefix("service:")) {
            Some(other) => share(other, what),
            None => slot.clone_from(value),
        }
    }
    for from in &service.volumes_from {
        let what = Shared::Volumes { read_only: from.read_only };
        match (&from.service, &from.container) {
            (Some(other), _) => share(other, what),
            (None, Some(container)) => {
                spec.volumes_from.push(format!("{container}:{}", if from.read_only { "ro" } else { "rw" }));
            }
            (None, None) => {}
        }
    }
    let mut attachments: Vec<_> = service.networks.iter().collect();
    attachments.sort_by(|(a_key, a), (b_key, b)| b.priority.cmp(&a.priority).then_with(|| a_key.cmp(b_key)));
    for (key, attachment) in attachments {
        let network = project.networks.get(key).cloned().unwrap_or_default();
        let mut aliases = vec![name.to_owned()];
        aliases.extend(attachment.aliases.iter().cloned());
        aliases.extend(link_aliases(project, name, key));
        aliases.dedup();
        spec.networks.push(NetworkAttachment {
            name: network.engine_name(app, key),
            aliases,
            ipv4: attachment.ipv4_address.map(|ip| ip.to_string()),
            ipv6: attachment.ipv6_address.map(|ip| ip.to_string()),
            link_local_ips: attachment.link_local_ips.iter().map(ToString::to_string).collect(),
            mac: attachment.mac_address.clone(),
            gw_priority: (attachment.gw_priority != 0).then_some(attachment.gw_priority),
            driver_opts: attachment.driver_opts.clone(),
        });
    }
    shares
}

/// The names under which other services of the network link to this one.
fn link_aliases(project: &Project, name: &str, network: &str) -> Vec<String> {
    let mut aliases: Vec<String> = project
        .services
        .values()
        .filter(|other| other.networks.contains_key(network))
        .flat_map(|other| &other.links)
        .filter(|link| link.service == name && link.alias != name)
        .map(|link| link.alias.clone())
        .collect();
    aliases.sort_unstable();
    aliases.dedup();
    aliases
}

/// The configs and secrets of a service as files.
fn files(project: &Project, service: &Service) -> Vec<FileSpec> {
    let configs = service.configs.iter().map(|mount| (mount, project.configs.get(&mount.source)));
    let secrets = service.secrets.iter().map(|mount| (mount, project.secrets.get(&mount.source)));
    configs.chain(secrets).filter_map(|(mount, object)| Some(file(mount, object?.content.as_ref()?))).collect()
}

fn file(mount: &FileMount, content: &Content) -> FileSpec {
    let number = |text: &Option<String>| text.as_deref().and_then(|text| text.parse().ok()).unwrap_or(0);
    FileSpec {
        path: mount.target.clone(),
        bytes: content.as_str().as_bytes().to_vec(),
        mode: mount.mode.unwrap_or(0o444),
        uid: number(&mount.uid),
        gid: number(&mount.gid),
    }
}
