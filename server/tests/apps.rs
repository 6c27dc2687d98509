//! Apps: deployed, updated, scaled, stopped, compared, removed.

use api::operation::OperationState;
use api::permission::ProjectRole;
use serde_json::json;

use crate::fake_engine::ContainerSpec;
use crate::support::{Bench, each_bench, story};

const SHOP: &str = "
services:
  db:
    image: db:1
    volumes: [data:/data]
    healthcheck: {test: [CMD, check], interval: 1s, retries: 3}
    labels: {fake.health: after:1}
  web:
    image: web:1
    depends_on: {db: {condition: service_healthy}}
    deploy: {replicas: 2}
    configs: [{source: page, target: /page}]
volumes: {data: {}}
configs: {page: {content: hello}}
";

async fn succeeded(bench: &Bench, id: &str) {
    let operation = bench.ended(id).await;
    assert_eq!(operation.state, OperationState::Succeeded, "{}", story(&operation));
}

#[tokio::test]
async fn an_app_is_deployed_in_order_with_names_and_labels_as_compose_makes_them() {
    each_bench(async |bench| {
        let operation = bench.deploy("shop", SHOP).await;
        assert_eq!(
            bench.containers("shop"),
            ["shop-db-1 db:1 running", "shop-web-1 web:1 running", "shop-web-2 web:1 running"]
        );
        let steps: Vec<_> = operation.steps.iter().map(|step| step.message.text(api::Language::English)).collect();
        let place =
            |text: &str| steps.iter().position(|step| step == text).unwrap_or_else(|| panic!("{text}: {steps:?}"));
        assert!(place("Create the network shop_default") < place("Create shop-db-1"));
        assert!(place("Create the volume shop_data") < place("Create shop-db-1"));
        assert!(place("Wait until shop-db-1 is ready") < place("Create shop-web-1"), "web waits for db's health");
        bench.engine.look(|state| {
            let db = state.containers.values().find(|c| c.name == "shop-db-1").unwrap();
            assert_eq!(db.label("com.docker.compose.project"), Some("shop"));
            assert_eq!(db.label("com.docker.compose.service"), Some("db"));
            assert_eq!(db.label("com.docker.compose.container-number"), Some("1"));
            assert_eq!(db.label("com.docker.compose.oneoff"), Some("False"));
            assert_eq!(db.label("com.docker.compose.config-hash").unwrap().len(), 64);
            assert_eq!(db.label("dev.gantry.project"), Some("default"));
        });
        assert_eq!(bench.engine.archives("shop-web-1").len(), 1, "the config was put in before the start");
        bench.state("shop", "running").await;
        let app = bench.app("shop").await;
        assert_eq!((&app["release"], &app["containers_ready"]), (&json!(1), &json!(3)));
        assert_eq!(app["services_detail"][0]["name"], "db");
    })
    .await;
}

#[tokio::test]
async fn deploying_the_same_again_writes_nothing() {
    each_bench(async |bench| {
        bench.deploy("shop", SHOP).await;
        bench.engine.clear_requests();
        succeeded(&bench, &bench.update("shop", SHOP).await).await;
        assert_eq!(bench.engine.requests().writes().len(), 0, "{}", bench.engine.requests().text());
        assert_eq!(bench.app("shop").await["release"], 2, "it is a release all the same");
    })
    .await;
}

#[tokio::test]
async fn a_changed_service_starts_first_where_it_can_and_stops_first_where_it_must() {
    each_bench(async |bench| {
        bench.deploy("shop", SHOP).await;
        let both = SHOP.replace("web:1", "web:2").replace("db:1", "db:2");
        succeeded(&bench, &bench.update("shop", &both).await).await;
        assert_eq!(
            bench.containers("shop"),
            ["shop-db-1 db:2 running", "shop-web-1 web:2 running", "shop-web-2 web:2 running"]
        );
        assert_eq!(bench.most_at_once("db"), 1, "two copies never write to one volume");
        assert_eq!(bench.most_at_once("web"), 3, "a new copy starts before an old one stops, one at a time");
        let releases = bench.admin.get("/api/v1/projects/default/apps/shop/releases").await.expect(200).json();
        assert_eq!(releases["items"][0]["state"], "current");
        assert_eq!(releases["items"][1]["state"], "superseded");
        let image = releases["items"][0]["images"]["web"].as_str().unwrap();
        assert!(image.starts_with("web:2@sha256:"), "{image}");
    })
    .await;
}

