//! The portal is killed between every two steps, and started again on what that left.

use api::operation::OperationState;
use serde_json::json;

use crate::fake_engine::{Behaviour, Target};
use crate::support::{Bench, Database, story};

const SHOP: &str = "
services:
  db: {image: 'db:1', volumes: ['data:/data']}
  web: {image: 'web:1', deploy: {replicas: 2}, depends_on: [db]}
volumes: {data: {}}
";

/// What one run is about.
struct Scenario {
    /// Before the kill is armed.
    arrange: fn(&Bench),
    deployed: bool,
    /// Gives the operation to kill the portal in.
    begin: fn() -> (&'static str, serde_json::Value),
    ends: OperationState,
    /// What is there in the end.
    left: &'static [&'static str],
}

/// Kills the portal at the first place, the second place and so on, until an operation passes none more.
async fn at_every_place(database: &str, scenario: Scenario) {
    let mut place = 1;
    loop {
        let database = match database {
            "sqlite" => Database::sqlite(),
            _ => match Database::every().await.into_iter().nth(1) {
                Some(postgres) => postgres,
                None => return,
            },
        };
        let bench = Bench::new(database).await;
        if scenario.deployed {
            bench.deploy("shop", SHOP).await;
        }
        (scenario.arrange)(&bench);
        bench.portal.state.operations.failpoints().stop_at(place);
        let (what, body) = (scenario.begin)();
        let id = match what {
            "create" => bench.create("shop", body["compose"].as_str().unwrap()).await,
            "update" => bench.update("shop", body["compose"].as_str().unwrap()).await,
            "delete" => {
                let accepted = bench.admin.delete("/api/v1/projects/default/apps/shop?volumes=true").await.expect(202);
                accepted.json()["operation"].as_str().unwrap().to_owned()
            }
            path => bench.ask("shop", path, body).await,
        };
        let failpoints = bench.portal.state.operations.failpoints().clone();
        let was_stopped = tokio::select! {
            () = failpoints.stopped() => true,
            _ = bench.ended(&id) => false,
        };
        let bench = Bench::revive(bench.kill().await).await;
        let operation = bench.ended(&id).await;
        assert_eq!(operation.state, scenario.ends, "killed at {place}: {}", story(&operation));
        crate::support::eventually("the end is reached", async || bench.containers("shop") == scenario.left).await;
        assert!(bench.most_at_once("db") <= 1, "killed at {place}: two live copies of a stop-first service");
        let busy = server::db::operation::list_unfinished(bench.portal.state.db.read()).await.unwrap();
        assert!(busy.is_empty(), "nothing runs for ever");
        if !was_stopped {
            assert!(place > 5, "the places were passed");
            return;
        }
        place += 1;
    }
}

const RUNNING_2: &[&str] = &["shop-db-1 db:2 running", "shop-web-1 web:2 running", "shop-web-2 web:2 running"];
const RUNNING_1: &[&str] = &["shop-db-1 db:1 running", "shop-web-1 web:1 running", "shop-web-2 web:1 running"];

fn update() -> (&'static str, serde_json::Value) {
    ("update", json!({"compose": SHOP.replace("db:1", "db:2").replace("web:1", "web:2")}))
}

fn an_update() -> Scenario {
    Scenario { arrange: |_| {}, deployed: true, begin: update, ends: OperationState::Succeeded, left: RUNNING_2 }
}

#[tokio::test]
async fn an_update_that_is_killed_anywhere_is_finished_by_the_next_start() {
    at_every_place("sqlite", an_update()).await;
}

#[tokio::test]
async fn an_update_that_is_killed_anywhere_is_finished_on_postgresql_too() {
    at_every_place("postgresql", an_update()).await;
}

#[tokio::test]
async fn a_first_deployment_that_is_killed_anywhere_is_finished() {
    let begin = || ("create", json!({"compose": SHOP}));
    let scenario =
        Scenario { arrange: |_| {}, deployed: false, begin, ends: OperationState::Succeeded, left: RUNNING_1 };
    at_every_place("sqlite", scenario).await;
}

#[tokio::test]
async fn a_failing_update_that_is_killed_anywhere_still_goes_back() {
    let arrange = |bench: &Bench| bench.engine.behave(Target::Image("web:2".into()), Behaviour::exits(1));
    let scenario = Scenario { arrange, deployed: true, begin: update, ends: OperationState::Failed, left: RUNNING_1 };
    at_every_place("sqlite", scenario).await;
}

#[tokio::test]
async fn a_removal_that_is_killed_anywhere_is_finished() {
    let begin = || ("delete", json!(null));
    let scenario = Scenario { arrange: |_| {}, deployed: true, begin, ends: OperationState::Succeeded, left: &[] };
    at_every_place("sqlite", scenario).await;
}

#[tokio::test]
async fn a_scale_and_a_stop_that_are_killed_anywhere_are_finished() {
    let begin = || ("services/web/scale", json!({"replicas": 4}));
    let left = &[
        "shop-db-1 db:1 running",
        "shop-web-1 web:1 running",
        "shop-web-2 web:1 running",
        "shop-web-3 web:1 running",
        "shop-web-4 web:1 running",
    ];
    let scenario = Scenario { arrange: |_| {}, deployed: true, begin, ends: OperationState::Succeeded, left };
    at_every_place("sqlite", scenario).await;
}
