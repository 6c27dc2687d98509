//! One file per page, one folder per noun. Pages load, components show.

pub mod account;
pub mod apps;
pub mod containers;
pub mod events;
pub mod images;
pub mod login;
pub mod networks;
pub mod nodes;
pub mod not_found;
pub mod operations;
pub mod overview;
pub mod setup;
pub mod stats;
pub mod volumes;
