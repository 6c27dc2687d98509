//! `/api/v1/clusters/{cluster}/containers`, and what stands beside it: clusters, nodes, networks, volumes, events, search
//! and the dashboard.

use api::permission::ProjectRole;
use serde_json::Value;

use crate::fake_engine::{ContainerSpec, FakeEngine, Fault, Flavour, Match, Options, Phase};
use crate::support::{Client, Database, TestPortal, eventually};

const CONTAINERS: &str = "/api/v1/clusters/local/containers";

async fn portal(engine: &FakeEngine) -> (TestPortal, Client) {
    let portal = TestPortal::start(Database::sqlite(), &[("GANTRY_DOCKER_HOST", &engine.host())]).await;
    let mut connected = portal.state.clusters.get("local").unwrap().connected();
    connected.wait_for(|connected| *connected).await.unwrap();
    let admin = portal.admin().await;
    (portal, admin)
}

/// Waits until a list's total is `total`, and gives the list.
async fn listed(client: &Client, path: &str, total: u64) -> Value {
    eventually(&format!("{path} has {total}"), async || client.get(path).await.json()["total"] == total).await;
    client.get(path).await.expect(200).json()
}

fn names(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect()
}

fn shop(name: &str, service: &str) -> ContainerSpec {
    ContainerSpec::new(name, &format!("{service}:1"))
        .label("com.docker.compose.project", "shop")
        .label("com.docker.compose.service", service)
        .label("dev.gantry.project", "alpha")
}

#[tokio::test]
async fn the_list_filters_searches_sorts_and_pages_on_the_server() {
    let engine = FakeEngine::start().await;
    for number in 0..7 {
        engine.add_container(&shop(&format!("shop-web-{number}"), "web"));
    }
    engine.add_container(&shop("shop-db-1", "db"));
    engine.add_container(&ContainerSpec::new("loner", "busybox:local").stopped());
    let (_portal, admin) = portal(&engine).await;
    listed(&admin, CONTAINERS, 9).await;
    let list = async |query: &str| admin.get(&format!("{CONTAINERS}?{query}")).await.expect(200).json();

    assert_eq!(list("app=shop&service=db").await["total"], 1);
    assert_eq!(list("state=running").await["total"], 8);
    assert_eq!(list("state=created,exited").await["total"], 1);
    assert_eq!(list("image=web:1").await["total"], 7);
    assert_eq!(list("health=none").await["total"], 9);
    assert_eq!(list("network=bridge&state=running").await["total"], 8);
    assert_eq!(names(&list("q=SHOP%20db").await), ["shop-db-1"]);
    assert_eq!(names(&list("sort=name&order=desc&limit=2").await), ["shop-web-6", "shop-web-5"]);
    assert_eq!(names(&list("sort=image&limit=2").await), ["loner", "shop-db-1"]);

    let first = list("limit=4").await;
    assert_eq!((first["items"].as_array().unwrap().len(), &first["total"]), (4, &Value::from(9)));
    assert!(first["age_ms"].as_u64().is_some());
    let second = list(&format!("limit=4&cursor={}", first["next"].as_str().unwrap())).await;
    let third = list(&format!("limit=4&cursor={}", second["next"].as_str().unwrap())).await;
    assert!(third["next"].is_null());
    let mut all = [names(&first), names(&second), names(&third)].concat();
    assert_eq!(all.len(), 9);
    all.dedup();
    assert_eq!(all.len(), 9, "no row twice");

    let wrong = admin.get(&format!("{CONTAINERS}?colour=red&sort=colour")).await.expect(400).json();
    let fields: Vec<_> = wrong["fields"].as_array().unwrap().iter().map(|field| field["field"].clone()).collect();
    assert_eq!(fields, ["colour", "sort"]);
    assert!(wrong["fields"][0]["detail"].as_str().unwrap().contains("health"), "{wrong}");
    for query in ["limit=0", "limit=x", "cursor=x", "order=sideways"] {
        admin.get(&format!("{CONTAINERS}?{query}")).await.expect(400);
    }
}

