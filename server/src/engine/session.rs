//! One connection's life: events refresh single objects, lists find what events did not tell.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use api::OffsetDateTime;
use api::client::Query;
use api::cluster::ConnectionState;
use api::watch::ChangeKind;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use serde::de::DeserializeOwned;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::client::Client;
use super::cluster::Shared;
use super::convert;
use super::error::Error;
use super::event::{self, Effect};
use super::wire::{self, EventLine};
use super::world::World;

/// Inspections at a time.
const INSPECTIONS_AT_ONCE: usize = 8;
/// How long a changed list may be without an event to explain it.
const SUSPICION: Duration = Duration::from_secs(1);

/// What came of an engine call.
enum Done {
    Containers(Result<Vec<wire::ContainerRow>, Error>, std::time::Instant),
    Container(String, Box<Result<wire::ContainerInspect, Error>>, std::time::Instant),
    Images(Result<Vec<wire::ImageRow>, Error>),
    Networks(Result<Vec<wire::NetworkRow>, Error>),
    Volumes(Result<wire::VolumeList, Error>),
    Facts(Box<Result<wire::Info, Error>>),
}

/// The kinds of lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Part {
    Containers,
    Images,
    Networks,
    Volumes,
    Facts,
}

/// One connection's life.
pub(super) struct Session<'a> {
    shared: Arc<Shared>,
    client: Arc<Client>,
    world: &'a mut World,
    jobs: FuturesUnordered<BoxFuture<'static, Done>>,
    /// Lists under way, and whether to list once more afterwards.
    listing: HashMap<Part, bool>,
    /// Containers to inspect, in order, and the same as a set.
    queue: VecDeque<String>,
    queued: HashSet<String>,
    /// Containers being inspected, and whether to inspect once more afterwards.
    inspecting: HashMap<String, bool>,
    /// Whether the containers were listed once.
    pub(super) is_connected: bool,
    publish_at: Option<Instant>,
    last_list: Instant,
    last_event: Instant,
    /// When events last told of which containers.
    told: HashMap<String, Instant>,
    suspect_at: Option<Instant>,
}

impl<'a> Session<'a> {
    pub(super) fn new(shared: Arc<Shared>, client: Arc<Client>, world: &'a mut World) -> Self {
        let now = Instant::now();
        Self {
            shared,
            client,
            world,
            jobs: FuturesUnordered::new(),
            listing: HashMap::new(),
            queue: VecDeque::new(),
            queued: HashSet::new(),
            inspecting: HashMap::new(),
            is_connected: false,
            publish_at: None,
            last_list: now,
            last_event: now,
            told: HashMap::new(),
            suspect_at: None,
        }
    }

    /// Keeps the picture true until the connection is lost.
    pub(super) async fn run(&mut self) -> Error {
        self.world.distrust();
        let mut events = self.listen().await;
        self.list_all();
        loop {
            let resync_at = self.resync_at();
            tokio::select! {
                line = events.lines.recv() => match line {
                    Some(line) => self.take_event(line),
                    None => return events.end().await,
                },
                Some(done) = self.jobs.next(), if !self.jobs.is_empty() => {
                    if let Err(error) = self.take(done) {
                        return error;
                    }
                }
                () = until(self.publish_at) => self.publish(),
                () = until(self.suspect_at) => {
                    // The list told of changes that the stream kept to itself: it is dead.
                    tracing::warn!(cluster = self.shared.name, "the engine's event stream fell silent; opening it anew");
                    self.suspect_at = None;
                    events = self.listen().await;
                    self.list_all();
                }
                () = sleep_until(resync_at) => self.list_all(),
                () = { let shared = self.shared.clone(); async move { shared.resync.notified().await } } => self.list_all(),
            }
        }
    }

    /// Opens the event stream; what happens from then on is told by it.
    async fn listen(&mut self) -> Events {
        let (sender, lines) = mpsc::channel(1_024);
        let (open, opened) = oneshot::channel();
        let task = AbortOnDropHandle::new(tokio::spawn(event::read(self.client.clone(), sender, open)));
        // An engine that opens it late loses at most what the next list brings.
        let _ = timeout(Duration::from_secs(2), opened).await;
        self.last_event = Instant::now();
        Events { lines, task }
    }

