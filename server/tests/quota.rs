//! Quotas: `/api/v1/projects/{project}/quota`, and what they refuse.

use api::operation::OperationState;
use api::permission::ProjectRole;
use api::quota::MAX_PORT_RANGES;
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use server::db;

use crate::fake_engine::{PullOutcome, PullScript};
use crate::support::{Bench, each_bench, each_database, story};

const QUOTA: &str = "/api/v1/projects/default/quota";
const APPS: &str = "/api/v1/projects/default/apps";
const HALF: &str = "cpus: 0.5\n    mem_limit: 64m";
const MIB: u64 = 1 << 20;

/// A Compose file whose service says this, too.
fn with(lines: &str) -> String {
    format!("services:\n  web:\n    image: web:1\n    {lines}\n")
}

fn app(name: &str, lines: &str) -> Value {
    json!({"name": name, "cluster": "local", "compose": with(lines)})
}

async fn limit(bench: &Bench, quota: Value) {
    bench.admin.put(QUOTA, &quota).await.expect(200);
}

async fn usage(bench: &Bench) -> Value {
    bench.admin.get(QUOTA).await.expect(200).json()["usage"].clone()
}

fn used(cpus: f64, memory_mib: u64, containers: u64, volumes: u64) -> Value {
    json!({"cpus": cpus, "memory_bytes": memory_mib * MIB, "containers": containers, "volumes": volumes})
}

async fn succeeded(bench: &Bench, id: &str) {
    let operation = bench.ended(id).await;
    assert_eq!(operation.state, OperationState::Succeeded, "{}", story(&operation));
}

/// The number of releases and operations of the project, which a refusal must not change.
async fn traces(bench: &Bench) -> (usize, Value) {
    let mut releases = 0;
    for app in db::app::list(bench.portal.state.db.read()).await.unwrap() {
        releases += db::release::list(bench.portal.state.db.read(), app.id).await.unwrap().len();
    }
    (releases, bench.admin.get("/api/v1/operations").await.expect(200).json()["total"].clone())
}

