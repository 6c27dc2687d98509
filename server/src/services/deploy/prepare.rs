//! Making releases ready, and remembering those that are asked for again and again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ulid::Ulid;

use super::desired::{Identity, Prepared};
use crate::compose::{self, Diagnostic, Parsed, Source};
use crate::db;
use crate::db::app::App;
use crate::db::release::Content;
use crate::services::{Error, State};

/// Releases that were made ready, by app and number.
#[derive(Debug, Default)]
pub struct Cache(Mutex<HashMap<(Ulid, u32), Ready>>);

/// A release that was made ready.
#[derive(Clone, Debug)]
pub struct Ready {
    /// For the planner.
    pub prepared: Arc<Prepared>,
    /// What the file asks for that has no effect.
    pub warnings: Arc<Vec<Diagnostic>>,
    /// The release.
    pub release: Arc<db::release::Release>,
}

impl Cache {
    /// Forgets an app's releases.
    pub fn forget(&self, app: Ulid) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|(id, _), _| *id != app);
    }

    fn get(&self, key: (Ulid, u32)) -> Option<Ready> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned()
    }

    fn put(&self, app: &App, number: u32, ready: Ready) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // the wanted release is asked for all the time, others now and then
        known.retain(|(id, other), _| *id != app.id || app.release == Some(*other));
        known.insert((app.id, number), ready);
    }
}

/// Reads a Compose file with what comes with it.
pub fn parse(content: &Content) -> Result<Parsed, Vec<Diagnostic>> {
    let source = Source { text: content.compose.clone(), files: content.files.clone(), profiles: Vec::new() };
    compose::parse(&source, &content.variables)
}

/// A release of an app, made ready.
pub async fn release(state: &State, app: &App, number: u32) -> Result<Ready, Error> {
    if let Some(ready) = state.operations.cache().get((app.id, number)) {
        return Ok(ready);
    }
    let release = db::release::find(state.db.read(), app.id, number).await?;
    let release = release.ok_or_else(|| Error::not_found("release", number))?;
    let parsed = parse(&release.content).map_err(|diagnostics| {
        let first = diagnostics.first().map(|diagnostic| diagnostic.code).unwrap_or_default();
        Error::Internal(format!("release {number} of app {} cannot be read any more: {first}", app.name))
    })?;
    let identity = Identity { id: app.id, name: app.name.clone(), project: app.project.clone(), release: number };
    let prepared = Prepared::new(identity, parsed.project, release.images.clone());
    let ready = Ready { prepared: Arc::new(prepared), warnings: Arc::new(parsed.warnings), release: Arc::new(release) };
    state.operations.cache().put(app, number, ready.clone());
    Ok(ready)
}
