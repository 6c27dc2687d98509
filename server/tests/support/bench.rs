//! A portal and its scripted engine, for tests that deploy.

use std::time::Duration;

use api::operation::{Operation, OperationState, StepState};
use serde_json::{Value, json};
use server::services::deploy::Timing;

use super::{Client, Database, TestPortal, eventually};
use crate::fake_engine::{FakeEngine, Phase};

/// How long an operation may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// Short waits, so that tests are quick.
pub fn quick() -> Timing {
    Timing {
        settle: Duration::from_millis(60),
        poll: Duration::from_millis(20),
        engine_wait: Duration::from_secs(5),
        pull_pause: Duration::from_millis(10),
        crash_pause: Duration::from_millis(400),
        crash_pause_most: Duration::from_secs(2),
        crash_forgotten: Duration::from_secs(10),
        reconcile: Duration::from_millis(500),
        forward: Duration::from_millis(20),
    }
}

/// A portal on a database, with an engine.
pub struct Bench {
    /// The portal.
    pub portal: TestPortal,
    /// The engine.
    pub engine: FakeEngine,
    /// An administrator.
    pub admin: Client,
}

/// Runs `test` on every database there is to test with, each time with an engine of its own.
pub async fn each_bench(test: impl AsyncFn(Bench)) {
    for database in Database::every().await {
        test(Bench::new(database).await).await;
    }
}

impl Bench {
    /// With images `web:1`, `web:2`, `db:1` and `db:2` on the engine.
    pub async fn new(database: Database) -> Self {
        Self::with(database, &[]).await
    }

    /// The same, with settings as environment variables.
    pub async fn with(database: Database, settings: &[(&str, &str)]) -> Self {
        let engine = FakeEngine::start().await;
        for image in ["web:1", "web:2", "db:1", "db:2", "job:1"] {
            engine.add_image(image);
        }
        let host = engine.host();
        let mut settings = settings.to_vec();
        settings.push(("GANTRY_DOCKER_HOST", host.as_str()));
        let portal = TestPortal::start(database, &settings).await;
        Self::on(portal, engine).await
    }

    async fn on(portal: TestPortal, engine: FakeEngine) -> Self {
        let admin = portal.admin().await;
        let bench = Self { portal, engine, admin };
        bench.connected().await;
        bench
    }

    /// Waits until the portal has the engine's picture.
    pub async fn connected(&self) {
        let cluster = self.portal.state.clusters.get("local").unwrap().clone();
        eventually("the engine is connected", async || {
            // Each part of the picture is listed by itself; there are images from the start.
            *cluster.connected().borrow() && cluster.picture().as_of.is_some() && !cluster.picture().images.is_empty()
        })
        .await;
    }

    /// Ends the portal where it stands, without a word to the engine, as a kill of the process does.
    pub async fn kill(self) -> (Database, FakeEngine) {
        let Self { portal, engine, .. } = self;
        let database = portal.database.clone();
        portal.state.stopping.token.cancel();
        portal.state.stopping.running.close();
        portal.state.stopping.running.wait().await;
        (database, engine)
    }

    /// Starts the portal again on what a kill left.
    pub async fn revive((database, engine): (Database, FakeEngine)) -> Self {
        let portal = TestPortal::start(database, &[("GANTRY_DOCKER_HOST", &engine.host())]).await;
        Self::on(portal, engine).await
    }

    /// Asks for a new app; gives the operation's id.
    pub async fn create(&self, name: &str, compose: &str) -> String {
        let body = json!({"name": name, "cluster": "local", "compose": compose});
        let made = self.admin.post("/api/v1/projects/default/apps", &body).await.expect(202).json();
        made["operation"].as_str().unwrap().to_owned()
    }

    /// Makes an app and waits until it runs.
    pub async fn deploy(&self, name: &str, compose: &str) -> Operation {
        let operation = self.ended(&self.create(name, compose).await).await;
        assert_eq!(operation.state, OperationState::Succeeded, "{}", story(&operation));
        operation
    }

