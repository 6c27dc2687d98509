//! Telling whoever listens what changed, and remembering it for a while.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use api::watch::Change;
use time::OffsetDateTime;
use tokio::sync::broadcast;

/// How many changes are kept; a listener further behind is told to refetch everything.
const CAPACITY: usize = 4_096;

/// Where changes are published and heard. Its clones are the same.
#[derive(Clone, Debug)]
pub struct Changes {
    kept: Arc<Mutex<Kept>>,
    sender: broadcast::Sender<Change>,
}

#[derive(Debug)]
struct Kept {
    /// The position of the next change.
    next: u64,
    last: VecDeque<Change>,
}

impl Default for Changes {
    /// Positions begin at the time of the start in microseconds, so that those of an earlier process mean nothing here.
    fn default() -> Self {
        let next = u64::try_from(OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000).unwrap_or_default();
        Self {
            kept: Arc::new(Mutex::new(Kept { next, last: VecDeque::new() })),
            sender: broadcast::Sender::new(CAPACITY),
        }
    }
}

impl Changes {
    /// Tells everyone who listens.
    pub fn publish(&self, change: Change) {
        let mut kept = self.kept();
        kept.next += 1;
        if kept.last.len() == CAPACITY {
            kept.last.pop_front();
        }
        kept.last.push_back(change.clone());
        // An error says that nobody listens.
        let _ = self.sender.send(change);
    }

    /// The position of the next change: whoever reads something now has not missed what comes from here on.
    pub fn position(&self) -> u64 {
        self.kept().next
    }

    /// Hears every change from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.sender.subscribe()
    }

    /// Hears every change from a position on: those that were missed, and what comes now. `None` where it is not known
    /// any more what was missed.
    pub fn subscribe_from(&self, position: u64) -> (Option<Vec<Change>>, broadcast::Receiver<Change>) {
        let kept = self.kept();
        let missed = kept.next.checked_sub(position).and_then(|missed| usize::try_from(missed).ok());
        let first = missed.and_then(|missed| kept.last.len().checked_sub(missed));
        (first.map(|first| kept.last.iter().skip(first).cloned().collect()), self.sender.subscribe())
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use api::watch::ChangeKind;

    use super::*;

    fn change(number: usize) -> Change {
        Change { kind: ChangeKind::App, id: Some(number.to_string()), cluster: None, project: None, app: None }
    }

    #[test]
    fn what_was_missed_since_a_position_is_known_as_long_as_it_is_kept() {
        let changes = Changes::default();
        let before = changes.position();
        changes.publish(change(0));
        let between = changes.position();
        changes.publish(change(1));
        let missed = |position| changes.subscribe_from(position).0;
        assert_eq!(missed(before), Some(vec![change(0), change(1)]));
        assert_eq!(missed(between), Some(vec![change(1)]));
        assert_eq!(missed(changes.position()), Some(Vec::new()));
        assert_eq!(missed(changes.position() + 1), None, "of a process whose clock was ahead");
        assert_eq!(missed(before - 1), None, "of an earlier process");
        for number in 2..=CAPACITY {
            changes.publish(change(number));
        }
        assert_eq!(missed(before), None);
        assert_eq!(missed(between).map(|missed| missed.len()), Some(CAPACITY));
    }
}
