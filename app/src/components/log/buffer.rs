//! The lines a log view keeps: bounded, numbered, filtered.

use std::collections::VecDeque;

use api::{
    Message,
    log::{Record, Source},
};

/// The most lines that are kept; older ones are dropped.
pub const CAPACITY: usize = 20_000;

/// A row of the view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number; grows, never used again.
    pub number: u64,
    /// The source's place in [`Buffer::sources`].
    pub source: u16,
    /// Nanoseconds since 1970; 0 where unknown.
    pub time_nanos: i64,
    /// What it says.
    pub content: Content,
}

/// What a row says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A line of a program.
    Line {
        /// The text with its escape sequences.
        text: String,
        /// Whether it was printed on standard error.
        stderr: bool,
    },
    /// Lines were left out here.
    Skipped(u64),
    /// The portal says something.
    Notice(Message),
}

/// Which lines are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Streams {
    /// All.
    #[default]
    Both,
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// The lines, and the numbers of those that the filter shows.
#[derive(Default)]
pub struct Buffer {
    rows: VecDeque<Row>,
    shown: VecDeque<u64>,
    next: u64,
    streams: Streams,
    /// Every source there was so far.
    pub sources: Vec<Source>,
    /// The place in `sources` of each number that the stream in hand uses.
    numbers: Vec<u16>,
    /// How many shown rows were dropped from the front since the beginning.
    dropped: usize,
    newest_nanos: i64,
}

impl Buffer {
    /// Takes in one record.
    pub fn take(&mut self, record: Record) {
        match record {
            Record::Line { source, time_nanos, stderr, bytes } => {
                self.newest_nanos = self.newest_nanos.max(time_nanos);
                let text = String::from_utf8(bytes)
                    .unwrap_or_else(|broken| String::from_utf8_lossy(broken.as_bytes()).into_owned());
                self.push(source, time_nanos, Content::Line { text, stderr });
            }
            Record::Source { number, source } => {
                let known = self.sources.iter().position(|it| *it == source).unwrap_or_else(|| {
                    self.sources.push(source);
                    self.sources.len() - 1
                });
                let number = usize::from(number);
                if self.numbers.len() <= number {
                    self.numbers.resize(number + 1, u16::MAX);
                }
                self.numbers[number] = u16::try_from(known).unwrap_or(u16::MAX);
            }
            Record::Skipped { source, lines } => self.push(source, 0, Content::Skipped(lines)),
            Record::Notice { source, message } => self.push(source, 0, Content::Notice(message)),
        }
    }

    /// Begins with another stream that goes on where the last one broke off; gives the time to go on from, in Unix
    /// seconds, where there is one.
    pub fn resume(&mut self) -> Option<String> {
        self.numbers.clear();
        let after = self.newest_nanos + 1;
        (self.newest_nanos > 0).then(|| format!("{}.{:09}", after / 1_000_000_000, after % 1_000_000_000))
    }

    /// How many shown rows were dropped from the front since the beginning.
    pub fn dropped(&self) -> usize {
        self.dropped
    }

    fn push(&mut self, number: u16, time_nanos: i64, content: Content) {
        let source = self.numbers.get(usize::from(number)).copied().unwrap_or(u16::MAX);
        let row = Row { number: self.next, source, time_nanos, content };
        self.next += 1;
        if shows(self.streams, &row) {
            self.shown.push_back(row.number);
        }
        self.rows.push_back(row);
        if self.rows.len() > CAPACITY {
            self.rows.pop_front();
            let first = self.first();
            while self.shown.front().is_some_and(|number| *number < first) {
                self.shown.pop_front();
                self.dropped += 1;
            }
        }
    }

    fn first(&self) -> u64 {
        self.rows.front().map_or(self.next, |row| row.number)
    }

    /// Shows only some streams from now on.
    pub fn filter(&mut self, streams: Streams) {
        self.streams = streams;
        self.shown = self.rows.iter().filter(|row| shows(streams, row)).map(|row| row.number).collect();
    }

    /// How many rows are shown.
    pub fn len(&self) -> usize {
        self.shown.len()
    }

    /// The shown row at a place.
    pub fn get(&self, place: usize) -> Option<&Row> {
        let number = *self.shown.get(place)?;
        self.rows.get(usize::try_from(number - self.first()).ok()?)
    }

    /// The places of shown lines that `matches` accepts.
    pub fn find(&self, matches: impl Fn(&str) -> bool) -> Vec<usize> {
        let hit = |place: &usize| match self.get(*place).map(|row| &row.content) {
            Some(Content::Line { text, .. }) => matches(text),
            _ => false,
        };
        (0..self.len()).filter(hit).collect()
    }
}

fn shows(streams: Streams, row: &Row) -> bool {
    match (&row.content, streams) {
        (Content::Line { stderr, .. }, Streams::Out) => !stderr,
        (Content::Line { stderr, .. }, Streams::Err) => *stderr,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, stderr: bool) -> Record {
        Record::Line { source: 0, time_nanos: 1, stderr, bytes: text.as_bytes().to_vec() }
    }

    #[test]
    fn the_oldest_lines_go_and_places_stay_true() {
        let mut buffer = Buffer::default();
        for number in 0..CAPACITY + 5 {
            buffer.take(line(&number.to_string(), number % 2 == 1));
        }
        assert_eq!(buffer.len(), CAPACITY);
        assert_eq!(buffer.get(0).unwrap().number, 5);
        assert_eq!(buffer.dropped(), 5);
        buffer.filter(Streams::Err);
        assert_eq!(buffer.len(), CAPACITY / 2);
        assert!(matches!(&buffer.get(0).unwrap().content, Content::Line { text, .. } if text == "5"));
    }

    #[test]
    fn what_the_portal_says_is_shown_whatever_the_filter() {
        let mut buffer = Buffer::default();
        buffer.filter(Streams::Err);
        buffer.take(line("out", false));
        buffer.take(Record::Skipped { source: 0, lines: 3 });
        assert_eq!(buffer.len(), 1);
        assert_eq!(buffer.find(|_| true), Vec::<usize>::new());
    }

    #[test]
    fn a_stream_that_goes_on_has_its_own_numbers_for_the_same_sources() {
        let source = |name: &str| Source { container: name.to_owned(), name: name.to_owned(), service: None };
        let mut buffer = Buffer::default();
        assert_eq!(buffer.resume(), None);
        buffer.take(Record::Source { number: 0, source: source("a") });
        buffer.take(Record::Source { number: 1, source: source("b") });
        let at = |source, time_nanos| Record::Line { source, time_nanos, stderr: false, bytes: Vec::new() };
        buffer.take(at(1, 2_000_000_007));
        buffer.take(at(0, 1_000_000_000));
        assert_eq!(buffer.resume().as_deref(), Some("2.000000008"));
        buffer.take(Record::Source { number: 0, source: source("b") });
        buffer.take(at(0, 3));
        let name = |place| buffer.sources[usize::from(buffer.get(place).unwrap().source)].name.as_str();
        assert_eq!([name(0), name(1), name(2)], ["b", "a", "b"]);
        assert_eq!(buffer.sources.len(), 2);
    }

    #[test]
    fn broken_text_is_shown_as_far_as_it_goes() {
        let mut buffer = Buffer::default();
        buffer.take(Record::Line { source: 0, time_nanos: 0, stderr: false, bytes: b"a\xffb".to_vec() });
        assert_eq!(buffer.find(|text| text == "a\u{fffd}b"), [0]);
    }
}