#[tokio::test]
async fn a_container_is_found_by_id_beginning_and_name() {
    let engine = FakeEngine::start().await;
    let id = engine.add_container(&shop("shop-web-1", "web"));
    let (_portal, admin) = portal(&engine).await;
    listed(&admin, CONTAINERS, 1).await;
    for reference in [id.as_str(), &id[..12], "shop-web-1"] {
        let detail = admin.get(&format!("{CONTAINERS}/{reference}")).await.expect(200).json();
        assert_eq!((&detail["id"], &detail["restart_policy"]), (&Value::from(id.as_str()), &Value::from("no")));
        assert!(detail["pid"].as_u64().unwrap() > 0);
    }
    let raw = admin.get(&format!("{CONTAINERS}/shop-web-1/inspect")).await.expect(200).json();
    assert_eq!(raw["Id"], id);
    for missing in ["nobody", "..%2Fx", "%00"] {
        let problem = admin.get(&format!("{CONTAINERS}/{missing}")).await.expect(404).json();
        assert_eq!(problem["type"], "/problems/not-found");
    }
    admin.get("/api/v1/clusters/mars/containers").await.expect(404);
}

#[tokio::test]
async fn actions_reach_the_engine_and_what_is_so_already_is_done() {
    let engine = FakeEngine::start().await;
    engine.add_container(&ContainerSpec::new("web", "app:1"));
    let (portal, admin) = portal(&engine).await;
    listed(&admin, CONTAINERS, 1).await;
    let act = async |action: &str| admin.post(&format!("{CONTAINERS}/web/{action}"), &Value::Null).await;
    for (action, phase) in [
        ("pause", Phase::Paused),
        ("pause", Phase::Paused),
        ("unpause", Phase::Running),
        ("kill", Phase::Exited),
        ("kill", Phase::Exited),
        ("start", Phase::Running),
        ("start", Phase::Running),
        ("restart", Phase::Running),
        ("stop", Phase::Exited),
        ("stop", Phase::Exited),
    ] {
        act(action).await.expect(204);
        engine.wait_phase("web", phase).await;
    }
    act("explode").await.expect(404);
    let audited = server::db::audit::newest(portal.state.db.read(), 100).await.unwrap();
    assert_eq!(audited.iter().filter(|entry| entry.target == "local/web").count(), 10);
}

#[tokio::test]
async fn a_running_container_is_removed_only_by_force() {
    let engine = FakeEngine::start().await;
    engine.add_container(&ContainerSpec::new("web", "app:1"));
    let (_portal, admin) = portal(&engine).await;
    listed(&admin, CONTAINERS, 1).await;
    let problem = admin.delete(&format!("{CONTAINERS}/web")).await.expect(409).json();
    assert_eq!(problem["message"]["key"], "container.running");
    assert_eq!(engine.phase("web"), Some(Phase::Running));
    admin.delete(&format!("{CONTAINERS}/web?nonsense=1")).await.expect(400);
    admin.delete(&format!("{CONTAINERS}/web?force=true&volumes=true")).await.expect(204);
    listed(&admin, CONTAINERS, 0).await;
    admin.delete(&format!("{CONTAINERS}/web?force=true")).await.expect(404);
}

#[tokio::test]
async fn a_hung_engine_costs_the_writes_but_not_the_lists() {
    let engine = FakeEngine::start().await;
    engine.add_container(&ContainerSpec::new("web", "app:1"));
    let (_portal, admin) = portal(&engine).await;
    listed(&admin, CONTAINERS, 1).await;
    engine.fault(Match::any(), Fault::Hang);
    for _ in 0..20 {
        assert_eq!(admin.get(CONTAINERS).await.expect(200).json()["total"], 1);
    }
    admin.get("/api/v1/clusters/local/images").await.expect(200);
    admin.get("/api/v1/overview").await.expect(200);
}

