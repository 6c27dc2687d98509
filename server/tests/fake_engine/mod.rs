//! A scripted Docker engine on a unix socket: state in memory, answers as recorded from engines 20.10 and 28.5.
//!
//! `FakeEngine::start()` serves; the methods on it change the world behind the client's back, script faults and
//! look at what was called. Time that the engine itself takes (grace periods, health checks, restarts, `sleep`)
//! passes in engine seconds of 20 ms, unless [`Options::second`] says otherwise.
#![allow(dead_code, unused_imports, reason = "each binary that includes the fake uses its own part of it")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::single_match_else,
    clippy::struct_excessive_bools,
    clippy::struct_field_names,
    clippy::format_push_string,
    clippy::match_wild_err_arm,
    clippy::similar_names,
    clippy::unnecessary_wraps,
    clippy::unused_self,
    reason = "figures are made up, names and flags are the engine's own"
)]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "this is test code, which clippy sees only inside test functions"
)]

pub mod behaviour;
pub mod client;
pub mod container;
mod container_routes;
mod container_view;
mod event;
mod exec;
pub mod fault;
mod filter;
mod health;
pub mod image;
pub mod journal;
mod lifecycle;
mod log_routes;
pub mod log_store;
mod network;
pub mod pull;
mod server;
mod shell;
pub mod state;
mod stats;
mod stream_count;
mod system;
mod volume;
mod wire;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinHandle;

pub use behaviour::{Behaviour, Health, Lines, Target};
pub use container::Phase;
pub use fault::{Fault, Match, Times};
pub use journal::{Journal, Request};
pub use log_store::Stream;
pub use pull::{PullOutcome, PullScript};
pub use stream_count::StreamKind;

use image::Image;
use state::{Shared, State};

/// Which engine is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// 20.10, API 1.41, cgroup v1.
    Docker20,
    /// 28.5, API 1.51, cgroup v2.
    Docker28,
}

/// How the engine is played.
#[derive(Debug, Clone)]
pub struct Options {
    pub flavour: Flavour,
    /// How long a second of the engine's own time takes.
    pub second: Duration,
    /// How long the waiting helpers wait before they fail the test.
    pub patience: Duration,
    /// How many networks with an address range of the engine's choice there can be; a real engine has 31.
    pub network_limit: Option<usize>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            flavour: Flavour::Docker20,
            second: Duration::from_millis(20),
            patience: Duration::from_mins(1),
            network_limit: None,
        }
    }
}

impl Options {
    pub fn api_version(&self) -> &'static str {
        match self.flavour {
            Flavour::Docker20 => "1.41",
            Flavour::Docker28 => "1.51",
        }
    }

    pub fn min_api_version(&self) -> &'static str {
        match self.flavour {
            Flavour::Docker20 => "1.12",
            Flavour::Docker28 => "1.24",
        }
    }

    pub fn version(&self) -> &'static str {
        match self.flavour {
            Flavour::Docker20 => "20.10.24+dfsg1",
            Flavour::Docker28 => "28.5.2+dfsg4",
        }
    }
}

/// A container to add without a call.
#[derive(Debug, Clone)]
pub struct ContainerSpec {
    pub name: String,
    /// The body of a create call.
    pub body: Value,
    pub running: bool,
}

impl ContainerSpec {
    /// A running container of an image, with a program that runs until it is told to end; the image is made when it is
    /// not there.
    pub fn new(name: &str, image: &str) -> Self {
        Self { name: name.into(), body: json!({ "Image": image, "Cmd": ["serve"], "Labels": {} }), running: true }
    }

    pub fn label(mut self, key: &str, value: &str) -> Self {
        self.body["Labels"][key] = json!(value);
        self
    }

    /// Sets a field of the create body: `.with("Tty", true)`.
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.body[key] = value.into();
        self
    }

    pub fn stopped(mut self) -> Self {
        self.running = false;
        self
    }
}

/// The running fake. Dropping it ends everything and removes the socket.
pub struct FakeEngine {
    shared: Arc<Shared>,
    dir: tempfile::TempDir,
    server: Mutex<Option<JoinHandle<()>>>,
}