    /// Asks for a new release; gives the operation's id.
    pub async fn update(&self, name: &str, compose: &str) -> String {
        let path = format!("/api/v1/projects/default/apps/{name}");
        id_of(&self.admin.put(&path, &json!({ "compose": compose })).await.expect(202).json())
    }

    /// Asks for something at a path below the app; gives the operation's id.
    pub async fn ask(&self, name: &str, path: &str, body: Value) -> String {
        let path = format!("/api/v1/projects/default/apps/{name}/{path}");
        id_of(&self.admin.post(&path, &body).await.expect(202).json())
    }

    /// One app.
    pub async fn app(&self, name: &str) -> Value {
        self.admin.get(&format!("/api/v1/projects/default/apps/{name}")).await.expect(200).json()
    }

    /// An operation as it stands.
    pub async fn operation(&self, id: &str) -> Operation {
        let answer = self.admin.get(&format!("/api/v1/operations/{id}")).await.expect(200);
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// Waits until an operation has ended.
    pub async fn ended(&self, id: &str) -> Operation {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let operation = self.operation(id).await;
            if operation.state.is_final() {
                return operation;
            }
            assert!(tokio::time::Instant::now() < deadline, "never ended: {}", story(&operation));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until an operation does a step.
    pub async fn reached(&self, id: &str, step: &str) {
        eventually(&format!("the step {step}"), async || {
            self.operation(id).await.steps.iter().any(|found| found.message.key == step)
        })
        .await;
    }

    /// Waits until an app is in a state.
    pub async fn state(&self, name: &str, state: &str) {
        eventually(&format!("{name} is {state}"), async || self.app(name).await["state"] == state).await;
    }

    /// The containers of an app as `name image phase`, sorted by name.
    pub fn containers(&self, app: &str) -> Vec<String> {
        self.engine.look(|state| {
            let ours = state.containers.values().filter(|c| c.label("com.docker.compose.project") == Some(app));
            let mut lines: Vec<_> = ours.map(|c| format!("{} {} {}", c.name, c.image, c.phase.word())).collect();
            lines.sort();
            lines
        })
    }

    /// The most containers of a service that ran at the same time since the engine started.
    pub fn most_at_once(&self, service: &str) -> usize {
        self.engine.look(|state| {
            let (mut running, mut most) = (std::collections::BTreeSet::new(), 0);
            for event in &state.event_log {
                let is_of = event.attributes.get("com.docker.compose.service").is_some_and(|name| name == service);
                if event.kind != "container" || !is_of {
                    continue;
                }
                match event.action.as_str() {
                    "start" => {
                        running.insert(event.id.clone());
                    }
                    "die" => {
                        running.remove(&event.id);
                    }
                    _ => {}
                }
                most = most.max(running.len());
            }
            most
        })
    }
}

fn id_of(accepted: &Value) -> String {
    accepted["operation"].as_str().unwrap().to_owned()
}

/// An operation in words.
pub fn story(operation: &Operation) -> String {
    let mut text = format!("{:?} {:?} {:?}\n", operation.kind, operation.state, operation.problem);
    for step in &operation.steps {
        let message = step.message.text(api::Language::English);
        let result = step.result.as_ref().map(|result| result.text(api::Language::English));
        text.push_str(&format!("  {:?} {message} {result:?} {:?}\n", step.state, step.output));
    }
    text
}

/// The keys of an operation's failed steps.
pub fn failed_steps(operation: &Operation) -> Vec<&str> {
    let failed = operation.steps.iter().filter(|step| step.state == StepState::Failed);
    failed.map(|step| step.message.key.as_str()).collect()
}

/// The key of an operation's problem.
pub fn problem(operation: &Operation) -> &str {
    operation.problem.as_ref().map_or("", |problem| problem.key.as_str())
}
