//! Log lines a second to a WebSocket that is drained, against reading the engine's own socket.

use std::path::Path;
use std::time::Instant;

use bytes::{Buf as _, Bytes, BytesMut};
use futures::StreamExt as _;
use http_body_util::BodyExt as _;
use tokio_tungstenite::tungstenite::Message;

use super::fake_engine::{Behaviour, ContainerSpec, FakeEngine, Lines, Target, client};
use super::portal::Portal;
use super::report::{Row, median};
use super::terminal;

const ROUNDS: usize = 3;
/// Lines that are there from the start, read as fast as both ends can.
const BACKLOG: u64 = 1_500_000;
/// Lines printed while they are read, and how many in a second.
const LIVE: u64 = 1_000_000;
const LIVE_RATE: u32 = 200_000;
/// Lines in the log of a real container.
const DOCKER_BACKLOG: u64 = 400_000;
const BAR: f64 = 0.5;

/// What is read of a log.
struct Asked<'a> {
    portal: &'a Portal,
    socket: &'a Path,
    container: &'a str,
    lines: u64,
    follow: bool,
}

/// Backlogs and a live log, of the scripted engine and of Docker.
pub async fn throughput() -> Vec<Row> {
    let mut rows = Vec::new();
    let engine = FakeEngine::start().await;
    let lines = Lines { count: Some(BACKLOG), ..Lines::default() };
    engine.behave(Target::Name("backlog".into()), Behaviour { lines: Some(lines), ..Behaviour::default() });
    engine.add_container(&ContainerSpec::new("backlog", "busybox:local"));
    let portal = Portal::with_containers(&engine.host(), 1).await;
    let socket = engine.socket();
    let asked = Asked { portal: &portal, socket: &socket, container: "backlog", lines: BACKLOG, follow: false };
    let most = compared("log lines/s to a draining WebSocket, scripted engine that copies its memory", &asked).await;
    // No program in between keeps up with that: the figure is what the portal can do at most.
    rows.push(Row { bar: String::new(), met: None, ..most });

    rows.push(live().await);

    let container = terminal::Container::run(&[
        "awk",
        &format!("BEGIN {{ for (i = 1; i <= {DOCKER_BACKLOG}; i++) printf \"line %010d {}\\n\", i }}", "x".repeat(83)),
    ]);
    container.wait();
    let portal = Portal::start(&terminal::docker_host()).await;
    portal.sees(&container.id).await;
    let socket = terminal::engine_socket();
    let id = &container.id;
    let asked = Asked { portal: &portal, socket: &socket, container: id, lines: DOCKER_BACKLOG, follow: false };
    rows.push(compared("log lines/s to a draining WebSocket, Docker", &asked).await);
    rows
}

/// A container that prints while it is read: whoever is slower than it falls behind.
async fn live() -> Row {
    let engine = FakeEngine::start().await;
    let lines = Lines { rate: Some(LIVE_RATE), count: Some(LIVE), ..Lines::default() };
    engine.behave(Target::Name("live".into()), Behaviour { lines: Some(lines), ..Behaviour::default() });
    let portal = Portal::start(&engine.host()).await;
    engine.add_container(&ContainerSpec::new("live", "busybox:local"));
    portal.sees("live").await;
    let socket = engine.socket();
    let asked = Asked { portal: &portal, socket: &socket, container: "live", lines: LIVE, follow: true };
    let (theirs, (ours, skipped)) = tokio::join!(from_engine(&asked), from_portal(&asked));
    row(&format!("log lines/s to a draining WebSocket, {LIVE_RATE} printed a second"), ours, theirs, skipped)
}

async fn compared(measure: &str, asked: &Asked<'_>) -> Row {
    let (mut ours, mut theirs, mut skipped) = (Vec::new(), Vec::new(), 0);
    for _ in 0..ROUNDS {
        theirs.push(from_engine(asked).await);
        let (speed, left_out) = from_portal(asked).await;
        ours.push(speed);
        skipped += left_out;
    }
    row(measure, median(ours), median(theirs), skipped)
}

fn row(measure: &str, ours: f64, theirs: f64, skipped: u64) -> Row {
    Row {
        measure: measure.into(),
        bar: "≥ 0.5, nothing lost unannounced".into(),
        portal: format!("{ours:.0} lines/s, none lost, {skipped} announced as left out"),
        peer: format!("engine's socket: {theirs:.0} lines/s"),
        ratio: Some(ours / theirs),
        met: Some(ours / theirs >= BAR),
    }
}

/// Checks that no line is missing; a line that is ends the run.
#[derive(Default)]
struct Count {
    lines: u64,
}

impl Count {
    /// Takes `line 0000000001 xxx`.
    fn line(&mut self, line: &[u8]) {
        let digits = line.strip_prefix(b"line ").and_then(|rest| rest.first_chunk::<10>()).expect("a numbered line");
        let number = digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
        self.lines += 1;
        assert_eq!(number, self.lines, "a line is missing and nothing said so");
    }
}

/// Lines a second of the engine's own answer, with times as the portal asks for them.
async fn from_engine(asked: &Asked<'_>) -> f64 {
    let began = Instant::now();
    let path = format!(
        "/v1.41/containers/{}/logs?stdout=1&stderr=1&timestamps=1&tail=all&follow={}",
        asked.container,
        u8::from(asked.follow)
    );
    let mut answer = client::open(asked.socket, "GET", &path, Bytes::new()).await.unwrap().into_body();
    let mut count = Count::default();
    let mut unread = BytesMut::new();
    while count.lines < asked.lines {
        let Some(piece) = answer.frame().await else { break };
        unread.extend_from_slice(&piece.unwrap().into_data().unwrap());
        while let Some(header) = unread.first_chunk::<8>() {
            let length = u32::from_be_bytes([header[4], header[5], header[6], header[7]]) as usize;
            let Some(line) = unread.get(8..8 + length) else { break };
            let text = line.splitn(2, |byte| *byte == b' ').nth(1).expect("a time before the line");
            count.line(text);
            unread.advance(8 + length);
        }
    }
    assert_eq!(count.lines, asked.lines);
    asked.lines as f64 / began.elapsed().as_secs_f64()
}

/// Lines a second over the portal's WebSocket, and how many it said it left out.
async fn from_portal(asked: &Asked<'_>) -> (f64, u64) {
    let began = Instant::now();
    let path = format!("/api/v1/clusters/local/containers/{}/logs?tail=all&follow={}", asked.container, asked.follow);
    let mut socket = asked.portal.socket(&path).await;
    let mut count = Count::default();
    let mut skipped = 0;
    while count.lines < asked.lines {
        let Some(Ok(message)) = socket.next().await else { break };
        let Message::Binary(message) = message else { continue };
        let mut rest = &message[..];
        while let Some((kind, payload)) = record(&mut rest) {
            match kind {
                0 | 1 => count.line(payload),
                3 => {
                    let lines = u64::from_le_bytes(*payload.first_chunk().unwrap());
                    skipped += lines;
                    count.lines += lines;
                }
                _ => {}
            }
        }
    }
    assert_eq!(count.lines, asked.lines);
    ((asked.lines - skipped) as f64 / began.elapsed().as_secs_f64(), skipped)
}

/// The kind and payload of the next record (see `api::log`), without copying it.
fn record<'a>(rest: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (header, after) = rest.split_first_chunk::<15>()?;
    let length = u32::from_le_bytes([header[11], header[12], header[13], header[14]]) as usize;
    let (payload, after) = after.split_at(length);
    *rest = after;
    Some((header[0], payload))
}
