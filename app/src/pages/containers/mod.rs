//! The containers of a cluster.

pub mod actions;
pub mod columns;
pub mod detail;
pub mod list;
mod overview;
mod terminal;
