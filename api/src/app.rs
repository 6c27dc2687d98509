//! Apps: what a user runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use ulid::Ulid;

use crate::client::{Client, Method, Path, Query};
use crate::container::{Container, Port};
use crate::list::{List, ListQuery};
use crate::message::Message;
use crate::operation::Accepted;
use crate::problem::{FieldProblem, Problem};
use crate::service::Service;

/// The largest Compose file, in bytes.
pub const MAX_COMPOSE_BYTES: usize = 1024 * 1024;

/// An app, as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct App {
    /// The app's id.
    pub id: Ulid,
    /// Its name in the project; also the Compose project's name on the engine.
    pub name: String,
    /// Its project's name.
    pub project: String,
    /// Its cluster's name.
    pub cluster: String,
    /// How it does.
    pub state: AppState,
    /// Why it does so, where that is not good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Message>,
    /// The number of the release that is wanted.
    pub release: u32,
    /// Services it has.
    pub services: u32,
    /// Copies that should run.
    pub containers_desired: u32,
    /// Copies that run and are not unhealthy.
    pub containers_ready: u32,
    /// Published ports.
    pub ports: Vec<Port>,
    /// The operation that is changing it now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<Ulid>,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When somebody last changed it.
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
}

/// How an app does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum AppState {
    /// No copy runs that should.
    Failed,
    /// Some copies do not run or are unhealthy.
    Degraded,
    /// An operation is changing it.
    Progressing,
    /// The engine does not answer, so nobody knows.
    Unknown,
    /// Everything runs.
    Running,
    /// Somebody stopped it.
    Stopped,
}

/// An app with everything its page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AppDetail {
    /// What lists show.
    #[serde(flatten)]
    pub app: App,
    /// The wanted release's Compose file.
    pub compose: String,
    /// The wanted release's variables.
    pub variables: BTreeMap<String, String>,
    /// The wanted release's further files, by path.
    pub files: BTreeMap<String, String>,
    /// Its services.
    pub services_detail: Vec<Service>,
    /// What the Compose file asks for that this cluster does not do.
    pub warnings: Vec<ComposeDiagnostic>,
}

/// Where an app's services come from: exactly one of `compose`, `image` and `template`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateApp {
    /// The app's name.
    pub name: String,
    /// The cluster it runs on.
    pub cluster: String,
    /// A Compose file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compose: Option<String>,
    /// Just an image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageSource>,
    /// A built-in template's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Values for the file's `${…}` places.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// The text of files that the Compose file names (`env_file`, `configs`, `secrets`, `extends`), by path.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
}

/// An app of one image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ImageSource {
    /// The image.
    pub image: String,
    /// The port it listens on, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container_port: Option<u16>,
    /// The port to publish it at; the engine chooses one where this is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_port: Option<u16>,
}

/// Makes a new release of an app.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateApp {
    /// The Compose file.
    pub compose: String,
    /// Values for the file's `${…}` places.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// The text of files that the Compose file names, by path.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// The release the change is based on; refused with 409 where a newer one exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub based_on: Option<u32>,
    /// Whether to ask the registry for newer images behind the same tags.
    #[serde(default)]
    pub pull: bool,
}

/// What came of a create: the app and the operation that brings it up.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedApp {
    /// The app.
    pub app: App,
    /// The operation's id.
    pub operation: Ulid,
}

/// Goes back to a release.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Rollback {
    /// The release's number.
    pub release: u32,
}

/// What a Compose file would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Preview {
    /// The Compose file that would be deployed (made from the image or the template where one was given).
    pub compose: String,
    /// Errors and warnings, in the order of the file.
    pub diagnostics: Vec<ComposeDiagnostic>,
    /// What is wrong with the rest of the input (a taken name, a port in use).
    pub fields: Vec<FieldProblem>,
    /// The `${…}` places of the file.
    pub variables: Vec<Variable>,
    /// What would be created, changed and removed; empty with errors.
    pub changes: Vec<PlannedChange>,
}

impl Preview {
    /// Whether it can be deployed.
    pub fn is_valid(&self) -> bool {
        self.fields.is_empty() && self.diagnostics.iter().all(|d| d.severity != Severity::Error)
    }
}

/// A `${…}` place of a Compose file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// What stands there without a value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// Whether the file refuses to do without.
    pub required: bool,
}

