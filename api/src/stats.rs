//! Samples of what containers and nodes use.

use serde::{Deserialize, Serialize};

use crate::app::path as app_path;
use crate::client::{Client, Path, Query};
use crate::problem::Problem;

/// How far back a series goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Range {
    /// The last 15 minutes.
    #[default]
    Live,
    /// The last hour.
    Hour,
    /// The last day.
    Day,
}

impl Range {
    /// Its length.
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Live => 15 * 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }

    /// Its name in addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }
}

/// What something used over a time, column by column; all columns have the length of `at`.
///
/// A gap (the portal or the container was down) is a missing point, so two neighbours further apart than twice
/// `step_secs` are not to be joined by a line. Rates are averages since the point before.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatsSeries {
    /// The distance between points where nothing is missing.
    pub step_secs: u32,
    /// The first second of the range, Unix time.
    pub from: i64,
    /// The last second of the range, Unix time.
    pub to: i64,
    /// The points' times, Unix seconds, growing.
    pub at: Vec<i64>,
    /// Processor time, in percent of one processor.
    pub cpu_percent: Vec<f32>,
    /// Memory without the page cache.
    pub memory_bytes: Vec<u64>,
    /// Bytes received per second.
    pub network_rx_bytes_per_sec: Vec<f32>,
    /// Bytes sent per second.
    pub network_tx_bytes_per_sec: Vec<f32>,
    /// Bytes read from disk per second.
    pub disk_read_bytes_per_sec: Vec<f32>,
    /// Bytes written to disk per second.
    pub disk_write_bytes_per_sec: Vec<f32>,
    /// What the processor percentage can reach: 100 times the processors allowed.
    pub cpu_limit_percent: f32,
    /// What the memory can reach; 0 where unknown.
    pub memory_limit_bytes: u64,
}

/// One sample, as the `/stats` WebSockets send it (JSON text).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatsPoint {
    /// Unix seconds.
    pub at: i64,
    /// See [`StatsSeries`].
    pub cpu_percent: f32,
    /// See [`StatsSeries`].
    pub memory_bytes: u64,
    /// See [`StatsSeries`].
    pub network_rx_bytes_per_sec: f32,
    /// See [`StatsSeries`].
    pub network_tx_bytes_per_sec: f32,
    /// See [`StatsSeries`].
    pub disk_read_bytes_per_sec: f32,
    /// See [`StatsSeries`].
    pub disk_write_bytes_per_sec: f32,
}

impl StatsSeries {
    /// Adds a point at the end and drops what is older than the range.
    pub fn push(&mut self, point: StatsPoint) {
        if self.at.last().is_some_and(|last| *last >= point.at) {
            return;
        }
        let length = self.to - self.from;
        self.to = point.at;
        self.from = point.at - length;
        self.at.push(point.at);
        self.cpu_percent.push(point.cpu_percent);
        self.memory_bytes.push(point.memory_bytes);
        self.network_rx_bytes_per_sec.push(point.network_rx_bytes_per_sec);
        self.network_tx_bytes_per_sec.push(point.network_tx_bytes_per_sec);
        self.disk_read_bytes_per_sec.push(point.disk_read_bytes_per_sec);
        self.disk_write_bytes_per_sec.push(point.disk_write_bytes_per_sec);
        let old = self.at.iter().take_while(|at| **at < self.from).count();
        self.at.drain(..old);
        self.cpu_percent.drain(..old);
        self.memory_bytes.drain(..old);
        self.network_rx_bytes_per_sec.drain(..old);
        self.network_tx_bytes_per_sec.drain(..old);
        self.disk_read_bytes_per_sec.drain(..old);
        self.disk_write_bytes_per_sec.drain(..old);
    }
}

/// Where the samples of a container are; the same address upgraded to a WebSocket sends each new [`StatsPoint`].
pub fn container_stats_path(cluster: &str, id: &str) -> Path {
    Path::new(&["clusters", cluster, "containers", id, "stats"])
}

/// Where the samples of a node are; likewise.
pub fn node_stats_path(cluster: &str, node: &str) -> Path {
    Path::new(&["clusters", cluster, "nodes", node, "stats"])
}

/// Where the summed samples of an app are; likewise.
pub fn app_stats_path(project: &str, app: &str) -> Path {
    app_path(project, app, &["stats"])
}

impl Client {
    /// A series at one of the stats paths.
    pub async fn get_stats(&self, path: Path, range: Range) -> Result<StatsSeries, Problem> {
        self.get(path.query(&Query::new().with("range", range.as_str()))).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_live_series_slides_and_ignores_what_it_has() {
        let mut series = StatsSeries { from: 0, to: 100, ..StatsSeries::default() };
        for at in [50, 100, 100, 90, 151] {
            series.push(StatsPoint { at, ..StatsPoint::default() });
        }
        assert_eq!(series.at, [100, 151]);
        assert_eq!((series.from, series.to), (51, 151));
        assert_eq!(series.cpu_percent.len(), 2);
    }
}
