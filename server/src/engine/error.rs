//! What can go wrong between the portal and an engine.

use std::error::Error as StdError;

use api::Message;

/// A failed call of an engine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The object does not exist; the engine's words.
    #[error("not found: {0}")]
    NotFound(String),
    /// The state of the object forbids it; the engine's words.
    #[error("conflict: {0}")]
    Conflict(String),
    /// A host port is taken.
    #[error("port {port} is taken: {message}")]
    PortInUse {
        /// The port.
        port: u16,
        /// The engine's words.
        message: String,
    },
    /// The image is neither on the engine nor in its registry.
    #[error("image not found: {0}")]
    ImageNotFound(String),
    /// The registry refuses to give the image.
    #[error("pull denied: {0}")]
    PullDenied(String),
    /// The registry cannot be reached.
    #[error("registry unreachable: {0}")]
    RegistryUnreachable(String),
    /// The engine's disk is full.
    #[error("no space: {0}")]
    NoSpace(String),
    /// The engine refuses what was asked as wrong in itself.
    #[error("invalid: {0}")]
    InvalidSpec(String),
    /// Nobody answers at the engine's address.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// No engine is known.
    #[error("no engine")]
    Absent,
    /// The engine did not answer in time.
    #[error("{call} had no answer within {after_secs} s")]
    Timeout {
        /// What was asked.
        call: &'static str,
        /// How long the portal waited.
        after_secs: u64,
    },
    /// The answer is larger than any honest one.
    #[error("answer too large")]
    TooLarge,
    /// The answer cannot be understood.
    #[error("garbage: {0}")]
    Garbage(String),
    /// Another refusal of the engine.
    #[error("HTTP {status}: {message}")]
    Other {
        /// The HTTP status.
        status: u16,
        /// The engine's words.
        message: String,
    },
}

/// The reader of an answer saw more bytes than allowed.
#[derive(Debug, thiserror::Error)]
#[error("answer too large")]
pub(super) struct AnswerTooLarge;

impl Error {
    /// What happened, why, and what to do about it.
    pub fn message(&self) -> Message {
        match self {
            Self::NotFound(cause) => Message::new("engine.not-found").with("cause", cause),
            Self::Conflict(cause) => Message::new("engine.conflict").with("cause", cause),
            Self::PortInUse { port: 0, message } => Message::new("engine.ports-in-use").with("cause", message),
            Self::PortInUse { port, .. } => Message::new("engine.port-in-use").with("port", port),
            Self::ImageNotFound(cause) => Message::new("engine.image-not-found").with("cause", cause),
            Self::PullDenied(cause) => Message::new("engine.pull-denied").with("cause", cause),
            Self::RegistryUnreachable(cause) => Message::new("engine.registry-unreachable").with("cause", cause),
            Self::NoSpace(cause) => Message::new("engine.no-space").with("cause", cause),
            Self::InvalidSpec(cause) => Message::new("engine.invalid").with("cause", cause),
            Self::Unreachable(cause) => Message::new("engine.unreachable").with("cause", cause),
            Self::Absent => Message::new("engine.absent"),
            Self::Timeout { call, after_secs } => {
                Message::new("engine.timeout").with("call", call).with("seconds", after_secs)
            }
            Self::TooLarge => Message::new("engine.too-large"),
            Self::Garbage(cause) => Message::new("engine.garbage").with("cause", cause),
            Self::Other { status, message } => {
                Message::new("engine.other").with("status", status).with("cause", message)
            }
        }
    }

    /// Whether trying again later can help without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_)
                | Self::Absent
                | Self::Timeout { .. }
                | Self::TooLarge
                | Self::Garbage(_)
                | Self::RegistryUnreachable(_)
                | Self::Other { status: 500.., .. }
        )
    }

    /// The error of an answer with a status that is no success.
    pub(super) fn from_status(status: u16, body: &[u8]) -> Self {
        #[derive(serde::Deserialize)]
        struct Words {
            message: String,
        }
        let message = match serde_json::from_slice::<Words>(body) {
            Ok(words) => words.message,
            Err(_) => shorten(&String::from_utf8_lossy(body)),
        };
        Self::classify(status, message)
    }

    /// The error for what an engine said; engines tell most things by words alone.
    pub(super) fn classify(status: u16, message: String) -> Self {
        let words = message.to_lowercase();
        let says = |needles: &[&str]| needles.iter().any(|needle| words.contains(needle));
        if says(&[
            "port is already allocated",
            "address already in use",
            "bind: address already",
            "ports are not available",
        ]) {
            return Self::PortInUse { port: port_of(&message), message };
        }
        if says(&["no space left on device", "disk quota exceeded"]) {
            return Self::NoSpace(message);
        }
        if says(&["pull access denied", "unauthorized", "authentication required", "denied: ", "no basic auth"]) {
            return Self::PullDenied(message);
        }
        if says(&["no such image", "manifest unknown", "manifest for", "name unknown"]) && !says(&["conflict"]) {
            return Self::ImageNotFound(message);
        }
        if says(&["dial tcp", "i/o timeout", "tls handshake", "no such host", "request canceled while waiting"]) {
            return Self::RegistryUnreachable(message);
        }
        match status {
            404 => Self::NotFound(message),
            409 => Self::Conflict(message),
            400 | 406 | 422 => Self::InvalidSpec(message),
            507 => Self::NoSpace(message),
            // Start refuses a broken command or mount with these.
            500 if says(&["invalid mount", "executable file not found", "oci runtime", "not found in $path"]) => {
                Self::InvalidSpec(message)
            }
            _ => Self::Other { status, message },
        }
    }

    /// The error of a connection that failed under a call.
    pub(super) fn from_io(error: &(dyn StdError + 'static)) -> Self {
        let mut cause = Some(error);
        let mut words = error.to_string();
        while let Some(error) = cause {
            if error.is::<AnswerTooLarge>() {
                return Self::TooLarge;
            }
            if let Some(inner) = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
                if inner.is::<AnswerTooLarge>() {
                    return Self::TooLarge;
                }
                // Our own transport under bollard's calls.
                if let Some(ours) = inner.downcast_ref::<Self>() {
                    return ours.clone();
                }
            }
            words = error.to_string();
            cause = error.source();
        }
        Self::Unreachable(words)
    }
}

