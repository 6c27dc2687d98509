//! Telling pages what changed.

use api::watch::Change;
use tokio::sync::broadcast;

/// A listener this far behind is told to refetch everything.
const CAPACITY: usize = 4_096;

/// Where changes are published and heard.
#[derive(Clone, Debug)]
pub struct Changes {
    sender: broadcast::Sender<Change>,
}

impl Default for Changes {
    fn default() -> Self {
        Self { sender: broadcast::Sender::new(CAPACITY) }
    }
}

impl Changes {
    /// Tells everyone who listens.
    pub fn publish(&self, change: Change) {
        // An error says that nobody listens.
        let _ = self.sender.send(change);
    }

    /// Where adapters that know nothing of services tell what changed.
    pub fn sender(&self) -> &broadcast::Sender<Change> {
        &self.sender
    }

    /// Hears every change from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.sender.subscribe()
    }
}