impl FakeEngine {
    /// An engine 20.10 with the image `busybox:local`.
    pub async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    /// An engine of a flavour with the image `busybox:local`.
    #[expect(clippy::unused_async, reason = "needs a runtime, as its users expect of a server")]
    pub async fn start_with(options: Options) -> Self {
        let shared = Shared::new(options);
        shared.lock().add_predefined_networks();
        let dir = tempfile::tempdir().expect("a directory for the socket");
        let engine = Self { shared, dir, server: Mutex::default() };
        engine.add_image_with("busybox:local", &json!({ "Cmd": ["/bin/sh"] }), &[1_984_132]);
        engine.bind();
        engine
    }

    /// The socket's path.
    pub fn socket(&self) -> PathBuf {
        self.dir.path().join("docker.sock")
    }

    /// `unix:///…/docker.sock`, as `DOCKER_HOST` wants it.
    pub fn host(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// The directory of the socket, for a test's own files.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    fn bind(&self) {
        let path = self.socket();
        let _ = std::fs::remove_file(&path);
        let server = server::serve(&self.shared, &path).expect("the fake engine's socket");
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = Some(server);
    }

    async fn unbind(&self) {
        let server = self.server.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(server) = server {
            server.abort();
            let _ = server.await;
        }
        self.shared.down.send_modify(|beat| *beat += 1);
    }

    // The engine as a whole

    /// Stops the engine as a service manager does: connections break, the socket goes, containers end.
    pub async fn stop(&self) {
        self.unbind().await;
        let _ = std::fs::remove_file(self.socket());
        let mut state = self.shared.lock();
        let ids: Vec<String> = state.order.clone();
        for id in ids {
            self.shared.end_with_engine(&mut state, &id);
        }
    }

    /// Starts it again on the same path with its state: containers come back as their restart policies say.
    pub fn start_again(&self) {
        {
            let mut state = self.shared.lock();
            let back: Vec<String> = state
                .order
                .iter()
                .filter_map(|id| state.containers.get(id))
                .filter(|c| !c.is_running() && c.run > 0)
                .filter(|c| match c.restart_policy() {
                    "always" => true,
                    "unless-stopped" => !c.stopped_by_hand,
                    "on-failure" => !c.stopped_by_hand && c.exit_code != 0,
                    _ => false,
                })
                .map(|c| c.id.clone())
                .collect();
            for id in back {
                // What fails to start stays down, with the error noted.
                let _ = self.shared.start_container(&mut state, &id);
            }
        }
        self.bind();
    }

    /// Stops and starts.
    pub async fn restart(&self) {
        self.stop().await;
        self.start_again();
    }

    /// Connections are refused (the socket file stays) and open ones break; containers go on.
    pub async fn refuse_connections(&self) {
        self.unbind().await;
    }

    /// Ends `refuse_connections`.
    pub fn accept_connections(&self) {
        self.bind();
    }

    // Faults

    /// Scripts a fault; gives a number for [`Self::clear_fault`].
    pub fn fault_times(&self, matcher: Match, fault: Fault, times: Times) -> u64 {
        let mut faults = self.shared.faults.lock().unwrap_or_else(PoisonError::into_inner);
        faults.add(matcher, fault, times)
    }

    /// Scripts a fault until it is cleared.
    pub fn fault(&self, matcher: Match, fault: Fault) -> u64 {
        self.fault_times(matcher, fault, Times::UntilCleared)
    }

    /// Scripts a fault for the next call that fits.
    pub fn fault_once(&self, matcher: Match, fault: Fault) -> u64 {
        self.fault_times(matcher, fault, Times::Once)
    }

    pub fn clear_fault(&self, number: u64) {
        self.shared.faults.lock().unwrap_or_else(PoisonError::into_inner).clear(number);
    }

    pub fn clear_faults(&self) {
        self.shared.faults.lock().unwrap_or_else(PoisonError::into_inner).clear_all();
    }

    /// The event streams open now go dead with their connections open; new ones work.
    pub fn silence_events(&self) {
        let mut state = self.shared.lock();
        state.silent_streams = state.event_streams;
    }

    // The world behind the client's back

    /// Scripts what containers do; later rules win over earlier ones, labels over both. Holds from the next start.
    pub fn behave(&self, target: Target, behaviour: Behaviour) {
        self.shared.lock().behaviours.push((target, behaviour));
    }

    /// Scripts what a registry answers for references that fit (`*` is a wildcard). Unscripted ones are not there.
    pub fn remote(&self, pattern: &str, script: PullScript) {
        self.shared.lock().remotes.push((pattern.into(), script));
    }

