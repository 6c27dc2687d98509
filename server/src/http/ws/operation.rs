//! The socket that tells an operation's log: first what there is, then what comes.

use axum::extract::ws::Message;

use super::{End, Event, Link};
use crate::services::operation::Watch;

/// Tells the log until it ends or nobody may hear it any more. One message waits; what comes meanwhile waits in the
/// database.
pub async fn serve(mut link: Link, mut watch: Watch) -> (Link, End) {
    let end = run(&mut link, &mut watch).await;
    (link, end)
}

async fn run(link: &mut Link, watch: &mut Watch) -> End {
    let mut waiting = None;
    let mut ended = false;
    loop {
        if ended && waiting.is_none() {
            return End::Done;
        }
        tokio::select! {
            event = link.next(waiting.is_some()) => match event {
                Ok(Event::Ready) => {
                    if let Some(text) = waiting.take() && let Err(end) = link.send(Message::text::<String>(text)) {
                        return end;
                    }
                }
                Ok(Event::Bytes(_)) => {}
                Err(end) => return end,
            },
            events = watch.next(), if waiting.is_none() && !ended => match events {
                Ok(Some(events)) => waiting = Some(serde_json::to_string(&events).unwrap_or_default()),
                Ok(None) => ended = true,
                Err(error) => {
                    tracing::warn!(%error, "an operation cannot be watched any longer");
                    return End::Failed;
                }
            },
        }
    }
}
