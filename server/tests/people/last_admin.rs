//! There is always an administrator who can sign in.

use api::permission::SystemRole;
use axum::http::Method;
use serde_json::{Value, json};

use super::{USERS, administrator, invite, my_id, patch, reason, user};
use crate::support::each_database;

#[tokio::test]
async fn the_last_administrator_cannot_be_demoted_disabled_or_deleted() {
    each_database(async |portal| {
        let ada = administrator(&portal, "ada").await;
        let ada_path = user(&my_id(&ada).await);
        let refused = async |why: &str| {
            for change in [json!({"role": "member"}), json!({"disabled": true})] {
                let answer = patch(&ada, &ada_path, &change).await;
                assert_eq!(answer.status, 409, "{why}: {change} {}", answer.text());
                assert_eq!(reason(&answer), "user.last-admin");
            }
            assert_eq!(reason(&ada.delete(&ada_path).await.expect(409)), "user.last-admin");
            ada.get(USERS).await.expect(200);
        };
        refused("she is alone").await;

        let (eve, _) = invite(&ada, "eve").await;
        patch(&ada, &user(&eve), &json!({"role": "admin"})).await.expect(200);
        refused("the other one has no password yet").await;
        let bob = portal.account("bob", SystemRole::Admin).await.to_string();
        patch(&ada, &user(&bob), &json!({"disabled": true})).await.expect(200);
        refused("the others cannot sign in").await;

        // Whoever is not the last may go, and what changes nothing is no reason to refuse.
        patch(&ada, &ada_path, &json!({"role": "admin", "disabled": false})).await.expect(200);
        ada.delete(&user(&eve)).await.expect(204);
        patch(&ada, &user(&bob), &json!({"disabled": false})).await.expect(200);
        patch(&ada, &ada_path, &json!({"role": "member"})).await.expect(200);
        ada.get(USERS).await.expect(403);
    })
    .await;
}

#[tokio::test]
async fn of_two_administrators_who_end_each_other_at_the_same_time_one_stays() {
    let ways = [
        (Method::PATCH, json!({"role": "member"})),
        (Method::PATCH, json!({"disabled": true})),
        (Method::DELETE, Value::Null),
    ];
    for (method, body) in ways {
        each_database(async |portal| {
            let other = portal.another().await;
            let (ada, bob) = (administrator(&portal, "ada").await, administrator(&other, "bob").await);
            let (ada_path, bob_path) = (user(&my_id(&ada).await), user(&my_id(&bob).await));
            let (by_ada, by_bob) = tokio::join!(
                ada.write(method.clone(), &bob_path, Some(&body)),
                bob.write(method.clone(), &ada_path, Some(&body)),
            );
            let told = format!("{method} {body}: {} {}", by_ada.text(), by_bob.text());
            let (survivor, late) = match (by_ada.status.is_success(), by_bob.status.is_success()) {
                (true, false) => (ada, by_bob),
                (false, true) => (bob, by_ada),
                _ => panic!("{told}"),
            };
            // Too late for the check, or already without the right.
            assert!([401, 403, 409].contains(&late.status.as_u16()), "{told}");
            let left = survivor.get(&format!("{USERS}?role=admin&state=active")).await.expect(200).json();
            assert_eq!(left["total"], 1, "{told}");
        })
        .await;
    }
}
