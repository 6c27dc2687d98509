//! The terminal's WebSocket: see `api::terminal` for what is said on it.

use std::collections::VecDeque;
use std::time::Duration;

use api::Message as Text;
use api::terminal::{Input, Output, WINDOW_BYTES};
use axum::extract::ws::Message;
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::{End, Event, Link};
use crate::services::terminal::{Opening, Streams, Terminal};

/// What may wait until the process reads it; more ends the terminal.
const MAX_INPUT: usize = 4 * 1024 * 1024;
/// The largest output message.
const MESSAGE_BYTES: usize = 64 * 1024;
/// How long a process that goes on printing is left to gather after a message of less than [`GATHERED_BYTES`]. Engines pass
/// a terminal's output on in pieces of 4 KiB; one message for many costs much less than one for each. All that is there by
/// then goes together, and what comes after a pause goes at once.
const GATHER: Duration = Duration::from_millis(4);
const GATHERED_BYTES: usize = 32 * 1024;

/// Runs a terminal until its process ends or its person goes.
pub async fn serve(mut link: Link, opening: Opening) -> (Link, End) {
    let (mut terminal, streams) = match opening.start().await {
        Ok(started) => started,
        Err(error) => {
            let end = tell(&mut link, [Output::Notice(error.message()).encode()]).await;
            return (link, end);
        }
    };
    let end = run(&mut link, &mut terminal, streams).await;
    if end == End::Done {
        let code = terminal.exit_code().await.and_then(|code| i32::try_from(code).ok()).unwrap_or(-1);
        let end = tell(&mut link, [Output::Ended(code).encode()]).await;
        terminal.close(true).await;
        return (link, end);
    }
    // The person who left must not wait for the process, nor the server that stops for a person.
    let goodbye = link.close(end);
    tokio::join!(goodbye, terminal.close(false));
    (link, End::Left)
}

/// Sends the last messages.
async fn tell(link: &mut Link, messages: impl IntoIterator<Item = Vec<u8>>) -> End {
    for message in messages {
        loop {
            match link.next(true).await {
                Ok(Event::Ready) => break,
                Ok(Event::Bytes(_)) => {}
                Err(end) => return end,
            }
        }
        if let Err(end) = link.send(Message::Binary(message.into())) {
            return end;
        }
    }
    End::Done
}

/// Says why the terminal cannot go on.
async fn give_up(link: &mut Link, why: &str) -> End {
    match tell(link, [Output::Notice(Text::new(why)).encode()]).await {
        End::Done => End::Failed,
        end => end,
    }
}

