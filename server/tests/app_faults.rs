//! Engines and images that fail: a clear cause, nothing lost, nothing left.

use std::time::Duration;

use api::Language;
use api::operation::{Operation, OperationState};

use crate::fake_engine::{Behaviour, Fault, Health, Match, PullOutcome, PullScript, Target, Times};
use crate::support::{Bench, each_bench, problem, story};

const WEB: &str = "services: {web: {image: 'web:1'}}";

/// Updates a running app to something that cannot be; the old one must serve on and the cause be told in both languages.
async fn refused(bench: &Bench, compose: &str, key: &str) -> Operation {
    let before = bench.containers("shop");
    let operation = bench.ended(&bench.update("shop", compose).await).await;
    assert_eq!(operation.state, OperationState::Failed, "{}", story(&operation));
    assert_eq!(problem(&operation), key, "{}", story(&operation));
    let message = operation.problem.as_ref().unwrap();
    for language in [Language::English, Language::Chinese] {
        let text = message.text(language);
        assert!(!text.contains('{') && !text.starts_with(key), "{text}");
    }
    assert_ne!(message.text(Language::English), message.text(Language::Chinese));
    assert_eq!(bench.containers("shop"), before, "{}", story(&operation));
    bench.state("shop", "running").await;
    operation
}

#[tokio::test]
async fn an_image_that_cannot_be_had_leaves_the_old_version_serving() {
    each_bench(async |bench| {
        bench.deploy("shop", WEB).await;
        for (image, outcome, key, pulls) in [
            ("gone:1", PullOutcome::NoTag, "engine.image-not-found", 1),
            ("private:1", PullOutcome::NoRepository, "engine.pull-denied", 1),
            ("login:1", PullOutcome::Unauthorized, "engine.pull-denied", 1),
            ("far:1", PullOutcome::Unreachable, "engine.registry-unreachable", 3),
            ("full:1", PullOutcome::NoSpace, "engine.no-space", 1),
        ] {
            bench.engine.remote(image, PullScript::ending(outcome));
            let operation = refused(&bench, &WEB.replace("web:1", image), key).await;
            let tried = operation.steps.iter().filter(|step| step.message.key == "step.pull").count();
            assert_eq!(tried, pulls, "{image}: {}", story(&operation));
        }
        let never = "services: {web: {image: 'absent:1', pull_policy: never}}";
        refused(&bench, never, "deploy.image.never").await;
    })
    .await;
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    each_bench(async |bench| {
        bench.deploy("holder", "services: {web: {image: 'web:1', ports: ['8080:80']}}").await;
        bench.deploy("shop", WEB).await;
        let ports = "services: {web: {image: 'web:1', ports: ['8080:80']}}";
        let operation = refused(&bench, ports, "engine.port-in-use").await;
        assert_eq!(operation.problem.unwrap().params["port"], "8080");
        let first = bench.ended(&bench.create("other", ports).await).await;
        assert_eq!(problem(&first), "engine.port-in-use", "{}", story(&first));
        assert!(bench.containers("other").is_empty());
        bench.engine.look(|state| {
            assert!(!state.networks.iter().any(|network| network.name == "other_default"), "nothing is left");
        });
    })
    .await;
}

#[tokio::test]
async fn containers_that_never_do_their_work_are_told_apart() {
    each_bench(async |bench| {
        bench.deploy("shop", WEB).await;
        let health = |image: &str| {
            format!(
                "services: {{web: {{image: '{image}', healthcheck: {{test: [CMD, x], interval: 1s, retries: 2}}}}}}"
            )
        };
        bench.engine.behave(Target::Image("web:2".into()), Behaviour::health(Health::Unhealthy));
        refused(&bench, &health("web:2"), "deploy.container.unhealthy").await;
        bench.engine.behave(Target::Image("db:1".into()), Behaviour::exits(127));
        refused(&bench, &WEB.replace("web:1", "db:1"), "deploy.container.no-command").await;
        bench.engine.behave(Target::Image("db:2".into()), Behaviour::exits(1));
        let restarting = "services: {web: {image: 'db:2', restart: always}}";
        let operation = bench.ended(&bench.update("shop", restarting).await).await;
        assert!(
            ["deploy.container.exited", "deploy.container.restarts"].contains(&problem(&operation)),
            "{}",
            story(&operation)
        );
        assert_eq!(bench.containers("shop"), ["shop-web-1 web:1 running"]);
    })
    .await;
}

#[tokio::test]
async fn a_full_disk_of_the_engine_is_told_as_such() {
    each_bench(async |bench| {
        bench.deploy("shop", WEB).await;
        let fault = bench.engine.fault(Match::call("POST", "*/containers/create"), Fault::NoSpace);
        refused(&bench, &WEB.replace("web:1", "web:2"), "engine.no-space").await;
        bench.engine.clear_fault(fault);
        let again = bench.ended(&bench.update("shop", &WEB.replace("web:1", "web:2")).await).await;
        assert_eq!(again.state, OperationState::Succeeded, "{}", story(&again));
    })
    .await;
}

