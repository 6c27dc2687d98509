//! What containers, apps and nodes used and use.

use std::sync::Arc;

use api::permission::Permission;
use api::stats::{Range, StatsPoint, StatsSeries};
use time::OffsetDateTime;
use tokio::sync::watch;

use super::{Error, State, container_access};
use crate::auth::Caller;
use crate::db;
use crate::db::sample::Selection;
use crate::monitor::{self, Kind, Sample, Subject, Tick};

/// Whose figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Of {
    /// A container or a node.
    One(Subject),
    /// The containers of an app together.
    App {
        /// The cluster.
        cluster: String,
        /// The project.
        project: String,
        /// The app's name.
        app: String,
    },
}

impl Of {
    fn selection(&self) -> Selection<'_> {
        match self {
            Self::One(subject) => Selection::One(subject),
            Self::App { cluster, project, app } => Selection::App { cluster, project, app },
        }
    }

    fn sample(&self, tick: &Tick) -> Option<Sample> {
        match self {
            Self::One(subject) => tick.samples.get(subject).cloned(),
            Self::App { cluster, project, app } => {
                let belongs = |(subject, sample): &(&Subject, &Sample)| {
                    subject.cluster == *cluster
                        && sample.app.as_ref().is_some_and(|(of, name)| of == project && name == app)
                };
                monitor::sum(tick.samples.iter().filter(belongs).map(|(_, sample)| sample))
            }
        }
    }
}

/// Finds a container's figures.
pub fn of_container(state: &State, caller: &Caller, cluster: &str, id: &str) -> Result<Of, Error> {
    let (cluster, container) = container_access::find(state, caller, cluster, id, Permission::ViewApp)?;
    let (cluster, object) = (cluster.name().to_owned(), container.id.clone());
    Ok(Of::One(Subject { cluster, kind: Kind::Container, object }))
}

/// Finds an app's figures.
pub async fn of_app(state: &State, caller: &Caller, project: &str, app: &str) -> Result<Of, Error> {
    let cluster = container_access::find_app(state, caller, project, app, Permission::ViewApp).await?;
    Ok(Of::App { cluster: cluster.name().to_owned(), project: project.to_owned(), app: app.to_owned() })
}

/// Finds a node's figures, by its name or id.
pub fn of_node(state: &State, caller: &Caller, cluster: &str, node: &str) -> Result<Of, Error> {
    caller.require(Permission::ViewCluster, None)?;
    let missing = || Error::not_found("node", node);
    let found = state.clusters.get(cluster).ok_or_else(missing)?;
    let picture = found.picture();
    let facts = picture.facts.as_ref().ok_or_else(missing)?;
    if node != facts.hostname && node != picture.engine_id {
        return Err(missing());
    }
    Ok(Of::One(Subject { cluster: cluster.to_owned(), kind: Kind::Node, object: facts.hostname.clone() }))
}

/// The series over a range until now.
pub async fn get(state: &State, of: &Of, range: Range) -> Result<StatsSeries, Error> {
    let to = OffsetDateTime::now_utc().unix_timestamp();
    let from = to - range.seconds();
    let interval = i64::try_from(state.config.monitor.sample_interval.as_secs()).unwrap_or(i64::MAX);
    let step = db::sample::step(range.seconds(), interval);
    let points = db::sample::points(state.db.read(), of.selection(), from, to, step).await?;
    let now = of.sample(&state.latest.tick());
    let mut series = StatsSeries {
        step_secs: u32::try_from(step).unwrap_or(u32::MAX),
        from,
        to,
        cpu_limit_percent: now.as_ref().map_or(0.0, |sample| sample.cpu_limit_percent),
        memory_limit_bytes: now.as_ref().map_or(0, |sample| sample.memory_limit_bytes),
        ..StatsSeries::default()
    };
    for point in points {
        series.at.push(point.at);
        series.cpu_percent.push(point.cpu_percent);
        series.memory_bytes.push(point.memory_bytes);
        series.network_rx_bytes_per_sec.push(point.network_rx_bytes_per_sec);
        series.network_tx_bytes_per_sec.push(point.network_tx_bytes_per_sec);
        series.disk_read_bytes_per_sec.push(point.disk_read_bytes_per_sec);
        series.disk_write_bytes_per_sec.push(point.disk_write_bytes_per_sec);
    }
    Ok(series)
}

/// Gives each new point.
pub struct Points {
    of: Of,
    ticks: watch::Receiver<Arc<Tick>>,
}

/// Begins to listen to new points.
pub fn follow(state: &State, of: Of) -> Points {
    Points { of, ticks: state.latest.subscribe() }
}

impl Points {
    /// The next point; `None` when there will be none.
    pub async fn next(&mut self) -> Option<StatsPoint> {
        loop {
            self.ticks.changed().await.ok()?;
            let tick = self.ticks.borrow_and_update().clone();
            if let Some(sample) = self.of.sample(&tick) {
                return Some(sample.point);
            }
        }
    }
}
