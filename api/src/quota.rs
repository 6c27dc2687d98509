//! Quotas: how much the apps of a project may ask for together, on which clusters and ports. They bind everybody.

use serde::{Deserialize, Serialize};

use crate::client::{Client, Method, Path};
use crate::message::Message;
use crate::problem::{FieldProblem, Problem};

/// The most processors that a quota may name.
pub const MAX_CPUS: f64 = 1_000_000.0;
/// The most ranges of ports that a quota may name.
pub const MAX_PORT_RANGES: usize = 64;

const SIZES: [(&str, u64); 5] = [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

/// The quota of a project. What is left out is not limited.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Quota {
    /// Processors, the limits of all copies together; a thousandth is the smallest step.
    pub cpus: Option<f64>,
    /// Memory in bytes, the limits of all copies together.
    pub memory_bytes: Option<u64>,
    /// Containers.
    pub containers: Option<u64>,
    /// Named volumes.
    pub volumes: Option<u64>,
    /// The ports of the host that may be published; any where there is none.
    pub ports: Vec<PortRange>,
    /// The clusters that apps may run on; `null` is every one.
    pub clusters: Option<Vec<String>>,
}

/// Ports from `first` to `last`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PortRange {
    /// The lowest port.
    pub first: u16,
    /// The highest port.
    pub last: u16,
}

impl std::fmt::Display for PortRange {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.first == self.last {
            return write!(formatter, "{}", self.first);
        }
        write!(formatter, "{}-{}", self.first, self.last)
    }
}

/// What the apps of a project ask for together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Usage {
    /// Processors: the limits of all copies. A copy without a limit counts nothing.
    pub cpus: f64,
    /// Memory in bytes, likewise.
    pub memory_bytes: u64,
    /// Containers.
    pub containers: u64,
    /// Named volumes.
    pub volumes: u64,
}

/// The quota of a project and what is used of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProjectQuota {
    /// The quota.
    pub quota: Quota,
    /// What is used. While an app changes, the larger of what it was and what it becomes.
    pub usage: Usage,
}

impl Quota {
    /// What is wrong with which field.
    pub fn problems(&self) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        if self.cpus.is_some_and(|cpus| !(0.0..=MAX_CPUS).contains(&cpus)) {
            problems.push(FieldProblem::new("cpus", Message::new("quota.cpus").with("limit", MAX_CPUS)));
        }
        if self.ports.len() > MAX_PORT_RANGES {
            problems.push(FieldProblem::new("ports", Message::new("quota.ports").with("limit", MAX_PORT_RANGES)));
        }
        for (place, range) in self.ports.iter().enumerate().take(MAX_PORT_RANGES) {
            if range.first == 0 || range.first > range.last {
                problems.push(FieldProblem::new(format!("ports[{place}]"), Message::new("quota.range")));
            }
        }
        problems
    }

    /// Whether every port from `first` to `last` may be published.
    pub fn covers(&self, first: u16, last: u16) -> bool {
        let is_within = |port: u16| self.ports.iter().any(|range| (range.first..=range.last).contains(&port));
        self.ports.is_empty() || (first..=last).all(is_within)
    }
}

/// A size in the largest unit that it is a whole number of.
pub fn size_text(bytes: u64) -> String {
    let fits = |(_, unit): &&(&str, u64)| bytes >= *unit && bytes.is_multiple_of(*unit);
    let (name, unit) = SIZES.iter().find(fits).copied().unwrap_or(("B", 1));
    format!("{} {name}", bytes / unit)
}

/// Reads a size such as `512 MiB`, `2g` or a number of bytes.
pub fn read_size(text: &str) -> Result<u64, Message> {
    let wrong = || Message::new("quota.size").with("text", text);
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, name) = text.split_at(end);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let name = name.trim().to_lowercase();
    let is_unit = |unit: &str| {
        let long = unit.to_lowercase();
        name == long || name == long.replace('i', "") || name == long.trim_end_matches("ib")
    };
    let unit = SIZES.iter().find(|(unit, _)| if name.is_empty() { *unit == "B" } else { is_unit(unit) });
    unit.and_then(|(_, unit)| number.checked_mul(*unit)).ok_or_else(wrong)
}

/// Reads ports such as `8000-8999` or `443`.
pub fn read_range(text: &str) -> Result<PortRange, Message> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (first.trim().parse(), last.trim().parse()) {
        (Ok(first), Ok(last)) => Ok(PortRange { first, last }),
        _ => Err(Message::new("quota.range")),
    }
}

impl Client {
    /// The quota of a project and what is used of it.
    pub async fn project_quota(&self, project: &str) -> Result<ProjectQuota, Problem> {
        self.get(Path::new(&["projects", project, "quota"])).await
    }

    /// Replaces the quota of a project.
    pub async fn set_project_quota(&self, project: &str, quota: &Quota) -> Result<ProjectQuota, Problem> {
        self.call(Method::Put, Path::new(&["projects", project, "quota"]), quota).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_they_are_written() {
        for (bytes, text) in [
            (0, "0 B"),
            (1_000, "1000 B"),
            (1_536, "1536 B"),
            (512 << 20, "512 MiB"),
            (1_536 << 20, "1536 MiB"),
            (4 << 30, "4 GiB"),
            (2 << 40, "2 TiB"),
        ] {
            assert_eq!(size_text(bytes), text);
            assert_eq!(read_size(text).unwrap(), bytes, "{text}");
        }
        for (text, bytes) in [("512m", 512 << 20), ("2 gb", 2 << 30), (" 3 K ", 3 << 10), ("7", 7), ("7b", 7)] {
            assert_eq!(read_size(text).unwrap(), bytes, "{text}");
        }
        for wrong in ["", "m", "1.5 GiB", "-1", "1 XiB", "1 GiBs", "99999999999 TiB"] {
            assert_eq!(read_size(wrong).unwrap_err().key, "quota.size", "{wrong}");
        }
    }

    #[test]
    fn ports_are_within_the_ranges_together() {
        let ranges = ["80", "8000 - 8009", "8010-8020"].map(|text| read_range(text).unwrap());
        let quota = Quota { ports: ranges.to_vec(), ..Quota::default() };
        assert_eq!(ranges.map(|range| range.to_string()), ["80", "8000-8009", "8010-8020"]);
        for (first, last) in [(80, 80), (8000, 8020), (8009, 8010)] {
            assert!(quota.covers(first, last), "{first}");
        }
        for (first, last) in [(79, 80), (81, 81), (8000, 8021), (1, 65_535)] {
            assert!(!quota.covers(first, last), "{first}");
        }
        assert!(Quota::default().covers(1, 65_535));
        for wrong in ["", "a", "80-", "-80", "1-2-3", "65536"] {
            assert_eq!(read_range(wrong).unwrap_err().key, "quota.range", "{wrong}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let range = |first, last| PortRange { first, last };
        let ports = vec![range(1, 65_535), range(0, 10), range(9, 8)];
        let quota = Quota { cpus: Some(-0.5), ports, ..Quota::default() };
        let fields: Vec<_> = quota.problems().into_iter().map(|problem| problem.field).collect();
        assert_eq!(fields, ["cpus", "ports[1]", "ports[2]"]);
        let many = Quota { ports: vec![range(1, 2); MAX_PORT_RANGES + 1], ..Quota::default() };
        assert_eq!(many.problems().len(), 1);
        let most = Quota { cpus: Some(MAX_CPUS), ports: vec![range(1, 2); MAX_PORT_RANGES], ..Quota::default() };
        assert!(most.problems().is_empty());
    }
}
