//! Turns an engine's log bytes into lines: with frames or, from a terminal, without.

use std::collections::VecDeque;

use api::log::MAX_LINE_BYTES;
use bytes::{Buf, Bytes, BytesMut};

use super::log::LogFrame;

/// Enough for any timestamp and the blank behind it.
const STAMP_BYTES: usize = 40;
/// Where Docker cuts a line in two log entries.
const ENTRY_BYTES: usize = 16 * 1024;

/// Turns an engine's bytes into lines.
#[derive(Debug)]
pub(super) struct Decoder {
    tty: bool,
    /// Bytes that are too few to decide anything.
    carry: BytesMut,
    /// Of the frame being read: bytes to come, and whether it is standard error.
    left: usize,
    stderr: bool,
    lines: [Line; 2],
}

/// A line being put together.
#[derive(Debug, Default)]
struct Line {
    text: BytesMut,
    time_nanos: i64,
    /// A timestamp may stand here.
    at_stamp: bool,
    /// Bytes since the last timestamp.
    since_stamp: usize,
}

impl Decoder {
    pub(super) fn new(tty: bool) -> Self {
        let mut lines: [Line; 2] = Default::default();
        lines[0].at_stamp = true;
        Self { tty, carry: BytesMut::new(), left: 0, stderr: false, lines }
    }

    pub(super) fn push(&mut self, data: Bytes, out: &mut VecDeque<LogFrame>) {
        let mut bytes = if self.carry.is_empty() {
            data
        } else {
            self.carry.extend_from_slice(&data);
            self.carry.split().freeze()
        };
        if self.tty {
            self.lines[0].take(&mut bytes, Source { stderr: false, tty: true, whole: false }, out);
        } else {
            self.push_frames(&mut bytes, out);
        }
        self.carry.extend_from_slice(&bytes);
    }

    /// Reads frames: a byte for the stream, three of nothing, the length, the payload.
    fn push_frames(&mut self, bytes: &mut Bytes, out: &mut VecDeque<LogFrame>) {
        loop {
            if self.left == 0 {
                let Some(&[kind, _, _, _, a, b, c, d]) = bytes.first_chunk::<8>() else { return };
                let length = u32::from_be_bytes([a, b, c, d]) as usize;
                if bytes.len() < 8 + length.min(STAMP_BYTES) {
                    return;
                }
                bytes.advance(8);
                (self.left, self.stderr) = (length, kind == 2);
                self.lines[usize::from(self.stderr)].at_stamp = true;
                continue;
            }
            if bytes.is_empty() {
                return;
            }
            let mut part = bytes.split_to(self.left.min(bytes.len()));
            self.left -= part.len();
            let source = Source { stderr: self.stderr, tty: false, whole: true };
            self.lines[usize::from(self.stderr)].take(&mut part, source, out);
        }
    }

    /// What is left when the stream ends is a line too.
    pub(super) fn finish(&mut self, out: &mut VecDeque<LogFrame>) {
        if self.tty {
            let mut rest = self.carry.split().freeze();
            self.lines[0].take(&mut rest, Source { stderr: false, tty: true, whole: true }, out);
        }
        for (index, line) in self.lines.iter_mut().enumerate() {
            if !line.text.is_empty() {
                line.emit(index == 1, out);
            }
        }
    }
}

/// Where bytes come from.
#[derive(Clone, Copy)]
struct Source {
    stderr: bool,
    tty: bool,
    /// Whether a timestamp that begins in these bytes also ends in them.
    whole: bool,
}

impl Line {
    /// Takes bytes; what is too short to decide about a timestamp is left in `bytes`.
    fn take(&mut self, bytes: &mut Bytes, source: Source, out: &mut VecDeque<LogFrame>) {
        while !bytes.is_empty() {
            if self.at_stamp {
                if !source.whole && bytes.len() < STAMP_BYTES && !bytes.contains(&b'\n') {
                    return;
                }
                if let Some((nanos, length)) = stamp(bytes) {
                    bytes.advance(length);
                    if self.text.is_empty() {
                        self.time_nanos = nanos;
                    }
                }
                (self.at_stamp, self.since_stamp) = (false, 0);
                if bytes.is_empty() {
                    return;
                }
            }
            let window = if source.tty { bytes.len().min(ENTRY_BYTES - self.since_stamp) } else { bytes.len() };
            match memchr::memchr(b'\n', &bytes[..window]) {
                Some(end) => {
                    let piece = bytes.split_to(end);
                    bytes.advance(1);
                    self.end(piece, source, out);
                }
                // A terminal's line that was cut in two entries has a timestamp in its middle.
                None if window == 0 => {
                    if bytes[0] == b'\n' {
                        bytes.advance(1);
                        self.end(Bytes::new(), source, out);
                    } else {
                        self.at_stamp = true;
                    }
                }
                None => {
                    let piece = bytes.split_to(window);
                    self.since_stamp += piece.len();
                    self.append(&piece, source, out);
                }
            }
        }
    }

