//! Apps as people see them: what is wanted beside what the engine has.

use std::collections::HashMap;
use std::sync::Arc;

use api::Message;
use api::app::{App, AppState};
use api::container::Container;
use ulid::Ulid;

use super::deploy::prepare::{self, Ready};
use super::deploy::status::{Circumstances, Status, status};
use super::{Error, State};
use crate::db;
use crate::engine::{Cluster, LABEL_APP, Picture};

/// What all apps are compared with, read once.
pub(super) struct View {
    pictures: HashMap<String, Seen>,
    busy: HashMap<Ulid, Ulid>,
}

struct Seen {
    picture: Arc<Picture>,
    is_known: bool,
    by_app: HashMap<String, Vec<usize>>,
}

impl View {
    pub(super) async fn new(state: &State) -> Result<Self, Error> {
        let unfinished = db::operation::list_unfinished(state.db.read()).await?;
        let busy = unfinished.iter().filter_map(|operation| Some((operation.app_id?, operation.id))).collect();
        let seen = |cluster: &Cluster| {
            let picture = cluster.picture();
            let mut by_app: HashMap<String, Vec<usize>> = HashMap::new();
            for (place, container) in picture.containers.iter().enumerate() {
                if let Some(app) = container.labels.get(LABEL_APP) {
                    by_app.entry(app.clone()).or_default().push(place);
                }
            }
            let is_known = *cluster.connected().borrow() && picture.as_of.is_some();
            (cluster.name().to_owned(), Seen { picture, is_known, by_app })
        };
        Ok(Self { pictures: state.clusters.iter().map(seen).collect(), busy })
    }

    /// An app as people see it, with its services and the release behind it, where that can be read.
    pub(super) async fn shown(
        &self,
        state: &State,
        app: &db::app::App,
    ) -> Result<(App, Vec<api::service::Service>, Option<Ready>), Error> {
        let number = app.release.unwrap_or(app.last_release);
        let ready = match prepare::release(state, app, number).await {
            Ok(ready) => Some(ready),
            Err(Error::Internal(cause)) => {
                tracing::warn!(app = %app.name, %cause, "a release cannot be read");
                None
            }
            Err(Error::NotFound { .. }) => None,
            Err(error) => return Err(error),
        };
        let operation = self.busy.get(&app.id).copied();
        let found = self.status(state, app, ready.as_ref(), operation.is_some());
        let shown = App {
            id: app.id,
            name: app.name.clone(),
            project: app.project.clone(),
            cluster: app.cluster.clone(),
            state: found.state,
            reason: found.reason,
            release: number,
            services: u32::try_from(found.services.len()).unwrap_or(u32::MAX),
            containers_desired: found.desired,
            containers_ready: found.ready,
            ports: found.ports,
            operation,
            created_at: app.created_at,
            updated_at: app.updated_at,
        };
        Ok((shown, found.services, ready))
    }

    fn status(&self, state: &State, app: &db::app::App, ready: Option<&Ready>, is_busy: bool) -> Status {
        let seen = self.pictures.get(&app.cluster);
        let circumstances = Circumstances {
            is_busy,
            is_known: seen.is_some_and(|seen| seen.is_known),
            problem: state.operations.reconciler().problem(app.id),
        };
        let Some(ready) = ready else {
            let state = if is_busy { AppState::Progressing } else { AppState::Unknown };
            return Status { state, reason: None, services: Vec::new(), desired: 0, ready: 0, ports: Vec::new() };
        };
        let containers: Vec<&Container> = seen
            .into_iter()
            .flat_map(|seen| {
                let places = seen.by_app.get(&app.id.to_string()).map(Vec::as_slice).unwrap_or_default();
                places.iter().filter_map(|place| seen.picture.containers.get(*place)).map(|container| &**container)
            })
            .collect();
        let crashing = |service: &str| state.operations.reconciler().is_crashing(app.id, service);
        let mut found = status(&ready.prepared, &app.intent, &containers, &circumstances, crashing);
        if app.release.is_none() && !is_busy {
            found.state = AppState::Failed;
            found.reason = Some(Message::new("status.never-deployed"));
        }
        found
    }
}
