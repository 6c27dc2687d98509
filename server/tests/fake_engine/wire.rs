//! Bodies, answers and errors in the form the engine gives them.

use std::convert::Infallible;
use std::io;

use bytes::Bytes;
use futures::{Stream, StreamExt};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

/// Every body of the fake; an error in it breaks the connection off.
pub type Body = UnsyncBoxBody<Bytes, io::Error>;
/// What a route gives back.
pub type Answer = Result<Response<Body>, EngineError>;

/// A refusal in the engine's words.
#[derive(Debug, Clone)]
pub struct EngineError {
    /// HTTP status.
    pub status: u16,
    /// The text of `message`.
    pub message: String,
}

impl EngineError {
    pub fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    pub fn into_response(self) -> Response<Body> {
        let text = format!("{}\n", json!({ "message": self.message }));
        respond(self.status, "application/json", text)
    }
}

pub fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never: Infallible| match never {}).boxed_unsync()
}

pub fn streamed(chunks: impl Stream<Item = Result<Bytes, io::Error>> + Send + 'static) -> Body {
    StreamBody::new(chunks.map(|chunk| chunk.map(Frame::data))).boxed_unsync()
}

pub fn respond(status: u16, content_type: &str, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(full(body));
    *response.status_mut() = StatusCode::from_u16(status).expect("a status code");
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_str(content_type).expect("a header value"));
    response
}

pub fn respond_stream(
    content_type: &str,
    chunks: impl Stream<Item = Result<Bytes, io::Error>> + Send + 'static,
) -> Response<Body> {
    let mut response = respond(200, content_type, "");
    *response.body_mut() = streamed(chunks);
    response
}

/// A status without a body, as 204, 304 and the like are.
pub fn empty(status: u16) -> Response<Body> {
    let mut response = Response::new(full(""));
    *response.status_mut() = StatusCode::from_u16(status).expect("a status code");
    response
}

/// JSON, ended by a line feed as Go's encoder does.
pub fn ok(status: u16, value: &Value) -> Answer {
    Ok(respond(status, "application/json", format!("{value}\n")))
}

pub fn fail<T>(status: u16, message: impl Into<String>) -> Result<T, EngineError> {
    Err(EngineError::new(status, message))
}