    fn append(&mut self, mut piece: &[u8], source: Source, out: &mut VecDeque<LogFrame>) {
        while self.text.len() + piece.len() > MAX_LINE_BYTES {
            let (head, tail) = piece.split_at(MAX_LINE_BYTES - self.text.len());
            self.text.extend_from_slice(head);
            self.emit(source.stderr, out);
            piece = tail;
        }
        self.text.extend_from_slice(piece);
    }

    fn end(&mut self, piece: Bytes, source: Source, out: &mut VecDeque<LogFrame>) {
        (self.at_stamp, self.since_stamp) = (true, 0);
        if self.text.is_empty() && piece.len() <= MAX_LINE_BYTES {
            let bytes = if source.tty { without_return(piece) } else { piece };
            out.push_back(LogFrame { time_nanos: self.time_nanos, stderr: source.stderr, bytes });
            return;
        }
        self.append(&piece, source, out);
        if source.tty && self.text.last() == Some(&b'\r') {
            self.text.truncate(self.text.len() - 1);
        }
        self.emit(source.stderr, out);
    }

    fn emit(&mut self, stderr: bool, out: &mut VecDeque<LogFrame>) {
        out.push_back(LogFrame { time_nanos: self.time_nanos, stderr, bytes: self.text.split().freeze() });
    }
}

fn without_return(mut line: Bytes) -> Bytes {
    if line.last() == Some(&b'\r') {
        line.truncate(line.len() - 1);
    }
    line
}

