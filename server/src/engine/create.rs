//! Our specs as the Engine API's bodies.

use std::collections::{BTreeMap, HashMap};
use std::str::FromStr;

use bollard::models::{
    ContainerCreateBody, DeviceMapping, DeviceRequest, EndpointIpamConfig, EndpointSettings, HealthConfig, HostConfig,
    HostConfigLogConfig, Ipam, IpamConfig, Mount, MountBindOptions, MountImageOptions, MountTmpfsOptions, MountType,
    MountVolumeOptions, NetworkCreateRequest, NetworkingConfig, PortBinding, ResourcesBlkioWeightDevice,
    ResourcesUlimits, RestartPolicy, ThrottleDevice, VolumeCreateRequest,
};

use super::error::Error;
use super::spec::{
    ContainerSpec, HealthcheckSpec, MountSpec, NetworkAttachment, NetworkSpec, PortSpec, Recursion, VolumeSpec,
};

fn some<T: Default + PartialEq>(value: T) -> Option<T> {
    (value != T::default()).then_some(value)
}

fn map(values: &BTreeMap<String, String>) -> Option<HashMap<String, String>> {
    some(values.iter().map(|(name, value)| (name.clone(), value.clone())).collect())
}

fn word<T: FromStr>(what: &str, word: &str) -> Result<T, Error> {
    word.parse().map_err(|_| Error::InvalidSpec(format!("{what}: {word}")))
}

fn optional_word<T: FromStr>(what: &str, value: Option<&String>) -> Result<Option<T>, Error> {
    value.map(|value| word(what, value)).transpose()
}

/// The body that creates a container, with its first network.
pub(super) fn container(spec: &ContainerSpec, version: (usize, usize)) -> Result<ContainerCreateBody, Error> {
    let mut exposed: Vec<String> = spec.expose.iter().map(|port| with_protocol(port)).collect();
    exposed.extend(spec.ports.iter().map(port_name));
    exposed.sort();
    exposed.dedup();
    let networking_config = spec.networks.first().filter(|_| spec.network_mode.is_none()).map(|network| {
        let settings = endpoint(network, version);
        NetworkingConfig { endpoints_config: Some(HashMap::from([(network.name.clone(), settings)])) }
    });
    Ok(ContainerCreateBody {
        hostname: spec.hostname.clone(),
        domainname: spec.domainname.clone(),
        user: spec.user.clone(),
        attach_stdin: Some(false),
        attach_stdout: Some(false),
        attach_stderr: Some(false),
        exposed_ports: some(exposed),
        tty: Some(spec.tty),
        open_stdin: Some(spec.stdin_open),
        env: some(spec.env.clone()),
        cmd: spec.command.clone(),
        healthcheck: spec.healthcheck.as_ref().map(|check| healthcheck(check, version)),
        image: Some(spec.image.clone()),
        working_dir: spec.working_dir.clone(),
        entrypoint: spec.entrypoint.clone(),
        labels: map(&spec.labels),
        stop_signal: spec.stop_signal.clone(),
        stop_timeout: spec.stop_grace_secs.and_then(|secs| i64::try_from(secs).ok()),
        host_config: Some(host_config(spec, version)?),
        networking_config,
        ..ContainerCreateBody::default()
    })
}

