//! Identity providers: where people sign in with an account of their company.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use ulid::Ulid;

use crate::client::{Client, Method, Path};
use crate::list::List;
use crate::message::Message;
use crate::permission::SystemRole;
use crate::problem::Problem;

/// How a provider says who somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ProviderKind {
    /// OpenID Connect with discovery: Keycloak, Microsoft Entra, Google, GitLab and most others.
    Oidc,
    /// GitHub's OAuth 2 and user API; the issuer is `https://github.com` or a GitHub Enterprise server.
    Github,
    /// Gitee's OAuth 2 and user API; the issuer is `https://gitee.com`.
    Gitee,
}

/// What happens when somebody comes who has no account yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FirstSignIn {
    /// Nobody gets in without an account that is linked.
    #[default]
    Refuse,
    /// An account is made and waits until an administrator opens it.
    Approve,
    /// An account is made and works at once.
    Create,
}

/// An identity provider. Its client secret is never shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Provider {
    /// The provider's id.
    pub id: Ulid,
    /// Its name in addresses; it cannot be changed, because the provider knows the callback address.
    pub slug: String,
    /// What its button says.
    pub name: String,
    /// How it says who somebody is.
    pub kind: ProviderKind,
    /// Exactly what the provider calls itself.
    pub issuer: String,
    /// What the provider calls us.
    pub client_id: String,
    /// Whether a client secret is kept.
    pub has_secret: bool,
    /// What is asked for besides `openid`.
    pub scopes: Vec<String>,
    /// Where the groups stand in what the provider tells: a claim's name, or a path with dots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups_claim: Option<String>,
    /// Whoever has one of these groups is an administrator of the portal: names, `*` for what has no slash, `**` for all.
    pub admin_groups: Vec<String>,
    /// What happens with newcomers.
    pub first_sign_in: FirstSignIn,
    /// The role in the whole portal of an account made so.
    pub first_role: SystemRole,
    /// Whether people can sign in with it.
    pub enabled: bool,
    /// What the provider must be told as the redirect address.
    pub callback_url: String,
    /// How it went when an administrator last tried it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<Trial>,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

/// How a trial went. A change of what it depends on forgets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Trial {
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// What was wrong; absent where it worked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Message>,
    /// Who the provider says the administrator is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The name an account made now would get.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The groups that were told.
    pub groups: Vec<String>,
    /// Whether these make an administrator.
    pub admin: bool,
}

/// Adds a provider. It is off until it was tried.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateProvider {
    /// Its name in addresses: small letters, digits and single dashes.
    pub slug: String,
    /// What its button says: 1 to 63 characters.
    pub name: String,
    /// How it says who somebody is.
    pub kind: ProviderKind,
    /// Exactly what the provider calls itself: `https://…`.
    pub issuer: String,
    /// What the provider calls us.
    pub client_id: String,
    /// The client secret; absent for a public client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    /// What is asked for besides `openid`.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Where the groups stand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups_claim: Option<String>,
    /// Groups whose people are administrators of the portal.
    #[serde(default)]
    pub admin_groups: Vec<String>,
    /// What happens with newcomers.
    #[serde(default)]
    pub first_sign_in: FirstSignIn,
    /// The role of an account made so; `member` where absent.
    #[serde(default = "member")]
    pub first_role: SystemRole,
}

fn member() -> SystemRole {
    SystemRole::Member
}

/// Changes a provider; what is absent stays. Another issuer, client, secret, scope or claim switches it off until it was
/// tried again.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct UpdateProvider {
    /// What its button says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Exactly what the provider calls itself. Who signed in before is somebody else under another issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// What the provider calls us.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Another client secret; an empty one for a public client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    /// What is asked for besides `openid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// Where the groups stand; empty for nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups_claim: Option<String>,
    /// Groups whose people are administrators of the portal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin_groups: Option<Vec<String>>,
    /// What happens with newcomers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_sign_in: Option<FirstSignIn>,
    /// The role of an account made so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_role: Option<SystemRole>,
    /// Whether people can sign in with it. It can be switched on when its last trial worked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// A provider as the sign-in page offers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInChoice {
    /// Its name in addresses.
    pub slug: String,
    /// What its button says.
    pub name: String,
    /// How it says who somebody is.
    pub kind: ProviderKind,
}

/// Somebody at a provider who is the caller here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Identity {
    /// The id of the link.
    pub id: Ulid,
    /// The provider's name in addresses.
    pub provider: String,
    /// What the provider's button says.
    pub provider_name: String,
    /// What the provider calls the person, where it tells: a name or an address.
    pub label: String,
    /// When it was linked.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it was last used to sign in.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<OffsetDateTime>,
}

/// Links the caller to somebody at a provider, or tries a provider.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LinkIdentity {
    /// The provider's name in addresses.
    pub provider: String,
    /// The path of the portal to come back to.
    pub next: String,
}

/// Where the browser goes on at the provider, within ten minutes and with the cookie of this answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Departure {
    /// The address at the provider.
    pub location: String,
}

/// How many patterns of groups there are in one place at most.
const MOST_GROUPS: usize = 64;
/// How long one is at most, in bytes.
const LONGEST_GROUP: usize = 512;
/// Each star multiplies the ways to compare.
const MOST_STARS: usize = 4;

