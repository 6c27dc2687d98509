//! The log stream's protocol: many lines in each binary WebSocket message.
//!
//! A message from the server is a sequence of records:
//!
//! ```text
//! kind    u8        0 stdout line · 1 stderr line · 2 source · 3 skipped · 4 notice
//! source  u16 LE    the number of the source; 0 where none is meant
//! time    i64 LE    the engine's time of the line, nanoseconds since 1970; 0 where unknown
//! length  u32 LE    of the payload
//! payload           line: bytes without the line end · source: JSON `Source` · skipped: u64 LE, the number of lines
//!                   left out because the reader was slow · notice: JSON `Message`
//! ```
//!
//! A reader that asks with `ack=true` sends back, as binary messages of 4 bytes (u32 LE), how many bytes of messages it
//! has worked through; the server keeps at most [`WINDOW_BYTES`] on the way and leaves lines out (with a record of
//! kind 3 at that place) rather than wait. A reader without `ack` is slowed down by its socket alone.

use serde::{Deserialize, Serialize};

use crate::app::path as app_path;
use crate::client::{Path, Query, decode};
use crate::message::Message;

/// Bytes on the way to a reader that acknowledges.
pub const WINDOW_BYTES: usize = 256 * 1024;
/// The longest line; a longer one comes in pieces.
pub const MAX_LINE_BYTES: usize = 64 * 1024;

/// What to read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[serde(deny_unknown_fields, default)]
pub struct LogQuery {
    /// Go on with new lines; a WebSocket does unless this is `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follow: Option<bool>,
    /// The number of old lines of each container: a number, or `all`; 200 where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tail: Option<String>,
    /// Only lines from then on: RFC 3339, Unix seconds (a fraction is welcome), or a span back from now such as `15m`, `2h`, `1d`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Only lines before then; as `since`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// With standard output; yes where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdout: Option<bool>,
    /// With standard error; yes where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stderr: Option<bool>,
    /// Only one service of an app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The reader acknowledges.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ack: Option<bool>,
    /// For downloads: put the engine's time before each line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamps: Option<bool>,
    /// For downloads: `text` (default) or `ndjson`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
}

impl LogQuery {
    /// The parameters as they stand in an address.
    pub fn to_query(&self) -> Query {
        Query::new()
            .optional("follow", self.follow)
            .optional("tail", self.tail.as_ref())
            .optional("since", self.since.as_ref())
            .optional("until", self.until.as_ref())
            .optional("stdout", self.stdout)
            .optional("stderr", self.stderr)
            .optional("service", self.service.as_ref())
            .optional("ack", self.ack)
            .optional("timestamps", self.timestamps)
            .optional("format", self.format.as_ref())
    }
}

/// A container whose lines are in the stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Source {
    /// Its id.
    pub container: String,
    /// Its name.
    pub name: String,
    /// Its service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
}

/// A record of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A line.
    Line {
        /// The source's number.
        source: u16,
        /// Nanoseconds since 1970; 0 where unknown.
        time_nanos: i64,
        /// Whether it was printed on standard error.
        stderr: bool,
        /// The line without its end.
        bytes: Vec<u8>,
    },
    /// A source joins the stream.
    Source {
        /// Its number.
        number: u16,
        /// What it is.
        source: Source,
    },
    /// Lines were left out here.
    Skipped {
        /// The source's number.
        source: u16,
        /// How many.
        lines: u64,
    },
    /// Something to tell the reader: the engine was lost, the stream resumed.
    Notice {
        /// The source's number.
        source: u16,
        /// What.
        message: Message,
    },
}

const HEADER: usize = 1 + 2 + 8 + 4;

/// Appends a line's record without copying the line first.
pub fn encode_line(source: u16, time_nanos: i64, stderr: bool, bytes: &[u8], out: &mut Vec<u8>) {
    encode(u8::from(stderr), source, time_nanos, bytes, out);
}

fn encode(kind: u8, source: u16, time_nanos: i64, payload: &[u8], out: &mut Vec<u8>) {
    out.reserve(HEADER + payload.len());
    out.push(kind);
    out.extend_from_slice(&source.to_le_bytes());
    out.extend_from_slice(&time_nanos.to_le_bytes());
    out.extend_from_slice(&u32::try_from(payload.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(payload);
}

impl Record {
    /// Appends the record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Line { source, time_nanos, stderr, bytes } => encode_line(*source, *time_nanos, *stderr, bytes, out),
            Self::Source { number, source } => {
                encode(2, *number, 0, &serde_json::to_vec(source).unwrap_or_default(), out);
            }
            Self::Skipped { source, lines } => encode(3, *source, 0, &lines.to_le_bytes(), out),
            Self::Notice { source, message } => {
                encode(4, *source, 0, &serde_json::to_vec(message).unwrap_or_default(), out);
            }
        }
    }

    /// The records of a message; a broken rest and unknown kinds are left out.
    pub fn decode_all(mut bytes: &[u8]) -> Vec<Self> {
        let mut records = Vec::new();
        while let Some((record, rest)) = Self::decode(bytes) {
            records.extend(record);
            bytes = rest;
        }
        records
    }

    fn decode(bytes: &[u8]) -> Option<(Option<Self>, &[u8])> {
        let (kind, bytes) = bytes.split_first()?;
        let (source, bytes) = bytes.split_first_chunk()?;
        let (time, bytes) = bytes.split_first_chunk()?;
        let (length, bytes) = bytes.split_first_chunk()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (payload, rest) = bytes.split_at_checked(length)?;
        let source = u16::from_le_bytes(*source);
        let record = match kind {
            0 | 1 => Some(Self::Line {
                source,
                time_nanos: i64::from_le_bytes(*time),
                stderr: *kind == 1,
                bytes: payload.to_vec(),
            }),
            2 => decode(payload).ok().map(|what| Self::Source { number: source, source: what }),
            3 => payload.first_chunk().map(|lines| Self::Skipped { source, lines: u64::from_le_bytes(*lines) }),
            4 => decode(payload).ok().map(|message| Self::Notice { source, message }),
            _ => None,
        };
        Some((record, rest))
    }
}

/// Where a container's log is: text or ndjson, the stream of records when upgraded to a WebSocket.
pub fn container_logs_path(cluster: &str, id: &str) -> Path {
    Path::new(&["clusters", cluster, "containers", id, "logs"])
}

/// Where the merged log of an app is; likewise.
pub fn app_logs_path(project: &str, app: &str) -> Path {
    app_path(project, app, &["logs"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_comes_back_and_a_cut_message_gives_what_is_whole() {
        let records = vec![
            Record::Source {
                number: 1,
                source: Source { container: "c1".into(), name: "web-1".into(), service: Some("web".into()) },
            },
            Record::Line { source: 1, time_nanos: -5, stderr: true, bytes: b"caf\xc3\xa9 \xff".to_vec() },
            Record::Skipped { source: 1, lines: 7 },
            Record::Notice { source: 0, message: Message::new("log.lost").with("n", 1) },
            Record::Line { source: 1, time_nanos: 9, stderr: false, bytes: Vec::new() },
        ];
        let mut bytes = Vec::new();
        for record in &records {
            record.encode(&mut bytes);
        }
        assert_eq!(Record::decode_all(&bytes), records);
        assert_eq!(Record::decode_all(&bytes[..bytes.len() - 1]), records[..4]);
        assert_eq!(Record::decode_all(&[9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 7]), []);
    }
}
