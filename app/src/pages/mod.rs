//! One file per page, one folder per noun. Pages load, components show.

pub mod containers;
pub mod login;
pub mod not_found;
pub mod setup;