#[tokio::test]
async fn each_limit_refuses_by_itself_and_nothing_happens() {
    each_bench(async |bench| {
        bench.deploy("first", &with(HALF)).await;
        assert_eq!(usage(&bench).await, used(0.5, 64, 1, 0));
        let before = traces(&bench).await;
        let dev = bench.portal.member("dev", "default", ProjectRole::Developer).await;
        bench.engine.clear_requests();
        let volumes = "tty: true\nvolumes: {a: {}, b: {}}";
        let limits = "services.web.deploy.resources.limits";
        let port = "services.web.ports[0]";
        let ranges = json!([{"first": 8000, "last": 8009}, {"first": 9000, "last": 9000}]);
        let mut refusals = 0_u64;
        for (quota, lines, field, message) in [
            (
                json!({"containers": 2}),
                "deploy: {replicas: 2}",
                "compose",
                json!({"key": "quota.exceeded.containers", "params": {"used": "1", "asked": "2", "limit": "2"}}),
            ),
            (
                json!({"cpus": 1.2}),
                "cpus: 0.75",
                "compose",
                json!({"key": "quota.exceeded.cpus", "params": {"used": "0.5", "asked": "0.75", "limit": "1.2"}}),
            ),
            (
                json!({"memory_bytes": 100 * MIB}),
                "mem_limit: 64m",
                "compose",
                json!({
                    "key": "quota.exceeded.memory",
                    "params": {"used": "64 MiB", "asked": "64 MiB", "limit": "100 MiB"},
                }),
            ),
            (
                json!({"volumes": 1}),
                volumes,
                "compose",
                json!({"key": "quota.exceeded.volumes", "params": {"used": "0", "asked": "2", "limit": "1"}}),
            ),
            (
                json!({"cpus": 100.0}),
                "mem_limit: 64m",
                "compose.services.web.deploy.resources.limits.cpus",
                json!({"key": "quota.limit.cpus", "params": {"field": format!("{limits}.cpus")}}),
            ),
            (
                json!({"memory_bytes": 100_000 * MIB}),
                "cpus: 0.5",
                "compose.services.web.deploy.resources.limits.memory",
                json!({"key": "quota.limit.memory", "params": {"field": format!("{limits}.memory")}}),
            ),
            (
                json!({"ports": ranges}),
                "ports: ['8010:80']",
                "compose.services.web.ports[0]",
                json!({
                    "key": "quota.port",
                    "params": {"field": port, "port": "8010", "ranges": "8000-8009, 9000"},
                }),
            ),
            (
                json!({"ports": ranges}),
                "ports: ['80']",
                "compose.services.web.ports[0]",
                json!({
                    "key": "quota.port.any",
                    "params": {"field": port, "port": "80", "ranges": "8000-8009, 9000"},
                }),
            ),
            (
                json!({"clusters": []}),
                "tty: true",
                "cluster",
                json!({"key": "quota.cluster.none", "params": {"cluster": "local"}}),
            ),
        ] {
            limit(&bench, quota).await;
            let body = app("second", lines);
            // They bind administrators of the portal, too, who may change them.
            for client in [&dev, &bench.admin] {
                let refused = client.post(APPS, &body).await.expect(403).json();
                assert_eq!(refused["message"], message);
                let detail = refused["detail"].as_str().unwrap();
                assert!(!detail.contains('{') && !detail.starts_with("quota"), "{detail}");
                refusals += 1;
            }
            let preview = dev.post(&format!("{APPS}/preview"), &body).await.expect(200).json();
            let fields = preview["fields"].as_array().unwrap();
            let told: Vec<_> = fields.iter().map(|it| (it["field"].as_str().unwrap(), it["message"].clone())).collect();
            assert_eq!(told, [(field, message)], "{lines}");
        }
        assert_eq!(traces(&bench).await, before);
        assert_eq!(usage(&bench).await, used(0.5, 64, 1, 0));
        assert_eq!(bench.engine.requests().writes().len(), 0, "{}", bench.engine.requests().text());
        assert_eq!(db::app::list(bench.portal.state.db.read()).await.unwrap().len(), 1);
        let told = bench.admin.get("/api/v1/audit?action=app.create&result=refused&limit=1").await.expect(200).json();
        assert_eq!(told["total"], refusals);
    })
    .await;
}

#[tokio::test]
async fn what_fits_exactly_is_deployed() {
    each_bench(async |bench| {
        bench.deploy("first", &with(HALF)).await;
        let clusters = json!(["local"]);
        let ports = json!([{"first": 8000, "last": 8004}, {"first": 8005, "last": 8009}]);
        let quota = json!({
            "cpus": 1.0, "memory_bytes": 128 * MIB, "containers": 2, "volumes": 1, "ports": ports, "clusters": clusters,
        });
        limit(&bench, quota.clone()).await;
        for port in ["8004-8006", "8009"] {
            let lines = format!("{HALF}\n    ports: ['{port}:80']\nvolumes: {{a: {{}}}}");
            let preview = bench.admin.post(&format!("{APPS}/preview"), &app("second", &lines)).await.expect(200).json();
            assert_eq!(preview["fields"], json!([]), "{port}");
        }
        bench.deploy("second", &with(&format!("{HALF}\n    ports: ['8009:80']\nvolumes: {{a: {{}}}}"))).await;
        let now = bench.admin.get(QUOTA).await.expect(200).json();
        assert_eq!(now, json!({"quota": quota, "usage": used(1.0, 128, 2, 1)}));
    })
    .await;
}

