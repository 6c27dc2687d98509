//! Replacing the copies of a service, group by group, as `update_config` and `rollback_config` ask.

use std::time::Duration;

use api::Message;
use futures::FutureExt;
use futures::future::join_all;
use tokio_util::sync::CancellationToken;

use super::Failure;
use super::execute::{Executor, Progress, keep_first};
use super::model::{OnFailure, Step};

impl Executor<'_> {
    /// Answers how many copies could not be replaced and may stay as they are.
    pub(super) async fn roll_out(&self, copies: &[&[Step]], progress: &Progress<'_>) -> Result<usize, Failure> {
        let rollout = progress.service.rollout;
        let at_once = if rollout.parallelism == 0 { copies.len() } else { rollout.parallelism as usize };
        let pauses = rollout.on_failure == OnFailure::Pause;
        let (mut first, mut failed) = (Ok(()), 0);
        for (number, group) in copies.chunks(at_once.max(1)).enumerate() {
            if number > 0 {
                wait(rollout.delay, progress.halt).await?;
            }
            for result in join_all(group.iter().map(|copy| self.slot(copy, progress).boxed())).await {
                match result {
                    Err(Failure::Message(_)) if !self.stubborn && rollout.tolerates(failed + 1, copies.len()) => {
                        failed += 1;
                    }
                    Err(Failure::Message(message)) if !self.stubborn && pauses => {
                        keep_first(&mut first, Err(Failure::Paused(message)));
                    }
                    result => keep_first(&mut first, result),
                }
            }
            if first.is_err() && (!self.stubborn || pauses) {
                return first.map(|()| 0);
            }
        }
        if failed > 0 {
            let message = Message::new("step.tolerated").with("failed", failed).with("copies", copies.len());
            self.log.step(message, Some(&progress.service.name)).await.done(None).await;
        }
        first.map(|()| failed)
    }
}

async fn wait(delay: Duration, halt: &CancellationToken) -> Result<(), Failure> {
    if delay.is_zero() {
        return Ok(());
    }
    tokio::select! {
        () = halt.cancelled() => Err(Failure::Cancelled),
        () = tokio::time::sleep(delay) => Ok(()),
    }
}
