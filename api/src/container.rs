//! Containers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::client::{Client, Method, Path, Query};
use crate::list::{List, ListQuery};
use crate::problem::Problem;

/// A container, as lists show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Container {
    /// The engine's id, 64 hexadecimal digits.
    pub id: String,
    /// Its name, without the leading slash.
    pub name: String,
    /// The image as it was asked for.
    pub image: String,
    /// The image's id.
    pub image_id: String,
    /// What it is doing.
    pub state: ContainerState,
    /// What its health check says; absent where it has none or does not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<Health>,
    /// The code it ended with; absent while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i64>,
    /// Whether the kernel ended it for want of memory.
    #[serde(default)]
    pub oom_killed: bool,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it last started.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub started_at: Option<OffsetDateTime>,
    /// When it last ended.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<OffsetDateTime>,
    /// Its ports.
    pub ports: Vec<Port>,
    /// The networks it is in.
    pub networks: Vec<ContainerNetwork>,
    /// What is mounted in it.
    pub mounts: Vec<Mount>,
    /// The project of the app it belongs to, where it is one of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The app (Compose project) it belongs to, ours or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// The service of that app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The processor time it used lately, in percent of one processor; absent without a sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_percent: Option<f32>,
    /// The memory it used lately, without the page cache; absent without a sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
}

/// What a container is doing (the engine's own words).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum ContainerState {
    Running,
    Restarting,
    Paused,
    Created,
    Exited,
    Removing,
    Dead,
    Unknown,
}

/// What a health check says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    /// Within the start period.
    Starting,
    /// The last checks passed.
    Healthy,
    /// The last checks failed.
    Unhealthy,
}

/// A port of a container.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Port {
    /// The port inside.
    pub container_port: u16,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
    /// The port on the host; absent where it is not published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_port: Option<u16>,
    /// The address on the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_ip: Option<String>,
}

/// A container's place in a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ContainerNetwork {
    /// The network's name.
    pub name: String,
    /// The address in it; empty while the container does not run.
    pub ip_address: String,
    /// The names it answers to.
    #[serde(default)]
    pub aliases: Vec<String>,
}

/// Something mounted in a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Mount {
    /// `volume`, `bind` or `tmpfs`.
    pub kind: String,
    /// The volume's name, or the path on the host.
    pub source: String,
    /// The path inside.
    pub target: String,
    /// Whether it can only be read.
    pub read_only: bool,
}

/// A container with everything its page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ContainerDetail {
    /// What lists show.
    #[serde(flatten)]
    pub container: Container,
    /// The command's words.
    pub command: Vec<String>,
    /// The entry point's words.
    pub entrypoint: Vec<String>,
    /// Environment variables, `NAME=value`.
    pub environment: Vec<String>,
    /// Where the command runs.
    pub working_dir: String,
    /// Who runs it; empty for the image's default.
    pub user: String,
    /// Its host name.
    pub hostname: String,
    /// When the engine starts it again: `no`, `on-failure`, `always` or `unless-stopped`.
    pub restart_policy: String,
    /// How often the engine has started it again.
    pub restart_count: u64,
    /// Whether it has a terminal.
    pub tty: bool,
    /// Its first process on the host; 0 while it does not run.
    pub pid: u64,
    /// Its memory limit; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_limit_bytes: Option<u64>,
    /// Its processor limit in processors; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_limit: Option<f64>,
    /// Whether it has every right on the host.
    pub privileged: bool,
    /// The logging driver.
    pub log_driver: String,
    /// What the engine said when it could not start it.
    pub error: String,
    /// The last health checks, oldest first.
    pub health_log: Vec<HealthCheck>,
}

/// One run of a health check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HealthCheck {
    /// When it began.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// 0 is healthy.
    pub exit_code: i64,
    /// What it printed, cut at 4 KiB.
    pub output: String,
}

/// Something to do to a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum ContainerAction {
    Start,
    Stop,
    Restart,
    Kill,
    Pause,
    Unpause,
}

impl ContainerAction {
    /// Every action.
    pub const ALL: [Self; 6] = [Self::Start, Self::Stop, Self::Restart, Self::Kill, Self::Pause, Self::Unpause];

    /// The last part of the action's path.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::Kill => "kill",
            Self::Pause => "pause",
            Self::Unpause => "unpause",
        }
    }

    /// Whether it makes sense for a container in `state`.
    pub const fn fits(self, state: ContainerState) -> bool {
        use ContainerState::{Created, Dead, Exited, Paused, Restarting, Running};
        match self {
            Self::Start => matches!(state, Created | Exited | Dead),
            Self::Stop | Self::Kill => matches!(state, Running | Restarting | Paused),
            Self::Restart => matches!(state, Running | Exited | Restarting),
            Self::Pause => matches!(state, Running),
            Self::Unpause => matches!(state, Paused),
        }
    }
}

fn path(cluster: &str, id: &str, rest: &[&str]) -> Path {
    let mut segments = vec!["clusters", cluster, "containers", id];
    segments.extend_from_slice(rest);
    Path::new(&segments)
}

impl Client {
    /// The containers of a cluster. Filters: `state`, `health`, `app`, `service`, `image`, `network`.
    pub async fn list_containers(&self, cluster: &str, query: &ListQuery) -> Result<List<Container>, Problem> {
        self.get(Path::new(&["clusters", cluster, "containers"]).query(&query.to_query())).await
    }

    /// One container, by id, id prefix or name.
    pub async fn get_container(&self, cluster: &str, id: &str) -> Result<ContainerDetail, Problem> {
        self.get(path(cluster, id, &[])).await
    }

    /// The engine's own description of a container.
    pub async fn inspect_container(&self, cluster: &str, id: &str) -> Result<serde_json::Value, Problem> {
        self.get(path(cluster, id, &["inspect"])).await
    }

    /// Does something to a container.
    pub async fn act_on_container(&self, cluster: &str, id: &str, action: ContainerAction) -> Result<(), Problem> {
        self.tell(Method::Post, path(cluster, id, &[action.as_str()])).await
    }

    /// Removes a container; a running one only with `force`, its anonymous volumes only with `volumes`.
    pub async fn delete_container(&self, cluster: &str, id: &str, force: bool, volumes: bool) -> Result<(), Problem> {
        let query = Query::new().with("force", force).with("volumes", volumes);
        self.tell(Method::Delete, path(cluster, id, &[]).query(&query)).await
    }

    /// The shells found in a running container, best first.
    pub async fn list_shells(&self, cluster: &str, id: &str) -> Result<Vec<String>, Problem> {
        self.get(path(cluster, id, &["shells"])).await
    }
}
