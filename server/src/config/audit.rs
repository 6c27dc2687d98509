//! How long the audit log is kept, and where it is sent to besides.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::Error;
use super::raw::Raw;

/// How long the audit log is kept, and where it is sent to besides.
#[derive(Clone)]
pub struct AuditConfig {
    /// How long an entry is kept.
    pub retention: Duration,
    /// The collector of logs that is told of every entry.
    pub syslog: Option<SyslogAddress>,
    /// The address that is told of every entry.
    pub webhook: Option<Url>,
    /// What signs what that address is told.
    pub webhook_secret: Option<String>,
}

impl AuditConfig {
    /// Checks the settings; `bad` says which one is wrong and why.
    pub(super) fn of(raw: &Raw, bad: impl Fn(&str, String) -> Error) -> Result<Self, Error> {
        if !(1..=36_500).contains(&raw.audit_retention_days) {
            return Err(bad("audit_retention_days", "give 1 to 36500 days".to_owned()));
        }
        let syslog = given(raw.audit_syslog.as_deref()).map(|text| {
            let why = "give udp://host:port, tcp://host:port or unix:///dev/log, or leave it out";
            SyslogAddress::parse(text).ok_or_else(|| bad("audit_syslog", why.to_owned()))
        });
        let webhook = given(raw.audit_webhook.as_deref()).map(|text| {
            let why = "give an https:// address without a user name and a password, or leave it out";
            parse_webhook(text).ok_or_else(|| bad("audit_webhook", why.to_owned()))
        });
        let webhook = webhook.transpose()?;
        let webhook_secret = given(raw.audit_webhook_secret.as_deref()).map(str::to_owned);
        if webhook_secret.is_some() && webhook.is_none() {
            let why = "it signs what is sent to a webhook, and there is none: give audit_webhook, or leave it out";
            return Err(bad("audit_webhook_secret", why.to_owned()));
        }
        let retention = Duration::from_hours(24 * raw.audit_retention_days);
        Ok(Self { retention, syslog: syslog.transpose()?, webhook, webhook_secret })
    }
}

fn given(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

impl fmt::Debug for AuditConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AuditConfig").field("retention", &self.retention).finish_non_exhaustive()
    }
}

/// Where a collector of logs listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyslogAddress {
    /// `host:port`, a message a datagram.
    Udp(String),
    /// `host:port`, messages with their length before them.
    Tcp(String),
    /// A socket of datagrams on this machine.
    Unix(PathBuf),
}

impl SyslogAddress {
    /// Reads `udp://host:port`, `tcp://host:port` or `unix:///path`.
    fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        match scheme {
            "udp" if is_host_and_port(rest) => Some(Self::Udp(rest.to_owned())),
            "tcp" if is_host_and_port(rest) => Some(Self::Tcp(rest.to_owned())),
            "unix" if rest.starts_with('/') && rest.len() > 1 => Some(Self::Unix(rest.into())),
            _ => None,
        }
    }
}

impl fmt::Display for SyslogAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Udp(address) => write!(formatter, "udp://{address}"),
            Self::Tcp(address) => write!(formatter, "tcp://{address}"),
            Self::Unix(path) => write!(formatter, "unix://{}", path.display()),
        }
    }
}

fn is_host_and_port(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let (name, is_bracketed) = match host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        Some(inner) => (inner, true),
        None => (host, false),
    };
    let is_host = !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c) || is_bracketed && ":%".contains(c));
    is_host && port.parse::<u16>().is_ok_and(|port| port > 0)
}

fn parse_webhook(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_web = ["http", "https"].contains(&url.scheme()) && url.host_str().is_some();
    (is_web && url.username().is_empty() && url.password().is_none()).then_some(url)
}

/// A webhook as it is shown: its path and query may hold a secret.
pub fn without_path(url: &Url) -> String {
    let origin = url.origin().ascii_serialization();
    if url.path() == "/" && url.query().is_none() { origin } else { format!("{origin}/***") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Sources};

    fn load(variables: &[(&str, &str)]) -> Result<Config, Error> {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Config::load(&Sources { variables, ..Sources::default() })
    }

    #[test]
    fn a_collector_is_a_host_with_a_port_or_a_socket() {
        for text in ["udp://127.0.0.1:514", "tcp://logs.example:6514", "udp://[::1]:514", "unix:///dev/log"] {
            assert_eq!(SyslogAddress::parse(text).unwrap().to_string(), text);
        }
        for text in [
            "",
            "logs.example:514",
            "udp://logs.example",
            "udp://logs.example:0",
            "udp://logs.example:65536",
            "udp://:514",
            "udp://::1:514",
            "udp://user@logs.example:514",
            "tcp://logs.example:514/x",
            "tcp://a b:514",
            "tls://logs.example:6514",
            "unix://dev/log",
            "unix:///",
        ] {
            assert_eq!(SyslogAddress::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_webhook_is_shown_without_what_may_be_secret() {
        let shown = |text: &str| parse_webhook(text).map(|url| without_path(&url));
        assert_eq!(shown("https://siem.example:8443").as_deref(), Some("https://siem.example:8443"));
        assert_eq!(shown("https://siem.example/hooks/s3cret").as_deref(), Some("https://siem.example/***"));
        assert_eq!(shown("https://siem.example/?key=s3cret").as_deref(), Some("https://siem.example/***"));
        for text in ["", "siem.example", "ftp://siem.example", "https://", "https://ada:s3cret@siem.example/"] {
            assert_eq!(shown(text), None, "{text}");
        }
    }

    #[test]
    fn what_the_audit_log_is_sent_to_is_checked_and_its_secrets_are_never_shown() {
        for (name, wrong) in [
            ("GANTRY_AUDIT_RETENTION_DAYS", "0"),
            ("GANTRY_AUDIT_RETENTION_DAYS", "36501"),
            ("GANTRY_AUDIT_SYSLOG", "logs.example"),
            ("GANTRY_AUDIT_WEBHOOK", "siem.example"),
            ("GANTRY_AUDIT_WEBHOOK_SECRET", "signs nothing"),
        ] {
            let error = load(&[(name, wrong)]).unwrap_err();
            assert!(error.0.contains(name) && error.0.contains("give "), "{error}");
        }
        let config = load(&[
            ("GANTRY_AUDIT_SYSLOG", "tcp://logs.example:514"),
            ("GANTRY_AUDIT_WEBHOOK", "https://siem.example/canary?key=canary"),
            ("GANTRY_AUDIT_WEBHOOK_SECRET", "canary"),
        ])
        .unwrap();
        assert_eq!(config.audit.syslog, Some(SyslogAddress::Tcp("logs.example:514".to_owned())));
        assert_eq!(config.audit.webhook_secret.as_deref(), Some("canary"));
        assert_eq!(config.audit.retention, Duration::from_hours(24 * 365));
        assert!(config.settings().iter().all(|setting| !setting.value.contains("canary")));
        assert!(!format!("{config:?}").contains("canary"));
    }
}
