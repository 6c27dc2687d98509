//! The typed client. The methods stand beside the types of their noun.

use std::fmt::Write as _;
use std::pin::Pin;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::API_PREFIX;
use crate::problem::Problem;

/// The HTTP methods of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// The method's name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// A request as a transport sees it.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Path and query, beginning with `/api/v1`.
    pub path: String,
    /// The JSON body.
    pub body: Option<String>,
}

/// An answer as a transport gives it.
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The whole body.
    pub body: Body,
}

/// The body of an answer.
pub enum Body {
    /// As it came over the wire.
    Bytes(Vec<u8>),
    /// What an API in the same process answered, before it would be written down.
    #[cfg(not(target_family = "wasm"))]
    Value(Box<dyn Value>),
}

/// What an API in the same process answers.
#[cfg(not(target_family = "wasm"))]
pub trait Value: std::any::Any + Send {
    /// The JSON that would go over the wire.
    fn encode(&self) -> Result<String, Problem>;
}

#[cfg(not(target_family = "wasm"))]
impl<T: Serialize + Send + 'static> Value for T {
    fn encode(&self) -> Result<String, Problem> {
        encode(self)
    }
}

impl Body {
    /// Reads it; a value of another type is written down and read back.
    pub fn decode<T: DeserializeOwned + 'static>(self) -> Result<T, Problem> {
        match self {
            Self::Bytes(bytes) => decode(&bytes),
            #[cfg(not(target_family = "wasm"))]
            Self::Value(value) if (&*value as &dyn std::any::Any).is::<T>() => {
                let value: Box<dyn std::any::Any> = value;
                value.downcast().map(|value| *value).map_err(|_| Problem::unreadable("type"))
            }
            #[cfg(not(target_family = "wasm"))]
            Self::Value(value) => decode(value.encode()?.as_bytes()),
        }
    }
}

/// The future of a transport.
pub type ResponseFuture = Pin<Box<dyn Future<Output = Result<Response, Problem>> + Send>>;

/// Carries requests to the API: `fetch` in the browser, a call of the router while rendering on the server, a socket
/// for programs.
pub trait Transport: Send + Sync {
    /// Sends one request and reads the whole answer.
    fn send(&self, request: Request) -> ResponseFuture;
}

/// The API, typed.
#[derive(Clone)]
pub struct Client {
    transport: Arc<dyn Transport>,
}

impl Client {
    /// A client over `transport`.
    pub fn new(transport: impl Transport + 'static) -> Self {
        Self { transport: Arc::new(transport) }
    }

    /// Sends a request, and gives the answer's body where the status is a success.
    pub async fn send(&self, method: Method, path: Path, body: Option<String>) -> Result<Body, Problem> {
        let response = self.transport.send(Request { method, path: path.0, body }).await?;
        if (200..300).contains(&response.status) {
            return Ok(response.body);
        }
        Err(response.body.decode().unwrap_or_else(|_| Problem::unreadable(format!("HTTP {}", response.status))))
    }

    /// GET, with a JSON answer.
    pub(crate) async fn get<T: DeserializeOwned + 'static>(&self, path: Path) -> Result<T, Problem> {
        self.send(Method::Get, path, None).await?.decode()
    }

    /// A request with a JSON body and a JSON answer.
    pub(crate) async fn call<T: DeserializeOwned + 'static>(
        &self,
        method: Method,
        path: Path,
        body: &impl Serialize,
    ) -> Result<T, Problem> {
        self.send(method, path, Some(encode(body)?)).await?.decode()
    }

    /// A request whose answer has no body.
    pub(crate) async fn tell(&self, method: Method, path: Path) -> Result<(), Problem> {
        self.send(method, path, None).await.map(drop)
    }

    /// A request with a JSON body whose answer has none.
    pub(crate) async fn tell_with(&self, method: Method, path: Path, body: &impl Serialize) -> Result<(), Problem> {
        self.send(method, path, Some(encode(body)?)).await.map(drop)
    }
}

fn encode(body: &impl Serialize) -> Result<String, Problem> {
    serde_json::to_string(body).map_err(Problem::unreadable)
}

pub(crate) fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    // Not from the bytes: the browser has the code that reads each type from a text already.
    let text = std::str::from_utf8(body).map_err(Problem::unreadable)?;
    serde_json::from_str(text).map_err(Problem::unreadable)
}

/// A path under the API's prefix, with its segments escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path(String);

impl Path {
    /// The path of `segments`, each escaped as one path segment (RFC 3986).
    pub fn new(segments: &[&str]) -> Self {
        let mut path = API_PREFIX.to_owned();
        for segment in segments {
            path.push('/');
            escape(segment, &mut path);
        }
        Self(path)
    }

    /// The path with query parameters.
    #[must_use]
    pub fn query(mut self, query: &Query) -> Self {
        if !query.0.is_empty() {
            self.0.push('?');
            self.0.push_str(&query.0);
        }
        self
    }

    /// The text as it stands in an address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Query parameters, escaped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(String);

impl Query {
    /// No parameters.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a parameter.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        escape(name, &mut self.0);
        self.0.push('=');
        escape(&value.to_string(), &mut self.0);
        self
    }

    /// Adds a parameter where there is a value.
    #[must_use]
    pub fn optional(self, name: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// The text as it stands behind `?`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn escape(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_cannot_leave_its_place() {
        let path = Path::new(&["clusters", "local", "images", "../a b/c:1"]);
        assert_eq!(path.as_str(), "/api/v1/clusters/local/images/..%2Fa%20b%2Fc%3A1");
        let query = Query::new().with("q", "a&b=c").optional("none", None::<u8>);
        assert_eq!(path.query(&query).as_str().split_once('?').unwrap().1, "q=a%26b%3Dc");
    }

    #[test]
    fn a_value_is_handed_over_or_read_as_another_type() {
        let body = || Body::Value(Box::new(vec![1_u8, 2]));
        assert_eq!(body().decode::<Vec<u8>>().unwrap(), [1, 2]);
        assert_eq!(body().decode::<Vec<u64>>().unwrap(), [1, 2]);
        assert!(body().decode::<String>().is_err());
        assert_eq!(Body::Bytes(b"[3]".to_vec()).decode::<Vec<u8>>().unwrap(), [3]);
    }
}
