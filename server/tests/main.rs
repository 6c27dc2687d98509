//! The server's integration tests: one binary, a module per noun.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail that way; clippy knows them only inside test functions"
)]

mod containers;
mod engine;
mod fake_engine;
mod fake_engine_conformance;
mod fake_engine_tests;
mod images;
mod picture;
mod real_engine;
mod cli;
mod cross_site;
mod database;
mod fake_engine;
mod fake_engine_conformance;
mod files;
mod me;
mod project;
mod routes;
mod serve;
mod session;
mod setup;
mod support;
mod tasks;
mod token;
