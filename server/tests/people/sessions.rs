//! One's own sessions: `/api/v1/me/sessions`.

use api::List;
use api::permission::SystemRole;
use api::user::Session;
use axum::body::Body;
use axum::http::{Method, header};
use serde_json::json;

use super::{lets_in, me, reason, signed_in};
use crate::support::{Client, PASSWORD, each_database};

const SESSIONS: &str = "/api/v1/me/sessions";

async fn sessions(client: &Client) -> Vec<Session> {
    let answer = client.get(SESSIONS).await.expect(200);
    let list: List<Session> = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!((list.total, list.next), (list.items.len() as u64, None));
    list.items
}

/// The one that asks, and the others.
async fn told_apart(client: &Client) -> (Session, Vec<Session>) {
    let (current, others): (Vec<_>, Vec<_>) = sessions(client).await.into_iter().partition(|session| session.current);
    assert_eq!(current.len(), 1, "one of them asks");
    (current.into_iter().next().unwrap(), others)
}

#[tokio::test]
async fn one_sees_ones_own_sessions_and_where_they_began() {
    each_database(async |portal| {
        portal.account("ada", SystemRole::Member).await;
        let here = signed_in(&portal, "ada", PASSWORD).await;
        let there = portal.anonymous().from_peer("203.0.113.9");
        let request = there
            .request(Method::POST, "/api/v1/session")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0")
            .body(Body::from(json!({"username": "ada", "password": PASSWORD}).to_string()))
            .unwrap();
        there.send(request).await.expect(204);
        portal.outsider("bob").await;

        let (mine, others) = told_apart(&here).await;
        assert_eq!(mine.address.as_deref(), Some("127.0.0.1"));
        assert_eq!(others.len(), 1, "those of others are not among them");
        assert_eq!(others[0].address.as_deref(), Some("203.0.113.9"));
        assert!(others[0].browser.as_deref().unwrap().contains("Firefox"));
        assert!(mine.created_at <= others[0].created_at && mine.seen_at >= mine.created_at);
        let (current, rest) = told_apart(&there).await;
        assert_eq!((&current.id, &rest[0].id), (&others[0].id, &mine.id));

        // The name of a session opens none.
        let told = here.get(SESSIONS).await.expect(200).text();
        for browser in [&here, &there] {
            assert!(!told.contains(&browser.session_cookie().unwrap()));
        }
        assert!(!told.contains(here.csrf_token.as_deref().unwrap()));
        assert!(!lets_in(&portal, &mine.id).await);
    })
    .await;
}

#[tokio::test]
async fn one_ends_a_session_of_ones_own_and_the_others_go_on() {
    each_database(async |portal| {
        portal.account("ada", SystemRole::Member).await;
        let here = signed_in(&portal, "ada", PASSWORD).await;
        let [lost, kept] = [signed_in(&portal, "ada", PASSWORD).await, signed_in(&portal, "ada", PASSWORD).await]
            .map(|browser| browser.session_cookie().unwrap());
        let lost_browser = portal.anonymous();
        lost_browser.set_cookie("gantry", &lost);
        let (lost_session, _) = told_apart(&lost_browser).await;

        here.delete(&format!("{SESSIONS}/{}", lost_session.id)).await.expect(204);
        assert!(!lets_in(&portal, &lost).await);
        assert!(lets_in(&portal, &kept).await);
        let (mine, others) = told_apart(&here).await;
        assert_eq!(others.len(), 1);
        assert_ne!(others[0].id, lost_session.id);
        let again = here.delete(&format!("{SESSIONS}/{}", lost_session.id)).await.expect(404);
        assert_eq!(reason(&again), "not-found.session");

        let cookie = here.session_cookie().unwrap();
        here.delete(&format!("{SESSIONS}/{}", mine.id)).await.expect(204);
        assert!(!lets_in(&portal, &cookie).await, "also the one that asks");
        assert!(lets_in(&portal, &kept).await);
    })
    .await;
}

#[tokio::test]
async fn nobody_ends_the_session_of_somebody_else_or_several_at_once() {
    each_database(async |portal| {
        let (ada, bob) = (portal.outsider("ada").await, portal.admin().await);
        let cookie = ada.session_cookie().unwrap();
        let (of_ada, _) = told_apart(&ada).await;
        let foreign = bob.delete(&format!("{SESSIONS}/{}", of_ada.id)).await.expect(404);
        assert_eq!(reason(&foreign), "not-found.session");
        let none = of_ada.id.chars().rev().collect::<String>();
        let missing = bob.delete(&format!("{SESSIONS}/{none}")).await.expect(404);
        assert_eq!(foreign.text().replace(&of_ada.id, "?"), missing.text().replace(&none, "?"));

        let begin = &of_ada.id[..of_ada.id.len() / 2];
        let unlike = "_".repeat(of_ada.id.len());
        for part in [begin, &begin[..1], "%25", &unlike, &format!("{begin}%25")] {
            ada.delete(&format!("{SESSIONS}/{part}")).await.expect(404);
        }
        assert!(lets_in(&portal, &cookie).await);
        assert_eq!(me(&bob).await["user"]["username"], "admin");
    })
    .await;
}

#[tokio::test]
async fn a_token_ends_no_session() {
    each_database(async |portal| {
        let ada = portal.outsider("ada").await;
        let cookie = ada.session_cookie().unwrap();
        let (mine, _) = told_apart(&ada).await;
        let program = portal.token("ada", SystemRole::Member).await;
        let refused = program.delete(&format!("{SESSIONS}/{}", mine.id)).await.expect(403);
        assert_eq!(reason(&refused), "forbidden.session-only");
        assert!(lets_in(&portal, &cookie).await);
    })
    .await;
}
