//! A log as a file to download.

use api::log::{Record, Source};
use bytes::Bytes;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::merge::Sink;
use super::query::Format;
use crate::engine::LogFrame;

/// How much is written at once.
const PIECE_BYTES: usize = 64 * 1024;

/// Writes lines as text or as JSON objects.
#[derive(Debug)]
pub struct Text {
    format: Format,
    timestamps: bool,
    named: bool,
    sources: Vec<(u16, Source)>,
    bytes: Vec<u8>,
}

#[allow(clippy::struct_field_names, reason = "the names of the JSON")]
#[derive(serde::Serialize)]
struct Line<'a> {
    time: String,
    container: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<&'a str>,
    stream: &'a str,
    line: std::borrow::Cow<'a, str>,
}

impl Text {
    /// An empty piece; `named` puts the container's name before each line of a text.
    pub fn new(format: Format, timestamps: bool, named: bool) -> Self {
        Self { format, timestamps, named, sources: Vec::new(), bytes: Vec::new() }
    }

    /// What was written.
    pub fn take(&mut self) -> Option<Bytes> {
        (!self.bytes.is_empty()).then(|| Bytes::from(std::mem::take(&mut self.bytes)))
    }
}

fn time_text(nanos: i64) -> String {
    let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(nanos)).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    time.format(&Rfc3339).unwrap_or_default()
}

impl Sink for Text {
    fn line(&mut self, source: u16, frame: &LogFrame) {
        let source = self.sources.iter().find(|(number, _)| *number == source).map(|(_, source)| source);
        match self.format {
            Format::Text => {
                if self.named
                    && let Some(source) = source
                {
                    self.bytes.extend_from_slice(source.name.as_bytes());
                    self.bytes.extend_from_slice(b" | ");
                }
                if self.timestamps {
                    self.bytes.extend_from_slice(time_text(frame.time_nanos).as_bytes());
                    self.bytes.push(b' ');
                }
                self.bytes.extend_from_slice(&frame.bytes);
            }
            Format::Ndjson => {
                let line = Line {
                    time: time_text(frame.time_nanos),
                    container: source.map_or("", |source| &source.name),
                    service: source.and_then(|source| source.service.as_deref()),
                    stream: if frame.stderr { "stderr" } else { "stdout" },
                    line: String::from_utf8_lossy(&frame.bytes),
                };
                // Writing to memory cannot fail, and these types always serialize.
                let _ = serde_json::to_writer(&mut self.bytes, &line);
            }
        }
        self.bytes.push(b'\n');
    }

    fn record(&mut self, record: Record) {
        match record {
            Record::Source { number, source } => self.sources.push((number, source)),
            Record::Notice { message, .. } if self.format == Format::Ndjson => {
                let _ = serde_json::to_writer(&mut self.bytes, &serde_json::json!({ "notice": message }));
                self.bytes.push(b'\n');
            }
            Record::Notice { .. } | Record::Skipped { .. } | Record::Line { .. } => {}
        }
    }

    fn is_full(&self, _: bool) -> bool {
        self.bytes.len() >= PIECE_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_formats_name_what_is_asked_for() {
        let frame = LogFrame { time_nanos: 1_500_000_000, stderr: true, bytes: Bytes::from_static(b"caf\xff \"x\"") };
        let source = Source { container: "c".into(), name: "web-1".into(), service: Some("web".into()) };
        let write = |mut text: Text| {
            text.record(Record::Source { number: 1, source: source.clone() });
            text.line(1, &frame);
            text.take().unwrap().to_vec()
        };
        assert_eq!(write(Text::new(Format::Text, false, false)), b"caf\xff \"x\"\n");
        assert_eq!(write(Text::new(Format::Text, true, true)), b"web-1 | 1970-01-01T00:00:01.5Z caf\xff \"x\"\n");
        let line: serde_json::Value = serde_json::from_slice(&write(Text::new(Format::Ndjson, false, false))).unwrap();
        assert_eq!(line["line"], "caf\u{fffd} \"x\"");
        assert_eq!((&line["service"], &line["stream"]), (&"web".into(), &"stderr".into()));
    }
}
