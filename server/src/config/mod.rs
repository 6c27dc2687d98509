//! The settings: where each comes from, what it means, and its default. The environment is read only here.

mod audit;
mod load;
mod raw;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use url::Url;

pub use audit::{AuditConfig, SyslogAddress, without_path};
pub use load::Sources;

/// The effective settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// How the portal is reached.
    pub http: HttpConfig,
    /// How people sign in.
    pub auth: AuthConfig,
    /// Where the portal keeps its data.
    pub data: DataConfig,
    /// Which engine it uses.
    pub engine: EngineConfig,
    /// What it records.
    pub monitor: MonitorConfig,
    /// How long the audit log is kept, and where it is sent to.
    pub audit: AuditConfig,
    /// What it logs.
    pub log: LogConfig,
    settings: Vec<Setting>,
}

/// How the portal is reached.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The address people use.
    pub public_url: Url,
    /// Further names, with the port where it is not the scheme's own, that requests may be sent to.
    pub allowed_hosts: Vec<String>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// How long a request may take until its answer begins.
    pub request_timeout: Duration,
    /// How long open requests may go on after the server was told to stop.
    pub shutdown_grace: Duration,
    /// The folder of the console's browser half.
    pub site_dir: PathBuf,
}

impl HttpConfig {
    /// Whether people reach the portal over TLS.
    pub fn is_secure(&self) -> bool {
        self.public_url.scheme() == "https"
    }

    /// `scheme://host[:port]` of the public address, as browsers write it in `Origin`.
    pub fn public_origin(&self) -> String {
        self.public_url.origin().ascii_serialization()
    }
}

/// How people sign in.
#[derive(Clone, Debug)]
pub struct AuthConfig {
    /// Networks of this machine or its link in which identity providers may be all the same, also without TLS.
    pub provider_networks: Vec<IpNet>,
}

/// Where the portal keeps its data.
#[derive(Clone, Debug)]
pub struct DataConfig {
    /// The data directory.
    pub dir: PathBuf,
    /// `postgres://…`; absent for the SQLite file in the data directory.
    pub database_url: Option<String>,
}

/// Which engine the portal uses.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// `unix://…` or `tcp://…`; absent to look at the usual sockets.
    pub docker_host: Option<String>,
    /// The folder with `ca.pem`, `cert.pem` and `key.pem` for an engine behind TLS.
    pub docker_cert_path: Option<PathBuf>,
    /// `XDG_RUNTIME_DIR`, where engines of a user have their sockets.
    pub runtime_dir: Option<PathBuf>,
    /// The user's home.
    pub home: Option<PathBuf>,
}

/// What the portal records.
#[derive(Clone, Debug)]
pub struct MonitorConfig {
    /// The time between two samples of a container.
    pub sample_interval: Duration,
    /// How long an operation that has ended is kept with its log.
    pub operation_retention: Duration,
}

/// What the portal logs.
#[derive(Clone, Debug)]
pub struct LogConfig {
    /// The filter in the syntax of `tracing_subscriber::EnvFilter`, for example `info` or `server=debug`.
    pub filter: String,
    /// Whether each record is a JSON object.
    pub json: bool,
}

/// One setting as `gantry config` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The key in the file; the variable is `GANTRY_` and the key in capitals.
    pub key: &'static str,
    /// The value in effect, without secrets.
    pub value: String,
    /// Where it came from: `default`, a file, a variable or a flag.
    pub origin: String,
}

/// Why the settings cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Error(pub String);

impl Config {
    /// Every setting with its value and origin, without secrets.
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }
}
