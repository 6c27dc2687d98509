//! Having the images before containers are made from them.

use std::collections::BTreeMap;

use api::Message;
use futures::StreamExt;
use tokio_util::sync::CancellationToken;

use super::desired::Prepared;
use super::log::{Log, StepLog};
use super::{Failure, Timing};
use crate::compose::PullPolicy;
use crate::db::release::Pin;
use crate::engine::{Cluster, Error};

/// How often a pull is tried.
const ATTEMPTS: u32 = 3;

/// Where images come from and who is told of it.
#[derive(Clone, Copy)]
pub struct Images<'a> {
    pub cluster: &'a Cluster,
    pub log: &'a Log,
    pub cancel: &'a CancellationToken,
    pub timing: &'a Timing,
}

impl Images<'_> {
    /// Sees that the images of `services` are on the engine, and says which ones they are. A release that was deployed
    /// before gets the very images it had then.
    pub async fn ensure(
        &self,
        prepared: &Prepared,
        services: &[String],
        refresh: bool,
    ) -> Result<BTreeMap<String, Pin>, Failure> {
        let mut pins = BTreeMap::new();
        let mut known: BTreeMap<(String, bool), Pin> = BTreeMap::new();
        for name in services {
            let Some(service) = prepared.project.services.get(name) else { continue };
            let pin = prepared.pins.get(name).filter(|pin| pin.reference == service.image);
            let key = (service.image.clone(), pin.is_some());
            let pin = match known.get(&key) {
                Some(pin) => pin.clone(),
                None => match pin.filter(|_| !refresh) {
                    Some(pin) => self.pinned(pin, name).await?,
                    None => self.resolve(&service.image, prepared.pull_policy(name), refresh, name).await?,
                },
            };
            known.insert(key, pin.clone());
            pins.insert(name.clone(), pin);
        }
        Ok(pins)
    }

    async fn pinned(&self, pin: &Pin, service: &str) -> Result<Pin, Failure> {
        if self.cluster.image_identity(&pin.id).await?.is_some() {
            return Ok(pin.clone());
        }
        let reference = pin.digest.as_deref().unwrap_or(&pin.reference);
        self.resolve(reference, PullPolicy::Missing, false, service)
            .await
            .map(|found| Pin { reference: pin.reference.clone(), ..found })
    }

    async fn resolve(&self, reference: &str, policy: PullPolicy, refresh: bool, service: &str) -> Result<Pin, Failure> {
        let local = self.identity(reference).await?;
        let (ask, may_fail) = match policy {
            PullPolicy::Never => (false, false),
            PullPolicy::Always => (true, false),
            PullPolicy::EverySecs(_) => (true, true),
            PullPolicy::Missing => (refresh, true),
        };
        match local {
            Some(pin) if !ask => return Ok(pin),
            None if policy == PullPolicy::Never => {
                return Err(Failure::message(Message::new("deploy.image.never").with("image", reference)));
            }
            _ => {}
        }
        match (self.pull(reference, Some(service)).await, local) {
            (Ok(()), _) => {}
            // an image that only this engine has is as new as it gets
            (Err(Failure::Message(_)), Some(pin)) if may_fail => return Ok(pin),
            (Err(failure), _) => return Err(failure),
        }
        let missing = || Failure::message(Message::new("deploy.image.gone").with("image", reference));
        self.identity(reference).await?.ok_or_else(missing)
    }

    async fn identity(&self, reference: &str) -> Result<Option<Pin>, Failure> {
        let found = self.cluster.image_identity(reference).await?;
        Ok(found.map(|(id, digest)| Pin { reference: reference.to_owned(), id, digest }))
    }

    /// Pulls an image, a few times where that can help.
    pub async fn pull(&self, reference: &str, service: Option<&str>) -> Result<(), Failure> {
        let mut pause = self.timing.pull_pause;
        let mut attempt = 1;
        loop {
            let step = self.log.step(Message::new("step.pull").with("image", reference), service).await;
            let failure = match self.pull_once(reference, &step).await {
                Ok(()) => {
                    step.done(None).await;
                    return Ok(());
                }
                Err(Failure::Cancelled) => {
                    step.cancelled().await;
                    return Err(Failure::Cancelled);
                }
                Err(failure) => failure,
            };
            step.failed(failure.shown()).await;
            if !matches!(&failure, Failure::Interrupted(Error::RegistryUnreachable(_) | Error::Timeout { .. }))
                || attempt == ATTEMPTS
            {
                // the registry is no engine: there is nobody to wait for
                return Err(match failure {
                    Failure::Interrupted(Error::RegistryUnreachable(_) | Error::Timeout { .. }) => {
                        Failure::message(failure.shown())
                    }
                    other => other,
                });
            }
            attempt += 1;
            tokio::select! {
                () = self.cancel.cancelled() => return Err(Failure::Cancelled),
                () = tokio::time::sleep(pause) => pause *= 3,
            }
        }
    }

    async fn pull_once(&self, reference: &str, step: &StepLog<'_>) -> Result<(), Failure> {
        let retry = |error: Error| match error {
            Error::Other { status: 500.., message } => Failure::Interrupted(Error::RegistryUnreachable(message)),
            Error::RegistryUnreachable(_) => Failure::Interrupted(error),
            other => other.into(),
        };
        let mut stream = tokio::select! {
            () = self.cancel.cancelled() => return Err(Failure::Cancelled),
            stream = self.cluster.pull_image(reference, None) => stream.map_err(retry)?,
        };
        loop {
            let event = tokio::select! {
                () = self.cancel.cancelled() => return Err(Failure::Cancelled),
                event = stream.next() => event,
            };
            match event {
                None => return Ok(()),
                Some(Ok(event)) => step.progress(event.layers).await,
                Some(Err(error)) => return Err(retry(error)),
            }
        }
    }
}
