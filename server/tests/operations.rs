//! Operations: one at a time for each app, watched, called off.

use std::time::Duration;

use api::operation::{Operation, OperationEvent, OperationState};
use api::permission::ProjectRole;
use futures::StreamExt as _;
use serde_json::json;
use tokio_tungstenite::tungstenite::{self, Message, client::IntoClientRequest as _};

use crate::fake_engine::{Behaviour, Health, PullOutcome, PullScript, Target};
use crate::support::{Client, each_bench, problem, story};

const WEB: &str = "services: {web: {image: 'web:1'}}";
/// A service that waits for its health for ever.
const SLOW: &str =
    "services: {web: {image: 'web:2', healthcheck: {test: [CMD, x], interval: 1s}, labels: {fake.health: never}}}";

#[tokio::test]
async fn a_second_operation_of_an_app_is_refused_and_names_the_first() {
    each_bench(async |bench| {
        bench.deploy("shop", WEB).await;
        let first = bench.update("shop", SLOW).await;
        let path = "/api/v1/projects/default/apps/shop";
        let busy = bench.admin.put(path, &json!({ "compose": WEB })).await.expect(409).json();
        assert!(busy["detail"].as_str().unwrap().contains(&first), "{busy}");
        bench.admin.post(&format!("{path}/restart"), &json!(null)).await.expect(409);
        bench.admin.delete(path).await.expect(409);
        let releases = bench.admin.get(&format!("{path}/releases")).await.expect(200).json();
        assert_eq!(releases["total"], 2, "what was refused left no release");
        bench.admin.post(&format!("/api/v1/operations/{first}/cancel"), &json!(null)).await.expect(204);
        bench.ended(&first).await;
    })
    .await;
}

#[tokio::test]
async fn cancelling_brings_back_what_was() {
    each_bench(async |bench| {
        bench.deploy("shop", WEB).await;
        let before = bench.containers("shop");
        let id = bench.update("shop", SLOW).await;
        bench.reached(&id, "step.ready").await;
        bench.admin.post(&format!("/api/v1/operations/{id}/cancel"), &json!(null)).await.expect(204);
        let operation = bench.ended(&id).await;
        assert_eq!(operation.state, OperationState::Cancelled, "{}", story(&operation));
        assert_eq!(bench.containers("shop"), before);
        bench.state("shop", "running").await;
        assert_eq!(bench.app("shop").await["release"], 1);
        bench.admin.post(&format!("/api/v1/operations/{id}/cancel"), &json!(null)).await.expect(409);
    })
    .await;
}

#[tokio::test]
async fn cancelling_a_first_deployment_leaves_nothing_running() {
    each_bench(async |bench| {
        let id = bench.create("shop", SLOW).await;
        bench.reached(&id, "step.ready").await;
        bench.admin.post(&format!("/api/v1/operations/{id}/cancel"), &json!(null)).await.expect(204);
        assert_eq!(bench.ended(&id).await.state, OperationState::Cancelled);
        assert!(bench.containers("shop").is_empty());
        assert_eq!(bench.app("shop").await["state"], "failed");
        let again = bench.update("shop", WEB).await;
        assert_eq!(bench.ended(&again).await.state, OperationState::Succeeded);
        assert_eq!(bench.containers("shop"), ["shop-web-1 web:1 running"]);
    })
    .await;
}

#[tokio::test]
async fn a_pull_shows_its_layers_and_can_be_called_off() {
    each_bench(async |bench| {
        bench.engine.remote("far:1", PullScript::slow(Duration::from_millis(40)));
        let id = bench.create("shop", "services: {web: {image: 'far:1'}}").await;
        let operation = bench.ended(&id).await;
        assert_eq!(operation.state, OperationState::Succeeded, "{}", story(&operation));
        let pull = operation.steps.iter().find(|step| step.message.key == "step.pull").unwrap();
        assert_eq!(pull.layers.len(), 2, "{pull:?}");

        bench.engine.remote("stuck:1", PullScript::ending(PullOutcome::Hangs));
        let body = json!({"image": "stuck:1"});
        let asked = bench.admin.post("/api/v1/clusters/local/images/pull", &body).await.expect(202).json();
        let id = asked["operation"].as_str().unwrap();
        bench.reached(id, "step.pull").await;
        bench.admin.post(&format!("/api/v1/operations/{id}/cancel"), &json!(null)).await.expect(204);
        assert_eq!(bench.ended(id).await.state, OperationState::Cancelled);
    })
    .await;
}

