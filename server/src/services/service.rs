//! Services: the entries of an app's Compose file.

use api::app::AppAction;
use api::operation::OperationKind;
use api::permission::Permission;
use api::service::{MAX_REPLICAS, Service};
use api::{List, Message, Ulid};

use super::app::{self, Extra};
use super::app_view::View;
use super::deploy::desired::Prepared;
use super::{Error, State};
use crate::auth::Caller;
use crate::db::operation::Wanted;

/// The services of an app, each after those it depends on.
pub async fn list(state: &State, caller: &Caller, project: &str, name: &str) -> Result<List<Service>, Error> {
    let found = app::find(state, caller, Permission::ViewApp, project, name).await?;
    let (_, items, _) = View::new(state).await?.shown(state, &found).await?;
    let age_ms = state.clusters.get(&found.cluster).and_then(crate::engine::Cluster::age_ms);
    Ok(List { total: items.len() as u64, items, next: None, age_ms })
}

/// Sets the number of copies of a service.
pub async fn scale(
    state: &State,
    caller: &Caller,
    project: &str,
    name: &str,
    service: &str,
    replicas: u32,
) -> Result<Ulid, Error> {
    let found = app::find(state, caller, Permission::DeployApp, project, name).await?;
    let prepared = app::deployed(state, &found).await?;
    check(&prepared, service, replicas)?;
    let mut intent = found.intent.clone();
    intent.replicas.insert(service.to_owned(), replicas);
    let after = Wanted { release: found.release, intent };
    app::change(state, caller, &found, OperationKind::Scale, Some(after), Extra::default(), "service.scale").await
}

fn check(prepared: &Prepared, service: &str, replicas: u32) -> Result<(), Error> {
    let Some(spec) = prepared.project.services.get(service) else {
        return Err(Error::not_found("service", service));
    };
    let refuse = |message: Message| Err(Error::invalid("replicas", message));
    if replicas > MAX_REPLICAS {
        return refuse(Message::new("scale.many").with("limit", MAX_REPLICAS));
    }
    if replicas > 1
        && let Some(name) = &spec.container_name
    {
        return refuse(Message::new("scale.container-name").with("container", name));
    }
    let narrowest = spec
        .ports
        .iter()
        .filter_map(|port| port.published)
        .map(|range| (u32::from(range.last) + 1 - u32::from(range.first), range.first));
    match narrowest.min() {
        Some((width, port)) if replicas > width => {
            refuse(Message::new("scale.port").with("port", port).with("limit", width))
        }
        _ => Ok(()),
    }
}

/// Does something to one service.
pub async fn act(
    state: &State,
    caller: &Caller,
    project: &str,
    name: &str,
    service: &str,
    action: AppAction,
) -> Result<Ulid, Error> {
    let found = app::find(state, caller, Permission::DeployApp, project, name).await?;
    let prepared = app::deployed(state, &found).await?;
    if !prepared.project.services.contains_key(service) {
        return Err(Error::not_found("service", service));
    }
    let mut intent = found.intent.clone();
    if intent.stopped {
        intent.stopped = false;
        intent.stopped_services = prepared.order.iter().cloned().collect();
    }
    let mut extra = Extra::default();
    let (kind, audited) = match action {
        AppAction::Start => (OperationKind::Start, "service.start"),
        AppAction::Stop => (OperationKind::Stop, "service.stop"),
        AppAction::Restart => (OperationKind::Restart, "service.restart"),
    };
    if action == AppAction::Stop {
        intent.stopped_services.insert(service.to_owned());
    } else {
        intent.stopped_services.remove(service);
    }
    if action == AppAction::Restart {
        extra.restart.push(service.to_owned());
    }
    let after = Wanted { release: found.release, intent };
    app::change(state, caller, &found, kind, Some(after), extra, audited).await
}
