//! Samples every container and node, and forgets samples after a day.

use std::collections::HashMap;
use std::time::Duration;

use api::container::ContainerState;
use api::stats::Range;
use time::OffsetDateTime;

use super::Task;
use crate::db;
use crate::engine::{Cluster, Clusters, Usage};
use crate::monitor::{self, Counters, Kind, Reading, Subject};
use crate::services::State;

/// How often old samples are removed.
const CLEANUP_EVERY: Duration = Duration::from_mins(10);

/// Takes a sample of everything.
pub fn task(state: &State) -> Task {
    Task::new("sample", state.config.monitor.sample_interval, |state| async move { sample(&state).await })
}

/// Removes what is older than a day.
pub fn cleanup() -> Task {
    Task::new("sample-cleanup", CLEANUP_EVERY, |state| async move {
        let before = OffsetDateTime::now_utc().unix_timestamp() - Range::Day.seconds();
        let removed = state.db.write(async |txn| db::sample::delete_before(txn, before).await).await;
        if removed.map_err(|error| error.to_string())? {
            state.latest.forget_series();
        }
        Ok(())
    })
}

async fn sample(state: &State) -> Result<(), String> {
    let mut readings = Vec::new();
    for cluster in state.clusters.iter() {
        readings.extend(read_containers(cluster).await);
    }
    readings.extend(read_nodes(&state.clusters).await);
    let tick = state.latest.update(OffsetDateTime::now_utc().unix_timestamp(), readings);
    for cluster in state.clusters.iter() {
        let of_cluster = tick
            .samples
            .iter()
            .filter(|(subject, _)| subject.kind == Kind::Container && subject.cluster == cluster.name());
        let usage = of_cluster.map(|(subject, sample)| {
            let (cpu_percent, memory_bytes) = (sample.point.cpu_percent, sample.point.memory_bytes);
            (subject.object.clone(), Usage { cpu_percent, memory_bytes })
        });
        cluster.set_usage(usage.collect());
    }
    if tick.samples.is_empty() {
        return Ok(());
    }
    store(state, &tick).await.map_err(|error| error.to_string())
}

/// Writes one moment in one transaction.
async fn store(state: &State, tick: &monitor::Tick) -> Result<(), db::Error> {
    let mut known = match state.latest.series() {
        Some(known) => known,
        None => db::sample::find_series(state.db.read()).await?,
    };
    let new = tick.samples.iter().filter(|(subject, _)| !known.contains_key(*subject)).collect::<Vec<_>>();
    let added = state
        .db
        .write(async |txn| {
            let added = db::sample::insert_series(txn, new.into_iter()).await?;
            let number = |subject: &Subject| {
                known.get(subject).or_else(|| added.iter().find(|(of, _)| of == subject).map(|(_, id)| id)).copied()
            };
            let rows: Vec<_> =
                tick.samples.iter().filter_map(|(subject, sample)| Some((number(subject)?, sample.point))).collect();
            db::sample::insert(txn, &rows).await?;
            Ok::<_, db::Error>(added)
        })
        .await;
    match added {
        Ok(added) => {
            known.extend(added);
            state.latest.keep_series(known);
            Ok(())
        }
        Err(error) => {
            // Another instance may have added the same series.
            state.latest.forget_series();
            Err(error)
        }
    }
}

async fn read_containers(cluster: &Cluster) -> Vec<Reading> {
    if !*cluster.connected().borrow() {
        return Vec::new();
    }
    let picture = cluster.picture();
    let running = picture.containers.iter().filter(|container| container.state == ContainerState::Running);
    let apps: HashMap<&str, Option<(String, String)>> = running
        .map(|container| (container.id.as_str(), container.project.clone().zip(container.app.clone())))
        .collect();
    let cpus = picture.facts.as_ref().map_or(1, |facts| facts.cpus.max(1));
    let memory = picture.facts.as_ref().map_or(0, |facts| facts.memory_bytes);
    let ids = apps.keys().map(|id| (*id).to_owned()).collect();
    let read = cluster.stats_of(ids).await;
    read.into_iter()
        .map(|(id, raw)| Reading {
            app: apps.get(id.as_str()).cloned().flatten(),
            subject: Subject { cluster: cluster.name().to_owned(), kind: Kind::Container, object: id },
            counters: Counters {
                at_nanos: raw.at_nanos,
                cpu_nanos: raw.cpu_nanos,
                memory_bytes: raw.memory_bytes,
                memory_limit_bytes: match raw.memory_limit_bytes {
                    0 => memory,
                    limit if memory > 0 => limit.min(memory),
                    limit => limit,
                },
                network_rx_bytes: raw.network_rx_bytes,
                network_tx_bytes: raw.network_tx_bytes,
                disk_read_bytes: raw.disk_read_bytes,
                disk_write_bytes: raw.disk_write_bytes,
            },
            cpu_limit_percent: percent(cpus),
        })
        .collect()
}

/// The machines of engines that run here.
async fn read_nodes(clusters: &Clusters) -> Vec<Reading> {
    let Ok(Some(host)) = tokio::task::spawn_blocking(monitor::read_host).await else { return Vec::new() };
    let is_here = |cluster: &&Cluster| *cluster.connected().borrow() && cluster.endpoint().starts_with("unix:");
    clusters
        .iter()
        .filter(is_here)
        .filter_map(|cluster| {
            let object = cluster.picture().facts.as_ref()?.hostname.clone();
            let subject = Subject { cluster: cluster.name().to_owned(), kind: Kind::Node, object };
            Some(Reading { subject, app: None, counters: host.counters, cpu_limit_percent: percent(host.cpus) })
        })
        .collect()
}

#[allow(clippy::cast_precision_loss)] // no machine has that many processors
fn percent(cpus: u32) -> f32 {
    cpus as f32 * 100.0
}
