//! Places where a test can stop an operation for ever, as a kill of the process would. Nothing in a release build.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;

/// The places passed, and the one to stop at.
#[derive(Clone, Debug, Default)]
pub struct Failpoints(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    passed: AtomicU64,
    stop_at: AtomicU64,
    stopped: watch::Sender<bool>,
}

impl Failpoints {
    /// Stops at the `number`th place from now on, counted from 1.
    pub fn stop_at(&self, number: u64) {
        self.0.passed.store(0, Ordering::SeqCst);
        self.0.stop_at.store(number, Ordering::SeqCst);
    }

    /// Waits until an operation was stopped.
    pub async fn stopped(&self) {
        // the sender lives as long as self
        let _ = self.0.stopped.subscribe().wait_for(|stopped| *stopped).await;
    }

    /// How many places were passed since [`Self::stop_at`].
    pub fn passed(&self) -> u64 {
        self.0.passed.load(Ordering::SeqCst)
    }

    /// A place. Once one operation was stopped, everything stops at its next place.
    pub(super) async fn pass(&self) {
        if cfg!(debug_assertions) {
            let number = self.0.passed.fetch_add(1, Ordering::SeqCst) + 1;
            let stop_at = self.0.stop_at.load(Ordering::SeqCst);
            if stop_at != 0 && number >= stop_at {
                self.0.stopped.send_replace(true);
                std::future::pending::<()>().await;
            }
        }
    }
}
