//! The server's integration tests: one binary, a module per noun.

mod setup;
mod support;
