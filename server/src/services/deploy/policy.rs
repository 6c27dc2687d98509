//! What the apps of a project may ask of a host, judged on the final model: short, long, merged and extended spellings
//! have become one by then. Create, update, rollback and preview all ask here, before any call of the engine.

use api::Message;
use api::policy::{PolicyRule as Rule, ProjectPolicy};
use ulid::Ulid;

use crate::auth::Caller;
use crate::compose::{Ipam, MountKind, Network, NetworkMode, Project, Propagation, Service, Volume};
use crate::db;
use crate::services::{Error, State};

/// Logging drivers that keep the output on the engine.
const LOG_DRIVERS: [&str; 4] = ["json-file", "local", "journald", "none"];

/// What a caller may ask of a host: anything as an administrator of the portal, else what the project's policy allows.
#[derive(Clone, Debug)]
pub struct Allowance(Option<ProjectPolicy>);

/// A field that may not be set, and the rule it breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Such as `services.web.privileged`.
    pub field: String,
    /// The rule that an administrator of the portal would have to allow.
    pub rule: Rule,
}

impl Refusal {
    /// For people.
    pub fn message(&self) -> Message {
        Message::new("policy.refused").with("field", &self.field).with("rule", self.rule.as_str())
    }
}

impl Allowance {
    /// The caller's in a project, as its policy is now.
    pub async fn of(state: &State, caller: &Caller, project: Ulid) -> Result<Self, Error> {
        if caller.is_admin() {
            return Ok(Self(None));
        }
        Ok(Self(Some(db::policy::find(state.db.read(), project).await?)))
    }

    /// Whether what a rule names may be asked for.
    pub fn allows(&self, rule: Rule) -> bool {
        self.0.as_ref().is_none_or(|policy| policy.allows(rule))
    }

    /// The first field of an app that may not be set.
    pub fn refusal(&self, app: &str, project: &Project) -> Option<Refusal> {
        first_refusal(self.0.as_ref()?, app, project)
    }

    /// Refuses an app with a field that may not be set.
    pub fn check(&self, app: &str, project: &Project) -> Result<(), Error> {
        match self.refusal(app, project) {
            Some(refusal) => Err(Error::Forbidden(refusal.message())),
            None => Ok(()),
        }
    }
}

fn first_refusal(policy: &ProjectPolicy, app: &str, project: &Project) -> Option<Refusal> {
    let refusal = |kind: &str, name: &str, (field, rule): (String, Rule)| {
        let field = format!("{kind}.{name}.{field}");
        Refusal { field, rule }
    };
    let plain = |(field, rule): (&str, Rule)| (field.to_owned(), rule);
    for (name, service) in &project.services {
        if let Some(found) = in_service(policy, service) {
            return Some(refusal("services", name, found));
        }
    }
    for (key, volume) in &project.volumes {
        if let Some(found) = first(policy, in_volume(app, volume)) {
            return Some(refusal("volumes", key, plain(found)));
        }
    }
    for (key, network) in &project.networks {
        if let Some(found) = first(policy, in_network(app, network)) {
            return Some(refusal("networks", key, plain(found)));
        }
    }
    None
}

/// The first field whose rule binds.
fn first<F>(policy: &ProjectPolicy, fields: impl IntoIterator<Item = (F, Option<Rule>)>) -> Option<(F, Rule)> {
    let binding = |rule: &Rule| !policy.allows(*rule);
    fields.into_iter().find_map(|(field, rule)| Some((field, rule.filter(binding)?)))
}

