//! What a container printed: cheap to fill with millions of numbered lines, rendered when it is read.

use std::collections::VecDeque;

use bytes::{BufMut, Bytes, BytesMut};

/// Bytes of text kept for one container before the oldest goes.
const KEPT_BYTES: usize = 64 << 20;
/// Bytes rendered in one step.
const BLOCK: usize = 64 * 1024;
/// Bytes of a rendered time stamp with its space.
const STAMP: usize = 31;

/// Where a line was printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Stdout = 1,
    Stderr = 2,
}

#[derive(Debug)]
enum Text {
    One(Bytes),
    /// `prefix 0000000001 xxx…` counted on from `first`.
    Numbered {
        prefix: String,
        width: usize,
        first: u64,
    },
}

#[derive(Debug)]
struct Batch {
    /// Number of the first line in the store.
    at: u64,
    count: u64,
    stream: Stream,
    /// Unix nanoseconds of the first line, and from line to line.
    start: i64,
    step: i64,
    text: Text,
}

/// How lines are wanted.
#[derive(Debug, Clone)]
pub struct Rendering {
    pub stdout: bool,
    pub stderr: bool,
    pub timestamps: bool,
    /// Whether each line gets the 8 bytes of the multiplexed stream before it.
    pub framed: bool,
    pub since: i64,
    pub until: i64,
}

/// All lines of a container.
#[derive(Debug, Default)]
pub struct LogStore {
    batches: VecDeque<Batch>,
    end: u64,
    bytes: usize,
}

impl LogStore {
    /// Number of the line that comes next.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Number of the oldest line kept.
    pub fn first(&self) -> u64 {
        self.batches.front().map_or(self.end, |batch| batch.at)
    }

    pub fn append(&mut self, stream: Stream, text: Bytes, nanos: i64) {
        self.bytes += text.len();
        self.push(1, stream, nanos, 0, Text::One(text));
        while self.bytes > KEPT_BYTES {
            if let Some(Batch { text: Text::One(text), .. }) = self.batches.pop_front() {
                self.bytes -= text.len();
            }
        }
    }

    /// Adds numbered lines that take no memory. `first` is the number printed in the first of them.
    pub fn append_numbered(&mut self, prefix: &str, width: usize, first: u64, count: u64, start: i64, step: i64) {
        let text = Text::Numbered { prefix: prefix.into(), width: width.max(prefix.len() + 12), first };
        self.push(count, Stream::Stdout, start, step, text);
    }

    fn push(&mut self, count: u64, stream: Stream, start: i64, step: i64, text: Text) {
        self.batches.push_back(Batch { at: self.end, count, stream, start, step, text });
        self.end += count;
    }

    /// Renders from line `next` on, at most about 64 KiB; gives the text and the line to go on with.
    pub fn read(&self, next: u64, how: &Rendering) -> (Bytes, u64) {
        let mut out = BytesMut::new();
        let mut next = next.max(self.first());
        let mut at = self.batches.partition_point(|batch| batch.at + batch.count <= next);
        while out.len() < BLOCK
            && let Some(batch) = self.batches.get(at)
        {
            next = batch.render(next, how, &mut out);
            at += usize::from(next >= batch.at + batch.count);
        }
        (out.freeze(), next)
    }
}

impl Batch {
    /// Renders lines from `next` until the batch ends or the block is full.
    fn render(&self, next: u64, how: &Rendering, out: &mut BytesMut) -> u64 {
        let end = self.at + self.count;
        let wanted = match self.stream {
            Stream::Stdout => how.stdout,
            Stream::Stderr => how.stderr,
        };
        if !wanted {
            return end;
        }
        let mut stamps = Stamps::default();
        let mut line = self.template(next);
        let mut at = next;
        while at < end && out.len() < BLOCK {
            let nanos = self.start + self.step * i64::try_from(at - self.at).unwrap_or(0);
            if nanos >= how.since && nanos <= how.until {
                if how.framed {
                    let size = line.len() + if how.timestamps { STAMP } else { 0 };
                    out.put_slice(&[self.stream as u8, 0, 0, 0]);
                    out.put_u32(u32::try_from(size).unwrap_or(u32::MAX));
                }
                if how.timestamps {
                    out.put_slice(stamps.render(nanos));
                }
                out.put_slice(&line);
            }
            at += 1;
            if let Text::Numbered { prefix, .. } = &self.text {
                let digits = prefix.len() + 1;
                count_up(&mut line[digits..digits + 10]);
            }
        }
        at
    }

    fn template(&self, next: u64) -> BytesMut {
        match &self.text {
            Text::One(text) => BytesMut::from(&text[..]),
            Text::Numbered { prefix, width, first } => {
                let mut line = format!("{prefix} {:010} ", first + next - self.at);
                while line.len() + 1 < *width {
                    line.push('x');
                }
                line.truncate(width - 1);
                line.push('\n');
                BytesMut::from(line.as_bytes())
            }
        }
    }
}

fn count_up(digits: &mut [u8]) {
    for digit in digits.iter_mut().rev() {
        if *digit == b'9' {
            *digit = b'0';
        } else {
            *digit += 1;
            return;
        }
    }
}

/// Renders `2026-11-21T10:54:04.871895617Z ` fast: the second is kept, the nanoseconds are put in.
#[derive(Default)]
struct Stamps {
    second: i64,
    text: Vec<u8>,
}

impl Stamps {
    fn render(&mut self, nanos: i64) -> &[u8] {
        let second = nanos.div_euclid(1_000_000_000);
        if self.text.is_empty() || second != self.second {
            self.second = second;
            let time = time::OffsetDateTime::from_unix_timestamp(second).unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
            self.text = format!(
                "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.000000000Z ",
                time.year(),
                u8::from(time.month()),
                time.day(),
                time.hour(),
                time.minute(),
                time.second()
            )
            .into_bytes();
        }
        let mut rest = nanos.rem_euclid(1_000_000_000);
        for digit in self.text[20..29].iter_mut().rev() {
            *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
            rest /= 10;
        }
        &self.text
    }
}

/// One frame of the multiplexed stream.
pub fn frame(stream: Stream, data: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(data.len() + 8);
    out.put_slice(&[stream as u8, 0, 0, 0]);
    out.put_u32(u32::try_from(data.len()).unwrap_or(u32::MAX));
    out.put_slice(data);
    out.freeze()
}
