//! The REST API and the pages: parse, call one service, shape. What a request may do is decided by the services.

mod cookie;
mod docs;
pub mod extract;
mod form;
pub mod health;
mod in_process;
pub mod me;
mod middleware;
pub mod openapi;
mod pages;
pub mod problem;
pub mod project;
pub mod router;
pub mod session;
pub mod setup;
pub mod token;
