//! Every route of the API with what it asks of its caller: the one table that the tests of routes go by.

use api::permission::Permission::{
    self, DeployApp, ManagePortal, ManageProject, OpenTerminal, OperateCluster, ViewApp, ViewCluster,
};
use api::token::Scope;
use axum::http::Method;
use serde_json::{Value, json};
use server::http::router::document;

/// What a route asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing.
    Open,
    /// To be somebody.
    SignedIn,
    /// To be somebody whose credential has the scope; what is found is what the caller may see, or the caller's own.
    Scoped(Scope),
    /// The same, and no robot.
    Account(Scope),
    /// A person at a browser, about itself.
    Session,
    /// The permission in the project of the path, which is missing to those outside it.
    Project(Permission),
    /// The same, from a person at a browser.
    ProjectSession(Permission),
    /// The permission in the whole portal.
    Portal(Permission),
    /// The same, from a person at a browser.
    PortalSession(Permission),
    /// The permission in the project of a container, which is missing to those outside it.
    Container(Permission),
    /// The permission in the project of an operation, which is missing to those outside it.
    Operation(Permission),
    /// To be in the team of the path, which is missing to others, or an administrator.
    Team,
}
use Needs::{
    Account, Container, Open, Operation, Portal, PortalSession, Project, ProjectSession, Scoped, Session, SignedIn,
    Team,
};

