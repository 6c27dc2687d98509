//! Terminals: programs run in containers for people, never longer than somebody is there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use api::Message;
use api::Ulid;
use api::container::{Container, ContainerState};
use api::permission::Permission;
use api::terminal::TerminalQuery;

use super::audit::{Outcome, audit_in};
use super::{Error, State, container_access};
use crate::auth::Caller;
use crate::engine::{self, Cluster, ExecControl, ExecInput, ExecOutput, ExecSession, ExecSpec};

/// Terminals one account may have open.
pub const MAX_OPEN: usize = 32;
/// The largest terminal anybody has.
const MAX_SIDE: u16 = 1_000;
/// How long the end of a program may take to be told by the engine.
const END_PATIENCE: Duration = Duration::from_secs(2);

/// Programs that are shells, best first.
const SHELLS: [&str; 9] = [
    "/bin/bash",
    "/usr/bin/bash",
    "/bin/zsh",
    "/usr/bin/zsh",
    "/usr/bin/fish",
    "/bin/ash",
    "/bin/dash",
    "/bin/sh",
    "/usr/bin/sh",
];

/// Counts each account's open terminals.
#[derive(Clone, Debug, Default)]
pub struct Terminals(Arc<Mutex<HashMap<Ulid, usize>>>);

/// One of an account's open terminals; dropping it frees its place.
#[derive(Debug)]
struct Place {
    terminals: Terminals,
    user: Ulid,
}

impl Terminals {
    fn take(&self, user: Ulid) -> Result<Place, Error> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(user).or_default();
        if *count >= MAX_OPEN {
            return Err(Error::TooMany { retry_after_secs: 5 });
        }
        *count += 1;
        Ok(Place { terminals: self.clone(), user })
    }

    /// How many terminals are open.
    pub fn open(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().sum()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.terminals.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.user);
            }
        }
    }
}

/// A terminal that may be opened.
pub struct Opening {
    state: State,
    caller: Caller,
    cluster: Cluster,
    container: Arc<Container>,
    what: What,
    permission: Permission,
    place: Place,
}

enum What {
    Exec(ExecSpec),
    Attach,
}

/// What a terminal's process prints and reads.
pub struct Streams {
    /// What it prints.
    pub output: ExecOutput,
    /// What it reads.
    pub input: ExecInput,
}

/// An open terminal.
pub struct Terminal {
    /// Its size and its end.
    pub control: ExecControl,
    /// Bytes printed so far.
    pub output_bytes: u64,
    /// Bytes typed so far.
    pub input_bytes: u64,
    opening: Opening,
    begun: Instant,
}

/// Looks whether a program may be run in a container, and which.
pub async fn exec(
    state: &State,
    caller: &Caller,
    cluster: &str,
    id: &str,
    query: TerminalQuery,
) -> Result<Opening, Error> {
    let (cluster, container) = find_running(state, caller, cluster, id)?;
    let side = |field: &str, value: Option<u16>| match value {
        Some(value) if value == 0 || value > MAX_SIDE => {
            Err(Error::invalid(field, Message::new("terminal.size-invalid").with("limit", MAX_SIDE)))
        }
        other => Ok(other.unwrap_or(0)),
    };
    let (columns, rows) = (side("columns", query.columns)?, side("rows", query.rows)?);
    let user = query.user.filter(|user| !user.is_empty());
    if user.as_deref().is_some_and(|user| !is_user(user)) {
        return Err(Error::invalid("user", Message::new("terminal.user-invalid")));
    }
    let permission = match user.as_deref() {
        Some(user) => require_user(state, caller, &cluster, &container, user).await?,
        None => Permission::OpenTerminal,
    };
    let shell = match query.shell.filter(|shell| !shell.is_empty()) {
        Some(shell) if shell.len() > 1_024 || shell.chars().any(char::is_control) => {
            return Err(Error::invalid("shell", Message::new("terminal.shell-invalid")));
        }
        Some(shell) => shell,
        None => {
            let found = find_shells(&cluster, &container.id, true).await?.pop();
            found
                .ok_or_else(|| Error::Conflict(Message::new("terminal.no-shell").with("container", &container.name)))?
        }
    };
    let spec = ExecSpec {
        command: vec![shell],
        user,
        env: vec!["TERM=xterm-256color".to_owned()],
        tty: true,
        columns,
        rows,
        ..ExecSpec::default()
    };
    open(state, caller, cluster, container, What::Exec(spec), permission)
}

/// Looks whether a container's first process may be attached to.
pub fn attach(state: &State, caller: &Caller, cluster: &str, id: &str) -> Result<Opening, Error> {
    let (cluster, container) = find_running(state, caller, cluster, id)?;
    open(state, caller, cluster, container, What::Attach, Permission::OpenTerminal)
}

/// The shells found in a running container, best first.
pub async fn list_shells(state: &State, caller: &Caller, cluster: &str, id: &str) -> Result<Vec<String>, Error> {
    let (cluster, container) = find_running(state, caller, cluster, id)?;
    find_shells(&cluster, &container.id, false).await
}

/// Whether a caller may have a terminal in a container, or still may where that has gone meanwhile. `permission` is
/// what the terminal needs.
pub fn may_stay(state: &State, caller: &Caller, cluster: &str, id: &str, permission: Permission) -> Result<(), Error> {
    container_access::may_stay(state, caller, cluster, id, permission)
}

