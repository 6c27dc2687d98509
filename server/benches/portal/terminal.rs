//! Terminal throughput: a program that floods a terminal in a container, through the portal and through terminado.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use api::terminal::{Input, Output};
use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use super::fake_engine::client;
use super::portal::{Portal, Socket};
use super::report::{Row, given, median, said};

const ROUNDS: usize = 3;
/// Bytes that the program prints in a round.
const FLOOD_BYTES: u64 = 32_000_000;
const LINE: &str = "The quick brown fox jumps over the lazy dog 0123456789 abcdefghij";
/// How long nothing may come.
const PATIENCE: Duration = Duration::from_mins(1);

/// The address of the real engine.
pub fn docker_host() -> String {
    given("GANTRY_TEST_DOCKER_HOST")
}

/// The socket of the real engine.
pub fn engine_socket() -> PathBuf {
    let host = docker_host();
    host.strip_prefix("unix://").expect("the engine is behind a unix socket").into()
}

/// The version of the real engine.
pub fn docker_version() -> String {
    said("docker", &["--host", &docker_host(), "version", "--format", "{{.Server.Version}}"])
}

/// The version of the peer.
pub fn terminado_version() -> String {
    said(&given("GANTRY_BENCH_PYTHON"), &["-c", "import terminado; print(terminado.__version__)"])
}

/// A container of the real engine. Dropping it removes it.
pub struct Container {
    /// Its id.
    pub id: String,
}

impl Container {
    /// Runs a command in it.
    pub fn run(command: &[&str]) -> Self {
        let run = ["run", "--detach", "--init", "--log-opt", "max-size=1g", "busybox:local"];
        Self { id: docker(&[&run[..], command].concat()) }
    }

    /// Waits until its command has ended.
    pub fn wait(&self) {
        docker(&["wait", &self.id]);
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        docker(&["rm", "--force", "--volumes", &self.id]);
    }
}

fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").arg("--host").arg(docker_host()).args(arguments).output().unwrap();
    assert!(output.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Bytes a second on the same container.
pub async fn throughput() -> Vec<Row> {
    let container = Container::run(&["sleep", "2147483647"]);
    let portal = Portal::start(&docker_host()).await;
    portal.sees(&container.id).await;
    let path = format!("/api/v1/clusters/local/containers/{}/exec?shell=/bin/sh", container.id);
    let mut ours = Terminal { socket: portal.socket(&path).await, speaks: Speaks::Gantry, last: Vec::new() };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/portal/terminado_server.py");
    let mut peer = tokio::process::Command::new(given("GANTRY_BENCH_PYTHON"))
        .args([script, "docker", "--host", &docker_host(), "exec", "--interactive", "--tty", &container.id, "/bin/sh"])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let port = BufReader::new(peer.stdout.take().unwrap()).lines().next_line().await.unwrap().unwrap();
    let (socket, _) = connect_async(format!("ws://127.0.0.1:{port}/terminal")).await.unwrap();
    let mut theirs = Terminal { socket, speaks: Speaks::Terminado, last: Vec::new() };
    for terminal in [&mut ours, &mut theirs] {
        terminal.type_in("stty -echo; PS1=; echo rea''dy\n").await;
        terminal.read_until(b"ready\r\n").await;
    }
    let (mut our_speeds, mut their_speeds, mut limits) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        our_speeds.push(ours.flood().await);
        their_speeds.push(theirs.flood().await);
        limits.push(of_engine(&container.id).await);
    }
    let (ours, theirs, limit) = (median(our_speeds), median(their_speeds), median(limits));
    let speed = |bytes: f64| format!("{:.1} MB/s", bytes / 1e6);
    vec![Row {
        measure: "terminal throughput, Docker".into(),
        bar: "≥ 2× terminado".into(),
        portal: speed(ours),
        peer: format!("terminado with `docker exec`: {}; the engine's own socket: {}", speed(theirs), speed(limit)),
        ratio: Some(ours / theirs),
        met: Some(ours / theirs >= 2.0),
    }]
}

