//! What the engine holds in memory, and what its parts share.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::{broadcast, watch};
use tokio::task::{AbortHandle, JoinSet};

use super::behaviour::{Behaviour, Target};
use super::container::Container;
use super::event::Event;
use super::exec::Exec;
use super::fault::Faults;
use super::image::Image;
use super::journal::Journal;
use super::network::Network;
use super::pull::PullScript;
use super::stream_count::{StreamCounts, StreamGuard, StreamKind};
use super::volume::Volume;
use super::wire::EngineError;
use super::{Flavour, Options};

/// Everything behind the socket.
pub struct Shared {
    pub options: Options,
    pub state: Mutex<State>,
    pub journal: Mutex<Journal>,
    pub faults: Mutex<Faults>,
    pub counts: Arc<StreamCounts>,
    /// Beats whenever anything changed that a test or a waiting call may look at.
    pub pulse: watch::Sender<u64>,
    /// Beats when the engine goes down: sessions on upgraded connections end.
    pub down: watch::Sender<u64>,
    pub events: broadcast::Sender<Arc<Event>>,
    tasks: Mutex<JoinSet<()>>,
}

/// The engine's objects.
#[derive(Default)]
pub struct State {
    pub containers: HashMap<String, Container>,
    /// Container ids in the order of their making.
    pub order: Vec<String>,
    pub names: HashMap<String, String>,
    pub images: Vec<Image>,
    pub networks: Vec<Network>,
    pub volumes: BTreeMap<String, Volume>,
    pub execs: HashMap<String, Exec>,
    pub event_log: VecDeque<Arc<Event>>,
    /// Event streams with a number up to this one are dead with their connection open.
    pub silent_streams: u64,
    pub event_streams: u64,
    pub behaviours: Vec<(Target, Behaviour)>,
    pub remotes: Vec<(String, PullScript)>,
    pub next_id: u64,
    pub next_port: u16,
    pub next_pid: u32,
}

impl Shared {
    pub fn new(options: Options) -> Arc<Self> {
        let state = State { next_port: 49152, next_pid: 1000, ..State::default() };
        Arc::new(Self {
            options,
            state: Mutex::new(state),
            journal: Mutex::default(),
            faults: Mutex::default(),
            counts: Arc::default(),
            pulse: watch::Sender::new(0),
            down: watch::Sender::new(0),
            events: broadcast::Sender::new(1 << 16),
            tasks: Mutex::default(),
        })
    }

    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn beat(&self) {
        self.pulse.send_modify(|beat| *beat += 1);
    }

    /// Waits until the look at the state gives something.
    pub async fn until<T>(&self, mut look: impl FnMut(&mut State) -> Option<T>) -> T {
        let mut pulse = self.pulse.subscribe();
        loop {
            pulse.borrow_and_update();
            if let Some(found) = look(&mut self.lock()) {
                return found;
            }
            if pulse.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    pub fn enter(&self, kind: StreamKind) -> StreamGuard {
        self.counts.enter(kind, &self.pulse)
    }

    /// Runs work that ends with the engine.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(work)
    }

    pub fn abort_tasks(&self) {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }

    /// So many seconds of engine time.
    pub fn seconds(&self, count: f64) -> Duration {
        self.options.second.mul_f64(count.max(0.0))
    }

    pub fn is_28(&self) -> bool {
        self.options.flavour == Flavour::Docker28
    }
}

impl State {
    /// A fresh id of 64 hexadecimal digits.
    pub fn new_id(&mut self) -> String {
        self.next_id += 1;
        hex_id(self.next_id)
    }

    pub fn new_pid(&mut self) -> u32 {
        self.next_pid += 1;
        self.next_pid
    }

    /// The id a name, an id or the unambiguous start of an id stands for.
    pub fn resolve(&self, reference: &str) -> Result<String, EngineError> {
        let name = reference.trim_start_matches('/');
        if self.containers.contains_key(reference) {
            return Ok(reference.to_owned());
        }
        if let Some(id) = self.names.get(name) {
            return Ok(id.clone());
        }
        let mut fitting = self.order.iter().filter(|id| id.starts_with(reference));
        match (reference.is_empty(), fitting.next(), fitting.next()) {
            (false, Some(id), None) => Ok(id.clone()),
            _ => Err(EngineError::new(404, format!("No such container: {reference}"))),
        }
    }

    pub fn container(&mut self, reference: &str) -> Result<&mut Container, EngineError> {
        let id = self.resolve(reference)?;
        Ok(self.containers.get_mut(&id).expect("a resolved container"))
    }

    /// Containers, newest first, as the engine lists them.
    pub fn newest(&self) -> impl Iterator<Item = &Container> {
        self.order.iter().rev().filter_map(|id| self.containers.get(id))
    }
}

/// Spreads a counter over 256 bits, so that ids look like the engine's and differ in their first characters.
pub fn hex_id(seed: u64) -> String {
    let mut word = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5bd1_e995_7b93_1f2d;
    let mut text = String::with_capacity(64);
    for _ in 0..4 {
        word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = word;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        text.push_str(&format!("{mixed:016x}"));
    }
    text
}

/// Nanoseconds since 1970.
pub fn now_nanos() -> i64 {
    nanos_of(OffsetDateTime::now_utc())
}

pub fn nanos_of(time: OffsetDateTime) -> i64 {
    i64::try_from(time.unix_timestamp_nanos()).unwrap_or(i64::MAX)
}

/// RFC 3339 with nanoseconds; the engine's zero time where there is none.
pub fn stamp(time: Option<OffsetDateTime>) -> String {
    time.and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_else(|| "0001-01-01T00:00:00Z".into())
}

/// A query time in nanoseconds: unix seconds with an optional fraction. Clients turn dates into these themselves.
pub fn parse_time(text: &str) -> Result<i64, EngineError> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let part = |digits: &str, text: &str| {
        digits
            .parse::<i64>()
            .map_err(|_| EngineError::new(500, format!("strconv.ParseInt: parsing \"{text}\": invalid syntax")))
    };
    let nanos: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    Ok(part(seconds, seconds)?.saturating_mul(1_000_000_000) + part(&nanos, fraction)?)
}
