//! Keeping apps as they should be.

use std::time::Duration;

use super::Task;
use crate::services::State;
use crate::services::deploy::reconcile;

/// How soon the listener begins again after a fault of ours.
const AGAIN: Duration = Duration::from_secs(1);

/// The look at every app, and the listener to engines and nudges.
pub fn tasks(state: &State) -> [Task; 2] {
    let period = state.operations.timing().reconcile;
    [
        Task::new("reconcile", period, |state| async move {
            reconcile::all(&state).await.map_err(|error| error.to_string())
        }),
        Task::new("engine-events", AGAIN, |state| async move {
            reconcile::listen(&state).await.map_err(|error| error.to_string())
        }),
    ]
}
