//! Apps.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::app::{App, AppAction, AppDetail, AppState, ComposeDiagnostic, CreateApp, CreatedApp, UpdateApp};
use api::container::Container;
use api::operation::OperationKind;
use api::overview::{AppCounts, Attention, Target, TargetKind};
use api::permission::Permission;
use api::watch::{Change, ChangeKind};
use api::{FieldProblem, Language, List, ListQuery, Message};
use sea_orm::ConnectionTrait;
use ulid::Ulid;

use super::app_view::View;
use super::audit::{Outcome, audit_in};
use super::deploy::desired::Prepared;
use super::deploy::policy::Allowance;
use super::deploy::{clash, prepare, source};
use super::listing::{Fields, page};
use super::quota::{self, Ask};
use super::{Error, State, container, operation, project};
use crate::auth::Caller;
use crate::compose::{Diagnostic, Project};
use crate::db;
use crate::db::app::Intent;
use crate::db::operation::{New, Request, Wanted};
use crate::db::release::{Content, Pin};
use crate::engine::{Cluster, LABEL_APP};

const FIELDS: Fields<App> = Fields {
    filters: &[
        ("project", |row, value| row.project == value),
        ("cluster", |row, value| row.cluster == value),
        ("state", |row, value| state_word(row.state) == value),
    ],
    sorts: &[
        ("name", |a, b| a.name.cmp(&b.name)),
        ("project", |a, b| a.project.cmp(&b.project)),
        ("cluster", |a, b| a.cluster.cmp(&b.cluster)),
        ("state", |a, b| a.state.cmp(&b.state)),
        ("release", |a, b| a.release.cmp(&b.release)),
        ("services", |a, b| a.services.cmp(&b.services)),
        ("containers_ready", |a, b| a.containers_ready.cmp(&b.containers_ready)),
        ("created_at", |a, b| a.created_at.cmp(&b.created_at)),
        ("updated_at", |a, b| a.updated_at.cmp(&b.updated_at)),
    ],
    texts: |row, text| {
        text(&row.name);
        text(&row.project);
        text(&row.cluster);
    },
    id: |_| "",
};

fn state_word(state: AppState) -> &'static str {
    match state {
        AppState::Failed => "failed",
        AppState::Degraded => "degraded",
        AppState::Progressing => "progressing",
        AppState::Unknown => "unknown",
        AppState::Running => "running",
        AppState::Stopped => "stopped",
    }
}

/// The apps the caller may see, of one project or of all.
pub async fn list(
    state: &State,
    caller: &Caller,
    project: Option<&str>,
    query: &ListQuery,
) -> Result<List<App>, Error> {
    match project {
        Some(project) => drop(project::find(state, caller, Permission::ViewApp, project).await?),
        None => caller.require_scope(Permission::ViewApp.scope())?,
    }
    page(visible(state, caller, project).await?.into_iter().map(Arc::new), query, &FIELDS)
}

async fn visible(state: &State, caller: &Caller, project: Option<&str>) -> Result<Vec<App>, Error> {
    let apps = db::app::list(state.db.read()).await?;
    let view = View::new(state).await?;
    let mut shown = Vec::with_capacity(apps.len());
    for app in apps.iter().filter(|app| {
        caller.may(Permission::ViewApp, Some(&app.project)) && project.is_none_or(|project| app.project == project)
    }) {
        shown.push(view.shown(state, app).await?.0);
    }
    Ok(shown)
}

/// Apps by state and what is wrong with them, for the dashboard.
pub async fn overview(state: &State, caller: &Caller) -> Result<(AppCounts, Vec<Attention>), Error> {
    let apps = visible(state, caller, None).await?;
    let mut counts = AppCounts { total: apps.len() as u64, ..AppCounts::default() };
    let mut attention = Vec::new();
    for app in apps {
        match app.state {
            AppState::Running => counts.running += 1,
            AppState::Progressing => counts.progressing += 1,
            AppState::Degraded => counts.degraded += 1,
            AppState::Failed => counts.failed += 1,
            AppState::Stopped => counts.stopped += 1,
            AppState::Unknown => {}
        }
        if let (AppState::Failed | AppState::Degraded, Some(message)) = (app.state, app.reason) {
            let target = Target {
                kind: TargetKind::App,
                id: app.name.clone(),
                name: app.name,
                cluster: Some(app.cluster),
                project: Some(app.project),
            };
            attention.push((app.state, Attention { target, message, since: None }));
        }
    }
    attention.sort_by_key(|(state, _)| *state);
    Ok((counts, attention.into_iter().map(|(_, attention)| attention).collect()))
}