#[tokio::test]
async fn an_engine_that_is_away_is_told_with_what_to_do() {
    let engine = FakeEngine::start().await;
    engine.add_container(&ContainerSpec::new("web", "app:1"));
    let (portal, admin) = portal(&engine).await;
    listed(&admin, CONTAINERS, 1).await;
    engine.stop().await;
    let mut connected = portal.state.clusters.get("local").unwrap().connected();
    connected.wait_for(|connected| !*connected).await.unwrap();
    let cluster = admin.get("/api/v1/clusters/local").await.expect(200).json();
    assert_eq!(cluster["connection"]["state"], "lost");
    assert!(cluster["connection"]["problem"]["key"].as_str().unwrap().starts_with("engine."));
    let problem = admin.post(&format!("{CONTAINERS}/web/stop"), &Value::Null).await.expect(503);
    assert_eq!(problem.header("retry-after"), "5");
    assert_eq!(problem.json()["message"]["key"], "engine.unreachable");
    assert_eq!(admin.get(CONTAINERS).await.expect(200).json()["items"][0]["state"], "running");
    let overview = admin.get("/api/v1/overview").await.expect(200).json();
    assert_eq!(overview["attention"][0]["target"]["kind"], "cluster");

    engine.start_again();
    connected.wait_for(|connected| *connected).await.unwrap();
    admin.post(&format!("{CONTAINERS}/web/start"), &Value::Null).await.expect(204);
}

#[tokio::test]
async fn members_see_their_projects_containers_and_nothing_else() {
    let engine = FakeEngine::start().await;
    let ours = engine.add_container(&shop("shop-web-1", "web"));
    engine.add_container(&ContainerSpec::new("foreign", "app:1"));
    let (portal, admin) = portal(&engine).await;
    listed(&admin, CONTAINERS, 2).await;
    let developer = portal.member("dora", "alpha", ProjectRole::Developer).await;
    let guest = portal.member("gus", "alpha", ProjectRole::Guest).await;
    let outsider = portal.member("olga", "beta", ProjectRole::Admin).await;
    let anonymous = portal.anonymous();

    for path in ["containers", "images", "networks", "volumes", "nodes", "events", "disk-usage"] {
        let path = format!("/api/v1/clusters/local/{path}");
        anonymous.get(&path).await.expect(401);
        developer.get(&path).await.expect(403);
        outsider.get(&path).await.expect(403);
    }
    let seen = developer.get("/api/v1/clusters").await.expect(200).json();
    assert_eq!(seen["items"][0]["name"], "local");
    assert_eq!((&seen["items"][0]["endpoint"], &seen["items"][0]["engine"]), (&Value::from(""), &Value::Null));

    developer.get(&format!("{CONTAINERS}/{ours}")).await.expect(200);
    guest.get(&format!("{CONTAINERS}/{ours}")).await.expect(200);
    let missing = outsider.get(&format!("{CONTAINERS}/nobody")).await.expect(404);
    for reference in [ours.as_str(), &ours[..12], "shop-web-1", "foreign"] {
        let answer = outsider.get(&format!("{CONTAINERS}/{reference}")).await.expect(404);
        assert_eq!(answer.text().replace(reference, "nobody"), missing.text());
        outsider.post(&format!("{CONTAINERS}/{reference}/stop"), &Value::Null).await.expect(404);
        outsider.delete(&format!("{CONTAINERS}/{reference}?force=true")).await.expect(404);
        outsider.get(&format!("{CONTAINERS}/{reference}/inspect")).await.expect(404);
        outsider.get(&format!("{CONTAINERS}/{reference}/shells")).await.expect(404);
    }
    guest.post(&format!("{CONTAINERS}/{ours}/stop"), &Value::Null).await.expect(403);
    guest.delete(&format!("{CONTAINERS}/{ours}")).await.expect(403);
    anonymous.post(&format!("{CONTAINERS}/{ours}/stop"), &Value::Null).await.expect(401);
    developer.get(&format!("{CONTAINERS}/foreign")).await.expect(404);
    assert_eq!(engine.phase("shop-web-1"), Some(Phase::Running));
    assert!(engine.writes().is_empty(), "no refused call reached the engine: {}", engine.requests().text());

    let found = developer.get("/api/v1/search?q=web").await.expect(200).json();
    assert_eq!(found["total"], 1);
    assert_eq!(developer.get("/api/v1/search?q=foreign").await.expect(200).json()["total"], 0);
    assert_eq!(admin.get("/api/v1/search?q=foreign").await.expect(200).json()["total"], 1);
    anonymous.get("/api/v1/search?q=web").await.expect(401);
    developer.post(&format!("{CONTAINERS}/{ours}/restart"), &Value::Null).await.expect(204);
}

