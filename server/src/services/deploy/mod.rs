//! Deploying: from what is wanted to what the engine has.

pub mod plan;
