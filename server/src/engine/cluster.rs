//! One cluster: its connection, its picture, its events, and the way calls are made.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use api::cluster::{ClusterKind, Connection, ConnectionState, DiskUsage};
use api::event::Event;
use api::watch::Change;
use api::{Message, OffsetDateTime};
use tokio::sync::{Notify, Semaphore, broadcast, watch};
use tokio_util::task::AbortOnDropHandle;

use super::client::Client;
use super::endpoint::Endpoint;
use super::error::Error;
use super::picture::Picture;
use super::supervisor;
use crate::changes::Changes;

/// The events kept of each cluster.
pub const EVENTS_KEPT: usize = 5_000;
/// Ordinary calls of one engine at a time.
const CALLS_AT_ONCE: usize = 16;
/// Calls that may take long (stop, pull, prune) at a time.
const LONG_CALLS_AT_ONCE: usize = 64;

/// How to find and treat an engine.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The configured address; the usual sockets are looked at where absent.
    pub endpoint: Option<Endpoint>,
    /// The sockets to look for without a configured address, best first.
    pub sockets: Vec<PathBuf>,
    /// How long to wait for what.
    pub periods: Periods,
}

/// How long to wait for what.
#[derive(Clone, Copy, Debug)]
pub struct Periods {
    /// Without an event for this long, everything is listed again. Below 15 s, so that a dead stream is found by then.
    pub resync: Duration,
    /// Changes within this time become one picture.
    pub coalesce: Duration,
    /// The first wait before connecting again; it doubles up to `reconnect_most`.
    pub reconnect_least: Duration,
    /// The longest wait before connecting again.
    pub reconnect_most: Duration,
    /// Between two looks for a socket.
    pub look: Duration,
    /// The deadline of ordinary calls.
    pub call: Duration,
    /// The deadline of lists.
    pub list: Duration,
    /// The longest silence of a pull.
    pub pull_idle: Duration,
}

impl Default for Periods {
    fn default() -> Self {
        Self {
            resync: Duration::from_secs(10),
            coalesce: Duration::from_millis(50),
            reconnect_least: Duration::from_millis(200),
            reconnect_most: Duration::from_secs(10),
            look: Duration::from_secs(3),
            call: Duration::from_secs(10),
            list: Duration::from_secs(15),
            pull_idle: Duration::from_mins(1),
        }
    }
}

/// What a container used lately.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Processor time, in percent of one processor.
    pub cpu_percent: f32,
    /// Memory without the page cache.
    pub memory_bytes: u64,
}

/// One cluster. Clones are the same cluster.
#[derive(Clone)]
pub struct Cluster {
    pub(super) shared: Arc<Shared>,
    _supervisor: Arc<AbortOnDropHandle<()>>,
}

/// What the cluster's handles and its supervisor share.
pub(super) struct Shared {
    pub(super) name: String,
    pub(super) settings: Settings,
    pub(super) client: RwLock<Option<Arc<Client>>>,
    pub(super) endpoint: RwLock<Option<Endpoint>>,
    pub(super) connection: RwLock<Connection>,
    pub(super) connected: watch::Sender<bool>,
    pub(super) picture: watch::Sender<Arc<Picture>>,
    pub(super) events: Mutex<VecDeque<Arc<Event>>>,
    pub(super) sequence: AtomicU64,
    pub(super) event_sender: broadcast::Sender<Arc<Event>>,
    pub(super) changes: Changes,
    pub(super) resync: Notify,
    /// The disk used, and when it was measured; held while it is.
    pub(super) disk: tokio::sync::Mutex<Option<(tokio::time::Instant, DiskUsage)>>,
    usage: RwLock<HashMap<String, Usage>>,
    permits: Semaphore,
    long_permits: Semaphore,
}

impl Cluster {
    /// Starts looking after a cluster; what changes in it is told to `changes`.
    pub fn look_after(name: &str, settings: Settings, changes: Changes) -> Self {
        let shared = Arc::new(Shared {
            name: name.to_owned(),
            client: RwLock::default(),
            endpoint: RwLock::new(settings.endpoint.clone()),
            settings,
            connection: RwLock::new(Connection {
                state: ConnectionState::Connecting,
                since: OffsetDateTime::now_utc(),
                as_of: None,
                problem: None,
            }),
            connected: watch::Sender::new(false),
            picture: watch::Sender::new(Arc::default()),
            events: Mutex::default(),
            sequence: AtomicU64::new(0),
            event_sender: broadcast::Sender::new(1_024),
            changes,
            resync: Notify::new(),
            disk: tokio::sync::Mutex::default(),
            usage: RwLock::default(),
            permits: Semaphore::new(CALLS_AT_ONCE),
            long_permits: Semaphore::new(LONG_CALLS_AT_ONCE),
        });
        let supervisor = AbortOnDropHandle::new(tokio::spawn(supervisor::run(shared.clone())));
        Self { shared, _supervisor: Arc::new(supervisor) }
    }

    /// The name in addresses.
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// What it is made of.
    pub fn kind(&self) -> ClusterKind {
        ClusterKind::Docker
    }

