//! Every key of a Compose file and how far it is supported; the readers and the user guide follow this table.

use super::diagnostic::{Code, code};

/// How far a key is supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// It has its effect.
    Full,
    /// It is read and checked; the file is accepted with this warning.
    Warned(Code),
    /// The file is refused with this error.
    Refused(Code),
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    pub name: &'static str,
    pub support: Support,
}

/// The keys of one kind of mapping.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    #[cfg_attr(not(test), expect(dead_code, reason = "for the user guide"))]
    pub title: &'static str,
    pub keys: &'static [Key],
}

const fn ok(name: &'static str) -> Key {
    Key { name, support: Support::Full }
}

const fn warned(name: &'static str, code: Code) -> Key {
    Key { name, support: Support::Warned(code) }
}

const fn swarm(name: &'static str) -> Key {
    warned(name, code::SWARM_ONLY)
}

const fn refused(name: &'static str, code: Code) -> Key {
    Key { name, support: Support::Refused(code) }
}

macro_rules! sections {
    ($($name:ident $title:literal [$($key:expr),* $(,)?])*) => {
        $(pub const $name: Section = Section { title: $title, keys: &[$($key),*] };)*
        /// All sections, in the order of the user guide.
        #[cfg(test)]
        pub const ALL: &[Section] = &[$($name),*];
    };
}

