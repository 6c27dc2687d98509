//! Putting the settings together: defaults, then the file, then variables, then flags.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use figment::providers::{Format, Serialized, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};
use ipnet::IpNet;
use url::Url;

use super::audit::{AuditConfig, without_path};
use super::raw::{KEYS, Raw};
use super::{AuthConfig, Config, DataConfig, EngineConfig, Error, HttpConfig, LogConfig, MonitorConfig, Setting};

const PREFIX: &str = "GANTRY_";
/// Variables with the prefix that are no settings.
const OTHER_VARIABLES: [&str; 1] = ["GANTRY_CONFIG"];
/// Variables of others that the portal looks at.
const FOREIGN_VARIABLES: [&str; 5] =
    ["DOCKER_HOST", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY", "XDG_RUNTIME_DIR", "HOME"];

/// Where settings are read from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The file named on the command line.
    pub file: Option<PathBuf>,
    /// The environment.
    pub variables: BTreeMap<String, String>,
    /// Settings given as flags, by key.
    pub flags: BTreeMap<&'static str, String>,
}

impl Sources {
    /// The process's own environment, and what the command line gave.
    pub fn process(file: Option<PathBuf>, flags: BTreeMap<&'static str, String>) -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self::of(file, variables, flags)
    }

    /// Keeps of an environment what concerns the portal.
    fn of(
        file: Option<PathBuf>,
        mut variables: BTreeMap<String, String>,
        flags: BTreeMap<&'static str, String>,
    ) -> Self {
        variables.retain(|name, _| name.starts_with(PREFIX) || FOREIGN_VARIABLES.contains(&name.as_str()));
        Self { file, variables, flags }
    }
}

impl Config {
    /// Reads and checks the settings.
    pub fn load(sources: &Sources) -> Result<Self, Error> {
        let file = sources.file.clone().or_else(|| sources.variables.get("GANTRY_CONFIG").map(PathBuf::from));
        if let Some(file) = &file {
            check_file(file)?;
        }
        check_variables(&sources.variables)?;

        let mut figment = Figment::from(Serialized::defaults(Raw::default()));
        if let Some(file) = &file {
            figment = figment.merge(Toml::file_exact(file));
        }
        let figment =
            figment.merge(docker_host(&sources.variables)).merge(variables(&sources.variables)).merge(Layer {
                name: "flag",
                values: sources.flags.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect(),
            });
        let raw: Raw = figment.extract_lossy().map_err(|error| Error(explain(&error)))?;
        let origin =
            |key: &str| figment.find_metadata(key).map_or_else(|| "default".to_owned(), |found| name(found, key));
        let mut config = shape(raw, origin)?;
        let folder = |name: &str| sources.variables.get(name).filter(|path| !path.is_empty()).map(PathBuf::from);
        config.engine.runtime_dir = folder("XDG_RUNTIME_DIR");
        config.engine.home = folder("HOME");
        Ok(config)
    }
}

