//! Health checks: results by script, by the check's own command, or set by hand.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::behaviour::Health;
use super::container::{Container, strings};
use super::shell;
use super::state::{Shared, State, stamp};

/// The health of a container.
#[derive(Debug, Clone)]
pub struct HealthState {
    /// `starting`, `healthy`, `unhealthy`.
    pub status: String,
    pub streak: u32,
    log: VecDeque<Value>,
}

impl HealthState {
    /// The state at start; none without a check.
    pub fn of(container: &Container) -> Option<Self> {
        let test = strings(&container.config["Healthcheck"]["Test"]);
        let off = test.is_empty() || test[0] == "NONE";
        (!off || container.behaviour.health.is_some()).then(|| Self {
            status: "starting".into(),
            streak: 0,
            log: VecDeque::new(),
        })
    }

    pub fn json(&self) -> Value {
        json!({ "Status": self.status, "FailingStreak": self.streak, "Log": self.log })
    }
}

/// Runs the checks of one run of a container.
pub async fn watch(shared: Arc<Shared>, id: String, run: u64) {
    let Some((check, script)) =
        shared.lock().containers.get(&id).map(|c| (c.config["Healthcheck"].clone(), c.behaviour.health.clone()))
    else {
        return;
    };
    let nanos = check["Interval"].as_f64().filter(|n| *n > 0.0).unwrap_or(30e9);
    let test = strings(&check["Test"]);
    let mut number: u32 = 0;
    loop {
        tokio::time::sleep(shared.seconds(nanos / 1e9)).await;
        number += 1;
        let good = match &script {
            Some(Health::Never) => std::future::pending().await,
            Some(Health::After(first)) if number < *first => continue,
            Some(Health::After(_)) => true,
            Some(Health::Unhealthy) => false,
            Some(Health::Sequence(results)) => {
                let at = (number as usize - 1).min(results.len().saturating_sub(1));
                results.get(at).copied().unwrap_or(true)
            }
            None => shell::probe(&test),
        };
        let mut state = shared.lock();
        if state.containers.get(&id).is_none_or(|c| c.run != run) {
            return;
        }
        let command = test.iter().skip(1).cloned().collect::<Vec<_>>().join(" ");
        let exec = state.new_id();
        for action in ["exec_create", "exec_start"] {
            let action = format!("{action}: {command}");
            shared.emit_container(&mut state, &id, &action, &[("execID", &exec)]);
        }
        let code = if good { "0" } else { "1" };
        let extra = [("execID", exec.as_str()), ("exitCode", code)];
        shared.emit_container(&mut state, &id, "exec_die", &extra);
        note(&shared, &mut state, &id, good);
    }
}

fn note(shared: &Shared, state: &mut State, id: &str, good: bool) {
    let Some(container) = state.containers.get_mut(id) else {
        return;
    };
    let retries = container.config["Healthcheck"]["Retries"].as_u64().filter(|retries| *retries > 0).unwrap_or(3);
    let Some(health) = &mut container.health else {
        return;
    };
    let now = stamp(Some(OffsetDateTime::now_utc()));
    let output = if good { "" } else { "check failed" };
    health.log.push_back(json!({
        "Start": now, "End": now, "ExitCode": i32::from(!good), "Output": output,
    }));
    if health.log.len() > 5 {
        health.log.pop_front();
    }
    let before = health.status.clone();
    if good {
        health.streak = 0;
        health.status = "healthy".into();
    } else {
        health.streak += 1;
        if u64::from(health.streak) >= retries {
            health.status = "unhealthy".into();
        }
    }
    let after = health.status.clone();
    if after != before {
        shared.emit_container(state, id, &format!("health_status: {after}"), &[]);
    }
}

impl Shared {
    /// Sets the health of a container as a check would.
    pub fn set_health(&self, state: &mut State, id: &str, status: &str) {
        if let Some(container) = state.containers.get_mut(id) {
            let health = container.health.get_or_insert_with(|| HealthState {
                status: String::new(),
                streak: 0,
                log: VecDeque::new(),
            });
            health.status = status.into();
            health.streak = u32::from(status == "unhealthy");
        }
        self.emit_container(state, id, &format!("health_status: {status}"), &[]);
    }
}
