//! Everything that touches the world.

pub mod auth;
pub mod changes;
pub mod cli;
pub mod compose;
pub mod config;
pub mod db;
pub mod engine;
pub mod http;
pub mod monitor;
pub mod outbound;
pub mod services;
pub mod startup;
pub mod tasks;
