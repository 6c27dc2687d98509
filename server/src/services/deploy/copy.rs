//! The life of one copy of a service while a plan is carried out: made, started, ready, replaced.

use std::collections::BTreeMap;

use api::Message;

use super::execute::{Executor, Progress, SHORT_ID, gone_is_fine};
use super::model::{ActualContainer, DesiredService, Order};
use super::ready::{Expectation, Ready, last_lines, wait_ready};
use super::{Failure, observe};
use crate::engine::{Error, MountSpec};

impl Executor<'_> {
    /// Makes a copy, starts it and waits until it is ready.
    pub(super) async fn create_and_start(
        &self,
        number: u32,
        name: &str,
        old: Option<&ActualContainer>,
        progress: &Progress<'_>,
    ) -> Result<(), Failure> {
        let id = self.create(number, name, old, progress).await?;
        self.start(&id, name, progress).await?;
        progress.started();
        if self.waits {
            self.ready(&id, name, true, progress).await?;
        }
        Ok(())
    }

    pub(super) async fn replace(
        &self,
        number: u32,
        old: &str,
        order: Order,
        name: &str,
        progress: &Progress<'_>,
    ) -> Result<(), Failure> {
        let Some(old) = self.actual.containers.iter().find(|container| container.id == old) else {
            return self.create_and_start(number, name, None, progress).await;
        };
        // the old one keeps its name as long as it serves
        let is_taken = self.actual.containers.iter().any(|container| container.name == name);
        let short: String = old.id.chars().take(SHORT_ID).collect();
        let made_as = if is_taken { format!("{short}_{name}") } else { name.to_owned() };
        let service = Some(progress.service.name.as_str());
        let of_old = |key| Message::new(key).with("container", &old.name);
        let stop = async |live: bool| {
            if live {
                let stop = async { Ok(gone_is_fine(self.cluster.stop(&old.id, None).await)?) };
                self.do_step(of_old("step.stop"), service, progress.halt, stop).await?;
            }
            Ok::<_, Failure>(())
        };
        let id = self.create(number, &made_as, Some(old), progress).await?;
        if order.is_stop_first() {
            stop(old.is_live()).await?;
        }
        self.start(&id, &made_as, progress).await?;
        progress.started();
        self.ready(&id, &made_as, true, progress).await?;
        if !order.is_stop_first() {
            stop(old.is_live()).await?;
        }
        let remove = async { Ok(self.cluster.remove_container(&old.id, true, false).await?) };
        self.do_step(of_old("step.remove"), service, progress.halt, remove).await?;
        if made_as != name {
            let rename = async { Ok(self.cluster.rename(&id, name).await?) };
            self.do_step(Message::new("step.rename").with("container", name), service, progress.halt, rename).await?;
        }
        Ok(())
    }

    pub(super) async fn create(
        &self,
        number: u32,
        name: &str,
        old: Option<&ActualContainer>,
        progress: &Progress<'_>,
    ) -> Result<String, Failure> {
        let service = &progress.service.name;
        let work = async {
            let Some(template) = self.prepared.templates.get(service) else {
                return Err(Failure::message(Message::new("deploy.service.unknown").with("service", service)));
            };
            let shared = self.shared_containers(template.shares.iter().map(|share| share.service.as_str())).await?;
            let mut spec = template.copy(number, &shared);
            name.clone_into(&mut spec.name);
            spec.image = self.image(service).await?;
            if let Some(old) = old.filter(|old| old.anonymous_volumes) {
                self.carry_over(&old.id, &mut spec.mounts).await?;
            }
            let id = match self.cluster.create_container(&spec).await {
                Err(Error::Conflict(_)) => {
                    return Err(Failure::message(Message::new("deploy.name.taken").with("container", name)));
                }
                other => other?,
            };
            if !template.files.is_empty() {
                self.cluster.put_files(&id, &template.files).await?;
            }
            Ok(id)
        };
        let message = Message::new("step.create").with("container", name);
        self.act(message, Some(progress), Box::pin(work)).await
    }

    pub(super) async fn start(&self, id: &str, name: &str, progress: &Progress<'_>) -> Result<(), Failure> {
        self.act(Message::new("step.start").with("container", name), Some(progress), async {
            Ok(self.cluster.start(id).await?)
        })
        .await
    }

    pub(super) async fn ready(
        &self,
        id: &str,
        name: &str,
        is_new: bool,
        progress: &Progress<'_>,
    ) -> Result<(), Failure> {
        let service = progress.service;
        let expected = self.expectation(service, is_new);
        let step = self.log.step(Message::new("step.ready").with("container", name), Some(&service.name)).await;
        match wait_ready(self.cluster, id, &expected, progress.halt).await {
            Ok(ready) => {
                let key = match ready {
                    Ready::Healthy => "step.ready.healthy",
                    Ready::Running => "step.ready.running",
                    Ready::Completed => "step.ready.completed",
                };
                step.done(Some(Message::new(key))).await;
                self.failpoints.pass().await;
                Ok(())
            }
            Err(Failure::Cancelled) => {
                step.cancelled().await;
                Err(Failure::Cancelled)
            }
            Err(failure) => {
                if matches!(failure, Failure::Message(_)) {
                    step.output(last_lines(self.cluster, id).await).await;
                }
                step.failed(failure.shown()).await;
                Err(failure)
            }
        }
    }

    pub(super) fn expectation(&self, service: &DesiredService, is_new: bool) -> Expectation {
        Expectation {
            restart: service.restart,
            one_shot: service.one_shot,
            is_new,
            settle: self.timing.settle,
            monitor: service.rollout.monitor.unwrap_or_default(),
            health_deadline: self.prepared.health_deadline(&service.name),
            poll: self.timing.poll,
        }
    }

    /// What the engine is asked to make a container from: the name as written, or the id where the name means another
    /// image by now.
    pub(super) async fn image(&self, service: &str) -> Result<String, Failure> {
        let Some(pin) = self.images.get(service) else {
            let written = self.prepared.project.services.get(service).map(|service| service.image.clone());
            return Ok(written.unwrap_or_default());
        };
        let found = self.cluster.image_identity(&pin.reference).await?;
        let is_same = found.is_some_and(|(id, _)| id == pin.id);
        Ok(if is_same { pin.reference.clone() } else { pin.id.clone() })
    }

    /// A container of each service whose namespaces are shared.
    pub(super) async fn shared_containers(
        &self,
        services: impl Iterator<Item = &str>,
    ) -> Result<BTreeMap<String, String>, Failure> {
        let services: Vec<_> = services.collect();
        if services.is_empty() {
            return Ok(BTreeMap::new());
        }
        let actual = observe::observe(self.cluster, &(&self.prepared.identity).into()).await?;
        let mut found = BTreeMap::new();
        for service in services {
            let hash = self.prepared.hashes.get(service);
            let mut containers: Vec<_> = actual.containers.iter().filter(|c| c.service == service).collect();
            containers.sort_by_key(|c| (Some(&c.hash) != hash, !c.is_live(), c.number));
            let Some(container) = containers.first() else {
                let message = Message::new("deploy.dependency.failed").with("service", service);
                return Err(Failure::message(message));
            };
            found.insert(service.to_owned(), container.id.clone());
        }
        Ok(found)
    }

    /// Mounts the old copy's volumes without names in the new one, so that their data goes on.
    pub(super) async fn carry_over(&self, old: &str, mounts: &mut Vec<MountSpec>) -> Result<(), Failure> {
        let detail = match self.cluster.inspect_container(old).await {
            Ok(detail) => detail,
            Err(Error::NotFound(_)) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        for mount in observe::anonymous_volumes(&detail.container.mounts) {
            let named = |spec: &MountSpec| match spec {
                MountSpec::Volume { name: None, .. } => false,
                other => other.target() == mount.target,
            };
            if mounts.iter().any(named) {
                continue;
            }
            mounts.retain(|spec| spec.target() != mount.target);
            mounts.push(MountSpec::Volume {
                name: Some(mount.source.clone()),
                target: mount.target.clone(),
                read_only: mount.read_only,
                nocopy: false,
                subpath: None,
            });
        }
        Ok(())
    }
}
