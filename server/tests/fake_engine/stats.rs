//! `GET /containers/{id}/stats`: numbers that move with the time a container runs.

use std::sync::Arc;

use bytes::Bytes;
use futures::stream;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::container::Container;
use super::journal::Request;
use super::state::{Shared, stamp};
use super::stream_count::StreamKind;
use super::wire::{Answer, ok, respond_stream};

/// Cores and memory of the fake machine.
pub const CORES: u64 = 2;
pub const MEMORY: u64 = 8 << 30;

fn reading(shared: &Shared, c: &Container, at: OffsetDateTime) -> Value {
    let empty = json!({
        "cpu_usage": { "total_usage": 0, "usage_in_kernelmode": 0, "usage_in_usermode": 0 },
        "throttling_data": { "periods": 0, "throttled_periods": 0, "throttled_time": 0 },
    });
    let Some(started) = c.started.filter(|_| c.is_running()) else {
        return empty;
    };
    let nanos = u64::try_from((at - started).whole_nanoseconds().max(0)).unwrap_or(0);
    let cores = c.behaviour.cpu_cores.unwrap_or(0.05);
    let used = (nanos as f64 * cores) as u64;
    let mut usage = json!({
        "total_usage": used, "usage_in_kernelmode": used / 5, "usage_in_usermode": used - used / 5,
    });
    if !shared.is_28() {
        usage["percpu_usage"] = json!([used / 2, used - used / 2]);
    }
    let system = u64::try_from(at.unix_timestamp_nanos().max(0)).unwrap_or(0);
    json!({
        "cpu_usage": usage, "system_cpu_usage": system.wrapping_mul(CORES), "online_cpus": CORES,
        "throttling_data": { "periods": 0, "throttled_periods": 0, "throttled_time": 0 },
    })
}

fn stats(shared: &Shared, c: &Container, before: Option<OffsetDateTime>) -> Value {
    let now = OffsetDateTime::now_utc();
    let running = c.is_running();
    let seconds = c.started.filter(|_| running).map_or(0.0, |started| (now - started).as_seconds_f64().max(0.0));
    let grown = |per_second: f64| (seconds * per_second) as u64;
    let stamp_or_zero = |time: Option<OffsetDateTime>| stamp(time.filter(|_| running));
    let previous = before.map_or_else(
        || {
            json!({
                "cpu_usage": { "total_usage": 0, "usage_in_kernelmode": 0, "usage_in_usermode": 0 },
                "throttling_data": { "periods": 0, "throttled_periods": 0, "throttled_time": 0 },
            })
        },
        |at| reading(shared, c, at),
    );
    let operations = |read: u64, write: u64| {
        json!([
            { "major": 254, "minor": 0, "op": "Read", "value": read },
            { "major": 254, "minor": 0, "op": "Write", "value": write },
        ])
    };
    let blkio = |value: Value| if running { value } else { Value::Null };
    let nothing = || if running { json!([]) } else { Value::Null };
    let mut value = json!({
        "read": stamp_or_zero(Some(now)), "preread": stamp_or_zero(before),
        "pids_stats": if running { json!({ "current": 1 }) } else { json!({}) },
        "blkio_stats": {
            "io_service_bytes_recursive": blkio(operations(grown(4096.0), grown(8192.0))),
            "io_serviced_recursive": blkio(operations(grown(1.0), grown(2.0))),
            "io_queue_recursive": nothing(), "io_service_time_recursive": nothing(),
            "io_wait_time_recursive": nothing(), "io_merged_recursive": nothing(),
            "io_time_recursive": nothing(), "sectors_recursive": nothing(),
        },
        "num_procs": 0, "storage_stats": {}, "cpu_stats": reading(shared, c, now),
        "precpu_stats": previous, "memory_stats": memory(shared, c, seconds),
        "name": format!("/{}", c.name), "id": c.id,
    });
    if running && c.networks.keys().any(|n| n != "host" && n != "none") {
        let mut networks = serde_json::Map::new();
        for at in 0..c.networks.len() {
            networks.insert(
                format!("eth{at}"),
                json!({
                    "rx_bytes": 1042 + grown(10_000.0), "rx_packets": 11 + grown(10.0),
                    "rx_errors": 0, "rx_dropped": 0, "tx_bytes": grown(5_000.0),
                    "tx_packets": grown(5.0), "tx_errors": 0, "tx_dropped": 0,
                }),
            );
        }
        value["networks"] = Value::Object(networks);
    }
    value
}

fn memory(shared: &Shared, c: &Container, seconds: f64) -> Value {
    if !c.is_running() {
        return json!({});
    }
    let base = c.behaviour.memory_bytes.unwrap_or(16 << 20);
    // A slow wave, so that a chart shows something.
    let used = base + ((seconds / 10.0).sin().abs() * base as f64 / 10.0) as u64;
    let cache = used / 4;
    let limit = c.host_config["Memory"].as_u64().filter(|m| *m > 0).unwrap_or(MEMORY);
    let stats = if shared.is_28() {
        json!({
            "active_anon": used - cache, "active_file": cache / 2, "anon": used - cache,
            "file": cache, "inactive_anon": 0, "inactive_file": cache / 2, "pgfault": 2551,
            "pgmajfault": 0,
        })
    } else {
        json!({
            "active_anon": used - cache, "active_file": cache / 2, "cache": cache, "rss": used - cache,
            "inactive_file": cache / 2, "hierarchical_memory_limit": limit, "pgfault": 2551,
            "pgmajfault": 0, "total_cache": cache, "total_inactive_file": cache / 2,
            "total_rss": used - cache,
        })
    };
    let mut value = json!({ "usage": used, "stats": stats, "limit": limit });
    if !shared.is_28() {
        value["max_usage"] = json!(base + base / 10);
    }
    value
}

/// `GET /containers/{id}/stats`.
pub async fn route(shared: &Arc<Shared>, request: &Request, reference: &str) -> Answer {
    let id = shared.lock().container(reference)?.id.clone();
    let look = |before: Option<OffsetDateTime>| {
        let state = shared.lock();
        state.containers.get(&id).map(|c| stats(shared, c, before))
    };
    let stream = request.query("stream").is_none() || request.flag("stream");
    if !stream {
        let running = shared.lock().container(&id)?.is_running();
        let before = OffsetDateTime::now_utc();
        let one_shot = request.flag("one-shot");
        // Two readings a second apart, unless one is enough. 20.10 always waits for its own tick.
        if running && (!one_shot || !shared.is_28()) {
            let guard = shared.enter(StreamKind::Stats);
            tokio::time::sleep(shared.seconds(1.0)).await;
            drop(guard);
        }
        let value = look((!one_shot && running).then_some(before));
        return match value {
            Some(value) => ok(200, &value),
            None => shared.lock().container(&id).and_then(|_| ok(200, &json!({}))),
        };
    }
    let guard = shared.enter(StreamKind::Stats);
    let (shared, before): (_, Option<OffsetDateTime>) = (Arc::clone(shared), None);
    let chunks = stream::unfold((before, guard, id), move |(before, guard, id)| {
        let shared = Arc::clone(&shared);
        async move {
            tokio::time::sleep(shared.seconds(1.0)).await;
            let now = OffsetDateTime::now_utc();
            let value = {
                let state = shared.lock();
                stats(&shared, state.containers.get(&id)?, before)
            };
            let line = Bytes::from(format!("{value}\n"));
            Some((Ok(line), (Some(now), guard, id)))
        }
    });
    Ok(respond_stream("application/json", chunks))
}
