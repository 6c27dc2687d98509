//! Looks after one engine: finds it, connects, keeps the picture true, and begins anew when the connection is lost.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use api::Message;
use api::cluster::ConnectionState;
use api::watch::ChangeKind;
use tokio::time::sleep;
use tokio_util::task::AbortOnDropHandle;

use super::client::Client;
use super::cluster::Shared;
use super::endpoint;
use super::error::Error;
use super::picture::Picture;
use super::session::Session;
use super::world::World;

/// Changes of one kind that are told one by one; more are told as one.
const TOLD_SINGLY: usize = 50;

/// Looks after an engine until dropped. A panic is reported, and the work begins anew.
pub(super) async fn run(shared: Arc<Shared>) {
    loop {
        let task = AbortOnDropHandle::new(tokio::spawn(look_after(shared.clone())));
        if let Err(error) = task.await {
            tracing::error!(cluster = shared.name, %error, "the supervisor of a cluster failed and begins anew");
        }
        sleep(Duration::from_secs(1)).await;
    }
}

async fn look_after(shared: Arc<Shared>) {
    let periods = shared.settings.periods;
    let mut world = World::default();
    let mut wait = periods.reconnect_least;
    loop {
        let known = shared.picture.borrow().as_of.is_some();
        let found = shared.settings.endpoint.clone().or_else(|| endpoint::find(&shared.settings.sockets));
        let Some(endpoint) = found else {
            let state = if known { ConnectionState::Lost } else { ConnectionState::Absent };
            shared.set_client(None);
            shared.set_state(state, Some(Message::new("engine.absent")));
            sleep(periods.look).await;
            continue;
        };
        *shared.endpoint.write().unwrap_or_else(PoisonError::into_inner) = Some(endpoint.clone());
        let error = match Client::negotiate(endpoint, periods.call).await {
            Ok(client) => {
                let client = Arc::new(client);
                shared.set_client(Some(client.clone()));
                let mut session = Session::new(shared.clone(), client, &mut world);
                let error = session.run().await;
                if session.is_connected {
                    wait = periods.reconnect_least;
                }
                error
            }
            Err(error) => error,
        };
        tracing::info!(cluster = shared.name, %error, "the engine is lost");
        if matches!(error, Error::Unreachable(_)) {
            shared.set_client(None);
        }
        let known = shared.picture.borrow().as_of.is_some();
        let state = if known { ConnectionState::Lost } else { ConnectionState::Connecting };
        shared.set_state(state, Some(error.message()));
        sleep(wait).await;
        wait = (wait * 2).min(periods.reconnect_most);
    }
}

impl Shared {
    fn set_client(&self, client: Option<Arc<Client>>) {
        *self.client.write().unwrap_or_else(PoisonError::into_inner) = client;
    }
}

impl Shared {
    /// Tells what is new, changed or gone between two pictures.
    pub(super) fn tell_differences(&self, old: &Picture, new: &Picture) {
        let containers = differing(&old.containers, &new.containers, |container| &container.id);
        if containers.len() <= TOLD_SINGLY {
            for container in containers {
                let id = Some(container.id.clone());
                self.tell(ChangeKind::Container, id, container.project.clone(), container.app.clone());
            }
        } else {
            let apps: BTreeSet<_> = containers.iter().map(|row| (row.project.clone(), row.app.clone())).collect();
            for (project, app) in apps {
                self.tell(ChangeKind::Container, None, project, app);
            }
        }
        let tell = |kind, ids: Vec<String>| {
            if ids.len() > TOLD_SINGLY {
                self.tell(kind, None, None, None);
            } else {
                for id in ids {
                    self.tell(kind, Some(id), None, None);
                }
            }
        };
        let ids = |items: Vec<&Arc<api::image::Image>>| items.into_iter().map(|item| item.id.clone()).collect();
        tell(ChangeKind::Image, ids(differing(&old.images, &new.images, |image| &image.id)));
        let networks = differing(&old.networks, &new.networks, |network| &network.id);
        tell(ChangeKind::Network, networks.into_iter().map(|network| network.id.clone()).collect());
        let volumes = differing(&old.volumes, &new.volumes, |volume| &volume.name);
        tell(ChangeKind::Volume, volumes.into_iter().map(|volume| volume.name.clone()).collect());
        if old.facts != new.facts {
            self.tell(ChangeKind::Node, None, None, None);
        }
    }
}

/// What is new, changed (the new one) or gone (the old one).
fn differing<'a, T>(old: &'a [Arc<T>], new: &'a [Arc<T>], key: impl Fn(&T) -> &String) -> Vec<&'a Arc<T>> {
    let mut before: HashMap<&str, &Arc<T>> = old.iter().map(|item| (key(item).as_str(), item)).collect();
    let mut differing: Vec<_> = new
        .iter()
        .filter(|item| !before.remove(key(item).as_str()).is_some_and(|known| Arc::ptr_eq(known, item)))
        .collect();
    differing.extend(before.into_values());
    differing
}
