//! The Compose file as a model.
//!
//! [`parse`] turns a text into a [`Project`] in which everything has one form: short and long spellings are the same,
//! variables are substituted, env files are read, `extends` is resolved, services of inactive profiles are left out.
//! Whatever is wrong or has no effect is a [`Diagnostic`] with its line and column. Nothing is read from the disk: what
//! `env_file`, `label_file`, `extends: {file: …}` and `file:` name must be in the [`Source`].
//!
//! - [`variables`] lists what a file asks for, also while values are still missing.
//! - [`startup_order`] says which services start together, and [`Service::config_hash`] when containers must be made anew.
//! - [`image_app`] writes a file for just an image; [`templates`] are the built-in files with questions.

mod check;
mod context;
mod diagnostic;
mod env_file;
mod extends;
mod fields;
mod hash;
mod image;
mod image_app;
mod interpolate;
mod keys;
mod merge;
mod model;
mod order;
mod parser;
mod path;
mod read;
mod templates;
#[cfg(test)]
mod tests;
mod units;
mod words;
mod yaml;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::{
    diagnostic::{Diagnostic, Severity},
    hash::hex,
    image::is_reference as is_image_reference,
    image_app::image_app,
    model::*,
    order::startup_order,
    templates::{template_by_id, templates},
    units::{bytes as parse_bytes, duration as parse_duration, write_duration},
};

/// A Compose file and what comes with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The Compose file itself.
    pub text: String,
    /// Its further files by path, for `env_file`, `label_file`, `extends` and the `file` of configs and secrets.
    /// `.env` gives values for variables that are not set otherwise.
    pub files: BTreeMap<String, String>,
    /// The active profiles; `*` is all. Where empty, the variable `COMPOSE_PROFILES` says them.
    pub profiles: Vec<String>,
}

/// A readable Compose file.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// The model.
    pub project: Project,
    /// What has no effect here, in the order of the file.
    pub warnings: Vec<Diagnostic>,
    /// The variables the file asks for, in its order.
    pub used_variables: Vec<VariableUse>,
    /// Services that no active profile takes in.
    pub inactive_services: Vec<String>,
}

/// A variable a Compose file asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VariableUse {
    /// The variable.
    pub name: String,
    /// What stands in for it; `None` is nothing (an empty text).
    pub default: Option<String>,
    /// Whether the file is unusable without it.
    pub required: bool,
    /// The line of its first use, from 1.
    pub line: u32,
    /// The column of its first use, from 1.
    pub column: u32,
}

/// Reads a Compose file with these variables.
///
/// # Errors
/// Everything that is wrong with it (at most 100 findings), errors first, then the warnings.
pub fn parse(source: &Source, variables: &BTreeMap<String, String>) -> Result<Parsed, Vec<Diagnostic>> {
    parser::parse(source, variables)
}

/// The variables a Compose file asks for, whatever their values.
///
/// # Errors
/// The text is no YAML, or an expression cannot be read.
pub fn variables(source: &Source) -> Result<Vec<VariableUse>, Vec<Diagnostic>> {
    parser::variables(source)
}
