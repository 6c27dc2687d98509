//! What a deployment would do, told before it is asked for. A bad Compose file is an answer here, not an error.

use std::collections::BTreeMap;

use api::app::{CreateApp, Preview, UpdateApp, Variable};
use api::permission::Permission;
use api::{FieldProblem, Message};
use ulid::Ulid;

use super::desired::{Identity, Prepared};
use super::model::Purpose;
use super::plan::plan;
use super::policy::Allowance;
use super::{clash, diff, observe, prepare, source};
use crate::auth::Caller;
use crate::compose::{self, PullPolicy, Source};
use crate::db::app::{App, Intent};
use crate::db::release::{Content, Pin};
use crate::engine::Picture;
use crate::services::app::{find, shown_diagnostic};
use crate::services::quota::{Account, Ask, Refusal};
use crate::services::{Error, State, project};

/// What a new app would do.
pub async fn create(state: &State, caller: &Caller, project: &str, create: CreateApp) -> Result<Preview, Error> {
    let project = project::find(state, caller, Permission::DeployApp, project).await?;
    let mut fields = Vec::new();
    let (name, cluster) = (create.name.clone(), create.cluster.clone());
    if let Err(message) = api::name::check_name(&name) {
        fields.push(FieldProblem::new("name", message));
    }
    let picture = state.clusters.get(&cluster).map(crate::engine::Cluster::picture);
    match &picture {
        None => {
            fields.push(FieldProblem::new("cluster", Message::new("app.cluster.unknown").with("cluster", &cluster)));
        }
        Some(picture) => {
            let taken = crate::db::app::find_on_cluster(state.db.read(), &cluster, &name).await?.is_some()
                || crate::db::app::find_by_name(state.db.read(), &project.name, &name).await?.is_some();
            if taken || clash::name(picture, &project.name, &name).is_err() {
                fields.push(FieldProblem::new("name", Message::new("app.name.taken").with("name", &name)));
            }
        }
    }
    let content = match source::content(create) {
        Ok(content) => content,
        Err(Error::Invalid(problems)) => {
            fields.extend(problems);
            return Ok(Preview { fields, ..empty(String::new()) });
        }
        Err(error) => return Err(error),
    };
    let rules = Rules {
        allowance: Allowance::of(state, caller, project.id).await?,
        account: Account::read(state.db.read(), project.id, Ulid::nil()).await?,
        cluster,
    };
    let identity = Identity { id: Ulid::nil(), name, project: project.name, release: 1 };
    Ok(look(&rules, content, identity, picture.as_deref(), None, false, fields))
}

/// What a new release would do.
pub async fn update(
    state: &State,
    caller: &Caller,
    project: &str,
    name: &str,
    update: UpdateApp,
) -> Result<Preview, Error> {
    let app = find(state, caller, Permission::DeployApp, project, name).await?;
    let content = match source::of_update(&update) {
        Ok(content) => content,
        Err(Error::Invalid(fields)) => return Ok(Preview { fields, ..empty(String::new()) }),
        Err(error) => return Err(error),
    };
    let old = match app.release {
        Some(release) => prepare::release(state, &app, release).await.ok().map(|ready| ready.prepared),
        None => None,
    };
    let picture = state.clusters.get(&app.cluster).map(crate::engine::Cluster::picture);
    let App { id, name, project, project_id, cluster, last_release, .. } = app;
    let rules = Rules {
        allowance: Allowance::of(state, caller, project_id).await?,
        account: Account::read(state.db.read(), project_id, id).await?,
        cluster,
    };
    let identity = Identity { id, name, project, release: last_release + 1 };
    Ok(look(&rules, content, identity, picture.as_deref(), old.as_deref(), update.pull, Vec::new()))
}

fn empty(compose: String) -> Preview {
    Preview { compose, diagnostics: Vec::new(), fields: Vec::new(), variables: Vec::new(), changes: Vec::new() }
}

/// What is judged by.
struct Rules {
    allowance: Allowance,
    account: Account,
    cluster: String,
}

fn look(
    rules: &Rules,
    content: Content,
    identity: Identity,
    picture: Option<&Picture>,
    old: Option<&Prepared>,
    pull: bool,
    mut fields: Vec<FieldProblem>,
) -> Preview {
    let source = Source { text: content.compose.clone(), files: content.files.clone(), profiles: Vec::new() };
    let variables = compose::variables(&source).unwrap_or_default().into_iter().map(|used| Variable {
        name: used.name,
        default: used.default,
        required: used.required,
    });
    let mut preview = empty(content.compose.clone());
    preview.variables = variables.collect();
    let parsed = match prepare::parse(&content) {
        Ok(parsed) => parsed,
        Err(diagnostics) => {
            preview.diagnostics = diagnostics.iter().map(shown_diagnostic).collect();
            preview.fields = fields;
            return preview;
        }
    };
    preview.diagnostics = parsed.warnings.iter().map(shown_diagnostic).collect();
    if let Some(refusal) = rules.allowance.refusal(&identity.name, &parsed.project) {
        fields.push(FieldProblem::new(format!("compose.{}", refusal.field), refusal.message()));
    }
    let Some(picture) = picture else {
        preview.fields = fields;
        return preview;
    };
    let intent = Intent::default();
    let ask = Ask { cluster: &rules.cluster, model: &parsed.project, intent: &intent, is_release: true };
    if let Some(Refusal { field, message }) = rules.account.refusal(&ask) {
        fields.push(FieldProblem::new(field, message));
    }
    if let Err(Error::Conflict(message)) =
        clash::objects(picture, &rules.allowance, &identity.project, &identity.name, &parsed.project)
    {
        fields.push(FieldProblem::new("compose.volumes", message));
    }
    fields.extend(clash::ports(picture, &identity.project, &identity.name, &parsed.project));
    let owner = observe::Owner { id: identity.id, name: identity.name.clone(), project: identity.project.clone() };
    let mut prepared = Prepared::new(identity, parsed.project, BTreeMap::new());
    let missing = pins(&mut prepared, picture, pull);
    let desired = prepared.desired(&intent, Purpose::Deploy);
    let plan = plan(&desired, &observe::in_picture(picture, &owner));
    fields.extend(plan.missing.iter().map(|message| FieldProblem::new("compose", message.clone())));
    preview.changes = diff::changes(&plan, old, &prepared, &missing);
    preview.fields = fields;
    preview
}

/// Fills in the images that the engine has, and gives those that would be pulled.
fn pins(prepared: &mut Prepared, picture: &Picture, pull: bool) -> Vec<String> {
    let mut missing = Vec::new();
    for (name, service) in &prepared.project.services {
        let found = picture.find_image(&service.image).ok();
        if let Some(image) = found {
            let pin = Pin { reference: service.image.clone(), id: image.id.clone(), digest: None };
            prepared.pins.insert(name.clone(), pin);
        }
        let asks = pull || matches!(service.pull_policy, PullPolicy::Always | PullPolicy::EverySecs(_));
        if (found.is_none() || asks) && !missing.contains(&service.image) {
            missing.push(service.image.clone());
        }
    }
    missing
}