/// Every route. A new one needs its line here, or a test fails.
pub const ROUTES: &[(&str, &str, Needs)] = &[
    ("POST", "/api/v1/setup", Open),
    ("POST", "/api/v1/session", Open),
    ("POST", "/api/v1/invitation", Open),
    ("DELETE", "/api/v1/session", Session),
    ("GET", "/api/v1/me", SignedIn),
    ("PUT", "/api/v1/me/password", Session),
    ("GET", "/api/v1/me/two-factor", Account(Scope::Read)),
    ("POST", "/api/v1/me/two-factor", Session),
    ("DELETE", "/api/v1/me/two-factor", Session),
    ("POST", "/api/v1/me/two-factor/confirm", Session),
    ("POST", "/api/v1/me/two-factor/recovery-codes", Session),
    ("GET", "/api/v1/me/sessions", Account(Scope::Read)),
    ("DELETE", "/api/v1/me/sessions/{session}", Session),
    ("GET", "/api/v1/me/identities", Scoped(Scope::Read)),
    ("POST", "/api/v1/me/identities", Session),
    ("DELETE", "/api/v1/me/identities/{identity}", Session),
    ("GET", "/api/v1/tokens", Account(Scope::Read)),
    ("POST", "/api/v1/tokens", Session),
    ("DELETE", "/api/v1/tokens/{token}", Account(Scope::Admin)),
    ("POST", "/api/v1/tokens/{token}/rotate", Session),
    ("GET", "/api/v1/users", Portal(ManagePortal)),
    ("POST", "/api/v1/users", Portal(ManagePortal)),
    ("PATCH", "/api/v1/users/{user}", Portal(ManagePortal)),
    ("DELETE", "/api/v1/users/{user}", Portal(ManagePortal)),
    ("POST", "/api/v1/users/{user}/password-link", Portal(ManagePortal)),
    ("DELETE", "/api/v1/users/{user}/two-factor", Portal(ManagePortal)),
    ("GET", "/api/v1/portal", Portal(ManagePortal)),
    ("PUT", "/api/v1/portal", Portal(ManagePortal)),
    ("GET", "/api/v1/providers", Portal(ManagePortal)),
    ("POST", "/api/v1/providers", Portal(ManagePortal)),
    ("GET", "/api/v1/providers/{provider}", Portal(ManagePortal)),
    ("PATCH", "/api/v1/providers/{provider}", Portal(ManagePortal)),
    ("DELETE", "/api/v1/providers/{provider}", Portal(ManagePortal)),
    ("POST", "/api/v1/providers/{provider}/trial", PortalSession(ManagePortal)),
    ("GET", "/api/v1/audit", Portal(ManagePortal)),
    ("GET", "/api/v1/audit/export", Portal(ManagePortal)),
    ("GET", "/api/v1/audit/forwarding", Portal(ManagePortal)),
    ("GET", "/api/v1/projects", Scoped(Scope::Read)),
    ("POST", "/api/v1/projects", Portal(ManagePortal)),
    ("GET", "/api/v1/projects/{project}", Project(ViewApp)),
    ("DELETE", "/api/v1/projects/{project}", Project(ManagePortal)),
    ("GET", "/api/v1/projects/{project}/members", Project(ViewApp)),
    ("PUT", "/api/v1/projects/{project}/members/{username}", Project(ManageProject)),
    ("DELETE", "/api/v1/projects/{project}/members/{username}", Project(ManageProject)),
    ("GET", "/api/v1/projects/{project}/audit", Project(ManageProject)),
    ("GET", "/api/v1/projects/{project}/policy", Project(ViewApp)),
    ("PUT", "/api/v1/projects/{project}/policy", Project(ManagePortal)),
    ("GET", "/api/v1/projects/{project}/quota", Project(ViewApp)),
    ("PUT", "/api/v1/projects/{project}/quota", Project(ManagePortal)),
    ("GET", "/api/v1/projects/{project}/teams", Project(ViewApp)),
    ("PUT", "/api/v1/projects/{project}/teams/{team}", Project(ManageProject)),
    ("DELETE", "/api/v1/projects/{project}/teams/{team}", Project(ManageProject)),
    ("GET", "/api/v1/teams", Portal(ManagePortal)),
    ("POST", "/api/v1/teams", Portal(ManagePortal)),
    ("GET", "/api/v1/teams/{team}", Team),
    ("DELETE", "/api/v1/teams/{team}", Portal(ManagePortal)),
    ("GET", "/api/v1/teams/{team}/members", Team),
    ("PUT", "/api/v1/teams/{team}/members/{username}", Portal(ManagePortal)),
    ("DELETE", "/api/v1/teams/{team}/members/{username}", Portal(ManagePortal)),
    ("GET", "/api/v1/teams/{team}/groups", Team),
    ("PUT", "/api/v1/teams/{team}/groups", Portal(ManagePortal)),
    ("GET", "/api/v1/teams/{team}/projects", Team),
    ("GET", "/api/v1/projects/{project}/robots", Project(ManageProject)),
    ("POST", "/api/v1/projects/{project}/robots", ProjectSession(ManageProject)),
    ("PATCH", "/api/v1/projects/{project}/robots/{robot}", ProjectSession(ManageProject)),
    ("DELETE", "/api/v1/projects/{project}/robots/{robot}", ProjectSession(ManageProject)),
    ("POST", "/api/v1/projects/{project}/robots/{robot}/rotate", ProjectSession(ManageProject)),
    ("GET", "/api/v1/overview", Scoped(Scope::Read)),
    ("GET", "/api/v1/search", Scoped(Scope::Read)),
    ("GET", "/api/v1/clusters", Scoped(Scope::Read)),
    ("GET", "/api/v1/clusters/{cluster}", Scoped(Scope::Read)),
    ("GET", "/api/v1/clusters/{cluster}/disk-usage", Portal(ViewCluster)),
    ("GET", "/api/v1/clusters/{cluster}/nodes", Portal(ViewCluster)),
    ("GET", "/api/v1/clusters/{cluster}/nodes/{node}", Portal(ViewCluster)),
    ("GET", "/api/v1/clusters/{cluster}/events", Portal(ViewCluster)),
    ("GET", "/api/v1/clusters/{cluster}/containers", Portal(ViewCluster)),
    ("GET", "/api/v1/clusters/{cluster}/containers/{container}", Container(ViewApp)),
    ("DELETE", "/api/v1/clusters/{cluster}/containers/{container}", Container(DeployApp)),
    ("GET", "/api/v1/clusters/{cluster}/containers/{container}/inspect", Container(DeployApp)),
    ("GET", "/api/v1/clusters/{cluster}/containers/{container}/shells", Container(OpenTerminal)),
    ("GET", "/api/v1/clusters/{cluster}/containers/{container}/logs", Container(ViewApp)),
    ("GET", "/api/v1/clusters/{cluster}/containers/{container}/stats", Container(ViewApp)),
    ("GET", "/api/v1/clusters/{cluster}/containers/{container}/exec", Container(OpenTerminal)),
    ("GET", "/api/v1/clusters/{cluster}/containers/{container}/attach", Container(OpenTerminal)),
    ("GET", "/api/v1/clusters/{cluster}/nodes/{node}/stats", Portal(ViewCluster)),
    ("GET", "/api/v1/projects/{project}/apps/{app}/logs", Project(ViewApp)),
    ("GET", "/api/v1/projects/{project}/apps/{app}/stats", Project(ViewApp)),
    ("GET", "/api/v1/watch", Scoped(Scope::Read)),
    ("POST", "/api/v1/clusters/{cluster}/containers/{container}/{action}", Container(DeployApp)),
    ("GET", "/api/v1/clusters/{cluster}/images", Portal(ViewCluster)),
    ("GET", "/api/v1/clusters/{cluster}/images/{image}", Portal(ViewCluster)),
    ("DELETE", "/api/v1/clusters/{cluster}/images/{image}", Portal(OperateCluster)),
    ("POST", "/api/v1/clusters/{cluster}/images/{image}/tag", Portal(OperateCluster)),
    ("GET", "/api/v1/clusters/{cluster}/networks", Portal(ViewCluster)),
    ("DELETE", "/api/v1/clusters/{cluster}/networks/{network}", Portal(OperateCluster)),
    ("GET", "/api/v1/clusters/{cluster}/volumes", Portal(ViewCluster)),
    ("DELETE", "/api/v1/clusters/{cluster}/volumes/{volume}", Portal(OperateCluster)),
    ("GET", "/api/v1/apps", Scoped(Scope::Read)),
    ("GET", "/api/v1/projects/{project}/apps", Project(ViewApp)),
    ("POST", "/api/v1/projects/{project}/apps", Project(DeployApp)),
    ("POST", "/api/v1/projects/{project}/apps/preview", Project(DeployApp)),
    ("GET", "/api/v1/projects/{project}/apps/{app}", Project(ViewApp)),
    ("PUT", "/api/v1/projects/{project}/apps/{app}", Project(DeployApp)),
    ("DELETE", "/api/v1/projects/{project}/apps/{app}", Project(DeployApp)),
    ("POST", "/api/v1/projects/{project}/apps/{app}/preview", Project(DeployApp)),
    ("GET", "/api/v1/projects/{project}/apps/{app}/containers", Project(ViewApp)),
    ("POST", "/api/v1/projects/{project}/apps/{app}/rollback", Project(DeployApp)),
    ("POST", "/api/v1/projects/{project}/apps/{app}/start", Project(DeployApp)),
    ("POST", "/api/v1/projects/{project}/apps/{app}/stop", Project(DeployApp)),
    ("POST", "/api/v1/projects/{project}/apps/{app}/restart", Project(DeployApp)),
    ("GET", "/api/v1/projects/{project}/apps/{app}/services", Project(ViewApp)),
    ("POST", "/api/v1/projects/{project}/apps/{app}/services/{service}/scale", Project(DeployApp)),
    ("POST", "/api/v1/projects/{project}/apps/{app}/services/{service}/start", Project(DeployApp)),
    ("POST", "/api/v1/projects/{project}/apps/{app}/services/{service}/stop", Project(DeployApp)),
    ("POST", "/api/v1/projects/{project}/apps/{app}/services/{service}/restart", Project(DeployApp)),
    ("GET", "/api/v1/projects/{project}/apps/{app}/releases", Project(ViewApp)),
    ("GET", "/api/v1/projects/{project}/apps/{app}/releases/compare", Project(ViewApp)),
    ("GET", "/api/v1/projects/{project}/apps/{app}/releases/{release}", Project(ViewApp)),
    ("GET", "/api/v1/operations", Scoped(Scope::Read)),
    ("GET", "/api/v1/operations/{operation}", Operation(ViewApp)),
    ("POST", "/api/v1/operations/{operation}/cancel", Operation(DeployApp)),
    ("GET", "/api/v1/operations/{operation}/watch", Operation(ViewApp)),
    ("GET", "/api/v1/templates", Scoped(Scope::Read)),
    ("POST", "/api/v1/clusters/{cluster}/images/pull", Portal(OperateCluster)),
    ("POST", "/api/v1/clusters/{cluster}/images/prune", Portal(OperateCluster)),
];

