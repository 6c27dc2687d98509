//! Teams: groups of accounts that have a role in projects together.

pub mod detail;
mod groups;
pub mod list;
