//! Finding anything by its name.

use serde::{Deserialize, Serialize};

use crate::client::{Client, Path, Query};
use crate::list::List;
use crate::overview::Target;
use crate::problem::Problem;

/// Something found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Found {
    /// What.
    pub target: Target,
    /// A word more: an image's size, a container's app.
    pub detail: String,
}

impl Client {
    /// Apps, containers, images, networks, volumes and nodes whose name or id contains every word of `q`; the best 20.
    pub async fn search(&self, q: &str) -> Result<List<Found>, Problem> {
        self.get(Path::new(&["search"]).query(&Query::new().with("q", q))).await
    }
}
