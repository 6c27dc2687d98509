//! Removing sessions and tokens that have ended.

use std::time::Duration;

use super::Task;
use crate::services::session;

/// The task.
pub fn task() -> Task {
    Task::new("cleanup", Duration::from_mins(10), |state| async move {
        session::delete_ended(&state).await.map_err(|error| error.to_string())
    })
}