#[tokio::test]
async fn a_start_that_the_engine_refuses_is_undone() {
    each_bench(async |bench| {
        bench.deploy("shop", WEB).await;
        let cannot = Behaviour::start_fails(
            400,
            "OCI runtime create failed: exec: \"nope\": executable file not found in $PATH",
        );
        bench.engine.behave(Target::Image("web:2".into()), cannot);
        refused(&bench, &WEB.replace("web:1", "web:2"), "engine.invalid").await;
    })
    .await;
}

#[tokio::test]
async fn an_engine_that_restarts_in_the_middle_is_waited_for() {
    each_bench(async |bench| {
        bench.deploy("shop", WEB).await;
        // the engine goes away under the create call and comes back
        bench.engine.fault_times(Match::call("POST", "*/containers/create"), Fault::Disconnect, Times::Once);
        let operation = bench.ended(&bench.update("shop", &WEB.replace("web:1", "web:2")).await).await;
        assert_eq!(operation.state, OperationState::Succeeded, "{}", story(&operation));
        assert!(operation.steps.iter().any(|step| step.message.key == "step.engine"));
        assert_eq!(bench.containers("shop"), ["shop-web-1 web:2 running"]);

        let slow = "services: {web: {image: 'web:1', healthcheck: {test: [CMD, x], interval: 1s}, labels: {fake.health: 'after:20'}}}";
        let id = bench.update("shop", slow).await;
        bench.reached(&id, "step.ready").await;
        bench.engine.restart().await;
        let operation = bench.ended(&id).await;
        assert_eq!(operation.state, OperationState::Succeeded, "{}", story(&operation));
        assert_eq!(bench.containers("shop"), ["shop-web-1 web:1 running"]);
    })
    .await;
}

#[tokio::test]
async fn an_engine_that_stays_away_ends_the_operation_and_the_reconciler_brings_back_what_was() {
    each_bench(async |bench| {
        bench.deploy("shop", WEB).await;
        let slow = "services: {web: {image: 'web:2', healthcheck: {test: [CMD, x], interval: 1s}, labels: {fake.health: never}}}";
        let id = bench.update("shop", slow).await;
        bench.reached(&id, "step.ready").await;
        bench.engine.refuse_connections().await;
        let operation = bench.ended(&id).await;
        assert_eq!(operation.state, OperationState::Failed, "{}", story(&operation));
        assert!(problem(&operation).starts_with("engine."), "{}", story(&operation));
        bench.state("shop", "unknown").await;
        bench.engine.accept_connections();
        bench.state("shop", "running").await;
        crate::support::eventually("the new copy is gone", async || {
            bench.containers("shop") == ["shop-web-1 web:1 running"]
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn an_engine_that_hangs_costs_its_deadline_and_not_the_operation() {
    each_bench(async |bench| {
        bench.deploy("shop", WEB).await;
        bench.engine.fault_times(
            Match::call("POST", "*/containers/*/start"),
            Fault::Delay(Duration::from_secs(1)),
            Times::Once,
        );
        let operation = bench.ended(&bench.update("shop", &WEB.replace("web:1", "web:2")).await).await;
        assert_eq!(operation.state, OperationState::Succeeded, "{}", story(&operation));
        bench.engine.fault_times(Match::call("POST", "*/containers/*/rename"), Fault::Hang, Times::Once);
        let id = bench.update("shop", WEB).await;
        bench.reached(&id, "step.rename").await;
        // other apps and pages go on meanwhile
        bench.admin.get("/api/v1/apps").await.expect(200);
        bench.deploy("other", WEB).await;
        let operation = bench.ended(&id).await;
        assert_eq!(operation.state, OperationState::Succeeded, "{}", story(&operation));
        assert!(operation.steps.iter().any(|step| step.message.key == "step.engine"), "{}", story(&operation));
        assert_eq!(bench.containers("shop"), ["shop-web-1 web:1 running"]);
    })
    .await;
}

#[tokio::test]
async fn what_is_external_and_missing_is_named_before_anything_is_made() {
    each_bench(async |bench| {
        let compose = "services: {web: {image: 'web:1', networks: [proxy]}}\nnetworks: {proxy: {external: true}}";
        bench.engine.clear_requests();
        let operation = bench.ended(&bench.create("shop", compose).await).await;
        assert_eq!(problem(&operation), "deploy.network.missing", "{}", story(&operation));
        assert_eq!(bench.engine.requests().count("POST", "*/create"), 0);
    })
    .await;
}