    /// Puts an image in; gives its id.
    pub fn add_image(&self, tag: &str) -> String {
        self.add_image_with(tag, &json!({ "Cmd": ["/bin/app"] }), &[3_000_000, 500_000])
    }

    /// Puts an image in with its configuration and layer sizes; gives its id.
    pub fn add_image_with(&self, tag: &str, config: &Value, layer_sizes: &[u64]) -> String {
        let mut state = self.shared.lock();
        let image = Image::new(&mut state, &[tag], config, layer_sizes);
        let id = image.id.clone();
        state.put_image(image);
        self.shared.beat();
        id
    }

    /// The images that the real engine of the tests has too, behaving alike: `gantry-test/web:1` and `:2`, `slow:1`,
    /// `sick:1`, `crash:1`, `chatty:1`, `curl:1`.
    pub fn add_test_images(&self) {
        let check = json!({ "Test": ["CMD-SHELL", "true"], "Interval": 1_000_000_000, "Retries": 3 });
        let web = json!({ "Cmd": ["/bin/serve"], "ExposedPorts": { "8080/tcp": {} }, "Healthcheck": check });
        let crash = "echo starting; echo 'cannot read /etc/app.conf: no such file' >&2; exit 3";
        let chat = "while true; do echo line; echo '\u{1b}[32mgreen\u{1b}[0m' >&2; echo '{\"level\":\"info\"}'; sleep 0.5; done";
        let images = [
            ("web:1", &web, Behaviour::healthy_after(1)),
            ("web:2", &web, Behaviour::healthy_after(1)),
            ("slow:1", &web, Behaviour::healthy_after(4)),
            ("sick:1", &web, Behaviour::health(Health::Unhealthy)),
            ("crash:1", &json!({ "Cmd": ["/bin/fall"] }), Behaviour::script(crash)),
            (
                "chatty:1",
                &json!({ "Cmd": ["/bin/chat"] }),
                Behaviour { ignore_sigterm: Some(false), ..Behaviour::script(chat) },
            ),
            ("curl:1", &json!({ "Cmd": ["/bin/idle"] }), Behaviour::default()),
        ];
        for (name, config, behaviour) in images {
            let tag = format!("gantry-test/{name}");
            self.add_image_with(&tag, config, &[1_984_132]);
            self.behave(Target::Image(tag), behaviour);
        }
    }

    /// Adds a container as another client would (with its events); gives its id.
    pub fn add_container(&self, spec: &ContainerSpec) -> String {
        let image = spec.body["Image"].as_str().unwrap_or_default().to_owned();
        if self.shared.lock().image(&image).is_none() {
            self.add_image(&image);
        }
        let mut state = self.shared.lock();
        let id = container_routes::create_in(&self.shared, &mut state, &spec.name, &spec.body, None)
            .unwrap_or_else(|error| panic!("add_container {}: {}", spec.name, error.message));
        if spec.running {
            self.shared
                .start_container(&mut state, &id)
                .unwrap_or_else(|error| panic!("start of {}: {}", spec.name, error.message));
        }
        id
    }

    fn on(&self, reference: &str, act: impl FnOnce(&mut State, &str)) {
        let mut state = self.shared.lock();
        let id = state.resolve(reference).unwrap_or_else(|error| panic!("{}", error.message));
        act(&mut state, &id);
    }

    /// The first process is killed from outside: exit code 137, the restart policy acts.
    pub fn kill_container(&self, reference: &str) {
        self.exit_container(reference, 137);
    }

    /// The first process ends by itself with a code.
    pub fn exit_container(&self, reference: &str, code: i64) {
        self.on(reference, |state, id| self.shared.die_now(state, id, code));
    }

    /// The kernel kills it for its memory.
    pub fn oom_container(&self, reference: &str) {
        self.on(reference, |state, id| {
            self.shared.emit_container(state, id, "oom", &[]);
            self.shared.die_now(state, id, 137);
            if let Some(container) = state.containers.get_mut(id) {
                container.oom_killed = true;
            }
        });
    }

    /// Removed by force by another client.
    pub fn remove_container(&self, reference: &str) {
        self.on(reference, |state, id| {
            if let Some(container) = state.containers.get_mut(id) {
                container.stopped_by_hand = true;
            }
            self.shared.die_now(state, id, 137);
            self.shared.destroy(state, id, true);
        });
    }

