//! How containers start, die, restart and go.

use std::sync::Arc;

use serde_json::Value;
use time::OffsetDateTime;

use super::behaviour::{Lines, behaviour_of};
use super::container::{BoundPort, Container, Phase, keys};
use super::health::HealthState;
use super::log_store::Stream;
use super::shell::{self, Program};
use super::state::{Shared, State, now_nanos};
use super::wire::{EngineError, fail};

impl Shared {
    /// Starts a container that does not run. A failure leaves it as it was, with the error noted.
    pub fn start_container(self: &Arc<Self>, state: &mut State, id: &str) -> Result<(), EngineError> {
        if let Err((error, code)) = self.prepare(state, id) {
            for network in self.network_names(state, id) {
                self.emit_network(state, "disconnect", &network, id);
            }
            if let Some(container) = state.containers.get_mut(id) {
                container.error.clone_from(&error.message);
                container.exit_code = code;
                container.ports.clear();
                if container.phase != Phase::Created {
                    container.phase = Phase::Exited;
                }
            }
            self.beat();
            return Err(error);
        }
        for network in self.network_names(state, id) {
            self.emit_network(state, "connect", &network, id);
        }
        self.emit_mounts(state, id, "mount");
        let pid = state.new_pid();
        let Some(container) = state.containers.get_mut(id) else {
            return Ok(());
        };
        if container.host_config["Runtime"].is_null() {
            container.host_config["Runtime"] = "runc".into();
        }
        container.phase = Phase::Running;
        container.pid = pid;
        container.run += 1;
        container.exit_code = 0;
        container.error.clear();
        container.oom_killed = false;
        container.started = Some(OffsetDateTime::now_utc());
        container.stopped_by_hand = false;
        container.health = HealthState::of(container);
        self.emit_container(state, id, "start", &[]);
        self.run_process(state, id);
        Ok(())
    }

    /// Everything of a start that can fail, with the exit code a failure leaves.
    fn prepare(&self, state: &mut State, id: &str) -> Result<(), (EngineError, i64)> {
        let Some(container) = state.containers.get(id) else {
            return Err((EngineError::new(404, format!("No such container: {id}")), 128));
        };
        let behaviour = behaviour_of(&state.behaviours, &container.image, &container.name, &container.labels());
        let wrap = |error: EngineError| {
            let text = if self.is_28() {
                format!("failed to set up container networking: {}", error.message)
            } else {
                error.message
            };
            (EngineError::new(error.status, text), 128)
        };
        let argv = container.argv();
        let start_error = behaviour.start_error.clone();
        if let Some(container) = state.containers.get_mut(id) {
            container.behaviour = behaviour;
        }
        for network in self.network_names(state, id) {
            state.plug(id, &network).map_err(wrap)?;
        }
        let ports = self.bind_ports(state, id).map_err(wrap)?;
        if let Some(container) = state.containers.get_mut(id) {
            container.ports = ports;
        }
        if let Some((status, message)) = start_error {
            return Err((EngineError::new(status, message), 128));
        }
        match argv.first() {
            Some(program) if shell::is_missing(program) => {
                let base = format!(
                    "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: \"{program}\": executable file not found in $PATH"
                );
                let text = if self.is_28() {
                    format!("failed to create task for container: {base}")
                } else {
                    format!("{base}: unknown")
                };
                Err((EngineError::new(400, text), 127))
            }
            _ => Ok(()),
        }
    }

    pub fn network_names(&self, state: &State, id: &str) -> Vec<String> {
        state.containers.get(id).map(|c| c.networks.keys().cloned().collect()).unwrap_or_default()
    }

