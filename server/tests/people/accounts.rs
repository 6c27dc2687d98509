//! The accounts: `/api/v1/users`.

use api::List;
use api::permission::{ProjectRole, SystemRole};
use api::user::{User, UserState};
use serde_json::json;

use super::{
    USERS, administrator, column, invite, lets_in, my_id, patch, reason, sign_in, signed_in, text, user, wrong_fields,
};
use crate::support::{Client, PASSWORD, each_database};

async fn list(admin: &Client, query: &str) -> List<User> {
    let answer = admin.get(&format!("{USERS}?{query}")).await.expect(200);
    serde_json::from_slice(&answer.body).unwrap()
}

/// Every page of a list, one after the other.
async fn pages(admin: &Client, query: &str) -> Vec<User> {
    let mut all = Vec::new();
    let mut next = Some(String::new());
    while let Some(cursor) = next {
        let page = list(admin, &format!("{query}&cursor={cursor}")).await;
        assert!(page.items.len() <= 7, "a page is as long as was asked for");
        all.extend(page.items);
        assert!(all.len() as u64 <= page.total, "the pages end");
        next = page.next;
    }
    all
}

fn names(users: &[User]) -> Vec<&str> {
    users.iter().map(|user| user.username.as_str()).collect()
}

#[tokio::test]
async fn accounts_are_searched_sorted_filtered_and_paged() {
    each_database(async |portal| {
        let zoe = administrator(&portal, "zoe").await;
        let mut ids = Vec::new();
        for number in 0..36 {
            let role = if number % 3 == 0 { "admin" } else { "member" };
            // Not made in the order of their names.
            let username = format!("user-{:02}", (number * 5 + 8) % 36);
            let made = zoe.post(USERS, &json!({"username": username, "role": role})).await.expect(201).json();
            ids.push(text(&made["user"]["id"]));
        }
        for id in &ids[..2] {
            patch(&zoe, &user(id), &json!({"disabled": true})).await.expect(200);
        }

        let by_name = pages(&zoe, "sort=username&limit=7").await;
        let expected: Vec<_> = (0..36).map(|number| format!("user-{number:02}")).chain(["zoe".to_owned()]).collect();
        assert_eq!(names(&by_name), expected);
        let mut backwards = pages(&zoe, "sort=username&order=desc&limit=7").await;
        backwards.reverse();
        assert_eq!(names(&backwards), expected);
        let by_age = pages(&zoe, "sort=created_at&order=desc&limit=7").await;
        assert!(by_age.is_sorted_by(|a, b| a.created_at >= b.created_at) && by_age.len() == 37);

        // Many are alike here, and still none is left out or told twice.
        let by_role = pages(&zoe, "sort=role&limit=7").await;
        assert!(by_role.is_sorted_by_key(|user| user.role == SystemRole::Member), "administrators first");
        let mut of_each_role = names(&by_role);
        of_each_role.sort_unstable();
        assert_eq!(of_each_role, expected);

        assert_eq!(names(&list(&zoe, "q=user-1").await.items).len(), 10);
        assert_eq!(names(&list(&zoe, "q=USER%2035").await.items), ["user-35"]);
        for nothing in ["%25", "user_1", "_", "nobody", "user-1%20zoe"] {
            assert_eq!(list(&zoe, &format!("q={nothing}")).await.total, 0, "{nothing}");
        }
        assert_eq!(list(&zoe, "role=admin").await.total, 13);
        assert_eq!(list(&zoe, "role=admin,member").await.total, 37);
        assert_eq!(list(&zoe, "state=active").await.total, 1);
        assert_eq!(list(&zoe, "state=disabled").await.total, 2);
        assert_eq!(list(&zoe, "state=active,disabled").await.total, 3);
        let invited = list(&zoe, "state=invited&role=member&q=user-0&limit=3").await;
        assert_eq!(invited.items.len(), 3);
        assert!(
            invited.items.iter().all(|user| user.state == UserState::Invited && user.username.starts_with("user-0"))
        );
        let one = list(&zoe, "limit=1").await;
        assert_eq!((one.items.len(), one.total, one.next.is_some()), (1, 37, true));

        for (query, field) in
            [("colour=red", "colour"), ("sort=colour", "sort"), ("cursor=x", "cursor"), ("limit=0", "limit")]
        {
            let refused = zoe.get(&format!("{USERS}?{query}")).await.expect(400);
            assert_eq!(wrong_fields(&refused), [field]);
        }
    })
    .await;
}

#[tokio::test]
async fn a_name_is_taken_once_whatever_its_capitals_and_a_bad_one_is_refused_by_field() {
    each_database(async |portal| {
        let ada = administrator(&portal, "ada").await;
        assert_eq!(reason(&ada.post(USERS, &json!({"username": "ADA"})).await.expect(409)), "conflict.username");
        let long = "a".repeat(64);
        for name in ["", ".eve", "<b>", "a b", "eve/..", long.as_str()] {
            let refused = ada.post(USERS, &json!({"username": name})).await.expect(400);
            assert_eq!(wrong_fields(&refused), ["username"], "{name}");
        }
        let role = ada.post(USERS, &json!({"username": "eve", "role": "root"})).await.expect(400);
        assert_eq!(wrong_fields(&role), ["role"]);
        let password = ada.post(USERS, &json!({"username": "eve", "password": PASSWORD})).await.expect(400);
        assert_eq!(wrong_fields(&password), ["password"], "nobody but its owner chooses a password");
        assert_eq!(list(&ada, "").await.total, 1, "nothing was made");
    })
    .await;
}

