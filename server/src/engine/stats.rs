//! What containers use: counters from the machine's own cgroups where the engine runs here, else from the engine.

use api::client::Query;
use futures::StreamExt;
use serde::Deserialize;
use serde_json::Value;

use super::client::segment;
use super::cluster::Cluster;
use super::error::Error;
use super::process;

/// Engine calls for samples at a time; older engines answer each only at their next tick, so few would take minutes.
const SAMPLES_AT_ONCE: usize = 128;

/// A container's counters at a moment; rates come from two of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RawSample {
    /// When, nanoseconds since 1970.
    pub at_nanos: i64,
    /// Processor time used since it started.
    pub cpu_nanos: u64,
    /// Memory now, without the page cache that can be given back.
    pub memory_bytes: u64,
    /// The memory it may use; 0 without a limit.
    pub memory_limit_bytes: u64,
    /// Bytes received since it started.
    pub network_rx_bytes: u64,
    /// Bytes sent since it started.
    pub network_tx_bytes: u64,
    /// Bytes read from disk since it started.
    pub disk_read_bytes: u64,
    /// Bytes written to disk since it started.
    pub disk_write_bytes: u64,
}

impl Cluster {
    /// What one running container used.
    pub async fn stats_once(&self, id: &str) -> Result<RawSample, Error> {
        if let Some(sample) = self.local_sample(id).await {
            return Ok(sample);
        }
        let path = format!("/containers/{}/stats", segment(id)?);
        let query = Query::new().with("stream", false).with("one-shot", true);
        let deadline = self.shared.settings.periods.call;
        let sample = async {
            let client = self.shared.client()?;
            client.get::<Stats>(&path, &query).await
        };
        tokio::time::timeout(deadline, sample)
            .await
            .unwrap_or(Err(Error::Timeout { call: "stats", after_secs: deadline.as_secs() }))
            .map(|stats| stats.sample())
    }

    /// What many running containers used; those that give no answer are left out.
    pub async fn stats_of(&self, ids: Vec<String>) -> Vec<(String, RawSample)> {
        let one = |id: String| async move {
            match self.stats_once(&id).await {
                Ok(sample) => Some((id, sample)),
                Err(error) => {
                    tracing::debug!(%id, %error, "no sample");
                    None
                }
            }
        };
        futures::stream::iter(ids)
            .map(one)
            .buffer_unordered(SAMPLES_AT_ONCE)
            .filter_map(std::future::ready)
            .collect()
            .await
    }

    async fn local_sample(&self, id: &str) -> Option<RawSample> {
        if !self.shared.client().ok()?.is_local() {
            return None;
        }
        let pid = self.picture().extra(id).pid;
        let id = id.to_owned();
        tokio::task::spawn_blocking(move || process::sample(pid, &id)).await.ok()?
    }
}

/// An answer of `/containers/{id}/stats`; numbers that are missing or odd count as 0.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[allow(clippy::struct_field_names, reason = "the engine's own names")]
struct Stats {
    cpu_stats: Value,
    memory_stats: Value,
    networks: Value,
    blkio_stats: Value,
}

impl Stats {
    fn sample(&self) -> RawSample {
        let memory = &self.memory_stats;
        let cache = ["total_inactive_file", "inactive_file"].iter().find_map(|name| memory["stats"][name].as_u64());
        let limit = memory["limit"].as_u64().unwrap_or(0);
        let interfaces = || self.networks.as_object().into_iter().flat_map(|map| map.values());
        let network = |name: &str| interfaces().filter_map(|card| card[name].as_u64()).sum();
        let disk = |name: &str| {
            let entries = self.blkio_stats["io_service_bytes_recursive"].as_array().into_iter().flatten();
            let is = |entry: &&Value| entry["op"].as_str().is_some_and(|op| op.eq_ignore_ascii_case(name));
            entries.filter(is).filter_map(|entry| entry["value"].as_u64()).sum()
        };
        RawSample {
            at_nanos: i64::try_from(time::OffsetDateTime::now_utc().unix_timestamp_nanos()).unwrap_or(i64::MAX),
            cpu_nanos: self.cpu_stats["cpu_usage"]["total_usage"].as_u64().unwrap_or(0),
            memory_bytes: memory["usage"].as_u64().unwrap_or(0).saturating_sub(cache.unwrap_or(0)),
            memory_limit_bytes: if limit > 1 << 60 { 0 } else { limit },
            network_rx_bytes: network("rx_bytes"),
            network_tx_bytes: network("tx_bytes"),
            disk_read_bytes: disk("read"),
            disk_write_bytes: disk("write"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_becomes_counters_and_gaps_become_zero() {
        let stats: Stats = serde_json::from_value(serde_json::json!({
            "cpu_stats": {"cpu_usage": {"total_usage": 7}},
            "memory_stats": {"usage": 100, "limit": 200, "stats": {"inactive_file": 30}},
            "networks": {"eth0": {"rx_bytes": 1, "tx_bytes": 2}, "eth1": {"rx_bytes": 3}},
            "blkio_stats": {"io_service_bytes_recursive": [{"op": "Read", "value": 5}, {"op": "write", "value": 6}]},
        }))
        .unwrap();
        let sample = stats.sample();
        assert_eq!((sample.cpu_nanos, sample.memory_bytes, sample.memory_limit_bytes), (7, 70, 200));
        assert_eq!((sample.network_rx_bytes, sample.network_tx_bytes), (4, 2));
        assert_eq!((sample.disk_read_bytes, sample.disk_write_bytes), (5, 6));
        let empty = Stats::default().sample();
        assert_eq!(RawSample { at_nanos: 0, ..empty }, RawSample::default());
    }
}
