//! What the portal asks an engine to make.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A container to create. Absent and empty fields leave the engine's or the image's default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[allow(clippy::struct_excessive_bools, reason = "the engine's own switches")]
pub struct ContainerSpec {
    /// The container's name.
    pub name: String,
    /// The image, by name or id.
    pub image: String,
    /// The platform as `os[/arch[/variant]]`.
    pub platform: Option<String>,
    /// The command's words; `Some(vec![])` clears the image's.
    pub command: Option<Vec<String>>,
    /// The entry point's words; `Some(vec![])` clears the image's.
    pub entrypoint: Option<Vec<String>>,
    /// Environment variables, `NAME=value`.
    pub env: Vec<String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations for the runtime.
    pub annotations: BTreeMap<String, String>,
    /// Who runs it.
    pub user: Option<String>,
    /// Further groups.
    pub group_add: Vec<String>,
    /// Where the command runs.
    pub working_dir: Option<String>,
    /// Its host name.
    pub hostname: Option<String>,
    /// Its domain name.
    pub domainname: Option<String>,
    /// Whether a small init is the first process.
    pub init: Option<bool>,
    /// Whether it has a terminal.
    pub tty: bool,
    /// Whether its standard input stays open.
    pub stdin_open: bool,
    /// The signal that ends it.
    pub stop_signal: Option<String>,
    /// How long it has to end before it is killed, in seconds.
    pub stop_grace_secs: Option<u64>,
    /// How to see whether it is well.
    pub healthcheck: Option<HealthcheckSpec>,
    /// When the engine starts it again.
    pub restart: RestartSpec,
    /// Ports to publish.
    pub ports: Vec<PortSpec>,
    /// Ports to expose without publishing, `80/tcp`.
    pub expose: Vec<String>,
    /// What is mounted.
    pub mounts: Vec<MountSpec>,
    /// Networks; the first is given at create, the others are joined before start.
    pub networks: Vec<NetworkAttachment>,
    /// `host`, `none`, `container:…`: instead of networks.
    pub network_mode: Option<String>,
    /// Further names, `host:address`.
    pub extra_hosts: Vec<String>,
    /// Name servers.
    pub dns: Vec<String>,
    /// Search domains.
    pub dns_search: Vec<String>,
    /// Resolver options.
    pub dns_opt: Vec<String>,
    /// Capabilities to add.
    pub cap_add: Vec<String>,
    /// Capabilities to drop.
    pub cap_drop: Vec<String>,
    /// Every right on the host.
    pub privileged: bool,
    /// Devices of the host.
    pub devices: Vec<DeviceSpec>,
    /// Rules for further devices, `c 13:* rwm`.
    pub device_cgroup_rules: Vec<String>,
    /// Devices by driver and capability (GPUs).
    pub device_requests: Vec<DeviceRequestSpec>,
    /// Security options.
    pub security_opt: Vec<String>,
    /// Kernel parameters.
    pub sysctls: BTreeMap<String, String>,
    /// Limits of processes.
    pub ulimits: Vec<UlimitSpec>,
    /// The size of `/dev/shm`.
    pub shm_size_bytes: Option<i64>,
    /// The memory limit.
    pub memory_bytes: Option<i64>,
    /// The memory kept free for it under pressure.
    pub memory_reservation_bytes: Option<i64>,
    /// Memory and swap together; -1 is no limit.
    pub memory_swap_bytes: Option<i64>,
    /// How readily it is swapped, 0 to 100.
    pub memory_swappiness: Option<i64>,
    /// Processors in billionths.
    pub nano_cpus: Option<i64>,
    /// The relative weight for processors.
    pub cpu_shares: Option<i64>,
    /// The length of a CFS period, in microseconds.
    pub cpu_period: Option<i64>,
    /// The processor time in each CFS period, in microseconds.
    pub cpu_quota: Option<i64>,
    /// The realtime period, in microseconds.
    pub cpu_realtime_period: Option<i64>,
    /// The realtime runtime, in microseconds.
    pub cpu_realtime_runtime: Option<i64>,
    /// The processors it may use, `0-3`.
    pub cpuset: Option<String>,
    /// The memory nodes it may use.
    pub cpuset_mems: Option<String>,
    /// The most processes; -1 is no limit.
    pub pids_limit: Option<i64>,
    /// Limits of block devices.
    pub blkio: BlkioSpec,
    /// Whether the kernel must not end it for want of memory.
    pub oom_kill_disable: Option<bool>,
    /// How readily the kernel ends it for want of memory.
    pub oom_score_adj: Option<i64>,
    /// The IPC namespace.
    pub ipc: Option<String>,
    /// The PID namespace.
    pub pid: Option<String>,
    /// The UTS namespace.
    pub uts: Option<String>,
    /// The user namespace.
    pub userns: Option<String>,
    /// The cgroup namespace: `host` or `private`.
    pub cgroup: Option<String>,
    /// The parent cgroup.
    pub cgroup_parent: Option<String>,
    /// Whether its root file system can only be read.
    pub read_only: bool,
    /// Containers whose volumes are mounted too.
    pub volumes_from: Vec<String>,
    /// Legacy links, `container:alias`.
    pub links: Vec<String>,
    /// The logging driver.
    pub log_driver: Option<String>,
    /// The logging driver's options.
    pub log_options: BTreeMap<String, String>,
    /// The runtime.
    pub runtime: Option<String>,
    /// Windows isolation.
    pub isolation: Option<String>,
    /// The storage driver's options.
    pub storage_opt: BTreeMap<String, String>,
}

