//! The watch socket: who hears of what.

use api::permission::ProjectRole;
use api::watch::{Change, ChangeKind};

use crate::fake_engine::{ContainerSpec, FakeEngine};
use crate::logs::{World, app_container};
use crate::support::Socket;

async fn until(socket: &mut Socket, wanted: impl Fn(&Change) -> bool) -> Vec<Change> {
    let mut seen: Vec<Change> = Vec::new();
    while !seen.iter().any(&wanted) {
        let message = socket.next().await.expect("the socket is open");
        seen.extend(serde_json::from_slice::<Vec<Change>>(&message).unwrap());
    }
    seen
}

#[tokio::test]
async fn everybody_hears_of_what_they_may_see_and_of_nothing_else() {
    let world = World::with(FakeEngine::start().await).await;
    let admin = world.portal.admin().await;
    let member = world.portal.member("gus", "shop-team", ProjectRole::Guest).await;
    let running = world.portal.serve();
    let mut all = Socket::open(running.address, &admin, "/api/v1/watch").await.unwrap();
    let mut own = Socket::open(running.address, &member, "/api/v1/watch").await.unwrap();
    world.engine.add_container(&ContainerSpec::new("foreign", "busybox:local"));
    let foreign = until(&mut all, |change| change.kind == ChangeKind::Container).await;
    assert!(foreign.iter().all(|change| change.project.is_none()));
    world.engine.add_container(&app_container("shop-web-1", "shop-team", "shop", "web"));
    let is_ours = |change: &Change| change.kind == ChangeKind::Container && change.app.as_deref() == Some("shop");
    until(&mut all, is_ours).await;
    let heard = until(&mut own, is_ours).await;
    assert!(heard.iter().all(|change| change.project.as_deref() == Some("shop-team")), "{heard:?}");
    running.stop().await;
}

#[tokio::test]
async fn a_page_hears_what_changed_between_its_making_and_its_socket() {
    let world = World::with(FakeEngine::start().await).await;
    let admin = world.portal.admin().await;
    let member = world.portal.member("gus", "shop-team", ProjectRole::Guest).await;
    let state = world.portal.state.clone();
    let running = world.portal.serve();
    let position = server::services::watch::position(&state);
    let change = |id: &str, project: &str| Change {
        kind: ChangeKind::App,
        id: Some(id.into()),
        cluster: None,
        project: Some(project.into()),
        app: None,
    };
    state.changes.publish(change("secret", "bank"));
    state.changes.publish(change("shop", "shop-team"));
    let path = format!("/api/v1/watch?after={position}");
    let mut own = Socket::open(running.address, &member, &path).await.unwrap();
    assert_eq!(until(&mut own, |change| change.kind == ChangeKind::App).await, [change("shop", "shop-team")]);
    let mut all = Socket::open(running.address, &admin, &path).await.unwrap();
    let ids = |changes: Vec<Change>| changes.into_iter().filter_map(|change| change.id).collect::<Vec<_>>();
    let heard = until(&mut all, |change| change.id.as_deref() == Some("shop")).await;
    assert!(ids(heard).contains(&"secret".to_owned()));
    // A page of an earlier process knows a position that says nothing here.
    let mut old = Socket::open(running.address, &member, "/api/v1/watch?after=1").await.unwrap();
    until(&mut old, |change| change.kind == ChangeKind::All).await;
    assert_eq!(Socket::open(running.address, &member, "/api/v1/watch?after=x").await.err(), Some(400));
    running.stop().await;
}

#[tokio::test]
async fn a_burst_comes_once() {
    let world = World::with(FakeEngine::start().await).await;
    let admin = world.portal.admin().await;
    let state = world.portal.state.clone();
    let running = world.portal.serve();
    let mut socket = Socket::open(running.address, &admin, "/api/v1/watch").await.unwrap();
    let change = |kind, id: &str| Change {
        kind,
        id: Some(id.into()),
        cluster: None,
        project: Some("default".into()),
        app: None,
    };
    state.changes.publish(change(ChangeKind::App, "first"));
    for _ in 0..500 {
        state.changes.publish(change(ChangeKind::App, "same"));
    }
    state.changes.publish(change(ChangeKind::App, "last"));
    let seen = until(&mut socket, |change| change.id.as_deref() == Some("last")).await;
    assert_eq!(seen.iter().filter(|change| change.id.as_deref() == Some("same")).count(), 1);
    for number in 0..1_500 {
        state.changes.publish(change(ChangeKind::App, &number.to_string()));
    }
    until(&mut socket, |change| change.kind == ChangeKind::All).await;
    let (code, ()) = tokio::join!(socket.closed(), running.stop());
    assert_eq!(code, Some(1012));
}