fn in_service(policy: &ProjectPolicy, service: &Service) -> Option<(String, Rule)> {
    let resources = &service.resources;
    let log_driver = service.logging.as_ref().and_then(|logging| logging.driver.as_deref());
    let sends_away = log_driver.is_some_and(|driver| !LOG_DRIVERS.contains(&driver));
    let fields = [
        ("privileged", service.privileged.then_some(Rule::Privileged)),
        ("network_mode", of_network_mode(service.network_mode.as_ref())),
        ("pid", of_namespace(service.pid.as_deref())),
        ("ipc", of_namespace(service.ipc.as_deref())),
        ("uts", of_namespace(service.uts.as_deref())),
        ("userns_mode", of_namespace(service.userns_mode.as_deref())),
        ("cgroup", of_namespace(service.cgroup.as_deref())),
        ("cgroup_parent", service.cgroup_parent.is_some().then_some(Rule::Runtimes)),
        ("devices", (!service.devices.is_empty()).then_some(Rule::Devices)),
        ("device_cgroup_rules", (!service.device_cgroup_rules.is_empty()).then_some(Rule::Devices)),
        ("gpus", (!service.device_requests.is_empty()).then_some(Rule::Devices)),
        ("cap_add", (!service.cap_add.is_empty()).then_some(Rule::Capabilities)),
        ("security_opt", (!service.security_opt.is_empty()).then_some(Rule::SecurityOptions)),
        ("sysctls", (!service.sysctls.is_empty()).then_some(Rule::Sysctls)),
        ("runtime", service.runtime.is_some().then_some(Rule::Runtimes)),
        ("annotations", (!service.annotations.is_empty()).then_some(Rule::Runtimes)),
        ("storage_opt", (!service.storage_opt.is_empty()).then_some(Rule::Runtimes)),
        ("oom_kill_disable", resources.oom_kill_disable.is_some().then_some(Rule::MemoryKill)),
        ("oom_score_adj", resources.oom_score_adj.is_some().then_some(Rule::MemoryKill)),
        ("cpu_rt_runtime", resources.cpu_rt_runtime_us.is_some().then_some(Rule::MemoryKill)),
        ("cpu_rt_period", resources.cpu_rt_period_us.is_some().then_some(Rule::MemoryKill)),
        ("logging.driver", sends_away.then_some(Rule::LogDrivers)),
    ];
    let mounts = service.volumes.iter().enumerate().map(|(place, mount)| {
        let (field, rule) = of_mount(policy, &mount.kind);
        (format!("volumes[{place}]{field}"), rule)
    });
    let others = service.volumes_from.iter().enumerate();
    let others = others.map(|(place, from)| {
        (format!("volumes_from[{place}]"), from.container.is_some().then_some(Rule::ForeignObjects))
    });
    // They carry kernel parameters of the container's interfaces.
    let attachments = service.networks.iter().map(|(name, network)| {
        (format!("networks.{name}.driver_opts"), (!network.driver_opts.is_empty()).then_some(Rule::NetworkDrivers))
    });
    let fields = fields.into_iter().map(|(field, rule)| (field.to_owned(), rule));
    first(policy, fields.chain(mounts).chain(others).chain(attachments))
}

/// Whether a namespace is the host's, or that of a container which may be another project's.
fn of_namespace(mode: Option<&str>) -> Option<Rule> {
    match mode {
        None | Some("" | "private" | "none" | "shareable") => None,
        Some(other) if other.starts_with("service:") => None,
        Some(other) if other.starts_with("container:") => Some(Rule::ForeignObjects),
        Some(_) => Some(Rule::HostNamespaces),
    }
}

/// A name may be any word that an engine understands, such as the path of a namespace of the host.
fn of_network_mode(mode: Option<&NetworkMode>) -> Option<Rule> {
    match mode {
        None | Some(NetworkMode::None | NetworkMode::Bridge | NetworkMode::Service(_)) => None,
        Some(NetworkMode::Container(_)) => Some(Rule::ForeignObjects),
        Some(NetworkMode::Host | NetworkMode::Named(_)) => Some(Rule::HostNamespaces),
    }
}

/// A path of the host outside of the project's folders, or one whose mounts travel to the host.
fn of_mount(policy: &ProjectPolicy, kind: &MountKind) -> (&'static str, Option<Rule>) {
    match kind {
        MountKind::Bind { source, .. } if !policy.covers(source) => ("", Some(Rule::BindMounts)),
        MountKind::Bind { propagation: Some(way), .. }
            if !matches!(way, Propagation::Private | Propagation::Rprivate) =>
        {
            (".bind.propagation", Some(Rule::BindMounts))
        }
        MountKind::Bind { .. } | MountKind::Volume { .. } | MountKind::Tmpfs { .. } | MountKind::Image { .. } => {
            ("", None)
        }
    }
}