/// The app, for a caller who has `permission` in its project.
pub async fn find(
    state: &State,
    caller: &Caller,
    permission: Permission,
    project: &str,
    name: &str,
) -> Result<db::app::App, Error> {
    caller.require(permission, Some(project))?;
    let found = db::app::find_by_name(state.db.read(), project, name).await?;
    found.ok_or_else(|| Error::not_found("app", name))
}

/// One app with everything its page shows.
pub async fn get(state: &State, caller: &Caller, project: &str, name: &str) -> Result<AppDetail, Error> {
    let app = find(state, caller, Permission::ViewApp, project, name).await?;
    let (shown, services, ready) = View::new(state).await?.shown(state, &app).await?;
    let (content, warnings) = if let Some(ready) = ready {
        (ready.release.content.clone(), ready.warnings.iter().map(shown_diagnostic).collect())
    } else {
        let release = db::release::find(state.db.read(), app.id, shown.release).await?;
        (release.map(|release| release.content).unwrap_or_default(), Vec::new())
    };
    let Content { compose, variables, files } = content;
    Ok(AppDetail { app: shown, compose, variables, files, services_detail: services, warnings })
}

/// A finding in the Compose file, in English.
pub fn shown_diagnostic(diagnostic: &Diagnostic) -> ComposeDiagnostic {
    let message = diagnostic.message();
    let path = match &diagnostic.file {
        Some(file) => format!("{file}: {}", diagnostic.path),
        None => diagnostic.path.clone(),
    };
    ComposeDiagnostic {
        severity: diagnostic.severity,
        line: diagnostic.line,
        column: diagnostic.column,
        path,
        detail: message.text(Language::English),
        message,
    }
}

/// What is wrong with a Compose file, as fields of the request.
pub fn field_problems(diagnostics: &[Diagnostic]) -> Vec<FieldProblem> {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == api::app::Severity::Error);
    errors
        .map(|diagnostic| {
            let field = match (&diagnostic.file, diagnostic.path.as_str()) {
                (Some(file), _) => format!("files.{file}"),
                (None, "") => "compose".to_owned(),
                (None, path) => format!("compose.{path}"),
            };
            FieldProblem::new(field, diagnostic.message()).at(diagnostic.line, diagnostic.column)
        })
        .collect()
}

/// Reads the Compose file of a request.
pub fn read(content: &Content) -> Result<Project, Error> {
    let parsed = prepare::parse(content).map_err(|diagnostics| Error::Invalid(field_problems(&diagnostics)))?;
    Ok(parsed.project)
}

/// The cluster of an app.
pub fn cluster<'a>(state: &'a State, name: &str) -> Result<&'a Cluster, Error> {
    let unknown = || Error::invalid("cluster", Message::new("app.cluster.unknown").with("cluster", name));
    state.clusters.get(name).ok_or_else(unknown)
}

/// Makes an app and deploys its first release.
pub async fn create(state: &State, caller: &Caller, project: &str, create: CreateApp) -> Result<CreatedApp, Error> {
    let project = project::find(state, caller, Permission::DeployApp, project).await?;
    api::name::check_name(&create.name).map_err(|message| Error::invalid("name", message))?;
    let cluster = cluster(state, &create.cluster)?;
    let name = create.name.clone();
    let content = source::content(create)?;
    let model = read(&content)?;
    let target = format!("{}/{name}", project.name);
    let allowance = Allowance::of(state, caller, project.id).await?;
    if let Err(refused) = allowance.check(&name, &model) {
        audit_in(state, Some(&project.name), caller, "app.create", &target, Outcome::Refused, "").await;
        return Err(refused);
    }
    clash::name(&cluster.picture(), &project.name, &name)?;
    clash::objects(&cluster.picture(), &allowance, &project.name, &name, &model)?;
    let cluster = cluster.name().to_owned();
    let made = state
        .db
        .write(async |txn| {
            if !db::project::hold(txn, project.id).await? {
                return Err(Error::not_found("project", &project.name));
            }
            let app = db::app::insert(txn, &project, &name, &cluster).await?;
            db::release::insert(txn, app.id, 1, &content, &BTreeMap::new(), &caller.username, None).await?;
            db::app::set_last_release(txn, app.id, 1).await?;
            let before = Wanted::default();
            let after = Wanted { release: Some(1), intent: Intent::default() };
            let new = request(&app, caller, OperationKind::Deploy, before, Some(after), Extra::default());
            let operation = db::operation::insert(txn, &new).await?;
            let ask = Ask { cluster: &cluster, model: &model, intent: &Intent::default(), is_release: true };
            quota::claim(txn, project.id, app.id, &ask).await?;
            Ok::<_, Error>((app, operation))
        })
        .await;
    note_refusal(state, caller, &project.name, "app.create", &target, &made).await;
    let (app, operation) = match made {
        Err(Error::Database(db::Error::Duplicate(_))) => {
            return Err(Error::Conflict(Message::new("app.name.taken").with("name", &name)));
        }
        other => other?,
    };
    begin(state, caller, &app, "app.create", operation).await;
    let app = db::app::find(state.db.read(), app.id).await?.unwrap_or(app);
    let (app, ..) = View::new(state).await?.shown(state, &app).await?;
    Ok(CreatedApp { app, operation })
}

