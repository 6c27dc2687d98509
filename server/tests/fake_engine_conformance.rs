//! What the fake engine must do as a real one does: the same functions run against both.
//!
//! The real half wants an engine of its own at `GANTRY_TEST_DOCKER_HOST` (`unix:///…`) with the image
//! `busybox:local`; without the variable it is not part of the run, and the run says so.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bollard::Docker;
use bollard::container::LogOutput;
use bollard::exec::StartExecResults;
use bollard::models::ContainerCreateBody;
use bollard::query_parameters as q;
use bytes::Bytes;
use futures::{Stream, StreamExt};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use crate::fake_engine::{FakeEngine, Flavour, Options, client};

#[allow(clippy::similar_names, reason = "`s` and `status` are no confusion")]
mod cases;
mod shapes;

/// An engine under test.
struct Subject {
    docker: Docker,
    socket: String,
    /// Goes before every name this test makes.
    prefix: String,
    /// The newest API version it speaks.
    version: String,
    /// API 1.44 and later: several networks at create, other words.
    is_new: bool,
    _fake: Option<FakeEngine>,
}

const IMAGE: &str = "busybox:local";
/// Longer than anything here takes, on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

async fn fake(flavour: Flavour) -> Subject {
    let fake = FakeEngine::start_with(Options { flavour, ..Options::default() }).await;
    Subject::at(fake.host(), Some(fake)).await
}

async fn real() -> Subject {
    let host = std::env::var("GANTRY_TEST_DOCKER_HOST").expect(
        "the real half of the conformance tests needs an engine of its own: set GANTRY_TEST_DOCKER_HOST=unix:///…, or leave out --ignored; `make test` does it",
    );
    Subject::at(host, None).await
}

