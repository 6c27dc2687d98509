//! Signing in and out.

use serde::{Deserialize, Serialize};

use crate::client::{Client, Method, Path};
use crate::problem::Problem;

/// Signs in with a local account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// The user name.
    pub username: String,
    /// The password.
    pub password: String,
    /// The code of the authenticator app or a recovery code, where the account asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

impl Client {
    /// Signs in; the answer carries the session's cookie.
    pub async fn sign_in(&self, sign_in: &SignIn) -> Result<(), Problem> {
        self.tell_with(Method::Post, Path::new(&["session"]), sign_in).await
    }

    /// Ends the session.
    pub async fn sign_out(&self) -> Result<(), Problem> {
        self.tell(Method::Delete, Path::new(&["session"])).await
    }
}
