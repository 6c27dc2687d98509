//! What ends with a provider: sessions that began with it, and their sockets.

use std::time::Duration;

use serde_json::{Value, json};

use super::{CORP, IDENTITIES, World, each_world, me, name_of, patch, path_of, role_of, text};
use crate::fake_provider::FakeProvider;
use crate::support::{Client, Database, Socket};

const WATCH: &str = "/api/v1/watch";
/// How soon that is promised.
const SOON: Duration = Duration::from_secs(5);
/// The caller may no longer be here.
const POLICY: Option<u16> = Some(1008);

/// Whether a session lets somebody in, in a browser of its own.
async fn lets_in(world: &World, cookie: &str) -> bool {
    let browser = world.browser();
    browser.set_cookie("gantry", cookie);
    let answer = browser.get("/api/v1/me").await;
    assert!([200, 401].contains(&answer.status.as_u16()), "{}", answer.text());
    answer.status == 200
}

#[tokio::test]
async fn sessions_end_with_the_provider_they_began_with() {
    each_world(async |world| {
        let other = FakeProvider::start().await;
        world.enable(json!({})).await;
        world.enable_at(&other, json!({"slug": "other", "name": "Other"})).await;
        let elsewhere = world.browser();
        let back = other.visit(&super::depart(&elsewhere, "/auth/providers/other/start").await).await;
        elsewhere.get(&path_of(&back)).await.expect(303);

        let cookie = world.signed_in().await.session_cookie().unwrap();
        assert!(lets_in(&world, &cookie).await);
        patch(&world.admin, CORP, &json!({"name": "The company"})).await.expect(200);
        assert!(lets_in(&world, &cookie).await, "a change that nothing stands on ends nothing");
        patch(&world.admin, CORP, &json!({"enabled": false})).await.expect(200);
        assert!(!lets_in(&world, &cookie).await, "switched off");
        patch(&world.admin, CORP, &json!({"enabled": true})).await.expect(200);
        assert!(!lets_in(&world, &cookie).await, "the session has ended for good");

        let cookie = world.signed_in().await.session_cookie().unwrap();
        assert!(lets_in(&world, &cookie).await);
        patch(&world.admin, CORP, &json!({"scopes": ["profile"]})).await.expect(200);
        assert!(!lets_in(&world, &cookie).await, "it must be tried again");
        world.try_at(&world.idp, CORP).await;
        patch(&world.admin, CORP, &json!({"enabled": true})).await.expect(200);

        let cookie = world.signed_in().await.session_cookie().unwrap();
        assert!(lets_in(&world, &cookie).await);
        world.admin.delete(CORP).await.expect(204);
        assert!(!lets_in(&world, &cookie).await, "removed");
        me(&elsewhere).await;
        assert_eq!(name_of(&world.admin).await, "admin", "others go on");
        assert_eq!(world.accounts().await.len(), 3, "accounts stay");
    })
    .await;
}

#[tokio::test]
async fn under_another_issuer_whoever_came_before_is_nobody() {
    each_world(async |world| {
        let other = FakeProvider::start().await;
        world.enable(json!({"groups_claim": "groups", "admin_groups": ["ops"]})).await;
        world.idp.script(|script| script.groups(json!(["ops"])));
        let grace = world.signed_in().await;
        let cookie = grace.session_cookie().unwrap();
        let program = world.portal.token("grace", api::permission::SystemRole::Member).await;
        assert_eq!(role_of(&program).await, "admin");

        let change = json!({"issuer": other.issuer, "client_secret": super::CLIENT_SECRET});
        patch(&world.admin, CORP, &change).await.expect(200);
        world.try_at(&other, CORP).await;
        patch(&world.admin, CORP, &json!({"enabled": true})).await.expect(200);
        assert!(!lets_in(&world, &cookie).await, "the session belongs to the issuer from before");
        assert_eq!(role_of(&program).await, "member", "what the issuer from before told means nothing");
        let browser = world.browser();
        let back = other.visit(&super::depart(&browser, super::START).await).await;
        browser.get(&path_of(&back)).await.expect(303);
        assert_eq!((name_of(&browser).await, role_of(&browser).await), ("grace-2".to_owned(), "member".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn signing_out_ends_the_session_here() {
    each_world(async |world| {
        world.enable(json!({})).await;
        let grace = world.signed_in().await;
        let cookie = grace.session_cookie().unwrap();
        grace.delete("/api/v1/session").await.expect(204);
        assert!(!lets_in(&world, &cookie).await);
        world.signed_in().await;
    })
    .await;
}

pub(super) async fn closed(socket: Socket) -> Option<u16> {
    tokio::time::timeout(SOON, socket.closed()).await.expect("the socket closes as soon as was promised")
}

/// Links an account that has another way in, and signs in so in another browser.
pub(super) async fn linked(world: &World, username: &str, sub: &str) -> (Client, Client) {
    world.idp.script(|script| script.person = json!({"sub": sub, "preferred_username": username}));
    let local = world.portal.outsider(username).await;
    let begun = local.post(IDENTITIES, &json!({"provider": "corp", "next": "/"})).await.expect(200).json();
    let back = world.idp.visit(&url::Url::parse(&text(&begun["location"])).unwrap()).await;
    local.get(&path_of(&back)).await.expect(303);
    (local, world.signed_in().await)
}

#[tokio::test]
async fn sockets_close_when_the_link_ends_or_the_provider_is_switched_off() {
    let world = World::new(Database::sqlite()).await;
    world.enable(json!({})).await;
    let (bob, bob_there) = linked(&world, "bob", "subject-of-bob").await;
    let (eve, eve_there) = linked(&world, "eve", "subject-of-eve").await;
    let identities: Value = bob.get(IDENTITIES).await.expect(200).json();
    let admin = world.admin.clone();
    let running = world.portal.serve();
    let open = async |client: &Client| Socket::open(running.address, client, WATCH).await;

    let socket = open(&bob_there).await.unwrap();
    bob.delete(&format!("{IDENTITIES}/{}", text(&identities["items"][0]["id"]))).await.expect(204);
    assert_eq!(closed(socket).await, POLICY);
    assert_eq!(open(&bob_there).await.err(), Some(401));

    let socket = open(&eve_there).await.unwrap();
    patch(&admin, CORP, &json!({"enabled": false})).await.expect(200);
    assert_eq!(closed(socket).await, POLICY);
    assert_eq!(open(&eve_there).await.err(), Some(401));
    for stays in [&bob, &eve] {
        open(stays).await.unwrap();
    }
    running.stop().await;
}

#[tokio::test]
async fn sockets_close_when_the_provider_has_ended_what_it_gave() {
    let world = World::new(Database::sqlite()).await;
    world.idp.script(|script| script.refreshes = true);
    world.enable(json!({})).await;
    let grace = world.signed_in().await;
    let state = world.portal.state.clone();
    let idp = world.idp;
    let running = world.portal.serve();
    let socket = Socket::open(running.address, &grace, WATCH).await.unwrap();
    idp.script(|script| script.revoke());
    server::services::sign_in::refresh_now(&state).await.unwrap();
    assert_eq!(closed(socket).await, POLICY);
    assert_eq!(Socket::open(running.address, &grace, WATCH).await.err(), Some(401));
    running.stop().await;
}