/// Makes a new release and deploys it.
pub async fn update(
    state: &State,
    caller: &Caller,
    project: &str,
    name: &str,
    update: UpdateApp,
) -> Result<Ulid, Error> {
    let app = find(state, caller, Permission::DeployApp, project, name).await?;
    let content = source::of_update(&update)?;
    based_on(&app, update.based_on)?;
    let new = NewRelease { content, images: BTreeMap::new(), rollback_of: None, pull: update.pull };
    release(state, caller, &app, OperationKind::Deploy, new, update.based_on).await
}

/// Goes back to a release: makes a new one with its content and its very images.
pub async fn roll_back(state: &State, caller: &Caller, project: &str, name: &str, number: u32) -> Result<Ulid, Error> {
    let app = find(state, caller, Permission::DeployApp, project, name).await?;
    let old = db::release::find(state.db.read(), app.id, number).await?;
    let old = old.ok_or_else(|| Error::not_found("release", number))?;
    let (content, images) = (old.content, old.images);
    let new = NewRelease { content, images, rollback_of: Some(number), pull: false };
    release(state, caller, &app, OperationKind::Rollback, new, None).await
}

struct NewRelease {
    content: Content,
    images: BTreeMap<String, Pin>,
    rollback_of: Option<u32>,
    pull: bool,
}

fn based_on(app: &db::app::App, based_on: Option<u32>) -> Result<(), Error> {
    let current = app.release.unwrap_or(app.last_release);
    match based_on {
        Some(number) if number != current => {
            let message = Message::new("app.based-on").with("based_on", number).with("current", current);
            Err(Error::Conflict(message))
        }
        _ => Ok(()),
    }
}

async fn release(
    state: &State,
    caller: &Caller,
    app: &db::app::App,
    kind: OperationKind,
    new: NewRelease,
    expected: Option<u32>,
) -> Result<Ulid, Error> {
    let model = read(&new.content)?;
    let action = if kind == OperationKind::Rollback { "app.rollback" } else { "app.update" };
    let allowance = Allowance::of(state, caller, app.project_id).await?;
    if let Err(refused) = allowance.check(&app.name, &model) {
        audit_in(state, Some(&app.project), caller, action, &target(app), Outcome::Refused, "").await;
        return Err(refused);
    }
    if let Some(cluster) = state.clusters.get(&app.cluster) {
        clash::objects(&cluster.picture(), &allowance, &app.project, &app.name, &model)?;
    }
    let made = state
        .db
        .write(async |txn| {
            hold(txn, app).await?;
            let app = db::app::find(txn, app.id).await?.ok_or_else(|| Error::not_found("app", &app.name))?;
            based_on(&app, expected)?;
            let number = app.last_release + 1;
            let before = Wanted { release: app.release, intent: app.intent.clone() };
            let after = Wanted { release: Some(number), intent: Intent::default() };
            let extra = Extra { pull: new.pull, ..Extra::default() };
            // The operation comes first: it waits for the end of the one before, which changes the same rows.
            let begun = request(&app, caller, kind, before, Some(after), extra);
            let operation = db::operation::insert(txn, &begun).await?;
            let content = &new.content;
            db::release::insert(txn, app.id, number, content, &new.images, &caller.username, new.rollback_of).await?;
            db::app::set_last_release(txn, app.id, number).await?;
            let ask = Ask { cluster: &app.cluster, model: &model, intent: &Intent::default(), is_release: true };
            quota::claim(txn, app.project_id, app.id, &ask).await?;
            Ok::<_, Error>(operation)
        })
        .await;
    note_refusal(state, caller, &app.project, action, &target(app), &made).await;
    let operation = operation::busy(state, Some(app.id), made).await?;
    begin(state, caller, app, action, operation).await;
    Ok(operation)
}

/// Removes an app, with its volumes only on request.
pub async fn delete(state: &State, caller: &Caller, project: &str, name: &str, volumes: bool) -> Result<Ulid, Error> {
    let app = find(state, caller, Permission::DeployApp, project, name).await?;
    let extra = Extra { volumes, ..Extra::default() };
    change(state, caller, &app, OperationKind::Delete, None, extra, "app.delete").await
}

