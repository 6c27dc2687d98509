//! Services: the entries of an app's Compose file.

use serde::{Deserialize, Serialize};

use crate::app::{AppAction, AppState, path};
use crate::client::{Client, Method};
use crate::container::Port;
use crate::list::List;
use crate::message::Message;
use crate::operation::Accepted;
use crate::problem::Problem;

/// The most copies a service can be scaled to.
pub const MAX_REPLICAS: u32 = 1_000;

/// A service of an app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Service {
    /// Its name in the Compose file.
    pub name: String,
    /// Its image as written.
    pub image: String,
    /// The image's digest that the release resolved to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// How it does.
    pub state: AppState,
    /// Why it does so, where that is not good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Message>,
    /// Copies that should run.
    pub replicas_desired: u32,
    /// Copies that run and are not unhealthy.
    pub replicas_ready: u32,
    /// Published ports.
    pub ports: Vec<Port>,
    /// The services it waits for.
    pub depends_on: Vec<String>,
}

/// Sets the number of copies.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// The number, 0 to 1,000.
    pub replicas: u32,
}

impl Client {
    /// The services of an app.
    pub async fn list_services(&self, project: &str, app: &str) -> Result<List<Service>, Problem> {
        self.get(path(project, app, &["services"])).await
    }

    /// Sets the number of copies of a service; it stays so until the next release or scale.
    pub async fn scale_service(
        &self,
        project: &str,
        app: &str,
        service: &str,
        replicas: u32,
    ) -> Result<Accepted, Problem> {
        self.call(Method::Post, path(project, app, &["services", service, "scale"]), &Scale { replicas }).await
    }

    /// Does something to one service.
    pub async fn act_on_service(
        &self,
        project: &str,
        app: &str,
        service: &str,
        action: AppAction,
    ) -> Result<Accepted, Problem> {
        self.call(Method::Post, path(project, app, &["services", service, action.as_str()]), &()).await
    }
}
