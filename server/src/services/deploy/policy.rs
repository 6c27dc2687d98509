//! What a project's role may not ask of a host, judged on the final model: short, long, merged and extended spellings
//! have become one by then. Create, update, rollback and preview all ask here, before any call of the engine.

use api::Message;

use crate::auth::Caller;
use crate::compose::{MountKind, Network, NetworkMode, Project, Service, Volume};
use crate::services::Error;

/// Logging drivers that keep the output on the engine.
const LOG_DRIVERS: [&str; 4] = ["json-file", "local", "journald", "none"];

/// Lets an administrator ask for anything; refuses the rest with the field named.
pub fn check(caller: &Caller, app: &str, project: &Project) -> Result<(), Error> {
    if caller.is_admin() {
        return Ok(());
    }
    match first_refusal(app, project) {
        Some(field) => Err(Error::Forbidden(Message::new("policy.refused").with("field", field))),
        None => Ok(()),
    }
}

/// The first field that only an administrator may set.
pub fn first_refusal(app: &str, project: &Project) -> Option<String> {
    for (name, service) in &project.services {
        if let Some(field) = refused_in_service(service) {
            return Some(format!("services.{name}.{field}"));
        }
    }
    for (key, volume) in &project.volumes {
        if let Some(field) = refused_in_volume(app, volume) {
            return Some(format!("volumes.{key}.{field}"));
        }
    }
    for (key, network) in &project.networks {
        if let Some(field) = refused_in_network(app, network) {
            return Some(format!("networks.{key}.{field}"));
        }
    }
    None
}

fn refused_in_service(service: &Service) -> Option<String> {
    let bind = service.volumes.iter().position(|mount| matches!(mount.kind, MountKind::Bind { .. }));
    let container = service.volumes_from.iter().position(|from| from.container.is_some());
    let resources = &service.resources;
    let refused = [
        (service.privileged, "privileged"),
        (is_foreign_network(service.network_mode.as_ref()), "network_mode"),
        (is_foreign_namespace(service.pid.as_deref()), "pid"),
        (is_foreign_namespace(service.ipc.as_deref()), "ipc"),
        (is_foreign_namespace(service.uts.as_deref()), "uts"),
        (is_foreign_namespace(service.userns_mode.as_deref()), "userns_mode"),
        (is_foreign_namespace(service.cgroup.as_deref()), "cgroup"),
        (service.cgroup_parent.is_some(), "cgroup_parent"),
        (!service.devices.is_empty(), "devices"),
        (!service.device_cgroup_rules.is_empty(), "device_cgroup_rules"),
        (!service.device_requests.is_empty(), "gpus"),
        (!service.cap_add.is_empty(), "cap_add"),
        (!service.security_opt.is_empty(), "security_opt"),
        (!service.sysctls.is_empty(), "sysctls"),
        (service.runtime.is_some(), "runtime"),
        (!service.annotations.is_empty(), "annotations"),
        (!service.storage_opt.is_empty(), "storage_opt"),
        (resources.oom_kill_disable.is_some(), "oom_kill_disable"),
        (resources.oom_score_adj.is_some(), "oom_score_adj"),
        (resources.cpu_rt_runtime_us.is_some() || resources.cpu_rt_period_us.is_some(), "cpu_rt_runtime"),
        (service.logging.as_ref().is_some_and(|logging| !is_local_log(logging.driver.as_deref())), "logging.driver"),
    ];
    if let Some((_, field)) = refused.into_iter().find(|(is_set, _)| *is_set) {
        return Some(field.to_owned());
    }
    bind.map(|place| format!("volumes[{place}]")).or_else(|| container.map(|place| format!("volumes_from[{place}]")))
}

/// Whether a namespace is the host's or that of a container which may be another project's.
fn is_foreign_namespace(mode: Option<&str>) -> bool {
    match mode {
        None | Some("" | "private" | "none" | "shareable") => false,
        Some(other) => !other.starts_with("service:"),
    }
}

fn is_foreign_network(mode: Option<&NetworkMode>) -> bool {
    match mode {
        None | Some(NetworkMode::None | NetworkMode::Bridge | NetworkMode::Service(_)) => false,
        Some(NetworkMode::Host | NetworkMode::Container(_) | NetworkMode::Named(_)) => true,
    }
}

fn is_local_log(driver: Option<&str>) -> bool {
    driver.is_none_or(|driver| LOG_DRIVERS.contains(&driver))
}

/// Somebody else's data, or a path of the host behind a driver's options.
fn refused_in_volume(app: &str, volume: &Volume) -> Option<&'static str> {
    match () {
        () if volume.external => Some("external"),
        () if is_foreign_name(app, volume.name.as_deref()) => Some("name"),
        () if !volume.driver_opts.is_empty() => Some("driver_opts"),
        () if volume.driver.as_deref().is_some_and(|driver| driver != "local") => Some("driver"),
        () => None,
    }
}

