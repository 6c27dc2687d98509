//! Robots of projects: `/api/v1/projects/{project}/robots`.

use api::permission::{ProjectRole, SystemRole};
use api::robot::{CreatedRobot, Robot};
use api::token::Scope;
use axum::http::Method;
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use server::auth::secret;
use server::db;

use crate::support::{Answer, Client, Socket, TestPortal, each_bench, each_database, eventually};

const SHOP: &str = "/api/v1/projects/shop";
const ROBOTS: &str = "/api/v1/projects/shop/robots";
const ME: &str = "/api/v1/me";
const WATCH: &str = "/api/v1/watch";

fn wish(name: &str, role: &str, scopes: &[&str]) -> Value {
    json!({"name": name, "role": role, "scopes": scopes, "days": 7})
}

/// Makes a robot that may do whatever a developer's robot may.
async fn developer(admin: &Client, project: &str, name: &str) -> CreatedRobot {
    make(admin, project, &wish(name, "developer", &["read", "deploy", "registry"])).await
}

async fn make(admin: &Client, project: &str, wish: &Value) -> CreatedRobot {
    let answer = admin.post(&format!("/api/v1/projects/{project}/robots"), wish).await.expect(201);
    serde_json::from_slice(&answer.body).unwrap()
}

async fn rotate(admin: &Client, name: &str) -> CreatedRobot {
    let answer = admin.post(&format!("{ROBOTS}/{name}/rotate"), &Value::Null).await.expect(200);
    serde_json::from_slice(&answer.body).unwrap()
}

async fn listed(admin: &Client) -> Vec<Robot> {
    let answer = admin.get(ROBOTS).await.expect(200);
    serde_json::from_slice::<api::List<Robot>>(&answer.body).unwrap().items
}

async fn disable(admin: &Client, name: &str, disabled: bool) -> Answer {
    admin.write(Method::PATCH, &format!("{ROBOTS}/{name}"), Some(&json!({ "disabled": disabled }))).await
}

/// Changes the database past the portal.
async fn execute(portal: &TestPortal, sql: &str) {
    let done = portal.state.db.write(async |txn| txn.execute_unprepared(sql).await.map_err(db::Error::from));
    done.await.unwrap();
}

fn reason(problem: &Answer) -> Value {
    problem.json()["message"]["key"].clone()
}

#[tokio::test]
async fn a_robot_is_made_knows_itself_and_is_disabled_rotated_and_removed() {
    each_database(async |portal| {
        let pia = portal.member("pia", "shop", ProjectRole::Admin).await;
        let made = make(&pia, "shop", &wish("ci", "developer", &["deploy", "read", "read"])).await;
        assert!(made.secret.starts_with("gantry_rob_") && made.secret.len() == 11 + 43, "{}", made.secret);
        let robot = &made.robot;
        assert_eq!((robot.name.as_str(), robot.full_name.as_str()), ("ci", "robot$shop+ci"));
        assert_eq!((robot.role, robot.created_by.as_str()), (ProjectRole::Developer, "pia"));
        assert_eq!(robot.scopes, [Scope::Read, Scope::Deploy]);
        assert_eq!(robot.expires_at - robot.created_at, time::Duration::days(7));
        assert_eq!(listed(&pia).await, std::slice::from_ref(robot));

        let program = portal.anonymous().with_token(&made.secret);
        let me = program.get(ME).await.expect(200).json();
        assert_eq!((&me["user"]["username"], &me["user"]["role"]), (&"robot$shop+ci".into(), &"member".into()));
        assert_eq!(me["projects"], json!([{"project": "shop", "role": "developer"}]));
        assert!(me.get("csrf_token").is_none());
        eventually("the use is noted", async || listed(&pia).await[0].last_used_at.is_some()).await;

        disable(&pia, "ci", true).await.expect(200);
        assert!(listed(&pia).await[0].disabled);
        program.get(ME).await.expect(401);
        disable(&pia, "ci", false).await.expect(200);
        program.get(ME).await.expect(200);

        let day = 86_400_000_i64;
        let sql = format!("UPDATE robots SET created_at = created_at - {0}, expires_at = expires_at - {0}", 8 * day);
        execute(&portal, &sql).await;
        program.get(ME).await.expect(401);
        let rotated = rotate(&pia, "ci").await;
        assert_eq!(rotated.robot.expires_at - rotated.robot.created_at, time::Duration::days(7));
        assert_eq!((rotated.robot.id, &rotated.robot.scopes), (robot.id, &robot.scopes));
        program.get(ME).await.expect(401);
        let program = portal.anonymous().with_token(&rotated.secret);
        program.get(ME).await.expect(200);

        pia.delete(&format!("{ROBOTS}/ci")).await.expect(204);
        program.get(ME).await.expect(401);
        pia.delete(&format!("{ROBOTS}/ci")).await.expect(404);
        pia.post(&format!("{ROBOTS}/ci/rotate"), &Value::Null).await.expect(404);
        disable(&pia, "ci", true).await.expect(404);
        assert!(listed(&pia).await.is_empty());
    })
    .await;
}

