//! The settings as they stand in a file, a variable or a flag: one flat list.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize};

/// Every setting. A field's name is its key in the file; its variable is `GANTRY_` and the name in capitals.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Raw {
    pub listen: SocketAddr,
    pub public_url: Option<String>,
    #[serde(deserialize_with = "list")]
    pub allowed_hosts: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub trusted_proxies: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub provider_networks: Vec<String>,
    pub request_timeout_secs: u64,
    pub shutdown_grace_secs: u64,
    pub site_dir: Option<PathBuf>,
    pub data_dir: PathBuf,
    pub database_url: Option<String>,
    pub docker_host: Option<String>,
    pub docker_cert_path: Option<PathBuf>,
    pub sample_interval_secs: u64,
    pub operation_retention_days: u64,
    pub audit_retention_days: u64,
    pub audit_syslog: Option<String>,
    pub audit_webhook: Option<String>,
    pub audit_webhook_secret: Option<String>,
    pub log: String,
    pub log_json: bool,
}

/// The keys in the order in which they are shown.
pub const KEYS: [&str; 20] = [
    "listen",
    "public_url",
    "allowed_hosts",
    "trusted_proxies",
    "provider_networks",
    "request_timeout_secs",
    "shutdown_grace_secs",
    "site_dir",
    "data_dir",
    "database_url",
    "docker_host",
    "docker_cert_path",
    "sample_interval_secs",
    "operation_retention_days",
    "audit_retention_days",
    "audit_syslog",
    "audit_webhook",
    "audit_webhook_secret",
    "log",
    "log_json",
];

impl Default for Raw {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: None,
            allowed_hosts: Vec::new(),
            trusted_proxies: Vec::new(),
            provider_networks: Vec::new(),
            request_timeout_secs: 30,
            shutdown_grace_secs: 10,
            site_dir: None,
            data_dir: PathBuf::from("data"),
            database_url: None,
            docker_host: None,
            docker_cert_path: None,
            sample_interval_secs: 10,
            operation_retention_days: 90,
            audit_retention_days: 365,
            audit_syslog: None,
            audit_webhook: None,
            audit_webhook_secret: None,
            log: "info".to_owned(),
            log_json: false,
        }
    }
}

/// A list, or one text with commas, as a variable has it.
fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Text(String),
        List(Vec<String>),
    }
    let items = match Either::deserialize(deserializer)? {
        Either::Text(text) => text.split(',').map(str::to_owned).collect(),
        Either::List(items) => items,
    };
    Ok(items.into_iter().map(|item: String| item.trim().to_owned()).filter(|item| !item.is_empty()).collect())
}
