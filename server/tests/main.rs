//! The server's integration tests: one binary, a module per noun.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::pedantic,
    clippy::wrong_self_convention,
    reason = "tests fail that way; clippy knows them only inside test functions"
)]

mod app_crashes;
mod app_faults;
mod apps;
mod audit;
mod cli;
mod containers;
mod cross_site;
mod database;
mod engine;
mod fake_engine;
mod fake_engine_conformance;
mod fake_engine_tests;
mod fake_provider;
mod files;
mod forward;
mod images;
mod logs;
mod matrix;
mod me;
mod operations;
mod people;
mod picture;
mod policy;
mod portal_settings;
mod project;
mod providers;
mod quota;
mod real_deploy;
mod real_engine;
mod reconcile;
mod robots;
mod route_table;
mod routes;
mod serve;
mod session;
mod setup;
mod stats;
mod support;
mod tasks;
mod teams;
mod terminal;
mod token;
mod two_factor;
mod watch;
