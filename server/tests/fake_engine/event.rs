//! The engine's events: their shape, their filters, `GET /events`.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream;
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;

use super::container::Container;
use super::filter::Filters;
use super::journal::Request;
use super::state::{Shared, State, now_nanos, parse_time};
use super::stream_count::StreamKind;
use super::wire::{Answer, respond_stream};

/// How many past events the engine keeps for `since`.
const KEPT: usize = 256;

/// Something that happened.
#[derive(Debug, Clone)]
pub struct Event {
    /// `container`, `image`, `network`, `volume`.
    pub kind: &'static str,
    pub action: String,
    pub id: String,
    /// The image of a container event.
    pub from: Option<String>,
    pub attributes: BTreeMap<String, String>,
    pub nanos: i64,
}

impl Event {
    pub fn json(&self) -> Value {
        let mut value = json!({
            "Type": self.kind,
            "Action": self.action,
            "Actor": { "ID": self.id, "Attributes": self.attributes },
            "scope": "local",
            "time": self.nanos / 1_000_000_000,
            "timeNano": self.nanos,
        });
        if matches!(self.kind, "container" | "image") {
            value["status"] = json!(self.action);
            value["id"] = json!(self.id);
        }
        if let Some(from) = &self.from {
            value["from"] = json!(from);
        }
        value
    }

    fn passes(&self, filters: &Filters) -> bool {
        let name = self.attributes.get("name").map_or("", String::as_str);
        let actor = |kind: &str, filter: &str| {
            !filters.has(filter)
                || (self.kind == kind
                    && filters.any(filter, |v| v == self.id || v == name || (v.len() >= 12 && self.id.starts_with(v))))
        };
        let image = self.attributes.get("image").map_or(name, String::as_str);
        filters.none_or("type", |v| v == self.kind)
            && filters.none_or("event", |v| self.action_fits(v))
            && filters.none_or("scope", |v| v == "local")
            && filters.none_or("image", |v| v == image || v == self.id || image.split(':').next() == Some(v))
            && actor("container", "container")
            && actor("network", "network")
            && actor("volume", "volume")
            && filters.all_labels(&self.attributes)
    }

    /// `health_status`, `exec_create`, `exec_start` also stand for all their kinds.
    fn action_fits(&self, wanted: &str) -> bool {
        wanted == self.action
            || (matches!(wanted, "health_status" | "exec_create" | "exec_start") && self.action.starts_with(wanted))
    }
}

impl Shared {
    pub fn emit(&self, state: &mut State, event: Event) {
        let event = Arc::new(event);
        if state.event_log.len() == KEPT {
            state.event_log.pop_front();
        }
        state.event_log.push_back(Arc::clone(&event));
        // No listener is no error.
        let _ = self.events.send(event);
        self.beat();
    }

    pub fn emit_container(&self, state: &mut State, id: &str, action: &str, extra: &[(&str, &str)]) {
        let Some(event) = state.containers.get(id).map(|c| container_event(c, action, extra)) else {
            return;
        };
        self.emit(state, event);
    }

    pub fn emit_other(
        &self,
        state: &mut State,
        kind: &'static str,
        action: &str,
        id: &str,
        attributes: &[(&str, &str)],
    ) {
        let event = Event {
            kind,
            action: action.into(),
            id: id.into(),
            from: None,
            attributes: owned(attributes),
            nanos: now_nanos(),
        };
        self.emit(state, event);
    }
}

pub fn container_event(container: &Container, action: &str, extra: &[(&str, &str)]) -> Event {
    let mut attributes = container.labels();
    attributes.insert("image".into(), container.image.clone());
    attributes.insert("name".into(), container.name.clone());
    attributes.extend(owned(extra));
    Event {
        kind: "container",
        action: action.into(),
        id: container.id.clone(),
        from: Some(container.image.clone()),
        attributes,
        nanos: now_nanos(),
    }
}

fn owned(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// `GET /events`.
pub fn stream_events(shared: &Arc<Shared>, request: &Request) -> Answer {
    let filters = Filters::parse(
        shared,
        request.query("filters"),
        &[
            "container",
            "daemon",
            "event",
            "image",
            "label",
            "network",
            "node",
            "plugin",
            "scope",
            "secret",
            "service",
            "type",
            "volume",
            "config",
        ],
    )?;
    let bound = |name: &str| {
        let text = request.query(name).filter(|text| !text.is_empty());
        text.map(parse_time).transpose()
    };
    let (since, until) = (bound("since")?, bound("until")?);

    let mut state = shared.lock();
    state.event_streams += 1;
    let number = state.event_streams;
    let past: Vec<Arc<Event>> = match (since, until) {
        (None, None) => Vec::new(),
        _ => state
            .event_log
            .iter()
            .filter(|e| since.is_some_and(|s| e.nanos >= s) && until.is_none_or(|u| e.nanos <= u))
            .cloned()
            .collect(),
    };
    let live = shared.events.subscribe();
    drop(state);

    let guard = shared.enter(StreamKind::Events);
    let shared = Arc::clone(shared);
    let left = until.map(|until| {
        let nanos = u64::try_from(until.saturating_sub(now_nanos())).unwrap_or(0);
        tokio::time::Instant::now() + std::time::Duration::from_nanos(nanos)
    });
    let start = (past.into_iter(), live, guard);
    let chunks = stream::unfold(start, move |(mut past, mut live, guard)| {
        let (shared, filters) = (Arc::clone(&shared), filters.clone());
        async move {
            if let Some(event) = past.find(|event| event.passes(&filters)) {
                return Some((Ok(line(&event)), (past, live, guard)));
            }
            loop {
                let next = match left {
                    Some(end) => match tokio::time::timeout_at(end, live.recv()).await {
                        Ok(next) => next,
                        Err(_) => return None,
                    },
                    None => live.recv().await,
                };
                match next {
                    Ok(event) => {
                        let silent = shared.lock().silent_streams >= number;
                        if !silent && event.passes(&filters) {
                            return Some((Ok(line(&event)), (past, live, guard)));
                        }
                    }
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return None,
                }
            }
        }
    });
    Ok(respond_stream("application/json", chunks))
}

fn line(event: &Event) -> Bytes {
    Bytes::from(format!("{}\n", event.json()))
}