#[tokio::test]
async fn who_is_no_administrator_learns_nothing_of_accounts() {
    each_database(async |portal| {
        let ada = administrator(&portal, "ada").await;
        let pia = portal.member("pia", "shop", ProjectRole::Admin).await;
        let (known, unknown) = (my_id(&ada).await, "01ARZ3NDEKTSV4RRFFQ69G5FAV");
        pia.get(USERS).await.expect(403);
        pia.post(USERS, &json!({"username": "ada"})).await.expect(403);
        let told = pia.delete(&user(&known)).await.expect(403);
        assert_eq!(told.text().replace(&known, unknown), pia.delete(&user(unknown)).await.expect(403).text());
        patch(&pia, &user(&my_id(&pia).await), &json!({"role": "admin"})).await.expect(403);
        pia.post(&format!("{}/password-link", user(&known)), &json!(null)).await.expect(403);

        assert_eq!(reason(&ada.delete(&user(unknown)).await.expect(404)), "not-found.user");
        patch(&ada, &user("no-ulid"), &json!({"disabled": true})).await.expect(404);
        ada.post(&format!("{}/password-link", user(unknown)), &json!(null)).await.expect(404);
    })
    .await;
}

#[tokio::test]
async fn a_role_in_the_portal_counts_at_once() {
    each_database(async |portal| {
        let ada = administrator(&portal, "ada").await;
        let bob = portal.outsider("bob").await;
        let path = user(&my_id(&bob).await);
        bob.get(USERS).await.expect(403);
        assert_eq!(patch(&ada, &path, &json!({"role": "admin"})).await.expect(200).json()["role"], "admin");
        bob.get(USERS).await.expect(200);
        patch(&ada, &path, &json!({"role": "member"})).await.expect(200);
        bob.get(USERS).await.expect(403);
        let wrong = patch(&ada, &path, &json!({"username": "eve"})).await.expect(400);
        assert_eq!(wrong_fields(&wrong), ["username"]);
    })
    .await;
}

#[tokio::test]
async fn a_disabled_account_cannot_sign_in_until_it_is_enabled() {
    each_database(async |portal| {
        let ada = administrator(&portal, "ada").await;
        portal.account("eve", SystemRole::Member).await;
        let eve = signed_in(&portal, "eve", PASSWORD).await;
        let cookie = eve.session_cookie().unwrap();
        let program = portal.token("eve", SystemRole::Member).await;
        program.get("/api/v1/me").await.expect(200);
        let path = user(&my_id(&eve).await);

        assert_eq!(patch(&ada, &path, &json!({"disabled": true})).await.expect(200).json()["state"], "disabled");
        program.get("/api/v1/me").await.expect(401);
        assert!(!lets_in(&portal, &cookie).await);
        let right = sign_in(&portal, "eve", PASSWORD).await.expect(401);
        let wrong = sign_in(&portal, "eve", "not her password").await.expect(401);
        let unknown = sign_in(&portal, "nobody", PASSWORD).await.expect(401);
        assert_eq!((&right.body, right.header("set-cookie")), (&wrong.body, wrong.header("set-cookie")));
        assert_eq!(right.body, unknown.body);

        assert_eq!(patch(&ada, &path, &json!({"disabled": false})).await.expect(200).json()["state"], "active");
        assert!(!lets_in(&portal, &cookie).await, "the session has ended for good");
        signed_in(&portal, "eve", PASSWORD).await;
    })
    .await;
}

#[tokio::test]
async fn a_deleted_accounts_name_is_free_and_what_it_had_does_not_work() {
    each_database(async |portal| {
        let ada = administrator(&portal, "ada").await;
        portal.account("eve", SystemRole::Admin).await;
        let cookie = portal.member("eve", "shop", ProjectRole::Admin).await.session_cookie().unwrap();
        let program = portal.token("eve", SystemRole::Admin).await;
        let id = my_id(&program).await;
        assert!(lets_in(&portal, &cookie).await);

        ada.delete(&user(&id)).await.expect(204);
        let ended = async || {
            assert!(!lets_in(&portal, &cookie).await);
            program.get("/api/v1/me").await.expect(401);
            sign_in(&portal, "eve", PASSWORD).await.expect(401);
        };
        ended().await;
        ada.delete(&user(&id)).await.expect(404);
        let members = ada.get("/api/v1/projects/shop/members").await.expect(200).json();
        assert_eq!(column(&members, "username"), [""; 0]);

        let (later, _) = invite(&ada, "eve").await;
        assert_ne!(later, id);
        ended().await;
        let members = ada.get("/api/v1/projects/shop/members").await.expect(200).json();
        assert_eq!(members["total"], 0, "the new one has nothing of the old one");
        assert_eq!(list(&ada, "q=eve").await.items[0].role, SystemRole::Member);
    })
    .await;
}
