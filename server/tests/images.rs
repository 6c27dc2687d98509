//! `/api/v1/clusters/{cluster}/images`.

use serde_json::{Value, json};

use crate::fake_engine::{ContainerSpec, FakeEngine};
use crate::support::{Client, Database, TestPortal, eventually};

const IMAGES: &str = "/api/v1/clusters/local/images";

async fn portal(engine: &FakeEngine) -> (TestPortal, Client) {
    let portal = TestPortal::start(Database::sqlite(), &[("GANTRY_DOCKER_HOST", &engine.host())]).await;
    let admin = portal.admin().await;
    (portal, admin)
}

async fn listed(client: &Client, query: &str, total: u64) -> Value {
    let path = format!("{IMAGES}?{query}");
    eventually(&format!("{path} has {total}"), async || client.get(&path).await.json()["total"] == total).await;
    client.get(&path).await.expect(200).json()
}

#[tokio::test]
async fn images_are_listed_with_their_users_and_shown_with_their_history() {
    let engine = FakeEngine::start().await;
    engine.add_image("team/web:1");
    engine.add_container(&ContainerSpec::new("user", "team/web:1"));
    let (_portal, admin) = portal(&engine).await;
    let used = listed(&admin, "used=true", 1).await;
    assert_eq!((&used["items"][0]["tags"][0], &used["items"][0]["containers"]), (&"team/web:1".into(), &1.into()));
    listed(&admin, "used=false", 1).await;
    listed(&admin, "tag=team/web:1,busybox:local", 2).await;
    listed(&admin, "dangling=true", 0).await;
    let by_size = listed(&admin, "sort=size_bytes&order=desc", 2).await;
    assert_eq!(by_size["items"][0]["tags"][0], "team/web:1");

    for reference in ["team%2Fweb%3A1", "team%2Fweb:1", used["items"][0]["id"].as_str().unwrap()] {
        let detail = admin.get(&format!("{IMAGES}/{reference}")).await.expect(200).json();
        assert_eq!(detail["used_by"][0]["name"], "user");
        assert!(!detail["layers"].as_array().unwrap().is_empty());
        assert!(!detail["history"].as_array().unwrap().is_empty());
    }
    for missing in ["nobody", "..%2F..%2Fcontainers%2Fjson", "a%2F%2Fb", "%20"] {
        let status = admin.get(&format!("{IMAGES}/{missing}")).await.status.as_u16();
        assert!(status == 404 || status == 400, "{missing}: {status}");
    }
}

#[tokio::test]
async fn a_name_can_be_added_and_taken_away() {
    let engine = FakeEngine::start().await;
    let (_portal, admin) = portal(&engine).await;
    listed(&admin, "", 1).await;
    let tag = |name: &str| json!({ "tag": name });
    admin.post(&format!("{IMAGES}/busybox:local/tag"), &tag("team/box:2")).await.expect(204);
    listed(&admin, "tag=team/box:2", 1).await;
    for wrong in ["", "Team/Box:1", "a b", "x@sha256:00", "../x"] {
        let problem = admin.post(&format!("{IMAGES}/busybox:local/tag"), &tag(wrong)).await.expect(400).json();
        assert_eq!(problem["fields"][0]["field"], "tag", "{wrong:?}: {problem}");
    }
    admin.post(&format!("{IMAGES}/nobody/tag"), &tag("team/box:3")).await.expect(404);
    admin.post(&format!("{IMAGES}/busybox:local/tag"), &json!({"tag": "a:1", "force": true})).await.expect(400);
    admin.delete(&format!("{IMAGES}/team%2Fbox:2")).await.expect(204);
    listed(&admin, "tag=team/box:2", 0).await;
    listed(&admin, "", 1).await;
}

#[tokio::test]
async fn an_image_in_use_names_its_containers() {
    let engine = FakeEngine::start().await;
    engine.add_container(&ContainerSpec::new("user", "team/web:1"));
    let (portal, admin) = portal(&engine).await;
    listed(&admin, "used=true", 1).await;
    let problem = admin.delete(&format!("{IMAGES}/team%2Fweb:1")).await.expect(409).json();
    assert_eq!(problem["message"]["key"], "image.in-use");
    assert!(problem["detail"].as_str().unwrap().contains("user"), "{problem}");
    admin.delete(&format!("{IMAGES}/nobody:1")).await.expect(404);
    engine.remove_container("user");
    listed(&admin, "used=true", 0).await;
    admin.delete(&format!("{IMAGES}/team%2Fweb:1")).await.expect(204);
    listed(&admin, "", 1).await;
    let member = portal.outsider("olga").await;
    member.delete(&format!("{IMAGES}/busybox:local")).await.expect(403);
    portal.anonymous().delete(&format!("{IMAGES}/busybox:local")).await.expect(401);
    let audited = server::db::audit::newest(portal.state.db.read(), 100).await.unwrap();
    let done: Vec<_> = audited.iter().map(|entry| (entry.action.as_str(), entry.result.as_str())).collect();
    assert!(done.contains(&("image.delete", "failed")) && done.contains(&("image.delete", "done")), "{done:?}");
}