    /// When to list again: after silence, and now and then in any case.
    fn resync_at(&self) -> Instant {
        let period = self.shared.settings.periods.resync;
        (self.last_list.max(self.last_event) + period).min(self.last_list + 4 * period)
    }

    fn list_all(&mut self) {
        self.last_list = Instant::now();
        for part in [Part::Containers, Part::Images, Part::Networks, Part::Volumes, Part::Facts] {
            self.list(part);
        }
    }

    fn list(&mut self, part: Part) {
        if let Some(again) = self.listing.get_mut(&part) {
            *again = true;
            return;
        }
        self.listing.insert(part, false);
        let (client, deadline) = (self.client.clone(), self.shared.settings.periods.list);
        let asked = std::time::Instant::now();
        self.jobs.push(match part {
            Part::Containers => async move {
                Done::Containers(get(&client, "/containers/json?all=true", "list containers", deadline).await, asked)
            }
            .boxed(),
            Part::Images => {
                async move { Done::Images(get(&client, "/images/json", "list images", deadline).await) }.boxed()
            }
            Part::Networks => {
                async move { Done::Networks(get(&client, "/networks", "list networks", deadline).await) }.boxed()
            }
            Part::Volumes => {
                async move { Done::Volumes(get(&client, "/volumes", "list volumes", deadline).await) }.boxed()
            }
            Part::Facts => async move { Done::Facts(Box::new(get(&client, "/info", "info", deadline).await)) }.boxed(),
        });
    }

    fn inspect(&mut self, id: String) {
        if let Some(again) = self.inspecting.get_mut(&id) {
            *again = true;
        } else if self.queued.insert(id.clone()) {
            self.queue.push_back(id);
        }
        self.start_inspections();
    }

    fn start_inspections(&mut self) {
        while self.inspecting.len() < INSPECTIONS_AT_ONCE
            && let Some(id) = self.queue.pop_front()
        {
            self.queued.remove(&id);
            self.inspecting.insert(id.clone(), false);
            let (client, deadline) = (self.client.clone(), self.shared.settings.periods.call);
            let asked = std::time::Instant::now();
            self.jobs.push(
                async move {
                    let path = format!("/containers/{id}/json");
                    let inspect = get(&client, &path, "inspect", deadline).await;
                    Done::Container(id, Box::new(inspect), asked)
                }
                .boxed(),
            );
        }
    }

    fn take_event(&mut self, line: EventLine) {
        self.last_event = Instant::now();
        self.suspect_at = None;
        match event::effect(&line) {
            Effect::Container(id) => {
                self.told.insert(id.clone(), self.last_event);
                self.inspect(id);
            }
            Effect::Gone(id) => {
                self.told.insert(id.clone(), self.last_event);
                if self.world.remove(&id) {
                    self.changed();
                }
            }
            Effect::Images => self.list(Part::Images),
            Effect::Networks => self.list(Part::Networks),
            Effect::Volumes => self.list(Part::Volumes),
            Effect::Facts => self.list(Part::Facts),
            Effect::Nothing => {}
        }
        self.shared.record(line);
        self.shared.tell(ChangeKind::Event, None, None, None);
    }

