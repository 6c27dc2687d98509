//! The server on a socket: its end, its deadlines, its panics.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{Database, TestPortal, each_database};

async fn ask(stream: &mut TcpStream, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    let length = stream.read(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

#[tokio::test]
async fn it_answers_on_its_socket_and_ends_when_told() {
    each_database(async |portal| {
        let host = portal.address.to_string();
        let running = portal.serve();
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        let answer = ask(&mut stream, &format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let address = running.address;
        tokio::time::timeout(Duration::from_secs(5), running.stop()).await.expect("an idle connection holds nobody up");
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn what_does_not_end_is_closed_after_the_grace_period() {
    let portal = TestPortal::start(Database::sqlite(), &[("GANTRY_SHUTDOWN_GRACE_SECS", "1")]).await;
    let state = portal.state.clone();
    let running = portal.serve();
    state.stopping.running.spawn(std::future::pending::<()>());
    tokio::time::timeout(Duration::from_secs(5), running.stop()).await.expect("the grace period is a limit");
}

#[tokio::test]
async fn long_lived_work_hears_of_the_end() {
    let portal = TestPortal::start(Database::sqlite(), &[]).await;
    let state = portal.state.clone();
    let running = portal.serve();
    let stop = state.stopping.token.clone();
    let socket = state.stopping.running.spawn(async move { stop.cancelled().await });
    running.stop().await;
    socket.await.unwrap();
}

#[tokio::test]
async fn a_second_instance_on_a_newer_database_does_not_start() {
    each_database(async |portal| {
        use sea_orm::ConnectionTrait as _;
        let insert = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_future', 1)";
        let run = async |txn: &sea_orm::DatabaseTransaction| {
            txn.execute_unprepared(insert).await.map_err(server::db::Error::from)
        };
        portal.state.db.write(run).await.unwrap();
        let config = (*portal.state.config).clone();
        let error = server::startup::build(config).await.unwrap_err();
        assert!(error.to_string().contains("m9999_future"), "{error}");
    })
    .await;
}