fn shape(raw: Raw, origin: impl Fn(&str) -> String) -> Result<Config, Error> {
    let bad = |key: &str, why: String| Error(format!("{key} ({}): {why}", origin(key)));
    let public_url = raw.public_url.clone().unwrap_or_else(|| format!("http://{}", raw.listen));
    let public_url = Url::parse(&public_url).map_err(|error| bad("public_url", format!("`{public_url}`: {error}")))?;
    if !["http", "https"].contains(&public_url.scheme()) || public_url.host_str().is_none() {
        return Err(bad("public_url", format!("`{public_url}` is not an http:// or https:// address")));
    }
    if public_url.path() != "/" || public_url.query().is_some() || public_url.fragment().is_some() {
        return Err(bad("public_url", format!("`{public_url}` has a path; the portal lives at the root of its host")));
    }
    let networks = |key: &str, texts: &[String]| {
        let network =
            |text: &String| text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
        let why = "give addresses or networks such as `10.0.0.1, 192.168.0.0/16`";
        texts.iter().map(network).collect::<Option<Vec<_>>>().ok_or_else(|| bad(key, why.to_owned()))
    };
    let trusted_proxies = networks("trusted_proxies", &raw.trusted_proxies)?;
    let provider_networks = networks("provider_networks", &raw.provider_networks)?;
    let audit = AuditConfig::of(&raw, bad)?;
    let database_url = raw.database_url.filter(|url| !url.is_empty());
    if let Some(url) = &database_url
        && !(url.starts_with("postgres://") || url.starts_with("postgresql://"))
    {
        let why = "give a postgres:// address, or leave it out to use SQLite in the data directory";
        return Err(bad("database_url", why.to_owned()));
    }
    if !(1..=3600).contains(&raw.sample_interval_secs) {
        return Err(bad("sample_interval_secs", "give 1 to 3600 seconds".to_owned()));
    }
    if !(1..=36_500).contains(&raw.operation_retention_days) {
        return Err(bad("operation_retention_days", "give 1 to 36500 days".to_owned()));
    }
    if raw.request_timeout_secs == 0 {
        return Err(bad("request_timeout_secs", "give at least 1 second".to_owned()));
    }
    let docker_host = raw.docker_host.filter(|host| !host.is_empty());
    let docker_cert_path = raw.docker_cert_path.filter(|path| !path.as_os_str().is_empty());
    let site_dir = raw.site_dir.unwrap_or_else(default_site_dir);

    let none = || "(none)".to_owned();
    let value = |key| match key {
        "listen" => raw.listen.to_string(),
        "public_url" => public_url.to_string(),
        "allowed_hosts" => raw.allowed_hosts.join(", "),
        "trusted_proxies" => raw.trusted_proxies.join(", "),
        "provider_networks" => raw.provider_networks.join(", "),
        "request_timeout_secs" => raw.request_timeout_secs.to_string(),
        "shutdown_grace_secs" => raw.shutdown_grace_secs.to_string(),
        "site_dir" => site_dir.display().to_string(),
        "data_dir" => raw.data_dir.display().to_string(),
        "database_url" => database_url.as_deref().map_or_else(none, without_password),
        "docker_host" => docker_host.clone().unwrap_or_else(none),
        "docker_cert_path" => docker_cert_path.as_ref().map_or_else(none, |path| path.display().to_string()),
        "sample_interval_secs" => raw.sample_interval_secs.to_string(),
        "operation_retention_days" => raw.operation_retention_days.to_string(),
        "audit_retention_days" => raw.audit_retention_days.to_string(),
        "audit_syslog" => audit.syslog.as_ref().map_or_else(none, ToString::to_string),
        "audit_webhook" => audit.webhook.as_ref().map_or_else(none, without_path),
        "audit_webhook_secret" => audit.webhook_secret.as_ref().map_or_else(none, |_| "***".to_owned()),
        "log" => raw.log.clone(),
        _ => raw.log_json.to_string(),
    };
    let settings = KEYS.iter().map(|key| Setting { key, value: value(key), origin: origin(key) }).collect();
    Ok(Config {
        http: HttpConfig {
            listen: raw.listen,
            public_url,
            allowed_hosts: raw.allowed_hosts,
            trusted_proxies,
            request_timeout: Duration::from_secs(raw.request_timeout_secs),
            shutdown_grace: Duration::from_secs(raw.shutdown_grace_secs),
            site_dir,
        },
        auth: AuthConfig { provider_networks },
        data: DataConfig { dir: raw.data_dir, database_url },
        engine: EngineConfig { docker_host, docker_cert_path, runtime_dir: None, home: None },
        monitor: MonitorConfig {
            sample_interval: Duration::from_secs(raw.sample_interval_secs),
            operation_retention: Duration::from_hours(24 * raw.operation_retention_days),
        },
        audit,
        log: LogConfig { filter: raw.log, json: raw.log_json },
        settings,
    })
}

/// `site` beside the program where it is installed, else where the build leaves it.
fn default_site_dir() -> PathBuf {
    let beside = std::env::current_exe().ok().and_then(|program| Some(program.parent()?.join("site")));
    beside.filter(|folder| folder.is_dir()).unwrap_or_else(|| PathBuf::from("target/site"))
}

fn without_password(url: &str) -> String {
    Url::parse(url).map_or_else(
        |_| "(hidden)".to_owned(),
        |mut url| {
            if url.password().is_some() {
                let _ = url.set_password(Some("***"));
            }
            if url.query().is_some() {
                url.set_query(Some("***"));
            }
            url.to_string()
        },
    )
}

