//! Making and deleting projects: `/api/v1/projects`.

use api::permission::ProjectRole;
use serde_json::json;

use super::{column, me, reason, wrong_fields};
use crate::support::{each_bench, each_database};

const PROJECTS: &str = "/api/v1/projects";
const SHOP: &str = "/api/v1/projects/shop";

#[tokio::test]
async fn a_project_is_made_and_its_name_is_taken_once() {
    each_database(async |portal| {
        let admin = portal.admin().await;
        let made = admin.post(PROJECTS, &json!({"name": "shop"})).await.expect(201).json();
        assert_eq!((&made["name"], &made["apps"]), (&"shop".into(), &0.into()));
        assert_eq!(admin.get(SHOP).await.expect(200).json(), made);
        let taken = admin.post(PROJECTS, &json!({"name": "shop"})).await.expect(409);
        assert_eq!(reason(&taken), "conflict.project");
        let list = admin.get(PROJECTS).await.expect(200).json();
        assert_eq!(column(&list, "name"), ["default", "shop"]);
    })
    .await;
}

#[tokio::test]
async fn a_bad_name_of_a_project_is_refused_by_field() {
    each_database(async |portal| {
        let admin = portal.admin().await;
        let long = "a".repeat(64);
        for name in ["", "-shop", "shop-", "Shop", "my shop", "shop/x", "../shop", "größe", long.as_str()] {
            let refused = admin.post(PROJECTS, &json!({"name": name})).await.expect(400);
            assert_eq!(wrong_fields(&refused), ["name"], "{name}");
        }
        let unknown = admin.post(PROJECTS, &json!({"name": "shop", "owner": "eve"})).await.expect(400);
        assert_eq!(wrong_fields(&unknown), ["owner"]);
        assert_eq!(admin.get(PROJECTS).await.expect(200).json()["total"], 1, "nothing was made");
    })
    .await;
}

#[tokio::test]
async fn a_project_is_deleted_only_when_it_is_empty_and_the_default_one_never() {
    each_database(async |portal| {
        let admin = portal.admin().await;
        let gus = portal.member("gus", "shop", ProjectRole::Admin).await;
        portal.app("shop", "web").await;
        let full = admin.delete(SHOP).await.expect(409);
        assert_eq!(reason(&full), "project.has-apps");
        gus.get("/api/v1/projects/shop/apps/web").await.expect(200);

        let app = server::db::app::find_by_name(portal.state.db.read(), "shop", "web").await.unwrap().unwrap();
        portal.state.db.write(async |txn| server::db::app::delete(txn, app.id).await).await.unwrap();
        admin.delete(SHOP).await.expect(204);
        admin.get(SHOP).await.expect(404);
        admin.delete(SHOP).await.expect(404);
        assert_eq!(me(&gus).await["projects"], json!([]), "its memberships went with it");

        // A later project of the same name is another one.
        admin.post(PROJECTS, &json!({"name": "shop"})).await.expect(201);
        gus.get(SHOP).await.expect(404);

        let default = admin.delete("/api/v1/projects/default").await.expect(409);
        assert_eq!(reason(&default), "project.default");
        admin.get("/api/v1/projects/default").await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn members_neither_make_nor_delete_projects() {
    each_database(async |portal| {
        for (name, role) in [("gus", ProjectRole::Guest), ("dev", ProjectRole::Developer), ("pia", ProjectRole::Admin)]
        {
            let member = portal.member(name, "shop", role).await;
            member.post(PROJECTS, &json!({"name": "mine"})).await.expect(403);
            member.delete(SHOP).await.expect(403);
        }
        let outsider = portal.outsider("eve").await;
        let foreign = outsider.delete(SHOP).await.expect(404);
        let missing = outsider.delete("/api/v1/projects/none").await.expect(404);
        assert_eq!(foreign.text().replace("shop", "?"), missing.text().replace("none", "?"));
        let list = portal.admin().await.get(PROJECTS).await.expect(200).json();
        assert_eq!(column(&list, "name"), ["default", "shop"]);
    })
    .await;
}

#[tokio::test]
async fn a_project_whose_apps_are_gone_is_deleted_and_what_was_done_stays_in_the_list() {
    each_bench(async |bench| {
        let admin = &bench.admin;
        admin.post(PROJECTS, &json!({"name": "shop"})).await.expect(201);
        let app = json!({"name": "web", "cluster": "local", "compose": "services:\n  web:\n    image: web:1\n"});
        let made = admin.post("/api/v1/projects/shop/apps", &app).await.expect(202).json();
        bench.ended(made["operation"].as_str().unwrap()).await;
        assert_eq!(reason(&admin.delete(SHOP).await.expect(409)), "project.has-apps");

        let gone = admin.delete("/api/v1/projects/shop/apps/web").await.expect(202).json();
        let gone = gone["operation"].as_str().unwrap();
        bench.ended(gone).await;
        admin.delete(SHOP).await.expect(204);
        assert_eq!(admin.get("/api/v1/operations").await.expect(200).json()["total"], 2);
        admin.get(&format!("/api/v1/operations/{gone}")).await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn an_app_never_begins_in_a_project_that_is_deleted_at_the_same_time() {
    each_bench(async |bench| {
        let admin = &bench.admin;
        for number in 0..6 {
            let path = format!("{PROJECTS}/team-{number}");
            admin.post(PROJECTS, &json!({"name": format!("team-{number}")})).await.expect(201);
            let app = json!({
                "name": format!("web-{number}"),
                "cluster": "local",
                "compose": "services:\n  web:\n    image: web:1\n",
            });
            let apps = format!("{path}/apps");
            let (made, deleted) = tokio::join!(admin.post(&apps, &app), admin.delete(&path));
            let statuses = (made.status.as_u16(), deleted.status.as_u16());
            assert!([(202, 409), (404, 204)].contains(&statuses), "{} {}", made.text(), deleted.text());
        }
    })
    .await;
}