/// For each role and choice of scopes: what reading and deploying answer, and why deploying is refused.
const ALLOWED: [(&str, &[&str], [u16; 2], &str); 6] = [
    ("guest", &["read", "deploy", "registry"], [200, 403], "forbidden.role"),
    ("guest", &["registry"], [403, 403], "forbidden.role"),
    ("developer", &["read"], [200, 403], "forbidden.scope"),
    ("developer", &["registry"], [403, 403], "forbidden.scope"),
    ("developer", &["read", "registry"], [200, 403], "forbidden.scope"),
    ("developer", &["deploy"], [200, 202], ""),
];

#[tokio::test]
async fn a_robot_has_what_its_role_and_its_scopes_both_give() {
    each_bench(async |bench| {
        bench.deploy("shop", "services:\n  web:\n    image: web:1\n").await;
        let operations = async || bench.admin.get("/api/v1/operations").await.expect(200).json()["total"].clone();
        for (number, (role, scopes, [read, deploy], why)) in ALLOWED.into_iter().enumerate() {
            let made = make(&bench.admin, "default", &wish(&format!("robot-{number}"), role, scopes)).await;
            let program = bench.portal.anonymous().with_token(&made.secret);
            for path in ["/api/v1/projects/default/apps/shop", "/api/v1/apps", "/api/v1/search?q=shop"] {
                let answer = program.get(path).await;
                assert_eq!(answer.status, read, "{role} {scopes:?} {path}: {}", answer.text());
            }
            let before = (bench.engine.requests().writes().len(), operations().await);
            let answer = program.post("/api/v1/projects/default/apps/shop/restart", &Value::Null).await;
            assert_eq!(answer.status, deploy, "{role} {scopes:?}: {}", answer.text());
            if deploy == 202 {
                let operation = bench.ended(answer.json()["operation"].as_str().unwrap()).await;
                assert_eq!(operation.created_by, made.robot.full_name);
                assert!(bench.engine.requests().writes().len() > before.0);
            } else {
                assert_eq!(reason(&answer), why, "{role} {scopes:?}");
                assert_eq!((bench.engine.requests().writes().len(), operations().await), before);
            }
            // Managing is for people, whatever the scopes.
            let refused = program.put("/api/v1/projects/default/members/admin", &json!({"role": "guest"})).await;
            assert_eq!(reason(&refused.expect(403)), "forbidden.role", "{role} {scopes:?}");
            let refused = program.get("/api/v1/clusters/local/containers").await.expect(403);
            assert_eq!(reason(&refused), "forbidden.role", "{role} {scopes:?}");
            program.post("/api/v1/projects", &json!({"name": "mine"})).await.expect(403);
        }
        let members = bench.admin.get("/api/v1/projects/default/members").await.expect(200).json();
        assert_eq!(members["total"], 0);
    })
    .await;
}

