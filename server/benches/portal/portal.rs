//! The portal as a process of its own, and an administrator's browser.

use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;
use std::time::Duration;

use reqwest::{Method, header};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::report::given;

/// How long the portal may take for anything that is waited for.
const PATIENCE: Duration = Duration::from_mins(2);
const USERNAME: &str = "ada";
const PASSWORD: &str = "a sentence to remember";

/// An open WebSocket.
pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The running portal. Dropping it ends the process.
pub struct Portal {
    /// Where it listens.
    pub address: SocketAddr,
    /// The `Cookie` header of the administrator.
    pub cookie: String,
    csrf_token: String,
    http: reqwest::Client,
    child: Child,
    _data: tempfile::TempDir,
}

impl Portal {
    /// Starts it with an empty database on an engine, and signs an administrator in.
    pub async fn start(docker_host: &str) -> Self {
        let binary = given("GANTRY_BENCH_BINARY");
        let data = tempfile::tempdir().unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let log = std::fs::File::create(data.path().join("log")).unwrap();
        let command = |arguments: &[&str]| {
            let mut command = Command::new(&binary);
            command.args(arguments).env_clear().kill_on_drop(true).stdout(Stdio::null());
            command.env("GANTRY_DATA_DIR", data.path()).env("GANTRY_LISTEN", address.to_string());
            command.env("GANTRY_DOCKER_HOST", docker_host).stderr(log.try_clone().unwrap());
            command
        };
        let mut making = command(&["admin", "create-admin", USERNAME]).stdin(Stdio::piped()).spawn().unwrap();
        making.stdin.take().unwrap().write_all(format!("{PASSWORD}\n").as_bytes()).await.unwrap();
        let made = making.wait().await.unwrap().success();
        let said = || std::fs::read_to_string(data.path().join("log")).unwrap_or_default();
        assert!(made, "no administrator was made: {}", said());
        let child = command(&["serve"]).spawn().unwrap();
        let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        eventually("the portal is ready", async || {
            http.get(format!("http://{address}/readyz")).send().await.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
        let sign_in = json!({ "username": USERNAME, "password": PASSWORD });
        let answer = http.post(format!("http://{address}/api/v1/session")).json(&sign_in).send().await.unwrap();
        let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        let mut portal = Self { address, cookie, csrf_token: String::new(), http, child, _data: data };
        let page = portal.text("/account").await;
        let token = page.split_once(r#""csrf_token":""#).and_then(|(_, rest)| rest.split_once('"'));
        token.expect("the page carries its token").0.clone_into(&mut portal.csrf_token);
        portal
    }

    /// The same, once it sees so many containers.
    pub async fn with_containers(docker_host: &str, count: u64) -> Self {
        let portal = Self::start(docker_host).await;
        let path = "/api/v1/clusters/local/containers?limit=1";
        eventually("the portal sees the containers", async || {
            portal.try_json(path).await.is_some_and(|list| list["total"] == count)
        })
        .await;
        portal
    }

    /// Waits until it knows a container, by id or name.
    pub async fn sees(&self, container: &str) {
        let path = format!("/api/v1/clusters/local/containers/{container}");
        eventually("the portal sees a container", async || self.try_json(&path).await.is_some()).await;
    }

    /// A page, or any other text.
    pub async fn text(&self, path: &str) -> String {
        let answer = self.send(Method::GET, path, None).await;
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.text().await.unwrap()
    }

    /// What a path answers, where it answers.
    pub async fn try_json(&self, path: &str) -> Option<Value> {
        let answer = self.send(Method::GET, path, None).await;
        if answer.status().is_success() { answer.json().await.ok() } else { None }
    }

    /// Posts JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Value {
        let answer = self.send(Method::POST, path, Some(body)).await;
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> reqwest::Response {
        let mut request = self.http.request(method, format!("http://{}{path}", self.address));
        request = request.header(header::COOKIE, &self.cookie).header(header::ORIGIN, self.origin());
        if let Some(body) = body {
            request = request.header("x-csrf-token", &self.csrf_token).json(body);
        }
        request.send().await.unwrap()
    }

    /// Opens a WebSocket as the portal's own pages do.
    pub async fn socket(&self, path: &str) -> Socket {
        let mut request = format!("ws://{}{path}", self.address).into_client_request().unwrap();
        request.headers_mut().insert(header::COOKIE, self.cookie.parse().unwrap());
        request.headers_mut().insert(header::ORIGIN, self.origin().parse().unwrap());
        connect_async(request).await.unwrap_or_else(|error| panic!("{path}: {error}")).0
    }

    fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Bytes of memory that the process has now.
    pub fn memory_bytes(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id().expect("the portal runs"));
        let status = std::fs::read_to_string(path).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }

    /// The most memory it has within a time.
    pub async fn most_memory_bytes(&self, within: Duration) -> u64 {
        let end = tokio::time::Instant::now() + within;
        let mut most = self.memory_bytes();
        while tokio::time::Instant::now() < end {
            tokio::time::sleep(Duration::from_millis(50)).await;
            most = most.max(self.memory_bytes());
        }
        most
    }
}

/// Waits until `condition` holds.
pub async fn eventually(what: &str, condition: impl AsyncFn() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !condition().await {
        assert!(tokio::time::Instant::now() < deadline, "waited too long until {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
