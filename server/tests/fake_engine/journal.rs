//! The record of every call, for tests to look at and to wait on.

use std::time::Instant;

use serde_json::Value;
use time::OffsetDateTime;

/// One call as it came in.
#[derive(Debug, Clone)]
pub struct Request {
    /// Position in the journal, from 0.
    pub number: usize,
    /// When it came in, for intervals.
    pub at: Instant,
    /// When it came in, by the clock.
    pub time: OffsetDateTime,
    /// `GET`, `POST` …
    pub method: String,
    /// Without the version prefix and the query, percent-decoded: `/containers/create`.
    pub path: String,
    /// The version prefix without its `v`: `1.41`.
    pub version: Option<String>,
    /// Decoded query parameters in the order they came.
    pub query: Vec<(String, String)>,
    /// The body, when it is JSON.
    pub body: Option<Value>,
    /// Bytes of the body, JSON or not.
    pub body_bytes: usize,
    /// The answered status; none while the call is under way (a hung call keeps none).
    pub status: Option<u16>,
}

impl Request {
    /// The first value of a query parameter.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A query parameter as the engine reads a boolean: absent, empty, `0`, `no`, `false`, `none` are false.
    pub fn flag(&self, name: &str) -> bool {
        self.query(name)
            .is_some_and(|value| !matches!(value.trim().to_lowercase().as_str(), "" | "0" | "no" | "false" | "none"))
    }

    /// Whether method and path fit: `*` in the pattern stands for any run of characters.
    pub fn is(&self, method: &str, pattern: &str) -> bool {
        (method == "*" || self.method == method) && glob(pattern, &self.path)
    }

    /// Whether the call can change something on the engine. Terminals, attaching and waiting do not count.
    pub fn is_write(&self) -> bool {
        let aside = self.path.starts_with("/exec/")
            || ["/exec", "/attach", "/wait", "/resize"].iter().any(|end| self.path.ends_with(end));
        !matches!(self.method.as_str(), "GET" | "HEAD") && !aside
    }

    /// `POST /containers/create?name=web`, for messages.
    pub fn line(&self) -> String {
        let query: Vec<String> = self.query.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{} {}{mark}{}", self.method, self.path, query.join("&"))
    }
}

/// All calls so far, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Journal(pub Vec<Request>);

impl Journal {
    /// The calls that can change something (see [`Request::is_write`]).
    pub fn writes(&self) -> Vec<&Request> {
        self.0.iter().filter(|request| request.is_write()).collect()
    }

    /// The calls whose method and path fit; `*` is a wildcard in both.
    pub fn find(&self, method: &str, pattern: &str) -> Vec<&Request> {
        self.0.iter().filter(|request| request.is(method, pattern)).collect()
    }

    /// How many calls fit.
    pub fn count(&self, method: &str, pattern: &str) -> usize {
        self.find(method, pattern).len()
    }

    /// Every call on its own line.
    pub fn text(&self) -> String {
        let lines: Vec<String> = self
            .0
            .iter()
            .map(|r| format!("{} -> {}", r.line(), r.status.map_or_else(|| "-".into(), |s| s.to_string())))
            .collect();
        lines.join("\n")
    }
}

/// Shell-like matching with `*` only.
pub fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, rest)) => {
            text.starts_with(head)
                && (rest.is_empty()
                    || (head.len()..=text.len())
                        .filter(|at| text.is_char_boundary(*at))
                        .any(|at| glob(rest, &text[at..])))
        }
    }
}
