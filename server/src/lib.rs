//! Everything that touches the world.

pub mod compose;
pub mod services;
pub mod startup;
