//! Teams: groups of accounts that have a role in projects together.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use ulid::Ulid;

use crate::client::{Client, Method, Path};
use crate::list::{List, ListQuery};
use crate::permission::ProjectRole;
use crate::problem::Problem;
use crate::project::SetMember;
use crate::user::UserState;

/// A team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Team {
    /// The team's id.
    pub id: Ulid,
    /// Its name.
    pub name: String,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// How many accounts were added to it; whoever is in it by a group of an identity provider does not count.
    pub members: u64,
    /// In how many projects it has a role.
    pub projects: u64,
}

/// Makes a team.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateTeam {
    /// Its name: small letters, digits and single dashes. It cannot be changed.
    pub name: String,
}

/// An account in a team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TeamMember {
    /// The account's id.
    pub user: Ulid,
    /// The name used to sign in.
    pub username: String,
    /// Whether the account can sign in.
    pub state: UserState,
}

/// A group of an identity provider whose people are in a team, as long as the provider says that they are in the group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TeamGroup {
    /// The provider's name in addresses.
    pub provider: String,
    /// What the provider's button says.
    pub provider_name: String,
    /// The group's name; `*` stands for what has no slash, `**` for anything.
    pub pattern: String,
}

/// Says which groups belong to a team, in place of those that did.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SetTeamGroups {
    /// The groups, at most 64.
    pub groups: Vec<SetTeamGroup>,
}

/// A group that belongs to a team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SetTeamGroup {
    /// The provider's name in addresses.
    pub provider: String,
    /// The group's name: 1 to 512 bytes without control characters and with at most four stars.
    pub pattern: String,
}

/// A project that a team has a role in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TeamProject {
    /// The project's name.
    pub project: String,
    /// The role that everybody in the team has there.
    pub role: ProjectRole,
}

/// A team with a role in a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TeamGrant {
    /// The team's name.
    pub team: String,
    /// The role that everybody in the team has in the project.
    pub role: ProjectRole,
    /// How many accounts were added to the team; whoever is in it by a group does not count.
    pub members: u64,
}

impl Client {
    /// The teams.
    pub async fn list_teams(&self, query: &ListQuery) -> Result<List<Team>, Problem> {
        self.get(Path::new(&["teams"]).query(&query.to_query())).await
    }

    /// A team.
    pub async fn team(&self, team: &str) -> Result<Team, Problem> {
        self.get(Path::new(&["teams", team])).await
    }

    /// Makes a team.
    pub async fn create_team(&self, create: &CreateTeam) -> Result<Team, Problem> {
        self.call(Method::Post, Path::new(&["teams"]), create).await
    }

    /// Removes a team; what it gave ends.
    pub async fn delete_team(&self, team: &str) -> Result<(), Problem> {
        self.tell(Method::Delete, Path::new(&["teams", team])).await
    }

    /// The accounts in a team.
    pub async fn list_team_members(&self, team: &str, query: &ListQuery) -> Result<List<TeamMember>, Problem> {
        self.get(Path::new(&["teams", team, "members"]).query(&query.to_query())).await
    }

    /// Puts an account into a team.
    pub async fn set_team_member(&self, team: &str, username: &str) -> Result<TeamMember, Problem> {
        self.call(Method::Put, Path::new(&["teams", team, "members", username]), &()).await
    }

    /// Takes an account out of a team.
    pub async fn delete_team_member(&self, team: &str, username: &str) -> Result<(), Problem> {
        self.tell(Method::Delete, Path::new(&["teams", team, "members", username])).await
    }

    /// The groups of identity providers that belong to a team.
    pub async fn list_team_groups(&self, team: &str) -> Result<List<TeamGroup>, Problem> {
        self.get(Path::new(&["teams", team, "groups"])).await
    }

    /// Says which groups belong to a team, in place of those that did.
    pub async fn set_team_groups(&self, team: &str, set: &SetTeamGroups) -> Result<List<TeamGroup>, Problem> {
        self.call(Method::Put, Path::new(&["teams", team, "groups"]), set).await
    }

    /// The projects that a team has a role in. Filter: `role`.
    pub async fn list_team_projects(&self, team: &str, query: &ListQuery) -> Result<List<TeamProject>, Problem> {
        self.get(Path::new(&["teams", team, "projects"]).query(&query.to_query())).await
    }

    /// The teams with a role in a project. Filter: `role`.
    pub async fn list_team_grants(&self, project: &str, query: &ListQuery) -> Result<List<TeamGrant>, Problem> {
        self.get(Path::new(&["projects", project, "teams"]).query(&query.to_query())).await
    }

    /// Gives a team a role in a project, or another one.
    pub async fn set_team_grant(&self, project: &str, team: &str, set: &SetMember) -> Result<TeamGrant, Problem> {
        self.call(Method::Put, Path::new(&["projects", project, "teams", team]), set).await
    }

    /// Takes a team's role in a project away.
    pub async fn delete_team_grant(&self, project: &str, team: &str) -> Result<(), Problem> {
        self.tell(Method::Delete, Path::new(&["projects", project, "teams", team])).await
    }
}
