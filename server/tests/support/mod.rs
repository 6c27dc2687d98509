//! The real portal on a real database, and clients that talk to it.
//!
//! [`each_database`] runs a test on SQLite, and again on PostgreSQL where `GANTRY_TEST_POSTGRES_URL` names a server.

#![allow(dead_code, unused_imports, reason = "what one module does not use another does")]

mod bench;
mod client;
mod database;
mod portal;
mod socket;

pub use bench::{Bench, each_bench, failed_steps, problem, quick, story};
pub use client::{Answer, Client};
pub use database::Database;
pub use portal::{PASSWORD, Running, TestPortal};
pub use socket::Socket;

/// Runs `test` on every database there is to test with, each time on a portal with an empty database.
pub async fn each_database(test: impl AsyncFn(TestPortal)) {
    each_database_with(&[], test).await;
}

/// The same, with settings as environment variables: `[("GANTRY_PUBLIC_URL", "https://gantry.example")]`.
pub async fn each_database_with(settings: &[(&str, &str)], test: impl AsyncFn(TestPortal)) {
    for database in Database::every().await {
        let portal = TestPortal::start(database, settings).await;
        test(portal).await;
    }
}

/// Waits until `condition` holds.
pub async fn eventually(what: &str, condition: impl AsyncFn() -> bool) {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(60);
    while !condition().await {
        assert!(tokio::time::Instant::now() < deadline, "waited too long until {what}");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}
