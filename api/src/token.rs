//! Personal access tokens.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use ulid::Ulid;

use crate::client::{Client, Method, Path};
use crate::list::List;
use crate::problem::Problem;

/// What every token begins with, so that scanners can find a leaked one.
pub const TOKEN_PREFIX: &str = "gantry_pat_";
/// The longest life of a token, in days.
pub const MAX_TOKEN_DAYS: u32 = 366;

/// A personal access token; its secret is shown once, when it is made, and only its hash is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Token {
    /// The token's id.
    pub id: Ulid,
    /// What its owner calls it.
    pub name: String,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it stops working.
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
    /// When it was last used, to the minute.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<OffsetDateTime>,
}

/// Makes a token.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateToken {
    /// What to call it: 1 to 63 characters.
    pub name: String,
    /// How long it works, in days: 1 to 366.
    pub days: u32,
}

/// A token just made, with its secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedToken {
    /// The token.
    pub token: Token,
    /// The secret, for `Authorization: Bearer`. It is not shown again.
    pub secret: String,
}

impl Client {
    /// The caller's tokens.
    pub async fn list_tokens(&self) -> Result<List<Token>, Problem> {
        self.get(Path::new(&["tokens"])).await
    }

    /// Makes a token.
    pub async fn create_token(&self, create: &CreateToken) -> Result<CreatedToken, Problem> {
        self.call(Method::Post, Path::new(&["tokens"]), create).await
    }

    /// Revokes a token at once.
    pub async fn delete_token(&self, id: Ulid) -> Result<(), Problem> {
        self.tell(Method::Delete, Path::new(&["tokens", &id.to_string()])).await
    }
}