fn host_config(spec: &ContainerSpec, version: (usize, usize)) -> Result<HostConfig, Error> {
    let (binds, mounts) = mounts(&spec.mounts, version)?;
    let mut port_bindings: HashMap<String, Option<Vec<PortBinding>>> = HashMap::new();
    for port in &spec.ports {
        port_bindings.entry(port_name(port)).or_default().get_or_insert_default().push(PortBinding {
            host_ip: port.host_ip.clone(),
            host_port: Some(port.host_port.map_or_else(String::new, |port| port.to_string())),
        });
    }
    let network_mode = spec.network_mode.clone().or_else(|| spec.networks.first().map(|network| network.name.clone()));
    Ok(HostConfig {
        cpu_shares: spec.cpu_shares,
        memory: spec.memory_bytes,
        cgroup_parent: spec.cgroup_parent.clone(),
        blkio_weight: spec.blkio.weight,
        blkio_weight_device: some(
            spec.blkio
                .weight_device
                .iter()
                .map(|(path, weight)| ResourcesBlkioWeightDevice {
                    path: Some(path.clone()),
                    weight: Some(usize::from(*weight)),
                })
                .collect(),
        ),
        blkio_device_read_bps: throttle(&spec.blkio.device_read_bps),
        blkio_device_write_bps: throttle(&spec.blkio.device_write_bps),
        blkio_device_read_iops: throttle(&spec.blkio.device_read_iops),
        blkio_device_write_iops: throttle(&spec.blkio.device_write_iops),
        cpu_period: spec.cpu_period,
        cpu_quota: spec.cpu_quota,
        cpu_realtime_period: spec.cpu_realtime_period,
        cpu_realtime_runtime: spec.cpu_realtime_runtime,
        cpuset_cpus: spec.cpuset.clone(),
        cpuset_mems: spec.cpuset_mems.clone(),
        devices: some(
            spec.devices
                .iter()
                .map(|device| DeviceMapping {
                    path_on_host: Some(device.source.clone()),
                    path_in_container: Some(device.target.clone()),
                    cgroup_permissions: some(device.permissions.clone()),
                })
                .collect(),
        ),
        device_cgroup_rules: some(spec.device_cgroup_rules.clone()),
        device_requests: some(
            spec.device_requests
                .iter()
                .map(|request| DeviceRequest {
                    driver: some(request.driver.clone()),
                    count: request.count,
                    device_ids: some(request.device_ids.clone()),
                    capabilities: some(request.capabilities.clone()),
                    options: map(&request.options),
                })
                .collect(),
        ),
        memory_reservation: spec.memory_reservation_bytes,
        memory_swap: spec.memory_swap_bytes,
        memory_swappiness: spec.memory_swappiness,
        nano_cpus: spec.nano_cpus,
        oom_kill_disable: spec.oom_kill_disable,
        init: spec.init,
        pids_limit: spec.pids_limit,
        ulimits: some(
            spec.ulimits
                .iter()
                .map(|limit| ResourcesUlimits {
                    name: Some(limit.name.clone()),
                    soft: Some(limit.soft),
                    hard: Some(limit.hard),
                })
                .collect(),
        ),
        binds: some(binds),
        // without a driver the options are for the engine's own
        log_config: (spec.log_driver.is_some() || !spec.log_options.is_empty()).then(|| HostConfigLogConfig {
            typ: Some(spec.log_driver.clone().unwrap_or_default()),
            config: map(&spec.log_options),
        }),
        network_mode,
        port_bindings: some(port_bindings),
        restart_policy: Some(RestartPolicy {
            name: Some(word("restart", if spec.restart.name.is_empty() { "no" } else { &spec.restart.name })?),
            maximum_retry_count: some(i64::from(spec.restart.max_retries)),
        }),
        volumes_from: some(spec.volumes_from.clone()),
        mounts: some(mounts),
        tmpfs: some(tmpfs(&spec.mounts)),
        annotations: map(&spec.annotations).filter(|_| version >= (1, 43)),
        cap_add: some(spec.cap_add.clone()),
        cap_drop: some(spec.cap_drop.clone()),
        cgroupns_mode: optional_word("cgroup", spec.cgroup.as_ref())?,
        dns: some(spec.dns.clone()),
        dns_options: some(spec.dns_opt.clone()),
        dns_search: some(spec.dns_search.clone()),
        extra_hosts: some(spec.extra_hosts.clone()),
        group_add: some(spec.group_add.clone()),
        ipc_mode: spec.ipc.clone(),
        links: some(spec.links.clone()),
        oom_score_adj: spec.oom_score_adj,
        pid_mode: spec.pid.clone(),
        privileged: Some(spec.privileged),
        readonly_rootfs: Some(spec.read_only),
        security_opt: some(spec.security_opt.clone()),
        storage_opt: map(&spec.storage_opt),
        uts_mode: spec.uts.clone(),
        userns_mode: spec.userns.clone(),
        shm_size: spec.shm_size_bytes,
        sysctls: map(&spec.sysctls),
        runtime: spec.runtime.clone(),
        isolation: optional_word("isolation", spec.isolation.as_ref())?,
        ..HostConfig::default()
    })
}

fn port_name(port: &PortSpec) -> String {
    let protocol = if port.protocol.is_empty() { "tcp" } else { &port.protocol };
    format!("{}/{protocol}", port.container_port)
}

fn with_protocol(port: &str) -> String {
    if port.contains('/') { port.to_owned() } else { format!("{port}/tcp") }
}

