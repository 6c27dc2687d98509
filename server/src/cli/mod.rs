//! The command line: serving, showing the settings, asking for health, and the way back in for a locked-out owner.

mod admin;
mod healthcheck;
mod serve;

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::{Config, Sources};

/// A failure as the console shows it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Error(pub String);

impl Error {
    fn of(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

#[derive(Debug, Parser)]
#[command(name = "gantry", version, about = "A web portal for containers")]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the portal (the default).
    Serve,
    /// Show the settings in effect and where each comes from.
    Config,
    /// Ask the portal on this machine whether it can serve.
    Healthcheck,
    /// Repair accounts directly in the database.
    #[command(subcommand)]
    Admin(admin::Command),
}

/// Settings as flags; each is also `GANTRY_…` in the environment and a key in the file.
#[derive(Debug, Args)]
struct Settings {
    /// The settings file (TOML); also GANTRY_CONFIG.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The address to listen on.
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// The address that people use, such as https://gantry.example.
    #[arg(long, global = true, value_name = "URL")]
    public_url: Option<String>,
    /// Further host names that requests may be sent to, with commas.
    #[arg(long, global = true, value_name = "HOSTS")]
    allowed_hosts: Option<String>,
    /// Proxies whose X-Forwarded-For is believed, with commas.
    #[arg(long, global = true, value_name = "NETWORKS")]
    trusted_proxies: Option<String>,
    /// Networks of this machine or its link in which identity providers and webhooks may be, with commas.
    #[arg(long, global = true, value_name = "NETWORKS")]
    provider_networks: Option<String>,
    /// How long a request may take until its answer begins.
    #[arg(long, global = true, value_name = "SECONDS")]
    request_timeout_secs: Option<String>,
    /// How long open requests may go on when the server stops.
    #[arg(long, global = true, value_name = "SECONDS")]
    shutdown_grace_secs: Option<String>,
    /// The folder of the console's browser half.
    #[arg(long, global = true, value_name = "FOLDER")]
    site_dir: Option<String>,
    /// Where the portal keeps its data.
    #[arg(long, global = true, value_name = "FOLDER")]
    data_dir: Option<String>,
    /// A postgres:// address; SQLite in the data directory without it.
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
    /// The engine's socket; also DOCKER_HOST.
    #[arg(long, global = true, value_name = "URL")]
    docker_host: Option<String>,
    /// The folder with ca.pem, cert.pem and key.pem for an engine behind TLS; also DOCKER_CERT_PATH.
    #[arg(long, global = true, value_name = "FOLDER")]
    docker_cert_path: Option<String>,
    /// The time between two samples of a container.
    #[arg(long, global = true, value_name = "SECONDS")]
    sample_interval_secs: Option<String>,
    /// How long an operation that has ended is kept with its log.
    #[arg(long, global = true, value_name = "DAYS")]
    operation_retention_days: Option<String>,
    /// How long an entry of the audit log is kept.
    #[arg(long, global = true, value_name = "DAYS")]
    audit_retention_days: Option<String>,
    /// Where the audit log is sent: udp://host:port, tcp://host:port or unix:///dev/log.
    #[arg(long, global = true, value_name = "URL")]
    audit_syslog: Option<String>,
    /// The https:// address that every entry of the audit log is sent to.
    #[arg(long, global = true, value_name = "URL")]
    audit_webhook: Option<String>,
    /// What to log, such as `info` or `server=debug`.
    #[arg(long, global = true, value_name = "FILTER")]
    log: Option<String>,
    /// Whether to log JSON objects.
    #[arg(long, global = true, value_name = "TRUE|FALSE")]
    log_json: Option<String>,
}

impl Settings {
    fn load(self) -> Result<Config, Error> {
        let flags: BTreeMap<&'static str, String> = [
            ("listen", self.listen),
            ("public_url", self.public_url),
            ("allowed_hosts", self.allowed_hosts),
            ("trusted_proxies", self.trusted_proxies),
            ("provider_networks", self.provider_networks),
            ("request_timeout_secs", self.request_timeout_secs),
            ("shutdown_grace_secs", self.shutdown_grace_secs),
            ("site_dir", self.site_dir),
            ("data_dir", self.data_dir),
            ("database_url", self.database_url),
            ("docker_host", self.docker_host),
            ("docker_cert_path", self.docker_cert_path),
            ("sample_interval_secs", self.sample_interval_secs),
            ("operation_retention_days", self.operation_retention_days),
            ("audit_retention_days", self.audit_retention_days),
            ("audit_syslog", self.audit_syslog),
            ("audit_webhook", self.audit_webhook),
            ("log", self.log),
            ("log_json", self.log_json),
        ]
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?)))
        .collect();
        Config::load(&Sources::process(self.config, flags)).map_err(Error::of)
    }
}

/// Runs the command that the process was started with.
pub async fn run() -> Result<(), Error> {
    let cli = Cli::parse();
    let config = cli.settings.load()?;
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => serve::run(config).await,
        Command::Config => {
            show(&config);
            Ok(())
        }
        Command::Healthcheck => healthcheck::run(&config).await,
        Command::Admin(command) => admin::run(config, command).await,
    }
}

fn show(config: &Config) {
    let settings = config.settings();
    let width = |of: fn(&crate::config::Setting) -> usize| settings.iter().map(of).max().unwrap_or(0);
    let (keys, values) = (width(|setting| setting.key.len()), width(|setting| setting.value.len()));
    for setting in settings {
        println!("{:keys$}  {:values$}  {}", setting.key, setting.value, setting.origin);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn serving_is_the_default_and_flags_stand_on_either_side() {
        let cli = Cli::try_parse_from(["gantry", "--listen", "127.0.0.1:1"]).unwrap();
        assert!(cli.command.is_none());
        let cli = Cli::try_parse_from(["gantry", "config", "--listen", "127.0.0.1:1"]).unwrap();
        assert_eq!(cli.settings.listen.as_deref(), Some("127.0.0.1:1"));
        assert!(Cli::try_parse_from(["gantry", "--lisen", "127.0.0.1:1"]).is_err());
    }
}