#[tokio::test]
async fn a_release_is_rolled_back_to_with_the_very_images_it_had() {
    each_bench(async |bench| {
        bench.deploy("shop", SHOP).await;
        let first = bench.engine.look(|state| state.image("web:1").unwrap().id.clone());
        succeeded(&bench, &bench.update("shop", &SHOP.replace("web:1", "web:2")).await).await;
        // the tag moves on meanwhile; the old image loses its name
        bench.engine.add_image("web:1");
        succeeded(&bench, &bench.ask("shop", "rollback", json!({"release": 1})).await).await;
        let used = bench
            .engine
            .look(|state| state.containers.values().find(|c| c.name == "shop-web-1").unwrap().image_id.clone());
        assert_eq!(used, first);
        let releases = bench.admin.get("/api/v1/projects/default/apps/shop/releases/3").await.expect(200).json();
        assert_eq!(releases["rollback_of"], 1);
        let compared =
            bench.admin.get("/api/v1/projects/default/apps/shop/releases/compare?from=1&to=2").await.expect(200).json();
        assert_eq!(compared["changes"][0]["fields"][0]["field"], "services.web.image");
        let sides: Vec<_> = compared["lines"].as_array().unwrap().iter().map(|line| &line["side"]).collect();
        assert!(sides.contains(&&json!("added")) && sides.contains(&&json!("removed")));
    })
    .await;
}

#[tokio::test]
async fn a_service_is_scaled_up_and_down_from_the_highest_number() {
    each_bench(async |bench| {
        bench.deploy("shop", SHOP).await;
        succeeded(&bench, &bench.ask("shop", "services/web/scale", json!({"replicas": 4})).await).await;
        assert_eq!(bench.containers("shop").len(), 5);
        succeeded(&bench, &bench.ask("shop", "services/web/scale", json!({"replicas": 1})).await).await;
        assert_eq!(bench.containers("shop"), ["shop-db-1 db:1 running", "shop-web-1 web:1 running"]);
        let path = "/api/v1/projects/default/apps/shop/services";
        bench.admin.post(&format!("{path}/none/scale"), &json!({"replicas": 1})).await.expect(404);
        let many = bench.admin.post(&format!("{path}/web/scale"), &json!({"replicas": 1001})).await.expect(400);
        assert_eq!(many.json()["fields"][0]["field"], "replicas");
    })
    .await;
}

#[tokio::test]
async fn a_stopped_app_stays_stopped_until_it_is_started() {
    each_bench(async |bench| {
        bench.deploy("shop", SHOP).await;
        succeeded(&bench, &bench.ask("shop", "stop", json!(null)).await).await;
        bench.state("shop", "stopped").await;
        assert!(bench.containers("shop").iter().all(|line| line.ends_with("exited")));
        bench.engine.clear_requests();
        server::services::deploy::reconcile::all(&bench.portal.state).await.unwrap();
        assert_eq!(bench.engine.requests().writes().len(), 0);
        succeeded(&bench, &bench.ask("shop", "services/db/start", json!(null)).await).await;
        assert_eq!(bench.containers("shop")[0], "shop-db-1 db:1 running");
        assert_eq!(bench.containers("shop")[1], "shop-web-1 web:1 exited");
        succeeded(&bench, &bench.ask("shop", "start", json!(null)).await).await;
        bench.state("shop", "running").await;
        bench.engine.clear_requests();
        succeeded(&bench, &bench.ask("shop", "restart", json!(null)).await).await;
        assert_eq!(bench.engine.requests().count("POST", "*/containers/*/restart"), 3);
    })
    .await;
}

#[tokio::test]
async fn a_removed_app_leaves_its_volumes_unless_they_were_asked_for() {
    each_bench(async |bench| {
        bench.deploy("shop", SHOP).await;
        let left = async |volumes: bool| {
            let path = format!("/api/v1/projects/default/apps/shop?volumes={volumes}");
            let id = bench.admin.delete(&path).await.expect(202).json()["operation"].as_str().unwrap().to_owned();
            succeeded(&bench, &id).await;
            bench.admin.get("/api/v1/projects/default/apps/shop").await.expect(404);
            assert!(bench.containers("shop").is_empty());
            assert_eq!(bench.operation(&id).await.app.as_deref(), Some("shop"), "the operation outlives its app");
            bench.engine.look(|state| {
                assert!(!state.networks.iter().any(|network| network.name == "shop_default"));
                state.volumes.contains_key("shop_data")
            })
        };
        assert!(left(false).await);
        bench.deploy("shop", SHOP).await;
        assert!(!left(true).await, "the volume of the earlier app of this name is this one's");
    })
    .await;
}