/// Bytes a second that the engine itself gives, read from its socket: what no portal in front of it can surpass.
async fn of_engine(container: &str) -> f64 {
    let socket = engine_socket();
    let script = format!("yes '{LINE}' | head -c {FLOOD_BYTES}");
    let body = json!({ "AttachStdin": true, "AttachStdout": true, "Tty": true, "Cmd": ["/bin/sh", "-c", script] });
    let path = format!("/v1.41/containers/{container}/exec");
    let (_, made) = client::call(&socket, "POST", &path, body.to_string().into()).await.unwrap();
    let made: Value = serde_json::from_slice(&made).unwrap();
    let mut stream = UnixStream::connect(&socket).await.unwrap();
    let body = r#"{"Tty":true}"#;
    let head = format!(
        "POST /v1.41/exec/{}/start HTTP/1.1\r\nHost: engine\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        made["Id"].as_str().unwrap(),
        body.len()
    );
    let began = Instant::now();
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut bytes, mut buffer) = (0, vec![0; 64 * 1024]);
    loop {
        match stream.read(&mut buffer).await.unwrap() {
            0 => break,
            read => bytes += read,
        }
    }
    assert!(bytes as u64 >= FLOOD_BYTES, "{bytes} of {FLOOD_BYTES} bytes came");
    bytes as f64 / began.elapsed().as_secs_f64()
}

/// How a terminal is talked to.
enum Speaks {
    Gantry,
    Terminado,
}

/// A terminal that is drained.
struct Terminal {
    socket: Socket,
    speaks: Speaks,
    /// The end of what was printed.
    last: Vec<u8>,
}

impl Terminal {
    async fn type_in(&mut self, text: &str) {
        let message = match self.speaks {
            Speaks::Gantry => Message::binary(Input::Data(text.as_bytes()).encode()),
            Speaks::Terminado => Message::text(json!(["stdin", text]).to_string()),
        };
        self.socket.send(message).await.unwrap();
    }

    /// Bytes a second from the command to its last byte.
    async fn flood(&mut self) -> f64 {
        let began = Instant::now();
        self.type_in(&format!("yes '{LINE}' | head -c {FLOOD_BYTES}; echo; echo do''ne\n")).await;
        let bytes = self.read_until(b"done\r\n").await;
        assert!(bytes >= FLOOD_BYTES, "{bytes} of {FLOOD_BYTES} bytes came");
        bytes as f64 / began.elapsed().as_secs_f64()
    }

    /// Reads until something was printed; gives how many bytes came.
    async fn read_until(&mut self, end: &[u8]) -> u64 {
        let mut bytes = 0;
        self.last.clear();
        while !self.last.windows(end.len()).any(|part| part == end) {
            let message = tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("output in time");
            let message = message.expect("the terminal is open").unwrap();
            let printed = match (&self.speaks, &message) {
                (Speaks::Gantry, Message::Binary(message)) => match Output::decode(message) {
                    Some(Output::Data(printed)) => printed.to_vec(),
                    other => panic!("{other:?}"),
                },
                (Speaks::Terminado, Message::Text(message)) => {
                    // `["setup", {}]` comes first.
                    match serde_json::from_str::<(String, String)>(message) {
                        Ok((_, printed)) => printed.into_bytes(),
                        Err(_) => continue,
                    }
                }
                _ => continue,
            };
            if matches!(self.speaks, Speaks::Gantry) {
                let acknowledge = Input::Acknowledge(u32::try_from(printed.len()).unwrap()).encode();
                self.socket.send(Message::binary(acknowledge)).await.unwrap();
            }
            bytes += printed.len() as u64;
            let kept = self.last.len().min(end.len());
            self.last.drain(..self.last.len() - kept);
            self.last.extend_from_slice(&printed[printed.len().saturating_sub(4 * end.len())..]);
        }
        bytes
    }
}
