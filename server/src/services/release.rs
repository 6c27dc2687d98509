//! Releases: the immutable versions of an app.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::permission::Permission;
use api::release::{Comparison, Release, ReleaseDetail, ReleaseState};
use api::{List, ListQuery};

use super::deploy::{diff, prepare};
use super::listing::{Fields, page};
use super::{Error, State, app};
use crate::auth::Caller;
use crate::db;

const FIELDS: Fields<Release> = Fields {
    filters: &[("state", |row, value| state_word(row.state) == value)],
    sorts: &[
        ("number", |a, b| a.number.cmp(&b.number)),
        ("state", |a, b| state_word(a.state).cmp(state_word(b.state))),
        ("created_by", |a, b| a.created_by.cmp(&b.created_by)),
        ("created_at", |a, b| a.created_at.cmp(&b.created_at)),
    ],
    texts: |row, text| {
        text(&row.created_by);
        row.images.values().map(String::as_str).for_each(text);
    },
    id: |_| "",
};

fn state_word(state: ReleaseState) -> &'static str {
    match state {
        ReleaseState::Deploying => "deploying",
        ReleaseState::Current => "current",
        ReleaseState::Superseded => "superseded",
        ReleaseState::Failed => "failed",
    }
}

/// The releases of an app, newest first.
pub async fn list(
    state: &State,
    caller: &Caller,
    project: &str,
    name: &str,
    query: &ListQuery,
) -> Result<List<Release>, Error> {
    let found = app::find(state, caller, Permission::ViewApp, project, name).await?;
    let releases = db::release::list(state.db.read(), found.id).await?;
    page(releases.iter().map(|release| Arc::new(shown(release))), query, &FIELDS)
}

/// One release.
pub async fn get(
    state: &State,
    caller: &Caller,
    project: &str,
    name: &str,
    number: u32,
) -> Result<ReleaseDetail, Error> {
    let found = app::find(state, caller, Permission::ViewApp, project, name).await?;
    let release = find(state, &found, number).await?;
    let shown = shown(&release);
    let db::release::Content { compose, variables, files } = release.content;
    Ok(ReleaseDetail { release: shown, compose, variables, files })
}

async fn find(state: &State, app: &db::app::App, number: u32) -> Result<db::release::Release, Error> {
    let found = db::release::find(state.db.read(), app.id, number).await?;
    found.ok_or_else(|| Error::not_found("release", number))
}

/// How two releases differ.
pub async fn compare(
    state: &State,
    caller: &Caller,
    project: &str,
    name: &str,
    from: u32,
    to: u32,
) -> Result<Comparison, Error> {
    let found = app::find(state, caller, Permission::ViewApp, project, name).await?;
    let old = find(state, &found, from).await?;
    let new = find(state, &found, to).await?;
    let lines = diff::lines(&old.content.compose, &new.content.compose);
    let old = prepare::release(state, &found, from).await?;
    let new = prepare::release(state, &found, to).await?;
    Ok(Comparison { from, to, lines, changes: diff::between(&old.prepared, &new.prepared) })
}

fn shown(release: &db::release::Release) -> Release {
    Release {
        number: release.number,
        state: release.state,
        created_by: release.created_by.clone(),
        created_at: release.created_at,
        rollback_of: release.rollback_of,
        images: images(release),
    }
}

/// The image of each service: as it was resolved, or as it is written where it was not.
fn images(release: &db::release::Release) -> BTreeMap<String, String> {
    let parsed = prepare::parse(&release.content);
    let mut images: BTreeMap<String, String> = parsed
        .map(|parsed| parsed.project.services.into_iter().map(|(name, service)| (name, service.image)).collect())
        .unwrap_or_default();
    for (service, pin) in &release.images {
        let digest = pin.digest.as_deref().and_then(|digest| digest.split_once('@')).map_or(&*pin.id, |(_, sum)| sum);
        images.insert(service.clone(), format!("{}@{digest}", pin.reference));
    }
    images
}