async fn run(link: &mut Link, terminal: &mut Terminal, streams: Streams) -> End {
    let Streams { mut output, mut input } = streams;
    let (to_process, mut typed) = mpsc::unbounded_channel::<Bytes>();
    let (written, mut taken) = mpsc::unbounded_channel::<usize>();
    let control = terminal.control.clone();
    let (mut output_bytes, mut input_bytes) = (0_u64, 0_u64);
    // Writing waits while the process does not read; printing must go on meanwhile.
    let writing = async {
        while let Some(bytes) = typed.recv().await {
            if input.write_all(&bytes).await.is_err() || input.flush().await.is_err() {
                break;
            }
            let _ = written.send(bytes.len());
        }
        std::future::pending::<End>().await
    };
    let (sizes, mut wanted) = tokio::sync::watch::channel((0_u16, 0_u16));
    let resizing = async {
        while wanted.changed().await.is_ok() {
            let (columns, rows) = *wanted.borrow_and_update();
            if let Err(error) = control.resize(columns, rows).await {
                tracing::debug!(%error, "a terminal was not resized");
            }
        }
        std::future::pending::<End>().await
    };
    let talking = async {
        let mut printed: VecDeque<Bytes> = VecDeque::new();
        let mut queued_bytes = 0_usize;
        let mut on_the_way = 0_usize;
        let mut unread = 0_usize;
        let (mut ended, mut lost) = (false, false);
        let mut gathers_until = Instant::now();
        loop {
            if ended && printed.is_empty() {
                return if lost { give_up(link, "terminal.lost").await } else { End::Done };
            }
            let may_read = !ended && queued_bytes < MESSAGE_BYTES && on_the_way + queued_bytes < WINDOW_BYTES;
            let gathers = may_read && Instant::now() < gathers_until;
            tokio::select! {
                biased;
                // What is there is read before anything is sent, as much as goes into a message.
                read = output.next(), if may_read && !gathers => match read {
                    Some(Ok(bytes)) => {
                        queued_bytes += bytes.len();
                        printed.push_back(bytes);
                    }
                    Some(Err(error)) => {
                        tracing::debug!(%error, "a terminal's process was lost");
                        (ended, lost) = (true, true);
                    }
                    None => ended = true,
                },
                event = link.next(!printed.is_empty()) => match event {
                    Ok(Event::Ready) => {
                        let message = next_message(&mut printed);
                        queued_bytes -= message.len() - 1;
                        on_the_way += message.len() - 1;
                        output_bytes += (message.len() - 1) as u64;
                        if message.len() < GATHERED_BYTES {
                            gathers_until = Instant::now() + GATHER;
                        }
                        if let Err(end) = link.send(Message::Binary(message)) {
                            return end;
                        }
                    }
                    Ok(Event::Bytes(bytes)) => match Input::decode(&bytes) {
                        Some(Input::Data(_)) => {
                            let bytes = bytes.slice(1..);
                            unread += bytes.len();
                            input_bytes += bytes.len() as u64;
                            if unread > MAX_INPUT {
                                return give_up(link, "terminal.input-full").await;
                            }
                            let _ = to_process.send(bytes);
                        }
                        Some(Input::Resize { columns, rows }) if columns > 0 && rows > 0 => {
                            let _ = sizes.send((columns.min(1_000), rows.min(1_000)));
                        }
                        Some(Input::Acknowledge(count)) => on_the_way = on_the_way.saturating_sub(count as usize),
                        Some(Input::Resize { .. }) | None => {}
                    },
                    Err(end) => return end,
                },
                Some(count) = taken.recv() => unread -= count,
                () = tokio::time::sleep_until(gathers_until), if gathers => {}
            }
        }
    };
    let end = tokio::select! {
        end = talking => end,
        end = writing => end,
        end = resizing => end,
    };
    terminal.output_bytes += output_bytes;
    terminal.input_bytes += input_bytes;
    end
}

/// As much of what was printed as goes into one message.
fn next_message(printed: &mut VecDeque<Bytes>) -> Bytes {
    let length = printed.iter().map(Bytes::len).sum::<usize>().min(MESSAGE_BYTES);
    let mut message = BytesMut::with_capacity(1 + length);
    message.extend_from_slice(&[0]);
    while let Some(mut bytes) = printed.pop_front() {
        let room = MESSAGE_BYTES + 1 - message.len();
        if bytes.len() > room {
            message.extend_from_slice(&bytes.split_to(room));
            printed.push_front(bytes);
            break;
        }
        message.extend_from_slice(&bytes);
        if message.len() > MESSAGE_BYTES {
            break;
        }
    }
    message.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_bytes_keep_their_order_and_fit_into_messages() {
        let all: Vec<u8> = (0..200_000_u32).map(|number| u8::try_from(number % 251).unwrap()).collect();
        let mut printed: VecDeque<Bytes> = all.chunks(7_777).map(Bytes::copy_from_slice).collect();
        let mut got = Vec::new();
        while !printed.is_empty() {
            let message = next_message(&mut printed);
            assert!(message.len() <= MESSAGE_BYTES + 1);
            let Some(Output::Data(bytes)) = Output::decode(&message) else { panic!() };
            assert!(!bytes.is_empty());
            got.extend_from_slice(bytes);
        }
        assert_eq!(got, all);
    }
}