#[tokio::test]
async fn networks_and_volumes_in_use_name_who_uses_them() {
    for flavour in [Flavour::Docker20, Flavour::Docker28] {
        let engine = FakeEngine::start_with(Options { flavour, ..Options::default() }).await;
        let (portal, admin) = portal(&engine).await;
        let cluster = portal.state.clusters.get("local").unwrap().clone();
        let network = server::engine::NetworkSpec { name: "back".into(), ..Default::default() };
        cluster.create_network(&network).await.unwrap();
        let volume = server::engine::VolumeSpec { name: "data".into(), ..Default::default() };
        cluster.create_volume(&volume).await.unwrap();
        let spec = server::engine::ContainerSpec {
            name: "user".into(),
            image: "busybox:local".into(),
            command: Some(vec!["sleep".into(), "1000".into()]),
            networks: vec![server::engine::NetworkAttachment { name: "back".into(), ..Default::default() }],
            mounts: vec![server::engine::MountSpec::Volume {
                name: Some("data".into()),
                target: "/data".into(),
                read_only: false,
                nocopy: false,
                subpath: None,
            }],
            ..Default::default()
        };
        let id = cluster.create_container(&spec).await.unwrap();
        cluster.start(&id).await.unwrap();
        let volumes = listed(&admin, "/api/v1/clusters/local/volumes?used=true", 1).await;
        assert_eq!(volumes["items"][0]["used_by"][0], "user");
        eventually("the network is used", async || {
            let list = admin.get("/api/v1/clusters/local/networks?q=back").await.json();
            list["items"][0]["containers"] == 1
        })
        .await;
        for path in ["/api/v1/clusters/local/networks/back", "/api/v1/clusters/local/volumes/data"] {
            let problem = admin.delete(path).await.expect(409).json();
            assert!(problem["detail"].as_str().unwrap().contains("user"), "{problem}");
        }
        admin.delete(&format!("{CONTAINERS}/user?force=true")).await.expect(204);
        listed(&admin, CONTAINERS, 0).await;
        for path in ["/api/v1/clusters/local/networks/back", "/api/v1/clusters/local/volumes/data"] {
            admin.delete(path).await.expect(204);
            eventually("it is gone", async || admin.delete(path).await.status == 404).await;
        }
    }
}

#[tokio::test]
async fn nodes_events_and_the_dashboard_tell_what_runs_and_what_is_wrong() {
    let engine = FakeEngine::start().await;
    engine.add_container(&ContainerSpec::new("web", "app:1"));
    engine.add_container(&ContainerSpec::new("bad", "app:1"));
    let (_portal, admin) = portal(&engine).await;
    engine.exit_container("bad", 3);
    let nodes = listed(&admin, "/api/v1/clusters/local/nodes", 1).await;
    let node = &nodes["items"][0];
    assert_eq!((&node["role"], &node["ready"]), (&Value::from("single"), &Value::from(true)));
    let path = format!("/api/v1/clusters/local/nodes/{}", node["name"].as_str().unwrap());
    assert_eq!(admin.get(&path).await.expect(200).json()["id"], node["id"]);
    admin.get("/api/v1/clusters/local/nodes/nobody").await.expect(404);

    let events = listed(&admin, "/api/v1/clusters/local/events?action=die&name=bad", 1).await;
    assert_eq!(events["items"][0]["attributes"]["exitCode"], "3");
    eventually("the dashboard tells it", async || {
        let overview = admin.get("/api/v1/overview").await.expect(200).json();
        let attention = overview["attention"].as_array().unwrap();
        attention.iter().any(|entry| entry["message"]["key"] == "attention.exited" && entry["target"]["name"] == "bad")
    })
    .await;
    let disk = admin.get("/api/v1/clusters/local/disk-usage").await.expect(200).json();
    assert!(disk["images"]["count"].as_u64().unwrap() >= 1);
    admin.get("/api/v1/clusters/local/disk-usage").await.expect(200);
    assert_eq!(engine.requests().count("GET", "/system/df"), 1, "measured once a minute");
}

