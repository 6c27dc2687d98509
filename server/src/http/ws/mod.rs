//! What every WebSocket has in common: it stays only while its caller may be there, its other end answers, and the server
//! runs; and it never holds more than one message for a reader that does not read.

pub mod log;
pub mod operation;
pub mod stats;
pub mod terminal;
pub mod watch;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures::stream::{SplitSink, SplitStream};
use futures::{Sink, Stream, StreamExt};
use tokio::time::{Instant, Interval, MissedTickBehavior, Sleep, interval_at, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::auth::Caller;
use crate::http::problem::Failure;
use crate::services::{self, Error, State};

/// How often the other end is asked whether it is there, and how long it may be silent.
#[derive(Clone, Copy, Debug)]
struct Patience {
    ping_every: Duration,
    silence: Duration,
}

const PATIENCE: Patience = Patience { ping_every: Duration::from_secs(20), silence: Duration::from_secs(50) };
/// Between two looks whether the caller may still be here.
const RECHECK_EVERY: Duration = Duration::from_secs(3);
/// How long a socket may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);
/// The largest message anyone has to send to us.
pub const MAX_MESSAGE: usize = 1024 * 1024;

/// The caller may no longer be here.
const POLICY: u16 = 1008;
/// The message was larger than anyone has to send.
const TOO_BIG: u16 = 1009;
/// Something here failed.
const FAILED: u16 = 1011;
/// The server restarts.
const RESTART: u16 = 1012;
/// All was said.
const NORMAL: u16 = 1000;

/// A request that asks for a WebSocket. As an `Option` it is absent where the request asks for none.
pub struct Upgrade(pub WebSocketUpgrade);

impl<S: Send + Sync> FromRequestParts<S> for Upgrade {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        match WebSocketUpgrade::from_request_parts(parts, state).await {
            Ok(upgrade) => Ok(Self(upgrade)),
            Err(_) => Err(Failure::new(StatusCode::UPGRADE_REQUIRED, "upgrade-required")),
        }
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Upgrade {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Failure> {
        if !parts.headers.contains_key(header::UPGRADE) && !parts.headers.contains_key(header::SEC_WEBSOCKET_KEY) {
            return Ok(None);
        }
        <Self as FromRequestParts<S>>::from_request_parts(parts, state).await.map(Some)
    }
}

/// The upgrade of an address that speaks nothing else.
pub fn required(upgrade: Option<Upgrade>) -> Result<Upgrade, Failure> {
    upgrade.ok_or_else(|| Failure::new(StatusCode::UPGRADE_REQUIRED, "upgrade-required"))
}

/// Why a socket ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The other end closed it, or its connection broke.
    Left,
    /// The other end has been silent for too long.
    Silent,
    /// The caller may no longer be here.
    Revoked,
    /// The other end sent too large a message.
    TooBig,
    /// The server stops.
    Stopping,
    /// There is nothing more to say.
    Done,
    /// Something here failed.
    Failed,
}

/// What happens on a socket.
#[derive(Debug)]
pub enum Event {
    /// The other end sent bytes.
    Bytes(Bytes),
    /// The next message can be sent with [`Link::send`].
    Ready,
}

/// A socket as its handler sees it.
pub struct Link {
    sink: SplitSink<WebSocket, Message>,
    stream: SplitStream<WebSocket>,
    control: VecDeque<Message>,
    patience: Patience,
    heard: Instant,
    ping: Interval,
    silence: Pin<Box<Sleep>>,
    lease: CancellationToken,
    stopping: CancellationToken,
    flushed: bool,
}

/// Accepts a socket and runs `serve` on it while the caller may be there. `may_stay` looks again whether it may, with the
/// caller as it is by then.
pub fn accept<S, F>(
    upgrade: WebSocketUpgrade,
    state: State,
    caller: Caller,
    may_stay: impl Fn(&State, &Caller) -> Result<(), Error> + Send + Sync + 'static,
    serve: S,
) -> Response
where
    S: FnOnce(Link) -> F + Send + 'static,
    F: Future<Output = (Link, End)> + Send,
{
    let upgrade = upgrade
        .max_message_size(MAX_MESSAGE)
        .max_frame_size(MAX_MESSAGE)
        .read_buffer_size(16 * 1024)
        // What is sent goes out at once, or waits as the one message that is on its way.
        .write_buffer_size(0)
        .max_write_buffer_size(4 * MAX_MESSAGE);
    let running = state.stopping.running.clone();
    upgrade.on_upgrade(move |socket| {
        running.track_future(async move {
            let lease = CancellationToken::new();
            let link = Link::new(socket, PATIENCE, lease.clone(), state.stopping.token.clone());
            let watching = watch_caller(&state, caller, &may_stay, lease);
            let serving = async {
                let (mut link, end) = serve(link).await;
                link.close(end).await;
            };
            tokio::select! {
                () = serving => {}
                () = watching => {}
            }
        })
    })
}

/// Ends the lease once the caller may no longer be here; never returns, so that the socket says goodbye.
async fn watch_caller(
    state: &State,
    caller: Caller,
    may_stay: &(impl Fn(&State, &Caller) -> Result<(), Error> + Send + Sync),
    lease: CancellationToken,
) {
    loop {
        tokio::time::sleep(RECHECK_EVERY).await;
        let again = services::session::recheck(state, &caller).await;
        let revoked = match again.and_then(|caller| may_stay(state, &caller)) {
            // A database that does not answer for a moment ends nobody's session.
            Ok(()) | Err(Error::Unavailable(_) | Error::Database(_)) => false,
            Err(_) => true,
        };
        if revoked {
            lease.cancel();
            std::future::pending::<()>().await;
        }
    }
}

impl Link {
    fn new(socket: WebSocket, patience: Patience, lease: CancellationToken, stopping: CancellationToken) -> Self {
        let (sink, stream) = socket.split();
        let now = Instant::now();
        let mut ping = interval_at(now + patience.ping_every, patience.ping_every);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let silence = Box::pin(sleep_until(now + patience.silence));
        let control = VecDeque::new();
        Self { sink, stream, control, patience, heard: now, ping, silence, lease, stopping, flushed: true }
    }

    /// Waits for bytes from the other end, or, with `wants_to_send`, until the next message can go. Where the future is
    /// dropped nothing is lost.
    pub async fn next(&mut self, wants_to_send: bool) -> Result<Event, End> {
        let (lease, stopping) = (self.lease.clone(), self.stopping.clone());
        tokio::select! {
            biased;
            () = stopping.cancelled() => Err(End::Stopping),
            () = lease.cancelled() => Err(End::Revoked),
            event = poll_fn(|cx| self.poll(cx, wants_to_send)) => event,
        }
    }

    /// Sends a message; only after [`Event::Ready`].
    pub fn send(&mut self, message: Message) -> Result<(), End> {
        self.flushed = false;
        Pin::new(&mut self.sink).start_send(message).map_err(|_| End::Left)
    }

    fn poll(&mut self, cx: &mut Context<'_>, wants_to_send: bool) -> Poll<Result<Event, End>> {
        while let Poll::Ready(message) = Pin::new(&mut self.stream).poll_next(cx) {
            self.heard = Instant::now();
            match message {
                Some(Ok(Message::Binary(bytes))) => return Poll::Ready(Ok(Event::Bytes(bytes))),
                Some(Ok(Message::Text(text))) => return Poll::Ready(Ok(Event::Bytes(text.into()))),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_))) | None => return Poll::Ready(Err(End::Left)),
                Some(Err(error)) => {
                    let too_big = error.to_string().contains("too long") || error.to_string().contains("too big");
                    return Poll::Ready(Err(if too_big { End::TooBig } else { End::Left }));
                }
            }
        }
        while self.silence.as_mut().poll(cx).is_ready() {
            let until = self.heard + self.patience.silence;
            if until <= Instant::now() {
                return Poll::Ready(Err(End::Silent));
            }
            self.silence.as_mut().reset(until);
        }
        while self.ping.poll_tick(cx).is_ready() {
            if self.control.is_empty() {
                self.control.push_back(Message::Ping(Bytes::new()));
            }
        }
        let mut sink = Pin::new(&mut self.sink);
        while let Poll::Ready(ready) = sink.as_mut().poll_ready(cx) {
            if ready.is_err() {
                return Poll::Ready(Err(End::Left));
            }
            let Some(control) = self.control.pop_front() else {
                if wants_to_send {
                    return Poll::Ready(Ok(Event::Ready));
                }
                break;
            };
            self.flushed = false;
            if sink.as_mut().start_send(control).is_err() {
                return Poll::Ready(Err(End::Left));
            }
        }
        if !self.flushed
            && let Poll::Ready(flushed) = sink.poll_flush(cx)
        {
            if flushed.is_err() {
                return Poll::Ready(Err(End::Left));
            }
            self.flushed = true;
        }
        Poll::Pending
    }

    /// Says goodbye.
    async fn close(&mut self, end: End) {
        let (code, reason) = match end {
            End::Left => return,
            End::Silent | End::Failed => (FAILED, ""),
            End::Revoked => (POLICY, "revoked"),
            End::TooBig => (TOO_BIG, ""),
            End::Stopping => (RESTART, "restart"),
            End::Done => (NORMAL, ""),
        };
        let goodbye = Message::Close(Some(CloseFrame { code, reason: reason.into() }));
        let closing = async {
            use futures::SinkExt;
            if self.sink.send(goodbye).await.is_ok() {
                // The other end answers; without waiting, what it still sends would reset the connection before it has
                // read our last messages.
                while let Some(Ok(_)) = self.stream.next().await {}
            }
        };
        let _ = tokio::time::timeout(GOODBYE, closing).await;
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::mpsc;

    use super::*;

    /// A server with one socket at `/`, little patience, and word of how each socket ended.
    async fn impatient() -> (std::net::SocketAddr, mpsc::UnboundedReceiver<End>) {
        let patience = Patience { ping_every: Duration::from_millis(50), silence: Duration::from_millis(400) };
        let (told, ends) = mpsc::unbounded_channel();
        let open = move |upgrade: WebSocketUpgrade| {
            let told = told.clone();
            async move {
                upgrade.on_upgrade(move |socket| async move {
                    let mut link = Link::new(socket, patience, CancellationToken::new(), CancellationToken::new());
                    let end = loop {
                        if let Err(end) = link.next(false).await {
                            break end;
                        }
                    };
                    let _ = told.send(end);
                })
            }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/", get(open))).await });
        (address, ends)
    }

    #[tokio::test]
    async fn an_end_that_no_longer_answers_is_left_while_one_that_answers_stays() {
        let (address, mut ends) = impatient().await;
        // As after a network that vanished: connected, and nothing ever comes.
        let mut silent = TcpStream::connect(address).await.unwrap();
        let request = format!(
            "GET / HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        );
        silent.write_all(request.as_bytes()).await.unwrap();
        let mut head = [0; 12];
        silent.read_exact(&mut head).await.unwrap();
        assert_eq!(&head, b"HTTP/1.1 101");
        let (mut answering, _) = tokio_tungstenite::connect_async(format!("ws://{address}/")).await.unwrap();
        // Reading is what answers a ping.
        let reading = tokio::spawn(async move {
            let mut pings = 0;
            while let Some(Ok(message)) = answering.next().await {
                pings += u32::from(message.is_ping());
                if pings == 20 {
                    break;
                }
            }
            pings
        });
        let patience = Duration::from_secs(20);
        assert_eq!(tokio::time::timeout(patience, ends.recv()).await.unwrap(), Some(End::Silent));
        assert_eq!(tokio::time::timeout(patience, reading).await.unwrap().unwrap(), 20, "longer than the silence");
        assert_eq!(tokio::time::timeout(patience, ends.recv()).await.unwrap(), Some(End::Left));
    }
}
