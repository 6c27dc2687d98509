//! The audit log: `/api/v1/audit`, `/api/v1/audit/export` and `/api/v1/projects/{project}/audit`.

use std::time::{Duration, Instant};

use api::audit::{AuditEntry, AuditResult};
use api::permission::{ProjectRole, SystemRole};
use api::{List, Ulid};
use axum::body::Body;
use axum::http::Method;
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use server::auth::secret;
use server::db;
use server::services::{audit, refusal};

use crate::support::{Bench, Client, PASSWORD, TestPortal, each_bench, each_database, each_database_with};

const LOG: &str = "/api/v1/audit";
const EXPORT: &str = "/api/v1/audit/export";

async fn page(client: &Client, path: &str) -> List<AuditEntry> {
    let answer = client.get(path).await.expect(200);
    serde_json::from_slice(&answer.body).unwrap()
}

/// What the filters leave of the log, newest first.
async fn entries(client: &Client, filters: &str) -> Vec<AuditEntry> {
    let page = page(client, &format!("{LOG}?limit=1000&{filters}")).await;
    assert_eq!((page.total, page.next), (page.items.len() as u64, None), "{filters}");
    page.items
}

/// What the filters leave of the export, oldest first.
async fn exported(client: &Client, filters: &str) -> Vec<AuditEntry> {
    let answer = client.get(&format!("{EXPORT}?{filters}")).await.expect(200);
    answer.text().lines().map(|line| serde_json::from_str(line).expect("an entry in a line")).collect()
}

fn actions(entries: &[AuditEntry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.action.as_str()).collect()
}

async fn sign_in(client: &Client, username: &str, password: &str) -> u16 {
    let credentials = json!({"username": username, "password": password});
    client.post("/api/v1/session", &credentials).await.status.as_u16()
}

/// The token in the address of a link.
fn token_of(password_link: &Value) -> String {
    password_link["link"].as_str().unwrap().split_once("?token=").unwrap().1.to_owned()
}

/// Changes the database past the portal.
async fn execute(portal: &TestPortal, sql: &str) {
    let done = portal.state.db.write(async |txn| txn.execute_unprepared(sql).await.map_err(db::Error::from));
    done.await.unwrap();
}