/// A health check.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HealthcheckSpec {
    /// `["NONE"]`, `["CMD", …]` or `["CMD-SHELL", …]`; empty inherits the image's.
    pub test: Vec<String>,
    /// Between two checks, in nanoseconds.
    pub interval_nanos: Option<i64>,
    /// For one check, in nanoseconds.
    pub timeout_nanos: Option<i64>,
    /// While failures do not count, in nanoseconds.
    pub start_period_nanos: Option<i64>,
    /// Between two checks within the start period, in nanoseconds (API 1.44).
    pub start_interval_nanos: Option<i64>,
    /// Failures in a row that make it unhealthy.
    pub retries: Option<i64>,
}

/// When the engine starts a container again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RestartSpec {
    /// `no`, `always`, `unless-stopped` or `on-failure`; empty is `no`.
    pub name: String,
    /// The most restarts of `on-failure`; 0 is no limit.
    pub max_retries: u32,
}

/// A published port.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct PortSpec {
    /// The port inside.
    pub container_port: u16,
    /// `tcp`, `udp` or `sctp`; empty is `tcp`.
    pub protocol: String,
    /// The address on the host; all of them where absent.
    pub host_ip: Option<String>,
    /// The port on the host; the engine chooses one where absent.
    pub host_port: Option<u16>,
}

/// Something to mount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum MountSpec {
    /// A volume.
    Volume {
        /// Its name; `None` is a new one without a name.
        name: Option<String>,
        /// The path inside.
        target: String,
        /// Whether it can only be read.
        read_only: bool,
        /// Whether not to copy the image's files into a new volume.
        nocopy: bool,
        /// The path in the volume (API 1.45).
        subpath: Option<String>,
    },
    /// A path of the host.
    Bind {
        /// The path on the host.
        source: String,
        /// The path inside.
        target: String,
        /// Whether it can only be read.
        read_only: bool,
        /// `rprivate`, `shared` …
        propagation: Option<String>,
        /// Whether to make the path on the host where it is missing.
        create: bool,
        /// `z` or `Z` for SELinux.
        selinux: Option<String>,
        /// Whether mounts below the source come along, and how.
        recursive: Recursion,
    },
    /// Memory.
    Tmpfs {
        /// The path inside.
        target: String,
        /// Its size; half of the memory where absent.
        size_bytes: Option<i64>,
        /// Its permissions.
        mode: Option<u32>,
        /// Further mount options, `noexec`.
        options: Vec<String>,
    },
    /// The files of another image (API 1.48).
    Image {
        /// The image.
        source: String,
        /// The path inside.
        target: String,
        /// The path in the image.
        subpath: Option<String>,
    },
}

impl MountSpec {
    /// The path inside.
    pub fn target(&self) -> &str {
        match self {
            Self::Volume { target, .. }
            | Self::Bind { target, .. }
            | Self::Tmpfs { target, .. }
            | Self::Image { target, .. } => target,
        }
    }
}

/// Whether mounts below a bind mount's source come along.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recursion {
    /// As the engine does it.
    #[default]
    Unsaid,
    /// No.
    Disabled,
    /// Yes, and writable even where the mount is read-only.
    Writable,
    /// Yes, and read-only or not at all.
    Readonly,
}