/// The time at the beginning of `bytes` (RFC 3339), in nanoseconds, and its length with the blank behind it.
fn stamp(bytes: &[u8]) -> Option<(i64, usize)> {
    let number = |range: std::ops::Range<usize>| {
        bytes
            .get(range)?
            .iter()
            .try_fold(0_i64, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
    };
    let is = |place: usize, byte: u8| bytes.get(place) == Some(&byte);
    if !(is(4, b'-') && is(7, b'-') && is(10, b'T') && is(13, b':') && is(16, b':')) {
        return None;
    }
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    let mut place = 19;
    let mut nanos = 0;
    if is(place, b'.') {
        place += 1;
        let mut unit = 100_000_000;
        while let Some(digit) = bytes.get(place).filter(|byte| byte.is_ascii_digit()) {
            nanos += i64::from(digit - b'0') * unit;
            unit /= 10;
            place += 1;
        }
    }
    let mut offset = 0;
    match bytes.get(place)? {
        b'Z' => place += 1,
        sign @ (b'+' | b'-') => {
            let minutes = number(place + 1..place + 3)? * 60 + number(place + 4..place + 6)?;
            offset = if *sign == b'+' { minutes * 60 } else { -minutes * 60 };
            place += 6;
        }
        _ => return None,
    }
    if !is(place, b' ') {
        return None;
    }
    // Days since 1970 of a Gregorian date, counting years from March (Howard Hinnant, chrono-compatible algorithms).
    let year = if month <= 2 { year - 1 } else { year };
    let era_year = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = year.div_euclid(400) * 146_097 + era_year * 365 + era_year / 4 - era_year / 100 + day_of_year - 719_468;
    let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second - offset;
    Some((seconds * 1_000_000_000 + nanos, place + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAMP: &str = "2026-11-21T11:25:51.123456789Z ";
    const NANOS: i64 = 1_795_260_351_123_456_789;

    fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&[kind, 0, 0, 0], &length[..], payload].concat()
    }

    /// Decodes `bytes`, given `step` at a time.
    fn decode(tty: bool, bytes: &[u8], step: usize) -> Vec<(i64, bool, Vec<u8>)> {
        let (mut decoder, mut out) = (Decoder::new(tty), VecDeque::new());
        for chunk in bytes.chunks(step) {
            decoder.push(Bytes::copy_from_slice(chunk), &mut out);
        }
        decoder.finish(&mut out);
        out.into_iter().map(|frame| (frame.time_nanos, frame.stderr, frame.bytes.to_vec())).collect()
    }

    #[test]
    fn a_timestamp_is_read_to_the_nanosecond() {
        assert_eq!(stamp(STAMP.as_bytes()), Some((NANOS, STAMP.len())));
        assert_eq!(stamp(b"2026-11-21T19:25:51.123456789+08:00 x"), Some((NANOS, 36)));
        assert_eq!(stamp(b"1970-01-01T00:00:00Z "), Some((0, 21)));
        assert_eq!(stamp(b"2000-02-29T00:00:00Z ").map(|(nanos, _)| nanos / 1_000_000_000), Some(951_782_400));
        for wrong in
            ["", "hello", "2026-11-21", "2026-11-21T11:25:51.1", "2026-11-21T11:25:51Zx", "20a6-11-21T11:25:51Z "]
        {
            assert_eq!(stamp(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn lines_are_the_same_however_their_bytes_arrive() {
        let mut bytes = frame(1, format!("{STAMP}one\n").as_bytes());
        bytes.extend(frame(2, format!("{STAMP}two\n").as_bytes()));
        bytes.extend(frame(1, format!("{STAMP}\n").as_bytes()));
        bytes.extend(frame(1, format!("{STAMP}cut ").as_bytes()));
        bytes.extend(frame(2, format!("{STAMP}between\n").as_bytes()));
        bytes.extend(frame(1, format!("{STAMP}in two\n").as_bytes()));
        bytes.extend(frame(1, &[STAMP.as_bytes(), b"\xFF\0end"].concat()));
        let expected = decode(false, &bytes, usize::MAX);
        let texts: Vec<_> = expected.iter().map(|(_, stderr, text)| (*stderr, String::from_utf8_lossy(text))).collect();
        assert_eq!(texts[0], (false, "one".into()));
        assert_eq!(texts[1], (true, "two".into()));
        assert_eq!(texts[2], (false, "".into()));
        assert_eq!(texts[3], (true, "between".into()));
        assert_eq!(texts[4], (false, "cut in two".into()));
        assert!(expected.iter().all(|(time, ..)| *time == NANOS));
        for step in [1, 2, 7, 8, 9, 31, 39, 64] {
            assert_eq!(decode(false, &bytes, step), expected, "{step}");
        }
    }

    #[test]
    fn a_terminals_lines_have_no_frames_and_lose_their_return() {
        let long = "x".repeat(ENTRY_BYTES);
        let bytes = format!("{STAMP}one\r\n{STAMP}\r\n{STAMP}{long}{STAMP}tail\r\n{STAMP}{long}\n{STAMP}prompt");
        let expected = decode(true, bytes.as_bytes(), usize::MAX);
        let texts: Vec<_> = expected.iter().map(|(_, _, text)| String::from_utf8_lossy(text).into_owned()).collect();
        assert_eq!(texts, ["one", "", &format!("{long}tail"), &long, "prompt"]);
        for step in [1, 3, 30, 31, 100, 5000] {
            assert_eq!(decode(true, bytes.as_bytes(), step), expected, "{step}");
        }
    }

    #[test]
    fn an_endless_line_comes_in_pieces_and_is_never_held_whole() {
        let (mut decoder, mut out) = (Decoder::new(false), VecDeque::new());
        let total = 5_000_000;
        decoder.push(frame(1, STAMP.as_bytes()).into(), &mut out);
        let mut seen = 0;
        for _ in 0..total / 1000 {
            decoder.push(frame(1, &[b'y'; 1000]).into(), &mut out);
            assert!(decoder.carry.len() + decoder.lines[0].text.len() <= MAX_LINE_BYTES + 1024);
            for piece in out.drain(..) {
                assert_eq!(piece.bytes.len(), MAX_LINE_BYTES);
                seen += piece.bytes.len();
            }
        }
        decoder.finish(&mut out);
        assert_eq!(seen + out.iter().map(|frame| frame.bytes.len()).sum::<usize>(), total);
    }

    #[test]
    fn a_frame_of_gigabytes_is_not_awaited_whole() {
        let (mut decoder, mut out) = (Decoder::new(false), VecDeque::new());
        decoder.push(Bytes::from_static(&[1, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]), &mut out);
        for _ in 0..100 {
            decoder.push(Bytes::from(vec![b'z'; 10_000]), &mut out);
            assert!(decoder.carry.len() + decoder.lines[0].text.len() <= MAX_LINE_BYTES + 10_000);
        }
        assert_eq!(out.len(), 15);
    }
}