/// Somebody else's network, or one that reaches the host's.
fn refused_in_network(app: &str, network: &Network) -> Option<&'static str> {
    match () {
        () if network.external => Some("external"),
        () if is_foreign_name(app, network.name.as_deref()) => Some("name"),
        () if !network.driver_opts.is_empty() => Some("driver_opts"),
        () if network.driver.as_deref().is_some_and(|driver| driver != "bridge") => Some("driver"),
        () if network.ipam.as_ref().is_some_and(|ipam| ipam.driver.is_some()) => Some("ipam.driver"),
        () => None,
    }
}

fn is_foreign_name(app: &str, name: Option<&str>) -> bool {
    name.is_some_and(|name| name.strip_prefix(app).is_none_or(|rest| !rest.starts_with('_')))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::compose::{Source, parse};

    fn refusal(text: &str) -> Option<String> {
        let source = Source { text: text.to_owned(), ..Source::default() };
        let parsed = parse(&source, &BTreeMap::new()).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
        first_refusal("shop", &parsed.project)
    }

    #[test]
    fn every_way_to_the_host_is_refused_with_its_field() {
        for (lines, field) in [
            ("privileged: true", "privileged"),
            ("network_mode: host", "network_mode"),
            ("network_mode: container:other-db-1", "network_mode"),
            ("pid: host", "pid"),
            ("ipc: host", "ipc"),
            ("ipc: container:x", "ipc"),
            ("uts: host", "uts"),
            ("userns_mode: host", "userns_mode"),
            ("cgroup: host", "cgroup"),
            ("cgroup_parent: /x", "cgroup_parent"),
            ("devices: [/dev/sda:/dev/sda]", "devices"),
            ("device_cgroup_rules: ['c 1:3 rwm']", "device_cgroup_rules"),
            ("gpus: all", "gpus"),
            ("cap_add: [SYS_ADMIN]", "cap_add"),
            ("cap_add: [ALL]", "cap_add"),
            ("security_opt: ['seccomp:unconfined']", "security_opt"),
            ("security_opt: ['label:disable']", "security_opt"),
            ("sysctls: {net.core.somaxconn: '1'}", "sysctls"),
            ("runtime: other", "runtime"),
            ("oom_score_adj: -1000", "oom_score_adj"),
            ("oom_kill_disable: true", "oom_kill_disable"),
            ("annotations: {run.oci.x: y}", "annotations"),
            ("logging: {driver: syslog}", "logging.driver"),
            ("volumes: ['/:/host']", "volumes[0]"),
            ("volumes: ['/var/run/docker.sock:/s:ro']", "volumes[0]"),
            ("volumes: [{type: bind, source: /etc, target: /e}]", "volumes[0]"),
            ("volumes_from: ['container:other']", "volumes_from[0]"),
        ] {
            let text = format!("services:\n  web:\n    image: a\n    {lines}\n");
            assert_eq!(refusal(&text), Some(format!("services.web.{field}")), "{lines}");
        }
    }

    #[test]
    fn merged_and_extended_spellings_are_judged_too() {
        let merged = "x-a: &a {privileged: true}\nservices:\n  web:\n    <<: *a\n    image: a\n";
        assert_eq!(refusal(merged).as_deref(), Some("services.web.privileged"));
        let extended = "services:\n  base: {image: a, cap_add: [ALL], profiles: [x]}\n  web:\n    extends: base\n    profiles: !reset []\n";
        assert!(refusal(extended).is_some());
    }

    #[test]
    fn volumes_and_networks_that_may_be_others_are_refused() {
        for (lines, field) in [
            ("volumes: {data: {external: true}}", "volumes.data.external"),
            ("volumes: {data: {name: other_data}}", "volumes.data.name"),
            ("volumes: {data: {driver_opts: {type: none, o: bind, device: /}}}", "volumes.data.driver_opts"),
            ("volumes: {data: {driver: rclone}}", "volumes.data.driver"),
            ("networks: {default: {external: true, name: other_default}}", "networks.default.external"),
            ("networks: {default: {name: other_default}}", "networks.default.name"),
            ("networks: {default: {driver: macvlan}}", "networks.default.driver"),
        ] {
            let text = format!("services:\n  web:\n    image: a\n{lines}\n");
            assert_eq!(refusal(&text).as_deref(), Some(field), "{lines}");
        }
    }

    #[test]
    fn an_ordinary_app_passes() {
        let text = "services:\n  web:\n    image: a\n    ports: ['80:80']\n    volumes: ['data:/d']\n    ipc: private\n    network_mode: service:db\n    ports: !reset []\n  db:\n    image: b\n    cap_drop: [ALL]\n    logging: {driver: local}\nvolumes:\n  data: {name: shop_data}\n";
        let text = text.replacen("    ports: ['80:80']\n", "", 1);
        assert_eq!(refusal(&text), None);
    }
}