#[tokio::test]
async fn images_are_pulled_and_pruned_by_operators_only() {
    each_bench(async |bench| {
        let developer = bench.portal.member("dev", "default", ProjectRole::Developer).await;
        bench.engine.remote("far:1", PullScript::success());
        let (pull, prune) = ("/api/v1/clusters/local/images/pull", "/api/v1/clusters/local/images/prune");
        developer.post(pull, &json!({"image": "far:1"})).await.expect(403);
        developer.post(prune, &json!({"all": true})).await.expect(403);
        bench.admin.post(pull, &json!({"image": "not an image"})).await.expect(400);
        bench.admin.post("/api/v1/clusters/none/images/pull", &json!({"image": "far:1"})).await.expect(404);
        let asked = bench.admin.post(pull, &json!({"image": "far:1"})).await.expect(202).json();
        let id = asked["operation"].as_str().unwrap().to_owned();
        assert_eq!(bench.ended(&id).await.state, OperationState::Succeeded);
        developer.get(&format!("/api/v1/operations/{id}")).await.expect(404);
        let asked = bench.admin.post(prune, &json!({"all": true})).await.expect(202).json();
        let pruned = bench.ended(asked["operation"].as_str().unwrap()).await;
        assert_eq!(pruned.state, OperationState::Succeeded, "{}", story(&pruned));
        assert!(bench.engine.look(|state| state.image("far:1").is_none()));
        assert_eq!(developer.get("/api/v1/operations").await.expect(200).json()["total"], 0);
        assert_eq!(bench.admin.get("/api/v1/operations?kind=pull-image").await.expect(200).json()["total"], 1);
        bench.admin.get("/api/v1/operations?colour=red").await.expect(400);
        bench.admin.get("/api/v1/operations?cursor=x").await.expect(400);
    })
    .await;
}

#[tokio::test]
async fn what_ended_long_ago_is_removed_with_its_log_and_nothing_else_is() {
    each_bench(async |bench| {
        let old = bench.deploy("shop", WEB).await.id.to_string();
        let young = bench.ended(&bench.ask("shop", "restart", json!(null)).await).await.id.to_string();
        let under_way = bench.update("shop", SLOW).await;
        let finished = bench.operation(&young).await.finished_at.unwrap();
        let before = i64::try_from(finished.unix_timestamp_nanos() / 1_000_000).unwrap();
        let db = &bench.portal.state.db;
        db.write(async |txn| server::db::operation::delete_ended(txn, before).await).await.unwrap();
        bench.admin.get(&format!("/api/v1/operations/{old}")).await.expect(404);
        bench.admin.get(&format!("/api/v1/operations/{young}")).await.expect(200);
        assert!(server::db::operation::events(db.read(), old.parse().unwrap(), 0, 1).await.unwrap().is_empty());
        server::services::operation::delete_ended(&bench.portal.state).await.unwrap();
        bench.admin.post(&format!("/api/v1/operations/{under_way}/cancel"), &json!(null)).await.expect(204);
        bench.ended(&under_way).await;
        bench.admin.get(&format!("/api/v1/operations/{young}")).await.expect(200);
    })
    .await;
}

