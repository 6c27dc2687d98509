//! Engines' answers, read tolerantly: only what is used, `null` as empty, words instead of closed sets.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

macro_rules! answers {
    ($($(#[$doc:meta])* struct $name:ident { $($(#[$attr:meta])* $field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[allow(clippy::struct_field_names, reason = "the engine's own names")]
        #[derive(Clone, Debug, Default, Deserialize)]
        #[serde(rename_all = "PascalCase", default)]
        pub(super) struct $name {
            $($(#[$attr])* #[serde(deserialize_with = "or_default")] pub(super) $field: $type,)*
        }
    )*};
}

type Labels = BTreeMap<String, String>;

answers! {
    /// `/version`
    struct Version {
        version: String,
        api_version: String,
        #[serde(rename = "MinAPIVersion")]
        min_api_version: String,
        components: Vec<Component>,
    }
    struct Component {
        name: String,
    }

    /// `/info`
    struct Info {
        #[serde(rename = "ID")]
        id: String,
        name: String,
        operating_system: String,
        kernel_version: String,
        architecture: String,
        #[serde(rename = "NCPU")]
        cpus: u32,
        mem_total: u64,
        driver: String,
        docker_root_dir: String,
        cgroup_version: String,
        logging_driver: String,
        labels: Vec<String>,
        warnings: Vec<String>,
    }

    /// A row of `/containers/json`
    struct ContainerRow {
        id: String,
        names: Vec<String>,
        image: String,
        #[serde(rename = "ImageID")]
        image_id: String,
        created: i64,
        ports: Vec<RowPort>,
        labels: Labels,
        state: String,
        status: String,
        network_settings: RowNetworks,
        mounts: Vec<MountPoint>,
    }
    struct RowPort {
        #[serde(rename = "IP")]
        ip: String,
        private_port: u16,
        public_port: u16,
        r#type: String,
    }
    struct RowNetworks {
        networks: BTreeMap<String, EndpointSettings>,
    }
    struct EndpointSettings {
        #[serde(rename = "IPAddress")]
        ip_address: String,
        #[serde(rename = "GlobalIPv6Address")]
        ipv6_address: String,
        aliases: Vec<String>,
    }
    struct MountPoint {
        r#type: String,
        name: String,
        source: String,
        destination: String,
        #[serde(rename = "RW")]
        rw: bool,
    }

    /// `/containers/{id}/json`
    struct ContainerInspect {
        id: String,
        name: String,
        created: String,
        image: String,
        state: State,
        restart_count: u64,
        host_config: HostConfig,
        config: ContainerConfig,
        network_settings: NetworkSettings,
        mounts: Vec<MountPoint>,
    }
    struct State {
        status: String,
        #[serde(rename = "OOMKilled")]
        oom_killed: bool,
        pid: u32,
        exit_code: i64,
        error: String,
        started_at: String,
        finished_at: String,
        health: Health,
    }
    struct Health {
        status: String,
        log: Vec<HealthRun>,
    }
    struct HealthRun {
        start: String,
        exit_code: i64,
        output: String,
    }
    struct HostConfig {
        restart_policy: RestartPolicy,
        memory: i64,
        nano_cpus: i64,
        cpu_quota: i64,
        cpu_period: i64,
        privileged: bool,
        log_config: LogConfig,
        network_mode: String,
    }
    struct RestartPolicy {
        name: String,
    }
    struct LogConfig {
        r#type: String,
    }
    struct ContainerConfig {
        hostname: String,
        user: String,
        env: Vec<String>,
        cmd: Words,
        image: String,
        working_dir: String,
        entrypoint: Words,
        labels: Labels,
        tty: bool,
        open_stdin: bool,
        exposed_ports: Keys,
        volumes: Keys,
        healthcheck: Healthcheck,
    }
    struct Healthcheck {
        test: Vec<String>,
    }
    struct NetworkSettings {
        ports: BTreeMap<String, Option<Vec<PortBinding>>>,
        networks: BTreeMap<String, EndpointSettings>,
    }
    struct PortBinding {
        host_ip: String,
        host_port: String,
    }

    /// A row of `/images/json`
    struct ImageRow {
        id: String,
        repo_tags: Vec<String>,
        repo_digests: Vec<String>,
        created: i64,
        size: i64,
        labels: Labels,
    }

    /// `/images/{name}/json`
    struct ImageInspect {
        id: String,
        repo_tags: Vec<String>,
        repo_digests: Vec<String>,
        created: String,
        size: i64,
        architecture: String,
        os: String,
        author: String,
        config: ContainerConfig,
        #[serde(rename = "RootFS")]
        root_fs: RootFs,
    }
    struct RootFs {
        layers: Vec<String>,
    }

    /// A row of `/images/{name}/history`
    struct HistoryRow {
        created: i64,
        created_by: String,
        size: i64,
        comment: String,
        tags: Vec<String>,
    }

    /// A row of `/networks`
    struct NetworkRow {
        id: String,
        name: String,
        created: String,
        driver: String,
        scope: String,
        internal: bool,
        #[serde(rename = "IPAM")]
        ipam: Ipam,
        labels: Labels,
    }
    struct Ipam {
        config: Vec<IpamRange>,
    }
    struct IpamRange {
        subnet: String,
    }

    /// `/volumes`
    struct VolumeList {
        volumes: Vec<VolumeRow>,
    }
    struct VolumeRow {
        name: String,
        driver: String,
        mountpoint: String,
        created_at: String,
        labels: Labels,
        usage_data: VolumeUsage,
    }
    struct VolumeUsage {
        size: i64,
        ref_count: i64,
    }

    /// `/system/df`
    struct DiskUsage {
        layers_size: i64,
        images: Vec<DiskImage>,
        containers: Vec<DiskContainer>,
        volumes: Vec<VolumeRow>,
        build_cache: Vec<BuildCache>,
    }
    struct DiskImage {
        size: i64,
        shared_size: i64,
        containers: i64,
    }
    struct DiskContainer {
        state: String,
        size_rw: i64,
    }
    struct BuildCache {
        size: i64,
        in_use: bool,
        shared: bool,
    }

    /// `/exec/{id}/json`
    struct ExecInspect {
        running: bool,
        exit_code: Option<i64>,
        pid: u32,
    }
    struct Created {
        id: String,
    }
}

/// The names of an object whose values tell nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object = BTreeMap::<String, serde_json::Value>::deserialize(deserializer)?;
        Ok(Self(object.into_keys().collect()))
    }
}

/// A command: a list of words, or one word (old images).
#[derive(Clone, Debug, Default)]
pub(super) struct Words(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Many(Vec<String>),
            One(String),
        }
        Ok(match Option::<Either>::deserialize(deserializer)? {
            Some(Either::Many(words)) => Self(words),
            Some(Either::One(word)) => Self(vec![word]),
            None => Self::default(),
        })
    }
}