#[tokio::test]
async fn twenty_deployments_at_once_never_exceed_the_quota() {
    each_bench(async |bench| {
        limit(&bench, json!({"containers": 15, "cpus": 100.0})).await;
        let bench = &bench;
        let deploy = |number: usize| async move {
            let name = format!("app-{number}");
            let answer = bench.admin.post(APPS, &app(&name, "cpus: 0.1\n    scale: 2")).await;
            assert!(usage(bench).await["containers"].as_u64().unwrap() <= 15);
            answer
        };
        let answers = futures::future::join_all((0..20).map(deploy)).await;
        let (taken, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 202);
        assert_eq!((taken.len(), refused.len()), (7, 13));
        for answer in refused {
            assert_eq!(answer.status, 403, "{}", answer.text());
            assert_eq!(answer.json()["message"]["key"], "quota.exceeded.containers");
        }
        for answer in taken {
            succeeded(bench, answer.json()["operation"].as_str().unwrap()).await;
        }
        assert_eq!(usage(bench).await, used(1.4, 0, 14, 0));
        assert_eq!(traces(bench).await, (7, json!(7)));
        assert_eq!(bench.engine.look(|state| state.containers.len()), 14);

        // The last free place goes to one of those who scale, and who deploy, at once.
        let names = db::app::list(bench.portal.state.db.read()).await.unwrap().into_iter().map(|app| app.name);
        let scale = |name: String| async move {
            let path = format!("{APPS}/{name}/services/web/scale");
            bench.admin.post(&path, &json!({"replicas": 3})).await
        };
        let answers = futures::future::join_all(names.map(scale)).await;
        let taken: Vec<_> = answers.iter().filter(|answer| answer.status == 202).collect();
        assert_eq!(taken.len(), 1);
        succeeded(bench, taken[0].json()["operation"].as_str().unwrap()).await;
        assert_eq!(usage(bench).await["containers"], 15);
    })
    .await;
}

#[tokio::test]
async fn scaling_stopping_and_starting_count_what_is_wanted() {
    each_bench(async |bench| {
        bench.deploy("shop", &with(HALF)).await;
        bench.deploy("blog", &with(HALF)).await;
        limit(&bench, json!({"containers": 3})).await;
        let scale = format!("{APPS}/shop/services/web/scale");
        let before = traces(&bench).await;
        let refused = bench.admin.post(&scale, &json!({"replicas": 3})).await.expect(403).json();
        assert_eq!(refused["message"]["params"], json!({"used": "1", "asked": "3", "limit": "3"}));
        assert_eq!(traces(&bench).await, before);
        let path = "/api/v1/audit?action=service.scale&result=refused";
        assert_eq!(bench.admin.get(path).await.expect(200).json()["total"], 1);

        succeeded(&bench, &bench.ask("shop", "services/web/scale", json!({"replicas": 2})).await).await;
        assert_eq!(usage(&bench).await, used(1.5, 192, 3, 0));
        succeeded(&bench, &bench.ask("blog", "stop", json!(null)).await).await;
        assert_eq!(usage(&bench).await, used(1.0, 128, 2, 0));
        succeeded(&bench, &bench.ask("shop", "services/web/scale", json!({"replicas": 3})).await).await;
        for path in ["start", "restart", "services/web/start"] {
            let refused = bench.admin.post(&format!("{APPS}/blog/{path}"), &json!(null)).await.expect(403).json();
            assert_eq!(refused["message"]["key"], "quota.exceeded.containers", "{path}");
        }
        // What asks for no more is never refused.
        succeeded(&bench, &bench.ask("shop", "restart", json!(null)).await).await;
        succeeded(&bench, &bench.ask("shop", "services/web/scale", json!({"replicas": 1})).await).await;
        succeeded(&bench, &bench.ask("blog", "start", json!(null)).await).await;
        assert_eq!(usage(&bench).await, used(1.0, 128, 2, 0));
        assert_eq!(bench.containers("blog"), ["blog-web-1 web:1 running"]);
    })
    .await;
}

