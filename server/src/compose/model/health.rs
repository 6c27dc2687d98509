//! Health checks.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How the engine finds out whether a container works. What is `None` is as in the image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Healthcheck {
    /// What is run.
    pub test: Option<HealthTest>,
    /// Between two runs, in nanoseconds.
    #[serde(rename = "interval_ns", with = "super::nanos")]
    pub interval: Option<Duration>,
    /// For one run, in nanoseconds.
    #[serde(rename = "timeout_ns", with = "super::nanos")]
    pub timeout: Option<Duration>,
    /// Failures in a row that make it unhealthy.
    pub retries: Option<u32>,
    /// Failures in this time after the start do not count, in nanoseconds.
    #[serde(rename = "start_period_ns", with = "super::nanos")]
    pub start_period: Option<Duration>,
    /// Between two runs in the start period, in nanoseconds.
    #[serde(rename = "start_interval_ns", with = "super::nanos")]
    pub start_interval: Option<Duration>,
}

/// What a health check runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthTest {
    /// Nothing, even where the image has a check.
    Disabled,
    /// A program with its arguments.
    Command(Vec<String>),
    /// A line for the image's shell.
    Shell(String),
}

impl Healthcheck {
    /// Whether the file turns the image's check off.
    pub fn is_disabled(&self) -> bool {
        self.test == Some(HealthTest::Disabled)
    }

    /// In the engine's form, `["CMD", …]`; empty keeps the image's.
    pub fn engine_test(&self) -> Vec<String> {
        match &self.test {
            None => Vec::new(),
            Some(HealthTest::Disabled) => vec!["NONE".to_owned()],
            Some(HealthTest::Command(words)) => {
                std::iter::once("CMD".to_owned()).chain(words.iter().cloned()).collect()
            }
            Some(HealthTest::Shell(line)) => vec!["CMD-SHELL".to_owned(), line.clone()],
        }
    }
}