sections! {
    TOP "(top level)" [
        ok("name"), ok("services"), ok("networks"), ok("volumes"), ok("configs"), ok("secrets"),
        warned("version", code::OBSOLETE_VERSION),
        refused("include", code::UNSUPPORTED_INCLUDE), refused("models", code::UNSUPPORTED_MODELS),
    ]
    SERVICE "services.*" [
        ok("image"), ok("command"), ok("entrypoint"), ok("environment"), ok("env_file"), ok("labels"), ok("label_file"),
        ok("annotations"), ok("ports"), ok("expose"), ok("volumes"), ok("volumes_from"), ok("tmpfs"), ok("networks"),
        ok("network_mode"), ok("links"), ok("extra_hosts"), ok("dns"), ok("dns_opt"), ok("dns_search"), ok("hostname"),
        ok("domainname"), ok("mac_address"), ok("depends_on"), ok("healthcheck"), ok("restart"), ok("deploy"), ok("scale"),
        ok("configs"), ok("secrets"), ok("profiles"), ok("extends"), ok("logging"), ok("ulimits"), ok("user"),
        ok("group_add"), ok("working_dir"), ok("container_name"), ok("init"), ok("tty"), ok("stdin_open"),
        ok("stop_signal"), ok("stop_grace_period"), ok("cap_add"), ok("cap_drop"), ok("privileged"), ok("read_only"),
        ok("devices"), ok("device_cgroup_rules"), ok("gpus"), ok("security_opt"), ok("sysctls"), ok("shm_size"),
        ok("mem_limit"), ok("mem_reservation"), ok("mem_swappiness"), ok("memswap_limit"), ok("cpus"), ok("cpuset"),
        ok("cpu_shares"), ok("cpu_quota"), ok("cpu_period"), ok("cpu_rt_period"), ok("cpu_rt_runtime"), ok("pids_limit"),
        ok("oom_kill_disable"), ok("oom_score_adj"), ok("blkio_config"), ok("storage_opt"), ok("ipc"), ok("pid"),
        ok("uts"), ok("cgroup"), ok("cgroup_parent"), ok("userns_mode"), ok("runtime"), ok("platform"),
        ok("pull_policy"), ok("pull_refresh_after"),
        warned("attach", code::NO_EFFECT_ATTACH), warned("develop", code::NO_EFFECT_DEVELOP),
        // Only a warning beside an image; the reader decides.
        refused("build", code::UNSUPPORTED_BUILD), refused("provider", code::UNSUPPORTED_PROVIDER),
        refused("models", code::UNSUPPORTED_MODELS), refused("pre_start", code::UNSUPPORTED_HOOKS),
        refused("post_start", code::UNSUPPORTED_HOOKS), refused("pre_stop", code::UNSUPPORTED_HOOKS),
        refused("external_links", code::UNSUPPORTED_EXTERNAL_LINKS), refused("use_api_socket", code::UNSUPPORTED_API_SOCKET),
        refused("credential_spec", code::UNSUPPORTED_WINDOWS), refused("isolation", code::UNSUPPORTED_WINDOWS),
        refused("cpu_count", code::UNSUPPORTED_WINDOWS), refused("cpu_percent", code::UNSUPPORTED_WINDOWS),
    ]
    EXTENDS "services.*.extends" [ok("service"), ok("file")]
    ENV_FILE "services.*.env_file[]" [ok("path"), ok("required"), ok("format")]
    PORT "services.*.ports[]" [
        ok("target"), ok("published"), ok("host_ip"), ok("protocol"), ok("mode"), ok("name"), ok("app_protocol"),
    ]
    MOUNT "services.*.volumes[]" [
        ok("type"), ok("source"), ok("target"), ok("read_only"), ok("bind"), ok("volume"), ok("tmpfs"), ok("image"),
        warned("consistency", code::NO_EFFECT_CONSISTENCY),
    ]
    MOUNT_BIND "services.*.volumes[].bind" [ok("propagation"), ok("create_host_path"), ok("recursive"), ok("selinux")]
    MOUNT_VOLUME "services.*.volumes[].volume" [ok("nocopy"), ok("subpath"), ok("labels")]
    MOUNT_TMPFS "services.*.volumes[].tmpfs" [ok("size"), ok("mode")]
    MOUNT_IMAGE "services.*.volumes[].image" [ok("subpath")]
    SERVICE_NETWORK "services.*.networks.*" [
        ok("aliases"), ok("ipv4_address"), ok("ipv6_address"), ok("link_local_ips"), ok("mac_address"), ok("driver_opts"),
        ok("priority"), ok("gw_priority"), ok("interface_name"),
    ]
    DEPENDENCY "services.*.depends_on.*" [ok("condition"), ok("required"), ok("restart")]
    HEALTHCHECK "services.*.healthcheck" [
        ok("test"), ok("interval"), ok("timeout"), ok("retries"), ok("start_period"), ok("start_interval"), ok("disable"),
    ]
    DEPLOY "services.*.deploy" [
        ok("mode"), ok("replicas"), ok("resources"), ok("restart_policy"), ok("update_config"), ok("rollback_config"),
        ok("placement"), swarm("labels"), swarm("endpoint_mode"),
    ]
    RESOURCES "services.*.deploy.resources" [ok("limits"), ok("reservations")]
    LIMITS "services.*.deploy.resources.limits" [ok("cpus"), ok("memory"), ok("pids")]
    RESERVATIONS "services.*.deploy.resources.reservations" [
        ok("memory"), ok("devices"), warned("cpus", code::RESERVATION_ONLY), swarm("generic_resources"),
    ]
    DEVICE_REQUEST "services.*.deploy.resources.reservations.devices[], services.*.gpus[]" [
        ok("capabilities"), ok("driver"), ok("count"), ok("device_ids"), ok("options"),
    ]
    UPDATE "services.*.deploy.update_config, services.*.deploy.rollback_config" [
        ok("parallelism"), ok("delay"), ok("failure_action"), ok("monitor"), ok("max_failure_ratio"), ok("order"),
    ]
    RESTART_POLICY "services.*.deploy.restart_policy" [
        ok("condition"), ok("max_attempts"), swarm("delay"), swarm("window"),
    ]
    PLACEMENT "services.*.deploy.placement" [
        swarm("constraints"), swarm("preferences"), swarm("max_replicas_per_node"),
    ]
    PREFERENCE "services.*.deploy.placement.preferences[]" [ok("spread")]
    FILE_REFERENCE "services.*.configs[], services.*.secrets[]" [
        ok("source"), ok("target"), ok("uid"), ok("gid"), ok("mode"),
    ]
    LOGGING "services.*.logging" [ok("driver"), ok("options")]
    ULIMIT "services.*.ulimits.*" [ok("soft"), ok("hard")]
    DEVICE "services.*.devices[]" [ok("source"), ok("target"), ok("permissions")]
    BLKIO "services.*.blkio_config" [
        ok("weight"), ok("weight_device"), ok("device_read_bps"), ok("device_write_bps"), ok("device_read_iops"),
        ok("device_write_iops"),
    ]
    BLKIO_WEIGHT "services.*.blkio_config.weight_device[]" [ok("path"), ok("weight")]
    BLKIO_RATE "services.*.blkio_config.device_*[]" [ok("path"), ok("rate")]
    NETWORK "networks.*" [
        ok("name"), ok("driver"), ok("driver_opts"), ok("ipam"), ok("external"), ok("internal"), ok("attachable"),
        ok("enable_ipv4"), ok("enable_ipv6"), ok("labels"),
    ]
    IPAM "networks.*.ipam" [ok("driver"), ok("config"), ok("options")]
    IPAM_CONFIG "networks.*.ipam.config[]" [ok("subnet"), ok("ip_range"), ok("gateway"), ok("aux_addresses")]
    VOLUME "volumes.*" [ok("name"), ok("driver"), ok("driver_opts"), ok("external"), ok("labels")]
    CONFIG "configs.*" [
        ok("name"), ok("content"), ok("environment"), ok("file"), ok("external"), ok("labels"),
        refused("template_driver", code::UNSUPPORTED_DRIVER),
    ]
    SECRET "secrets.*" [
        ok("name"), ok("content"), ok("environment"), ok("file"), ok("external"), ok("labels"),
        refused("driver", code::UNSUPPORTED_DRIVER), refused("driver_opts", code::UNSUPPORTED_DRIVER),
        refused("template_driver", code::UNSUPPORTED_DRIVER),
    ]
    EXTERNAL "networks.*.external, volumes.*.external, configs.*.external, secrets.*.external" [
        warned("name", code::EXTERNAL_NAME_OBSOLETE),
    ]
}

/// The known name that was probably meant.
pub fn closest<'n>(wrong: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    const LONGEST: usize = 64;
    if wrong.len() > LONGEST {
        return None;
    }
    let folded = wrong.to_ascii_lowercase().replace('-', "_");
    names
        .map(|name| (distance(&folded, &name.to_ascii_lowercase()), name))
        .filter(|(distance, name)| *distance < folded.len() && *distance <= 1 + name.len().min(folded.len()) / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// How many letters must be inserted, deleted, replaced or swapped with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let cost = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1).min(row[j - 1] + 1).min(rows[i - 1][j - 1] + cost);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_probable_name_is_found() {
        let names = || SERVICE.keys.iter().map(|key| key.name);
        for (wrong, meant) in [
            ("imgae", Some("image")),
            ("enviroment", Some("environment")),
            ("dependsOn", Some("depends_on")),
            ("depends-on", Some("depends_on")),
            ("port", Some("ports")),
            ("volume", Some("volumes")),
            ("frobnicate", None),
            ("x", None),
        ] {
            assert_eq!(closest(wrong, names()), meant, "{wrong}");
        }
    }
}
