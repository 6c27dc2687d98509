//! The REST API and the pages: parse, call one service, shape. What a request may do is decided by the services.

pub mod cluster;
pub mod container;
mod cookie;
mod docs;
pub mod event;
pub mod extract;
mod form;
pub mod health;
pub mod image;
mod in_process;
pub mod list;
pub mod me;
mod middleware;
pub mod network;
pub mod node;
pub mod openapi;
pub mod overview;
mod pages;
pub mod problem;
pub mod project;
pub mod router;
pub mod search;
pub mod session;
pub mod setup;
pub mod token;
pub mod volume;