#[tokio::test]
async fn another_project_is_to_a_robot_what_a_missing_one_is() {
    each_database(async |portal| {
        let admin = portal.admin().await;
        portal.app("shop", "web").await;
        portal.app("bank", "vault").await;
        let made = developer(&admin, "shop", "ci").await;
        let program = portal.anonymous().with_token(&made.secret);
        let app = json!({"name": "a", "cluster": "local", "compose": "services: {}"});
        for (method, path, body) in [
            (Method::GET, "", json!({})),
            (Method::DELETE, "", json!({})),
            (Method::GET, "/members", json!({})),
            (Method::GET, "/robots", json!({})),
            (Method::POST, "/robots", wish("more", "guest", &["read"])),
            (Method::POST, "/robots/ci/rotate", json!({})),
            (Method::GET, "/audit", json!({})),
            (Method::GET, "/apps", json!({})),
            (Method::POST, "/apps", app),
            (Method::GET, "/apps/vault", json!({})),
            (Method::POST, "/apps/vault/restart", json!({})),
            (Method::DELETE, "/apps/vault", json!({})),
            (Method::GET, "/apps/vault/logs", json!({})),
        ] {
            let answer = async |project: &str| {
                program
                    .write(method.clone(), &format!("/api/v1/projects/{project}{path}"), Some(&body))
                    .await
                    .expect(404)
            };
            let (foreign, missing) = (answer("bank").await, answer("none").await);
            assert_eq!(foreign.text().replace("bank", "none"), missing.text(), "{method} {path}");
        }
        for (path, seen) in [("/api/v1/projects", "shop"), ("/api/v1/apps", "web")] {
            let list = program.get(path).await.expect(200).json();
            assert_eq!((&list["total"], &list["items"][0]["name"]), (&1.into(), &seen.into()), "{path}");
        }
        assert_eq!(program.get("/api/v1/search?q=vault").await.expect(200).json()["total"], 0);
        assert!(!program.get("/api/v1/overview").await.expect(200).text().contains("vault"));
    })
    .await;
}

#[tokio::test]
async fn a_robot_never_manages_and_its_wish_is_checked_by_field() {
    each_database(async |portal| {
        let pia = portal.member("pia", "shop", ProjectRole::Admin).await;
        for (body, field) in [
            (wish("ci", "admin", &["read"]), "role"),
            (wish("ci", "owner", &["read"]), "role"),
            (wish("ci", "guest", &["read", "admin"]), "scopes"),
            (wish("ci", "guest", &[]), "scopes"),
            (wish("", "guest", &["read"]), "name"),
            (wish("My Robot", "guest", &["read"]), "name"),
            (wish("../ci", "guest", &["read"]), "name"),
            (json!({"name": "ci", "role": "guest", "scopes": ["read"], "days": 0}), "days"),
            (json!({"name": "ci", "role": "guest", "scopes": ["read"], "days": 367}), "days"),
            (json!({"name": "ci", "role": "guest", "scopes": ["read"], "days": 7, "disabled": false}), "disabled"),
        ] {
            let problem = pia.post(ROBOTS, &body).await.expect(400).json();
            assert_eq!(problem["fields"][0]["field"], field, "{body} {problem}");
        }
        assert!(listed(&pia).await.is_empty(), "nothing was made");
        developer(&pia, "shop", "ci").await;
        let taken = pia.post(ROBOTS, &wish("ci", "guest", &["read"])).await.expect(409);
        assert_eq!(reason(&taken), "robot.name.taken");
        portal.project("bank").await;
        developer(&portal.admin().await, "bank", "ci").await;
        let role = json!({"role": "admin"});
        pia.write(Method::PATCH, &format!("{ROBOTS}/ci"), Some(&role)).await.expect(400);
        assert_eq!(listed(&pia).await[0].role, ProjectRole::Developer);
    })
    .await;
}

#[tokio::test]
async fn only_people_who_manage_the_project_make_and_see_robots() {
    each_database(async |portal| {
        let pia = portal.member("pia", "shop", ProjectRole::Admin).await;
        developer(&pia, "shop", "ci").await;
        let body = wish("more", "guest", &["read"]);
        for (name, role) in [("gus", ProjectRole::Guest), ("dev", ProjectRole::Developer)] {
            let member = portal.member(name, "shop", role).await;
            for answer in [
                member.get(ROBOTS).await,
                member.post(ROBOTS, &body).await,
                member.delete(&format!("{ROBOTS}/ci")).await,
                member.post(&format!("{ROBOTS}/ci/rotate"), &Value::Null).await,
                disable(&member, "ci", true).await,
            ] {
                assert_eq!(reason(&answer.expect(403)), "forbidden.role");
            }
        }
        // A token reads the list; what it could leak makes no other secrets.
        let program = portal.token("pia", SystemRole::Member).await;
        program.get(ROBOTS).await.expect(200);
        for answer in [
            program.post(ROBOTS, &body).await,
            program.delete(&format!("{ROBOTS}/ci")).await,
            program.post(&format!("{ROBOTS}/ci/rotate"), &Value::Null).await,
            disable(&program, "ci", true).await,
        ] {
            assert_eq!(reason(&answer.expect(403)), "forbidden.session-only");
        }
        let robots = listed(&pia).await;
        assert_eq!((robots.len(), robots[0].disabled), (1, false));
    })
    .await;
}