impl From<hyper::Error> for Error {
    fn from(error: hyper::Error) -> Self {
        match Self::from_io(&error) {
            Self::Unreachable(words) if error.is_parse() => Self::Garbage(words),
            Self::Unreachable(_) if error.is_incomplete_message() => Self::Garbage("the answer was cut off".to_owned()),
            other => other,
        }
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::from_io(&error)
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Garbage(error.to_string())
    }
}

impl From<bollard::errors::Error> for Error {
    fn from(error: bollard::errors::Error) -> Self {
        use bollard::errors::Error as Bollard;
        match error {
            Bollard::DockerResponseServerError { status_code, message } => {
                Self::classify(status_code, shorten(&message))
            }
            Bollard::DockerStreamError { error } => Self::classify(500, error),
            Bollard::HyperResponseError { err } => err.into(),
            Bollard::IOError { err } => err.into(),
            Bollard::JsonDataError { message, .. } => Self::Garbage(message),
            Bollard::JsonSerdeError { err } => err.into(),
            Bollard::RequestTimeoutError => Self::Timeout { call: "call", after_secs: 0 },
            Bollard::URLParseError { err } => Self::InvalidSpec(err.to_string()),
            Bollard::InvalidURIError { err } => Self::InvalidSpec(err.to_string()),
            other => Self::Garbage(other.to_string()),
        }
    }
}

/// The host port that an engine's sentence about a taken port names; 0 where it names none.
fn port_of(message: &str) -> u16 {
    // "Bind for 0.0.0.0:8080 failed", "listen tcp4 0.0.0.0:8080: bind: …", "listen tcp :8080: …", "[::]:8080"
    let named = ["Bind for", "listen", "host port"].iter().filter_map(|words| message.find(words)).min().unwrap_or(0);
    let message = &message[named..];
    let port = |(place, _): (usize, &str)| {
        let before = message[..place].chars().next_back()?;
        let digits: String = message[place + 1..].chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok().filter(|port| *port != 0 && (before.is_ascii_digit() || before == ']' || before == ' '))
    };
    message.match_indices(':').find_map(port).unwrap_or(0)
}

fn shorten(text: &str) -> String {
    const LONGEST: usize = 300;
    let text = text.trim();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_named() {
        for (words, port) in [
            (
                "driver failed programming external connectivity on endpoint web (6f): Bind for 0.0.0.0:8080 failed: port is already allocated",
                8080,
            ),
            (
                "driver failed programming external connectivity on endpoint x (12): Error starting userland proxy: listen tcp4 0.0.0.0:80: bind: address already in use",
                80,
            ),
            ("failed to bind host port for [::]:9000:172.17.0.2:80/tcp: address already in use", 9000),
            ("rootlessport listen tcp 0.0.0.0:443: bind: address already in use", 443),
        ] {
            let Error::PortInUse { port: found, .. } = Error::classify(500, words.to_owned()) else {
                panic!("{words}");
            };
            assert_eq!(found, port, "{words}");
        }
    }

    #[test]
    fn words_decide_where_the_status_says_nothing() {
        let kind = |status, words: &str| Error::classify(status, words.to_owned());
        assert!(matches!(kind(404, "No such image: web:1"), Error::ImageNotFound(_)));
        assert!(matches!(kind(404, "No such container: x"), Error::NotFound(_)));
        assert!(matches!(kind(500, "write /var/lib: no space left on device"), Error::NoSpace(_)));
        assert!(matches!(kind(404, "pull access denied for x, repository does not exist"), Error::PullDenied(_)));
        assert!(matches!(
            kind(500, "Get https://r/v2/: dial tcp: lookup r: no such host"),
            Error::RegistryUnreachable(_)
        ));
        assert!(matches!(kind(409, "conflict: unable to remove"), Error::Conflict(_)));
        assert!(matches!(kind(400, "invalid reference format"), Error::InvalidSpec(_)));
        assert!(matches!(kind(500, "boom"), Error::Other { status: 500, .. }));
    }

    #[test]
    fn a_page_of_html_is_shortened_and_never_a_panic() {
        let page = format!("<html>{}</html>", "ü".repeat(10_000));
        let Error::Other { status: 500, message } = Error::from_status(500, page.as_bytes()) else { panic!() };
        assert!(message.len() < 1_000);
    }
}
