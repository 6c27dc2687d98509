//! Apps: what runs, what is wanted, and how it came to be.

pub mod actions;
pub mod compose;
pub mod detail;
pub mod form;
pub mod list;
pub mod new;
pub mod preview;
pub mod releases;
pub mod services;