/// A line of `/events`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct EventLine {
    #[serde(rename = "Type", deserialize_with = "or_default")]
    pub(super) kind: String,
    #[serde(rename = "Action", deserialize_with = "or_default")]
    pub(super) action: String,
    #[serde(rename = "Actor", deserialize_with = "or_default")]
    pub(super) actor: Actor,
    #[serde(deserialize_with = "or_default")]
    pub(super) time: i64,
    #[serde(rename = "timeNano", deserialize_with = "or_default")]
    pub(super) time_nano: i64,
}

/// What an event happened to.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Actor {
    #[serde(rename = "ID", deserialize_with = "or_default")]
    pub(super) id: String,
    #[serde(rename = "Attributes", deserialize_with = "or_default")]
    pub(super) attributes: Labels,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_and_missing_parts_are_empty() {
        let row: ContainerRow = serde_json::from_str(
            r#"{"Id":"a","Names":null,"Labels":null,"NetworkSettings":null,"Mounts":null,"Ports":[{"PrivatePort":80,"Type":"tcp"}]}"#,
        )
        .unwrap();
        assert!(row.names.is_empty() && row.network_settings.networks.is_empty());
        assert_eq!((row.ports[0].private_port, row.ports[0].public_port), (80, 0));
        let inspect: ContainerInspect =
            serde_json::from_str(r#"{"Config":{"Cmd":"old","Entrypoint":null},"State":{"Health":null}}"#).unwrap();
        assert_eq!(inspect.config.cmd.0, ["old"]);
        assert!(inspect.state.health.status.is_empty());
    }

    #[test]
    fn wrong_types_are_an_error_and_no_panic() {
        assert!(serde_json::from_str::<Vec<ContainerRow>>(r#"{"message":"x"}"#).is_err());
        assert!(serde_json::from_str::<Vec<ContainerRow>>(r#"[{"Id":7}]"#).is_err());
        assert!(serde_json::from_str::<Info>(r#"{"NCPU":-1}"#).is_err());
    }
}
