//! The only place that wires the parts together.

mod data_dir;
mod serve;

use std::sync::Arc;

use axum::Router;

use crate::auth::provider::Providers;
use crate::auth::{Attempts, Passwords};
use crate::changes::Changes;
use crate::config::Config;
use crate::db::{self, Db};
use crate::engine::{self, Clusters, Endpoint};
use crate::monitor::Latest;
use crate::outbound::Outbound;
use crate::services::audit_forward::Forwarding;
use crate::services::deploy::Timing;
use crate::services::refusal::Refusals;
use crate::services::terminal::Terminals;
use crate::services::{Operations, Parts, State, Stopping, operation, project, quota, setup};
use crate::tasks::{self, Driver};

pub use data_dir::{DataDir, make_data_dir};
pub use serve::serve;

/// Why the portal cannot start.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Error(pub String);

/// A portal that is ready to serve.
#[derive(Clone, Debug)]
pub struct Portal {
    /// Everything it answers.
    pub router: Router,
    /// What its services share.
    pub state: State,
    /// Its background tasks.
    pub tasks: Driver,
}

/// Opens the database, brings it up to date and puts the parts together. Background tasks are not started.
pub async fn state(config: Config) -> Result<State, Error> {
    state_with(config, Timing::default()).await
}

/// The same, with other times to wait.
async fn state_with(config: Config, timing: Timing) -> Result<State, Error> {
    let fail = |what: &str, error: &dyn std::fmt::Display| Error(format!("{what}: {error}"));
    let target = match &config.data.database_url {
        Some(url) => db::Target::Postgres(url.clone()),
        None => db::Target::Sqlite(config.data.dir.join("gantry.db")),
    };
    let db = Db::open(&target).await.map_err(|error| fail("The database cannot be opened", &error))?;
    db::migrate::run(&db).await.map_err(|error| fail("The database cannot be brought up to date", &error))?;
    let passwords = Passwords::new().map_err(|error| fail("Passwords cannot be hashed", &error))?;
    let outbound = Outbound::new(&config.auth.provider_networks)
        .map_err(|error| fail("Identity providers and webhooks cannot be asked", &error))?;
    let changes = Changes::default();
    let clusters = clusters(&config, &changes)?;
    let forwarding = Forwarding::new(&config.audit, config.http.public_url.host_str().unwrap_or("-"), &outbound);
    let state = State::new(Parts {
        db,
        config: Arc::new(config),
        operations: Operations::new(timing),
        changes,
        passwords,
        attempts: Attempts::default(),
        refusals: Refusals::default(),
        forwarding,
        providers: Providers::new(outbound),
        clusters,
        latest: Latest::default(),
        terminals: Terminals::default(),
        stopping: Stopping::default(),
    });
    project::ensure_default(&state).await.map_err(|error| fail("The first project cannot be made", &error))?;
    Ok(state)
}

/// Starts looking after the engine of this machine, the cluster `local`.
fn clusters(config: &Config, changes: &Changes) -> Result<Clusters, Error> {
    let engine = &config.engine;
    let endpoint = match &engine.docker_host {
        Some(address) => {
            let certificates = engine.docker_cert_path.as_deref();
            let endpoint = Endpoint::parse(address, certificates.is_some(), certificates);
            Some(endpoint.map_err(|why| Error(format!("The engine's address (docker_host) cannot be used: {why}")))?)
        }
        None => None,
    };
    let sockets = engine::usual_sockets(engine.runtime_dir.as_deref(), engine.home.as_deref());
    let settings = engine::Settings { endpoint, sockets, periods: engine::Periods::default() };
    Ok(Clusters::start([(api::cluster::LOCAL_CLUSTER.to_owned(), settings)], changes))
}

/// Builds the portal and starts its background tasks.
pub async fn build(config: Config) -> Result<Portal, Error> {
    build_with(config, Timing::default()).await
}

/// The same, with other times to wait.
pub async fn build_with(config: Config, timing: Timing) -> Result<Portal, Error> {
    let state = state_with(config, timing).await?;
    let tasks = Driver::default();
    tasks.spawn(&state, tasks::cleanup::task());
    tasks.spawn(&state, tasks::refresh::task());
    tasks.spawn(&state, tasks::refusals::task());
    for task in tasks::forward::tasks(&state) {
        tasks.spawn(&state, task);
    }
    quota::catch_up(&state).await.map_err(|error| Error(format!("Apps cannot be counted: {error}")))?;
    operation::resume(&state).await.map_err(|error| Error(format!("Operations cannot be resumed: {error}")))?;
    for task in tasks::reconcile::tasks(&state) {
        tasks.spawn(&state, task);
    }
    tasks.spawn(&state, tasks::sample::task(&state));
    tasks.spawn(&state, tasks::sample::cleanup());
    let router = crate::http::router::portal(&state);
    Ok(Portal { router, state, tasks })
}

/// The one-time link for the first administrator, where there is none yet.
pub async fn setup_link(state: &State) -> Result<Option<String>, Error> {
    setup::prepare(state).await.map_err(|error| Error(format!("The setup link cannot be made: {error}")))
}
