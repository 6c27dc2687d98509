//! Containers' log lines, as they come: time, stream and bytes, long lines in pieces.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use api::client::Query;
use bytes::Bytes;
use futures::Stream;
use hyper::body::{Body, Incoming};

use super::client::segment;
use super::cluster::Cluster;
use super::error::Error;
use super::log_decoder::Decoder;

/// Which lines to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogOptions {
    /// Go on with new lines.
    pub follow: bool,
    /// How many old lines.
    pub tail: Tail,
    /// Only lines from then on, nanoseconds since 1970.
    pub since_nanos: Option<i64>,
    /// Only lines before then.
    pub until_nanos: Option<i64>,
    /// With standard output.
    pub stdout: bool,
    /// With standard error.
    pub stderr: bool,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self { follow: false, tail: Tail::All, since_nanos: None, until_nanos: None, stdout: true, stderr: true }
    }
}

/// How many old lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// All of them.
    All,
    /// The last so many.
    Last(u64),
}

/// A log line, or a piece of a line longer than [`api::log::MAX_LINE_BYTES`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFrame {
    /// The engine's time of the line, nanoseconds since 1970; 0 where unknown.
    pub time_nanos: i64,
    /// Whether it came over standard error.
    pub stderr: bool,
    /// The line without its end.
    pub bytes: Bytes,
}

/// Log lines under way; it ends when the container does, or with an error.
pub struct LogStream {
    body: Option<Incoming>,
    decoder: Decoder,
    ready: VecDeque<LogFrame>,
}

impl Cluster {
    /// A container's log. With a terminal in the container all lines count as standard output.
    pub async fn logs(&self, id: &str, options: &LogOptions) -> Result<LogStream, Error> {
        let path = format!("/containers/{}/logs", segment(id)?);
        let inspect = self.inspect_container_raw(id).await?;
        let tty = inspect["Config"]["Tty"].as_bool().unwrap_or(false);
        let moment = |nanos: i64| format!("{}.{:09}", nanos.div_euclid(1_000_000_000), nanos.rem_euclid(1_000_000_000));
        let query = Query::new()
            .with("timestamps", true)
            .with("follow", options.follow)
            .with("stdout", options.stdout)
            .with("stderr", options.stderr)
            .with(
                "tail",
                match options.tail {
                    Tail::All => "all".to_owned(),
                    Tail::Last(count) => count.to_string(),
                },
            )
            .optional("since", options.since_nanos.map(moment))
            .optional("until", options.until_nanos.map(moment));
        let response = self.call("logs", async |client| client.stream(&path, &query).await).await?;
        Ok(LogStream { body: Some(response.into_body()), decoder: Decoder::new(tty), ready: VecDeque::new() })
    }
}

impl Stream for LogStream {
    type Item = Result<LogFrame, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(frame) = this.ready.pop_front() {
                return Poll::Ready(Some(Ok(frame)));
            }
            let Some(body) = &mut this.body else { return Poll::Ready(None) };
            match ready!(Pin::new(body).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        this.decoder.push(data, &mut this.ready);
                    }
                }
                Some(Err(error)) => {
                    this.body = None;
                    return Poll::Ready(Some(Err(error.into())));
                }
                None => {
                    this.body = None;
                    this.decoder.finish(&mut this.ready);
                }
            }
        }
    }
}
