//! The contract between browser, CLI, agent and server: types, validation, permissions, problems and the typed client.
//!
//! Plain Rust that compiles to wasm and does no I/O of its own. Nothing here knows axum, leptos or a database.

pub mod app;
pub mod audit;
pub mod client;
pub mod cluster;
pub mod container;
pub mod event;
pub mod image;
pub mod list;
pub mod log;
pub mod message;
pub mod name;
pub mod network;
pub mod node;
pub mod operation;
pub mod overview;
pub mod permission;
pub mod policy;
pub mod portal;
pub mod problem;
pub mod project;
pub mod provider;
pub mod quota;
pub mod release;
pub mod robot;
pub mod search;
pub mod service;
pub mod session;
pub mod setup;
pub mod stats;
pub mod team;
pub mod template;
pub mod terminal;
pub mod token;
pub mod two_factor;
pub mod user;
pub mod volume;
pub mod watch;

pub use client::Client;
pub use list::{List, ListQuery, Order};
pub use message::{Language, Message};
pub use problem::{FieldProblem, Problem};
pub use time::OffsetDateTime;
pub use ulid::Ulid;

/// Where the API starts; every path of this crate begins with it.
pub const API_PREFIX: &str = "/api/v1";