/// Bodies for routes that ask for one, so that who may is decided and not what is wrong with the body.
const BODIES: &[(&str, &str, &str)] = &[
    ("PUT", "/api/v1/me/password", r#"{"current_password": "a", "new_password": "b"}"#),
    ("POST", "/api/v1/tokens", r#"{"name": "a", "days": 1}"#),
    ("POST", "/api/v1/users", r#"{"username": "a"}"#),
    ("PATCH", "/api/v1/users/{user}", r#"{"disabled": true}"#),
    (
        "POST",
        "/api/v1/providers",
        r#"{"slug": "a", "name": "A", "kind": "oidc", "issuer": "https://id.example", "client_id": "a"}"#,
    ),
    ("PATCH", "/api/v1/providers/{provider}", r#"{"admin_groups": ["**"]}"#),
    ("POST", "/api/v1/me/identities", r#"{"provider": "none", "next": "/"}"#),
    ("POST", "/api/v1/me/two-factor", r#"{"password": "a"}"#),
    ("DELETE", "/api/v1/me/two-factor", r#"{"password": "a"}"#),
    ("POST", "/api/v1/me/two-factor/confirm", r#"{"code": "123456"}"#),
    ("POST", "/api/v1/me/two-factor/recovery-codes", r#"{"password": "a"}"#),
    ("PUT", "/api/v1/portal", r#"{"password_sign_in": "everybody"}"#),
    ("PUT", "/api/v1/projects/{project}/quota", r#"{"containers": 1}"#),
    ("PUT", "/api/v1/teams/{team}/groups", r#"{"groups": []}"#),
    ("POST", "/api/v1/projects", r#"{"name": "a"}"#),
    ("PUT", "/api/v1/projects/{project}/members/{username}", r#"{"role": "guest"}"#),
    ("PUT", "/api/v1/projects/{project}/policy", r#"{"allowed": [], "bind_roots": []}"#),
    ("PUT", "/api/v1/projects/{project}/teams/{team}", r#"{"role": "guest"}"#),
    ("POST", "/api/v1/teams", r#"{"name": "a"}"#),
    ("POST", "/api/v1/projects/{project}/robots", r#"{"name": "a", "role": "guest", "scopes": ["read"], "days": 1}"#),
    ("POST", "/api/v1/clusters/{cluster}/images/{image}/tag", r#"{"tag": "a:b"}"#),
    ("POST", "/api/v1/projects/{project}/apps", r#"{"name": "a", "cluster": "local", "compose": ""}"#),
    ("POST", "/api/v1/projects/{project}/apps/preview", r#"{"name": "a", "cluster": "local", "compose": ""}"#),
    ("PUT", "/api/v1/projects/{project}/apps/{app}", r#"{"compose": ""}"#),
    ("POST", "/api/v1/projects/{project}/apps/{app}/preview", r#"{"compose": ""}"#),
    ("POST", "/api/v1/projects/{project}/apps/{app}/rollback", r#"{"release": 1}"#),
    ("POST", "/api/v1/projects/{project}/apps/{app}/services/{service}/scale", r#"{"replicas": 1}"#),
    ("POST", "/api/v1/clusters/{cluster}/images/pull", r#"{"image": "a"}"#),
];

/// What to send to a route.
pub fn body(method: &str, path: &str) -> Value {
    let known = BODIES.iter().find(|(m, p, _)| *m == method && *p == path);
    known.map_or_else(|| json!({}), |(_, _, body)| serde_json::from_str(body).unwrap())
}

/// Every route of the document as method and path.
pub fn routes() -> Vec<(Method, String)> {
    let document = serde_json::to_value(document()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let routes = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().keys().filter_map(|name| name.to_uppercase().parse::<Method>().ok());
        methods
            .filter(|method| method.as_str().chars().all(|c| c.is_ascii_uppercase()))
            .map(|method| (method, path.clone()))
    });
    routes.filter(|(method, _)| ["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&method.as_str())).collect()
}

/// The path with something in its places: the name of the foreign project and team, and an id that names nothing.
pub fn filled(path: &str) -> String {
    let parts = path.split('/').map(|part| match part {
        "{project}" | "{team}" => "bank",
        "{cluster}" => "local",
        "{action}" => "start",
        "{release}" => "1",
        "compare" => "compare?from=1&to=2",
        part if part.starts_with('{') => "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}