#[tokio::test]
async fn a_thousand_rows_are_listed_and_searched_at_once() {
    let engine = FakeEngine::start().await;
    for number in 0..1_000 {
        engine.add_container(&shop(&format!("shop-web-{number:04}"), "web"));
    }
    let (_portal, admin) = portal(&engine).await;
    let list = listed(&admin, &format!("{CONTAINERS}?limit=1000"), 1_000).await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1_000);
    assert_eq!(names(&admin.get(&format!("{CONTAINERS}?q=web-0777")).await.json()), ["shop-web-0777"]);
    let found = admin.get("/api/v1/search?q=shop-web").await.expect(200).json();
    assert_eq!((found["items"].as_array().unwrap().len(), &found["total"]), (20, &Value::from(1_000)));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_open_pages_at_once_all_get_them_whole() {
    let engine = FakeEngine::start().await;
    for number in 0..50 {
        engine.add_container(&shop(&format!("shop-web-{number}"), "web"));
    }
    let (_portal, admin) = portal(&engine).await;
    listed(&admin, CONTAINERS, 50).await;
    for path in ["/", "/apps", "/operations", "/clusters/local/containers", "/clusters/local/nodes"] {
        let open = (0..64).map(|_| async {
            let page = admin.get(path).await.expect(200).text();
            let title = page.split_once("<title>").and_then(|(_, rest)| rest.split_once(" · Gantry</title>"));
            assert!(title.is_some() && page.contains("<h1") && page.contains("id=\"data-1\""), "{path}: {page}");
        });
        futures::future::join_all(open).await;
    }
}

#[tokio::test]
async fn a_page_that_is_rendered_again_has_the_rows_as_they_are_by_then() {
    let engine = FakeEngine::start().await;
    engine.add_image("web:1");
    engine.add_container(&shop("shop-web-1", "web"));
    engine.add_container(&shop("shop-web-2", "web"));
    let (_portal, admin) = portal(&engine).await;
    listed(&admin, CONTAINERS, 2).await;
    let rows = async |client: &Client, path: &str| {
        let page = client.get(path).await.expect(200).text();
        let (_, after) = page.split_once("<tbody>").expect("a table");
        after.split_once("</tbody>").unwrap().0.to_owned()
    };
    let (containers, images) = ("/clusters/local/containers?sort=name", "/clusters/local/images");
    // Each part of the picture is listed by itself.
    eventually("the images are listed", async || {
        admin.get("/api/v1/clusters/local/images?q=web:1").await.json()["total"] == 1
    })
    .await;
    let first = rows(&admin, images).await;
    assert!(first.contains("web:1"), "{first}");
    assert_eq!(rows(&admin, images).await, first);

    let before = rows(&admin, containers).await;
    assert!(before.contains("Running") && !before.contains("Exited"), "{before}");
    engine.exit_container("shop-web-2", 3);
    eventually("the list has the end", async || {
        admin.get(CONTAINERS).await.json()["items"].as_array().unwrap().iter().any(|row| row["exit_code"] == 3)
    })
    .await;
    let after = rows(&admin, containers).await;
    assert!(after.contains("Running") && after.contains("Exited"), "{after}");
    admin.set_cookie("gantry_language", "zh-CN");
    let chinese = rows(&admin, containers).await;
    assert!(chinese.contains("shop-web-1") && !chinese.contains("Running"), "{chinese}");
}