fn healthcheck(check: &HealthcheckSpec, version: (usize, usize)) -> HealthConfig {
    HealthConfig {
        test: Some(check.test.clone()),
        interval: check.interval_nanos,
        timeout: check.timeout_nanos,
        retries: check.retries,
        start_period: check.start_period_nanos,
        start_interval: check.start_interval_nanos.filter(|_| version >= (1, 44)),
    }
}

fn throttle(rates: &BTreeMap<String, i64>) -> Option<Vec<ThrottleDevice>> {
    some(rates.iter().map(|(path, rate)| ThrottleDevice { path: Some(path.clone()), rate: Some(*rate) }).collect())
}

/// Memory mounts with options, which every engine takes in this form only.
fn tmpfs(specs: &[MountSpec]) -> HashMap<String, String> {
    let with_options = |spec: &MountSpec| match spec {
        MountSpec::Tmpfs { target, size_bytes, mode, options } if !options.is_empty() => {
            let mut words = options.clone();
            words.extend(size_bytes.map(|size| format!("size={size}")));
            words.extend(mode.map(|mode| format!("mode={mode:o}")));
            Some((target.clone(), words.join(",")))
        }
        _ => None,
    };
    specs.iter().filter_map(with_options).collect()
}

/// Mounts, and as binds those whose source the engine has to make.
fn mounts(specs: &[MountSpec], version: (usize, usize)) -> Result<(Vec<String>, Vec<Mount>), Error> {
    let (mut binds, mut mounts) = (Vec::new(), Vec::new());
    for spec in specs {
        match spec {
            MountSpec::Volume { name, target, read_only, nocopy, subpath } => {
                if subpath.is_some() && version < (1, 45) {
                    return Err(Error::InvalidSpec(format!("{target}: a volume's subpath needs Docker 26 or newer")));
                }
                mounts.push(Mount {
                    target: Some(target.clone()),
                    source: name.clone(),
                    typ: Some(MountType::VOLUME),
                    read_only: Some(*read_only),
                    volume_options: (*nocopy || subpath.is_some()).then(|| MountVolumeOptions {
                        no_copy: Some(*nocopy),
                        subpath: subpath.clone(),
                        ..MountVolumeOptions::default()
                    }),
                    ..Mount::default()
                });
            }
            MountSpec::Bind { source, target, read_only, propagation, create, selinux, recursive }
                if (*create && *recursive == Recursion::Unsaid) || selinux.is_some() =>
            {
                let mut options = vec![if *read_only { "ro" } else { "rw" }];
                options.extend(propagation.as_deref());
                options.extend(selinux.as_deref());
                binds.push(format!("{source}:{target}:{}", options.join(",")));
            }
            MountSpec::Bind { source, target, read_only, propagation, create, recursive, .. } => mounts.push(Mount {
                target: Some(target.clone()),
                source: Some(source.clone()),
                typ: Some(MountType::BIND),
                read_only: Some(*read_only),
                bind_options: (propagation.is_some() || *create || *recursive != Recursion::Unsaid)
                    .then(|| {
                        Ok::<_, Error>(MountBindOptions {
                            propagation: optional_word("propagation", propagation.as_ref())?,
                            create_mountpoint: create.then_some(true),
                            non_recursive: (*recursive == Recursion::Disabled).then_some(true),
                            read_only_non_recursive: (*recursive == Recursion::Writable).then_some(true),
                            read_only_force_recursive: (*recursive == Recursion::Readonly).then_some(true),
                        })
                    })
                    .transpose()?,
                ..Mount::default()
            }),
            MountSpec::Tmpfs { options, .. } if !options.is_empty() => {}
            MountSpec::Image { source, target, subpath } => {
                if version < (1, 48) {
                    return Err(Error::InvalidSpec(format!("{target}: mounting an image needs Docker 28 or newer")));
                }
                mounts.push(Mount {
                    target: Some(target.clone()),
                    source: Some(source.clone()),
                    typ: Some(MountType::IMAGE),
                    image_options: subpath.as_ref().map(|subpath| MountImageOptions { subpath: Some(subpath.clone()) }),
                    ..Mount::default()
                });
            }
            MountSpec::Tmpfs { target, size_bytes, mode, .. } => mounts.push(Mount {
                target: Some(target.clone()),
                typ: Some(MountType::TMPFS),
                tmpfs_options: (size_bytes.is_some() || mode.is_some()).then(|| MountTmpfsOptions {
                    size_bytes: *size_bytes,
                    mode: mode.map(i64::from),
                    options: None,
                }),
                ..Mount::default()
            }),
        }
    }
    Ok((binds, mounts))
}

