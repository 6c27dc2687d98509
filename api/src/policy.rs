//! The policy on what may run: what the apps of a project may ask of a host. It binds everybody but the administrators
//! of the portal.

use serde::{Deserialize, Serialize};

use crate::client::{Client, Method, Path};
use crate::message::Message;
use crate::problem::{FieldProblem, Problem};

/// The most folders that a project may mount from.
pub const MAX_BIND_ROOTS: usize = 64;
/// The longest of them, in characters.
pub const MAX_BIND_ROOT_LENGTH: usize = 4096;

/// Paths that give the host away. No folder of a project is one of them, above one or inside one.
const SENSITIVE: [&str; 18] = [
    "/etc",
    "/proc",
    "/sys",
    "/dev",
    "/boot",
    "/root",
    "/run",
    "/var/run",
    "/var/lib/docker",
    "/var/lib/containerd",
    "/var/lib/containers",
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
];

/// A rule of the policy. What it names is refused, unless the project's policy allows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PolicyRule {
    /// `privileged`.
    Privileged,
    /// The host's own namespaces.
    HostNamespaces,
    /// Devices of the host.
    Devices,
    /// `cap_add`.
    Capabilities,
    /// `sysctls`.
    Sysctls,
    /// `security_opt`.
    SecurityOptions,
    /// Paths of the host outside of the project's folders.
    BindMounts,
    /// Another runtime, and what only a runtime reads.
    Runtimes,
    /// Who is killed or waits when memory or time is short.
    MemoryKill,
    /// Logging drivers that send the output away from the engine.
    LogDrivers,
    /// Drivers of volumes, and their options.
    VolumeDrivers,
    /// Drivers of networks, and their options.
    NetworkDrivers,
    /// What does not belong to the app.
    ForeignObjects,
}

impl PolicyRule {
    /// Every rule.
    pub const ALL: [Self; 13] = [
        Self::Privileged,
        Self::HostNamespaces,
        Self::Devices,
        Self::Capabilities,
        Self::Sysctls,
        Self::SecurityOptions,
        Self::BindMounts,
        Self::Runtimes,
        Self::MemoryKill,
        Self::LogDrivers,
        Self::VolumeDrivers,
        Self::NetworkDrivers,
        Self::ForeignObjects,
    ];

    /// The rule's name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Privileged => "privileged",
            Self::HostNamespaces => "host-namespaces",
            Self::Devices => "devices",
            Self::Capabilities => "capabilities",
            Self::Sysctls => "sysctls",
            Self::SecurityOptions => "security-options",
            Self::BindMounts => "bind-mounts",
            Self::Runtimes => "runtimes",
            Self::MemoryKill => "memory-kill",
            Self::LogDrivers => "log-drivers",
            Self::VolumeDrivers => "volume-drivers",
            Self::NetworkDrivers => "network-drivers",
            Self::ForeignObjects => "foreign-objects",
        }
    }

    /// What an app may have when it is allowed, for the user guide.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Privileged => "Every right on the host: `privileged`.",
            Self::HostNamespaces => {
                "The host's namespaces: `host` for `network_mode`, `pid`, `ipc`, `uts`, `userns_mode`, `cgroup`."
            }
            Self::Devices => "Devices of the host: `devices`, `device_cgroup_rules`, `gpus`.",
            Self::Capabilities => "More rights in the kernel: `cap_add`.",
            Self::Sysctls => "Other kernel parameters: `sysctls`.",
            Self::SecurityOptions => "Other protections than the engine's: `security_opt`.",
            Self::BindMounts => "Any path of the host as a mount, also outside of the folders below.",
            Self::Runtimes => {
                "Another runtime and what it reads: `runtime`, `cgroup_parent`, `annotations`, `storage_opt`."
            }
            Self::MemoryKill => {
                "A better place when memory or time is short: `oom_kill_disable`, `oom_score_adj`, `cpu_rt_*`."
            }
            Self::LogDrivers => "A `logging.driver` other than `json-file`, `local`, `journald` and `none`.",
            Self::VolumeDrivers => "`driver` and `driver_opts` of volumes, which can mount any path of the host.",
            Self::NetworkDrivers => {
                "`driver`, `driver_opts` and `ipam` of networks, which can reach the host's network."
            }
            Self::ForeignObjects => "Volumes, networks and containers of others: `external`, `name`, `container:`.",
        }
    }
}

/// What the apps of a project may ask of a host. Nothing where nobody has said anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProjectPolicy {
    /// The rules that do not bind it, in the order of [`PolicyRule::ALL`], each once.
    pub allowed: Vec<PolicyRule>,
    /// Folders of the host: they and all below may be mounted.
    pub bind_roots: Vec<String>,
}