/// Something to say about a place of a Compose file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ComposeDiagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
    /// The place as a path, `services.web.ports[0]`.
    pub path: String,
    /// What is wrong and what to do.
    pub message: Message,
    /// The same in the caller's language.
    pub detail: String,
}

/// How bad a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// It cannot be deployed.
    Error,
    /// It can, but not everything asked for is done.
    Warning,
}

/// One thing a deployment would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlannedChange {
    /// What would be done.
    pub action: PlannedAction,
    /// To what kind of thing.
    pub kind: PlannedKind,
    /// To which.
    pub name: String,
    /// The service it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Why, and how.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Message>,
    /// The settings that differ.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldChange>,
}

/// What a deployment would do to a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PlannedAction {
    /// Make it.
    Create,
    /// Put a new one in its place.
    Replace,
    /// Start it as it is.
    Start,
    /// Take it away.
    Remove,
    /// Leave it as it is.
    Keep,
}

/// The kinds of things a deployment touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum PlannedKind {
    Image,
    Network,
    Volume,
    Container,
}

/// A setting that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldChange {
    /// The setting, as a path in the Compose file.
    pub field: String,
    /// What it was; absent where it was not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What it would be; absent where it would not be set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// Something to do to an app or a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum AppAction {
    Start,
    Stop,
    Restart,
}

impl AppAction {
    /// The last part of the action's path.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
        }
    }
}

pub(crate) fn path(project: &str, app: &str, rest: &[&str]) -> Path {
    let mut segments = vec!["projects", project, "apps", app];
    segments.extend_from_slice(rest);
    Path::new(&segments)
}

impl Client {
    /// The apps of all projects the caller may see. Filters: `project`, `cluster`, `state`.
    pub async fn list_apps(&self, query: &ListQuery) -> Result<List<App>, Problem> {
        self.get(Path::new(&["apps"]).query(&query.to_query())).await
    }

    /// The apps of one project. Filters: `cluster`, `state`.
    pub async fn list_project_apps(&self, project: &str, query: &ListQuery) -> Result<List<App>, Problem> {
        self.get(Path::new(&["projects", project, "apps"]).query(&query.to_query())).await
    }

    /// What a new app would do; changes nothing.
    pub async fn preview_app(&self, project: &str, create: &CreateApp) -> Result<Preview, Problem> {
        self.call(Method::Post, Path::new(&["projects", project, "apps", "preview"]), create).await
    }

    /// Makes an app and deploys its first release.
    pub async fn create_app(&self, project: &str, create: &CreateApp) -> Result<CreatedApp, Problem> {
        self.call(Method::Post, Path::new(&["projects", project, "apps"]), create).await
    }

    /// One app.
    pub async fn get_app(&self, project: &str, app: &str) -> Result<AppDetail, Problem> {
        self.get(path(project, app, &[])).await
    }

    /// What a new release would do; changes nothing.
    pub async fn preview_update(&self, project: &str, app: &str, update: &UpdateApp) -> Result<Preview, Problem> {
        self.call(Method::Post, path(project, app, &["preview"]), update).await
    }

    /// Makes a new release and deploys it.
    pub async fn update_app(&self, project: &str, app: &str, update: &UpdateApp) -> Result<Accepted, Problem> {
        self.call(Method::Put, path(project, app, &[]), update).await
    }

    /// Removes an app: its containers and networks, its volumes only with `volumes`, and its record.
    pub async fn delete_app(&self, project: &str, app: &str, volumes: bool) -> Result<Accepted, Problem> {
        let body =
            self.send(Method::Delete, path(project, app, &[]).query(&Query::new().with("volumes", volumes)), None);
        body.await?.decode()
    }

    /// The containers of an app. Filters as for a cluster's containers.
    pub async fn list_app_containers(
        &self,
        project: &str,
        app: &str,
        query: &ListQuery,
    ) -> Result<List<Container>, Problem> {
        self.get(path(project, app, &["containers"]).query(&query.to_query())).await
    }

    /// Does something to every service of an app.
    pub async fn act_on_app(&self, project: &str, app: &str, action: AppAction) -> Result<Accepted, Problem> {
        self.call(Method::Post, path(project, app, &[action.as_str()]), &()).await
    }

    /// Goes back to a release: makes a new release with the old one's content and deploys it.
    pub async fn roll_back_app(&self, project: &str, app: &str, release: u32) -> Result<Accepted, Problem> {
        self.call(Method::Post, path(project, app, &["rollback"]), &Rollback { release }).await
    }
}
