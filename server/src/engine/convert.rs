//! Engines' answers as the contract's types.

use std::collections::BTreeMap;

use api::OffsetDateTime;
use api::cluster::{DiskShare, DiskUsage, EngineFacts};
use api::container::{Container, ContainerDetail, ContainerNetwork, ContainerState, Health, HealthCheck, Mount, Port};
use api::image::{HistoryEntry, Image, ImageDetail};
use api::network::Network;
use api::volume::Volume;
use time::format_description::well_known::Rfc3339;

use super::spec::{LABEL_COMPOSE_PROJECT, LABEL_COMPOSE_SERVICE, LABEL_PROJECT};
use super::wire;

/// The longest output of a health check that is kept.
const HEALTH_OUTPUT_BYTES: usize = 4096;

/// The time a text names; `None` for the engine's zero.
pub(super) fn moment(text: &str) -> Option<OffsetDateTime> {
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    (time.year() > 1).then(|| time.to_offset(time::UtcOffset::UTC))
}

fn unix(secs: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(secs).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// The state behind an engine's word, Docker's or Podman's.
pub(super) fn state(word: &str) -> ContainerState {
    match word.to_ascii_lowercase().as_str() {
        "running" | "stopping" => ContainerState::Running,
        "restarting" => ContainerState::Restarting,
        "paused" => ContainerState::Paused,
        "created" | "configured" | "initialized" => ContainerState::Created,
        "exited" | "stopped" => ContainerState::Exited,
        "removing" => ContainerState::Removing,
        "dead" => ContainerState::Dead,
        _ => ContainerState::Unknown,
    }
}

fn health(word: &str) -> Option<Health> {
    match word {
        "starting" => Some(Health::Starting),
        "healthy" => Some(Health::Healthy),
        "unhealthy" => Some(Health::Unhealthy),
        _ => None,
    }
}

/// The health and the exit code that a row's status tells: `Up 2 minutes (healthy)`, `Exited (137) 3 hours ago`.
pub(super) fn status(text: &str) -> (Option<Health>, Option<i64>) {
    let inner = text.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map_or("", |(inner, _)| inner);
    if text.starts_with("Up") {
        let word = inner.strip_prefix("health: ").unwrap_or(inner);
        return (health(word), None);
    }
    (None, inner.parse().ok())
}

fn name_of(names: &[String]) -> String {
    // A linked container has further names, `/other/alias`.
    let name = names.iter().find(|name| name.trim_start_matches('/').find('/').is_none()).or(names.first());
    name.map_or_else(String::new, |name| name.trim_start_matches('/').to_owned())
}

fn mounts(points: Vec<wire::MountPoint>) -> Vec<Mount> {
    let mut mounts: Vec<_> = points
        .into_iter()
        .map(|point| Mount {
            source: if point.r#type == "volume" { point.name } else { point.source },
            kind: point.r#type,
            target: point.destination,
            read_only: !point.rw,
        })
        .collect();
    mounts.sort_by(|a, b| a.target.cmp(&b.target));
    mounts
}

fn networks(networks: BTreeMap<String, wire::EndpointSettings>) -> Vec<ContainerNetwork> {
    networks
        .into_iter()
        .map(|(name, settings)| ContainerNetwork {
            name,
            ip_address: if settings.ip_address.is_empty() { settings.ipv6_address } else { settings.ip_address },
            aliases: settings.aliases,
        })
        .collect()
}

/// The container a row of the list tells of; what only an inspection knows stays empty.
pub(super) fn container_row(row: wire::ContainerRow) -> Container {
    let (health, exit_code) = status(&row.status);
    let state = state(&row.state);
    let mut ports: Vec<_> = row
        .ports
        .into_iter()
        .map(|port| Port {
            container_port: port.private_port,
            protocol: port.r#type,
            host_port: (port.public_port != 0).then_some(port.public_port),
            host_ip: (port.public_port != 0 && !port.ip.is_empty()).then_some(port.ip),
        })
        .collect();
    ports.sort();
    ports.dedup();
    Container {
        name: name_of(&row.names),
        id: row.id,
        image: row.image,
        image_id: row.image_id,
        state,
        health,
        exit_code: if is_up(state) { None } else { exit_code },
        oom_killed: false,
        created_at: unix(row.created),
        started_at: None,
        finished_at: None,
        ports,
        networks: networks(row.network_settings.networks),
        mounts: mounts(row.mounts),
        project: row.labels.get(LABEL_PROJECT).cloned(),
        app: row.labels.get(LABEL_COMPOSE_PROJECT).cloned(),
        service: row.labels.get(LABEL_COMPOSE_SERVICE).cloned(),
        labels: row.labels,
        cpu_percent: None,
        memory_bytes: None,
    }
}

fn is_up(state: ContainerState) -> bool {
    matches!(state, ContainerState::Running | ContainerState::Paused)
}

/// The container an inspection tells of.
pub(super) fn container(inspect: &mut wire::ContainerInspect) -> Container {
    let now = &inspect.state;
    let state = state(&now.status);
    let labels = std::mem::take(&mut inspect.config.labels);
    let mut ports = Vec::new();
    for (name, bindings) in std::mem::take(&mut inspect.network_settings.ports) {
        let (number, protocol) = name.split_once('/').unwrap_or((&name, "tcp"));
        let Ok(container_port) = number.parse() else { continue };
        let protocol = protocol.to_owned();
        match bindings.filter(|bindings| !bindings.is_empty()) {
            Some(bindings) => ports.extend(bindings.into_iter().map(|binding| Port {
                container_port,
                protocol: protocol.clone(),
                host_port: binding.host_port.parse().ok(),
                host_ip: (!binding.host_ip.is_empty()).then_some(binding.host_ip),
            })),
            None => ports.push(Port { container_port, protocol, host_port: None, host_ip: None }),
        }
    }
    ports.sort();
    ports.dedup();
    Container {
        name: inspect.name.trim_start_matches('/').to_owned(),
        id: inspect.id.clone(),
        image: inspect.config.image.clone(),
        image_id: inspect.image.clone(),
        state,
        health: if is_up(state) { health(&now.health.status) } else { None },
        exit_code: match state {
            ContainerState::Exited | ContainerState::Dead | ContainerState::Restarting => Some(now.exit_code),
            _ => None,
        },
        oom_killed: now.oom_killed,
        created_at: moment(&inspect.created).unwrap_or(OffsetDateTime::UNIX_EPOCH),
        started_at: moment(&now.started_at),
        finished_at: moment(&now.finished_at),
        ports,
        networks: networks(std::mem::take(&mut inspect.network_settings.networks)),
        mounts: mounts(std::mem::take(&mut inspect.mounts)),
        project: labels.get(LABEL_PROJECT).cloned(),
        app: labels.get(LABEL_COMPOSE_PROJECT).cloned(),
        service: labels.get(LABEL_COMPOSE_SERVICE).cloned(),
        labels,
        cpu_percent: None,
        memory_bytes: None,
    }
}

/// Everything a container's page shows.
#[allow(clippy::cast_precision_loss)] // limits are far below 2^52
pub(super) fn container_detail(mut inspect: wire::ContainerInspect) -> ContainerDetail {
    let container = container(&mut inspect);
    let host = inspect.host_config;
    let cpu_limit = if host.nano_cpus > 0 {
        Some(host.nano_cpus as f64 / 1e9)
    } else if host.cpu_quota > 0 {
        let period = if host.cpu_period > 0 { host.cpu_period } else { 100_000 };
        Some(host.cpu_quota as f64 / period as f64)
    } else {
        None
    };
    ContainerDetail {
        container,
        command: inspect.config.cmd.0,
        entrypoint: inspect.config.entrypoint.0,
        environment: inspect.config.env,
        working_dir: inspect.config.working_dir,
        user: inspect.config.user,
        hostname: inspect.config.hostname,
        restart_policy: match host.restart_policy.name {
            name if name.is_empty() => "no".to_owned(),
            name => name,
        },
        restart_count: inspect.restart_count,
        tty: inspect.config.tty,
        pid: u64::from(inspect.state.pid),
        memory_limit_bytes: u64::try_from(host.memory).ok().filter(|limit| *limit > 0),
        cpu_limit,
        privileged: host.privileged,
        log_driver: host.log_config.r#type,
        error: inspect.state.error,
        health_log: inspect.state.health.log.into_iter().filter_map(health_run).collect(),
    }
}

fn health_run(run: wire::HealthRun) -> Option<HealthCheck> {
    let mut output = run.output;
    if output.len() > HEALTH_OUTPUT_BYTES {
        let end = output.floor_char_boundary(HEALTH_OUTPUT_BYTES);
        output.truncate(end);
    }
    Some(HealthCheck { at: moment(&run.start)?, exit_code: run.exit_code, output })
}

fn names(names: Vec<String>) -> Vec<String> {
    let mut names: Vec<_> = names.into_iter().filter(|name| !name.contains("<none>")).collect();
    names.sort();
    names
}

/// The image a row of the list tells of; the picture counts its containers.
pub(super) fn image_row(row: wire::ImageRow) -> Image {
    Image {
        id: row.id,
        tags: names(row.repo_tags),
        digests: names(row.repo_digests),
        created_at: unix(row.created),
        size_bytes: u64::try_from(row.size).unwrap_or(0),
        containers: 0,
        labels: row.labels,
    }
}

/// Everything an image's page shows; who uses it is the picture's to say.
pub(super) fn image_detail(inspect: wire::ImageInspect, history: Vec<wire::HistoryRow>) -> ImageDetail {
    let config = inspect.config;
    let mut history: Vec<_> = history
        .into_iter()
        .map(|row| HistoryEntry {
            created_at: unix(row.created),
            created_by: row.created_by,
            size_bytes: u64::try_from(row.size).unwrap_or(0),
            comment: row.comment,
            tags: names(row.tags),
        })
        .collect();
    history.reverse();
    ImageDetail {
        image: Image {
            id: inspect.id,
            tags: names(inspect.repo_tags),
            digests: names(inspect.repo_digests),
            created_at: moment(&inspect.created).unwrap_or(OffsetDateTime::UNIX_EPOCH),
            size_bytes: u64::try_from(inspect.size).unwrap_or(0),
            containers: 0,
            labels: config.labels,
        },
        architecture: inspect.architecture,
        os: inspect.os,
        author: inspect.author,
        command: config.cmd.0,
        entrypoint: config.entrypoint.0,
        environment: config.env,
        exposed_ports: config.exposed_ports.0,
        volumes: config.volumes.0,
        working_dir: config.working_dir,
        user: config.user,
        healthcheck: config.healthcheck.test,
        layers: inspect.root_fs.layers,
        history,
        used_by: Vec::new(),
    }
}

/// The network a row of the list tells of; the picture counts its containers.
pub(super) fn network_row(row: wire::NetworkRow) -> Network {
    Network {
        id: row.id,
        name: row.name,
        driver: row.driver,
        scope: row.scope,
        internal: row.internal,
        subnets: row.ipam.config.into_iter().map(|range| range.subnet).filter(|subnet| !subnet.is_empty()).collect(),
        created_at: moment(&row.created).unwrap_or(OffsetDateTime::UNIX_EPOCH),
        app: row.labels.get(LABEL_COMPOSE_PROJECT).cloned(),
        containers: 0,
        labels: row.labels,
    }
}

/// The volume a row of the list tells of; the picture knows who uses it.
pub(super) fn volume_row(row: wire::VolumeRow) -> Volume {
    Volume {
        name: row.name,
        driver: row.driver,
        mountpoint: row.mountpoint,
        created_at: moment(&row.created_at),
        app: row.labels.get(LABEL_COMPOSE_PROJECT).cloned(),
        used_by: Vec::new(),
        labels: row.labels,
    }
}

/// What an engine says of itself.
pub(super) fn facts(info: wire::Info, product: &wire::Version, podman: bool, api: (usize, usize)) -> EngineFacts {
    EngineFacts {
        product: if podman { "Podman Engine" } else { "Docker Engine" }.to_owned(),
        version: product.version.clone(),
        api_version: format!("{}.{}", api.0, api.1),
        operating_system: info.operating_system,
        kernel: info.kernel_version,
        architecture: info.architecture,
        hostname: info.name,
        cpus: info.cpus,
        memory_bytes: info.mem_total,
        storage_driver: info.driver,
        data_root: info.docker_root_dir,
        cgroup_version: info.cgroup_version.trim_start_matches('v').to_owned(),
        logging_driver: info.logging_driver,
        warnings: info.warnings,
    }
}

/// The disk an engine says it uses.
pub(super) fn disk_usage(usage: &wire::DiskUsage) -> DiskUsage {
    let size = |bytes: i64| u64::try_from(bytes).unwrap_or(0);
    let share = |parts: &mut dyn Iterator<Item = (u64, bool)>| {
        parts.fold(DiskShare::default(), |mut share, (bytes, in_use)| {
            share.count += 1;
            share.size_bytes += bytes;
            if in_use {
                share.in_use += 1;
            } else {
                share.reclaimable_bytes += bytes;
            }
            share
        })
    };
    let mut images = share(
        &mut usage.images.iter().map(|image| (size(image.size - image.shared_size.max(0)), image.containers > 0)),
    );
    // Layers are shared, so the images' own sizes do not add up to what they take.
    if usage.layers_size > 0 {
        images.size_bytes = size(usage.layers_size);
        images.reclaimable_bytes = images.reclaimable_bytes.min(images.size_bytes);
    }
    DiskUsage {
        images,
        containers: share(
            &mut usage
                .containers
                .iter()
                .map(|row| (size(row.size_rw), matches!(row.state.as_str(), "running" | "paused"))),
        ),
        volumes: share(&mut usage.volumes.iter().map(|row| (size(row.usage_data.size), row.usage_data.ref_count > 0))),
        build_cache: share(
            &mut usage.build_cache.iter().filter(|row| !row.shared).map(|row| (size(row.size), row.in_use)),
        ),
        as_of: OffsetDateTime::now_utc(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_tells_health_and_exit_code() {
        for (text, expected) in [
            ("Up 5 minutes (healthy)", (Some(Health::Healthy), None)),
            ("Up 2 seconds (health: starting)", (Some(Health::Starting), None)),
            ("Up About an hour (unhealthy)", (Some(Health::Unhealthy), None)),
            ("Up 3 days (Paused)", (None, None)),
            ("Up 3 days", (None, None)),
            ("Exited (137) 3 hours ago", (None, Some(137))),
            ("Restarting (1) 5 seconds ago", (None, Some(1))),
            ("Exited (-1) 1 second ago", (None, Some(-1))),
            ("Created", (None, None)),
            ("", (None, None)),
            ("(((", (None, None)),
        ] {
            assert_eq!(status(text), expected, "{text}");
        }
    }

    #[test]
    fn the_zero_of_an_engine_is_no_time() {
        assert_eq!(moment("0001-01-01T00:00:00Z"), None);
        assert_eq!(moment(""), None);
        assert_eq!(moment("2026-01-02T03:04:05.678901234+08:00").unwrap().hour(), 19);
    }

    #[test]
    fn podmans_words_are_known() {
        assert_eq!(state("configured"), ContainerState::Created);
        assert_eq!(state("stopped"), ContainerState::Exited);
        assert_eq!(state("nonsense"), ContainerState::Unknown);
    }

    #[test]
    fn an_own_name_wins_over_a_links_alias() {
        assert_eq!(name_of(&["/web/db".to_owned(), "/db".to_owned()]), "db");
        assert_eq!(name_of(&[]), "");
    }
}