#[tokio::test]
async fn what_is_done_stands_there_newest_first_with_who_where_what_and_how_it_ended() {
    each_database(async |portal| {
        let ada_id = portal.account("ada", SystemRole::Admin).await;
        let ada = portal.outsider("ada").await.from_peer("192.0.2.9");
        portal.outsider("gus").await;
        ada.post("/api/v1/projects", &json!({"name": "shop"})).await.expect(201);
        ada.put("/api/v1/projects/shop/members/gus", &json!({"role": "guest"})).await.expect(200);
        ada.delete("/api/v1/projects/shop/members/gus").await.expect(204);
        ada.delete("/api/v1/projects/shop").await.expect(204);
        let made = ada.post("/api/v1/users", &json!({"username": "eve"})).await.expect(201).json();
        let eve = format!("/api/v1/users/{}", made["user"]["id"].as_str().unwrap());
        let link = ada.post(&format!("{eve}/password-link"), &Value::Null).await.expect(201).json();
        let browser = portal.anonymous().from_peer("198.51.100.7");
        let choice = json!({"token": token_of(&link), "password": PASSWORD});
        browser.post("/api/v1/invitation", &choice).await.expect(204);
        ada.write(Method::PATCH, &eve, Some(&json!({"disabled": true}))).await.expect(200);
        ada.delete(&eve).await.expect(204);

        let mut told = entries(&ada, "").await;
        assert!(told.is_sorted_by(|newer, older| newer.at >= older.at && newer.id > older.id));
        told.reverse();
        told.retain(|entry| !entry.action.starts_with("session."));
        let expected = [
            ("project.create", "shop", Some("shop")),
            ("member.update", "gus", Some("shop")),
            ("member.delete", "gus", Some("shop")),
            ("project.delete", "shop", Some("shop")),
            ("user.create", "eve", None),
            ("password-link.create", "eve", None),
            ("password-link.use", "eve", None),
            ("user.update", "eve", None),
            ("user.delete", "eve", None),
        ];
        assert_eq!(actions(&told), expected.map(|(action, ..)| action));
        for (entry, (action, target, project)) in told.iter().zip(expected) {
            assert!(entry.target.contains(target), "{entry:?}");
            assert_eq!((entry.project.as_deref(), entry.result), (project, AuditResult::Done), "{entry:?}");
            let (who, address) = if action == "password-link.use" {
                ("eve", "198.51.100.7")
            } else {
                assert_eq!(entry.user, Some(ada_id), "{entry:?}");
                ("ada", "192.0.2.9")
            };
            assert_eq!((entry.username.as_str(), entry.address.as_str()), (who, address), "{entry:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_was_refused_stands_there_too() {
    each_database(async |portal| {
        let ada_id = portal.account("ada", SystemRole::Admin).await;
        let thief = portal.anonymous().from_peer("203.0.113.9");
        for username in ["ada", "nobody"] {
            assert_eq!(sign_in(&thief, username, "a wrong guess").await, 401);
        }
        let ada = portal.outsider("ada").await;
        ada.delete(&format!("/api/v1/users/{ada_id}")).await.expect(409);

        let refused = entries(&ada, "result=refused").await;
        assert_eq!(actions(&refused), ["user.delete", "session.create", "session.create"]);
        assert_eq!((refused[0].user, refused[0].target.as_str()), (Some(ada_id), "ada"));
        for (entry, username) in refused[1..].iter().zip(["nobody", "ada"]) {
            assert_eq!((entry.username.as_str(), entry.address.as_str()), (username, "203.0.113.9"));
            assert_eq!(entry.user, None, "nobody proved to be anybody");
        }
        assert_eq!(sign_in(&portal.anonymous(), "ada", PASSWORD).await, 204);
        let done = entries(&ada, "result=done&action=session.create").await;
        assert_eq!((done.len(), done[0].user), (1, Some(ada_id)));
    })
    .await;
}

#[tokio::test]
async fn a_request_that_would_change_something_and_is_refused_is_recorded_once_and_looking_is_not() {
    each_database(async |portal| {
        let admin = portal.admin().await;
        let eve_id = portal.account("eve", SystemRole::Member).await;
        let eve = portal.outsider("eve").await.from_peer("203.0.113.9");
        let gus = portal.member("gus", "shop", ProjectRole::Guest).await;
        portal.project("bank").await;
        eve.post("/api/v1/projects", &json!({"name": "mine"})).await.expect(403);
        gus.delete("/api/v1/projects/shop/members/eve").await.expect(403);
        gus.clone().without_csrf_token().delete("/api/v1/projects/bank").await.expect(403);
        for looking in [LOG, EXPORT, "/api/v1/users", "/api/v1/projects/shop/audit"] {
            gus.get(looking).await;
            eve.get(looking).await;
        }
        eve.delete("/api/v1/projects/shop").await.expect(404);
        portal.anonymous().post("/api/v1/projects", &json!({"name": "mine"})).await.expect(401);

        let mut refused = entries(&admin, "action=request.refused").await;
        refused.reverse();
        let told = refused.iter().map(|it| (it.username.as_str(), it.target.as_str(), it.project.as_deref()));
        let expected = [
            ("eve", "POST /api/v1/projects", None),
            ("gus", "DELETE /api/v1/projects/{project}/members/{username}", Some("shop")),
            ("gus", "DELETE /api/v1/projects/{project}", None),
        ];
        assert_eq!(told.collect::<Vec<_>>(), expected);
        assert_eq!((refused[0].user, refused[0].address.as_str()), (Some(eve_id), "203.0.113.9"));
        assert!(refused.iter().all(|entry| entry.result == AuditResult::Refused));
        assert_eq!(refused[1].detail, "path=/api/v1/projects/shop/members/eve reason=forbidden.role");
        assert!(refused[2].detail.ends_with("reason=forbidden.csrf"), "{:?}", refused[2]);
        assert_eq!(entries(&admin, "").await.len(), 3, "and nothing else");
    })
    .await;
}

#[tokio::test]
async fn a_flood_of_refused_requests_is_summed_up() {
    each_database(async |portal| {
        let admin = portal.admin().await;
        let (eve, gus) = (portal.outsider("eve").await, portal.outsider("gus").await);
        let started = Instant::now();
        let ask = async |client: &Client| client.post("/api/v1/projects", &json!({"name": "mine"})).await.expect(403);
        for _ in 0..70 {
            ask(&eve).await;
        }
        ask(&gus).await;
        let refused = async |who: &str| entries(&admin, &format!("action=request.refused&user={who}")).await;
        assert!(started.elapsed() < Duration::from_mins(1), "too slow to tell");
        assert_eq!((refused("eve").await.len(), refused("gus").await.len()), (60, 1));
        refusal::sum_up(&portal.state, started).await;
        assert_eq!(refused("eve").await.len(), 60, "the minute is not over");
        let later = Instant::now() + Duration::from_mins(1);
        refusal::sum_up(&portal.state, later).await;
        refusal::sum_up(&portal.state, later).await;
        let told = refused("eve").await;
        assert_eq!((told.len(), told[0].detail.as_str(), told[0].target.as_str()), (61, "more=10", "*"));
        assert_eq!(refused("gus").await.len(), 1, "nothing was left out");
        ask(&eve).await;
        assert_eq!(refused("eve").await.len(), 62, "another minute, another count");
    })
    .await;
}

#[tokio::test]
async fn entries_are_kept_for_the_days_that_the_settings_say() {
    each_database_with(&[("GANTRY_AUDIT_RETENTION_DAYS", "2")], async |portal| {
        let admin = portal.admin().await;
        let end = db::now() - 2 * 24 * 60 * 60 * 1_000;
        let rows: Vec<_> = (0..2_510_u32)
            .map(|number| {
                // All but ten a minute too old; those have a minute left.
                let at = if number < 2_500 { end - 60_000 } else { end + 60_000 };
                let id = Ulid::from_parts(u64::try_from(at).unwrap(), u128::from(number));
                format!("('{id}', {at}, 'eve', '192.0.2.1', 'test.row', 'row-{number}', 'done', '')")
            })
            .collect();
        for rows in rows.chunks(500) {
            let columns = "id, at, username, address, action, target, result, detail";
            execute(&portal, &format!("INSERT INTO audit_entries ({columns}) VALUES {}", rows.join(", "))).await;
        }
        admin.post("/api/v1/projects", &json!({"name": "shop"})).await.expect(201);
        audit::delete_ended(&portal.state).await.unwrap();
        let left = exported(&admin, "").await;
        let expected = (2_500..2_510).map(|number| format!("row-{number}")).chain(["shop".to_owned()]);
        assert!(left.iter().map(|entry| entry.target.clone()).eq(expected), "{left:?}");
    })
    .await;
}

#[tokio::test]
async fn later_entries_have_greater_ids_also_when_the_clock_went_back() {
    each_database(async |portal| {
        let admin = portal.admin().await;
        let at = db::now() + 60 * 60 * 1_000;
        let id = Ulid::from_parts(u64::try_from(at).unwrap(), 7);
        let columns = "id, at, username, address, action, target, result, detail";
        let row = format!("('{id}', {at}, 'eve', '192.0.2.1', 'test.row', 'row', 'done', '')");
        execute(&portal, &format!("INSERT INTO audit_entries ({columns}) VALUES {row}")).await;
        let names: Vec<_> = (0..20).map(|number| format!("project-{number}")).collect();
        let made = names.iter().map(|name| {
            let admin = admin.clone();
            async move { admin.post("/api/v1/projects", &json!({ "name": name })).await }
        });
        for answer in futures::future::join_all(made).await {
            answer.expect(201);
        }
        let all = exported(&admin, "").await;
        assert_eq!((all.len(), all[0].id), (21, id));
        assert!(all.is_sorted_by(|older, newer| older.id < newer.id));
    })
    .await;
}

#[tokio::test]
async fn the_log_is_filtered_searched_and_paged() {
    each_database(async |portal| {
        portal.account("ada", SystemRole::Admin).await;
        let ada = portal.outsider("ada").await;
        portal.outsider("gus").await;
        for project in ["bank", "teapot"] {
            ada.post("/api/v1/projects", &json!({"name": project})).await.expect(201);
            for role in ["guest", "developer", "admin"] {
                let path = format!("/api/v1/projects/{project}/members/gus");
                ada.put(&path, &json!({"role": role})).await.expect(200);
            }
        }
        assert_eq!(sign_in(&portal.anonymous(), "eve", "a wrong guess").await, 401);
        // Long ago, so that there is a time between.
        execute(&portal, "UPDATE audit_entries SET at = 1577836800000 WHERE target = 'bank'").await;

        let all = entries(&ada, "").await;
        assert_eq!(all.len(), 9);
        for (filters, count) in [
            ("user=ada", 8),
            ("user=eve", 1),
            ("user=ada,eve", 9),
            ("user=nobody", 0),
            ("action=project.create", 2),
            ("action=project.create,session.create", 3),
            ("result=done", 8),
            ("result=refused", 1),
            ("result=failed", 0),
            ("project=bank", 4),
            ("project=bank,teapot", 8),
            ("project=bank&action=member.update&user=ada", 3),
            ("until=2020-01-01T00:00:01Z", 1),
            ("since=2020-01-01T00:00:01Z", 8),
            ("since=2019-12-31T00:00:00Z&until=2020-01-02T01:00:00%2B01:00", 1),
            ("since=2999-01-01T00:00:00Z", 0),
            ("q=TEAPOT", 4),
            ("q=teapot%20gus", 3),
            ("q=role%3Dadmin", 2),
            ("q=%25", 0),
            ("q=t_apot", 0),
        ] {
            assert_eq!(entries(&ada, filters).await.len(), count, "{filters}");
            let mut export = exported(&ada, filters).await;
            export.reverse();
            assert_eq!(export, entries(&ada, filters).await, "{filters}");
        }

        let (mut paged, mut next) = (Vec::new(), Some(String::new()));
        while let Some(cursor) = next {
            let page = page(&ada, &format!("{LOG}?limit=2&cursor={cursor}")).await;
            assert!(page.items.len() <= 2 && page.total == 9);
            paged.extend(page.items);
            assert!(paged.len() <= 9, "the pages end");
            next = page.next;
        }
        assert_eq!(paged, all);

        for (wrong, field) in
            [("since=yesterday", "since"), ("until=2020", "until"), ("colour=red", "colour"), ("cursor=x", "cursor")]
        {
            let problem = ada.get(&format!("{LOG}?{wrong}")).await.expect(400).json();
            assert_eq!(problem["fields"][0]["field"], field, "{problem}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_project_admin_reads_the_projects_entries_and_no_others() {
    each_database(async |portal| {
        let admin = portal.admin().await;
        let pia = portal.member("pia", "shop", ProjectRole::Admin).await;
        portal.project("bank").await;
        portal.outsider("gus").await;
        for project in ["shop", "bank"] {
            let path = format!("/api/v1/projects/{project}/members/gus");
            admin.put(&path, &json!({"role": "developer"})).await.expect(200);
        }
        admin.post("/api/v1/users", &json!({"username": "shop"})).await.expect(201);
        pia.delete("/api/v1/projects/shop/members/gus").await.expect(204);

        let path = "/api/v1/projects/shop/audit";
        let list = page(&pia, path).await;
        assert_eq!(actions(&list.items), ["member.delete", "member.update"]);
        assert!(list.items.iter().all(|entry| entry.project.as_deref() == Some("shop")));
        assert_eq!((list.total, list.items[0].username.as_str()), (2, "pia"));
        assert_eq!(page(&pia, &format!("{path}?action=member.update&limit=1")).await.items, list.items[1..]);
        assert_eq!(page(&pia, &format!("{path}?q=bank")).await.total, 0);
        let other = pia.get(&format!("{path}?project=bank")).await.expect(400).json();
        assert_eq!(other["fields"][0]["field"], "project");
        assert_eq!(page(&admin, path).await, list);

        for refused in [LOG, EXPORT, "/api/v1/audit?project=shop", "/api/v1/audit/export?project=shop"] {
            pia.get(refused).await.expect(403);
        }
        pia.get("/api/v1/projects/bank/audit").await.expect(404);
        for (name, role) in [("amy", ProjectRole::Guest), ("dev", ProjectRole::Developer)] {
            portal.member(name, "shop", role).await.get(path).await.expect(403);
        }
    })
    .await;
}

#[tokio::test]
async fn the_export_is_a_file_with_an_entry_a_line_oldest_first_however_many_there_are() {
    each_database(async |portal| {
        let admin = portal.admin().await;
        admin.post("/api/v1/projects", &json!({"name": "shop"})).await.expect(201);
        // So many that nobody reads them at once, all in the next millisecond.
        let at = db::now() + 1;
        let rows: Vec<_> = (0..2_500_u32)
            .map(|number| {
                let id = Ulid::from_parts(u64::try_from(at).unwrap(), u128::from(number));
                format!("('{id}', {at}, 'eve', '192.0.2.1', 'test.row', 'row-{number}', 'done', '')")
            })
            .collect();
        for rows in rows.chunks(500) {
            let columns = "id, at, username, address, action, target, result, detail";
            execute(&portal, &format!("INSERT INTO audit_entries ({columns}) VALUES {}", rows.join(", "))).await;
        }
        admin.delete("/api/v1/projects/shop").await.expect(204);

        let answer = admin.get(EXPORT).await.expect(200);
        assert_eq!(answer.header("content-type"), "application/x-ndjson");
        assert!(answer.header("content-disposition").starts_with("attachment; filename="));
        assert!(answer.text().ends_with("}\n"));
        assert_eq!(answer.text().lines().count() as u64, page(&admin, LOG).await.total);
        let all = exported(&admin, "").await;
        assert!(all.is_sorted_by(|older, newer| older.id < newer.id));
        assert_eq!((all[0].action.as_str(), all[all.len() - 1].action.as_str()), ("project.create", "project.delete"));
        let rows = exported(&admin, "action=test.row").await;
        let expected = (0..2_500).map(|number| format!("row-{number}"));
        assert!(rows.iter().map(|entry| entry.target.clone()).eq(expected), "{} rows", rows.len());
        assert_eq!(exported(&admin, "action=none").await, []);
        admin.get(&format!("{EXPORT}?since=x")).await.expect(400);
    })
    .await;
}

#[tokio::test]
async fn what_is_done_to_an_app_belongs_to_its_project() {
    each_bench(async |bench| {
        bench.deploy("web", "services:\n  web:\n    image: web:1\n").await;
        let restart = bench.ask("web", "restart", Value::Null).await;
        bench.ended(&restart).await;
        let pia = bench.portal.member("pia", "default", ProjectRole::Admin).await;
        let list = page(&pia, "/api/v1/projects/default/audit").await;
        assert_eq!(actions(&list.items), ["app.restart", "app.create"]);
        for entry in list.items {
            assert!(entry.target.contains("web") && entry.project.as_deref() == Some("default"), "{entry:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn no_entry_contains_a_secret() {
    each_bench(async |bench| {
        let Bench { portal, admin, .. } = &bench;
        const LATER: &str = "a quite different sentence";
        let mut secrets: Vec<String> =
            [PASSWORD, LATER, "a wrong guess", "too short", "kept-in-a-variable", "kept-in-a-file"]
                .map(str::to_owned)
                .into();

        // An account with all that can be done to it.
        let made = admin.post("/api/v1/users", &json!({"username": "eve"})).await.expect(201).json();
        let path = format!("/api/v1/users/{}", made["user"]["id"].as_str().unwrap());
        let link = admin.post(&format!("{path}/password-link"), &Value::Null).await.expect(201).json();
        let mut eve = portal.anonymous();
        for (token, password, status) in [
            (token_of(&made), PASSWORD, 403),
            (token_of(&link), "too short", 400),
            (token_of(&link), PASSWORD, 204),
            (token_of(&link), PASSWORD, 403),
        ] {
            let choice = json!({"token": token, "password": password});
            eve.post("/api/v1/invitation", &choice).await.expect(status);
            secrets.extend([secret::hash(&token), token]);
        }
        let me = eve.get("/api/v1/me").await.expect(200).json();
        eve.csrf_token = me["csrf_token"].as_str().map(str::to_owned);
        secrets.extend([eve.csrf_token.clone().unwrap(), eve.session_cookie().unwrap()]);
        assert_eq!(sign_in(&portal.anonymous(), "eve", "a wrong guess").await, 401);
        let made = eve.post("/api/v1/tokens", &json!({"name": "ci", "days": 7})).await.expect(201).json();
        let token = made["secret"].as_str().unwrap();
        secrets.extend([secret::hash(token), token.trim_start_matches(api::token::TOKEN_PREFIX).to_owned()]);
        for (current, status) in [("a wrong guess", 400), (PASSWORD, 204)] {
            let change = json!({"current_password": current, "new_password": LATER});
            eve.put("/api/v1/me/password", &change).await.expect(status);
        }
        eve.delete("/api/v1/session").await.expect(204);
        admin.write(Method::PATCH, &path, Some(&json!({"disabled": true}))).await.expect(200);

        // And an app with something to hide.
        let compose =
            "services:\n  web:\n    image: web:1\n    env_file: secret.env\n    environment:\n      A: ${A}\n";
        let app = json!({
            "name": "web",
            "cluster": "local",
            "compose": compose,
            "variables": {"A": "kept-in-a-variable"},
            "files": {"secret.env": "B=kept-in-a-file\n"},
        });
        let made = admin.post("/api/v1/projects/default/apps", &app).await.expect(202).json();
        bench.ended(made["operation"].as_str().unwrap()).await;

        let answer = admin.get(EXPORT).await.expect(200);
        for action in ["password-link.use", "session.create", "token.create", "password.update", "app.create"] {
            assert!(answer.text().contains(&format!("\"{action}\"")), "{action} is recorded");
        }
        for secret in secrets {
            assert!(!answer.text().contains(&secret), "{secret:?} stands in the log: {}", answer.text());
        }
    })
    .await;
}

#[tokio::test]
async fn the_export_ends_well_where_it_is_compressed() {
    each_database(async |portal| {
        let admin = portal.admin().await;
        admin.post("/api/v1/projects", &json!({"name": "shop"})).await.expect(201);
        let request = admin.request(Method::GET, EXPORT).header("accept-encoding", "gzip").body(Body::empty()).unwrap();
        let answer = admin.send(request).await.expect(200);
        assert_eq!(answer.header("content-encoding"), "gzip");
        assert_eq!(answer.body[..2], [0x1f, 0x8b], "it has gzip's first bytes");
    })
    .await;
}