    fn bind_ports(&self, state: &mut State, id: &str) -> Result<Vec<BoundPort>, EngineError> {
        let Some(container) = state.containers.get(id) else {
            return Ok(Vec::new());
        };
        let bindings = container.host_config["PortBindings"].clone();
        let all = container.host_config["PublishAllPorts"].as_bool().unwrap_or(false);
        let (name, exposed) = (container.name.clone(), keys(&container.config["ExposedPorts"]));
        if !container.networks.keys().any(|n| n != "none" && n != "host") {
            return Ok(Vec::new());
        }
        let mut bound: Vec<BoundPort> = Vec::new();
        for private in exposed {
            let private = if private.contains('/') { private } else { format!("{private}/tcp") };
            let asked = bindings[&private].as_array().cloned().unwrap_or_default();
            let asked = match (asked.is_empty(), all) {
                (true, true) => vec![Value::Null],
                _ => asked,
            };
            for binding in asked {
                let address = binding["HostIp"].as_str().unwrap_or_default();
                let wanted = binding["HostPort"].as_str().unwrap_or_default();
                let addresses = match address {
                    "" => vec!["0.0.0.0", "::"],
                    one => vec![one],
                };
                let free = |state: &State, bound: &[BoundPort], port: u16| {
                    addresses.iter().all(|address| {
                        let new = BoundPort { private: private.clone(), address: (*address).to_owned(), public: port };
                        let others = state.containers.values().filter(|c| c.is_running() && c.id != id);
                        !others.flat_map(|c| &c.ports).chain(bound).any(|old| clash(old, &new))
                    })
                };
                let (first, last) = match wanted.split_once('-') {
                    Some((first, last)) => (first.parse().unwrap_or(0), last.parse().unwrap_or(0)),
                    None => {
                        let port = wanted.parse().unwrap_or(0);
                        (port, port)
                    }
                };
                let public = if first == 0 {
                    loop {
                        state.next_port = if state.next_port == 65535 { 49153 } else { state.next_port + 1 };
                        if free(state, &bound, state.next_port) {
                            break state.next_port;
                        }
                    }
                } else if let Some(port) = (first..=last).find(|port| free(state, &bound, *port)) {
                    port
                } else {
                    let endpoint = state.new_id();
                    return fail(
                        500,
                        format!(
                            "driver failed programming external connectivity on endpoint {name} ({endpoint}): Bind for {}:{first} failed: port is already allocated",
                            if self.is_28() { addresses[addresses.len() - 1] } else { addresses[0] }
                        ),
                    );
                };
                bound.extend(addresses.iter().map(|address| BoundPort {
                    private: private.clone(),
                    address: (*address).to_owned(),
                    public,
                }));
            }
        }
        Ok(bound)
    }

    fn run_process(self: &Arc<Self>, state: &mut State, id: &str) {
        let Some(container) = state.containers.get_mut(id) else {
            return;
        };
        let (run, behaviour) = (container.run, container.behaviour.clone());
        let program = match &behaviour.script {
            Some(script) => Program::Script(script.clone()),
            None => Program::of(&container.argv(), container.config["OpenStdin"] == true),
        };
        let init = container.host_config["Init"].as_bool().unwrap_or(false);
        let plain = behaviour.lines.is_some() || behaviour.exit.is_some();
        // Without a handler of its own, process 1 of a container gets no SIGTERM from the kernel.
        let deaf = !plain && !init && !matches!(program, Program::Daemon);
        container.ignores_sigterm = behaviour.ignore_sigterm.unwrap_or(deaf);
        let mut tasks = Vec::new();
        if container.health.is_some() {
            tasks.push(self.spawn(super::health::watch(Arc::clone(self), id.into(), run)));
        }
        if plain {
            let (shared, id) = (Arc::clone(self), id.to_owned());
            let lines = behaviour.lines.clone();
            if let Some(lines) = lines.as_ref().filter(|lines| lines.rate.is_none()) {
                let count = lines.count.unwrap_or(0);
                let start = now_nanos();
                container.log.append_numbered(&lines.prefix, lines.width, 1, count, start, 1);
            }
            if behaviour.exit.is_some() || lines.as_ref().is_some_and(|l| l.rate.is_some()) {
                tasks.push(self.spawn(async move {
                    if let Some(lines) = lines {
                        shared.print(&id, run, &lines).await;
                    }
                    if let Some(code) = behaviour.exit {
                        tokio::time::sleep(shared.seconds(behaviour.exit_after.unwrap_or(0.0))).await;
                        shared.die(&mut shared.lock(), &id, run, code);
                    }
                }));
            }
        } else if !matches!(program, Program::Daemon) {
            tasks.push(shell::spawn_main(self, container, program));
        }
        if let Some(container) = state.containers.get_mut(id) {
            container.tasks = tasks;
        }
    }

    /// Prints numbered lines at their rate.
    async fn print(&self, id: &str, run: u64, lines: &Lines) {
        let Some(rate) = lines.rate.filter(|rate| *rate > 0) else {
            return;
        };
        let step = 1_000_000_000 / i64::from(rate);
        let start = std::time::Instant::now();
        let first_nanos = now_nanos();
        let mut printed: u64 = 0;
        let mut beat = tokio::time::interval(std::time::Duration::from_millis(10));
        loop {
            beat.tick().await;
            let due = (start.elapsed().as_micros() * u128::from(rate) / 1_000_000) as u64 + 1;
            let due = due.min(lines.count.unwrap_or(u64::MAX));
            if due > printed {
                let mut state = self.lock();
                let Some(container) = state.containers.get_mut(id).filter(|c| c.run == run) else {
                    return;
                };
                let nanos = first_nanos + step * i64::try_from(printed).unwrap_or(0);
                container.log.append_numbered(&lines.prefix, lines.width, printed + 1, due - printed, nanos, step);
                container.log_notify.notify_waiters();
                printed = due;
            }
            if lines.count.is_some_and(|count| printed >= count) {
                return;
            }
        }
    }