impl ProjectPolicy {
    /// Whether it allows what a rule names.
    pub fn allows(&self, rule: PolicyRule) -> bool {
        self.allowed.contains(&rule)
    }

    /// Whether a path of the host is one of the folders or below one. What the path says counts, not where a link on
    /// the host leads.
    pub fn covers(&self, source: &str) -> bool {
        let Some(path) = normalized(source) else { return false };
        self.bind_roots.iter().any(|root| is_within(&path, root))
    }
}

/// Replaces the policy of a project.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SetProjectPolicy {
    /// The rules that no longer bind it.
    pub allowed: Vec<PolicyRule>,
    /// Folders of the host that may be mounted: at most 64 absolute paths without `.`, `..` and doubled slashes.
    pub bind_roots: Vec<String>,
}

impl SetProjectPolicy {
    /// The policy it asks for, or what is wrong with which field.
    pub fn into_policy(self) -> Result<ProjectPolicy, Vec<FieldProblem>> {
        let Self { mut allowed, bind_roots } = self;
        allowed.sort_unstable();
        allowed.dedup();
        let mut problems = Vec::new();
        if bind_roots.len() > MAX_BIND_ROOTS {
            let message = Message::new("policy.root.many").with("limit", MAX_BIND_ROOTS);
            problems.push(FieldProblem::new("bind_roots", message));
        }
        for (place, root) in bind_roots.iter().enumerate().take(MAX_BIND_ROOTS) {
            let checked = match check_root(root) {
                Ok(()) if bind_roots[..place].contains(root) => Err(Message::new("policy.root.twice")),
                other => other,
            };
            problems.extend(checked.err().map(|message| FieldProblem::new(format!("bind_roots[{place}]"), message)));
        }
        if problems.is_empty() { Ok(ProjectPolicy { allowed, bind_roots }) } else { Err(problems) }
    }
}

/// Checks a folder that a project may mount from.
pub fn check_root(root: &str) -> Result<(), Message> {
    if root.chars().count() > MAX_BIND_ROOT_LENGTH {
        return Err(Message::new("policy.root.long").with("limit", MAX_BIND_ROOT_LENGTH));
    }
    if !root.starts_with('/') {
        return Err(Message::new("policy.root.absolute"));
    }
    if root.contains(|c: char| c == ':' || c.is_control()) {
        return Err(Message::new("policy.root.character"));
    }
    match normalized(root) {
        Some(path) if path == root => {}
        path => return Err(Message::new("policy.root.normal").with("path", path.unwrap_or_default())),
    }
    match SENSITIVE.iter().find(|path| overlap(root, path)) {
        Some(path) => Err(Message::new("policy.root.sensitive").with("path", path)),
        None => Ok(()),
    }
}

/// Whether one of two normalised paths is the other or above it.
pub fn overlap(one: &str, other: &str) -> bool {
    is_within(one, other) || is_within(other, one)
}

