//! The terminal's protocol: binary WebSocket messages with a type byte first.
//!
//! ```text
//! browser → server   0 input bytes · 1 resize: u16 LE columns, u16 LE rows · 2 acknowledge: u32 LE bytes of output shown
//! server → browser   0 output bytes · 1 ended: i32 LE exit code · 2 notice: JSON `Message`
//! ```
//!
//! The server keeps at most [`WINDOW_BYTES`] of output unacknowledged and then stops reading from the process, so a
//! flood waits in the process and never in memory.

use serde::{Deserialize, Serialize};

use crate::client::{Path, Query, decode};
use crate::message::Message;

/// Bytes of output on the way to the browser.
pub const WINDOW_BYTES: usize = 512 * 1024;

/// What to open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[serde(deny_unknown_fields, default)]
pub struct TerminalQuery {
    /// The program; the best shell found where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shell: Option<String>,
    /// Who runs it: a name, an id, or `user:group`; the container's own where absent. Another one needs the permission
    /// to open a terminal as another user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Columns to begin with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub columns: Option<u16>,
    /// Rows to begin with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u16>,
}

impl TerminalQuery {
    /// The parameters as they stand in an address.
    pub fn to_query(&self) -> Query {
        Query::new()
            .optional("shell", self.shell.as_ref())
            .optional("user", self.user.as_ref())
            .optional("columns", self.columns)
            .optional("rows", self.rows)
    }
}

/// What a browser says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Input<'a> {
    Data(&'a [u8]),
    Resize { columns: u16, rows: u16 },
    Acknowledge(u32),
}

impl<'a> Input<'a> {
    /// Reads a message; `None` where it is not of this protocol.
    pub fn decode(bytes: &'a [u8]) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        match kind {
            0 => Some(Self::Data(rest)),
            1 => {
                let (columns, rest) = rest.split_first_chunk()?;
                let rows = rest.first_chunk()?;
                Some(Self::Resize { columns: u16::from_le_bytes(*columns), rows: u16::from_le_bytes(*rows) })
            }
            2 => rest.first_chunk().map(|bytes| Self::Acknowledge(u32::from_le_bytes(*bytes))),
            _ => None,
        }
    }

    /// Writes the message.
    pub fn encode(self) -> Vec<u8> {
        match self {
            Self::Data(bytes) => [&[0], bytes].concat(),
            Self::Resize { columns, rows } => [&[1], &columns.to_le_bytes()[..], &rows.to_le_bytes()[..]].concat(),
            Self::Acknowledge(count) => [&[2], &count.to_le_bytes()[..]].concat(),
        }
    }
}

/// What the server says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Output<'a> {
    Data(&'a [u8]),
    Ended(i32),
    Notice(Message),
}

impl<'a> Output<'a> {
    /// Reads a message; `None` where it is not of this protocol.
    pub fn decode(bytes: &'a [u8]) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        match kind {
            0 => Some(Self::Data(rest)),
            1 => rest.first_chunk().map(|bytes| Self::Ended(i32::from_le_bytes(*bytes))),
            2 => decode(rest).ok().map(Self::Notice),
            _ => None,
        }
    }

    /// Writes the message.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Data(bytes) => [&[0], *bytes].concat(),
            Self::Ended(code) => [&[1], &code.to_le_bytes()[..]].concat(),
            Self::Notice(message) => [&[2], &serde_json::to_vec(message).unwrap_or_default()[..]].concat(),
        }
    }
}

/// The WebSocket that runs a program in a container.
pub fn exec_path(cluster: &str, id: &str) -> Path {
    Path::new(&["clusters", cluster, "containers", id, "exec"])
}

/// The WebSocket that is connected to the container's first process.
pub fn attach_path(cluster: &str, id: &str) -> Path {
    Path::new(&["clusters", cluster, "containers", id, "attach"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_back_as_they_went_and_short_ones_are_refused() {
        for input in [Input::Data(b"ls\r"), Input::Resize { columns: 80, rows: 24 }, Input::Acknowledge(70_000)] {
            let bytes = input.encode();
            assert_eq!(Input::decode(&bytes), Some(input));
        }
        for output in [Output::Data(b"x"), Output::Ended(-1), Output::Notice(Message::new("terminal.lost"))] {
            let bytes = output.encode();
            assert_eq!(Output::decode(&bytes), Some(output));
        }
        for broken in [&[][..], &[1, 0], &[2, 0], &[7]] {
            assert_eq!(Input::decode(broken), None);
        }
    }
}
