//! Deploying to a real engine: `GANTRY_TEST_DOCKER_HOST` names one that has the tests' images.

use std::collections::BTreeMap;

use api::container::{ContainerState, Health};
use api::operation::OperationState;
use serde_json::json;
use server::services::deploy::observe;

use crate::support::{Client, Database, TestPortal, eventually, story};

struct Real {
    portal: TestPortal,
    admin: Client,
    name: String,
}

impl Real {
    async fn new() -> Option<Self> {
        let host = std::env::var("GANTRY_TEST_DOCKER_HOST").ok().filter(|host| !host.is_empty())?;
        let portal = TestPortal::start(Database::sqlite(), &[("GANTRY_DOCKER_HOST", &host)]).await;
        let admin = portal.admin().await;
        let cluster = portal.state.clusters.get("local").unwrap().clone();
        eventually("the engine is connected", async || {
            *cluster.connected().borrow() && cluster.picture().as_of.is_some()
        })
        .await;
        let name = format!("real-{}", ulid::Ulid::generate().to_string().to_lowercase());
        Some(Self { portal, admin, name })
    }

    fn path(&self, rest: &str) -> String {
        format!("/api/v1/projects/default/apps/{}{rest}", self.name)
    }

    async fn ended(&self, accepted: serde_json::Value) -> api::operation::Operation {
        let path = format!("/api/v1/operations/{}", accepted["operation"].as_str().unwrap());
        let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(120);
        loop {
            let answer = self.admin.get(&path).await.expect(200);
            let operation: api::operation::Operation = serde_json::from_slice(&answer.body).unwrap();
            if operation.state.is_final() {
                return operation;
            }
            assert!(tokio::time::Instant::now() < deadline, "{}", story(&operation));
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    async fn succeeded(&self, accepted: serde_json::Value) {
        let operation = self.ended(accepted).await;
        assert_eq!(operation.state, OperationState::Succeeded, "{}", story(&operation));
    }

    async fn create(&self, compose: &str) -> serde_json::Value {
        let body = json!({"name": self.name, "cluster": "local", "compose": compose});
        self.admin.post("/api/v1/projects/default/apps", &body).await.expect(202).json()
    }

    /// The app's containers by name, straight from the engine.
    async fn containers(&self) -> BTreeMap<String, server::engine::ActualContainer> {
        let cluster = self.portal.state.clusters.get("local").unwrap();
        let label = format!("com.docker.compose.project={}", self.name);
        let containers = cluster.list_labelled(&label).await.unwrap();
        containers.into_iter().map(|container| (container.name.clone(), container)).collect()
    }

    async fn remove(&self) {
        let answer = self.admin.delete(&self.path("?volumes=true")).await.expect(202).json();
        self.succeeded(answer).await;
        assert!(self.containers().await.is_empty());
        let cluster = self.portal.state.clusters.get("local").unwrap();
        let owner = observe::Owner { id: ulid::Ulid::nil(), name: self.name.clone(), project: "default".into() };
        let left = observe::observe(cluster, &owner).await.unwrap();
        assert!(!left.networks.iter().any(|network| network.ours), "{:?}", left.networks);
        assert!(!left.volumes.iter().any(|volume| volume.ours), "{:?}", left.volumes);
    }
}

const APP: &str = "
services:
  store:
    image: busybox:local
    init: true
    command: [sh, -c, 'cat /run/secrets/key && sleep 10000']
    stop_grace_period: 1s
    volumes: ['data:/data']
    secrets: [key]
  web:
    image: gantry-test/web:1
    depends_on: [store]
    deploy: {replicas: 2}
    networks: {default: {aliases: [shop]}}
volumes: {data: {}}
secrets: {key: {environment: KEY}}
";

#[tokio::test]
async fn an_app_lives_its_life_on_a_real_engine() {
    let Some(real) = Real::new().await else { return };
    let body = json!({"name": real.name, "cluster": "local", "compose": APP, "variables": {"KEY": "sesame"}});
    let made = real.admin.post("/api/v1/projects/default/apps", &body).await.expect(202).json();
    real.succeeded(made).await;
    let containers = real.containers().await;
    let name = |service: &str, number: u32| format!("{}-{service}-{number}", real.name);
    assert_eq!(containers.keys().cloned().collect::<Vec<_>>(), [name("store", 1), name("web", 1), name("web", 2)]);
    let web = &containers[&name("web", 1)];
    assert_eq!(web.labels["com.docker.compose.service"], "web");
    assert_eq!(web.labels["com.docker.compose.container-number"], "1");
    assert_eq!(web.networks[0].name, format!("{}_default", real.name));
    assert_eq!(web.health, Some(Health::Healthy));

    // an update never has fewer than two healthy copies
    let update = json!({"compose": APP.replace("web:1", "web:2"), "variables": {"KEY": "sesame"}});
    let accepted = real.admin.put(&real.path(""), &update).await.expect(202).json();
    let serving = async || {
        let serves = |c: &server::engine::ActualContainer| {
            c.labels["com.docker.compose.service"] == "web"
                && c.state == ContainerState::Running
                && c.health == Some(Health::Healthy)
        };
        real.containers().await.values().filter(|container| serves(container)).count()
    };
    let watch = async {
        let mut least = usize::MAX;
        loop {
            least = least.min(serving().await);
            let path = format!("/api/v1/operations/{}", accepted["operation"].as_str().unwrap());
            let state = real.admin.get(&path).await.expect(200).json()["state"].clone();
            if state != "queued" && state != "running" {
                return least;
            }
        }
    };
    assert!(watch.await >= 2, "there was a gap");
    real.succeeded(accepted).await;
    let containers = real.containers().await;
    assert_eq!(containers.len(), 3, "{:?}", containers.keys());
    assert!(containers[&name("web", 2)].image.ends_with("web:2"));

    // a sick one is never let in
    let sick = json!({"compose": APP.replace("web:1", "sick:1"), "variables": {"KEY": "sesame"}});
    let failed = real.ended(real.admin.put(&real.path(""), &sick).await.expect(202).json()).await;
    assert_eq!(failed.state, OperationState::Failed, "{}", story(&failed));
    assert_eq!(failed.problem.unwrap().key, "deploy.container.unhealthy");
    assert_eq!(serving().await, 2);

    let back = real.admin.post(&real.path("/rollback"), &json!({"release": 1})).await.expect(202).json();
    real.succeeded(back).await;
    assert!(real.containers().await[&name("web", 1)].image.ends_with("web:1"));

    let scale = real.path("/services/web/scale");
    real.succeeded(real.admin.post(&scale, &json!({"replicas": 3})).await.expect(202).json()).await;
    assert_eq!(real.containers().await.len(), 4);
    real.succeeded(real.admin.post(&scale, &json!({"replicas": 1})).await.expect(202).json()).await;
    assert_eq!(real.containers().await.len(), 2);

    real.succeeded(real.admin.post(&real.path("/stop"), &json!(null)).await.expect(202).json()).await;
    assert!(real.containers().await.values().all(|container| container.state == ContainerState::Exited));
    real.succeeded(real.admin.post(&real.path("/start"), &json!(null)).await.expect(202).json()).await;
    assert!(real.containers().await.values().all(|container| container.state == ContainerState::Running));
    real.remove().await;
}

#[tokio::test]
async fn a_killed_container_comes_back_on_a_real_engine() {
    let Some(real) = Real::new().await else { return };
    let web = "services: {web: {image: 'busybox:local', init: true, command: [sleep, '10000'], stop_grace_period: 1s}}";
    real.succeeded(real.create(web).await).await;
    let cluster = real.portal.state.clusters.get("local").unwrap();
    let running = async || {
        let containers = real.containers().await;
        containers.values().find(|c| c.state == ContainerState::Running).map(|c| c.id.clone())
    };
    let first = running().await.unwrap();
    cluster.kill(&first, "KILL").await.unwrap();
    eventually("it runs again", async || running().await.is_some()).await;
    cluster.remove_container(&first, true, true).await.unwrap();
    eventually("another one runs", async || running().await.is_some_and(|id| id != first)).await;
    real.remove().await;
}

#[tokio::test]
async fn a_crash_and_a_taken_port_are_told_by_a_real_engine() {
    let Some(real) = Real::new().await else { return };
    let crash = real.ended(real.create("services: {web: {image: 'gantry-test/crash:1'}}").await).await;
    assert_eq!(crash.problem.as_ref().unwrap().key, "deploy.container.exited", "{}", story(&crash));
    let ready = crash.steps.iter().find(|step| step.message.key == "step.ready").unwrap();
    assert!(ready.output.iter().any(|line| line.contains("cannot read /etc/app.conf")), "{}", story(&crash));
    assert!(real.containers().await.is_empty());

    let port = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
    let number = port.local_addr().unwrap().port();
    let compose = format!("services: {{web: {{image: 'gantry-test/web:1', ports: ['{number}:8080']}}}}");
    let taken = real.admin.put(&real.path(""), &json!({ "compose": compose })).await.expect(202).json();
    let taken = real.ended(taken).await;
    let problem = taken.problem.as_ref().unwrap();
    assert_eq!(
        (problem.key.as_str(), &*problem.params["port"]),
        ("engine.port-in-use", &*number.to_string()),
        "{}",
        story(&taken)
    );
    real.remove().await;
}