#[tokio::test]
async fn a_preview_shows_what_would_be_done_and_changes_nothing() {
    each_bench(async |bench| {
        let path = "/api/v1/projects/default/apps/preview";
        let body = json!({"name": "shop", "cluster": "local", "compose": SHOP.replace("web:1", "far:1")});
        bench.engine.clear_requests();
        let preview = bench.admin.post(path, &body).await.expect(200).json();
        let shown: Vec<_> = preview["changes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|change| format!("{} {} {}", change["action"], change["kind"], change["name"]).replace('"', ""))
            .collect();
        assert_eq!(
            shown,
            [
                "create image far:1",
                "create network shop_default",
                "create volume shop_data",
                "create container shop-db-1",
                "create container shop-web-1",
                "create container shop-web-2"
            ]
        );
        assert_eq!(bench.engine.requests().writes().len(), 0);

        bench.deploy("shop", SHOP).await;
        let taken = bench.admin.post(path, &body).await.expect(200).json();
        assert_eq!(taken["fields"][0]["field"], "name");
        let update = json!({"compose": SHOP.replace("web:1", "web:2")});
        let preview = bench.admin.post("/api/v1/projects/default/apps/shop/preview", &update).await.expect(200).json();
        let change =
            preview["changes"].as_array().unwrap().iter().find(|change| change["name"] == "shop-web-1").unwrap();
        assert_eq!(change["action"], "replace");
        let field = json!({"field": "services.web.image", "before": "web:1", "after": "web:2"});
        assert_eq!(change["fields"], json!([field]));
    })
    .await;
}

#[tokio::test]
async fn a_bad_compose_file_is_a_finding_in_a_preview_and_400_with_the_place_elsewhere() {
    each_bench(async |bench| {
        let bad = "services:\n  web:\n    image: web:1\n    prots: ['80:80']\n";
        let body = json!({"name": "shop", "cluster": "local", "compose": bad});
        let preview = bench.admin.post("/api/v1/projects/default/apps/preview", &body).await.expect(200).json();
        let finding = &preview["diagnostics"][0];
        assert_eq!((&finding["line"], &finding["column"]), (&json!(4), &json!(5)));
        let refused = bench.admin.post("/api/v1/projects/default/apps", &body).await.expect(400).json();
        let field = &refused["fields"][0];
        assert_eq!(field["field"], "compose.services.web.prots");
        assert_eq!((&field["line"], &field["column"]), (&json!(4), &json!(5)));
        bench.admin.get("/api/v1/projects/default/apps/shop").await.expect(404);

        for (body, field) in [
            (json!({"name": "Bad_Name", "cluster": "local", "compose": SHOP}), "name"),
            (json!({"name": "a", "cluster": "none", "compose": SHOP}), "cluster"),
            (json!({"name": "a", "cluster": "local"}), "compose"),
            (json!({"name": "a", "cluster": "local", "template": "none"}), "template"),
            (
                json!({"name": "a", "cluster": "local", "image": {"image": "no image", "container_port": 80}}),
                "image.image",
            ),
            (
                json!({"name": "a", "cluster": "local", "image": {"image": "web:1", "host_port": 80}}),
                "image.container_port",
            ),
        ] {
            let refused = bench.admin.post("/api/v1/projects/default/apps", &body).await.expect(400).json();
            assert_eq!(refused["fields"][0]["field"], field, "{refused}");
        }
        let unknown = json!({"name": "a", "cluster": "local", "compose": SHOP, "owner": "me"});
        bench.admin.post("/api/v1/projects/default/apps", &unknown).await.expect(400);
    })
    .await;
}

#[tokio::test]
async fn an_image_with_a_port_is_an_app() {
    each_bench(async |bench| {
        let body = json!({"name": "one", "cluster": "local", "image": {"image": "web:1", "container_port": 80}});
        let made = bench.admin.post("/api/v1/projects/default/apps", &body).await.expect(202).json();
        succeeded(&bench, made["operation"].as_str().unwrap()).await;
        bench.state("one", "running").await;
        let ports = bench.app("one").await["ports"].clone();
        assert_eq!(ports[0]["container_port"], 80);
        assert!(ports[0]["host_port"].as_u64().unwrap() > 1024, "the engine chose one: {ports}");
    })
    .await;
}

#[tokio::test]
async fn a_name_that_is_taken_on_the_cluster_is_refused_whoever_has_it() {
    each_bench(async |bench| {
        bench
            .engine
            .add_container(&ContainerSpec::new("theirs-web-1", "web:1").label("com.docker.compose.project", "theirs"));
        let cluster = bench.portal.state.clusters.get("local").unwrap().clone();
        crate::support::eventually("the container is seen", async || {
            cluster.picture().containers.iter().any(|container| container.name == "theirs-web-1")
        })
        .await;
        let body = |name: &str| json!({"name": name, "cluster": "local", "compose": SHOP});
        let foreign = bench.admin.post("/api/v1/projects/default/apps", &body("theirs")).await.expect(409).json();
        bench.deploy("shop", SHOP).await;
        let again = bench.admin.post("/api/v1/projects/default/apps", &body("shop")).await.expect(409).json();
        bench.portal.project("other").await;
        let other = bench.admin.post("/api/v1/projects/other/apps", &body("shop")).await.expect(409).json();
        assert_eq!(again["message"]["key"], foreign["message"]["key"], "nobody learns of other projects");
        assert_eq!(again, other);
    })
    .await;
}

#[tokio::test]
async fn a_change_based_on_an_old_release_is_refused() {
    each_bench(async |bench| {
        bench.deploy("shop", SHOP).await;
        succeeded(&bench, &bench.update("shop", &SHOP.replace("web:1", "web:2")).await).await;
        let stale = json!({"compose": SHOP, "based_on": 1});
        bench.admin.put("/api/v1/projects/default/apps/shop", &stale).await.expect(409);
        let fresh = json!({"compose": SHOP, "based_on": 2});
        bench.admin.put("/api/v1/projects/default/apps/shop", &fresh).await.expect(202);
    })
    .await;
}

#[tokio::test]
async fn others_see_nothing_guests_change_nothing_and_developers_do_not_reach_the_host() {
    each_bench(async |bench| {
        bench.deploy("shop", SHOP).await;
        let outsider = bench.portal.outsider("eve").await;
        let (guest, developer) = (
            bench.portal.member("gus", "default", ProjectRole::Guest).await,
            bench.portal.member("dev", "default", ProjectRole::Developer).await,
        );
        let missing = outsider.get("/api/v1/projects/nowhere/apps/shop").await.expect(404);
        for path in ["", "/services", "/releases", "/releases/1", "/releases/compare?from=1&to=1", "/containers"] {
            let path = format!("/api/v1/projects/default/apps/shop{path}");
            let hidden = outsider.get(&path).await.expect(404);
            assert_eq!(hidden.text().replace("default", "nowhere"), missing.text(), "{path}");
            guest.get(&path).await.expect(200);
        }
        let writes = [
            ("/start", json!(null)),
            ("/stop", json!(null)),
            ("/restart", json!(null)),
            ("/rollback", json!({"release": 1})),
            ("/preview", json!({"compose": SHOP})),
            ("/services/web/scale", json!({"replicas": 1})),
            ("/services/web/stop", json!(null)),
        ];
        bench.engine.clear_requests();
        for (path, body) in &writes {
            let path = format!("/api/v1/projects/default/apps/shop{path}");
            outsider.post(&path, body).await.expect(404);
            guest.post(&path, body).await.expect(403);
            bench.portal.anonymous().post(&path, body).await.expect(401);
        }
        let privileged = SHOP.replace("image: web:1", "image: web:1\n    privileged: true");
        let body = json!({"name": "mine", "cluster": "local", "compose": privileged});
        let refused = developer.post("/api/v1/projects/default/apps", &body).await.expect(403).json();
        assert!(refused["detail"].as_str().unwrap().contains("services.web.privileged"), "{refused}");
        let update = json!({ "compose": privileged });
        developer.put("/api/v1/projects/default/apps/shop", &update).await.expect(403);
        assert_eq!(bench.engine.requests().writes().len(), 0, "no call of the engine was made");
        developer.post("/api/v1/projects/default/apps/shop/restart", &json!(null)).await.expect(202);
        assert_eq!(outsider.get("/api/v1/apps").await.expect(200).json()["total"], 0);
        assert_eq!(guest.get("/api/v1/apps?state=progressing,running").await.expect(200).json()["total"], 1);
        guest.get("/api/v1/apps?colour=red").await.expect(400);
    })
    .await;
}

#[tokio::test]
async fn the_dashboard_counts_apps_and_names_what_is_wrong() {
    each_bench(async |bench| {
        bench.deploy("shop", SHOP).await;
        bench.state("shop", "running").await;
        let overview = bench.admin.get("/api/v1/overview").await.expect(200).json();
        assert_eq!((&overview["apps"]["total"], &overview["apps"]["running"]), (&json!(1), &json!(1)));
        assert_eq!(overview["operations"][0]["kind"], "deploy");
        bench.deploy("never", "services: {web: {image: 'web:1', restart: 'no'}}").await;
        bench.engine.exit_container("never-web-1", 3);
        bench.state("never", "failed").await;
        let overview = bench.admin.get("/api/v1/overview").await.expect(200).json();
        let attention = overview["attention"].as_array().unwrap();
        let app = attention.iter().find(|item| item["target"]["kind"] == "app").unwrap();
        assert_eq!(app["message"]["key"], "status.exited");
        assert_eq!(bench.admin.get("/api/v1/projects").await.expect(200).json()["items"][0]["apps"], 2);
        let templates = bench.admin.get("/api/v1/templates").await.expect(200).json();
        assert!(templates["total"].as_u64().unwrap() >= 6);
    })
    .await;
}
