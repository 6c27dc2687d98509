//! `GET /containers/{id}/logs`.

use std::sync::Arc;

use bytes::Bytes;
use futures::stream;

use super::journal::Request;
use super::log_store::Rendering;
use super::state::{Shared, parse_time};
use super::stream_count::{StreamGuard, StreamKind};
use super::wire::{Answer, fail, respond_stream};

/// Follows the output of one run of a container.
pub struct Follower {
    pub shared: Arc<Shared>,
    pub id: String,
    pub next: u64,
    /// Stop at this line; none while the run goes on.
    pub end: Option<u64>,
    pub run: u64,
    pub how: Rendering,
    pub guard: Option<StreamGuard>,
}

impl Follower {
    /// The next piece of output; none at the end.
    pub async fn read(&mut self) -> Option<Bytes> {
        loop {
            let noticed = {
                let state = self.shared.lock();
                let container = state.containers.get(&self.id)?;
                let noticed = Arc::clone(&container.log_notify).notified_owned();
                let mut noticed = Box::pin(noticed);
                noticed.as_mut().enable();
                let end = self.end.unwrap_or_else(|| container.log.end());
                if self.next < end {
                    let (text, next) = container.log.read(self.next, &self.how);
                    self.next = next;
                    if !text.is_empty() {
                        return Some(text);
                    }
                    continue;
                }
                // A run still to come is waited for.
                let goes_on = self.run > container.run || (container.run == self.run && container.is_running());
                if self.end.is_some() || !goes_on {
                    return None;
                }
                noticed
            };
            noticed.await;
        }
    }
}

/// `GET /containers/{id}/logs`.
pub fn logs(shared: &Arc<Shared>, request: &Request, reference: &str) -> Answer {
    let (stdout, stderr) = (request.flag("stdout"), request.flag("stderr"));
    if !stdout && !stderr {
        return fail(400, "Bad parameters: you must choose at least one stream");
    }
    let bound = |name: &str| {
        let text = request.query(name).filter(|text| !matches!(*text, "" | "0"));
        text.map(parse_time).transpose()
    };
    let (since, until) = (bound("since")?, bound("until")?);
    let mut state = shared.lock();
    let container = state.container(reference)?;
    let (first, end) = (container.log.first(), container.log.end());
    let next = match request.query("tail").unwrap_or("all").parse::<u64>() {
        Ok(count) => end.saturating_sub(count).max(first),
        Err(_) => first,
    };
    let live = container.is_running();
    let follow = request.flag("follow") && live && until.is_none();
    let tty = container.tty();
    let follower = Follower {
        shared: Arc::clone(shared),
        id: container.id.clone(),
        next,
        end: (!follow).then_some(end),
        run: container.run,
        how: Rendering {
            stdout,
            stderr,
            timestamps: request.flag("timestamps"),
            framed: !tty,
            since: since.unwrap_or(i64::MIN),
            until: until.unwrap_or(i64::MAX),
        },
        guard: Some(shared.enter(StreamKind::Logs)),
    };
    drop(state);
    let chunks = stream::unfold(follower, |mut follower| async move {
        let text = follower.read().await?;
        Some((Ok(text), follower))
    });
    let media = match (shared.is_28(), tty) {
        (false, _) | (true, true) => "application/vnd.docker.raw-stream",
        (true, false) => "application/vnd.docker.multiplexed-stream",
    };
    Ok(respond_stream(media, chunks))
}
