//! Removing what has ended: sessions, tokens, and operations and audit entries after their time.

use std::time::Duration;

use super::Task;
use crate::services::{audit, operation, session};

/// The task.
pub fn task() -> Task {
    Task::new("cleanup", Duration::from_mins(10), |state| async move {
        session::delete_ended(&state).await.map_err(|error| error.to_string())?;
        operation::delete_ended(&state).await.map_err(|error| error.to_string())?;
        audit::delete_ended(&state).await.map_err(|error| error.to_string())
    })
}
