//! Clients that call the router as if over the network.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::Value;
use server::auth::{COOKIE, session};
use server::services::State;
use tower::ServiceExt as _;
use tower_sessions::SessionStore as _;

/// Someone who sends requests: a browser with its cookies, or a program with a token. Clones share the cookies.
#[derive(Clone)]
pub struct Client {
    router: Router,
    address: SocketAddr,
    /// The peer that requests seem to come from.
    pub peer: SocketAddr,
    /// The cookies, as a browser keeps them.
    pub cookies: Arc<Mutex<Vec<(String, String)>>>,
    /// What writes carry as `X-CSRF-Token`.
    pub csrf_token: Option<String>,
    token: Option<String>,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header's text, empty where it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Fails the test unless the status is `status`.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self
    }
}

impl Client {
    pub(super) fn new(router: Router, address: SocketAddr) -> Self {
        let cookies = Arc::default();
        Self { router, address, peer: ([127, 0, 0, 1], 40_000).into(), cookies, csrf_token: None, token: None }
    }

    /// The same client from another address.
    pub fn from_peer(mut self, address: &str) -> Self {
        self.peer = SocketAddr::new(address.parse().unwrap(), 40_000);
        self
    }

    /// The same client with a personal access token.
    pub fn with_token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    pub(super) async fn with_session_of(mut self, state: &State, user: api::Ulid) -> Self {
        let csrf = format!("csrf-of-{user}");
        let mut record = tower_sessions::session::Record {
            id: tower_sessions::session::Id::default(),
            data: [("user".to_owned(), user.to_string().into()), ("csrf".to_owned(), csrf.clone().into())].into(),
            expiry_date: time::OffsetDateTime::now_utc() + session::LIFETIME,
        };
        session::Store::new(state.db.clone()).create(&mut record).await.unwrap();
        let name = server::auth::cookie_name(state.config.http.is_secure());
        self.set_cookie(name, &record.id.to_string());
        self.csrf_token = Some(csrf);
        self
    }

    /// Keeps a cookie; an empty value removes it.
    pub fn set_cookie(&self, name: &str, value: &str) {
        let mut cookies = self.cookies.lock().unwrap();
        cookies.retain(|(known, _)| known != name);
        if !value.is_empty() {
            cookies.push((name.to_owned(), value.to_owned()));
        }
    }

    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    /// The session's cookie over http.
    pub fn session_cookie(&self) -> Option<String> {
        self.cookie(COOKIE)
    }

    /// The same client that does not know the token of its session, as a page of another site.
    pub fn without_csrf_token(mut self) -> Self {
        self.csrf_token = None;
        self
    }

    /// The `Cookie` header, for clients of a socket.
    pub fn cookie_header(&self) -> String {
        let cookies = self.cookies.lock().unwrap();
        cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).body(Body::empty()).unwrap()).await
    }

    /// POST of JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.write(Method::POST, path, Some(body)).await
    }

    /// PUT of JSON.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.write(Method::PUT, path, Some(body)).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        self.write(Method::DELETE, path, None).await
    }

    /// POST of a form, as a browser without JavaScript sends it.
    pub async fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        let request = self
            .request(Method::POST, path)
            .header(header::ORIGIN, self.origin())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body.finish()))
            .unwrap();
        self.send(request).await
    }

    /// A write as the console's own pages send it: with `Origin` and the CSRF token.
    pub async fn write(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let mut request = self.request(method, path);
        if self.token.is_none() {
            request = request.header(header::ORIGIN, self.origin());
        }
        if let Some(token) = &self.csrf_token {
            request = request.header("x-csrf-token", token);
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).unwrap()).await
    }

    /// The portal's own origin.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A request with this client's credentials, to be completed by the test.
    pub fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, self.address.to_string());
        let cookies = self.cookie_header();
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies);
        }
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        request
    }

    /// Sends a request and keeps the cookies of the answer.
    pub async fn send(&self, mut request: Request<Body>) -> Answer {
        request.extensions_mut().insert(ConnectInfo(self.peer));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        for line in parts.headers.get_all(header::SET_COOKIE) {
            let line = line.to_str().unwrap();
            let (name, rest) = line.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            self.set_cookie(name, if line.contains("Max-Age=0") { "" } else { value });
        }
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }
}
