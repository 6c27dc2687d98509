//! Apps are kept as they should be.

use std::time::Duration;

use serde_json::json;
use server::services::deploy::reconcile;

use crate::fake_engine::{Behaviour, Fault, Match, Phase, Target};
use crate::support::{Bench, Database, each_bench, eventually};

const WEB: &str = "services: {web: {image: 'web:1', deploy: {replicas: 2}}}";

#[tokio::test]
async fn a_container_that_died_or_was_removed_is_replaced() {
    each_bench(async |bench| {
        bench.deploy("shop", WEB).await;
        bench.engine.clear_requests();
        bench.engine.kill_container("shop-web-1");
        bench.engine.wait_for("the start", |journal| journal.count("POST", "*/start") == 1).await;
        bench.engine.remove_container("shop-web-2");
        bench.engine.wait_for("the create", |journal| journal.count("POST", "*/containers/create") == 1).await;
        bench.engine.wait_phase("shop-web-2", Phase::Running).await;
        bench.state("shop", "running").await;
        assert_eq!(bench.containers("shop"), ["shop-web-1 web:1 running", "shop-web-2 web:1 running"]);
    })
    .await;
}

#[tokio::test]
async fn of_many_killed_containers_each_is_started_again() {
    let bench = Bench::new(Database::sqlite()).await;
    bench.deploy("shop", "services: {web: {image: 'web:1', deploy: {replicas: 30}}}").await;
    for number in 1..=30 {
        let name = format!("shop-web-{number}");
        let id = bench.engine.look(|state| state.resolve(&name).ok().unwrap());
        bench.engine.clear_requests();
        bench.engine.kill_container(&name);
        let start = format!("*/containers/{id}/start");
        bench.engine.wait_for("the start", |journal| journal.count("POST", &start) > 0).await;
    }
}

#[tokio::test]
async fn a_pass_over_a_hundred_converged_apps_writes_nothing_and_asks_the_engine_nothing() {
    let bench = Bench::new(Database::sqlite()).await;
    let mut operations = Vec::new();
    for number in 0..100 {
        operations.push(bench.create(&format!("app-{number}"), "services: {web: {image: 'web:1'}}").await);
    }
    for operation in operations {
        bench.ended(&operation).await;
    }
    let cluster = bench.portal.state.clusters.get("local").unwrap().clone();
    eventually("the picture has all of them", async || cluster.picture().counts().containers_running == 100).await;
    // what was under way when the last operation ended comes to its end
    reconcile::all(&bench.portal.state).await.unwrap();
    bench.engine.clear_requests();
    reconcile::all(&bench.portal.state).await.unwrap();
    let journal = bench.engine.requests();
    assert_eq!(journal.writes().len(), 0, "{}", journal.text());
    assert_eq!(journal.count("GET", "*/containers/json"), 0, "the picture is enough: {}", journal.text());
}

#[tokio::test]
async fn a_container_that_ends_again_and_again_is_started_ever_more_seldom() {
    each_bench(async |bench| {
        bench.deploy("shop", "services: {web: {image: 'web:1'}}").await;
        bench.engine.behave(Target::Image("web:1".into()), Behaviour::exits(1));
        bench.engine.clear_requests();
        bench.engine.kill_container("shop-web-1");
        let journal = bench.engine.wait_for("four starts", |journal| journal.count("POST", "*/start") >= 4).await;
        let starts = journal.find("POST", "*/start");
        let pauses: Vec<_> = starts.windows(2).map(|pair| pair[1].at - pair[0].at).collect();
        assert!(pauses[0] >= Duration::from_millis(390) && pauses[1] >= Duration::from_millis(790), "{pauses:?}");
        let app = bench.app("shop").await;
        assert_eq!(app["state"], "failed");
        assert_eq!(app["reason"]["key"], "status.crashing");
    })
    .await;
}

#[tokio::test]
async fn what_the_engine_restarts_itself_is_left_to_it() {
    each_bench(async |bench| {
        bench.deploy("shop", "services: {web: {image: 'web:1', restart: always}}").await;
        bench.engine.clear_requests();
        bench.engine.exit_container("shop-web-1", 1);
        bench
            .engine
            .wait_until("the engine's restart", |state| {
                state.containers.values().any(|c| c.name == "shop-web-1" && c.restart_count > 0 && c.is_running())
            })
            .await;
        reconcile::all(&bench.portal.state).await.unwrap();
        assert_eq!(bench.engine.requests().writes().len(), 0, "{}", bench.engine.requests().text());
    })
    .await;
}

#[tokio::test]
async fn what_may_stay_ended_is_left_alone() {
    each_bench(async |bench| {
        bench.engine.behave(Target::Image("job:1".into()), Behaviour::exits(0));
        bench.deploy("shop", "services: {job: {image: 'job:1'}, never: {image: 'web:1', restart: 'no'}}").await;
        bench.engine.exit_container("shop-never-1", 1);
        bench.engine.clear_requests();
        let cluster = bench.portal.state.clusters.get("local").unwrap().clone();
        eventually("the end is seen", async || cluster.picture().counts().containers_running == 0).await;
        reconcile::all(&bench.portal.state).await.unwrap();
        assert_eq!(bench.engine.requests().writes().len(), 0, "{}", bench.engine.requests().text());
    })
    .await;
}

#[tokio::test]
async fn while_the_engine_does_not_answer_nothing_is_decided() {
    each_bench(async |bench| {
        bench.deploy("shop", WEB).await;
        bench.engine.refuse_connections().await;
        bench.state("shop", "unknown").await;
        bench.engine.clear_requests();
        reconcile::all(&bench.portal.state).await.unwrap();
        assert_eq!(bench.engine.requests().0.len(), 0);
        bench.engine.accept_connections();
        bench.state("shop", "running").await;
        // a list that fails is no list of nothing
        bench.engine.fault(Match::call("GET", "*/containers/json"), Fault::Error(500, "broken".into()));
        reconcile::all(&bench.portal.state).await.unwrap();
        assert_eq!(bench.engine.requests().writes().len(), 0, "{}", bench.engine.requests().text());
        assert_eq!(bench.containers("shop").len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_restarted_portal_picks_up_what_died_meanwhile() {
    each_bench(async |bench| {
        bench.deploy("shop", WEB).await;
        let (database, engine) = bench.kill().await;
        engine.kill_container("shop-web-1");
        engine.remove_container("shop-web-2");
        let bench = Bench::revive((database, engine)).await;
        bench.state("shop", "running").await;
        assert_eq!(bench.containers("shop"), ["shop-web-1 web:1 running", "shop-web-2 web:1 running"]);
        let scaled = bench.ask("shop", "services/web/scale", json!({"replicas": 1})).await;
        bench.ended(&scaled).await;
    })
    .await;
}
