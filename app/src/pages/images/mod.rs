//! The images of a cluster.

mod actions;
pub mod detail;
mod dialogs;
pub mod list;
