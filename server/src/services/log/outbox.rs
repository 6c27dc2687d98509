//! What waits for a reader of a log, bounded: where a reader is too slow, the oldest lines go and their number stays.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use api::log::{Record, encode_line};
use bytes::Bytes;

use super::merge::Sink;
use crate::engine::LogFrame;

/// The size of a full message.
pub const MESSAGE_BYTES: usize = 32 * 1024;
/// What may wait here; with what is on the way to the reader this bounds its memory.
const WAITING_BYTES: usize = 192 * 1024;

/// Messages that wait for a reader.
#[derive(Debug)]
pub struct Outbox {
    /// Whether lines are left out rather than kept waiting.
    lossy: bool,
    chunks: VecDeque<Chunk>,
    bytes: usize,
    /// What is told before the next chunk: lines left out, and records that are never left out.
    skipped: BTreeMap<u16, u64>,
    kept: Vec<Record>,
}

#[derive(Debug)]
struct Chunk {
    bytes: Vec<u8>,
    lines: Vec<(u16, u64)>,
    records: Vec<Record>,
    begun: Instant,
}

impl Outbox {
    /// An outbox that leaves lines out where it is full, or asks to wait.
    pub fn new(lossy: bool) -> Self {
        Self { lossy, chunks: VecDeque::new(), bytes: 0, skipped: BTreeMap::new(), kept: Vec::new() }
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty() && self.skipped.is_empty() && self.kept.is_empty()
    }

    /// When the oldest waiting record came; `None` where a full message waits or nothing does.
    pub fn gathering_since(&self) -> Option<Instant> {
        match self.chunks.front() {
            Some(chunk) if self.chunks.len() == 1 && chunk.bytes.len() < MESSAGE_BYTES => Some(chunk.begun),
            _ => None,
        }
    }

    /// The next message.
    pub fn pop(&mut self) -> Option<Bytes> {
        let mut message = Vec::new();
        for (source, lines) in std::mem::take(&mut self.skipped) {
            Record::Skipped { source, lines }.encode(&mut message);
        }
        for record in std::mem::take(&mut self.kept) {
            record.encode(&mut message);
        }
        if let Some(chunk) = self.chunks.pop_front() {
            self.bytes -= chunk.bytes.len();
            if message.is_empty() {
                message = chunk.bytes;
            } else {
                message.extend_from_slice(&chunk.bytes);
            }
        }
        (!message.is_empty()).then(|| Bytes::from(message))
    }

    fn chunk(&mut self, more: usize) -> &mut Chunk {
        let fits =
            self.chunks.back().is_some_and(|chunk| chunk.bytes.len() + more <= MESSAGE_BYTES || chunk.bytes.is_empty());
        if !fits {
            let capacity = if self.chunks.is_empty() { more } else { MESSAGE_BYTES.max(more) };
            self.chunks.push_back(Chunk {
                bytes: Vec::with_capacity(capacity),
                lines: Vec::new(),
                records: Vec::new(),
                begun: Instant::now(),
            });
        }
        let last = self.chunks.len() - 1;
        &mut self.chunks[last]
    }

    /// Leaves the oldest chunk out: its lines are counted, its other records kept.
    fn leave_out(&mut self) {
        if let Some(chunk) = self.chunks.pop_front() {
            self.bytes -= chunk.bytes.len();
            for (source, lines) in chunk.lines {
                *self.skipped.entry(source).or_default() += lines;
            }
            self.kept.extend(chunk.records);
        }
    }
}

/// The bytes around a line's own in a record.
const HEADER: usize = 15;

impl Sink for Outbox {
    fn line(&mut self, source: u16, frame: &LogFrame) {
        let more = frame.bytes.len() + HEADER;
        while self.lossy && !self.chunks.is_empty() && self.bytes + more > WAITING_BYTES {
            self.leave_out();
        }
        let chunk = self.chunk(more);
        encode_line(source, frame.time_nanos, frame.stderr, &frame.bytes, &mut chunk.bytes);
        match chunk.lines.iter_mut().find(|(of, _)| *of == source) {
            Some((_, lines)) => *lines += 1,
            None => chunk.lines.push((source, 1)),
        }
        self.bytes += more;
    }

    fn record(&mut self, record: Record) {
        let mut encoded = Vec::new();
        record.encode(&mut encoded);
        let chunk = self.chunk(encoded.len());
        chunk.bytes.extend_from_slice(&encoded);
        chunk.records.push(record);
        self.bytes += encoded.len();
    }

    fn is_full(&self, live: bool) -> bool {
        let must_wait = !self.lossy || !live;
        must_wait && self.bytes >= WAITING_BYTES - 2 * MESSAGE_BYTES
    }
}

#[cfg(test)]
mod tests {
    use api::log::Source;

    use super::*;

    fn frame(number: usize) -> LogFrame {
        LogFrame { time_nanos: 1, stderr: false, bytes: Bytes::from(format!("line {number} {}", "x".repeat(100))) }
    }

    fn drain(outbox: &mut Outbox) -> Vec<Record> {
        std::iter::from_fn(|| outbox.pop()).flat_map(|message| Record::decode_all(&message)).collect()
    }

    #[test]
    fn what_a_slow_reader_misses_is_counted_exactly_per_source_and_stays_bounded() {
        let mut outbox = Outbox::new(true);
        let joined =
            Record::Source { number: 1, source: Source { container: "c".into(), name: "c".into(), service: None } };
        outbox.record(joined.clone());
        for number in 0..10_000 {
            outbox.line(u16::try_from(number % 3).unwrap(), &frame(number));
            assert!(outbox.bytes <= WAITING_BYTES);
        }
        let records = drain(&mut outbox);
        let mut received = [0_u64; 3];
        let mut skipped = [0_u64; 3];
        for record in &records {
            match record {
                Record::Line { source, .. } => received[usize::from(*source)] += 1,
                Record::Skipped { source, lines } => skipped[usize::from(*source)] += lines,
                other => assert_eq!(*other, joined),
            }
        }
        assert_eq!([0, 1, 2].map(|source| received[source] + skipped[source]), [3334, 3333, 3333]);
        assert!(skipped.iter().all(|lines| *lines > 0));
        assert_eq!(records.iter().filter(|record| **record == joined).count(), 1);
        let last = records.last().unwrap();
        assert_eq!(*last, Record::Line { source: 0, time_nanos: 1, stderr: false, bytes: frame(9_999).bytes.to_vec() });
        assert!(outbox.is_empty());
    }

    #[test]
    fn a_reader_without_acknowledgement_and_old_lines_wait() {
        let mut waiting = Outbox::new(false);
        let mut lossy = Outbox::new(true);
        let mut count = 0;
        while !waiting.is_full(true) {
            waiting.line(1, &frame(count));
            lossy.line(1, &frame(count));
            count += 1;
        }
        assert!(lossy.is_full(false));
        assert!(!lossy.is_full(true));
        assert_eq!(drain(&mut waiting).len(), count);
        assert!(!waiting.is_full(true));
    }

    #[test]
    fn one_line_larger_than_a_message_goes_through() {
        let mut outbox = Outbox::new(true);
        let bytes = Bytes::from(vec![b'x'; api::log::MAX_LINE_BYTES]);
        outbox.line(1, &frame(0));
        outbox.line(1, &LogFrame { time_nanos: 1, stderr: true, bytes });
        outbox.line(1, &frame(1));
        assert_eq!(drain(&mut outbox).len(), 3);
    }
}
