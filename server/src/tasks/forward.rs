//! Sending the audit log to where the settings say; each place by itself, so that one that is down holds up no other.

use std::sync::Arc;

use super::{Nudge, Task};
use crate::services::{State, audit_forward};

/// A task for each place.
pub fn tasks(state: &State) -> Vec<Task> {
    let period = state.operations.timing().forward;
    let task = |target: &Arc<audit_forward::Target>| {
        let (name, nudge, target) = (target.task(), Nudge::from(target.recorded()), target.clone());
        let run = move |state: State| {
            let target = target.clone();
            async move { audit_forward::run(&state, &target).await.map_err(|error| error.to_string()) }
        };
        Task::new(name, period, run).nudged_by(nudge)
    };
    state.forwarding.targets().iter().map(task).collect()
}
