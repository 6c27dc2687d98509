//! The engine's event stream: read line by line, freed of noise, and what each event means for the picture.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use api::OffsetDateTime;
use api::client::Query;
use api::event::Event;
use bytes::BytesMut;
use http_body_util::BodyExt;
use tokio::sync::{mpsc, oneshot};

use super::client::Client;
use super::cluster::{EVENTS_KEPT, Shared};
use super::error::Error;
use super::spec::{LABEL_COMPOSE_PROJECT, LABEL_COMPOSE_SERVICE};
use super::wire::EventLine;

/// The longest line of the stream.
const LINE_CAP: usize = 1024 * 1024;
/// Docker's actions that tell something; its own filter keeps the noise of health checks off the wire.
const ACTIONS: [&str; 34] = [
    "attach",
    "commit",
    "connect",
    "copy",
    "create",
    "delete",
    "destroy",
    "detach",
    "die",
    "disable",
    "disconnect",
    "enable",
    "export",
    "health_status",
    "import",
    "kill",
    "load",
    "mount",
    "oom",
    "pause",
    "prune",
    "pull",
    "push",
    "reload",
    "remove",
    "rename",
    "restart",
    "save",
    "start",
    "stop",
    "tag",
    "unpause",
    "untag",
    "update",
];

/// What an event means for the picture.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// A container may have changed.
    Container(String),
    /// A container is gone.
    Gone(String),
    /// Images changed.
    Images,
    /// Networks changed.
    Networks,
    /// Volumes changed.
    Volumes,
    /// The engine changed its settings.
    Facts,
    /// Nothing that is shown.
    Nothing,
}

/// Reads the stream into `sender` until it ends; `open` is told once the engine listens.
pub(super) async fn read(
    client: Arc<Client>,
    sender: mpsc::Sender<EventLine>,
    open: oneshot::Sender<()>,
) -> Result<(), Error> {
    let query = if client.is_podman() {
        Query::new().with("stream", true)
    } else {
        Query::new().with("filters", serde_json::json!({ "event": &ACTIONS[..] }))
    };
    let mut body = client.stream("/events", &query).await?.into_body();
    let _ = open.send(());
    let mut buffer = BytesMut::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            buffer.extend_from_slice(&data);
        }
        while let Some(end) = memchr::memchr(b'\n', &buffer) {
            let line = buffer.split_to(end + 1);
            if line.trim_ascii().is_empty() {
                continue;
            }
            let line: EventLine = serde_json::from_slice(&line)?;
            if !is_noise(&line) && sender.send(line).await.is_err() {
                return Ok(());
            }
        }
        if buffer.len() > LINE_CAP {
            return Err(Error::TooLarge);
        }
    }
    Ok(())
}

/// Health checks run an exec every few seconds in each container; nobody wants to read that.
pub(super) fn is_noise(line: &EventLine) -> bool {
    line.kind == "container" && (line.action.starts_with("exec") || line.action == "top" || line.action == "resize")
}

/// What an event means for the picture.
pub(super) fn effect(line: &EventLine) -> Effect {
    let action = line.action.split(':').next().unwrap_or_default();
    match (line.kind.as_str(), action) {
        ("container", "destroy" | "remove") => Effect::Gone(line.actor.id.clone()),
        ("container", "attach" | "detach" | "export" | "copy" | "commit" | "kill")
        | ("image", "save" | "push")
        | ("volume", "mount" | "unmount") => Effect::Nothing,
        ("container", _) => Effect::Container(line.actor.id.clone()),
        ("image", _) => Effect::Images,
        ("network", "connect" | "disconnect") => match line.actor.attributes.get("container") {
            Some(id) => Effect::Container(id.clone()),
            None => Effect::Networks,
        },
        ("network", _) => Effect::Networks,
        ("volume", _) => Effect::Volumes,
        ("daemon", "reload") => Effect::Facts,
        _ => Effect::Nothing,
    }
}

impl Shared {
    /// Keeps an event and tells it.
    pub(super) fn record(&self, line: EventLine) {
        let event = Arc::new(event(line, self.sequence.fetch_add(1, Ordering::Relaxed) + 1));
        let mut kept = self.events.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if kept.len() == EVENTS_KEPT {
            kept.pop_front();
        }
        kept.push_back(event.clone());
        drop(kept);
        let _ = self.event_sender.send(event);
    }
}

fn event(line: EventLine, sequence: u64) -> Event {
    let nanos = if line.time_nano != 0 { i128::from(line.time_nano) } else { i128::from(line.time) * 1_000_000_000 };
    let mut attributes = line.actor.attributes;
    let name = attributes.remove("name").unwrap_or_else(|| line.actor.id.clone());
    // Labels travel among the attributes; a container has dozens, and all but these are nobody's news.
    let app = attributes.get(LABEL_COMPOSE_PROJECT).cloned();
    let service = attributes.get(LABEL_COMPOSE_SERVICE).cloned();
    let attributes: BTreeMap<_, _> = attributes.into_iter().filter(|(key, _)| !key.contains(['.', '/'])).collect();
    Event {
        sequence,
        at: OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH),
        kind: line.kind,
        action: line.action,
        id: line.actor.id,
        name,
        app,
        service,
        attributes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::wire::Actor;

    fn line(kind: &str, action: &str, attributes: &[(&str, &str)]) -> EventLine {
        let attributes = attributes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        EventLine {
            kind: kind.to_owned(),
            action: action.to_owned(),
            actor: Actor { id: "abc".to_owned(), attributes },
            time: 1,
            time_nano: 1_500_000_000,
        }
    }

    #[test]
    fn health_checks_make_no_events_but_their_result_does() {
        for action in ["exec_create: /bin/check", "exec_start: /bin/check", "exec_die", "exec_died", "exec"] {
            assert!(is_noise(&line("container", action, &[])), "{action}");
        }
        assert!(!is_noise(&line("container", "health_status: unhealthy", &[])));
        assert_eq!(effect(&line("container", "health_status: healthy", &[])), Effect::Container("abc".into()));
    }

    #[test]
    fn an_event_refreshes_only_what_it_is_about() {
        for (kind, action, expected) in [
            ("container", "start", Effect::Container("abc".into())),
            ("container", "destroy", Effect::Gone("abc".into())),
            ("container", "remove", Effect::Gone("abc".into())),
            ("container", "kill", Effect::Nothing),
            ("image", "pull", Effect::Images),
            ("network", "create", Effect::Networks),
            ("volume", "mount", Effect::Nothing),
            ("volume", "destroy", Effect::Volumes),
            ("daemon", "reload", Effect::Facts),
            ("builder", "prune", Effect::Nothing),
            ("", "", Effect::Nothing),
        ] {
            assert_eq!(effect(&line(kind, action, &[])), expected, "{kind} {action}");
        }
        let joined = line("network", "connect", &[("container", "def")]);
        assert_eq!(effect(&joined), Effect::Container("def".into()));
    }

    #[test]
    fn an_event_keeps_what_people_read_and_drops_labels() {
        let attributes =
            [("name", "web-1"), ("exitCode", "137"), (LABEL_COMPOSE_PROJECT, "shop"), ("org.label/x", "y")];
        let event = event(line("container", "die", &attributes), 7);
        assert_eq!((event.name.as_str(), event.app.as_deref(), event.sequence), ("web-1", Some("shop"), 7));
        assert_eq!(event.attributes.into_iter().collect::<Vec<_>>(), [("exitCode".to_owned(), "137".to_owned())]);
        assert_eq!(event.at.unix_timestamp_nanos(), 1_500_000_000);
    }
}
