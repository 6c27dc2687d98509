//! One file per page, one folder per noun. Pages load, components show.

pub mod account;
pub mod apps;
pub mod audit;
pub mod containers;
pub mod events;
pub mod images;
pub mod invite;
pub mod login;
pub mod networks;
pub mod nodes;
pub mod not_found;
pub mod operations;
pub mod overview;
pub mod projects;
pub mod providers;
pub mod settings;
pub mod setup;
pub mod stats;
pub mod teams;
pub mod users;
pub mod volumes;
