//! The members of a project: `/api/v1/projects/{project}/members`.

use api::permission::ProjectRole;
use serde_json::json;

use super::{administrator, column, me, my_id, patch, reason, user, wrong_fields};
use crate::support::each_database;

const MEMBERS: &str = "/api/v1/projects/shop/members";
const GUS: &str = "/api/v1/projects/shop/members/gus";

#[tokio::test]
async fn a_project_admin_adds_changes_and_removes_members() {
    each_database(async |portal| {
        let pia = portal.member("pia", "shop", ProjectRole::Admin).await;
        let gus = portal.outsider("gus").await;
        gus.get("/api/v1/projects/shop").await.expect(404);

        let added = pia.put(GUS, &json!({"role": "guest"})).await.expect(200).json();
        let expected = json!({"user": my_id(&gus).await, "username": "gus", "role": "guest", "state": "active"});
        assert_eq!(added, expected);
        gus.get("/api/v1/projects/shop").await.expect(200);

        let changed = pia.put(GUS, &json!({"role": "developer"})).await.expect(200).json();
        assert_eq!(changed["role"], "developer");
        assert_eq!(me(&gus).await["projects"], json!([{"project": "shop", "role": "developer"}]));
        let list = gus.get(MEMBERS).await.expect(200).json();
        assert_eq!((column(&list, "username"), &list["total"]), (vec!["gus".into(), "pia".into()], &2.into()));
        let admins = gus.get(&format!("{MEMBERS}?role=admin")).await.expect(200).json();
        assert_eq!(column(&admins, "username"), ["pia"]);

        pia.delete(GUS).await.expect(204);
        gus.get("/api/v1/projects/shop").await.expect(404);
        let list = pia.get(MEMBERS).await.expect(200).json();
        assert_eq!(column(&list, "username"), ["pia"]);
    })
    .await;
}

#[tokio::test]
async fn an_unknown_account_and_an_unknown_role_are_refused() {
    each_database(async |portal| {
        let pia = portal.member("pia", "shop", ProjectRole::Admin).await;
        portal.outsider("gus").await;
        let unknown = pia.put(&format!("{MEMBERS}/nobody"), &json!({"role": "guest"})).await.expect(404);
        assert_eq!(reason(&unknown), "not-found.user");
        let wrong = pia.put(GUS, &json!({"role": "owner"})).await.expect(400);
        assert_eq!(wrong_fields(&wrong), ["role"]);
        let wrong = pia.put(GUS, &json!({"role": "guest", "system": "admin"})).await.expect(400);
        assert_eq!(wrong_fields(&wrong), ["system"]);
        assert_eq!(pia.get(MEMBERS).await.expect(200).json()["total"], 1);
    })
    .await;
}

#[tokio::test]
async fn developers_and_guests_manage_no_members_and_outsiders_do_not_even_see_them() {
    each_database(async |portal| {
        let pia = portal.member("pia", "shop", ProjectRole::Admin).await;
        portal.member("gus", "shop", ProjectRole::Guest).await;
        for (name, role) in [("amy", ProjectRole::Guest), ("dev", ProjectRole::Developer)] {
            let member = portal.member(name, "shop", role).await;
            assert_eq!(reason(&member.put(GUS, &json!({"role": "developer"})).await.expect(403)), "forbidden.role");
            member.put(&format!("{MEMBERS}/{name}"), &json!({"role": "admin"})).await.expect(403);
            member.put(&format!("{MEMBERS}/nobody"), &json!({"role": "guest"})).await.expect(403);
            member.delete(GUS).await.expect(403);
            member.get(MEMBERS).await.expect(200);
        }
        // The role in one project gives nothing in another.
        let outsider = portal.member("eve", "bank", ProjectRole::Admin).await;
        outsider.get(MEMBERS).await.expect(404);
        outsider.put(GUS, &json!({"role": "admin"})).await.expect(404);
        outsider.put(&format!("{MEMBERS}/eve"), &json!({"role": "admin"})).await.expect(404);
        outsider.delete(GUS).await.expect(404);
        outsider.delete(&format!("{MEMBERS}/eve")).await.expect(404);

        let list = pia.get(MEMBERS).await.expect(200).json();
        assert_eq!(column(&list, "username"), ["amy", "dev", "gus", "pia"]);
        assert_eq!(column(&list, "role"), ["guest", "developer", "guest", "admin"]);
    })
    .await;
}

#[tokio::test]
async fn anybody_may_leave_a_project() {
    each_database(async |portal| {
        for (name, role) in [("gus", ProjectRole::Guest), ("dev", ProjectRole::Developer), ("pia", ProjectRole::Admin)]
        {
            let member = portal.member(name, "shop", role).await;
            member.delete(&format!("{MEMBERS}/{name}")).await.expect(204);
            member.get("/api/v1/projects/shop").await.expect(404);
            assert_eq!(me(&member).await["projects"], json!([]));
        }
        let admin = portal.admin().await;
        assert_eq!(admin.get(MEMBERS).await.expect(200).json()["total"], 0);
        admin.put(GUS, &json!({"role": "admin"})).await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn a_member_who_is_disabled_stays_a_member_and_is_shown_as_such() {
    each_database(async |portal| {
        let ada = administrator(&portal, "ada").await;
        let gus = portal.member("gus", "shop", ProjectRole::Guest).await;
        let path = user(&my_id(&gus).await);
        patch(&ada, &path, &json!({"disabled": true})).await.expect(200);
        let list = ada.get(MEMBERS).await.expect(200).json();
        assert_eq!((column(&list, "username"), column(&list, "state")), (vec!["gus".into()], vec!["disabled".into()]));
        ada.delete(&path).await.expect(204);
        assert_eq!(ada.get(MEMBERS).await.expect(200).json()["total"], 0);
    })
    .await;
}
