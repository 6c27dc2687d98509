//! The nodes of a cluster.

pub mod detail;
pub mod list;
