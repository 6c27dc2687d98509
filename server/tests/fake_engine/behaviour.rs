//! What containers do, so that a test can script them by image, name or label.

use std::collections::BTreeMap;

use super::journal::glob;

/// Which containers a behaviour is for. Patterns take `*`.
#[derive(Debug, Clone)]
pub enum Target {
    Image(String),
    Name(String),
    Label(String, String),
}

/// Results of the health check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// Starting until the check with this number (from 1), healthy from then on.
    After(u32),
    /// Every check fails: unhealthy after as many as the check's retries.
    Unhealthy,
    /// No check ever ends: starting for ever.
    Never,
    /// One result for each check; the last one stays.
    Sequence(Vec<bool>),
}

/// Lines a container prints by itself: `<prefix> 0000000001 xxx…`, numbered from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines {
    /// Lines in a second of real time; none means that all are there at once (then `count` is needed).
    pub rate: Option<u32>,
    /// How many in all; none means without end.
    pub count: Option<u64>,
    /// Bytes of a line with its line feed.
    pub width: usize,
    /// First word of a line.
    pub prefix: String,
}

impl Default for Lines {
    fn default() -> Self {
        Self { rate: None, count: None, width: 100, prefix: "line".into() }
    }
}

/// What a container does beyond its command. Parts that are none leave the usual way.
///
/// Labels on a container say the same: `fake.exit=3`, `fake.exit-after=2` (engine seconds),
/// `fake.ignore-sigterm=true`, `fake.health=after:3|unhealthy|never|ok,fail,ok`, `fake.lines=1000` (a second),
/// `fake.line-count=50`, `fake.script=echo hi; exit 1`, `fake.start-error=text`.
#[derive(Debug, Clone, Default)]
pub struct Behaviour {
    /// Ends by itself with this code.
    pub exit: Option<i64>,
    /// Engine seconds before `exit`; none is at once.
    pub exit_after: Option<f64>,
    /// Whether SIGTERM is ignored.
    pub ignore_sigterm: Option<bool>,
    pub health: Option<Health>,
    pub lines: Option<Lines>,
    /// A script for the fake's shell in place of the command.
    pub script: Option<String>,
    /// The start fails with this status and text.
    pub start_error: Option<(u16, String)>,
    /// Shells found in the container; none is `sh` and `ash`.
    pub shells: Option<Vec<String>>,
    /// Cores in use, for the statistics.
    pub cpu_cores: Option<f64>,
    /// Bytes of memory in use, for the statistics.
    pub memory_bytes: Option<u64>,
}

impl Behaviour {
    /// Ends at once with a code.
    pub fn exits(code: i64) -> Self {
        Self { exit: Some(code), ..Self::default() }
    }

    pub fn healthy_after(checks: u32) -> Self {
        Self::health(Health::After(checks))
    }

    pub fn health(health: Health) -> Self {
        Self { health: Some(health), ..Self::default() }
    }

    /// Prints lines at a steady rate (tried up to 200,000 a second) without end.
    pub fn prints(lines_per_second: u32) -> Self {
        Self { lines: Some(Lines { rate: Some(lines_per_second), ..Lines::default() }), ..Self::default() }
    }

    /// Has so many lines in its log from the start; they take no memory.
    pub fn printed(count: u64) -> Self {
        Self { lines: Some(Lines { count: Some(count), ..Lines::default() }), ..Self::default() }
    }

    pub fn script(text: &str) -> Self {
        Self { script: Some(text.into()), ..Self::default() }
    }

    pub fn ignores_sigterm() -> Self {
        Self { ignore_sigterm: Some(true), ..Self::default() }
    }

    pub fn start_fails(status: u16, message: &str) -> Self {
        Self { start_error: Some((status, message.into())), ..Self::default() }
    }

    /// The parts that `other` names win.
    fn overlay(self, other: &Self) -> Self {
        let other = other.clone();
        Self {
            exit: other.exit.or(self.exit),
            exit_after: other.exit_after.or(self.exit_after),
            ignore_sigterm: other.ignore_sigterm.or(self.ignore_sigterm),
            health: other.health.or(self.health),
            lines: other.lines.or(self.lines),
            script: other.script.or(self.script),
            start_error: other.start_error.or(self.start_error),
            shells: other.shells.or(self.shells),
            cpu_cores: other.cpu_cores.or(self.cpu_cores),
            memory_bytes: other.memory_bytes.or(self.memory_bytes),
        }
    }

    fn from_labels(labels: &BTreeMap<String, String>) -> Self {
        let text = |name: &str| labels.get(&format!("fake.{name}")).cloned();
        let number = |name: &str| text(name).and_then(|value| value.parse::<f64>().ok());
        let rate = text("lines").and_then(|value| value.parse().ok());
        let count = text("line-count").and_then(|value| value.parse().ok());
        Self {
            exit: text("exit").and_then(|value| value.parse().ok()),
            exit_after: number("exit-after"),
            ignore_sigterm: text("ignore-sigterm").map(|value| value == "true"),
            health: text("health").map(|value| parse_health(&value)),
            lines: (rate.is_some() || count.is_some()).then(|| Lines { rate, count, ..Lines::default() }),
            script: text("script"),
            start_error: text("start-error").map(|value| (500, value)),
            ..Self::default()
        }
    }
}

fn parse_health(text: &str) -> Health {
    match text {
        "unhealthy" => Health::Unhealthy,
        "never" => Health::Never,
        _ => match text.strip_prefix("after:").and_then(|n| n.parse().ok()) {
            Some(checks) => Health::After(checks),
            None => Health::Sequence(text.split(',').map(|result| result == "ok").collect()),
        },
    }
}

/// The behaviour of a container: rules in their order, then its labels.
pub fn behaviour_of(
    rules: &[(Target, Behaviour)],
    image: &str,
    name: &str,
    labels: &BTreeMap<String, String>,
) -> Behaviour {
    let fits = |target: &Target| match target {
        Target::Image(pattern) => glob(pattern, image),
        Target::Name(pattern) => glob(pattern, name),
        Target::Label(key, value) => labels.get(key).is_some_and(|found| glob(value, found)),
    };
    rules
        .iter()
        .filter(|(target, _)| fits(target))
        .fold(Behaviour::default(), |sum, (_, rule)| sum.overlay(rule))
        .overlay(&Behaviour::from_labels(labels))
}