/// One source of settings as texts.
struct Layer {
    name: &'static str,
    values: BTreeMap<String, String>,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let dict = self.values.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))).collect();
        Ok(Map::from([(Profile::Default, dict)]))
    }
}

fn variables(all: &BTreeMap<String, String>) -> Layer {
    let values = all
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix(PREFIX)?.to_lowercase(), value.clone())))
        .filter(|(key, value)| KEYS.contains(&key.as_str()) && !value.is_empty())
        .collect();
    Layer { name: "env", values }
}

fn docker_host(all: &BTreeMap<String, String>) -> Layer {
    let given = |name: &str| all.get(name).filter(|value| !value.is_empty());
    let host = given("DOCKER_HOST").map(|host| ("docker_host".to_owned(), host.clone()));
    let certificates = given("DOCKER_CERT_PATH").filter(|_| given("DOCKER_TLS_VERIFY").is_some());
    let certificates = certificates.map(|path| ("docker_cert_path".to_owned(), path.clone()));
    Layer { name: "env DOCKER_HOST", values: host.into_iter().chain(certificates).collect() }
}

fn name(metadata: &Metadata, key: &str) -> String {
    match (&*metadata.name, &metadata.source) {
        ("env", _) => format!("env {PREFIX}{}", key.to_uppercase()),
        ("flag", _) => format!("flag --{}", key.replace('_', "-")),
        (name @ "env DOCKER_HOST", _) => name.to_owned(),
        (_, Some(figment::Source::File(path))) => format!("file {}", path.display()),
        _ => "default".to_owned(),
    }
}

fn explain(error: &figment::Error) -> String {
    let key = error.path.join(".");
    let origin = error.metadata.as_ref().map_or_else(|| "default".to_owned(), |metadata| name(metadata, &key));
    format!("{key} ({origin}): {}", error.kind)
}

fn check_file(path: &Path) -> Result<(), Error> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Error(format!("The settings file {} cannot be read: {error}", path.display())))?;
    let table: toml::Table =
        text.parse().map_err(|error| Error(format!("The settings file {} is no TOML: {error}", path.display())))?;
    match table.keys().find(|key| !KEYS.contains(&key.as_str())) {
        Some(key) => {
            Err(Error(format!("The settings file {} has an unknown key `{key}`.{}", path.display(), hint(key))))
        }
        None => Ok(()),
    }
}

/// Refuses what is nearly a setting. Other variables with the prefix pass: orchestrators make their own, such as
/// `GANTRY_PORT` for a service called gantry.
fn check_variables(all: &BTreeMap<String, String>) -> Result<(), Error> {
    for name in all.keys().filter(|name| !OTHER_VARIABLES.contains(&name.as_str())) {
        let Some(key) = name.strip_prefix(PREFIX).map(str::to_lowercase) else { continue };
        if !KEYS.contains(&key.as_str())
            && let Some(near) = nearest(&key)
        {
            return Err(Error(format!(
                "The variable {name} is no setting. Did you mean {PREFIX}{}?",
                near.to_uppercase()
            )));
        }
    }
    Ok(())
}

fn hint(key: &str) -> String {
    nearest(key).map_or_else(|| format!(" Known keys: {}.", KEYS.join(", ")), |near| format!(" Did you mean `{near}`?"))
}

fn nearest(key: &str) -> Option<&'static str> {
    let (distance, near) = KEYS.iter().map(|known| (distance(key, known), *known)).min()?;
    (distance <= 1 + near.len() / 5).then_some(near)
}

