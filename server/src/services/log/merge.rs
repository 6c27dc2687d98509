//! Many logs as one, in the order of their times.

use std::collections::VecDeque;
use std::time::Duration;

use api::Message;
use api::log::{Record, Source};
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use tokio::time::Instant;

use crate::engine::LogFrame;

/// How long an old line waits for a log that has not answered yet.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a new line waits for an older one of another log.
const WINDOW: Duration = Duration::from_millis(150);
/// What waits for others at most; beyond it order gives way to memory.
const HELD_BYTES: usize = 1024 * 1024;

/// What a log gives next.
#[derive(Debug)]
pub enum Event {
    /// Lines, in their order.
    Lines(Vec<LogFrame>),
    /// Something to tell the reader.
    Notice(Message),
    /// Nothing will come any more.
    Ended,
}

/// A log that is read.
pub trait Feed: Send + 'static {
    /// Waits for the next event; `lines` is an empty list to be reused.
    fn next(&mut self, lines: Vec<LogFrame>) -> impl Future<Output = Event> + Send;
}

/// Where merged lines go.
pub trait Sink {
    /// Takes a line.
    fn line(&mut self, source: u16, frame: &LogFrame);
    /// Takes another record.
    fn record(&mut self, record: Record);
    /// Whether the next line has to wait; `live` says that it was printed since the reader came.
    fn is_full(&self, live: bool) -> bool;
}

/// Merges logs.
pub struct Merge<F> {
    /// Lines before this time are history.
    started_nanos: i64,
    /// Whether logs go on for ever, so that one may be silent.
    follow: bool,
    slots: Vec<Slot<F>>,
    reading: FuturesUnordered<BoxFuture<'static, (u16, F, Event)>>,
    held: usize,
    next_number: u16,
}

struct Slot<F> {
    number: u16,
    queue: VecDeque<LogFrame>,
    arrived: Instant,
    empty_since: Instant,
    ended: bool,
    /// Not being read while its lines wait, so that at most one batch of each log is here.
    feed: Option<F>,
}

impl<F: Feed> Merge<F> {
    /// A merge without any log yet.
    pub fn new(started_nanos: i64, follow: bool) -> Self {
        Self { started_nanos, follow, slots: Vec::new(), reading: FuturesUnordered::new(), held: 0, next_number: 1 }
    }

    /// How many logs are being read.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Adds a log, and tells so.
    pub fn add(&mut self, source: Source, feed: F, sink: &mut impl Sink) {
        let number = self.next_number;
        self.next_number = number.checked_add(1).unwrap_or(1);
        sink.record(Record::Source { number, source });
        let now = Instant::now();
        self.slots.push(Slot {
            number,
            queue: VecDeque::new(),
            arrived: now,
            empty_since: now,
            ended: false,
            feed: None,
        });
        self.read(number, feed, Vec::new());
    }

    /// Waits until lines can go out and puts them into `sink`, as many as it takes; `false` where every log has ended.
    /// Where the future is dropped nothing is lost.
    pub async fn fill(&mut self, sink: &mut impl Sink) -> bool {
        loop {
            let (wrote, wake) = self.release(sink);
            if wrote {
                return true;
            }
            if self.slots.is_empty() {
                return false;
            }
            let wake = wake.unwrap_or_else(|| Instant::now() + Duration::from_hours(1));
            tokio::select! {
                Some((number, feed, event)) = self.reading.next() => {
                    if self.take(number, feed, event, sink) {
                        return true;
                    }
                }
                () = tokio::time::sleep_until(wake) => {}
            }
        }
    }

    fn read(&mut self, number: u16, mut feed: F, lines: Vec<LogFrame>) {
        self.reading.push(Box::pin(async move {
            let event = feed.next(lines).await;
            (number, feed, event)
        }));
    }

