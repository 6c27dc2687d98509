//! Projects: `/api/v1/projects`.

use api::permission::ProjectRole;
use serde_json::Value;

use crate::support::each_database;

fn names(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|project| project["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn there_is_a_default_project_from_the_start() {
    each_database(async |portal| {
        let admin = portal.admin().await;
        assert_eq!(names(&admin.get("/api/v1/projects").await.expect(200).json()), ["default"]);
        portal.another().await;
        assert_eq!(names(&admin.get("/api/v1/projects").await.expect(200).json()), ["default"], "and only one");
        assert_eq!(admin.get("/api/v1/projects/default").await.expect(200).json()["name"], "default");
    })
    .await;
}

#[tokio::test]
async fn a_member_sees_its_own_projects_and_the_others_are_missing() {
    each_database(async |portal| {
        let ada = portal.member("ada", "shop", ProjectRole::Guest).await;
        portal.project("bank").await;
        assert_eq!(names(&ada.get("/api/v1/projects").await.expect(200).json()), ["shop"]);
        ada.get("/api/v1/projects/shop").await.expect(200);
        let foreign = ada.get("/api/v1/projects/bank").await.expect(404);
        let missing = ada.get("/api/v1/projects/none").await.expect(404);
        assert_eq!(foreign.text().replace("bank", "?"), missing.text().replace("none", "?"));
    })
    .await;
}