/// Somebody else's data, or a path of the host behind a driver's options.
fn in_volume(app: &str, volume: &Volume) -> [(&'static str, Option<Rule>); 4] {
    let is_own_driver = volume.driver.as_deref().is_none_or(|driver| driver == "local");
    [
        ("external", volume.external.then_some(Rule::ForeignObjects)),
        ("name", is_foreign_name(app, volume.name.as_deref()).then_some(Rule::ForeignObjects)),
        ("driver_opts", (!volume.driver_opts.is_empty()).then_some(Rule::VolumeDrivers)),
        ("driver", (!is_own_driver).then_some(Rule::VolumeDrivers)),
    ]
}

/// Somebody else's network, or one that reaches the host's.
fn in_network(app: &str, network: &Network) -> [(&'static str, Option<Rule>); 7] {
    let is_own_driver = network.driver.as_deref().is_none_or(|driver| driver == "bridge");
    let has_ipam = |has: fn(&Ipam) -> bool| network.ipam.as_ref().is_some_and(has).then_some(Rule::NetworkDrivers);
    [
        ("external", network.external.then_some(Rule::ForeignObjects)),
        ("name", is_foreign_name(app, network.name.as_deref()).then_some(Rule::ForeignObjects)),
        ("driver_opts", (!network.driver_opts.is_empty()).then_some(Rule::NetworkDrivers)),
        ("driver", (!is_own_driver).then_some(Rule::NetworkDrivers)),
        ("ipam.driver", has_ipam(|ipam| ipam.driver.is_some())),
        // The host would send what it has for these addresses into the network.
        ("ipam.config", has_ipam(|ipam| !ipam.config.is_empty())),
        ("ipam.options", has_ipam(|ipam| !ipam.options.is_empty())),
    ]
}

fn is_foreign_name(app: &str, name: Option<&str>) -> bool {
    name.is_some_and(|name| name.strip_prefix(app).is_none_or(|rest| !rest.starts_with('_')))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::compose::{Source, parse};

    fn refusal(policy: &ProjectPolicy, text: &str) -> Option<(String, Rule)> {
        let source = Source { text: text.to_owned(), ..Source::default() };
        let parsed = parse(&source, &BTreeMap::new()).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
        first_refusal(policy, "shop", &parsed.project).map(|refusal| (refusal.field, refusal.rule))
    }

    fn of_service(lines: &str) -> String {
        format!("services:\n  web:\n    image: a\n    {lines}\n")
    }

    fn of_file(lines: &str) -> String {
        format!("services:\n  web:\n    image: a\n{lines}\n")
    }

    /// Refused with the field and the rule named, whatever else is allowed; allowed with the rule.
    fn check(text: &str, field: &str, rule: Rule) {
        let expected = Some((field.to_owned(), rule));
        assert_eq!(refusal(&ProjectPolicy::default(), text), expected, "{text}");
        let others = Rule::ALL.into_iter().filter(|other| *other != rule).collect();
        assert_eq!(refusal(&ProjectPolicy { allowed: others, bind_roots: Vec::new() }, text), expected, "{text}");
        assert_eq!(refusal(&ProjectPolicy { allowed: vec![rule], bind_roots: Vec::new() }, text), None, "{text}");
    }

    #[test]
    fn every_way_to_the_host_is_refused_with_its_field_until_its_rule_is_allowed() {
        for (lines, field, rule) in [
            ("privileged: true", "privileged", Rule::Privileged),
            ("network_mode: host", "network_mode", Rule::HostNamespaces),
            ("network_mode: other_default", "network_mode", Rule::HostNamespaces),
            ("network_mode: 'ns:/proc/1/ns/net'", "network_mode", Rule::HostNamespaces),
            ("network_mode: container:other-db-1", "network_mode", Rule::ForeignObjects),
            ("pid: host", "pid", Rule::HostNamespaces),
            ("pid: container:x", "pid", Rule::ForeignObjects),
            ("ipc: host", "ipc", Rule::HostNamespaces),
            ("ipc: container:x", "ipc", Rule::ForeignObjects),
            ("uts: host", "uts", Rule::HostNamespaces),
            ("userns_mode: host", "userns_mode", Rule::HostNamespaces),
            ("cgroup: host", "cgroup", Rule::HostNamespaces),
            ("cgroup_parent: /x", "cgroup_parent", Rule::Runtimes),
            ("devices: [/dev/sda:/dev/sda]", "devices", Rule::Devices),
            ("device_cgroup_rules: ['c 1:3 rwm']", "device_cgroup_rules", Rule::Devices),
            ("gpus: all", "gpus", Rule::Devices),
            ("cap_add: [SYS_ADMIN]", "cap_add", Rule::Capabilities),
            ("cap_add: [ALL]", "cap_add", Rule::Capabilities),
            ("security_opt: ['seccomp:unconfined']", "security_opt", Rule::SecurityOptions),
            ("security_opt: ['label:disable']", "security_opt", Rule::SecurityOptions),
            ("sysctls: {net.core.somaxconn: '1'}", "sysctls", Rule::Sysctls),
            ("runtime: other", "runtime", Rule::Runtimes),
            ("annotations: {run.oci.x: y}", "annotations", Rule::Runtimes),
            ("storage_opt: {size: 1G}", "storage_opt", Rule::Runtimes),
            ("oom_score_adj: -1000", "oom_score_adj", Rule::MemoryKill),
            ("oom_kill_disable: true", "oom_kill_disable", Rule::MemoryKill),
            ("cpu_rt_runtime: 1000", "cpu_rt_runtime", Rule::MemoryKill),
            ("cpu_rt_period: 1000", "cpu_rt_period", Rule::MemoryKill),
            ("logging: {driver: syslog}", "logging.driver", Rule::LogDrivers),
            ("volumes: ['/:/host']", "volumes[0]", Rule::BindMounts),
            ("volumes: ['/var/run/docker.sock:/s:ro']", "volumes[0]", Rule::BindMounts),
            ("volumes: [{type: bind, source: /etc, target: /e}]", "volumes[0]", Rule::BindMounts),
            ("volumes: [/anonymous, '/srv:/s:rshared']", "volumes[1]", Rule::BindMounts),
            ("volumes_from: ['container:other']", "volumes_from[0]", Rule::ForeignObjects),
            ("networks: {default: {driver_opts: {a: b}}}", "networks.default.driver_opts", Rule::NetworkDrivers),
        ] {
            check(&of_service(lines), &format!("services.web.{field}"), rule);
        }
    }

    #[test]
    fn merged_and_extended_spellings_are_judged_too() {
        let merged = "x-a: &a {privileged: true}\nservices:\n  web:\n    <<: *a\n    image: a\n";
        check(merged, "services.web.privileged", Rule::Privileged);
        let extended = "services:\n  base: {image: a, cap_add: [ALL], profiles: [x]}\n  web:\n    extends: base\n    profiles: !reset []\n";
        let (field, rule) = refusal(&ProjectPolicy::default(), extended).unwrap();
        assert!(field.ends_with(".cap_add"), "{field}");
        check(extended, &field, rule);
    }

    #[test]
    fn volumes_and_networks_that_may_be_others_are_refused_until_their_rule_is_allowed() {
        for (lines, field, rule) in [
            ("volumes: {data: {external: true}}", "volumes.data.external", Rule::ForeignObjects),
            ("volumes: {data: {name: other_data}}", "volumes.data.name", Rule::ForeignObjects),
            (
                "volumes: {data: {driver_opts: {type: none, o: bind, device: /}}}",
                "volumes.data.driver_opts",
                Rule::VolumeDrivers,
            ),
            ("volumes: {data: {driver: rclone}}", "volumes.data.driver", Rule::VolumeDrivers),
            ("networks: {default: {name: other_default}}", "networks.default.name", Rule::ForeignObjects),
            ("networks: {default: {driver: macvlan}}", "networks.default.driver", Rule::NetworkDrivers),
            (
                "networks: {default: {driver_opts: {parent: eth0}}}",
                "networks.default.driver_opts",
                Rule::NetworkDrivers,
            ),
            ("networks: {default: {ipam: {driver: dhcp}}}", "networks.default.ipam.driver", Rule::NetworkDrivers),
            (
                "networks: {default: {ipam: {config: [{subnet: 10.0.0.0/29}]}}}",
                "networks.default.ipam.config",
                Rule::NetworkDrivers,
            ),
            (
                "networks: {default: {external: true, name: other_default}}",
                "networks.default.external",
                Rule::ForeignObjects,
            ),
        ] {
            check(&of_file(lines), field, rule);
        }
    }

    #[test]
    fn the_next_field_is_named_when_the_rule_of_the_first_is_allowed() {
        let text = of_service("privileged: true\n    pid: host\n    volumes: ['/:/host']");
        let mut policy = ProjectPolicy::default();
        let mut fields = Vec::new();
        while let Some((field, rule)) = refusal(&policy, &text) {
            fields.push(field);
            policy.allowed.push(rule);
        }
        assert_eq!(fields, ["services.web.privileged", "services.web.pid", "services.web.volumes[0]"]);
    }

    #[test]
    fn a_folder_of_the_project_is_mounted_and_nothing_beside_it() {
        let policy =
            ProjectPolicy { allowed: Vec::new(), bind_roots: vec!["/srv/shop".to_owned(), "/opt/a".to_owned()] };
        for (mount, field) in [
            ("'/srv/shop:/d'", None),
            ("'/srv/shop/:/d:ro'", None),
            ("'/srv/shop/data:/d'", None),
            ("'/srv//shop/./data/:/d:rprivate'", None),
            ("'/srv/bank/../shop:/d:z'", None),
            ("{type: bind, source: /opt/a/b, target: /d, bind: {propagation: private}}", None),
            ("'/srv/shopping:/d'", Some("")),
            ("'/srv:/d'", Some("")),
            ("'/srv/shop/..:/d'", Some("")),
            ("'/srv/shop/../bank:/d'", Some("")),
            ("'/srv/shop/../../var/run/docker.sock:/s'", Some("")),
            ("{type: bind, source: /srv/shop/../../etc, target: /e}", Some("")),
            ("{type: bind, source: '/etc:/../../srv/shop', target: /e}", Some("")),
            ("'/srv/shop:/d:shared'", Some(".bind.propagation")),
            ("'/srv/shop:/d:rslave'", Some(".bind.propagation")),
            ("{type: bind, source: /opt/a, target: /d, bind: {propagation: rshared}}", Some(".bind.propagation")),
        ] {
            let expected = field.map(|field| (format!("services.web.volumes[0]{field}"), Rule::BindMounts));
            let text = of_service(&format!("volumes: [{mount}]"));
            assert_eq!(refusal(&policy, &text), expected, "{mount}");
            let any = ProjectPolicy { allowed: vec![Rule::BindMounts], ..policy.clone() };
            assert_eq!(refusal(&any, &text), None, "{mount}");
        }
    }

    #[test]
    fn a_driver_does_not_get_round_the_folders() {
        let policy = ProjectPolicy { allowed: vec![Rule::BindMounts], bind_roots: vec!["/srv".to_owned()] };
        let text = of_file("volumes: {data: {driver_opts: {type: none, o: bind, device: /srv}}}");
        assert_eq!(refusal(&policy, &text), Some(("volumes.data.driver_opts".to_owned(), Rule::VolumeDrivers)));
    }

    #[test]
    fn an_ordinary_app_passes() {
        let text = "services:\n  web:\n    image: a\n    ports: ['80:80']\n    volumes: ['data:/d']\n    ipc: private\n    network_mode: service:db\n    ports: !reset []\n  db:\n    image: b\n    cap_drop: [ALL]\n    logging: {driver: local}\nvolumes:\n  data: {name: shop_data}\n";
        let text = text.replacen("    ports: ['80:80']\n", "", 1);
        assert_eq!(refusal(&ProjectPolicy::default(), &text), None);
    }
}
