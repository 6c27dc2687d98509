//! Saying how many refused requests were not recorded one by one.

use std::time::{Duration, Instant};

use super::Task;
use crate::services::refusal;

/// The task.
pub fn task() -> Task {
    Task::new("refusals", Duration::from_mins(1), |state| async move {
        refusal::sum_up(&state, Instant::now()).await;
        Ok(())
    })
}