    /// Whether something was put into the sink at once.
    fn take(&mut self, number: u16, feed: F, event: Event, sink: &mut impl Sink) -> bool {
        let Some(slot) = self.slots.iter_mut().find(|slot| slot.number == number) else { return false };
        match event {
            Event::Lines(lines) => {
                self.held += lines.iter().map(|line| line.bytes.len()).sum::<usize>();
                slot.queue = lines.into();
                slot.arrived = Instant::now();
                slot.feed = Some(feed);
                false
            }
            Event::Notice(message) => {
                sink.record(Record::Notice { source: number, message });
                self.read(number, feed, Vec::new());
                true
            }
            Event::Ended => {
                slot.ended = true;
                false
            }
        }
    }

    /// Puts out what may go; whether there was anything, and when to look again.
    fn release(&mut self, sink: &mut impl Sink) -> (bool, Option<Instant>) {
        let mut wrote = false;
        loop {
            self.slots.retain(|slot| !(slot.ended && slot.queue.is_empty()));
            let Some((index, until)) = self.earliest() else { return (wrote, None) };
            let live = self.slots[index].queue.front().is_none_or(|line| line.time_nanos >= self.started_nanos);
            if let Some(wake) = self.wait_for_others(index, live) {
                return (wrote, wake);
            }
            let slot = &mut self.slots[index];
            while let Some(line) = slot.queue.front()
                && line.time_nanos <= until
            {
                if sink.is_full(line.time_nanos >= self.started_nanos) {
                    return (wrote, None);
                }
                sink.line(slot.number, line);
                self.held -= line.bytes.len();
                wrote = true;
                slot.queue.pop_front();
            }
            if slot.queue.is_empty()
                && let Some(feed) = slot.feed.take()
            {
                slot.empty_since = Instant::now();
                let (number, mut lines) = (slot.number, Vec::from(std::mem::take(&mut slot.queue)));
                lines.clear();
                self.read(number, feed, lines);
            }
        }
    }

    /// The log whose first line is the oldest, and the time of the oldest line of all others.
    fn earliest(&self) -> Option<(usize, i64)> {
        let mut first: Option<(usize, i64)> = None;
        let mut second = i64::MAX;
        for (index, slot) in self.slots.iter().enumerate() {
            let Some(time) = slot.queue.front().map(|line| line.time_nanos) else { continue };
            match first {
                Some((_, oldest)) if oldest <= time => second = second.min(time),
                _ => {
                    second = second.min(first.map_or(i64::MAX, |(_, time)| time));
                    first = Some((index, time));
                }
            }
        }
        first.map(|(index, _)| (index, second))
    }

    /// Whether the first line of the log at `index` has to wait because another log may still give an older one:
    /// `Some` with the time when it need not wait any more, where there is one.
    #[allow(clippy::option_option)] // no need to wait, wait until something comes, wait until a time
    fn wait_for_others(&self, index: usize, live: bool) -> Option<Option<Instant>> {
        if self.held >= HELD_BYTES {
            return None;
        }
        let silent =
            || self.slots.iter().enumerate().filter(|(at, slot)| *at != index && !slot.ended && slot.queue.is_empty());
        if !self.follow {
            return silent().next().map(|_| None);
        }
        silent().next()?;
        let until = if live {
            self.slots[index].arrived + WINDOW
        } else {
            silent().map(|(_, slot)| slot.empty_since + PATIENCE).max()?
        };
        (until > Instant::now()).then_some(Some(until))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use tokio::sync::mpsc;

    use super::*;

    struct Script(mpsc::UnboundedReceiver<Event>);

    impl Feed for Script {
        async fn next(&mut self, _: Vec<LogFrame>) -> Event {
            self.0.recv().await.unwrap_or(Event::Ended)
        }
    }

    #[derive(Default)]
    struct Seen {
        lines: Vec<(u16, i64)>,
        records: Vec<Record>,
        room: Option<usize>,
    }

    impl Sink for Seen {
        fn line(&mut self, source: u16, frame: &LogFrame) {
            self.lines.push((source, frame.time_nanos));
        }
        fn record(&mut self, record: Record) {
            self.records.push(record);
        }
        fn is_full(&self, _: bool) -> bool {
            self.room.is_some_and(|room| self.lines.len() >= room)
        }
    }

    fn lines(times: &[i64]) -> Event {
        Event::Lines(
            times
                .iter()
                .map(|time| LogFrame { time_nanos: *time, stderr: false, bytes: Bytes::from_static(b"x") })
                .collect(),
        )
    }

    fn source(name: &str) -> Source {
        Source { container: name.into(), name: name.into(), service: None }
    }

    fn add(merge: &mut Merge<Script>, seen: &mut Seen, name: &str) -> mpsc::UnboundedSender<Event> {
        let (sender, receiver) = mpsc::unbounded_channel();
        merge.add(source(name), Script(receiver), seen);
        sender
    }

    #[tokio::test]
    async fn finished_logs_come_out_in_the_order_of_their_times() {
        let (mut merge, mut seen) = (Merge::new(1_000, false), Seen::default());
        let a = add(&mut merge, &mut seen, "a");
        let b = add(&mut merge, &mut seen, "b");
        let c = add(&mut merge, &mut seen, "c");
        for event in [lines(&[1, 4, 7]), lines(&[8, 20])] {
            a.send(event).unwrap();
        }
        for event in [lines(&[2, 3]), Event::Notice(Message::new("x")), lines(&[5, 9, 30])] {
            b.send(event).unwrap();
        }
        c.send(lines(&[6])).unwrap();
        drop((a, b, c));
        while merge.fill(&mut seen).await {}
        assert_eq!(seen.lines.iter().map(|(_, time)| *time).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 20, 30]);
        assert_eq!(seen.records.len(), 4);
    }