/// Limits of block devices; the maps go from the device's path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BlkioSpec {
    /// The relative weight.
    pub weight: Option<u16>,
    /// The relative weight for a device.
    pub weight_device: BTreeMap<String, u16>,
    /// Bytes read per second.
    pub device_read_bps: BTreeMap<String, i64>,
    /// Bytes written per second.
    pub device_write_bps: BTreeMap<String, i64>,
    /// Reads per second.
    pub device_read_iops: BTreeMap<String, i64>,
    /// Writes per second.
    pub device_write_iops: BTreeMap<String, i64>,
}

/// A container's place in a network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkAttachment {
    /// The network's name.
    pub name: String,
    /// Names the container answers to.
    pub aliases: Vec<String>,
    /// A fixed address.
    pub ipv4: Option<String>,
    /// A fixed IPv6 address.
    pub ipv6: Option<String>,
    /// Fixed link-local addresses.
    pub link_local_ips: Vec<String>,
    /// A fixed MAC address.
    pub mac: Option<String>,
    /// The highest is the default route (API 1.48).
    pub gw_priority: Option<i64>,
    /// The driver's options (API 1.32).
    pub driver_opts: BTreeMap<String, String>,
}

/// A device of the host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DeviceSpec {
    /// The path on the host.
    pub source: String,
    /// The path inside.
    pub target: String,
    /// Of `rwm`.
    pub permissions: String,
}

/// Devices by driver and capability.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DeviceRequestSpec {
    /// The driver, for example `nvidia`.
    pub driver: String,
    /// How many; -1 is all.
    pub count: Option<i64>,
    /// Which.
    pub device_ids: Vec<String>,
    /// Capabilities: the outer list is OR, the inner AND.
    pub capabilities: Vec<Vec<String>>,
    /// The driver's options.
    pub options: BTreeMap<String, String>,
}

/// A limit of processes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UlimitSpec {
    /// Its name, `nofile`.
    pub name: String,
    /// Where it can be raised to; -1 is no limit.
    pub soft: i64,
    /// The most.
    pub hard: i64,
}

/// A network to create.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkSpec {
    /// Its name.
    pub name: String,
    /// Its driver; empty is `bridge`.
    pub driver: String,
    /// The driver's options.
    pub options: BTreeMap<String, String>,
    /// Whether it has no way out.
    pub internal: bool,
    /// Whether containers outside a stack may join (overlay).
    pub attachable: bool,
    /// Whether it has IPv4; the engine's default where absent.
    pub ipv4: Option<bool>,
    /// Whether it has IPv6.
    pub ipv6: bool,
    /// The address driver; empty is the default.
    pub ipam_driver: String,
    /// The address driver's options.
    pub ipam_options: BTreeMap<String, String>,
    /// Address ranges.
    pub ipam: Vec<IpamSpec>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
}

/// An address range of a network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IpamSpec {
    /// The range, `172.28.0.0/16`.
    pub subnet: Option<String>,
    /// The part that containers get addresses from.
    pub ip_range: Option<String>,
    /// The way out.
    pub gateway: Option<String>,
    /// Addresses of others, by name.
    pub aux_addresses: BTreeMap<String, String>,
}

/// A volume to create.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VolumeSpec {
    /// Its name.
    pub name: String,
    /// Its driver; empty is `local`.
    pub driver: String,
    /// The driver's options.
    pub options: BTreeMap<String, String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
}

/// A file to put into a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSpec {
    /// The absolute path inside.
    pub path: String,
    /// What is in it.
    pub bytes: Vec<u8>,
    /// Its permissions.
    pub mode: u32,
    /// Its owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
}

/// Who pulls from a registry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistryAuth {
    /// The registry's address.
    pub server: String,
    /// The name.
    pub username: String,
    /// The password or token.
    pub password: String,
}

/// The label that names the project of a container of ours.
pub const LABEL_PROJECT: &str = "dev.gantry.project";
/// The label with the app's ULID; what has it is ours.
pub const LABEL_APP: &str = "dev.gantry.app";
/// The label with the release's number.
pub const LABEL_RELEASE: &str = "dev.gantry.release";
/// Compose's label of the project, which is the app's name.
pub const LABEL_COMPOSE_PROJECT: &str = "com.docker.compose.project";
/// Compose's label of the service.
pub const LABEL_COMPOSE_SERVICE: &str = "com.docker.compose.service";
