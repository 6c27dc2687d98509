//! Everything that touches the world.

pub mod services;
pub mod startup;