    #[tokio::test]
    async fn a_silent_log_holds_old_lines_for_a_while_and_new_ones_for_a_moment() {
        let (mut merge, mut seen) = (Merge::new(1_000, true), Seen::default());
        let a = add(&mut merge, &mut seen, "a");
        let b = add(&mut merge, &mut seen, "b");
        a.send(lines(&[10])).unwrap();
        let begun = Instant::now();
        assert!(merge.fill(&mut seen).await);
        assert!(begun.elapsed() >= PATIENCE);
        a.send(lines(&[2_000])).unwrap();
        let begun = Instant::now();
        let sending = async {
            tokio::time::sleep(WINDOW / 2).await;
            b.send(lines(&[1_999])).unwrap();
        };
        let (_, ()) = tokio::join!(merge.fill(&mut seen), sending);
        while seen.lines.len() < 3 {
            assert!(merge.fill(&mut seen).await);
        }
        assert!(begun.elapsed() < PATIENCE);
        assert_eq!(seen.lines, [(1, 10), (2, 1_999), (1, 2_000)]);
    }

    #[tokio::test]
    async fn a_log_that_joins_and_one_that_ends_do_not_stop_the_others() {
        let (mut merge, mut seen) = (Merge::new(0, true), Seen::default());
        let a = add(&mut merge, &mut seen, "a");
        a.send(lines(&[1])).unwrap();
        assert!(merge.fill(&mut seen).await);
        let b = add(&mut merge, &mut seen, "b");
        drop(a);
        b.send(lines(&[2])).unwrap();
        assert!(merge.fill(&mut seen).await);
        assert_eq!(seen.lines, [(1, 1), (2, 2)]);
        drop(b);
        assert!(!merge.fill(&mut seen).await);
    }

    #[tokio::test]
    async fn a_full_reader_stops_the_reading_and_a_dropped_wait_loses_nothing() {
        let (mut merge, mut seen) = (Merge::new(0, true), Seen { room: Some(2), ..Seen::default() });
        let a = add(&mut merge, &mut seen, "a");
        for first in 0..100 {
            a.send(lines(&[first * 2, first * 2 + 1])).unwrap();
        }
        assert!(merge.fill(&mut seen).await);
        assert!(tokio::time::timeout(WINDOW, merge.fill(&mut seen)).await.is_err());
        assert!(merge.held <= 2);
        while seen.lines.len() < 200 {
            seen.room = Some(seen.lines.len() + 1);
            let _ = tokio::time::timeout(Duration::from_millis(1), merge.fill(&mut seen)).await;
        }
        assert!(seen.lines.iter().map(|(_, time)| *time).eq(0..200));
    }
}