#[tokio::test]
async fn an_update_that_fails_or_is_called_off_gives_its_share_back() {
    each_bench(async |bench| {
        bench.deploy("shop", &with("cpus: 0.5")).await;
        limit(&bench, json!({"cpus": 2.0})).await;
        let of = |image: &str, cpus: &str| with(&format!("cpus: {cpus}")).replace("web:1", image);
        bench.engine.remote("gone:1", PullScript::ending(PullOutcome::NoTag));
        let failed = bench.ended(&bench.update("shop", &of("gone:1", "2")).await).await;
        assert_eq!(failed.state, OperationState::Failed, "{}", story(&failed));
        assert_eq!(usage(&bench).await["cpus"], 0.5);

        bench.engine.remote("slow:1", PullScript::ending(PullOutcome::Hangs));
        let slow = bench.update("shop", &of("slow:1", "1.5")).await;
        assert_eq!(usage(&bench).await["cpus"], 1.5, "the larger counts meanwhile");
        let other = app("blog", "cpus: 1");
        bench.admin.post(APPS, &other).await.expect(403);
        bench.reached(&slow, "step.pull").await;
        bench.admin.post(&format!("/api/v1/operations/{slow}/cancel"), &json!(null)).await.expect(204);
        assert_eq!(bench.ended(&slow).await.state, OperationState::Cancelled);
        assert_eq!(usage(&bench).await["cpus"], 0.5);

        // Going down counts only once it is done, and what never ran counts nothing.
        succeeded(&bench, &bench.update("shop", &with("cpus: 0.25")).await).await;
        assert_eq!(usage(&bench).await["cpus"], 0.25);
        let first = bench.ended(&bench.create("blog", &of("gone:1", "1.75")).await).await;
        assert_eq!(first.state, OperationState::Failed, "{}", story(&first));
        assert_eq!(usage(&bench).await, used(0.25, 0, 1, 0));
    })
    .await;
}

#[tokio::test]
async fn a_rollback_is_held_to_the_quota_of_now() {
    each_bench(async |bench| {
        bench.deploy("shop", &with("scale: 3")).await;
        succeeded(&bench, &bench.update("shop", &with("scale: 1")).await).await;
        limit(&bench, json!({"containers": 2})).await;
        let before = traces(&bench).await;
        let refused = bench.admin.post(&format!("{APPS}/shop/rollback"), &json!({"release": 1})).await.expect(403);
        assert_eq!(refused.json()["message"]["key"], "quota.exceeded.containers");
        assert_eq!(traces(&bench).await, before);
        limit(&bench, json!({"containers": 3})).await;
        succeeded(&bench, &bench.ask("shop", "rollback", json!({"release": 1})).await).await;
        assert_eq!(usage(&bench).await["containers"], 3);
    })
    .await;
}

#[tokio::test]
async fn deleting_an_app_frees_what_it_used() {
    each_bench(async |bench| {
        limit(&bench, json!({"containers": 1, "volumes": 1})).await;
        let lines = "tty: true\nvolumes: {data: {}}";
        bench.deploy("shop", &with(lines)).await;
        bench.admin.post(APPS, &app("blog", lines)).await.expect(403);
        let gone = bench.admin.delete(&format!("{APPS}/shop")).await.expect(202).json();
        succeeded(&bench, gone["operation"].as_str().unwrap()).await;
        assert_eq!(usage(&bench).await, used(0.0, 0, 0, 0));
        bench.deploy("blog", &with(lines)).await;
    })
    .await;
}

#[tokio::test]
async fn a_lower_quota_leaves_what_runs_and_refuses_more() {
    each_bench(async |bench| {
        bench.deploy("shop", &with("cpus: 1\n    scale: 2")).await;
        limit(&bench, json!({"cpus": 0.5, "containers": 1})).await;
        bench.state("shop", "running").await;
        assert_eq!(bench.containers("shop"), ["shop-web-1 web:1 running", "shop-web-2 web:1 running"]);
        let path = format!("{APPS}/shop");
        for (lines, key) in [
            ("cpus: 1\n    scale: 3", "quota.exceeded.containers"),
            ("cpus: 1.5\n    scale: 2", "quota.exceeded.cpus"),
            ("scale: 1", "quota.limit.cpus"),
        ] {
            let refused = bench.admin.put(&path, &json!({"compose": with(lines)})).await.expect(403).json();
            assert_eq!(refused["message"]["key"], key);
        }
        bench.admin.post(APPS, &app("blog", "cpus: 0.1")).await.expect(403);
        // The same amount is no more.
        succeeded(&bench, &bench.update("shop", &with("cpus: 1\n    scale: 2\n    tty: true")).await).await;
        succeeded(&bench, &bench.update("shop", &with("cpus: 0.5")).await).await;
        assert_eq!(usage(&bench).await, used(0.5, 0, 1, 0));
    })
    .await;
}

