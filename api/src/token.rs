//! Personal access tokens, and what a token may be used for.

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

/// What a token or a robot may be used for. It takes away from what the owner may do, and never adds to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// See what the owner sees.
    Read,
    /// Deploy and operate, and open terminals; includes `read`.
    Deploy,
    /// Pull and push images; includes nothing else.
    Registry,
    /// Manage projects, people and tokens; includes `deploy` and `read`.
    Admin,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 4] = [Self::Read, Self::Deploy, Self::Registry, Self::Admin];

    /// The name in requests, in answers and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Deploy => "deploy",
            Self::Registry => "registry",
            Self::Admin => "admin",
        }
    }

    /// What it allows, for the user guide.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Read => "See apps, containers, releases, logs, figures and the engine, and watch what changes.",
            Self::Deploy => "Deploy, change, operate and delete apps and engine objects; open terminals.",
            Self::Registry => "Pull and push images of the portal's own registry.",
            Self::Admin => "Manage projects, members and accounts, read the audit log, revoke tokens.",
        }
    }

    /// Whether this scope contains another.
    pub const fn includes(self, other: Self) -> bool {
        match self {
            Self::Read => matches!(other, Self::Read),
            Self::Deploy => matches!(other, Self::Deploy | Self::Read),
            Self::Registry => matches!(other, Self::Registry),
            Self::Admin => matches!(other, Self::Admin | Self::Deploy | Self::Read),
        }
    }

    /// Whether a token with `scopes` may be used for what needs `needed`. No scopes cover nothing.
    pub fn covered(scopes: &[Self], needed: Self) -> bool {
        scopes.iter().any(|scope| scope.includes(needed))
    }

    /// The scopes in their order, each once.
    pub fn sorted(mut scopes: Vec<Self>) -> Vec<Self> {
        scopes.sort_unstable();
        scopes.dedup();
        scopes
    }
}

/// A personal access token; its secret is shown once, when it is made, and only its hash is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Token {
    /// The token's id.
    pub id: Ulid,
    /// What its owner calls it.
    pub name: String,
    /// What it may be used for, each once.
    pub scopes: Vec<Scope>,
    /// When it was made, or its secret was replaced.
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
    /// What it may be used for: at least one; everything where absent, as before there were scopes.
    #[serde(default = "every_scope")]
    pub scopes: Vec<Scope>,
    /// How long it works, in days: 1 to 366.
    pub days: u32,
}

fn every_scope() -> Vec<Scope> {
    Scope::ALL.to_vec()
}

/// A token just made or rotated, with its secret.
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

    /// Replaces a token's secret; the old one stops working at once.
    pub async fn rotate_token(&self, id: Ulid) -> Result<CreatedToken, Problem> {
        self.call(Method::Post, Path::new(&["tokens", &id.to_string(), "rotate"]), &()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_guide_has_this_table() {
        let guide = include_str!("../../docs/user-guide/accounts-and-tokens.md");
        let (_, rest) = guide.split_once("<!-- scopes -->\n").unwrap();
        let table: Vec<&str> = rest.split_once("<!-- /scopes -->").unwrap().0.lines().skip(2).collect();
        let row = |scope: Scope| {
            let others = Scope::ALL.into_iter().filter(|other| *other != scope && scope.includes(*other));
            let others = others.map(|other| format!("`{}`", other.name())).collect::<Vec<_>>().join(", ");
            let others = if others.is_empty() { String::new() } else { format!("{others} ") };
            format!("| `{}` | {} | {others}|", scope.name(), scope.meaning())
        };
        assert_eq!(table, Scope::ALL.map(row));
    }

    #[test]
    fn admin_includes_deploy_and_read_and_nobody_else_the_registry() {
        use Scope::{Admin, Deploy, Read, Registry};
        let includes = |scope: Scope| Scope::ALL.into_iter().filter(|it| scope.includes(*it)).collect::<Vec<_>>();
        assert_eq!(includes(Read), [Read]);
        assert_eq!(includes(Deploy), [Read, Deploy]);
        assert_eq!(includes(Registry), [Registry]);
        assert_eq!(includes(Admin), [Read, Deploy, Admin]);
        assert!(Scope::covered(&[Registry, Deploy], Read));
        assert!(!Scope::covered(&[Registry, Read], Deploy));
        assert!(!Scope::covered(&[], Read));
        assert_eq!(Scope::sorted(vec![Admin, Read, Admin]), [Read, Admin]);
    }

    #[test]
    fn a_wish_without_scopes_is_for_all_of_them_and_each_has_its_name() {
        let create: CreateToken = serde_json::from_str(r#"{"name": "ci", "days": 7}"#).unwrap();
        assert_eq!(create.scopes, Scope::ALL);
        for scope in Scope::ALL {
            assert_eq!(serde_json::to_value(scope).unwrap(), scope.name());
        }
    }
}
