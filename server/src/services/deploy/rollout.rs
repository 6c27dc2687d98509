//! Replacing the copies of a service, group by group, as `update_config` and `rollback_config` ask.

use std::time::Duration;

use api::Message;
use futures::FutureExt;
use futures::future::join_all;
use tokio_util::sync::CancellationToken;

use super::execute::{Executor, Progress, keep_first};
use super::model::{Act, OnFailure, Step};
use super::{Failure, observe};

impl Executor<'_> {
    /// Answers how many copies could not be replaced and went back to what they were.
    pub(super) async fn roll_out(&self, copies: &[&[Step]], progress: &Progress<'_>) -> Result<usize, Failure> {
        let rollout = progress.service.rollout;
        let at_once = if rollout.parallelism == 0 { copies.len() } else { rollout.parallelism as usize };
        let all = copies.len().max(progress.service.replicas as usize);
        let (mut first, mut failed) = (Ok(()), 0);
        for (number, group) in copies.chunks(at_once.max(1)).enumerate() {
            if number > 0 {
                wait(rollout.delay, progress.halt).await?;
            }
            let results = join_all(group.iter().map(|copy| self.slot(copy, progress).boxed())).await;
            for (copy, result) in group.iter().zip(results) {
                match (result, replaced(copy)) {
                    // An update of which nothing is left is none.
                    (Err(Failure::Message(_)), Some((number, old)))
                        if !self.stubborn && failed + 1 < all && rollout.tolerates(failed + 1, all) =>
                    {
                        failed += 1;
                        self.undo(number, old, progress).await?;
                    }
                    (Err(Failure::Message(message)), _) if !self.stubborn && rollout.on_failure == OnFailure::Pause => {
                        keep_first(&mut first, Err(Failure::Paused(message)));
                    }
                    (result, _) => keep_first(&mut first, result),
                }
            }
            if first.is_err() && !self.stubborn {
                return first.map(|()| 0);
            }
        }
        if failed > 0 {
            let message = Message::new("step.tolerated").with("failed", failed).with("copies", all);
            self.log.step(message, Some(&progress.service.name)).await.done(None).await;
        }
        first.map(|()| failed)
    }

    /// Takes the containers away that were to replace a copy, and starts it again where it was stopped for them.
    async fn undo(&self, number: u32, old: &str, progress: &Progress<'_>) -> Result<(), Failure> {
        let actual = observe::observe(self.cluster, &(&self.prepared.identity).into()).await?;
        let copy = actual.containers.iter().filter(|it| it.service == progress.service.name && it.number == number);
        let (olds, news): (Vec<_>, Vec<_>) = copy.partition(|container| container.id == old);
        for container in news {
            let message = Message::new("step.remove").with("container", &container.name);
            let remove = async { Ok(self.cluster.remove_container(&container.id, true, false).await?) };
            self.act(message, Some(progress), remove).await?;
        }
        for container in olds.into_iter().filter(|container| !container.is_live()) {
            self.start(&container.id, &container.name, progress).await?;
        }
        Ok(())
    }
}

/// The copy that the steps replace, and its container.
fn replaced(steps: &[Step]) -> Option<(u32, &str)> {
    steps.iter().find_map(|step| match &step.act {
        Act::Replace { number, old, .. } => Some((*number, old.as_str())),
        Act::Remove { id, successor: Some(number), .. } => Some((*number, id.as_str())),
        _ => None,
    })
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