/// What a terminal of `user` needs: a right of its own, unless it is the container's own user.
async fn require_user(
    state: &State,
    caller: &Caller,
    cluster: &Cluster,
    container: &Container,
    user: &str,
) -> Result<Permission, Error> {
    let project = container.project.as_deref();
    if caller.may(Permission::OpenTerminalAsOther, project) {
        return Ok(Permission::OpenTerminalAsOther);
    }
    if cluster.inspect_container(&container.id).await?.user == user {
        return Ok(Permission::OpenTerminal);
    }
    let (target, detail) = (target(cluster, container), format!("user={user} container={}", container.id));
    audit_in(state, project, caller, "terminal.open", &target, Outcome::Refused, &detail).await;
    Err(Error::Forbidden(Message::new("terminal.other-user").with("user", user)))
}

fn target(cluster: &Cluster, container: &Container) -> String {
    format!("{}/{}", cluster.name(), container.name)
}

fn find_running(state: &State, caller: &Caller, cluster: &str, id: &str) -> Result<(Cluster, Arc<Container>), Error> {
    let (cluster, container) = container_access::find(state, caller, cluster, id, Permission::OpenTerminal)?;
    if container.state != ContainerState::Running {
        return Err(Error::Conflict(Message::new("container.not-running").with("name", &container.name)));
    }
    Ok((cluster, container))
}

fn open(
    state: &State,
    caller: &Caller,
    cluster: Cluster,
    container: Arc<Container>,
    what: What,
    permission: Permission,
) -> Result<Opening, Error> {
    let place = state.terminals.take(caller.user_id)?;
    Ok(Opening { state: state.clone(), caller: caller.clone(), cluster, container, what, permission, place })
}

/// The shells in a container, best first; only the best one with `first`.
async fn find_shells(cluster: &Cluster, id: &str, first: bool) -> Result<Vec<String>, Error> {
    let mut found: Vec<String> = Vec::new();
    for shell in SHELLS {
        let name = |path: &str| path.rsplit('/').next().map(str::to_owned);
        // `/bin` and `/usr/bin` are often the same folder.
        if found.iter().any(|other| name(other) == name(shell)) {
            continue;
        }
        if cluster.has_file(id, shell).await? {
            found.push(shell.to_owned());
            if first {
                break;
            }
        }
    }
    Ok(found)
}

/// `name`, `id`, or either with `:group`.
fn is_user(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-$".contains(&byte);
    let parts: Vec<&str> = text.split(':').collect();
    text.len() <= 128 && parts.len() <= 2 && parts.iter().all(|part| !part.is_empty() && part.bytes().all(fits))
}

impl Opening {
    /// What the caller must be allowed as long as the terminal is open.
    pub fn permission(&self) -> Permission {
        self.permission
    }

    /// Starts the program or connects to it, and records who did.
    pub async fn start(self) -> Result<(Terminal, Streams), engine::Error> {
        let started = match &self.what {
            What::Exec(spec) => self.cluster.exec(&self.container.id, spec).await,
            What::Attach => self.cluster.attach(&self.container.id).await,
        };
        let outcome = if started.is_ok() { Outcome::Done } else { Outcome::Failed };
        let detail = match &self.what {
            What::Exec(spec) => {
                let user = spec.user.as_deref().unwrap_or("-");
                format!("command={} user={user} container={}", spec.command.join(" "), self.container.id)
            }
            What::Attach => format!("attach container={}", self.container.id),
        };
        let project = self.container.project.as_deref();
        audit_in(&self.state, project, &self.caller, "terminal.open", &self.target(), outcome, &detail).await;
        let ExecSession { output, input, control } = started?;
        let terminal = Terminal { control, output_bytes: 0, input_bytes: 0, opening: self, begun: Instant::now() };
        Ok((terminal, Streams { output, input }))
    }

    fn target(&self) -> String {
        target(&self.cluster, &self.container)
    }
}

impl Terminal {
    /// The code the process ended with, after its output has ended; `None` where it still runs.
    pub async fn exit_code(&self) -> Option<i64> {
        let until = Instant::now() + END_PATIENCE;
        loop {
            match self.control.exit_code().await {
                Ok(None) if Instant::now() < until => tokio::time::sleep(Duration::from_millis(20)).await,
                Ok(code) => return code,
                Err(_) => return None,
            }
        }
    }

    /// Records how long it was open. `ended` says that the program has ended by itself; else it is ended now.
    pub async fn close(self, ended: bool) {
        let Self { control, output_bytes, input_bytes, opening, begun } = self;
        let mut outcome = Outcome::Done;
        let mut left = String::new();
        if !ended && let Err(error) = control.kill().await {
            tracing::warn!(%error, container = opening.container.id, "a terminal's program could not be ended");
            outcome = Outcome::Failed;
            left = format!(" left_running=true error={error}");
        }
        let detail = format!(
            "seconds={} output_bytes={output_bytes} input_bytes={input_bytes} container={}{left}",
            begun.elapsed().as_secs(),
            opening.container.id
        );
        let (project, target) = (opening.container.project.as_deref(), opening.target());
        audit_in(&opening.state, project, &opening.caller, "terminal.close", &target, outcome, &detail).await;
        drop(opening.place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_so_many_terminals_and_gets_places_back() {
        let terminals = Terminals::default();
        let (one, other) = (Ulid::from(1_u128), Ulid::from(2_u128));
        let mut places: Vec<_> = (0..MAX_OPEN).map(|_| terminals.take(one).unwrap()).collect();
        assert!(matches!(terminals.take(one), Err(Error::TooMany { .. })));
        assert!(terminals.take(other).is_ok());
        places.pop();
        assert!(terminals.take(one).is_ok());
        drop(places);
        assert_eq!(terminals.open(), 0);
    }

    #[test]
    fn users_are_names_or_ids_with_a_group() {
        for good in ["root", "1000", "app:www-data", "0:0", "a.b_c"] {
            assert!(is_user(good), "{good}");
        }
        for bad in ["", ":", "a:", ":b", "a:b:c", "a b", "a;b", "a\n", "../x"] {
            assert!(!is_user(bad), "{bad}");
        }
    }
}
