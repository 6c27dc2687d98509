//! The addresses of the pages, made in one place.

use api::{
    client::Query,
    overview::{Target, TargetKind},
};

/// The overview.
pub const OVERVIEW: &str = "/";
/// The apps of all projects.
pub const APPS: &str = "/apps";
/// The page that makes an app.
pub const NEW_APP: &str = "/apps/new";
/// The operations.
pub const OPERATIONS: &str = "/operations";
/// The projects.
pub const PROJECTS: &str = "/projects";
/// The accounts.
pub const USERS: &str = "/users";
/// The teams.
pub const TEAMS: &str = "/teams";
/// The identity providers.
pub const PROVIDERS: &str = "/providers";
/// The page that adds an identity provider.
pub const NEW_PROVIDER: &str = "/providers/new";
/// The settings of the whole portal.
pub const SETTINGS: &str = "/settings";
/// The audit log.
pub const AUDIT: &str = "/audit";
/// The account.
pub const ACCOUNT: &str = "/account";

/// A kind of engine object that has a list page of its own below its cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Noun {
    Containers,
    Images,
    Networks,
    Volumes,
    Nodes,
    Events,
}

impl Noun {
    /// Its part of the address.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Containers => "containers",
            Self::Images => "images",
            Self::Networks => "networks",
            Self::Volumes => "volumes",
            Self::Nodes => "nodes",
            Self::Events => "events",
        }
    }
}

/// A path of escaped segments.
fn path(segments: &[&str]) -> String {
    // The contract's paths escape segments already; only their prefix is another.
    api::client::Path::new(segments).as_str().trim_start_matches(api::API_PREFIX).to_owned()
}

/// The list of a cluster's objects.
pub fn list(cluster: &str, noun: Noun) -> String {
    path(&["clusters", cluster, noun.as_str()])
}

/// The same with the rows already searched for a text.
pub fn search(cluster: &str, noun: Noun, q: &str) -> String {
    format!("{}?{}", list(cluster, noun), Query::new().with("q", q).as_str())
}

/// One object of a cluster.
pub fn detail(cluster: &str, noun: Noun, id: &str) -> String {
    path(&["clusters", cluster, noun.as_str(), id])
}

/// One project.
pub fn project(project: &str) -> String {
    path(&["projects", project])
}

/// One team.
pub fn team(team: &str) -> String {
    path(&["teams", team])
}

/// The apps of a project.
pub fn apps_of(project: &str) -> String {
    format!("{APPS}?{}", Query::new().with("project", project).as_str())
}

/// One app.
pub fn app(project: &str, app: &str) -> String {
    path(&["projects", project, "apps", app])
}

/// One operation.
pub fn operation(id: &str) -> String {
    path(&["operations", id])
}

/// One identity provider.
pub fn provider(slug: &str) -> String {
    path(&["providers", slug])
}

/// Where a sign-in with an identity provider begins; it leads back to `next`.
pub fn sign_in_with(slug: &str, next: &str) -> String {
    let start = path(&["auth", "providers", slug, "start"]);
    if next.is_empty() { start } else { format!("{start}?{}", Query::new().with("next", next).as_str()) }
}

/// Where an identity provider sends people back to.
pub fn sign_in_callback(slug: &str) -> String {
    path(&["auth", "providers", slug, "callback"])
}

/// The sign-in page that leads back to an address.
pub fn sign_in(next: &str) -> String {
    if next.is_empty() || next == OVERVIEW || next.starts_with("/login") {
        return "/login".to_owned();
    }
    format!("/login?{}", Query::new().with("next", next).as_str())
}

/// The sign-in page at a step after the password.
pub fn sign_in_step(step: &str, next: &str) -> String {
    let query = Query::new().with("step", step);
    let query = if next.is_empty() { query } else { query.with("next", next) };
    format!("/login?{}", query.as_str())
}

/// Where an object is shown.
pub fn target(target: &Target) -> String {
    let cluster = target.cluster.as_deref().unwrap_or(api::cluster::LOCAL_CLUSTER);
    match target.kind {
        TargetKind::App => app(target.project.as_deref().unwrap_or(api::project::DEFAULT_PROJECT), &target.name),
        TargetKind::Cluster => OVERVIEW.to_owned(),
        TargetKind::Container => detail(cluster, Noun::Containers, &target.id),
        TargetKind::Image => detail(cluster, Noun::Images, &target.id),
        TargetKind::Network => search(cluster, Noun::Networks, &target.name),
        TargetKind::Node => detail(cluster, Noun::Nodes, &target.id),
        TargetKind::Operation => operation(&target.id),
        TargetKind::Volume => search(cluster, Noun::Volumes, &target.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_stays_one_segment_of_the_address() {
        assert_eq!(detail("local", Noun::Images, "sha256:ab/../c"), "/clusters/local/images/sha256%3Aab%2F..%2Fc");
        assert_eq!(list("local", Noun::Containers), "/clusters/local/containers");
        assert_eq!(project("a/b"), "/projects/a%2Fb");
        assert_eq!(apps_of("shop"), "/apps?project=shop");
    }

    #[test]
    fn a_sign_in_with_a_provider_keeps_where_it_leads() {
        assert_eq!(sign_in_with("corp", ""), "/auth/providers/corp/start");
        assert_eq!(sign_in_with("corp", "/apps?q=a b"), "/auth/providers/corp/start?next=%2Fapps%3Fq%3Da%20b");
        assert_eq!(sign_in_callback("corp"), "/auth/providers/corp/callback");
    }

    #[test]
    fn sign_in_leads_back_but_never_to_itself() {
        assert_eq!(sign_in("/apps?q=a b"), "/login?next=%2Fapps%3Fq%3Da%20b");
        assert_eq!(sign_in("/"), "/login");
        assert_eq!(sign_in("/login?next=%2F"), "/login");
    }
}
