//! The first administrator.

use serde::{Deserialize, Serialize};

use crate::client::{Client, Method, Path};
use crate::problem::Problem;

/// Makes the first administrator; works once, with the token of the link that the server printed at its first start.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// The one-time token.
    pub token: String,
    /// The administrator's user name.
    pub username: String,
    /// The administrator's password.
    pub password: String,
}

impl Client {
    /// Makes the first administrator and signs in.
    pub async fn setup(&self, setup: &Setup) -> Result<(), Problem> {
        self.tell_with(Method::Post, Path::new(&["setup"]), setup).await
    }
}