    /// Adds output of a container.
    pub fn print_text(&self, state: &mut State, id: &str, stream: Stream, text: &[u8]) {
        let Some(container) = state.containers.get_mut(id) else {
            return;
        };
        let nanos = now_nanos();
        if container.tty() {
            container.log.append(stream, bytes::Bytes::copy_from_slice(text), nanos);
        } else {
            for line in text.split_inclusive(|byte| *byte == b'\n') {
                container.log.append(stream, bytes::Bytes::copy_from_slice(line), nanos);
            }
        }
        container.log_notify.notify_waiters();
    }

    /// The end of a run. Does nothing when that run is over already.
    pub fn die(self: &Arc<Self>, state: &mut State, id: &str, run: u64, code: i64) {
        let Some(container) = state.containers.get_mut(id).filter(|c| c.run == run && c.is_running()) else {
            return;
        };
        let now = OffsetDateTime::now_utc();
        let ran = now - container.started.unwrap_or(now);
        container.phase = Phase::Exited;
        container.exit_code = code;
        container.pid = 0;
        container.finished = Some(now);
        container.stdin = None;
        container.ports.clear();
        for task in container.tasks.drain(..) {
            task.abort();
        }
        if let Some(health) = &mut container.health
            && health.status != "healthy"
        {
            health.status = "unhealthy".into();
        }
        for endpoint in container.networks.values_mut() {
            endpoint.endpoint_id.clear();
            endpoint.address.clear();
            endpoint.gateway.clear();
            endpoint.mac.clear();
        }
        let policy = container.restart_policy().to_owned();
        let limit = container.host_config["RestartPolicy"]["MaximumRetryCount"].as_u64().unwrap_or(0);
        let again = !container.stopped_by_hand
            && match policy.as_str() {
                "always" | "unless-stopped" => true,
                "on-failure" => code != 0 && (limit == 0 || u64::from(container.restart_count) < limit),
                _ => false,
            };
        if again {
            container.phase = Phase::Restarting;
        }
        container.failures = if ran.whole_seconds() >= 10 { 0 } else { container.failures + 1 };
        let wait = 0.1 * f64::from(1u32 << (container.failures - u32::from(container.failures > 0)).min(9));
        let remove = container.auto_remove() && !again;
        let log_notify = Arc::clone(&container.log_notify);
        let execs = container.execs.clone();
        for exec in execs {
            self.kill_exec(state, &exec, 137);
        }
        let (code, seconds) = (code.to_string(), ran.whole_seconds().to_string());
        let mut extra = vec![("exitCode", code.as_str())];
        if self.is_28() {
            extra.push(("execDuration", seconds.as_str()));
        }
        self.emit_container(state, id, "die", &extra);
        for network in self.network_names(state, id) {
            self.emit_network(state, "disconnect", &network, id);
        }
        self.emit_mounts(state, id, "unmount");
        log_notify.notify_waiters();
        let (shared, id) = (Arc::clone(self), id.to_owned());
        if again {
            self.spawn(async move {
                tokio::time::sleep(shared.seconds(wait.min(60.0))).await;
                let mut state = shared.lock();
                let waiting = state.containers.get_mut(&id).filter(|c| c.phase == Phase::Restarting && c.run == run);
                if let Some(container) = waiting {
                    container.restart_count += 1;
                    // A failure is noted on the container.
                    let _ = shared.start_container(&mut state, &id);
                }
            });
        } else if remove {
            self.spawn(async move {
                // After the answer of the call that stopped it.
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
                let mut state = shared.lock();
                if state.containers.get(&id).is_some_and(|c| !c.is_running()) {
                    shared.destroy(&mut state, &id, true);
                }
            });
        }
    }

    /// Ends the current run from outside, as the kernel would.
    pub fn die_now(self: &Arc<Self>, state: &mut State, id: &str, code: i64) {
        if let Some(run) = state.containers.get(id).map(|c| c.run) {
            self.die(state, id, run, code);
        }
    }

    /// The end of a run because the engine itself stops: no restart now.
    pub fn end_with_engine(self: &Arc<Self>, state: &mut State, id: &str) {
        let Some(container) = state.containers.get_mut(id) else {
            return;
        };
        if container.phase == Phase::Restarting {
            container.phase = Phase::Exited;
        }
        let by_hand = std::mem::replace(&mut container.stopped_by_hand, true);
        let code = if container.ignores_sigterm { 137 } else { 0 };
        self.die_now(state, id, code);
        if let Some(container) = state.containers.get_mut(id) {
            container.stopped_by_hand = by_hand;
        }
    }

