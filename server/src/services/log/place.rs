//! How far a log has been read, so that reading goes on after a loss without a missing or doubled line.
//!
//! Times alone do not tell: many lines may share one, and two streams of a container are written slightly out of order.
//! But the engine gives the lines from a time on always in the same order. So a place is a time a little back and the
//! number of lines from that time on; when the log is opened again from that time, as many lines are dropped.

use std::time::{Duration, Instant};

use crate::engine::LogFrame;

/// How far out of order the lines of one container may be.
const DISORDER: Duration = Duration::from_secs(1);

/// How far a log has been read.
#[derive(Debug, Default)]
pub struct Place {
    older: Option<Mark>,
    newer: Option<Mark>,
    moved: Option<Instant>,
    newest: i64,
    /// Lines still to drop, after the log was opened again.
    repeated: u64,
    expected: Option<i64>,
    /// Where lines cannot be counted because the engine has thrown old ones away: drop those up to this time.
    drop_until: Option<i64>,
}

#[derive(Clone, Copy, Debug)]
struct Mark {
    since: i64,
    lines: u64,
    first: Option<i64>,
}

impl Mark {
    fn after(time: i64) -> Self {
        Self { since: time + 1, lines: 0, first: None }
    }

    fn count(&mut self, time: i64) {
        if time >= self.since {
            self.lines += 1;
            self.first.get_or_insert(time);
        }
    }
}

impl Place {
    /// The time to open the log again from; `None` where nothing was read yet.
    pub fn resume(&mut self) -> Option<i64> {
        let mark = self.older?;
        self.repeated = mark.lines;
        self.expected = mark.first;
        self.drop_until = None;
        Some(mark.since)
    }

    /// Takes away what was read before and remembers the rest.
    pub fn admit(&mut self, lines: &mut Vec<LogFrame>) {
        self.admit_at(Instant::now(), lines);
    }

    fn admit_at(&mut self, now: Instant, lines: &mut Vec<LogFrame>) {
        if self.repeated > 0 || self.drop_until.is_some() {
            lines.retain(|line| !self.is_repeated(line.time_nanos));
        }
        let Some(first) = lines.first() else { return };
        let begin = Mark::after(first.time_nanos);
        let (older, newer) = (self.older.get_or_insert(begin), self.newer.get_or_insert(begin));
        for line in lines.iter() {
            older.count(line.time_nanos);
            newer.count(line.time_nanos);
            self.newest = self.newest.max(line.time_nanos);
        }
        if now.duration_since(*self.moved.get_or_insert(now)) >= DISORDER {
            self.older = self.newer;
            self.newer = Some(Mark::after(self.newest));
            self.moved = Some(now);
        }
    }

    fn is_repeated(&mut self, time: i64) -> bool {
        if let Some(until) = self.drop_until {
            if time <= until {
                return true;
            }
            self.drop_until = None;
            return false;
        }
        if self.repeated == 0 {
            return false;
        }
        if let Some(expected) = self.expected.take()
            && expected != time
        {
            self.repeated = 0;
            self.drop_until = Some(self.newest);
            return time <= self.newest;
        }
        self.repeated -= 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn lines(numbered: &[(i64, usize)]) -> Vec<LogFrame> {
        numbered
            .iter()
            .map(|(time, number)| LogFrame {
                time_nanos: *time,
                stderr: number % 2 == 1,
                bytes: Bytes::from(number.to_string()),
            })
            .collect()
    }

    /// What an engine gives from a time on.
    fn since(log: &[(i64, usize)], since: Option<i64>) -> Vec<(i64, usize)> {
        log.iter().filter(|(time, _)| since.is_none_or(|since| *time >= since)).copied().collect()
    }

    #[test]
    fn wherever_the_log_is_cut_every_line_comes_once() {
        // Several lines share a time, and the two streams are out of order.
        let log: Vec<(i64, usize)> = (0_i64..60)
            .zip(0_usize..)
            .map(|(at, number)| (1_000 + (at / 4) * 10 - if number % 7 == 0 { 5 } else { 0 }, number))
            .collect();
        for cut in 0..log.len() {
            for again in [0, 1, 3, 9] {
                let mut place = Place::default();
                let mut got = Vec::new();
                let mut now = Instant::now();
                let mut read = |place: &mut Place, now: Instant, part: &[(i64, usize)]| {
                    for piece in part.chunks(5) {
                        let mut piece = lines(piece);
                        place.admit_at(now, &mut piece);
                        got.extend(piece.iter().map(|line| line.bytes.clone()));
                    }
                };
                for (index, piece) in log[..cut].chunks(6).enumerate() {
                    if index % 2 == 0 {
                        now += DISORDER;
                    }
                    read(&mut place, now, piece);
                }
                // Lost again in the middle of what is repeated.
                let from = place.resume();
                let rest = since(&log, from);
                read(&mut place, now, &rest[..again.min(rest.len())]);
                let from = place.resume();
                read(&mut place, now, &since(&log, from));
                let numbers: Vec<Bytes> = (0..60).map(|number: usize| Bytes::from(number.to_string())).collect();
                assert_eq!(got, numbers, "cut at {cut}, again at {again}");
            }
        }
    }

    #[test]
    fn a_log_that_was_thrown_away_meanwhile_goes_on_with_what_is_new() {
        let mut place = Place::default();
        let mut first = lines(&[(10, 0), (20, 1), (30, 2)]);
        place.admit(&mut first);
        assert_eq!(place.resume(), Some(11));
        let mut rest = lines(&[(30, 2), (40, 3), (25, 4)]);
        place.admit(&mut rest);
        assert_eq!(rest, lines(&[(40, 3), (25, 4)]));
    }
}
