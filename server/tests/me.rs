//! The caller's own account: `/api/v1/me`.

use api::permission::{ProjectRole, SystemRole};
use serde_json::json;

use crate::support::{PASSWORD, each_database};

#[tokio::test]
async fn the_caller_sees_its_projects_and_its_token() {
    each_database(async |portal| {
        let member = portal.member("ada", "shop", ProjectRole::Developer).await;
        let me = member.get("/api/v1/me").await.expect(200).json();
        assert_eq!(me["projects"], json!([{"project": "shop", "role": "developer"}]));
        assert_eq!(me["user"]["role"], "member");
        assert_eq!(me["csrf_token"].as_str(), member.csrf_token.as_deref());
        assert!(!me.to_string().contains("password"));
    })
    .await;
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions_and_revokes_the_tokens() {
    each_database(async |portal| {
        portal.account("ada", SystemRole::Member).await;
        let sign_in = |password: &str| json!({"username": "ada", "password": password});
        let mut here = portal.anonymous();
        here.post("/api/v1/session", &sign_in(PASSWORD)).await.expect(204);
        let there = portal.anonymous();
        there.post("/api/v1/session", &sign_in(PASSWORD)).await.expect(204);
        let me = here.get("/api/v1/me").await.expect(200).json();
        here.csrf_token = me["csrf_token"].as_str().map(str::to_owned);
        let old_cookie = here.session_cookie();

        let new = "a quite different sentence";
        let wrong = json!({"current_password": "not it", "new_password": new});
        let problem = here.put("/api/v1/me/password", &wrong).await.expect(400).json();
        assert_eq!(problem["fields"][0]["field"], "current_password");
        let weak = json!({"current_password": PASSWORD, "new_password": "short"});
        let problem = here.put("/api/v1/me/password", &weak).await.expect(400).json();
        assert_eq!(problem["fields"][0]["field"], "new_password");
        there.get("/api/v1/me").await.expect(200);

        let program = portal.token("ada", SystemRole::Member).await;
        program.get("/api/v1/me").await.expect(200);
        let change = json!({"current_password": PASSWORD, "new_password": new});
        here.put("/api/v1/me/password", &change).await.expect(204);
        program.get("/api/v1/me").await.expect(401);
        there.get("/api/v1/me").await.expect(401);
        here.get("/api/v1/me").await.expect(200);
        assert_ne!(here.session_cookie(), old_cookie, "this session has a new id");
        portal.anonymous().post("/api/v1/session", &sign_in(PASSWORD)).await.expect(401);
        portal.anonymous().post("/api/v1/session", &sign_in(new)).await.expect(204);
    })
    .await;
}

#[tokio::test]
async fn a_socket_learns_that_its_caller_has_gone() {
    each_database(async |portal| {
        use server::auth::{Caller, Credential};
        use server::services::{Error, session::recheck};
        let browser = portal.member("ada", "shop", ProjectRole::Developer).await;
        let me = browser.get("/api/v1/me").await.expect(200).json();
        let key = server::auth::secret::hash(&browser.session_cookie().unwrap());
        let user_id = me["user"]["id"].as_str().unwrap().parse().unwrap();
        let caller = Caller {
            user_id,
            username: "ada".to_owned(),
            role: SystemRole::Member,
            memberships: Vec::new(),
            teams_by_group: Vec::new(),
            credential: Credential::Session { key, csrf_token: String::new(), identity: None },
            address: [127, 0, 0, 1].into(),
        };
        let again = recheck(&portal.state, &caller).await.unwrap();
        assert_eq!(again.role_in("shop"), Some(ProjectRole::Developer));
        let project = portal.project("shop").await;
        let removed =
            portal.state.db.write(async |txn| server::db::project::delete_membership(txn, user_id, project).await);
        removed.await.unwrap();
        assert_eq!(recheck(&portal.state, &caller).await.unwrap().role_in("shop"), None);
        browser.delete("/api/v1/session").await.expect(204);
        assert!(matches!(recheck(&portal.state, &caller).await, Err(Error::Unauthenticated)));
    })
    .await;
}