    /// Sends a signal to process 1; says whether it ended.
    pub fn signal(self: &Arc<Self>, state: &mut State, id: &str, signal: i64) -> bool {
        self.emit_container(state, id, "kill", &[("signal", &signal.to_string())]);
        let Some(container) = state.containers.get_mut(id) else {
            return true;
        };
        let deadly = match signal {
            9 => true,
            1 | 10 | 12 | 17 | 18 | 28 => false,
            _ => !container.ignores_sigterm,
        };
        if !deadly {
            return false;
        }
        let daemon =
            container.behaviour.script.is_none() && matches!(Program::of(&container.argv(), false), Program::Daemon);
        let code = if signal == 15 && daemon { 0 } else { 128 + signal };
        let run = container.run;
        self.die(state, id, run, code);
        true
    }

    /// `stop`: the signal, the grace period, SIGKILL. False when it did not run.
    pub async fn stop_container(self: &Arc<Self>, id: &str, grace: Option<i64>) -> bool {
        let grace = {
            let mut state = self.lock();
            let Some(container) = state.containers.get_mut(id) else {
                return false;
            };
            container.stopped_by_hand |= container.phase == Phase::Restarting || container.is_running();
            if container.phase == Phase::Restarting {
                container.phase = Phase::Exited;
                self.emit_container(&mut state, id, "stop", &[]);
                return true;
            }
            if !container.is_running() {
                return false;
            }
            let own = container.config["StopTimeout"].as_i64().unwrap_or(10);
            let signal = signal_number(container.stop_signal()).unwrap_or(15);
            self.signal(&mut state, id, signal);
            grace.unwrap_or(own)
        };
        let running = |state: &mut State| state.containers.get(id).is_some_and(Container::is_running);
        let gone = self.until(|state| (!running(state)).then_some(()));
        if grace < 0 {
            gone.await;
        } else if tokio::time::timeout(self.seconds(grace as f64), gone).await.is_err() {
            self.signal(&mut self.lock(), id, 9);
        }
        self.emit_container(&mut self.lock(), id, "stop", &[]);
        true
    }

    /// Takes a container that does not run out of the world.
    pub fn destroy(&self, state: &mut State, id: &str, with_volumes: bool) {
        self.emit_container(state, id, "destroy", &[]);
        let Some(container) = state.containers.remove(id) else {
            return;
        };
        state.order.retain(|other| other != id);
        state.names.remove(&container.name);
        for exec in &container.execs {
            state.execs.remove(exec);
        }
        if with_volumes {
            for mount in container.mounts.iter().filter(|mount| mount.anonymous) {
                if let Some(name) = &mount.name {
                    self.drop_volume(state, name);
                }
            }
        }
        container.log_notify.notify_waiters();
        self.beat();
    }

    fn emit_mounts(&self, state: &mut State, id: &str, action: &str) {
        let Some(container) = state.containers.get(id) else {
            return;
        };
        let mounts: Vec<(String, String, bool)> =
            container.mounts.iter().filter_map(|m| Some((m.name.clone()?, m.target.clone(), m.writable))).collect();
        for (name, target, writable) in mounts {
            let writable = writable.to_string();
            let mut attributes = vec![("container", id), ("driver", "local")];
            if action == "mount" {
                attributes.extend([
                    ("destination", target.as_str()),
                    ("propagation", ""),
                    ("read/write", writable.as_str()),
                ]);
            }
            self.emit_other(state, "volume", action, &name, &attributes);
        }
    }
}

fn clash(old: &BoundPort, new: &BoundPort) -> bool {
    let wild = |address: &str| matches!(address, "0.0.0.0" | "::");
    let v6 = |address: &str| address.contains(':');
    old.public == new.public
        && old.protocol() == new.protocol()
        && v6(&old.address) == v6(&new.address)
        && (old.address == new.address || wild(&old.address) || wild(&new.address))
}

/// `SIGTERM`, `term`, `15` as a number.
pub fn signal_number(text: &str) -> Option<i64> {
    if let Ok(number) = text.parse::<i64>() {
        return (1..=64).contains(&number).then_some(number);
    }
    let name = text.to_uppercase();
    let known = [
        ("HUP", 1),
        ("INT", 2),
        ("QUIT", 3),
        ("ABRT", 6),
        ("KILL", 9),
        ("USR1", 10),
        ("SEGV", 11),
        ("USR2", 12),
        ("PIPE", 13),
        ("ALRM", 14),
        ("TERM", 15),
        ("CHLD", 17),
        ("CONT", 18),
        ("STOP", 19),
        ("TSTP", 20),
        ("WINCH", 28),
    ];
    let short = name.strip_prefix("SIG").unwrap_or(&name);
    known.iter().find(|(n, _)| *n == short).map(|(_, number)| *number)
}
