//! What containers and nodes use: from counters to rates, and the latest of them in memory.

mod host;
mod rate;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use api::stats::StatsPoint;
use tokio::sync::watch;

pub use host::{Host, read as read_host};
pub use rate::{Counters, rate};

/// What a sample is of.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject {
    /// The cluster it is in.
    pub cluster: String,
    /// What kind of thing it is.
    pub kind: Kind,
    /// The container's id or the node's name.
    pub object: String,
}

/// What kind of thing is sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A container.
    Container,
    /// A node.
    Node,
}

impl Kind {
    /// Its name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Container => "container",
            Self::Node => "node",
        }
    }
}

/// Counters just read, and what belongs to them.
#[derive(Clone, Debug)]
pub struct Reading {
    /// What was read.
    pub subject: Subject,
    /// The project and the name of the app it belongs to.
    pub app: Option<(String, String)>,
    /// The counters.
    pub counters: Counters,
    /// What the processor percentage can reach.
    pub cpu_limit_percent: f32,
}

/// What something used lately.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The figures.
    pub point: StatsPoint,
    /// The project and the name of the app it belongs to.
    pub app: Option<(String, String)>,
    /// What the processor percentage can reach.
    pub cpu_limit_percent: f32,
    /// What the memory can reach; 0 where unknown.
    pub memory_limit_bytes: u64,
}

/// All samples of one moment.
#[derive(Clone, Debug, Default)]
pub struct Tick {
    /// Unix seconds.
    pub at: i64,
    /// The samples.
    pub samples: HashMap<Subject, Sample>,
}

/// The latest samples, and what the next ones are worked out from. Clones are the same monitor.
#[derive(Clone, Debug)]
pub struct Latest(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    before: Mutex<HashMap<Subject, (Counters, Instant)>>,
    /// The numbers of series in the database, once they are known.
    series: Mutex<Option<HashMap<Subject, i32>>>,
    tick: watch::Sender<Arc<Tick>>,
}

impl Default for Latest {
    fn default() -> Self {
        Self(Arc::new(Shared {
            before: Mutex::default(),
            series: Mutex::default(),
            tick: watch::Sender::new(Arc::default()),
        }))
    }
}

impl Latest {
    /// Takes the readings of one moment and works out what was used since the ones before. What was not read any more is
    /// forgotten; what is new, or whose counters began again, has no sample yet.
    pub fn update(&self, at: i64, readings: Vec<Reading>) -> Arc<Tick> {
        self.update_at(Instant::now(), at, readings)
    }

    fn update_at(&self, now: Instant, at: i64, readings: Vec<Reading>) -> Arc<Tick> {
        let mut before = self.0.before.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = HashMap::with_capacity(readings.len());
        let mut samples = HashMap::with_capacity(readings.len());
        for Reading { subject, app, counters, cpu_limit_percent } in readings {
            let sample = before.get(&subject).and_then(|(earlier, when)| rate(earlier, &counters, now - *when));
            if let Some(used) = sample {
                let point = StatsPoint { at, ..used };
                let memory_limit_bytes = counters.memory_limit_bytes;
                samples.insert(subject.clone(), Sample { point, app, cpu_limit_percent, memory_limit_bytes });
            }
            next.insert(subject, (counters, now));
        }
        *before = next;
        let tick = Arc::new(Tick { at, samples });
        self.0.tick.send_replace(tick.clone());
        tick
    }

    /// The numbers of series in the database, where they are known; taken out until they are kept again.
    pub fn series(&self) -> Option<HashMap<Subject, i32>> {
        self.0.series.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Keeps the numbers of the series that have samples now.
    pub fn keep_series(&self, mut series: HashMap<Subject, i32>) {
        let tick = self.tick();
        series.retain(|subject, _| tick.samples.contains_key(subject));
        *self.0.series.lock().unwrap_or_else(PoisonError::into_inner) = Some(series);
    }

    /// Reads the numbers of series again before they are used next.
    pub fn forget_series(&self) {
        *self.0.series.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The latest samples.
    pub fn tick(&self) -> Arc<Tick> {
        self.0.tick.borrow().clone()
    }

    /// The samples, to wait for the next.
    pub fn subscribe(&self) -> watch::Receiver<Arc<Tick>> {
        self.0.tick.subscribe()
    }
}

/// The sum of samples, as one.
pub fn sum<'a>(samples: impl Iterator<Item = &'a Sample>) -> Option<Sample> {
    samples.fold(None, |total: Option<Sample>, sample| {
        let Some(mut total) = total else { return Some(sample.clone()) };
        let (sum, one) = (&mut total.point, &sample.point);
        sum.cpu_percent += one.cpu_percent;
        sum.memory_bytes += one.memory_bytes;
        sum.network_rx_bytes_per_sec += one.network_rx_bytes_per_sec;
        sum.network_tx_bytes_per_sec += one.network_tx_bytes_per_sec;
        sum.disk_read_bytes_per_sec += one.disk_read_bytes_per_sec;
        sum.disk_write_bytes_per_sec += one.disk_write_bytes_per_sec;
        total.cpu_limit_percent = total.cpu_limit_percent.max(sample.cpu_limit_percent);
        total.memory_limit_bytes = total.memory_limit_bytes.max(sample.memory_limit_bytes);
        Some(total)
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn reading(object: &str, cpu_nanos: u64) -> Reading {
        let subject = Subject { cluster: "local".into(), kind: Kind::Container, object: object.into() };
        let counters = Counters { cpu_nanos, memory_bytes: 10, ..Counters::default() };
        Reading { subject, app: None, counters, cpu_limit_percent: 100.0 }
    }

    #[test]
    fn the_second_reading_gives_the_first_sample_and_what_is_gone_is_forgotten() {
        let latest = Latest::default();
        let begun = Instant::now();
        let later = |seconds: u64| begun + Duration::from_secs(seconds);
        assert!(latest.update_at(later(0), 100, vec![reading("a", 0), reading("b", 0)]).samples.is_empty());
        let tick = latest.update_at(later(10), 110, vec![reading("a", 5_000_000_000), reading("b", 1_000_000_000)]);
        let cpu = |object: &str| tick.samples[&reading(object, 0).subject].point.cpu_percent;
        assert!((cpu("a") - 50.0).abs() < 0.01 && (cpu("b") - 10.0).abs() < 0.01);
        let total = sum(tick.samples.values()).unwrap();
        assert!((total.point.cpu_percent - 60.0).abs() < 0.01);
        assert_eq!((total.point.memory_bytes, total.point.at), (20, 110));
        assert_eq!(latest.update_at(later(20), 120, vec![reading("a", 5_000_000_000)]).samples.len(), 1);
        // `a` was restarted, `b` came back.
        assert!(latest.update_at(later(30), 130, vec![reading("a", 7), reading("b", 1)]).samples.is_empty());
        assert!(sum(latest.tick().samples.values()).is_none());
    }
}
