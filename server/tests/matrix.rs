//! Every route against every kind of caller. What each must get follows from the table of routes and the one of
//! permissions; whoever is refused has changed nothing.

use std::collections::BTreeMap;

use api::operation::OperationState;
use api::permission::{Permission, ProjectRole, SystemRole, allows};
use api::token::Scope;
use axum::http::Method;
use sea_orm::{ConnectionTrait as _, Statement};
use serde_json::json;
use server::db;

use crate::route_table::{Needs, ROUTES, body, filled};
use crate::support::{Answer, Bench, Client, TestPortal, each_bench, eventually, story};

/// How a caller proves who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proof {
    Nothing,
    Expired,
    Session,
    Token(&'static [Scope]),
    Robot(&'static [Scope]),
}
use Proof::{Expired, Nothing, Robot, Session, Token};

/// Somebody who asks; `role` is the one in the project `bank`.
struct Caller {
    name: &'static str,
    client: Client,
    system: SystemRole,
    role: Option<ProjectRole>,
    proof: Proof,
}

/// What somebody must get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    /// To be let in; what becomes of it is for other tests.
    Allowed,
    /// A status and the key of its text.
    Refused(u16, &'static str),
}
use Expected::{Allowed, Refused};

const UNAUTHENTICATED: Expected = Refused(401, "problem.unauthenticated.detail");
const ROLE: Expected = Refused(403, "forbidden.role");
const SCOPE: Expected = Refused(403, "forbidden.scope");
const SESSION_ONLY: Expected = Refused(403, "forbidden.session-only");

impl Expected {
    /// What a second question makes of it.
    fn and(self, second: Self) -> Self {
        if self == Allowed { second } else { self }
    }
}

impl Caller {
    fn expected(&self, needs: Needs) -> Expected {
        // A secret that does not work is refused also where none is needed.
        if self.proof == Expired || (self.proof == Nothing && needs != Needs::Open) {
            return UNAUTHENTICATED;
        }
        let person = if self.proof == Session { Allowed } else { SESSION_ONLY };
        match needs {
            Needs::Open | Needs::SignedIn => Allowed,
            Needs::Account(_) if matches!(self.proof, Robot(_)) => SESSION_ONLY,
            Needs::Scoped(scope) | Needs::Account(scope) => self.covers(scope),
            Needs::Session => person,
            Needs::Project(permission) => self.within("not-found.project", permission),
            Needs::ProjectSession(permission) => self.within("not-found.project", permission).and(person),
            Needs::Portal(permission) => self.has(None, permission),
            Needs::PortalSession(permission) => person.and(self.has(None, permission)),
            Needs::Container(permission) => {
                self.covers(Scope::Read).and(self.within("not-found.container", permission))
            }
            Needs::Operation(permission) => {
                self.covers(Scope::Read).and(self.within("not-found.operation", permission))
            }
            Needs::Team if self.system == SystemRole::Admin => self.covers(Scope::Read),
            Needs::Team => self.covers(Scope::Read).and(Refused(404, "not-found.team")),
        }
    }

    fn covers(&self, scope: Scope) -> Expected {
        let covered = match self.proof {
            Session => true,
            Token(scopes) | Robot(scopes) => Scope::covered(scopes, scope),
            Nothing | Expired => false,
        };
        if covered { Allowed } else { SCOPE }
    }

    fn has(&self, role: Option<ProjectRole>, permission: Permission) -> Expected {
        if allows(self.system, role, permission) { self.covers(permission.scope()) } else { ROLE }
    }

    /// The same in the project, which is missing, as `missing`, to those outside it.
    fn within(&self, missing: &'static str, permission: Permission) -> Expected {
        if self.system != SystemRole::Admin && self.role.is_none() {
            return Refused(404, missing);
        }
        self.has(self.role, permission)
    }

    /// The routes that give what `wanted` says, those last that take away what others ask for.
    fn routes(&self, wanted: impl Fn(Expected) -> bool) -> Vec<(Method, &'static str, Expected)> {
        let routes = ROUTES.iter().map(|(method, path, needs)| (*method, *path, self.expected(*needs)));
        let mut routes: Vec<_> = routes.filter(|(.., expected)| wanted(*expected)).collect();
        routes.sort_by_key(|(method, path, _)| (*path == "/api/v1/session", *method == "DELETE"));
        routes.into_iter().map(|(method, path, expected)| (method.parse().unwrap(), path, expected)).collect()
    }
}

/// What the paths name that is really there: an app that was deployed, its container, and the operation that did it.
struct There {
    container: String,
    operation: String,
}

impl There {
    async fn new(bench: &Bench) -> Self {
        bench.portal.project("bank").await;
        bench.admin.post("/api/v1/teams", &json!({"name": "bank"})).await.expect(201);
        let app = json!({"name": "vault", "cluster": "local", "compose": "services:\n  web:\n    image: web:1\n"});
        let made = bench.admin.post("/api/v1/projects/bank/apps", &app).await.expect(202).json();
        let operation = made["operation"].as_str().unwrap().to_owned();
        let ended = bench.ended(&operation).await;
        assert_eq!(ended.state, OperationState::Succeeded, "{}", story(&ended));
        let names: Vec<String> =
            bench.engine.look(|state| state.containers.values().map(|container| container.name.clone()).collect());
        assert_eq!(names.len(), 1, "{names:?}");
        let cluster = bench.portal.state.clusters.get("local").unwrap().clone();
        eventually("the portal sees the container", async || {
            let picture = cluster.picture();
            picture.containers.iter().any(|container| container.project.as_deref() == Some("bank"))
        })
        .await;
        let container = names.into_iter().next().unwrap();
        Self { container, operation }
    }

    fn path(&self, path: &str, app: &str) -> String {
        let path = path.replace("{container}", &self.container).replace("{operation}", &self.operation);
        filled(&path.replace("{app}", app).replace("{service}", "web"))
    }
}

async fn callers(bench: &Bench) -> Vec<Caller> {
    let portal = &bench.portal;
    let late = portal.token_for("late", SystemRole::Admin, &Scope::ALL).await;
    let sql = format!("UPDATE tokens SET expires_at = {}", db::now() - 1);
    let expired = portal.state.db.write(async |txn| txn.execute_unprepared(&sql).await.map_err(db::Error::from));
    expired.await.unwrap();
    let wish = json!({"name": "ci", "role": "developer", "scopes": ["read", "deploy"], "days": 1});
    let made = bench.admin.post("/api/v1/projects/bank/robots", &wish).await.expect(201).json();
    let robot = portal.anonymous().with_token(made["secret"].as_str().unwrap());
    let guest = portal.member("gus", "bank", ProjectRole::Guest).await;
    let developer = portal.member("dora", "bank", ProjectRole::Developer).await;
    let project_admin = portal.member("pia", "bank", ProjectRole::Admin).await;
    let admin_token = async |name, scopes: &'static [Scope]| portal.token_for(name, SystemRole::Admin, scopes).await;
    let (member, admin) = (SystemRole::Member, SystemRole::Admin);
    let caller = |name, client, system, role, proof| Caller { name, client, system, role, proof };
    // The administrator comes last, who deletes what the others ask for.
    vec![
        caller("anonymous", portal.anonymous(), member, None, Nothing),
        caller("expired token", late, admin, None, Expired),
        caller("no member", portal.outsider("eve").await, member, None, Session),
        caller("guest", guest, member, Some(ProjectRole::Guest), Session),
        caller(
            "guest's token",
            portal.token("gus", member).await,
            member,
            Some(ProjectRole::Guest),
            Token(&Scope::ALL),
        ),
        caller("developer", developer, member, Some(ProjectRole::Developer), Session),
        caller("robot", robot, member, Some(ProjectRole::Developer), Robot(&[Scope::Read, Scope::Deploy])),
        caller("project admin", project_admin, member, Some(ProjectRole::Admin), Session),
        caller("token for reading", admin_token("ada", &[Scope::Read]).await, admin, None, Token(&[Scope::Read])),
        caller(
            "token for the registry",
            admin_token("ida", &[Scope::Registry]).await,
            admin,
            None,
            Token(&[Scope::Registry]),
        ),
        caller("admin", bench.admin.clone(), admin, None, Session),
    ]
}

/// How many rows there are of everything that a request could make or remove.
async fn counts(portal: &TestPortal) -> BTreeMap<&'static str, i64> {
    let mut counts = BTreeMap::new();
    for table in [
        "users",
        "projects",
        "memberships",
        "apps",
        "releases",
        "operations",
        "tokens",
        "robots",
        "teams",
        "team_members",
        "team_grants",
        "providers",
        "identities",
        "password_links",
        "project_policies",
        "sessions",
    ] {
        let sql = format!("SELECT COUNT(*) FROM {table}");
        let statement = Statement::from_string(portal.state.db.backend(), sql);
        let row = portal.state.db.read().query_one_raw(statement).await.unwrap().unwrap();
        counts.insert(table, row.try_get_by_index::<i64>(0).unwrap());
    }
    counts
}

