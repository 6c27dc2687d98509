//! A service: what one of its containers is made of.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::{Deploy, ExposedPort, FileMount, Healthcheck, Mount, NetworkAttachment, NetworkMode, Port, RestartPolicy};

/// One entry of the Compose file. What is `None` or empty is as the image or the engine has it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are the Compose specification's own, with their unit in the name or type")]
#[expect(clippy::struct_excessive_bools, reason = "likewise")]
pub struct Service {
    pub image: String,
    pub pull_policy: PullPolicy,
    pub platform: Option<String>,
    /// Words; an empty list is "no command", `None` the image's.
    pub command: Option<Vec<String>>,
    /// Words; an empty list clears the image's, `None` keeps it.
    pub entrypoint: Option<Vec<String>>,
    /// `environment` over `env_file`; `None` takes the image's variable away.
    pub environment: BTreeMap<String, Option<String>>,
    /// `labels` over `label_file`.
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    pub profiles: Vec<String>,
    pub container_name: Option<String>,
    pub hostname: Option<String>,
    pub domainname: Option<String>,
    pub user: Option<String>,
    pub group_add: Vec<String>,
    pub working_dir: Option<String>,
    pub init: Option<bool>,
    pub tty: bool,
    pub stdin_open: bool,
    pub privileged: bool,
    /// The container's own file system is read-only.
    pub read_only: bool,
    pub stop_signal: Option<String>,
    #[serde(rename = "stop_grace_period_ns", with = "super::nanos")]
    pub stop_grace_period: Option<Duration>,
    /// `None` where the file does not say; the engine then does nothing, as with `no`.
    pub restart: Option<RestartPolicy>,
    pub healthcheck: Option<Healthcheck>,
    /// By service; holds what `links`, `volumes_from` and shared namespaces need, too.
    pub depends_on: BTreeMap<String, Dependency>,
    pub deploy: Deploy,
    pub resources: Resources,

    pub ports: Vec<Port>,
    pub expose: Vec<ExposedPort>,
    /// By the network's key; empty only where `network_mode` is set.
    pub networks: BTreeMap<String, NetworkAttachment>,
    pub network_mode: Option<NetworkMode>,
    pub links: Vec<Link>,
    /// Host name to addresses; `host-gateway` is the node.
    pub extra_hosts: BTreeMap<String, Vec<String>>,
    pub dns: Vec<String>,
    pub dns_opt: Vec<String>,
    pub dns_search: Vec<String>,

    /// `volumes` and `tmpfs`, by the file's order.
    pub volumes: Vec<Mount>,
    pub volumes_from: Vec<VolumesFrom>,
    pub configs: Vec<FileMount>,
    pub secrets: Vec<FileMount>,
    pub devices: Vec<Device>,
    pub device_cgroup_rules: Vec<String>,
    /// `gpus` and `deploy.resources.reservations.devices`.
    pub device_requests: Vec<DeviceRequest>,
    pub storage_opt: BTreeMap<String, String>,

    pub cap_add: Vec<String>,
    pub cap_drop: Vec<String>,
    pub security_opt: Vec<String>,
    pub sysctls: BTreeMap<String, String>,
    pub ulimits: BTreeMap<String, Ulimit>,
    pub logging: Option<Logging>,
    pub runtime: Option<String>,
    pub ipc: Option<String>,
    pub pid: Option<String>,
    pub uts: Option<String>,
    pub cgroup: Option<String>,
    pub cgroup_parent: Option<String>,
    pub userns_mode: Option<String>,
}

/// When the image is fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PullPolicy {
    /// When the engine has it not.
    #[default]
    Missing,
    /// Each time.
    Always,
    /// Never.
    Never,
    /// When the last time is this many seconds ago.
    EverySecs(u64),
}

/// What a service waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependency {
    /// The state to wait for.
    pub condition: Condition,
    /// Whether failing to reach it is an error.
    pub required: bool,
    /// Whether this service restarts when that one is replaced.
    pub restart: bool,
}

impl Default for Dependency {
    fn default() -> Self {
        Self { condition: Condition::Started, required: true, restart: false }
    }
}

/// A state to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Condition {
    /// Its containers run.
    #[serde(rename = "service_started")]
    Started,
    /// Its health checks pass.
    #[serde(rename = "service_healthy")]
    Healthy,
    /// It has ended with status 0.
    #[serde(rename = "service_completed_successfully")]
    Completed,
}

/// Limits and shares of the node's means. Sizes are bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are the engine's own, with their unit in the name")]
pub struct Resources {
    pub nano_cpus: Option<i64>,
    /// Swarm: what a node must have free.
    pub reserved_nano_cpus: Option<i64>,
    pub memory_bytes: Option<i64>,
    pub memory_reservation_bytes: Option<i64>,
    /// Memory and swap together; -1 is no limit.
    pub memory_swap_bytes: Option<i64>,
    /// 0 to 100.
    pub memory_swappiness: Option<i64>,
    /// -1 is no limit.
    pub pids: Option<i64>,
    pub cpuset: Option<String>,
    pub cpu_shares: Option<i64>,
    pub cpu_quota_us: Option<i64>,
    pub cpu_period_us: Option<i64>,
    pub cpu_rt_period_us: Option<i64>,
    pub cpu_rt_runtime_us: Option<i64>,
    pub shm_bytes: Option<i64>,
    pub oom_kill_disable: Option<bool>,
    /// -1000 to 1000.
    pub oom_score_adj: Option<i64>,
    pub blkio: Option<Blkio>,
    /// Swarm: kind to number.
    pub generic: BTreeMap<String, i64>,
}

/// Limits of reading and writing block devices. The maps go from the device's path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are the engine's own")]
pub struct Blkio {
    pub weight: Option<u16>,
    pub weight_device: BTreeMap<String, u16>,
    pub device_read_bps: BTreeMap<String, i64>,
    pub device_write_bps: BTreeMap<String, i64>,
    pub device_read_iops: BTreeMap<String, i64>,
    pub device_write_iops: BTreeMap<String, i64>,
}

/// Another name for a service, inside this one's containers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "said above")]
pub struct Link {
    pub service: String,
    pub alias: String,
}

/// All mounts of another service or container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumesFrom {
    /// The service; `None` where it is a container.
    pub service: Option<String>,
    /// The container; `None` where it is a service.
    pub container: Option<String>,
    /// Whether this container may not write to them.
    pub read_only: bool,
}

/// A device of the node in the container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// The path on the node.
    pub source: String,
    /// The path in the container.
    pub target: String,
    /// Out of `r`, `w` and `m`.
    pub permissions: String,
}

/// Devices the engine chooses, such as GPUs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRequest {
    /// Such as `gpu`.
    pub capabilities: Vec<String>,
    /// Such as `nvidia` or `cdi`.
    pub driver: Option<String>,
    /// How many; -1 is all.
    pub count: Option<i64>,
    /// Which ones.
    pub device_ids: Vec<String>,
    /// Options for the driver.
    pub options: BTreeMap<String, String>,
}

/// A limit of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the kernel's own words; -1 is no limit")]
pub struct Ulimit {
    pub soft: i64,
    pub hard: i64,
}

/// Where the engine puts a container's output.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logging {
    /// The driver; `None` is the engine's default.
    pub driver: Option<String>,
    /// Options for the driver.
    pub options: BTreeMap<String, String>,
}