/// A container's settings in a network.
pub(super) fn endpoint(network: &NetworkAttachment, version: (usize, usize)) -> EndpointSettings {
    let fixed = network.ipv4.is_some() || network.ipv6.is_some() || !network.link_local_ips.is_empty();
    EndpointSettings {
        aliases: some(network.aliases.clone()),
        ipam_config: fixed.then(|| EndpointIpamConfig {
            ipv4_address: network.ipv4.clone(),
            ipv6_address: network.ipv6.clone(),
            link_local_ips: some(network.link_local_ips.clone()),
        }),
        mac_address: network.mac.clone(),
        gw_priority: network.gw_priority.filter(|_| version >= (1, 48)),
        driver_opts: map(&network.driver_opts),
        ..EndpointSettings::default()
    }
}

/// The body that creates a network.
pub(super) fn network(spec: &NetworkSpec, version: (usize, usize)) -> NetworkCreateRequest {
    let ranges = spec.ipam.iter().map(|range| IpamConfig {
        subnet: range.subnet.clone(),
        ip_range: range.ip_range.clone(),
        gateway: range.gateway.clone(),
        auxiliary_addresses: map(&range.aux_addresses),
    });
    let has_ipam = !spec.ipam.is_empty() || !spec.ipam_driver.is_empty() || !spec.ipam_options.is_empty();
    NetworkCreateRequest {
        name: spec.name.clone(),
        driver: some(spec.driver.clone()),
        internal: Some(spec.internal),
        attachable: Some(spec.attachable),
        enable_ipv4: spec.ipv4.filter(|_| version >= (1, 47)),
        enable_ipv6: Some(spec.ipv6),
        options: map(&spec.options),
        labels: map(&spec.labels),
        ipam: has_ipam.then(|| Ipam {
            driver: some(spec.ipam_driver.clone()),
            config: some(ranges.collect()),
            options: map(&spec.ipam_options),
        }),
        ..NetworkCreateRequest::default()
    }
}

/// The body that creates a volume.
pub(super) fn volume(spec: &VolumeSpec) -> VolumeCreateRequest {
    VolumeCreateRequest {
        name: Some(spec.name.clone()),
        driver: some(spec.driver.clone()),
        driver_opts: map(&spec.options),
        labels: map(&spec.labels),
        ..VolumeCreateRequest::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_becomes_the_engines_body() {
        let spec = ContainerSpec {
            image: "web:1".into(),
            ports: vec![PortSpec { container_port: 80, host_port: Some(8080), ..PortSpec::default() }],
            networks: vec![
                NetworkAttachment { name: "front".into(), aliases: vec!["web".into()], ..Default::default() },
                NetworkAttachment { name: "back".into(), ..Default::default() },
            ],
            mounts: vec![
                MountSpec::Bind {
                    source: "/srv".into(),
                    target: "/data".into(),
                    read_only: true,
                    propagation: None,
                    create: true,
                    selinux: None,
                    recursive: Recursion::default(),
                },
                MountSpec::Volume {
                    name: Some("data".into()),
                    target: "/var".into(),
                    read_only: false,
                    nocopy: true,
                    subpath: None,
                },
            ],
            ..ContainerSpec::default()
        };
        let body = serde_json::to_value(container(&spec, (1, 41)).unwrap()).unwrap();
        assert_eq!(body["HostConfig"]["PortBindings"]["80/tcp"][0]["HostPort"], "8080");
        assert_eq!(body["HostConfig"]["NetworkMode"], "front");
        assert_eq!(body["HostConfig"]["Binds"][0], "/srv:/data:ro");
        assert_eq!(body["HostConfig"]["Mounts"][0]["VolumeOptions"]["NoCopy"], true);
        assert_eq!(body["HostConfig"]["RestartPolicy"]["Name"], "no");
        assert_eq!(body["NetworkingConfig"]["EndpointsConfig"]["front"]["Aliases"][0], "web");
        assert!(body["NetworkingConfig"]["EndpointsConfig"].get("back").is_none());
        assert_eq!(body["ExposedPorts"], serde_json::json!({"80/tcp": {}}));
    }

    #[test]
    fn what_the_engine_does_not_know_is_refused_by_name() {
        let mut spec = ContainerSpec { image: "x".into(), ..ContainerSpec::default() };
        spec.restart.name = "sometimes".into();
        let Err(Error::InvalidSpec(words)) = container(&spec, (1, 41)) else { panic!() };
        assert!(words.contains("sometimes"));
    }
}