/// The number of letters to insert, delete or replace (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, right) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(left != *right);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(variables: &[(&str, &str)]) -> Sources {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Sources { variables, ..Sources::default() }
    }

    fn origin(config: &Config, key: &str) -> String {
        config.settings().iter().find(|setting| setting.key == key).unwrap().origin.clone()
    }

    #[test]
    fn a_flag_beats_a_variable_beats_a_file_beats_the_default() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("gantry.toml");
        std::fs::write(&file, "listen = '127.0.0.1:1'\nlog = 'debug'\nsample_interval_secs = 5\n").unwrap();
        let mut sources = sources(&[("GANTRY_LOG", "trace"), ("GANTRY_SAMPLE_INTERVAL_SECS", "7")]);
        sources.file = Some(file);
        sources.flags.insert("log", "warn".to_owned());
        let config = Config::load(&sources).unwrap();
        assert_eq!(config.http.listen.port(), 1);
        assert_eq!(config.monitor.sample_interval, Duration::from_secs(7));
        assert_eq!(config.log.filter, "warn");
        assert!(origin(&config, "listen").starts_with("file "));
        assert_eq!(origin(&config, "sample_interval_secs"), "env GANTRY_SAMPLE_INTERVAL_SECS");
        assert_eq!(origin(&config, "log"), "flag --log");
        assert_eq!(origin(&config, "data_dir"), "default");
    }

    #[test]
    fn a_bad_value_is_named_with_its_source() {
        let error = Config::load(&sources(&[("GANTRY_LISTEN", "nonsense")])).unwrap_err();
        assert!(error.0.contains("listen (env GANTRY_LISTEN)"), "{error}");
        let error = Config::load(&sources(&[("GANTRY_PUBLIC_URL", "ftp://x")])).unwrap_err();
        assert!(error.0.contains("GANTRY_PUBLIC_URL"), "{error}");
        let error = Config::load(&sources(&[("GANTRY_TRUSTED_PROXIES", "10.0.0.0/99")])).unwrap_err();
        assert!(error.0.contains("GANTRY_TRUSTED_PROXIES"), "{error}");
    }

    #[test]
    fn a_misspelt_key_is_refused_with_a_suggestion() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("gantry.toml");
        std::fs::write(&file, "lisen = '127.0.0.1:1'").unwrap();
        let error = Config::load(&Sources { file: Some(file), ..Sources::default() }).unwrap_err();
        assert!(error.0.contains("`lisen`") && error.0.contains("`listen`"), "{error}");
        let error = Config::load(&sources(&[("GANTRY_DATADIR", "/x")])).unwrap_err();
        assert!(error.0.contains("GANTRY_DATA_DIR"), "{error}");
        assert!(Config::load(&sources(&[("GANTRY_SERVICE_HOST", "10.0.0.1")])).is_ok());
    }

    #[test]
    fn lists_come_with_commas_and_the_engine_from_either_variable() {
        let config = Config::load(&sources(&[
            ("GANTRY_TRUSTED_PROXIES", "10.0.0.1, 192.168.0.0/16"),
            ("DOCKER_HOST", "unix:///a"),
        ]))
        .unwrap();
        assert_eq!(config.http.trusted_proxies.len(), 2);
        assert_eq!(config.engine.docker_host.as_deref(), Some("unix:///a"));
        let both =
            Config::load(&sources(&[("GANTRY_DOCKER_HOST", "unix:///b"), ("DOCKER_HOST", "unix:///a")])).unwrap();
        assert_eq!(both.engine.docker_host.as_deref(), Some("unix:///b"));
    }

    #[test]
    fn the_sockets_of_a_user_and_the_certificates_of_an_engine_are_looked_for_where_the_environment_says() {
        let given = [
            ("XDG_RUNTIME_DIR", "/run/user/7"),
            ("HOME", "/home/ada"),
            ("DOCKER_HOST", "tcp://127.0.0.1:2376"),
            ("DOCKER_CERT_PATH", "/certs"),
            ("DOCKER_TLS_VERIFY", "1"),
            ("PATH", "/bin"),
        ];
        let sources = Sources::of(None, sources(&given).variables, BTreeMap::new());
        assert!(!sources.variables.contains_key("PATH"));
        let engine = Config::load(&sources).unwrap().engine;
        assert_eq!(engine.runtime_dir, Some(PathBuf::from("/run/user/7")));
        assert_eq!(engine.home, Some(PathBuf::from("/home/ada")));
        assert_eq!(engine.docker_cert_path, Some(PathBuf::from("/certs")));
    }

    #[test]
    fn the_database_password_is_never_shown() {
        let config =
            Config::load(&sources(&[("GANTRY_DATABASE_URL", "postgres://u:secret@h/db?password=secret")])).unwrap();
        assert!(config.settings().iter().all(|setting| !setting.value.contains("secret")));
    }
}