    /// Takes an answer. Only a failed list of containers ends the session: without it the picture cannot be trusted.
    fn take(&mut self, done: Done) -> Result<(), Error> {
        match done {
            Done::Containers(rows, asked) => {
                let news = self.world.take_rows(rows?, asked);
                self.world.as_of = Some(OffsetDateTime::now_utc());
                // An event may be a moment behind the list that shows what it tells of.
                let is_told = |id: &String| self.told.contains_key(id) || self.inspecting.contains_key(id);
                if self.is_connected && !news.changed.iter().all(is_told) {
                    self.suspect_at.get_or_insert(Instant::now() + SUSPICION);
                }
                self.told.retain(|_, at| at.elapsed() < 2 * SUSPICION);
                for id in news.inspect {
                    self.inspect(id);
                }
                self.listed(Part::Containers);
                if self.is_connected {
                    self.changed();
                } else {
                    self.is_connected = true;
                    self.publish();
                    self.shared.set_state(ConnectionState::Connected, None);
                }
            }
            Done::Container(id, inspect, asked) => {
                let again = self.inspecting.remove(&id).unwrap_or(false);
                let changed = match *inspect {
                    Ok(inspect) => self.world.take_inspection(inspect, asked),
                    Err(Error::NotFound(_)) => self.world.remove(&id),
                    Err(error) => {
                        tracing::debug!(cluster = self.shared.name, id, %error, "a container could not be inspected");
                        false
                    }
                };
                if changed {
                    self.changed();
                }
                if again {
                    self.inspect(id);
                }
                self.start_inspections();
            }
            Done::Images(rows) => {
                let changed = self.take_part(rows, World::take_images);
                self.finish(Part::Images, changed);
            }
            Done::Networks(rows) => {
                let changed = self.take_part(rows, World::take_networks);
                self.finish(Part::Networks, changed);
            }
            Done::Volumes(rows) => {
                let changed = self.take_part(rows, World::take_volumes);
                self.finish(Part::Volumes, changed);
            }
            Done::Facts(info) => {
                let (client, podman) = (self.client.clone(), self.client.is_podman());
                let changed = self.take_part(*info, |world, info| {
                    world.engine_id.clone_from(&info.id);
                    let facts = convert::facts(info, &client.product, podman, client.version);
                    let changed = world.facts.as_deref() != Some(&facts);
                    if changed {
                        world.facts = Some(Arc::new(facts));
                    }
                    changed
                });
                self.finish(Part::Facts, changed);
            }
        }
        Ok(())
    }

    fn take_part<T>(&mut self, answer: Result<T, Error>, take: impl FnOnce(&mut World, T) -> bool) -> bool {
        match answer {
            Ok(answer) => take(self.world, answer),
            Err(error) => {
                tracing::debug!(cluster = self.shared.name, %error, "a part of the picture stays old");
                false
            }
        }
    }

    fn finish(&mut self, part: Part, changed: bool) {
        self.listed(part);
        if changed {
            self.changed();
        }
    }

    fn listed(&mut self, part: Part) {
        if self.listing.remove(&part) == Some(true) {
            self.list(part);
        }
    }

    fn changed(&mut self) {
        let at = Instant::now() + self.shared.settings.periods.coalesce;
        self.publish_at.get_or_insert(at);
    }

    /// Shows what is known now, and tells what changed.
    fn publish(&mut self) {
        self.publish_at = None;
        if !self.is_connected {
            return;
        }
        let now = OffsetDateTime::now_utc();
        self.world.as_of = Some(now);
        let picture = Arc::new(self.world.picture());
        self.shared.connection.write().unwrap_or_else(PoisonError::into_inner).as_of = Some(now);
        let old = self.shared.picture.send_replace(picture.clone());
        if old.containers.len() != picture.containers.len() {
            self.shared.forget_usage(|id| picture.container(id).is_some());
        }
        self.shared.tell_differences(&old, &picture);
    }
}

/// The event stream under way.
struct Events {
    lines: mpsc::Receiver<EventLine>,
    task: AbortOnDropHandle<Result<(), Error>>,
}

impl Events {
    /// Why the stream ended.
    async fn end(&mut self) -> Error {
        match (&mut self.task).await {
            Ok(Err(error)) => error,
            Ok(Ok(())) => Error::Unreachable("the engine closed its event stream".to_owned()),
            Err(error) => Error::Unreachable(error.to_string()),
        }
    }
}

async fn get<T: DeserializeOwned>(
    client: &Client,
    path: &str,
    call: &'static str,
    deadline: Duration,
) -> Result<T, Error> {
    timeout(deadline, client.get(path, &Query::new()))
        .await
        .unwrap_or(Err(Error::Timeout { call, after_secs: deadline.as_secs() }))
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
