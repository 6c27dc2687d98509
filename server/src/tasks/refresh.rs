//! Asking providers again who people are, so that a lost group counts before the next sign-in.

use std::time::Duration;

use super::Task;
use crate::services::sign_in;

/// The task.
pub fn task() -> Task {
    Task::new("refresh", Duration::from_mins(1), |state| async move {
        sign_in::refresh(&state).await.map_err(|error| error.to_string())
    })
}