async fn socket(
    client: &Client,
    address: std::net::SocketAddr,
    id: &str,
    origin: Option<&str>,
) -> Result<impl futures::Stream<Item = Result<Message, tungstenite::Error>> + Unpin, u16> {
    let mut request = format!("ws://{address}/api/v1/operations/{id}/watch").into_client_request().unwrap();
    request.headers_mut().insert("cookie", client.cookie_header().parse().unwrap());
    if let Some(origin) = origin {
        request.headers_mut().insert("origin", origin.parse().unwrap());
    }
    match tokio_tungstenite::connect_async(request).await {
        Ok((socket, _)) => Ok(socket),
        Err(tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_watcher_hears_the_whole_log_without_gaps_and_then_the_end() {
    each_bench(async |bench| {
        bench.engine.behave(Target::Image("web:1".into()), Behaviour::health(Health::After(3)));
        let health = "services: {web: {image: 'web:1', healthcheck: {test: [CMD, x], interval: 1s}}}";
        let id = bench.create("shop", health).await;
        let outsider = bench.portal.outsider("eve").await;
        let (address, admin, origin) = (bench.portal.address, bench.admin.clone(), bench.admin.origin());
        let live = bench.operation(&id).await;
        let running = bench.portal.serve();
        assert_eq!(socket(&outsider, address, &id, Some(&origin)).await.err(), Some(404));
        assert_eq!(socket(&admin, address, &id, Some("http://evil.example")).await.err(), Some(403));
        assert_eq!(socket(&admin, address, &id, None).await.err(), Some(403));

        for _ in 0..2 {
            // the second time everything is over: the same log again
            let mut socket = socket(&admin, address, &id, Some(&origin)).await.unwrap();
            let mut folded = Operation { state: OperationState::Queued, steps: Vec::new(), ..live.clone() };
            let mut next = 0;
            while let Some(Ok(message)) = socket.next().await {
                let Message::Text(text) = message else { continue };
                for event in serde_json::from_str::<Vec<OperationEvent>>(&text).unwrap() {
                    assert_eq!(event.sequence, next, "without gaps");
                    next += 1;
                    folded.apply(&event);
                }
            }
            assert_eq!(folded.state, OperationState::Succeeded, "{}", story(&folded));
            assert!(folded.steps.iter().any(|step| step.message.key == "step.ready"));
        }
        running.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_failed_update_goes_back_by_itself_while_the_old_copies_serve() {
    each_bench(async |bench| {
        let two = "services: {web: {image: 'web:1', deploy: {replicas: 2}}}";
        bench.deploy("shop", two).await;
        let before = bench.containers("shop");
        bench.engine.behave(Target::Image("web:2".into()), Behaviour::script("echo no such table; exit 3"));
        let operation = bench.ended(&bench.update("shop", &two.replace("web:1", "web:2")).await).await;
        assert_eq!(operation.state, OperationState::Failed);
        assert_eq!(problem(&operation), "deploy.container.exited", "{}", story(&operation));
        let failed = operation.steps.iter().find(|step| step.message.key == "step.ready").unwrap();
        assert!(failed.output.iter().any(|line| line.contains("no such table")), "{}", story(&operation));
        assert!(operation.steps.iter().any(|step| step.message.key == "step.back.release"));
        assert_eq!(bench.containers("shop"), before, "the old ones were never touched");
        let releases = bench.admin.get("/api/v1/projects/default/apps/shop/releases").await.expect(200).json();
        assert_eq!(releases["items"][0]["state"], "failed");
        assert_eq!(releases["items"][1]["state"], "current");
        bench.state("shop", "running").await;
    })
    .await;
}

#[tokio::test]
async fn a_failed_stop_first_update_starts_the_old_copy_again() {
    each_bench(async |bench| {
        let db = "services: {db: {image: 'db:1', volumes: ['data:/d']}}\nvolumes: {data: {}}";
        bench.deploy("shop", db).await;
        bench.engine.behave(Target::Image("db:2".into()), Behaviour::exits(1));
        let operation = bench.ended(&bench.update("shop", &db.replace("db:1", "db:2")).await).await;
        assert_eq!(operation.state, OperationState::Failed);
        assert_eq!(bench.containers("shop"), ["shop-db-1 db:1 running"], "{}", story(&operation));
        assert_eq!(bench.most_at_once("db"), 1);
    })
    .await;
}

#[tokio::test]
async fn a_failure_action_of_pause_leaves_things_as_they_are() {
    each_bench(async |bench| {
        let two = "services: {web: {image: 'web:1', deploy: {replicas: 2, update_config: {failure_action: pause}}}}";
        bench.deploy("shop", two).await;
        bench.engine.behave(Target::Image("web:2".into()), Behaviour::exits(1));
        let operation = bench.ended(&bench.update("shop", &two.replace("web:1", "web:2")).await).await;
        assert_eq!(operation.state, OperationState::Failed);
        assert!(!operation.steps.iter().any(|step| step.message.key == "step.back.release"));
        let running = bench.engine.running_with("com.docker.compose.service", "web");
        assert_eq!(running, ["shop-web-1", "shop-web-2"], "the old copies serve on");
    })
    .await;
}

#[tokio::test]
async fn failures_within_the_ratio_leave_the_old_copies_and_the_update_goes_on() {
    each_bench(async |bench| {
        let compose = |image: &str, update: &str| {
            format!("services: {{web: {{image: '{image}', deploy: {{replicas: 3, update_config: {{{update}}}}}}}}}")
        };
        bench.deploy("shop", &compose("web:1", "")).await;
        // what runs goes on; whatever is started as the second copy from now on ends
        let second = Target::Label("com.docker.compose.container-number".into(), "2".into());
        bench.engine.behave(second, Behaviour::exits(1));
        let tolerant = compose("web:2", "max_failure_ratio: 0.4");
        let operation = bench.ended(&bench.update("shop", &tolerant).await).await;
        assert_eq!(operation.state, OperationState::Succeeded, "{}", story(&operation));
        assert!(operation.steps.iter().any(|step| step.message.key == "step.tolerated"), "{}", story(&operation));
        let running = [("shop-web-1", "web:2"), ("shop-web-2", "web:1"), ("shop-web-3", "web:2")];
        let expected = running.map(|(name, image)| format!("{name} {image} running"));
        assert_eq!(bench.containers("shop"), expected, "{}", story(&operation));
        // What may fail once may fail again, also where it is the only copy that is left to replace.
        let operation = bench.ended(&bench.ask("shop", "services/web/scale", json!({"replicas": 4})).await).await;
        assert_eq!(operation.state, OperationState::Succeeded, "{}", story(&operation));
        let strict = compose("web:3", "max_failure_ratio: 0.2");
        let operation = bench.ended(&bench.update("shop", &strict).await).await;
        assert_eq!(operation.state, OperationState::Failed, "{}", story(&operation));
        assert_eq!(bench.engine.running_with("com.docker.compose.service", "web").len(), 4);
        // Where nothing is left of the update, going on would be no update.
        let alone = |image: &str| {
            let update = "{failure_action: continue, order: stop-first}";
            format!("services: {{one: {{image: '{image}', deploy: {{update_config: {update}}}}}}}")
        };
        bench.deploy("alone", &alone("db:1")).await;
        bench.engine.behave(Target::Image("db:2".into()), Behaviour::exits(1));
        let operation = bench.ended(&bench.update("alone", &alone("db:2")).await).await;
        assert_eq!(operation.state, OperationState::Failed, "{}", story(&operation));
        assert_eq!(bench.containers("alone"), ["alone-one-1 db:1 running"], "{}", story(&operation));
    })
    .await;
}

#[tokio::test]
async fn jobs_are_waited_for_and_their_failure_stops_what_needs_them() {
    each_bench(async |bench| {
        let compose = "
services:
  migrate: {image: 'job:1', command: [migrate]}
  web: {image: 'web:1', depends_on: {migrate: {condition: service_completed_successfully}}}
";
        bench.engine.behave(
            Target::Image("job:1".into()),
            Behaviour { exit: Some(0), exit_after: Some(5.0), ..Behaviour::default() },
        );
        bench.deploy("shop", compose).await;
        assert_eq!(bench.containers("shop"), ["shop-migrate-1 job:1 exited", "shop-web-1 web:1 running"]);
        bench.state("shop", "running").await;
        bench.engine.behave(Target::Image("job:1".into()), Behaviour::exits(4));
        let operation = bench.ended(&bench.create("other", compose).await).await;
        assert_eq!(operation.state, OperationState::Failed);
        assert_eq!(problem(&operation), "deploy.container.exited");
        assert!(bench.containers("other").is_empty(), "{:?}", bench.containers("other"));
    })
    .await;
}
