//! The pieces pages are made of. They show what they are given and know neither the client nor pages.

pub mod action;
pub mod ansi;
pub mod card;
pub mod chart;
pub mod code;
pub mod copyable;
pub mod dialog;
pub mod editor;
pub mod empty;
pub mod facts;
pub mod field;
pub mod header;
pub mod icon;
pub mod log;
pub mod menu;
pub mod operation;
pub mod problem;
pub mod progress;
pub mod scope;
pub mod secret;
pub mod status;
pub mod table;
pub mod tabs;
pub mod terminal;
pub mod time;
pub mod toast;