/// The key of a problem's text; empty where the answer is none.
fn key(answer: &Answer) -> String {
    if answer.header("content-type") != "application/problem+json" {
        return String::new();
    }
    answer.json()["message"]["key"].as_str().unwrap_or_default().to_owned()
}

/// Whether a key says that the caller is not let in.
fn refuses(key: &str, path: &str) -> bool {
    let (_, last) = path.rsplit_once('{').unwrap_or_default();
    let hidden = ["not-found.project", "not-found.container", "not-found.operation", "not-found.route"];
    key.starts_with("forbidden.")
        || key == "problem.unauthenticated.detail"
        || hidden.contains(&key)
        || (key == "not-found.team" && last == "team}")
}

#[tokio::test]
async fn every_caller_gets_what_the_tables_say_and_the_refused_change_nothing() {
    each_bench(async |bench| {
        let there = There::new(&bench).await;
        let callers = callers(&bench).await;

        bench.engine.clear_requests();
        let before = counts(&bench.portal).await;
        for caller in &callers {
            for (method, path, expected) in caller.routes(|expected| expected != Allowed) {
                let Refused(status, text) = expected else { continue };
                let body = body(method.as_str(), path);
                let answer = caller.client.write(method.clone(), &there.path(path, "vault"), Some(&body)).await;
                let got = (answer.status.as_u16(), key(&answer));
                assert_eq!(got, (status, text.to_owned()), "{}: {method} {path}: {}", caller.name, answer.text());
            }
            assert_eq!(counts(&bench.portal).await, before, "{} changed something", caller.name);
        }
        assert!(bench.engine.writes().is_empty(), "refused, and done: {}", bench.engine.requests().text());

        for caller in &callers {
            for (method, path, _) in caller.routes(|expected| expected == Allowed) {
                // Without the app, so that the next one finds it.
                let body = body(method.as_str(), path);
                let answer = caller.client.write(method.clone(), &there.path(path, "none"), Some(&body)).await;
                let what = format!("{}: {method} {path}: {} {}", caller.name, answer.status, answer.text());
                assert!(!refuses(&key(&answer), path), "{what}");
                assert_ne!(answer.status.as_u16(), 500, "{what}");
            }
        }
    })
    .await;
}

#[test]
fn every_permission_is_asked_for_by_a_route() {
    for permission in Permission::ALL {
        let asking = [
            Needs::Project(permission),
            Needs::ProjectSession(permission),
            Needs::Portal(permission),
            Needs::PortalSession(permission),
            Needs::Container(permission),
            Needs::Operation(permission),
        ];
        let asked = ROUTES.iter().any(|(.., needs)| asking.contains(needs));
        // That one hangs on a parameter of the terminal's route.
        assert_eq!(asked, permission != Permission::OpenTerminalAsOther, "{permission:?}");
    }
}
