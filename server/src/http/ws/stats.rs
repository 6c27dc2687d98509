//! The stats' WebSockets: each new point as a JSON text.

use axum::extract::ws::Message;

use super::{End, Event, Link};
use crate::services::stats::Points;

/// Sends points while there are any.
pub async fn serve(mut link: Link, mut points: Points) -> (Link, End) {
    let mut waiting = None;
    let end = loop {
        tokio::select! {
            event = link.next(waiting.is_some()) => match event {
                Ok(Event::Ready) => {
                    if let Some(point) = waiting.take() {
                        let text = serde_json::to_string(&point).unwrap_or_default();
                        if let Err(end) = link.send(Message::Text(text.into())) {
                            break end;
                        }
                    }
                }
                Ok(Event::Bytes(_)) => {}
                Err(end) => break end,
            },
            // A reader that is too slow for one point in ten seconds sees the newest.
            point = points.next() => match point {
                Some(point) => waiting = Some(point),
                None => break End::Stopping,
            },
        }
    };
    (link, end)
}
