//! What changed, for those who may know.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use api::permission::SystemRole;
use api::token::Scope;
use api::watch::{Change, ChangeKind};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::{Error, State};
use crate::auth::Caller;

/// More different changes than this become "everything".
pub const MOST_WAITING: usize = 1_000;

/// Hears of changes that a caller may know of.
pub struct Watcher {
    /// What came before it listened, to be told first.
    missed: VecDeque<Change>,
    changes: broadcast::Receiver<Change>,
    audience: Audience,
}

/// Whose ears: the caller as it is now.
#[derive(Clone, Debug)]
pub struct Audience(Arc<Mutex<Ears>>);

#[derive(Debug, PartialEq, Eq)]
struct Ears {
    admin: bool,
    projects: Vec<String>,
}

impl Audience {
    fn new(caller: &Caller) -> Self {
        Self(Arc::new(Mutex::new(Ears::of(caller))))
    }

    /// Takes over a caller's roles of now, if it still may listen.
    pub fn set(&self, caller: &Caller) -> Result<(), Error> {
        caller.require_scope(Scope::Read)?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Ears::of(caller);
        Ok(())
    }

    fn may_know(&self, change: &Change) -> bool {
        let ears = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (&change.project, change.kind) {
            _ if ears.admin => true,
            (Some(project), _) => ears.projects.contains(project),
            // Whether a cluster answers matters to everyone whose apps run on it.
            (None, ChangeKind::Cluster | ChangeKind::All) => true,
            (None, _) => false,
        }
    }
}

impl Ears {
    fn of(caller: &Caller) -> Self {
        let projects = caller.memberships.iter().map(|membership| membership.project.clone()).collect();
        Self { admin: caller.role == SystemRole::Admin, projects }
    }
}

/// Where the changes stand: whoever reads something now and then listens from here on misses nothing.
pub fn position(state: &State) -> u64 {
    state.changes.position()
}

/// Begins to listen, from a position on or from now.
pub fn open(state: &State, caller: &Caller, after: Option<u64>) -> Result<Watcher, Error> {
    caller.require_scope(Scope::Read)?;
    let (missed, changes) = match after {
        Some(position) => state.changes.subscribe_from(position),
        None => (Some(Vec::new()), state.changes.subscribe()),
    };
    let missed = missed.unwrap_or_else(|| vec![everything()]).into();
    Ok(Watcher { missed, changes, audience: Audience::new(caller) })
}

/// "Refetch everything."
pub fn everything() -> Change {
    Change { kind: ChangeKind::All, id: None, cluster: None, project: None, app: None }
}

impl Watcher {
    /// Where the caller's roles are kept.
    pub fn audience(&self) -> Audience {
        self.audience.clone()
    }

    /// The next change; `None` when there will be none. A listener that was too slow hears "everything".
    pub async fn next(&mut self) -> Option<Change> {
        loop {
            if let Some(change) = self.missed.pop_front() {
                if self.audience.may_know(&change) {
                    return Some(change);
                }
                continue;
            }
            match self.changes.recv().await {
                Ok(change) if self.audience.may_know(&change) => return Some(change),
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => return Some(everything()),
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(kind: ChangeKind, project: Option<&str>) -> Change {
        Change { kind, id: None, cluster: Some("local".into()), project: project.map(str::to_owned), app: None }
    }

    #[tokio::test]
    async fn a_member_hears_of_its_projects_and_of_clusters_only() {
        let sender = broadcast::Sender::new(8);
        let ears = Ears { admin: false, projects: vec!["shop".into()] };
        let audience = Audience(Arc::new(Mutex::new(ears)));
        let mut watcher = Watcher { missed: VecDeque::new(), changes: sender.subscribe(), audience: audience.clone() };
        for heard in [change(ChangeKind::App, Some("shop")), change(ChangeKind::Cluster, None)] {
            for unheard in [change(ChangeKind::App, Some("bank")), change(ChangeKind::Image, None)] {
                sender.send(unheard).unwrap();
            }
            sender.send(heard.clone()).unwrap();
            assert_eq!(watcher.next().await, Some(heard));
        }
        *audience.0.lock().unwrap() = Ears { admin: true, projects: Vec::new() };
        sender.send(change(ChangeKind::Image, None)).unwrap();
        assert_eq!(watcher.next().await, Some(change(ChangeKind::Image, None)));
    }

    #[tokio::test]
    async fn whoever_is_too_slow_is_told_to_fetch_everything() {
        let sender = broadcast::Sender::new(2);
        let audience = Audience(Arc::new(Mutex::new(Ears { admin: true, projects: Vec::new() })));
        let mut watcher = Watcher { missed: VecDeque::new(), changes: sender.subscribe(), audience };
        for _ in 0..5 {
            sender.send(change(ChangeKind::Image, None)).unwrap();
        }
        assert_eq!(watcher.next().await, Some(everything()));
        drop(sender);
        while let Some(change) = watcher.next().await {
            assert_eq!(change.kind, ChangeKind::Image);
        }
    }
}
