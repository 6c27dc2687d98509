//! The log's WebSocket: see `api::log` for what is said on it.

use std::time::Duration;

use api::log::WINDOW_BYTES;
use axum::extract::ws::Message;
use tokio::time::Instant;

use super::{End, Event, Link};
use crate::services::log::{Log, Outbox};

/// How long a message gathers records before it goes.
const GATHER: Duration = Duration::from_millis(20);

/// Sends a log until it ends or its reader goes.
pub async fn serve(mut link: Link, mut log: Log) -> (Link, End) {
    let mut outbox = Outbox::new(log.request.ack);
    let end = run(&mut link, &mut log, &mut outbox).await;
    (link, end)
}

async fn run(link: &mut Link, log: &mut Log, outbox: &mut Outbox) -> End {
    let ack = log.request.ack;
    let mut on_the_way = 0_usize;
    let mut ended = false;
    loop {
        if ended && outbox.is_empty() {
            return End::Done;
        }
        let open = !ack || on_the_way < WINDOW_BYTES;
        let gathering = outbox.gathering_since().filter(|_| !ended).map(|since| Instant::from_std(since) + GATHER);
        let ripe = !outbox.is_empty() && gathering.is_none_or(|until| until <= Instant::now());
        let wake = gathering.filter(|_| open && !ripe).unwrap_or_else(|| Instant::now() + Duration::from_hours(1));
        tokio::select! {
            event = link.next(open && ripe) => match event {
                Ok(Event::Ready) => {
                    if let Some(message) = outbox.pop() {
                        on_the_way += message.len();
                        if let Err(end) = link.send(Message::Binary(message)) {
                            return end;
                        }
                    }
                }
                Ok(Event::Bytes(bytes)) => {
                    if let Some(count) = bytes.first_chunk::<4>() {
                        on_the_way = on_the_way.saturating_sub(u32::from_le_bytes(*count) as usize);
                    }
                }
                Err(end) => return end,
            },
            more = log.fill(outbox), if !ended => ended = !more,
            () = tokio::time::sleep_until(wake) => {}
        }
    }
}
