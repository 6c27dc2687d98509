//! One container's log, read from the engine and never lost for good: where the engine goes away or the container
//! restarts, reading goes on at the same line.

use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use api::Message;
use api::container::ContainerState;
use futures::Stream;

use super::merge::{Event, Feed};
use super::place::Place;
use crate::engine::{Cluster, Error, LogFrame, LogOptions, LogStream, Tail};

/// The first wait before a log is opened again; it doubles up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// How long a download waits for a lost engine.
const DOWNLOAD_PATIENCE: Duration = Duration::from_secs(30);
/// How much is taken at once where it is there.
const BATCH_BYTES: usize = 64 * 1024;
/// With so many bytes at once a log counts as busy, and is left to gather for [`GATHER`]: many lines at once cost much
/// less than a wake for each. More than that is many already.
const BUSY_BYTES: std::ops::Range<usize> = 1024..BATCH_BYTES / 4;
const GATHER: Duration = Duration::from_millis(2);

/// Reads one container's log.
pub struct ContainerLog {
    cluster: Cluster,
    id: String,
    options: LogOptions,
    stream: Option<LogStream>,
    place: Place,
    opened: bool,
    lost: bool,
    wait: Duration,
    lost_for: Duration,
    busy: bool,
    failure: Option<Error>,
}

impl ContainerLog {
    /// The log of the container `id`.
    pub fn new(cluster: Cluster, id: String, options: LogOptions) -> Self {
        Self {
            cluster,
            id,
            options,
            stream: None,
            place: Place::default(),
            opened: false,
            lost: false,
            wait: FIRST_WAIT,
            lost_for: Duration::ZERO,
            busy: false,
            failure: None,
        }
    }

    /// Opens the log where reading stopped. `Some` is to be told first.
    async fn open(&mut self) -> Option<Event> {
        let mut options = self.options.clone();
        if self.opened
            && let Some(since) = self.place.resume()
        {
            options.tail = Tail::All;
            options.since_nanos = Some(options.since_nanos.map_or(since, |asked| asked.max(since)));
        }
        match self.cluster.logs(&self.id, &options).await {
            Ok(stream) => {
                self.stream = Some(stream);
                self.opened = true;
                self.lost_for = Duration::ZERO;
                if std::mem::take(&mut self.lost) {
                    return Some(Event::Notice(Message::new("log.resumed")));
                }
                None
            }
            Err(Error::NotFound(_)) => Some(Event::Ended),
            Err(error) if error.is_transient() && !Self::is_refused(&error) => self.wait_for_engine().await,
            Err(error) => {
                self.failure = Some(Error::NotFound(String::new()));
                Some(Event::Notice(
                    Message::new("log.unreadable").with("cause", error.message().text(api::Language::English)),
                ))
            }
        }
    }

    /// Engines say with a server error that a logging driver cannot be read; trying again does not help.
    fn is_refused(error: &Error) -> bool {
        matches!(error, Error::Other { message, .. } if message.contains("does not support reading"))
    }

    /// Waits a little before the next try, and tells once that the engine is lost.
    async fn wait_for_engine(&mut self) -> Option<Event> {
        if !std::mem::replace(&mut self.lost, true) {
            return Some(Event::Notice(Message::new("log.lost")));
        }
        if !self.options.follow && self.lost_for >= DOWNLOAD_PATIENCE {
            return Some(Event::Ended);
        }
        let mut connected = self.cluster.connected();
        let was_connected = *connected.borrow_and_update();
        let back = async {
            // Once the engine is back there is nothing to wait for.
            if was_connected || connected.wait_for(|connected| *connected).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = tokio::time::sleep(self.wait) => {}
            () = back => {}
        }
        self.lost_for += self.wait;
        self.wait = (self.wait * 2).min(LONGEST_WAIT);
        None
    }

    /// Waits until the container runs again; `false` where it is gone.
    async fn wait_for_container(&mut self) -> bool {
        let mut pictures = self.cluster.pictures();
        loop {
            let state = pictures.borrow_and_update().container(&self.id).map(|container| container.state);
            match state {
                Some(ContainerState::Running | ContainerState::Paused | ContainerState::Restarting) => break,
                // A picture without facts is no picture yet.
                None if pictures.borrow().as_of.is_some() => return false,
                _ => {}
            }
            if pictures.changed().await.is_err() {
                return false;
            }
        }
        tokio::time::sleep(self.wait).await;
        self.wait = (self.wait * 2).min(LONGEST_WAIT);
        true
    }

    /// Reads what is there, waiting for the first line; `Ok(false)` at the log's end.
    async fn read(stream: &mut LogStream, busy: &mut bool, lines: &mut Vec<LogFrame>) -> Result<bool, Error> {
        if std::mem::take(busy) {
            tokio::time::sleep(GATHER).await;
        }
        let mut bytes = 0;
        let went_on = std::future::poll_fn(|cx| {
            loop {
                match Pin::new(&mut *stream).poll_next(cx) {
                    Poll::Ready(Some(Ok(line))) => {
                        bytes += line.bytes.len() + 16;
                        lines.push(line);
                        if bytes >= BATCH_BYTES {
                            return Poll::Ready(Ok(true));
                        }
                    }
                    Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error)),
                    Poll::Ready(None) => return Poll::Ready(Ok(false)),
                    Poll::Pending if lines.is_empty() => return Poll::Pending,
                    Poll::Pending => return Poll::Ready(Ok(true)),
                }
            }
        })
        .await;
        *busy = BUSY_BYTES.contains(&bytes);
        went_on
    }
}

impl Feed for ContainerLog {
    async fn next(&mut self, mut lines: Vec<LogFrame>) -> Event {
        loop {
            if self.failure.is_some() {
                return Event::Ended;
            }
            let Some(stream) = &mut self.stream else {
                match self.open().await {
                    Some(event) => return event,
                    None => continue,
                }
            };
            let read = Self::read(stream, &mut self.busy, &mut lines).await;
            self.place.admit(&mut lines);
            if !matches!(read, Ok(true)) {
                self.stream = None;
            }
            if !lines.is_empty() {
                self.wait = FIRST_WAIT;
                return Event::Lines(lines);
            }
            match read {
                Ok(true) => {}
                Ok(false) if !self.options.follow => return Event::Ended,
                // The log ends with the container, or with an engine that shuts down in order.
                Ok(false) if !*self.cluster.connected().borrow() => {
                    if let Some(event) = self.wait_for_engine().await {
                        return event;
                    }
                }
                Ok(false) => {
                    if !self.wait_for_container().await {
                        return Event::Ended;
                    }
                }
                Err(_) => {
                    if let Some(event) = self.wait_for_engine().await {
                        return event;
                    }
                }
            }
        }
    }
}