/// Does something to every service of an app.
pub async fn act(state: &State, caller: &Caller, project: &str, name: &str, action: AppAction) -> Result<Ulid, Error> {
    let app = find(state, caller, Permission::DeployApp, project, name).await?;
    let prepared = deployed(state, &app).await?;
    let mut intent = app.intent.clone();
    intent.stopped = action == AppAction::Stop;
    intent.stopped_services.clear();
    let restart = if action == AppAction::Restart { prepared.order.clone() } else { Vec::new() };
    let (kind, audited) = match action {
        AppAction::Start => (OperationKind::Start, "app.start"),
        AppAction::Stop => (OperationKind::Stop, "app.stop"),
        AppAction::Restart => (OperationKind::Restart, "app.restart"),
    };
    let after = Wanted { release: app.release, intent };
    change(state, caller, &app, kind, Some(after), Extra { restart, ..Extra::default() }, audited).await
}

/// The release that runs, made ready.
pub(super) async fn deployed(state: &State, app: &db::app::App) -> Result<Arc<Prepared>, Error> {
    let Some(release) = app.release else {
        return Err(Error::Conflict(Message::new("app.not-deployed").with("name", &app.name)));
    };
    Ok(prepare::release(state, app, release).await?.prepared)
}

/// What else an operation is asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Extra {
    pub(super) restart: Vec<String>,
    pub(super) volumes: bool,
    pub(super) pull: bool,
}

/// Begins to change what is wanted of an app.
pub(super) async fn change(
    state: &State,
    caller: &Caller,
    app: &db::app::App,
    kind: OperationKind,
    after: Option<Wanted>,
    extra: Extra,
    action: &'static str,
) -> Result<Ulid, Error> {
    let before = Wanted { release: app.release, intent: app.intent.clone() };
    let asked = match &after {
        Some(Wanted { release: Some(release), intent }) => {
            Some((prepare::release(state, app, *release).await?.prepared, intent.clone()))
        }
        _ => None,
    };
    let new = request(app, caller, kind, before, after, extra);
    let made = state
        .db
        .write(async |txn| {
            hold(txn, app).await?;
            let operation = db::operation::insert(txn, &new).await?;
            if let Some((prepared, intent)) = &asked {
                let ask = Ask { cluster: &app.cluster, model: &prepared.project, intent, is_release: false };
                quota::claim(txn, app.project_id, app.id, &ask).await?;
            }
            Ok::<_, Error>(operation)
        })
        .await;
    note_refusal(state, caller, &app.project, action, &target(app), &made).await;
    let operation = operation::busy(state, Some(app.id), made).await?;
    begin(state, caller, app, action, operation).await;
    Ok(operation)
}

fn request(
    app: &db::app::App,
    caller: &Caller,
    kind: OperationKind,
    before: Wanted,
    after: Option<Wanted>,
    extra: Extra,
) -> New {
    let release = after.as_ref().and_then(|after| after.release);
    let Extra { restart, volumes, pull } = extra;
    New {
        kind,
        target: app.name.clone(),
        cluster: app.cluster.clone(),
        app: Some((app.project_id, app.id, app.name.clone())),
        release: if matches!(kind, OperationKind::Deploy | OperationKind::Rollback) { release } else { None },
        request: Request::App { before, after, restart, volumes, pull },
        created_by: caller.username.clone(),
    }
}

/// Holds the project of an app, so that its quota is asked by one after the other.
async fn hold(txn: &impl ConnectionTrait, app: &db::app::App) -> Result<(), Error> {
    if db::project::hold(txn, app.project_id).await? {
        return Ok(());
    }
    Err(Error::not_found("project", &app.project))
}

/// Notes that the quota refused something.
async fn note_refusal<T>(
    state: &State,
    caller: &Caller,
    project: &str,
    action: &'static str,
    target: &str,
    made: &Result<T, Error>,
) {
    if matches!(made, Err(Error::Forbidden(_))) {
        audit_in(state, Some(project), caller, action, target, Outcome::Refused, "").await;
    }
}

fn target(app: &db::app::App) -> String {
    format!("{}/{}", app.project, app.name)
}

async fn begin(state: &State, caller: &Caller, app: &db::app::App, action: &'static str, operation: Ulid) {
    state.operations.spawn(state, operation);
    state.changes.publish(Change {
        kind: ChangeKind::App,
        id: Some(app.name.clone()),
        cluster: Some(app.cluster.clone()),
        project: Some(app.project.clone()),
        app: Some(app.name.clone()),
    });
    audit_in(state, Some(&app.project), caller, action, &target(app), Outcome::Done, &operation.to_string()).await;
}

/// The containers of an app, of any state.
pub async fn containers(
    state: &State,
    caller: &Caller,
    project: &str,
    name: &str,
    query: &ListQuery,
) -> Result<List<Container>, Error> {
    let app = find(state, caller, Permission::ViewApp, project, name).await?;
    let id = app.id.to_string();
    let cluster = cluster(state, &app.cluster)?;
    container::list_of(cluster, query, |container| container.labels.get(LABEL_APP) == Some(&id))
}
