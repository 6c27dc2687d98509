//! Who may do what: one table, used by the server, the console and the tests.

use serde::{Deserialize, Serialize};

use crate::token::Scope;

/// A role in the whole portal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SystemRole {
    /// Manages the portal, its clusters and everything in them.
    Admin,
    /// Has only what its projects give.
    Member,
}

/// A role in a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ProjectRole {
    /// Sees and pulls.
    Guest,
    /// Also deploys, operates and opens terminals.
    Developer,
    /// Also manages members and the project itself.
    Admin,
}

/// Something one may be allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// See the engine's own objects and facts: all containers, images, networks, volumes, nodes and events.
    ViewCluster,
    /// Change the engine's own objects: start, stop, remove containers, pull and remove images.
    OperateCluster,
    /// See a project's apps, containers, releases, logs and figures.
    ViewApp,
    /// Create, change, scale, restart, roll back and delete apps.
    DeployApp,
    /// Open a terminal in a container of a project.
    OpenTerminal,
    /// Open a terminal as another user than the container's own.
    OpenTerminalAsOther,
    /// Manage a project's members, robots and settings.
    ManageProject,
    /// Make and delete projects, and manage users and teams.
    ManagePortal,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 8] = [
        Self::ViewCluster,
        Self::OperateCluster,
        Self::ViewApp,
        Self::DeployApp,
        Self::OpenTerminal,
        Self::OpenTerminalAsOther,
        Self::ManageProject,
        Self::ManagePortal,
    ];

    /// What it allows, for the user guide.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::ViewCluster => {
                "See the engine's own objects and facts: all containers, images, networks, volumes, nodes and events."
            }
            Self::OperateCluster => {
                "Change the engine's own objects: start, stop, remove containers, pull and remove images."
            }
            Self::ViewApp => "See a project's apps, containers, releases, logs and figures.",
            Self::DeployApp => "Create, change, scale, restart, roll back and delete apps.",
            Self::OpenTerminal => "Open a terminal in a container of a project.",
            Self::OpenTerminalAsOther => "Open a terminal as another user than the container's own.",
            Self::ManageProject => "Manage a project's members, robots and settings.",
            Self::ManagePortal => "Make and delete projects, and manage users and teams.",
        }
    }

    /// The scope that a token needs for it.
    pub const fn scope(self) -> Scope {
        match self {
            Self::ViewCluster | Self::ViewApp => Scope::Read,
            Self::OperateCluster | Self::DeployApp | Self::OpenTerminal | Self::OpenTerminalAsOther => Scope::Deploy,
            Self::ManageProject | Self::ManagePortal => Scope::Admin,
        }
    }

    /// The least project role that has it; `None` where only a system administrator has.
    pub const fn least_role(self) -> Option<ProjectRole> {
        match self {
            Self::ViewApp => Some(ProjectRole::Guest),
            Self::DeployApp | Self::OpenTerminal => Some(ProjectRole::Developer),
            Self::OpenTerminalAsOther | Self::ManageProject => Some(ProjectRole::Admin),
            Self::ViewCluster | Self::OperateCluster | Self::ManagePortal => None,
        }
    }
}

/// Whether a caller with these roles has `permission`; `project` is the role in the object's project, if any.
pub fn allows(system: SystemRole, project: Option<ProjectRole>, permission: Permission) -> bool {
    if system == SystemRole::Admin {
        return true;
    }
    match (permission.least_role(), project) {
        (Some(least), Some(role)) => role >= least,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_guide_has_this_table() {
        let guide = include_str!("../../docs/user-guide/people.md");
        let (_, rest) = guide.split_once("<!-- permissions -->\n").unwrap();
        let table: Vec<&str> = rest.split_once("<!-- /permissions -->").unwrap().0.lines().skip(2).collect();
        let row = |permission: Permission| {
            let members = [ProjectRole::Guest, ProjectRole::Developer, ProjectRole::Admin];
            let member = members.map(|role| allows(SystemRole::Member, Some(role), permission));
            let cells = member.into_iter().chain([allows(SystemRole::Admin, None, permission)]);
            let cells: String = cells.map(|has| if has { " ✓ |" } else { " |" }).collect();
            format!("| {} |{cells}", permission.meaning())
        };
        assert_eq!(table, Permission::ALL.map(row));
    }

    #[test]
    fn a_higher_project_role_never_loses_a_permission() {
        for permission in Permission::ALL {
            let has = [ProjectRole::Guest, ProjectRole::Developer, ProjectRole::Admin]
                .map(|role| allows(SystemRole::Member, Some(role), permission));
            assert!(has.is_sorted(), "{permission:?}");
            assert!(allows(SystemRole::Admin, None, permission));
            assert!(!allows(SystemRole::Member, None, permission), "{permission:?} without any membership");
        }
    }
}