/// Checks how many patterns of groups there are in one place.
pub fn check_group_count(count: usize) -> Result<(), Message> {
    if count <= MOST_GROUPS { Ok(()) } else { Err(wrong_groups()) }
}

/// Checks a pattern of groups.
pub fn check_group(pattern: &str) -> Result<(), Message> {
    let is_text = !pattern.is_empty() && pattern.len() <= LONGEST_GROUP && !pattern.chars().any(char::is_control);
    if is_text && pattern.matches('*').count() <= MOST_STARS { Ok(()) } else { Err(wrong_groups()) }
}

fn wrong_groups() -> Message {
    Message::new("provider.groups").with("longest", LONGEST_GROUP).with("limit", MOST_STARS)
}

/// Whether a group's name fits a pattern: `*` stands for what has no slash in it, `**` for anything.
pub fn group_fits(pattern: &str, group: &str) -> bool {
    if let Some(rest) = pattern.strip_prefix("**") {
        return (0..=group.len()).any(|at| group.get(at..).is_some_and(|tail| group_fits(rest, tail)));
    }
    if let Some(rest) = pattern.strip_prefix('*') {
        let own = group.find('/').unwrap_or(group.len());
        return (0..=own).any(|at| group.get(at..).is_some_and(|tail| group_fits(rest, tail)));
    }
    let (Some(wanted), Some(found)) = (pattern.chars().next(), group.chars().next()) else {
        return pattern.is_empty() && group.is_empty();
    };
    wanted == found && group_fits(&pattern[wanted.len_utf8()..], &group[found.len_utf8()..])
}

impl Client {
    /// The providers.
    pub async fn list_providers(&self) -> Result<List<Provider>, Problem> {
        self.get(Path::new(&["providers"])).await
    }

    /// A provider.
    pub async fn provider(&self, slug: &str) -> Result<Provider, Problem> {
        self.get(Path::new(&["providers", slug])).await
    }

    /// Adds a provider.
    pub async fn create_provider(&self, create: &CreateProvider) -> Result<Provider, Problem> {
        self.call(Method::Post, Path::new(&["providers"]), create).await
    }

    /// Changes a provider.
    pub async fn update_provider(&self, slug: &str, update: &UpdateProvider) -> Result<Provider, Problem> {
        self.call(Method::Patch, Path::new(&["providers", slug]), update).await
    }

    /// Removes a provider. Accounts stay; nobody signs in with it any more.
    pub async fn delete_provider(&self, slug: &str) -> Result<(), Problem> {
        self.tell(Method::Delete, Path::new(&["providers", slug])).await
    }

    /// Who the caller is at the providers.
    pub async fn list_identities(&self) -> Result<List<Identity>, Problem> {
        self.get(Path::new(&["me", "identities"])).await
    }

    /// Begins to link the caller to somebody at a provider; the session must be at most ten minutes old.
    pub async fn link_identity(&self, link: &LinkIdentity) -> Result<Departure, Problem> {
        self.call(Method::Post, Path::new(&["me", "identities"]), link).await
    }

    /// Begins to try a provider: the caller signs in there, and [`Provider::trial`] says how it went.
    pub async fn try_provider(&self, slug: &str) -> Result<Departure, Problem> {
        self.call(Method::Post, Path::new(&["providers", slug, "trial"]), &()).await
    }

    /// Ends a link of the caller.
    pub async fn delete_identity(&self, id: Ulid) -> Result<(), Problem> {
        self.tell(Method::Delete, Path::new(&["me", "identities", &id.to_string()])).await
    }
}

#[cfg(test)]
mod tests {
    use super::{check_group, check_group_count, group_fits};

    #[test]
    fn a_pattern_is_neither_empty_nor_long_nor_full_of_stars() {
        for good in ["a", "/eng/**/*/*", &"a".repeat(512)] {
            assert!(check_group(good).is_ok(), "{good}");
        }
        for bad in ["", "a*b*c*d*e*", "a\0", &"a".repeat(513)] {
            assert!(check_group(bad).is_err(), "{bad}");
        }
        assert!(check_group_count(64).is_ok() && check_group_count(65).is_err());
    }

    #[test]
    fn a_star_stays_in_its_part_and_two_do_not() {
        for (pattern, group) in [
            ("ops", "ops"),
            ("/eng/*", "/eng/web"),
            ("/eng/*/lead", "/eng/web/lead"),
            ("/eng/**", "/eng/web/lead"),
            ("**", ""),
            ("*", "ops"),
            ("*-admins", "shop-admins"),
            ("运维*", "运维组"),
        ] {
            assert!(group_fits(pattern, group), "{pattern} {group}");
        }
        for (pattern, group) in [
            ("ops", "Ops"),
            ("ops", "ops2"),
            ("ops", "my-ops"),
            ("/eng/*", "/eng/web/lead"),
            ("/eng/*", "/eng"),
            ("*", "/ops"),
            ("", "ops"),
            ("*-admins", "shop-admins2"),
            ("*/admins", "a/b/admins"),
        ] {
            assert!(!group_fits(pattern, group), "{pattern} {group}");
        }
    }
}
