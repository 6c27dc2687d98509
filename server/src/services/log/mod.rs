//! Logs of containers and apps.

mod merge;
mod outbox;
mod place;
mod query;
mod source;
mod text;

use std::collections::BTreeSet;

use api::Message;
use api::container::Container;
use api::log::{LogQuery, Record, Source};
use api::permission::Permission;
use time::OffsetDateTime;
use tokio::sync::watch;

use self::merge::Merge;
use self::source::ContainerLog;
use super::{Error, State, container_access};
use crate::auth::Caller;
use crate::engine::{Cluster, Picture};

pub use merge::Sink;
pub use outbox::{MESSAGE_BYTES, Outbox};
pub use query::{Format, Request};
pub use text::Text;

/// The most containers in one log.
pub const MAX_SOURCES: usize = 200;

/// A log under way.
pub struct Log {
    /// What was asked for.
    pub request: Request,
    /// Its name, for a file.
    pub name: String,
    /// Whether it has more than one container.
    pub merged: bool,
    cluster: Cluster,
    members: Members,
    merge: Merge<ContainerLog>,
    /// Containers that are or were in it.
    joined: BTreeSet<String>,
    pictures: watch::Receiver<std::sync::Arc<Picture>>,
    overfull: bool,
}

enum Members {
    One(String),
    App { project: String, app: String, service: Option<String> },
}

impl Members {
    fn has(&self, container: &Container) -> bool {
        match self {
            Self::One(id) => container.id == *id,
            Self::App { project, app, service } => {
                container_access::is_of_app(container, project, app)
                    && (service.is_none() || container.service == *service)
            }
        }
    }
}

/// Opens the log of a container, by id, beginning of an id, or name. `follow` where the query does not say.
pub fn open_container(
    state: &State,
    caller: &Caller,
    cluster: &str,
    id: &str,
    query: LogQuery,
    follow: bool,
) -> Result<Log, Error> {
    let (cluster, container) = container_access::find(state, caller, cluster, id, Permission::ViewApp)?;
    let request = Request::new(query, follow)?;
    Ok(Log::new(request, container.name.clone(), cluster, Members::One(container.id.clone())))
}

/// Opens the merged log of an app.
pub async fn open_app(
    state: &State,
    caller: &Caller,
    project: &str,
    app: &str,
    query: LogQuery,
    follow: bool,
) -> Result<Log, Error> {
    let cluster = container_access::find_app(state, caller, project, app, Permission::ViewApp).await?;
    let request = Request::new(query, follow)?;
    let members = Members::App { project: project.to_owned(), app: app.to_owned(), service: request.service.clone() };
    Ok(Log::new(request, app.to_owned(), cluster, members))
}

impl Log {
    fn new(request: Request, name: String, cluster: Cluster, members: Members) -> Self {
        let started = i64::try_from(OffsetDateTime::now_utc().unix_timestamp_nanos()).unwrap_or(i64::MAX);
        Self {
            merge: Merge::new(started, request.options.follow),
            name,
            merged: matches!(members, Members::App { .. }),
            pictures: cluster.pictures(),
            cluster,
            members,
            joined: BTreeSet::new(),
            overfull: false,
            request,
        }
    }

    /// Waits until there is more and puts it into `sink`; `false` at the end. Where the future is dropped nothing is
    /// lost.
    pub async fn fill(&mut self, sink: &mut impl Sink) -> bool {
        if self.joined.is_empty() {
            self.join(sink);
        }
        // A container's log ends when the container is removed, an app's never.
        let endless = self.merged && self.request.options.follow;
        loop {
            let may_join = self.request.options.follow && self.merged;
            tokio::select! {
                biased;
                changed = self.pictures.changed(), if may_join => {
                    if changed.is_err() {
                        return false;
                    }
                    if self.join(sink) {
                        return true;
                    }
                }
                more = self.merge.fill(sink), if self.merge.len() > 0 => {
                    if more || !endless {
                        return more;
                    }
                }
                () = std::future::ready(()), if self.merge.len() == 0 && !endless => return false,
            }
        }
    }

    /// Adds the containers that are new; whether there were any.
    fn join(&mut self, sink: &mut impl Sink) -> bool {
        let picture = self.pictures.borrow_and_update().clone();
        let mut new: Vec<_> = picture
            .containers
            .iter()
            .filter(|container| self.members.has(container) && !self.joined.contains(&container.id))
            .collect();
        new.sort_by_key(|container| container.created_at);
        let mut told = false;
        for container in new {
            if self.merge.len() >= MAX_SOURCES {
                if !std::mem::replace(&mut self.overfull, true) {
                    let message = Message::new("log.too-many").with("limit", MAX_SOURCES);
                    sink.record(Record::Notice { source: 0, message });
                    told = true;
                }
                break;
            }
            told = true;
            self.joined.insert(container.id.clone());
            let source = Source {
                container: container.id.clone(),
                name: container.name.clone(),
                service: container.service.clone(),
            };
            let log = ContainerLog::new(self.cluster.clone(), container.id.clone(), self.request.options.clone());
            self.merge.add(source, log, sink);
        }
        told
    }
}
