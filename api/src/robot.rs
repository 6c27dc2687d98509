//! Robots: accounts of a project's own for programs, such as a build server.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use ulid::Ulid;

use crate::client::{Client, Method, Path};
use crate::list::List;
use crate::name::MAX_NAME_LENGTH;
use crate::permission::ProjectRole;
use crate::problem::Problem;
use crate::token::Scope;

/// What every robot's secret begins with, so that scanners can find a leaked one.
pub const ROBOT_PREFIX: &str = "gantry_rob_";
/// The longest life of a robot's secret, in days.
pub const MAX_ROBOT_DAYS: u32 = 366;
/// What a robot may be used for: it never manages anything.
pub const ROBOT_SCOPES: [Scope; 3] = [Scope::Read, Scope::Deploy, Scope::Registry];
/// The longest full name, in bytes.
pub const MAX_FULL_NAME_LENGTH: usize = "robot$+".len() + 2 * MAX_NAME_LENGTH;

/// A robot; its secret is shown once, when it is made or replaced, and only its hash is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Robot {
    /// The robot's id.
    pub id: Ulid,
    /// What its project calls it.
    pub name: String,
    /// What the audit log and the registry call it: `robot$project+name`.
    pub full_name: String,
    /// The role in its project: guest or developer.
    pub role: ProjectRole,
    /// What it may be used for, each once.
    pub scopes: Vec<Scope>,
    /// When it was made, or its secret was replaced.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// Who made it, by user name.
    pub created_by: String,
    /// When its secret stops working.
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
    /// When it was last used, to the minute.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<OffsetDateTime>,
    /// Whether it is shut: its secret does not work meanwhile.
    pub disabled: bool,
}

/// Makes a robot.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateRobot {
    /// Its name in the project: lower-case letters, digits and inner hyphens. It cannot be changed.
    pub name: String,
    /// The role in the project: guest or developer.
    pub role: ProjectRole,
    /// What it may be used for: at least one of read, deploy and registry.
    pub scopes: Vec<Scope>,
    /// How long its secret works, in days: 1 to 366.
    pub days: u32,
}

/// Changes a robot; what is absent stays.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct UpdateRobot {
    /// Shuts the robot, or opens it again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
}

/// A robot just made or rotated, with its secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedRobot {
    /// The robot.
    pub robot: Robot,
    /// The secret, for `Authorization: Bearer`. It is not shown again.
    pub secret: String,
}

/// What the robot of a project is called outside of it.
pub fn full_name(project: &str, name: &str) -> String {
    format!("robot${project}+{name}")
}

impl Client {
    /// The robots of a project, by name.
    pub async fn list_robots(&self, project: &str) -> Result<List<Robot>, Problem> {
        self.get(Path::new(&["projects", project, "robots"])).await
    }

    /// Makes a robot.
    pub async fn create_robot(&self, project: &str, create: &CreateRobot) -> Result<CreatedRobot, Problem> {
        self.call(Method::Post, Path::new(&["projects", project, "robots"]), create).await
    }

    /// Changes a robot.
    pub async fn update_robot(&self, project: &str, name: &str, update: &UpdateRobot) -> Result<Robot, Problem> {
        self.call(Method::Patch, Path::new(&["projects", project, "robots", name]), update).await
    }

    /// Removes a robot; its secret stops working at once.
    pub async fn delete_robot(&self, project: &str, name: &str) -> Result<(), Problem> {
        self.tell(Method::Delete, Path::new(&["projects", project, "robots", name])).await
    }

    /// Replaces a robot's secret; the old one stops working at once.
    pub async fn rotate_robot(&self, project: &str, name: &str) -> Result<CreatedRobot, Problem> {
        self.call(Method::Post, Path::new(&["projects", project, "robots", name, "rotate"]), &()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_full_name_is_as_long_as_it_says() {
        let longest = "a".repeat(MAX_NAME_LENGTH);
        assert_eq!(full_name(&longest, &longest).len(), MAX_FULL_NAME_LENGTH);
        assert_eq!(full_name("shop", "ci"), "robot$shop+ci");
    }
}