    /// Where the engine is; empty where none was found.
    pub fn endpoint(&self) -> String {
        read(&self.shared.endpoint).as_ref().map_or_else(String::new, ToString::to_string)
    }

    /// How the portal stands with it.
    pub fn connection(&self) -> Connection {
        read(&self.shared.connection).clone()
    }

    /// Whether it is connected, to wait for.
    pub fn connected(&self) -> watch::Receiver<bool> {
        self.shared.connected.subscribe()
    }

    /// What is known of it now.
    pub fn picture(&self) -> Arc<Picture> {
        self.shared.picture.borrow().clone()
    }

    /// The picture, to wait for the next.
    pub fn pictures(&self) -> watch::Receiver<Arc<Picture>> {
        self.shared.picture.subscribe()
    }

    /// What changes in it (and in all others: `Change::cluster` tells).
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.shared.changes.subscribe()
    }

    /// The events kept, oldest first.
    pub fn events(&self) -> Vec<Arc<Event>> {
        self.shared.events.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// The events from now on.
    pub fn subscribe_events(&self) -> broadcast::Receiver<Arc<Event>> {
        self.shared.event_sender.subscribe()
    }

    /// How old the picture is, in milliseconds.
    pub fn age_ms(&self) -> Option<u64> {
        let as_of = read(&self.shared.connection).as_of?;
        u64::try_from((OffsetDateTime::now_utc() - as_of).whole_milliseconds().max(0)).ok()
    }

    /// Asks for a full list soon, without waiting for it.
    pub fn resync(&self) {
        self.shared.resync.notify_one();
    }

    /// Whether the engine is Podman.
    pub fn is_podman(&self) -> bool {
        read(&self.shared.client).as_ref().is_some_and(|client| client.is_podman())
    }

    /// Remembers what containers used lately, by id; earlier figures are forgotten.
    pub fn set_usage(&self, usage: HashMap<String, Usage>) {
        *self.shared.usage.write().unwrap_or_else(PoisonError::into_inner) = usage;
    }

    /// What a container used lately.
    pub fn usage(&self, id: &str) -> Option<Usage> {
        read(&self.shared.usage).get(id).copied()
    }

    /// Makes an ordinary call within its deadline.
    pub(super) async fn call<T>(
        &self,
        name: &'static str,
        call: impl AsyncFnOnce(&Client) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let deadline = self.shared.settings.periods.call;
        self.within(name, deadline, &self.shared.permits, call).await
    }

    /// Makes a call that may take long, within `deadline`.
    pub(super) async fn long_call<T>(
        &self,
        name: &'static str,
        deadline: Duration,
        call: impl AsyncFnOnce(&Client) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.within(name, deadline, &self.shared.long_permits, call).await
    }

    async fn within<T>(
        &self,
        name: &'static str,
        deadline: Duration,
        permits: &Semaphore,
        call: impl AsyncFnOnce(&Client) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let client = self.shared.client()?;
        let guarded = async {
            let _permit = permits.acquire().await.map_err(|_| Error::Absent)?;
            call(&client).await
        };
        tokio::time::timeout(deadline, guarded)
            .await
            .unwrap_or(Err(Error::Timeout { call: name, after_secs: deadline.as_secs() }))
    }
}

impl Shared {
    /// The client of the current connection.
    pub(super) fn client(&self) -> Result<Arc<Client>, Error> {
        if let Some(client) = read(&self.client).as_ref() {
            return Ok(client.clone());
        }
        let connection = read(&self.connection);
        if connection.state == ConnectionState::Absent {
            return Err(Error::Absent);
        }
        let cause = connection.problem.as_ref().and_then(|problem| problem.params.get("cause")).cloned();
        Err(Error::Unreachable(cause.unwrap_or_else(|| "connecting".to_owned())))
    }

    /// Changes the state of the connection, and tells where that is news.
    pub(super) fn set_state(&self, state: ConnectionState, problem: Option<Message>) {
        let mut connection = self.connection.write().unwrap_or_else(PoisonError::into_inner);
        let news = connection.state != state || connection.problem != problem;
        if connection.state != state {
            connection.since = OffsetDateTime::now_utc();
            connection.state = state;
        }
        connection.problem = problem;
        drop(connection);
        let is_connected = state == ConnectionState::Connected;
        self.connected.send_if_modified(|connected| std::mem::replace(connected, is_connected) != is_connected);
        if news {
            self.tell(api::watch::ChangeKind::Cluster, Some(self.name.clone()), None, None);
        }
    }

    /// Tells that something changed; nobody has to listen.
    pub(super) fn tell(
        &self,
        kind: api::watch::ChangeKind,
        id: Option<String>,
        project: Option<String>,
        app: Option<String>,
    ) {
        self.changes.publish(Change { kind, id, cluster: Some(self.name.clone()), project, app });
    }

    /// Forgets the usage of containers that are gone.
    pub(super) fn forget_usage(&self, known: impl Fn(&str) -> bool) {
        self.usage.write().unwrap_or_else(PoisonError::into_inner).retain(|id, _| known(id));
    }
}

/// A read lock whose holder cannot have panicked in between two states.
pub(super) fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}
