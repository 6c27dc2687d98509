//! Faults a test can script: which calls, what goes wrong, how often.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use http_body_util::BodyExt;
use hyper::Response;
use serde_json::{Value, json};

use super::journal::Request;
use super::wire::{Body, EngineError, full, respond, respond_stream, streamed};

/// What goes wrong.
#[derive(Debug, Clone)]
pub enum Fault {
    /// The call is read and never answered.
    Hang,
    /// Answered rightly, but this much later.
    Delay(Duration),
    /// The engine's own error form.
    Error(u16, String),
    /// A page of HTML, as a proxy in between gives it.
    Html(u16),
    /// The right answer cut in half, ended properly.
    TruncatedJson,
    /// The right answer with every scalar of another type.
    WrongTypes,
    /// A body that starts like JSON and goes on for this many bytes.
    Flood(u64),
    /// The right answer, one byte each time.
    SlowBytes(Duration),
    /// The connection is closed without an answer.
    Disconnect,
    /// The right answer's headers and this many bytes of its body, then the connection breaks.
    DropAfter(usize),
    /// 200 and the headers of a stream on which nothing ever comes; the connection stays open.
    SilentStream,
    /// The disk is full: for create and pull.
    NoSpace,
}

/// Which calls a fault is for.
#[derive(Clone)]
pub struct Match(Arc<dyn Fn(&Request) -> bool + Send + Sync>);

impl Match {
    /// By method and path; `*` is a wildcard in both: `Match::call("POST", "/containers/*/start")`.
    pub fn call(method: &str, pattern: &str) -> Self {
        let (method, pattern) = (method.to_owned(), pattern.to_owned());
        Self::when(move |request| request.is(&method, &pattern))
    }

    /// Every call.
    pub fn any() -> Self {
        Self::when(|_| true)
    }

    /// By any condition.
    pub fn when(condition: impl Fn(&Request) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(condition))
    }
}

/// How often a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    Once,
    Count(usize),
    UntilCleared,
}

struct Rule {
    id: u64,
    matcher: Match,
    fault: Fault,
    left: Option<usize>,
}

/// The scripted faults; the first rule that fits strikes.
#[derive(Default)]
pub struct Faults {
    rules: Vec<Rule>,
    next: u64,
}

impl Faults {
    pub fn add(&mut self, matcher: Match, fault: Fault, times: Times) -> u64 {
        self.next += 1;
        let left = match times {
            Times::Once => Some(1),
            Times::Count(count) => Some(count),
            Times::UntilCleared => None,
        };
        self.rules.push(Rule { id: self.next, matcher, fault, left });
        self.next
    }

    pub fn clear(&mut self, id: u64) {
        self.rules.retain(|rule| rule.id != id);
    }

    pub fn clear_all(&mut self) {
        self.rules.clear();
    }

    pub fn take(&mut self, request: &Request) -> Option<Fault> {
        let at = self.rules.iter().position(|rule| rule.left != Some(0) && (rule.matcher.0)(request))?;
        let fault = self.rules[at].fault.clone();
        if let Some(left) = &mut self.rules[at].left {
            *left -= 1;
            if *left == 0 {
                self.rules.remove(at);
            }
        }
        Some(fault)
    }
}

/// The engine's words when the disk is full.
pub fn no_space(path: &str) -> EngineError {
    EngineError::new(500, format!("{path}: no space left on device"))
}

/// An answer that stands instead of the right one; none when the right one is needed first.
pub async fn instead(fault: &Fault) -> Option<Response<Body>> {
    match fault {
        Fault::Hang => std::future::pending().await,
        Fault::Error(status, message) => Some(EngineError::new(*status, message).into_response()),
        Fault::Html(status) => Some(respond(
            *status,
            "text/html",
            "<html><head><title>Bad gateway</title></head><body><h1>502</h1></body></html>",
        )),
        Fault::Flood(bytes) => Some(flood(*bytes)),
        Fault::Disconnect => Some(broken(full(""))),
        Fault::SilentStream => Some(respond_stream("application/json", stream::pending())),
        Fault::NoSpace => Some(no_space("write /var/lib/docker/tmp/GetImageBlob052381341").into_response()),
        Fault::Delay(delay) => {
            tokio::time::sleep(*delay).await;
            None
        }
        Fault::TruncatedJson | Fault::WrongTypes | Fault::SlowBytes(_) | Fault::DropAfter(_) => None,
    }
}

/// The right answer, spoilt. Only for answers that end.
pub async fn spoil(fault: &Fault, response: Response<Body>) -> Response<Body> {
    let (parts, body) = response.into_parts();
    let body = match fault {
        Fault::TruncatedJson => {
            let bytes = whole(body).await;
            full(bytes.slice(..bytes.len() / 2))
        }
        Fault::WrongTypes => {
            let bytes = whole(body).await;
            let value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
            full(twisted(value).to_string())
        }
        Fault::SlowBytes(pause) => {
            let (bytes, pause) = (whole(body).await, *pause);
            streamed(stream::unfold(0, move |at| {
                let bytes = bytes.clone();
                async move {
                    if at >= bytes.len() {
                        return None;
                    }
                    tokio::time::sleep(pause).await;
                    Some((Ok(bytes.slice(at..=at)), at + 1))
                }
            }))
        }
        Fault::DropAfter(count) => return cut(parts, body, *count),
        _ => body,
    };
    Response::from_parts(parts, body)
}

async fn whole(body: Body) -> Bytes {
    body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default()
}

fn cut(parts: hyper::http::response::Parts, body: Body, count: usize) -> Response<Body> {
    let state = (body, count, false);
    let chunks = stream::unfold(state, |(mut body, left, over)| async move {
        if over {
            return None;
        }
        if left == 0 {
            // Time for hyper to hand the bytes before to the socket: they count as delivered.
            tokio::task::yield_now().await;
            return Some((Err(io::Error::other("scripted fault")), (body, 0, true)));
        }
        match body.frame().await {
            Some(Ok(frame)) => {
                let data = frame.into_data().unwrap_or_default();
                let data = data.slice(..data.len().min(left));
                let left = left - data.len();
                Some((Ok(data), (body, left, false)))
            }
            _ => Some((Err(io::Error::other("scripted fault")), (body, 0, true))),
        }
    });
    Response::from_parts(parts, streamed(chunks))
}

/// Marks an answer that the server must not send: it closes the connection instead.
#[derive(Clone)]
pub struct Broken;

fn broken(body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    response.extensions_mut().insert(Broken);
    response
}

fn flood(bytes: u64) -> Response<Body> {
    let block = Bytes::from(vec![b'a'; 64 * 1024]);
    let start = stream::iter([Ok(Bytes::from_static(b"[{\"Id\":\""))]);
    let rest = stream::unfold(bytes, move |left| {
        let block = block.clone();
        async move {
            let size = left.min(block.len() as u64);
            let chunk = block.slice(..usize::try_from(size).unwrap_or(0));
            (size > 0).then_some((Ok(chunk), left - size))
        }
    });
    respond_stream("application/json", futures::StreamExt::chain(start, rest))
}

fn twisted(value: Value) -> Value {
    match value {
        Value::Null => json!({ "unexpected": true }),
        Value::Bool(_) => json!("perhaps"),
        Value::Number(_) => json!("seven"),
        Value::String(_) => json!(7),
        Value::Array(items) => items.into_iter().map(twisted).collect(),
        Value::Object(map) => map.into_iter().map(|(k, v)| (k, twisted(v))).collect(),
    }
}