#[tokio::test]
async fn a_robot_makes_no_secrets_and_has_no_account() {
    each_database(async |portal| {
        let pia = portal.member("pia", "shop", ProjectRole::Admin).await;
        let made = developer(&pia, "shop", "ci").await;
        let program = portal.anonymous().with_token(&made.secret);
        let password = json!({"current_password": "x", "new_password": "correct horse battery"});
        for answer in [
            program.get("/api/v1/tokens").await,
            program.post("/api/v1/tokens", &json!({"name": "more", "days": 7})).await,
            program.delete(&format!("/api/v1/tokens/{}", made.robot.id)).await,
            program.post(&format!("/api/v1/tokens/{}/rotate", made.robot.id), &Value::Null).await,
            program.get("/api/v1/me/sessions").await,
            program.put("/api/v1/me/password", &password).await,
            program.delete("/api/v1/session").await,
        ] {
            assert_eq!(reason(&answer.expect(403)), "forbidden.session-only");
        }
        let refused = program.post(ROBOTS, &wish("more", "guest", &["read"])).await.expect(403);
        assert_eq!(reason(&refused), "forbidden.role");
        program.delete(&format!("{SHOP}/members/robot%24shop%2Bci")).await.expect(403);
        assert_eq!(listed(&pia).await.len(), 1);
        assert!(db::token::list(portal.state.db.read(), made.robot.id).await.unwrap().is_empty());
        program.get(ME).await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn the_secret_stands_in_no_list_no_log_and_no_address() {
    each_database(async |portal| {
        let admin = portal.admin().await;
        portal.project("shop").await;
        let made = developer(&admin, "shop", "ci").await;
        let rotated = rotate(&admin, "ci").await;
        disable(&admin, "ci", true).await.expect(200);
        disable(&admin, "ci", false).await.expect(200);
        for place in ["token", "access_token", "authorization", "robot"] {
            portal.anonymous().get(&format!("{ME}?{place}={}", rotated.secret)).await.expect(401);
        }
        admin.delete(&format!("{ROBOTS}/ci")).await.expect(204);
        developer(&admin, "shop", "ci").await;

        let log = admin.get(&format!("{SHOP}/audit?limit=1000")).await.expect(200);
        let entries = log.json()["items"].as_array().unwrap().clone();
        let told: Vec<_> = entries.iter().rev().map(|entry| entry["action"].as_str().unwrap()).collect();
        let expected = ["robot.create", "robot.rotate", "robot.update", "robot.update", "robot.delete", "robot.create"];
        assert_eq!(told, expected);
        assert!(entries.iter().all(|entry| entry["target"] == "robot$shop+ci"));
        let texts = [
            log.text(),
            admin.get(ROBOTS).await.expect(200).text(),
            admin.get("/api/v1/audit").await.expect(200).text(),
            admin.get("/api/v1/audit/export").await.expect(200).text(),
        ];
        for secret in [made.secret, rotated.secret] {
            for text in &texts {
                assert!(!text.contains(&secret[11..]) && !text.contains(&secret::hash(&secret)), "{text}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn what_a_robot_does_stands_under_its_whole_name_however_long() {
    each_bench(async |bench| {
        let long = "a".repeat(63);
        bench.admin.post("/api/v1/projects", &json!({ "name": long })).await.expect(201);
        let made = developer(&bench.admin, &long, &long).await;
        assert_eq!(made.robot.full_name.len(), api::robot::MAX_FULL_NAME_LENGTH);
        let program = bench.portal.anonymous().with_token(&made.secret);
        let app = json!({"name": "web", "cluster": "local", "compose": "services:\n  web:\n    image: web:1\n"});
        let begun = program.post(&format!("/api/v1/projects/{long}/apps"), &app).await.expect(202).json();
        let operation = bench.ended(begun["operation"].as_str().unwrap()).await;
        assert_eq!(operation.created_by, made.robot.full_name);
        let query = api::client::Query::new().with("user", &made.robot.full_name);
        let entries = bench.admin.get(&format!("/api/v1/audit?{}", query.as_str())).await.expect(200).json();
        assert_eq!(entries["total"], 1, "{entries}");
        assert_eq!(entries["items"][0]["action"], "app.create");
        assert_eq!(entries["items"][0]["user"], made.robot.id.to_string());
    })
    .await;
}

#[tokio::test]
async fn a_project_has_so_many_robots_and_no_more() {
    each_database(async |portal| {
        let pia = portal.member("pia", "shop", ProjectRole::Admin).await;
        let first = developer(&pia, "shop", "ci").await.robot;
        let project = portal.project("shop").await;
        let more =
            (1..100).map(|number| Robot { id: api::Ulid::generate(), name: format!("ci-{number}"), ..first.clone() });
        let insert = async |txn: &sea_orm::DatabaseTransaction| {
            for robot in more {
                db::robot::insert(txn, project, &robot, secret::hash(&robot.name)).await?;
            }
            Ok::<_, db::Error>(())
        };
        portal.state.db.write(insert).await.unwrap();
        let many = pia.post(ROBOTS, &wish("last", "guest", &["read"])).await.expect(409);
        assert_eq!(reason(&many), "robot.many");
        pia.delete(&format!("{ROBOTS}/ci-1")).await.expect(204);
        pia.post(ROBOTS, &wish("last", "guest", &["read"])).await.expect(201);
    })
    .await;
}

#[tokio::test]
async fn a_robot_goes_with_its_project_and_a_later_one_of_that_name_has_none() {
    each_database(async |portal| {
        let admin = portal.admin().await;
        portal.project("shop").await;
        let made = developer(&admin, "shop", "ci").await;
        let program = portal.anonymous().with_token(&made.secret);
        program.get(SHOP).await.expect(200);
        admin.delete(SHOP).await.expect(204);
        program.get(ME).await.expect(401);
        admin.post("/api/v1/projects", &json!({"name": "shop"})).await.expect(201);
        program.get(ME).await.expect(401);
        assert!(listed(&admin).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn open_sockets_of_a_robot_that_has_ended_close_soon() {
    each_database(async |portal| {
        let admin = portal.admin().await;
        portal.project("shop").await;
        portal.project("bank").await;
        let mut programs = Vec::new();
        for (project, name) in
            [("shop", "deleted"), ("shop", "disabled"), ("shop", "expired"), ("shop", "rotated"), ("bank", "homeless")]
        {
            let made = developer(&admin, project, name).await;
            programs.push(portal.anonymous().with_token(&made.secret));
        }
        let stays = portal.anonymous().with_token(&developer(&admin, "shop", "stays").await.secret);
        let state = portal.state.clone();
        let running = portal.serve();
        let mut sockets = Vec::new();
        for program in &programs {
            sockets.push(Socket::open(running.address, program, WATCH).await.unwrap());
        }
        let mut going_on = Socket::open(running.address, &stays, WATCH).await.unwrap();

        admin.delete(&format!("{ROBOTS}/deleted")).await.expect(204);
        disable(&admin, "disabled", true).await.expect(200);
        let sql = format!("UPDATE robots SET expires_at = {} WHERE name = 'expired'", db::now() - 1);
        let expire = state.db.write(async |txn| txn.execute_unprepared(&sql).await.map_err(db::Error::from));
        expire.await.unwrap();
        rotate(&admin, "rotated").await;
        admin.delete("/api/v1/projects/bank").await.expect(204);

        let soon = std::time::Duration::from_secs(5);
        let all = futures::future::join_all(sockets.into_iter().map(Socket::closed));
        let codes = tokio::time::timeout(soon, all).await.expect("all of them close as soon as was promised");
        assert_eq!(codes, [Some(1008); 5]);
        for program in &programs {
            assert_eq!(Socket::open(running.address, program, WATCH).await.err(), Some(401));
        }
        let change = api::watch::Change {
            kind: api::watch::ChangeKind::App,
            id: None,
            cluster: None,
            project: Some("shop".to_owned()),
            app: None,
        };
        state.changes.publish(change);
        assert!(going_on.next().await.is_some(), "the robot that nothing happened to goes on hearing");
        running.stop().await;
    })
    .await;
}
