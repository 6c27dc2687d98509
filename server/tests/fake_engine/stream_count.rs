//! Counters of open streams, to prove that nothing leaks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::watch;

/// Kinds of long answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamKind {
    Events,
    Logs,
    Stats,
    Exec,
    Attach,
    Wait,
    Pull,
}

/// How many of each kind are open now.
#[derive(Debug, Default)]
pub struct StreamCounts([AtomicUsize; 7]);

impl StreamCounts {
    pub fn open(&self, kind: StreamKind) -> usize {
        self.0[kind as usize].load(Ordering::SeqCst)
    }

    pub fn total(&self) -> usize {
        self.0.iter().map(|count| count.load(Ordering::SeqCst)).sum()
    }

    /// Counts until the guard is dropped.
    pub fn enter(self: &Arc<Self>, kind: StreamKind, pulse: &watch::Sender<u64>) -> StreamGuard {
        self.0[kind as usize].fetch_add(1, Ordering::SeqCst);
        pulse.send_modify(|beat| *beat += 1);
        StreamGuard { counts: Arc::clone(self), kind, pulse: pulse.clone() }
    }
}

/// An open stream.
pub struct StreamGuard {
    counts: Arc<StreamCounts>,
    kind: StreamKind,
    pulse: watch::Sender<u64>,
}

impl Drop for StreamGuard {
    fn drop(&mut self) {
        self.counts.0[self.kind as usize].fetch_sub(1, Ordering::SeqCst);
        self.pulse.send_modify(|beat| *beat += 1);
    }
}