impl Subject {
    async fn at(host: String, fake: Option<FakeEngine>) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let socket = host.trim_start_matches("unix://").to_owned();
        let docker = Docker::connect_with_unix(&socket, 60, bollard::API_DEFAULT_VERSION)
            .expect("a client")
            .negotiate_version()
            .await
            .expect("a version both speak");
        let next = NEXT.fetch_add(1, Ordering::SeqCst);
        let prefix = format!("conf{}x{next}", std::process::id());
        let version = docker.version().await.expect("version").api_version.expect("a version");
        let minor: u32 = version.trim_start_matches("1.").parse().expect("a version like 1.41");
        Self { docker, socket, prefix, version, is_new: minor >= 44, _fake: fake }
    }

    fn name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// A call without a client library: status and body.
    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let (status, bytes) = self.call_bytes(method, path, body.map(|b| b.to_string().into())).await;
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    async fn call_bytes(&self, method: &str, path: &str, body: Option<Bytes>) -> (u16, Bytes) {
        let path = format!("/v{}{path}", self.version);
        let work = client::call(self.socket.as_ref(), method, &path, body.unwrap_or_default());
        tokio::time::timeout(PATIENCE, work).await.expect("an answer in time").expect("an answer")
    }

    /// A call that is refused: status and the engine's words.
    async fn refusal(&self, method: &str, path: &str, body: Option<Value>) -> (u16, String) {
        let (status, value) = self.call(method, path, body).await;
        (status, value["message"].as_str().unwrap_or_default().to_owned())
    }

    /// Makes a container of the test image.
    async fn create(&self, name: &str, cmd: &[&str], more: Value) -> String {
        let mut body = json!({ "Image": IMAGE, "Cmd": cmd, "Labels": { "conformance": self.prefix } });
        for (key, value) in more.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        let body: ContainerCreateBody = serde_json::from_value(body).expect("a create body");
        let options = q::CreateContainerOptionsBuilder::default().name(&self.name(name)).build();
        self.docker.create_container(Some(options), body).await.expect("create").id
    }

    async fn start(&self, id: &str) {
        self.docker.start_container(id, None).await.expect("start");
    }

    async fn run(&self, name: &str, cmd: &[&str], more: Value) -> String {
        let id = self.create(name, cmd, more).await;
        self.start(&id).await;
        id
    }

    /// Waits for the end of a container; gives its exit code.
    async fn ended(&self, id: &str) -> i64 {
        let (status, value) = self.call("POST", &format!("/containers/{id}/wait"), None).await;
        assert_eq!(status, 200);
        value["StatusCode"].as_i64().expect("a status code")
    }

    async fn inspect(&self, id: &str) -> Value {
        let (status, value) = self.call("GET", &format!("/containers/{id}/json"), None).await;
        assert_eq!(status, 200, "{value}");
        value
    }

    /// Events of this test's containers from the engine's past, by action.
    async fn actions(&self, since: &str, id: &str) -> Vec<String> {
        let filters = json!({ "container": [id], "type": ["container"] }).to_string();
        let query: String = form_urlencoded::Serializer::new(String::new())
            .append_pair("since", since)
            .append_pair("until", &clock())
            .append_pair("filters", &filters)
            .finish();
        let (status, bytes) = self.call_bytes("GET", &format!("/events?{query}"), None).await;
        assert_eq!(status, 200);
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines
            .map(|line| serde_json::from_slice::<Value>(line).expect("an event"))
            .map(|event| event["Action"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// Removes what this test made.
    async fn clean(&self) {
        let filters = json!({ "label": [format!("conformance={}", self.prefix)] }).to_string();
        let filters: String = form_urlencoded::byte_serialize(filters.as_bytes()).collect();
        let path = format!("/containers/json?all=1&filters={filters}");
        for container in self.call("GET", &path, None).await.1.as_array().expect("a list") {
            let id = container["Id"].as_str().expect("an id");
            self.call("DELETE", &format!("/containers/{id}?force=1&v=1"), None).await;
        }
    }

    async fn exec(&self, id: &str, cmd: &[&str], more: Value) -> String {
        let mut body = json!({ "Cmd": cmd, "AttachStdout": true, "AttachStderr": true });
        for (key, value) in more.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        let (status, value) = self.call("POST", &format!("/containers/{id}/exec"), Some(body)).await;
        assert_eq!(status, 201, "{value}");
        value["Id"].as_str().expect("an id").to_owned()
    }

    /// Runs an exec to its end: output, errors, exit code.
    async fn exec_output(&self, id: &str, cmd: &[&str]) -> (String, String, i64) {
        let exec = self.exec(id, cmd, json!({})).await;
        let (output, _) = self.start_exec(&exec, false).await;
        let (out, err) = collect(output).await;
        (out, err, self.exec_code(&exec).await)
    }

    async fn start_exec(&self, exec: &str, tty: bool) -> (Output, Input) {
        let options = bollard::exec::StartExecOptions { tty, ..Default::default() };
        match self.docker.start_exec(exec, Some(options)).await.expect("start exec") {
            StartExecResults::Attached { output, input } => (output, input),
            StartExecResults::Detached => panic!("not asked to detach"),
        }
    }

    async fn exec_code(&self, exec: &str) -> i64 {
        let path = format!("/exec/{exec}/json");
        let code = async {
            loop {
                let (_, value) = self.call("GET", &path, None).await;
                if value["Running"] == false {
                    return value["ExitCode"].as_i64().expect("a code");
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, code).await.expect("an end in time")
    }
}

type Output = std::pin::Pin<Box<dyn Stream<Item = Result<LogOutput, bollard::errors::Error>> + Send>>;
type Input = std::pin::Pin<Box<dyn tokio::io::AsyncWrite + Send>>;

/// Reads a multiplexed stream to its end: standard output and errors.
async fn collect(output: impl Stream<Item = Result<LogOutput, bollard::errors::Error>>) -> (String, String) {
    let (mut out, mut err) = (String::new(), String::new());
    let mut output = std::pin::pin!(output);
    let work = async {
        while let Some(item) = output.next().await {
            match item.expect("output") {
                LogOutput::StdErr { message } => err.push_str(&String::from_utf8_lossy(&message)),
                other => out.push_str(&String::from_utf8_lossy(&other.into_bytes())),
            }
        }
    };
    tokio::time::timeout(PATIENCE, work).await.expect("an end in time");
    (out, err)
}

/// Reads until the text is there.
async fn read_until(output: &mut Output, wanted: &str) -> String {
    let mut text = String::new();
    let work = async {
        while !text.contains(wanted) {
            let item = output.next().await.expect("more output").expect("output");
            text.push_str(&String::from_utf8_lossy(&item.into_bytes()));
        }
    };
    let found = tokio::time::timeout(PATIENCE, work).await.is_ok();
    assert!(found, "waited for {wanted:?}, got {text:?}");
    text
}

/// Now, as the engine reads it.
fn clock() -> String {
    let now = time::OffsetDateTime::now_utc();
    format!("{}.{:09}", now.unix_timestamp(), now.nanosecond())
}

async fn type_in(input: &mut Input, text: &str) {
    input.write_all(text.as_bytes()).await.expect("input");
    input.flush().await.expect("input");
}

macro_rules! conformance {
    ($($module:ident::$name:ident),* $(,)?) => {
        mod fake_20 {
            $(#[tokio::test]
            async fn $name() {
                super::$module::$name(&super::fake(super::Flavour::Docker20).await).await;
            })*
        }
        mod fake_28 {
            $(#[tokio::test]
            async fn $name() {
                super::$module::$name(&super::fake(super::Flavour::Docker28).await).await;
            })*
        }
        mod real_engine {
            $(#[tokio::test]
            #[ignore = "not part of this run: wants an engine at GANTRY_TEST_DOCKER_HOST, which `make test` gives it"]
            async fn $name() {
                let subject = super::real().await;
                super::$module::$name(&subject).await;
                subject.clean().await;
            })*
        }
    };
}

conformance!(
    cases::says_who_it_is,
    cases::refuses_what_it_does_not_know,
    cases::a_container_lives_and_goes,
    cases::create_refuses_wrong_input,
    cases::a_taken_port_is_named,
    cases::lists_filter,
    cases::logs_are_framed_and_bounded,
    cases::a_terminal_logs_raw,
    cases::exec_runs_and_reports,
    cases::exec_echoes_its_input,
    cases::a_terminal_keeps_its_process_when_the_client_goes,
    cases::attach_carries_both_ways,
    cases::events_tell_the_life,
    cases::health_is_checked,
    cases::restart_policies_act,
    cases::wait_gives_the_code,
    cases::networks_hold_their_members,
    cases::volumes_are_kept_while_used,
    cases::images_are_named_and_kept_while_used,
    cases::stats_move,
    cases::archives_and_updates_are_taken,
    cases::a_missing_command_is_said,
    shapes::inspect_has_the_recorded_shape,
    shapes::lists_have_the_recorded_shape,
    shapes::events_have_the_recorded_shape,
);