    /// Started by another client.
    pub fn start_container(&self, reference: &str) {
        self.on(reference, |state, id| {
            self.shared.start_container(state, id).unwrap_or_else(|error| panic!("{}", error.message));
        });
    }

    /// `starting`, `healthy` or `unhealthy`, with its event.
    pub fn set_health(&self, reference: &str, status: &str) {
        self.on(reference, |state, id| self.shared.set_health(state, id, status));
    }

    /// The container prints a line; the line feed is added.
    pub fn log_line(&self, reference: &str, stream: Stream, line: &str) {
        self.on(reference, |state, id| {
            self.shared.print_text(state, id, stream, format!("{line}\n").as_bytes());
        });
    }

    // Looking

    /// Every call so far.
    pub fn requests(&self) -> Journal {
        self.shared.journal.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The calls so far that can change something.
    pub fn writes(&self) -> Vec<Request> {
        self.requests().writes().into_iter().cloned().collect()
    }

    /// Forgets the calls so far.
    pub fn clear_requests(&self) {
        self.shared.journal.lock().unwrap_or_else(PoisonError::into_inner).0.clear();
    }

    /// Looks at the state under its lock.
    pub fn look<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.shared.lock())
    }

    /// The phase of a container; none when it is gone.
    pub fn phase(&self, reference: &str) -> Option<Phase> {
        let state = self.shared.lock();
        let id = state.resolve(reference).ok()?;
        state.containers.get(&id).map(|container| container.phase)
    }

    /// Names of the running containers that carry a label, sorted.
    pub fn running_with(&self, key: &str, value: &str) -> Vec<String> {
        let state = self.shared.lock();
        let fitting = state.containers.values().filter(|c| c.is_running() && c.label(key) == Some(value));
        let mut names: Vec<String> = fitting.map(|c| c.name.clone()).collect();
        names.sort();
        names
    }

    /// Archives put into a container: path and tar bytes.
    pub fn archives(&self, reference: &str) -> Vec<(String, bytes::Bytes)> {
        let state = self.shared.lock();
        let id = state.resolve(reference).unwrap_or_else(|error| panic!("{}", error.message));
        state.containers[&id].archives.clone()
    }

    /// Streams of a kind that are open now.
    pub fn open_streams(&self, kind: StreamKind) -> usize {
        self.shared.counts.open(kind)
    }

    /// Exec processes that run now, with or without a client.
    pub fn running_execs(&self) -> usize {
        self.shared.lock().execs.values().filter(|exec| exec.running).count()
    }

    // Waiting

    /// Waits until the journal fits; fails the test with the journal when it takes too long.
    pub async fn wait_for(&self, what: &str, fits: impl Fn(&Journal) -> bool) -> Journal {
        let look = || {
            let journal = self.requests();
            fits(&journal).then_some(journal)
        };
        self.wait(what, look).await
    }

    /// Waits until the state fits.
    pub async fn wait_until(&self, what: &str, fits: impl Fn(&State) -> bool) {
        self.wait(what, || fits(&self.shared.lock()).then_some(())).await;
    }

    /// Waits until so many streams of a kind are open.
    pub async fn wait_streams(&self, kind: StreamKind, count: usize) {
        let what = format!("{count} open {kind:?} streams");
        self.wait(&what, || (self.open_streams(kind) == count).then_some(())).await;
    }

    /// Waits until a container is in a phase.
    pub async fn wait_phase(&self, reference: &str, phase: Phase) {
        let what = format!("{reference} {phase:?}");
        self.wait(&what, || (self.phase(reference) == Some(phase)).then_some(())).await;
    }

    async fn wait<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let mut pulse = self.shared.pulse.subscribe();
        let found = async {
            loop {
                pulse.borrow_and_update();
                if let Some(found) = look() {
                    return found;
                }
                let _ = pulse.changed().await;
            }
        };
        match tokio::time::timeout(self.shared.options.patience, found).await {
            Ok(found) => found,
            Err(_) => panic!(
                "waited {:?} for: {what}\ncalls so far:\n{}",
                self.shared.options.patience,
                self.requests().text()
            ),
        }
    }
}

impl Drop for FakeEngine {
    fn drop(&mut self) {
        if let Some(server) = self.server.lock().unwrap_or_else(PoisonError::into_inner).take() {
            server.abort();
        }
        self.shared.down.send_modify(|beat| *beat += 1);
        self.shared.abort_tasks();
    }
}
