//! Who loses a right loses its sockets, too.

use std::time::Duration;

use api::log::Record;
use api::permission::{ProjectRole, SystemRole};
use serde_json::json;

use super::{my_id, patch, user};
use crate::fake_engine::{FakeEngine, Stream};
use crate::logs::{World, app_container};
use crate::support::{Client, Socket};

const LOG: &str = "/api/v1/projects/shop-team/apps/shop/logs";
const WATCH: &str = "/api/v1/watch";
/// How soon that is promised.
const SOON: Duration = Duration::from_secs(5);
/// The caller may no longer be here.
const POLICY: Option<u16> = Some(1008);

async fn world() -> World {
    let engine = FakeEngine::start().await;
    engine.add_container(&app_container("shop-web-1", "shop-team", "shop", "web"));
    let world = World::with(engine).await;
    world.portal.app("shop-team", "shop").await;
    world
}

async fn closed(socket: Socket) -> Option<u16> {
    tokio::time::timeout(SOON, socket.closed()).await.expect("the socket closes as soon as was promised")
}

#[tokio::test]
async fn a_member_who_is_removed_or_leaves_is_out_of_the_projects_logs() {
    let world = world().await;
    let admin = world.portal.admin().await;
    let removed = world.portal.member("gus", "shop-team", ProjectRole::Guest).await;
    let leaving = world.portal.member("dev", "shop-team", ProjectRole::Developer).await;
    let staying = world.portal.member("pia", "shop-team", ProjectRole::Admin).await;
    let running = world.portal.serve();
    let open = async |client: &Client, path: &str| Socket::open(running.address, client, path).await;
    let (first, second) = (open(&removed, LOG).await.unwrap(), open(&leaving, LOG).await.unwrap());
    let mut third = open(&staying, LOG).await.unwrap();

    admin.delete("/api/v1/projects/shop-team/members/gus").await.expect(204);
    leaving.delete("/api/v1/projects/shop-team/members/dev").await.expect(204);
    assert_eq!(tokio::join!(closed(first), closed(second)), (POLICY, POLICY));
    assert_eq!(open(&removed, LOG).await.err(), Some(404));

    world.engine.log_line("shop-web-1", Stream::Stdout, "still read");
    let is_ours = |record: &Record| matches!(record, Record::Line { bytes, .. } if bytes == b"still read");
    while !Record::decode_all(&third.next().await.expect("whoever stays goes on reading")).iter().any(is_ours) {}
    running.stop().await;
}

#[tokio::test]
async fn every_socket_of_an_account_that_is_disabled_or_deleted_closes() {
    let world = world().await;
    let admin = world.portal.admin().await;
    let gus = world.portal.member("gus", "shop-team", ProjectRole::Guest).await;
    let program = world.portal.token("gus", SystemRole::Member).await;
    let eve = world.portal.member("eve", "shop-team", ProjectRole::Guest).await;
    let (gus_path, eve_path) = (user(&my_id(&gus).await), user(&my_id(&eve).await));
    let running = world.portal.serve();
    let open = async |client: &Client, path: &str| Socket::open(running.address, client, path).await;
    let sockets = [
        open(&gus, LOG).await.unwrap(),
        open(&gus, WATCH).await.unwrap(),
        open(&program, WATCH).await.unwrap(),
        open(&eve, WATCH).await.unwrap(),
    ];
    patch(&admin, &gus_path, &json!({"disabled": true})).await.expect(200);
    admin.delete(&eve_path).await.expect(204);
    let codes = futures::future::join_all(sockets.into_iter().map(closed)).await;
    assert_eq!(codes, [POLICY; 4]);
    for client in [&gus, &program, &eve] {
        assert_eq!(open(client, WATCH).await.err(), Some(401));
    }
    running.stop().await;
}
