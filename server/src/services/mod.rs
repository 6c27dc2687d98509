//! What the portal does for people: one file per noun.

pub mod deploy;