#[tokio::test]
async fn apps_of_an_earlier_version_are_counted_at_the_start() {
    each_bench(async |bench| {
        bench.deploy("shop", &with(&format!("{HALF}\n    scale: 2"))).await;
        bench.deploy("blog", &with(HALF)).await;
        succeeded(&bench, &bench.ask("blog", "stop", json!(null)).await).await;
        let forget = "DELETE FROM app_usages";
        let written = bench
            .portal
            .state
            .db
            .write(async |txn| txn.execute_unprepared(forget).await.map(drop).map_err(db::Error::from));
        written.await.unwrap();
        assert_eq!(usage(&bench).await, used(0.0, 0, 0, 0));
        let bench = Bench::revive(bench.kill().await).await;
        assert_eq!(usage(&bench).await, used(1.0, 128, 2, 0));
    })
    .await;
}

#[tokio::test]
async fn members_see_the_quota_and_administrators_of_the_portal_set_it() {
    each_database(async |portal| {
        let guest = portal.member("gus", "default", ProjectRole::Guest).await;
        let lead = portal.member("pia", "default", ProjectRole::Admin).await;
        let foreign = portal.member("eve", "bank", ProjectRole::Admin).await;
        let admin = portal.admin().await;
        let none = json!({
            "cpus": null, "memory_bytes": null, "containers": null, "volumes": null, "ports": [], "clusters": null,
        });
        assert_eq!(guest.get(QUOTA).await.expect(200).json(), json!({"quota": none, "usage": used(0.0, 0, 0, 0)}));
        let quota = json!({"containers": 5});
        for client in [&guest, &lead] {
            client.put(QUOTA, &quota).await.expect(403);
        }
        foreign.get(QUOTA).await.expect(404);
        foreign.put(QUOTA, &quota).await.expect(404);
        assert_eq!(guest.get(QUOTA).await.expect(200).json()["quota"], none);

        admin.put(QUOTA, &quota).await.expect(200);
        admin.put(QUOTA, &json!({"cpus": 1.5})).await.expect(200);
        let seen = guest.get(QUOTA).await.expect(200).json()["quota"].clone();
        assert_eq!((&seen["cpus"], &seen["containers"]), (&json!(1.5), &json!(null)), "the whole is replaced");
        let entries = admin.get("/api/v1/audit?action=quota.update").await.expect(200).json();
        assert_eq!(entries["total"], 2);
        let latest = entries["items"][0]["detail"].as_str().unwrap();
        let (before, after) = latest.split_once(" after=").unwrap();
        assert!(before.contains(r#""containers":5"#) && after.contains(r#""cpus":1.5"#), "{latest}");
        // Another project has its own.
        let other = foreign.get("/api/v1/projects/bank/quota").await.expect(200).json();
        assert_eq!(other["quota"], none);
        admin.put("/api/v1/projects/none/quota", &quota).await.expect(404);
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_with_a_quota_is_named_and_changes_nothing() {
    each_bench(async |bench| {
        let range = json!({"first": 1, "last": 2});
        let many = vec![range; MAX_PORT_RANGES + 1];
        for (body, field) in [
            (json!({"cpus": -1.0}), "cpus"),
            (json!({"cpus": 1e9}), "cpus"),
            (json!({"memory_bytes": -1}), "memory_bytes"),
            (json!({"containers": "five"}), "containers"),
            (json!({"volumes": 1.5}), "volumes"),
            (json!({"ports": [{"first": 1, "last": 2}, {"first": 0, "last": 2}]}), "ports[1]"),
            (json!({"ports": [{"first": 3, "last": 2}]}), "ports[0]"),
            (json!({"ports": many}), "ports"),
            (json!({"clusters": ["local", "moon"]}), "clusters[1]"),
            (json!({"disks": 1}), "disks"),
        ] {
            let refused = bench.admin.put(QUOTA, &body).await.expect(400).json();
            let fields: Vec<_> = refused["fields"].as_array().unwrap().iter().map(|it| &it["field"]).collect();
            assert_eq!(fields, [field], "{body}");
        }
        let quota = bench.admin.get(QUOTA).await.expect(200).json()["quota"].clone();
        assert_eq!((&quota["cpus"], &quota["ports"], &quota["clusters"]), (&json!(null), &json!([]), &json!(null)));
    })
    .await;
}