fn is_within(path: &str, root: &str) -> bool {
    let root = root.strip_suffix('/').unwrap_or(root);
    path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// An absolute path without `.`, `..`, doubled and trailing slashes, as the engine cleans it. `None` where it is
/// relative or has a colon, at which engines divide the short form of a mount.
fn normalized(path: &str) -> Option<String> {
    if !path.starts_with('/') || path.contains(':') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    Some(format!("/{}", parts.join("/")))
}

impl Client {
    /// The policy of a project.
    pub async fn project_policy(&self, project: &str) -> Result<ProjectPolicy, Problem> {
        self.get(Path::new(&["projects", project, "policy"])).await
    }

    /// Replaces the policy of a project.
    pub async fn set_project_policy(&self, project: &str, set: &SetProjectPolicy) -> Result<ProjectPolicy, Problem> {
        self.call(Method::Put, Path::new(&["projects", project, "policy"]), set).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(roots: &[&str]) -> Result<ProjectPolicy, Vec<FieldProblem>> {
        let bind_roots = roots.iter().map(|root| (*root).to_owned()).collect();
        SetProjectPolicy { allowed: Vec::new(), bind_roots }.into_policy()
    }

    fn reason(root: &str) -> Option<String> {
        check_root(root).err().map(|message| message.key)
    }

    #[test]
    fn the_user_guide_has_this_table() {
        let guide = include_str!("../../docs/user-guide/policy.md");
        let (_, rest) = guide.split_once("<!-- rules -->\n").unwrap();
        let table: Vec<&str> = rest.split_once("<!-- /rules -->").unwrap().0.lines().skip(2).collect();
        assert_eq!(table, PolicyRule::ALL.map(|rule| format!("| `{}` | {} |", rule.as_str(), rule.meaning())));
    }

    #[test]
    fn every_rule_stands_once_under_its_name_on_the_wire() {
        assert!(PolicyRule::ALL.is_sorted_by(|a, b| a < b));
        for rule in PolicyRule::ALL {
            assert_eq!(serde_json::to_value(rule).unwrap(), rule.as_str());
        }
        assert_eq!(PolicyRule::ForeignObjects as usize, PolicyRule::ALL.len() - 1);
    }

    #[test]
    fn rules_are_sorted_and_kept_once() {
        let allowed = vec![PolicyRule::Sysctls, PolicyRule::Privileged, PolicyRule::Sysctls];
        let policy = SetProjectPolicy { allowed, bind_roots: Vec::new() }.into_policy().unwrap();
        assert_eq!(policy.allowed, [PolicyRule::Privileged, PolicyRule::Sysctls]);
        assert!(policy.allows(PolicyRule::Sysctls) && !policy.allows(PolicyRule::Devices));
    }

    #[test]
    fn a_folder_is_an_absolute_normalised_path() {
        for good in
            ["/srv", "/srv/shop", "/home/ada/data", "/etcetera", "/var/lib/dockerish", "/opt/..data", "/mnt/数据"]
        {
            assert_eq!(reason(good), None, "{good}");
        }
        for (bad, why) in [
            ("", "absolute"),
            ("srv", "absolute"),
            ("./srv", "absolute"),
            ("~/srv", "absolute"),
            ("/srv/", "normal"),
            ("//srv", "normal"),
            ("/srv//shop", "normal"),
            ("/srv/./shop", "normal"),
            ("/srv/../etc", "normal"),
            ("/srv/..", "normal"),
            ("/srv:/etc", "character"),
            ("/srv\0", "character"),
            ("/srv\n", "character"),
        ] {
            assert_eq!(reason(bad), Some(format!("policy.root.{why}")), "{bad:?}");
        }
        assert_eq!(reason(&format!("/{}", "a".repeat(MAX_BIND_ROOT_LENGTH - 1))), None);
        assert_eq!(reason(&format!("/{}", "a".repeat(MAX_BIND_ROOT_LENGTH))).as_deref(), Some("policy.root.long"));
    }

    #[test]
    fn a_folder_that_gives_the_host_away_is_refused_with_what_is_above_and_inside() {
        for bad in ["/", "/var", "/var/lib", "/var/run/docker.sock", "/run/user/1000"] {
            assert_eq!(reason(bad).as_deref(), Some("policy.root.sensitive"), "{bad}");
        }
        for path in SENSITIVE {
            for bad in [path.to_owned(), format!("{path}/inside")] {
                assert_eq!(reason(&bad).as_deref(), Some("policy.root.sensitive"), "{bad}");
            }
            assert_eq!(reason(&format!("{path}-not")), None, "{path}-not");
        }
    }

    #[test]
    fn folders_are_few_and_different() {
        let many: Vec<String> = (0..=MAX_BIND_ROOTS).map(|number| format!("/srv/{number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(set(&many[1..]).unwrap().bind_roots, many[1..]);
        let problems = set(&many).unwrap_err();
        assert_eq!((problems.len(), problems[0].field.as_str()), (1, "bind_roots"));
        let problems = set(&["/srv", "/opt", "/srv", "/etc"]).unwrap_err();
        let told: Vec<_> = problems.iter().map(|it| (it.field.as_str(), it.message.key.as_str())).collect();
        assert_eq!(told, [("bind_roots[2]", "policy.root.twice"), ("bind_roots[3]", "policy.root.sensitive")]);
    }

    #[test]
    fn a_path_is_covered_by_what_it_comes_to() {
        let policy = set(&["/srv/shop", "/opt"]).unwrap();
        for inside in [
            "/srv/shop",
            "/srv/shop/",
            "/srv/shop/data",
            "/srv//shop/./data/",
            "/srv/shop/data/..",
            "/srv/bank/../shop/x",
            "/../opt/a",
            "/srv/shop/..data",
        ] {
            assert!(policy.covers(inside), "{inside}");
        }
        for outside in [
            "",
            "/",
            ".",
            "srv/shop",
            "./srv/shop",
            "~/srv/shop",
            "/srv",
            "/srv/shopping",
            "/srv/shop-2",
            "/srv/shop/..",
            "/srv/shop/../bank",
            "/srv/shop/../../etc",
            "/srv/shop/data/../../../etc/shadow",
            "/etc/../opt/../etc",
            "/etc:/../../srv/shop",
            "/SRV/shop",
        ] {
            assert!(!policy.covers(outside), "{outside}");
        }
        assert!(!ProjectPolicy::default().covers("/srv/shop"));
    }
}
