//! Images on an engine.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::client::{Client, Method, Path, Query};
use crate::list::{List, ListQuery};
use crate::operation::Accepted;
use crate::problem::Problem;

/// An image, as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Image {
    /// `sha256:` and 64 hexadecimal digits.
    pub id: String,
    /// Its names, `repository:tag`; empty for a dangling image.
    pub tags: Vec<String>,
    /// Its names by digest, `repository@sha256:…`.
    pub digests: Vec<String>,
    /// When it was built.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// What its layers take.
    pub size_bytes: u64,
    /// How many containers use it, running or not.
    pub containers: u64,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

/// An image with everything its page shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImageDetail {
    /// What lists show.
    #[serde(flatten)]
    pub image: Image,
    /// The processor it is for.
    pub architecture: String,
    /// The operating system it is for.
    pub os: String,
    /// Who made it.
    pub author: String,
    /// The default command's words.
    pub command: Vec<String>,
    /// The entry point's words.
    pub entrypoint: Vec<String>,
    /// Environment variables, `NAME=value`.
    pub environment: Vec<String>,
    /// Ports it says it listens on, `80/tcp`.
    pub exposed_ports: Vec<String>,
    /// Paths that become volumes.
    pub volumes: Vec<String>,
    /// Where the command runs.
    pub working_dir: String,
    /// Who runs it.
    pub user: String,
    /// The health check's words; empty without one.
    pub healthcheck: Vec<String>,
    /// The digests of its layers, lowest first.
    pub layers: Vec<String>,
    /// How it was built, oldest first.
    pub history: Vec<HistoryEntry>,
    /// The containers that use it.
    pub used_by: Vec<ImageUser>,
}

/// A container that uses an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImageUser {
    /// The container's id.
    pub id: String,
    /// The container's name.
    pub name: String,
}

/// One step of an image's build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HistoryEntry {
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// The command that made it.
    pub created_by: String,
    /// What it added.
    pub size_bytes: u64,
    /// A remark of the builder.
    pub comment: String,
    /// The tags that end at this step.
    pub tags: Vec<String>,
}

/// Pulls an image from its registry.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PullImage {
    /// The image as `repository[:tag][@digest]`; `latest` without a tag.
    pub image: String,
}

/// Gives an image one more name.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TagImage {
    /// The new name as `repository[:tag]`.
    pub tag: String,
}

/// Removes unused images.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PruneImages {
    /// Also those with a name that no container uses; otherwise only dangling ones.
    #[serde(default)]
    pub all: bool,
}

impl Client {
    /// The images of a cluster. Filters: `tag`, `used` (`true`, `false`), `dangling`.
    pub async fn list_images(&self, cluster: &str, query: &ListQuery) -> Result<List<Image>, Problem> {
        self.get(Path::new(&["clusters", cluster, "images"]).query(&query.to_query())).await
    }

    /// One image, by id or name.
    pub async fn get_image(&self, cluster: &str, id: &str) -> Result<ImageDetail, Problem> {
        self.get(Path::new(&["clusters", cluster, "images", id])).await
    }

    /// Pulls an image; the operation shows the layers' progress.
    pub async fn pull_image(&self, cluster: &str, pull: &PullImage) -> Result<Accepted, Problem> {
        self.call(Method::Post, Path::new(&["clusters", cluster, "images", "pull"]), pull).await
    }

    /// Removes unused images.
    pub async fn prune_images(&self, cluster: &str, prune: &PruneImages) -> Result<Accepted, Problem> {
        self.call(Method::Post, Path::new(&["clusters", cluster, "images", "prune"]), prune).await
    }

    /// Gives an image one more name.
    pub async fn tag_image(&self, cluster: &str, id: &str, tag: &TagImage) -> Result<(), Problem> {
        self.tell_with(Method::Post, Path::new(&["clusters", cluster, "images", id, "tag"]), tag).await
    }

    /// Removes an image or one of its names; one used by stopped containers only with `force`.
    pub async fn delete_image(&self, cluster: &str, id: &str, force: bool) -> Result<(), Problem> {
        let query = Query::new().with("force", force);
        self.tell(Method::Delete, Path::new(&["clusters", cluster, "images", id]).query(&query)).await
    }
}
