//! Teams: `/api/v1/teams` and `/api/v1/projects/{project}/teams`.

use std::cmp::Reverse;
use std::time::Duration;

use api::log::Record;
use api::permission::{ProjectRole, SystemRole};
use api::team::Team;
use serde_json::{Value, json};
use server::db;

use crate::fake_engine::{FakeEngine, Stream};
use crate::logs::{World, app_container};
use crate::people::{column, me, my_id, reason, user, wrong_fields};
use crate::support::{Client, Socket, each_bench, each_database};

const TEAMS: &str = "/api/v1/teams";
const OPERATORS: &str = "/api/v1/teams/operators";
const SHOP: &str = "/api/v1/projects/shop";
const GRANT: &str = "/api/v1/projects/shop/teams/operators";

/// Makes a team of people who have accounts.
async fn make(admin: &Client, team: &str, people: &[&str]) {
    admin.post(TEAMS, &json!({"name": team})).await.expect(201);
    for username in people {
        admin.put(&format!("{TEAMS}/{team}/members/{username}"), &Value::Null).await.expect(200);
    }
}

/// Gives a team a role in a project.
async fn grant(admin: &Client, project: &str, team: &str, role: &str) {
    admin.put(&format!("/api/v1/projects/{project}/teams/{team}"), &json!({"role": role})).await.expect(200);
}

/// The caller's projects, each with the role there.
async fn roles(client: &Client) -> Vec<(String, String)> {
    let me = me(client).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    me["projects"].as_array().unwrap().iter().map(|it| (text(&it["project"]), text(&it["role"]))).collect()
}

/// Every page of a list, one after the other.
async fn pages(client: &Client, path: &str, query: &str, limit: usize) -> Vec<Value> {
    let (mut all, mut next) = (Vec::new(), Some(String::new()));
    while let Some(cursor) = next {
        let page = client.get(&format!("{path}?{query}&limit={limit}&cursor={cursor}")).await.expect(200).json();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= limit, "a page is as long as was asked for");
        all.extend(items.iter().cloned());
        assert!(all.len() as u64 <= page["total"].as_u64().unwrap(), "the pages end");
        next = page["next"].as_str().map(str::to_owned);
    }
    all
}

fn texts<'a>(items: &'a [Value], field: &str) -> Vec<&'a str> {
    items.iter().map(|item| item[field].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_team_gives_exactly_its_role() {
    each_bench(async |bench| {
        let admin = &bench.admin;
        bench.portal.project("shop").await;
        let gus = bench.portal.outsider("gus").await;
        bench.portal.outsider("eve").await;
        let (apps, eve) = (format!("{SHOP}/apps"), format!("{SHOP}/members/eve"));
        let app = json!({"name": "web", "cluster": "local", "compose": "services:\n  web:\n    image: web:1\n"});
        make(admin, "operators", &["gus"]).await;
        gus.get(SHOP).await.expect(404);

        grant(admin, "shop", "operators", "guest").await;
        gus.get(SHOP).await.expect(200);
        assert_eq!(roles(&gus).await, [("shop".to_owned(), "guest".to_owned())]);
        assert_eq!(column(&gus.get("/api/v1/projects").await.expect(200).json(), "name"), ["shop"]);
        gus.post(&apps, &app).await.expect(403);
        assert_eq!(gus.get(&apps).await.expect(200).json()["total"], 0, "nothing was made");

        grant(admin, "shop", "operators", "developer").await;
        let made = gus.post(&apps, &app).await.expect(202).json();
        bench.ended(made["operation"].as_str().unwrap()).await;
        assert_eq!(gus.get(&apps).await.expect(200).json()["total"], 1);
        gus.put(GRANT, &json!({"role": "admin"})).await.expect(403);
        gus.put(&eve, &json!({"role": "guest"})).await.expect(403);

        grant(admin, "shop", "operators", "admin").await;
        gus.put(&eve, &json!({"role": "guest"})).await.expect(200);
        // The role in one project gives nothing in another, nor in the portal.
        gus.get("/api/v1/projects/default").await.expect(404);
        gus.get("/api/v1/users").await.expect(403);
    })
    .await;
}

#[tokio::test]
async fn the_highest_of_several_roles_counts() {
    each_database(async |portal| {
        let admin = portal.admin().await;
        let dev = portal.member("dev", "shop", ProjectRole::Developer).await;
        let role = async || match roles(&dev).await.as_slice() {
            [] => "none".to_owned(),
            [(project, role)] if project == "shop" => role.clone(),
            other => panic!("one project has one role: {other:?}"),
        };
        make(&admin, "readers", &["dev"]).await;
        grant(&admin, "shop", "readers", "guest").await;
        assert_eq!(role().await, "developer", "a lower one takes nothing away");
        make(&admin, "leaders", &["dev"]).await;
        grant(&admin, "shop", "leaders", "admin").await;
        assert_eq!(role().await, "admin");
        dev.get(&format!("{SHOP}/audit")).await.expect(200);

        admin.delete(&format!("{SHOP}/teams/leaders")).await.expect(204);
        assert_eq!(role().await, "developer");
        dev.get(&format!("{SHOP}/audit")).await.expect(403);
        admin.delete(&format!("{SHOP}/members/dev")).await.expect(204);
        assert_eq!(role().await, "guest");
        admin.delete(&format!("{TEAMS}/readers")).await.expect(204);
        assert_eq!(role().await, "none");
        dev.get(SHOP).await.expect(404);
    })
    .await;
}

#[tokio::test]
async fn what_a_team_gave_ends_with_the_membership_the_role_or_the_team() {
    each_database(async |portal| {
        let admin = portal.admin().await;
        portal.project("shop").await;
        let gus = portal.outsider("gus").await;
        let program = portal.token("gus", SystemRole::Member).await;
        for end in [format!("{OPERATORS}/members/gus"), GRANT.to_owned(), OPERATORS.to_owned()] {
            make(&admin, "operators", &["gus"]).await;
            grant(&admin, "shop", "operators", "developer").await;
            gus.get(SHOP).await.expect(200);
            program.get(SHOP).await.expect(200);
            admin.delete(&end).await.expect(204);
            gus.get(SHOP).await.expect(404);
            program.get(SHOP).await.expect(404);
            admin.delete(&end).await.expect(404);
            if end != OPERATORS {
                admin.delete(OPERATORS).await.expect(204);
            }
        }
        // A later team of the same name is another one.
        make(&admin, "operators", &[]).await;
        let team = admin.get(OPERATORS).await.expect(200).json();
        assert_eq!((&team["members"], &team["projects"]), (&json!(0), &json!(0)));
    })
    .await;
}

/// How soon that is promised.
const SOON: Duration = Duration::from_secs(5);
const LOG: &str = "/api/v1/projects/shop-team/apps/shop/logs";

async fn closed(socket: Socket) -> Option<u16> {
    tokio::time::timeout(SOON, socket.closed()).await.expect("the socket closes as soon as was promised")
}

#[tokio::test]
async fn whoever_loses_a_teams_role_loses_the_sockets_it_opened() {
    let engine = FakeEngine::start().await;
    engine.add_container(&app_container("shop-web-1", "shop-team", "shop", "web"));
    let world = World::with(engine).await;
    world.portal.app("shop-team", "shop").await;
    let admin = world.portal.admin().await;
    let mut people = Vec::new();
    for (username, team) in [("ann", "one"), ("bob", "two"), ("cyd", "three"), ("dan", "four")] {
        people.push(world.portal.outsider(username).await);
        make(&admin, team, &[username]).await;
        grant(&admin, "shop-team", team, "guest").await;
    }
    let running = world.portal.serve();
    let mut sockets = Vec::new();
    for client in &people {
        sockets.push(Socket::open(running.address, client, LOG).await.unwrap());
    }
    let mut staying = sockets.pop().unwrap();

    admin.delete("/api/v1/teams/one/members/ann").await.expect(204);
    admin.delete("/api/v1/projects/shop-team/teams/two").await.expect(204);
    admin.delete("/api/v1/teams/three").await.expect(204);
    let codes = futures::future::join_all(sockets.into_iter().map(closed)).await;
    assert_eq!(codes, [Some(1008); 3]);
    for client in &people[..3] {
        assert_eq!(Socket::open(running.address, client, LOG).await.err(), Some(404));
    }

    world.engine.log_line("shop-web-1", Stream::Stdout, "still read");
    let is_ours = |record: &Record| matches!(record, Record::Line { bytes, .. } if bytes == b"still read");
    while !Record::decode_all(&staying.next().await.expect("whoever stays goes on reading")).iter().any(is_ours) {}
    running.stop().await;
}

#[tokio::test]
async fn leaving_a_project_that_a_team_gives_is_refused_and_says_which_team() {
    each_database(async |portal| {
        let admin = portal.admin().await;
        let gus = portal.member("gus", "shop", ProjectRole::Developer).await;
        let eve = portal.outsider("eve").await;
        for (team, people) in
            [("operators", &["gus", "eve"][..]), ("writers", &["eve"][..]), ("elsewhere", &["gus"][..])]
        {
            make(&admin, team, people).await;
        }
        portal.project("bank").await;
        grant(&admin, "shop", "writers", "guest").await;
        grant(&admin, "shop", "operators", "guest").await;
        grant(&admin, "bank", "elsewhere", "guest").await;
        for (client, username) in [(&gus, "gus"), (&eve, "eve")] {
            let refused = client.delete(&format!("{SHOP}/members/{username}")).await.expect(409);
            assert_eq!(reason(&refused), "member.by-team");
            assert_eq!(refused.json()["message"]["params"]["team"], "operators");
        }
        let in_shop = ("shop".to_owned(), "developer".to_owned());
        assert!(roles(&gus).await.contains(&in_shop), "a refusal changes nothing");

        admin.delete(&format!("{OPERATORS}/members/gus")).await.expect(204);
        gus.delete(&format!("{SHOP}/members/gus")).await.expect(204);
        gus.get(SHOP).await.expect(404);
        // Whoever manages the project ends a membership whatever teams give.
        admin.put(&format!("{SHOP}/members/eve"), &json!({"role": "admin"})).await.expect(200);
        admin.delete(&format!("{SHOP}/members/eve")).await.expect(204);
        assert_eq!(roles(&eve).await, [("shop".to_owned(), "guest".to_owned())]);
    })
    .await;
}

#[tokio::test]
async fn a_team_is_seen_by_those_in_it_and_by_nobody_else() {
    each_database(async |portal| {
        let admin = portal.admin().await;
        let pia = portal.member("pia", "shop", ProjectRole::Admin).await;
        let gus = portal.outsider("gus").await;
        let eve = portal.outsider("eve").await;
        make(&admin, "operators", &["gus"]).await;
        grant(&admin, "shop", "operators", "guest").await;
        make(&admin, "others", &["eve"]).await;

        let team = gus.get(OPERATORS).await.expect(200).json();
        assert_eq!((&team["name"], &team["members"], &team["projects"]), (&json!("operators"), &json!(1), &json!(1)));
        assert_eq!(team, admin.get(OPERATORS).await.expect(200).json());
        let members = gus.get(&format!("{OPERATORS}/members")).await.expect(200).json();
        let expected = json!([{"user": my_id(&gus).await, "username": "gus", "state": "active"}]);
        assert_eq!(members["items"], expected);
        let projects = gus.get(&format!("{OPERATORS}/projects")).await.expect(200).json();
        assert_eq!(projects["items"], json!([{"project": "shop", "role": "guest"}]));
        let grants = gus.get(&format!("{SHOP}/teams")).await.expect(200).json();
        assert_eq!(grants["items"], json!([{"team": "operators", "role": "guest", "members": 1}]));

        // Managing a project that a team has a role in, or being in another team, shows nothing of the team.
        for stranger in [&pia, &eve] {
            for below in ["", "/members", "/projects"] {
                let foreign = stranger.get(&format!("{OPERATORS}{below}")).await.expect(404);
                let missing = stranger.get(&format!("{TEAMS}/none{below}")).await.expect(404);
                assert_eq!(foreign.text().replace("operators", "none"), missing.text());
            }
        }
        for stranger in [&pia, &eve, &gus] {
            for (method, below) in [("PUT", "/members/eve"), ("DELETE", "/members/gus"), ("DELETE", "")] {
                let answer = async |team: &str| {
                    let path = format!("{TEAMS}/{team}{below}");
                    stranger.write(method.parse().unwrap(), &path, None).await.expect(403)
                };
                assert_eq!(answer("operators").await.body, answer("none").await.body, "{method} {below}");
            }
            stranger.get(TEAMS).await.expect(403);
            stranger.post(TEAMS, &json!({"name": "mine"})).await.expect(403);
        }
        eve.get(&format!("{SHOP}/teams")).await.expect(404);
        assert_eq!(admin.get(TEAMS).await.expect(200).json()["total"], 2, "nothing was made or deleted");
        assert_eq!(admin.get(OPERATORS).await.expect(200).json(), team);
    })
    .await;
}

#[tokio::test]
async fn a_project_admin_gives_any_team_a_role_and_takes_it_away() {
    each_database(async |portal| {
        let admin = portal.admin().await;
        let pia = portal.member("pia", "shop", ProjectRole::Admin).await;
        portal.project("bank").await;
        make(&admin, "operators", &[]).await;

        let set = pia.put(GRANT, &json!({"role": "guest"})).await.expect(200).json();
        assert_eq!(set, json!({"team": "operators", "role": "guest", "members": 0}));
        let again = pia.put(GRANT, &json!({"role": "developer"})).await.expect(200).json();
        assert_eq!(again["role"], "developer");
        let list = pia.get(&format!("{SHOP}/teams")).await.expect(200).json();
        assert_eq!((column(&list, "role"), &list["total"]), (vec!["developer".to_owned()], &json!(1)));
        assert_eq!(pia.get(&format!("{SHOP}/teams?role=guest")).await.expect(200).json()["total"], 0);

        let role = json!({"role": "guest"});
        let unknown = pia.put(&format!("{SHOP}/teams/none"), &role).await.expect(404);
        assert_eq!(reason(&unknown), "not-found.team");
        assert_eq!(wrong_fields(&pia.put(GRANT, &json!({"role": "owner"})).await.expect(400)), ["role"]);
        pia.put("/api/v1/projects/bank/teams/operators", &role).await.expect(404);
        pia.delete("/api/v1/projects/bank/teams/operators").await.expect(404);

        pia.delete(GRANT).await.expect(204);
        let without = pia.delete(GRANT).await.expect(404);
        assert_eq!(reason(&without), "not-found.team-grant");
        let missing = pia.delete(&format!("{SHOP}/teams/none")).await.expect(404);
        assert_eq!(without.text().replace("operators", "none"), missing.text());
        assert_eq!(admin.get(OPERATORS).await.expect(200).json()["projects"], 0);
    })
    .await;
}

#[tokio::test]
async fn a_teams_name_is_taken_once_and_a_bad_one_is_refused_by_field() {
    each_database(async |portal| {
        let admin = portal.admin().await;
        let made = admin.post(TEAMS, &json!({"name": "operators"})).await.expect(201).json();
        assert_eq!(admin.get(OPERATORS).await.expect(200).json(), made);
        let taken = admin.post(TEAMS, &json!({"name": "operators"})).await.expect(409);
        assert_eq!(reason(&taken), "conflict.team");
        let long = "a".repeat(64);
        for name in ["", "-a", "a-", "Team", "my team", "a/x", "../a", "größe", long.as_str()] {
            let refused = admin.post(TEAMS, &json!({"name": name})).await.expect(400);
            assert_eq!(wrong_fields(&refused), ["name"], "{name}");
        }
        let unknown = admin.post(TEAMS, &json!({"name": "a", "members": ["eve"]})).await.expect(400);
        assert_eq!(wrong_fields(&unknown), ["members"]);
        assert_eq!(admin.get(TEAMS).await.expect(200).json()["total"], 1, "nothing else was made");

        portal.outsider("gus").await;
        let member = format!("{OPERATORS}/members");
        let gus = admin.put(&format!("{member}/GUS"), &Value::Null).await.expect(200).json();
        assert_eq!(gus["username"], "gus");
        assert_eq!(gus, admin.put(&format!("{member}/gus"), &Value::Null).await.expect(200).json(), "once or twice");
        assert_eq!(admin.get(&member).await.expect(200).json()["total"], 1);
        let nobody = admin.put(&format!("{member}/nobody"), &Value::Null).await.expect(404);
        assert_eq!(reason(&nobody), "not-found.user");
        let nobody = admin.delete(&format!("{member}/admin")).await.expect(404);
        assert_eq!(reason(&nobody), "not-found.team-member");
        let nowhere = admin.put(&format!("{TEAMS}/none/members/gus"), &Value::Null).await.expect(404);
        assert_eq!(reason(&nowhere), "not-found.team");
    })
    .await;
}

#[tokio::test]
async fn teams_are_searched_sorted_and_paged() {
    each_database(async |portal| {
        let admin = portal.admin().await;
        let people = ["amy", "bob", "cyd"];
        for username in people {
            portal.outsider(username).await;
        }
        for number in 0..23 {
            // Not made in the order of their names.
            let number = (number * 5 + 8) % 23;
            make(&admin, &format!("team-{number:02}"), &people[..number % 4]).await;
        }
        let expected: Vec<_> = (0..23).map(|number| format!("team-{number:02}")).collect();
        for query in ["", "sort=name"] {
            assert_eq!(texts(&pages(&admin, TEAMS, query, 7).await, "name"), expected);
        }
        let mut backwards = pages(&admin, TEAMS, "order=desc", 7).await;
        backwards.reverse();
        assert_eq!(texts(&backwards, "name"), expected);

        let sorted = async |query: &str| {
            let teams = Value::Array(pages(&admin, TEAMS, query, 7).await);
            serde_json::from_value::<Vec<Team>>(teams).unwrap()
        };
        let by_size = sorted("sort=members&order=desc").await;
        assert_eq!((by_size.len(), by_size[0].members, by_size[22].members), (23, 3, 0));
        assert!(by_size.is_sorted_by_key(|team| (Reverse(team.members), team.name.clone())));
        let by_age = sorted("sort=created_at").await;
        assert!(by_age.len() == 23 && by_age.is_sorted_by_key(|team| team.created_at));

        let found = async |q: &str| pages(&admin, TEAMS, &format!("q={q}"), 7).await.len();
        assert_eq!((found("TEAM-1").await, found("team%2022").await), (10, 1));
        for nothing in ["%25", "team_1", "nobody", "team-1%20x"] {
            assert_eq!(found(nothing).await, 0, "{nothing}");
        }
        for (query, field) in
            [("role=guest", "role"), ("sort=id", "sort"), ("cursor=x", "cursor"), ("limit=0", "limit")]
        {
            for path in [TEAMS, "/api/v1/teams/team-03/members"] {
                let refused = admin.get(&format!("{path}?{query}")).await.expect(400);
                assert_eq!(wrong_fields(&refused), [field], "{path}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_deleted_account_or_project_leaves_nothing_in_a_team() {
    each_database(async |portal| {
        let admin = portal.admin().await;
        portal.project("shop").await;
        let gus = portal.outsider("gus").await;
        make(&admin, "operators", &["gus", "admin"]).await;
        grant(&admin, "shop", "operators", "guest").await;
        let figures = async || {
            let team = admin.get(OPERATORS).await.expect(200).json();
            (team["members"].as_u64().unwrap(), team["projects"].as_u64().unwrap())
        };
        assert_eq!(figures().await, (2, 1));
        admin.delete(&user(&my_id(&gus).await)).await.expect(204);
        assert_eq!(figures().await, (1, 1));
        let members = admin.get(&format!("{OPERATORS}/members")).await.expect(200).json();
        assert_eq!(column(&members, "username"), ["admin"]);
        admin.delete(SHOP).await.expect(204);
        assert_eq!(figures().await, (1, 0));

        // Later ones of the same names have nothing of the old ones.
        portal.project("shop").await;
        let later = portal.outsider("gus").await;
        assert_eq!(admin.get(&format!("{SHOP}/teams")).await.expect(200).json()["total"], 0);
        grant(&admin, "shop", "operators", "guest").await;
        later.get(SHOP).await.expect(404);
        later.get(OPERATORS).await.expect(404);
    })
    .await;
}

#[tokio::test]
async fn a_thousand_people_with_two_hundred_projects_are_listed_page_by_page() {
    const ROLES: [(&str, ProjectRole); 3] =
        [("guest", ProjectRole::Guest), ("developer", ProjectRole::Developer), ("admin", ProjectRole::Admin)];
    each_database(async |portal| {
        let arranged = portal
            .state
            .db
            .write(async |txn| {
                let team = db::team::insert(txn, "everybody").await?;
                for number in 0..1_000 {
                    let (name, hash) = (format!("user-{number:03}"), "none".to_owned());
                    let user = db::user::insert(txn, &name, hash, SystemRole::Member).await?;
                    db::team::put_member(txn, team.id, user.id).await?;
                }
                for number in 0..200 {
                    let project = db::project::insert(txn, &format!("project-{number:03}")).await?;
                    db::team::put_grant(txn, team.id, project.id, ROLES[number % 3].1).await?;
                }
                Ok::<_, db::Error>(())
            })
            .await;
        arranged.unwrap();
        let admin = portal.admin().await;
        let team = admin.get("/api/v1/teams/everybody").await.expect(200).json();
        assert_eq!((&team["members"], &team["projects"]), (&json!(1_000), &json!(200)));

        let one = portal.outsider("user-500").await;
        let usernames: Vec<_> = (0..1_000).map(|number| format!("user-{number:03}")).collect();
        let projects: Vec<_> = (0..200).map(|number| format!("project-{number:03}")).collect();
        for client in [&admin, &one] {
            let path = "/api/v1/teams/everybody/members";
            assert_eq!(texts(&pages(client, path, "", 170).await, "username"), usernames);
            let mut backwards = pages(client, path, "sort=username&order=desc", 170).await;
            backwards.reverse();
            assert_eq!(texts(&backwards, "username"), usernames);
            assert_eq!(texts(&pages(client, path, "q=user-99", 4).await, "username"), usernames[990..]);
            let given = pages(client, "/api/v1/teams/everybody/projects", "", 33).await;
            assert_eq!(texts(&given, "project"), projects);
            let admins = pages(client, "/api/v1/teams/everybody/projects", "role=admin", 33).await;
            assert_eq!(admins.len(), 66);
        }
        let expected: Vec<_> =
            projects.iter().zip(ROLES.iter().cycle()).map(|(it, (role, _))| (it.clone(), (*role).to_owned())).collect();
        assert_eq!(roles(&one).await, expected);
        assert_eq!(one.get("/api/v1/projects").await.expect(200).json()["total"], 200);
        one.delete("/api/v1/projects/project-000/members/user-500").await.expect(409);
    })
    .await;
}

#[tokio::test]
async fn what_happens_to_teams_is_in_the_audit_log() {
    each_database(async |portal| {
        let admin = portal.admin().await;
        let pia = portal.member("pia", "shop", ProjectRole::Admin).await;
        make(&admin, "operators", &["pia"]).await;
        pia.put(GRANT, &json!({"role": "developer"})).await.expect(200);
        pia.delete(GRANT).await.expect(204);
        admin.delete(&format!("{OPERATORS}/members/pia")).await.expect(204);
        admin.delete(OPERATORS).await.expect(204);

        let mut told = admin.get("/api/v1/audit").await.expect(200).json()["items"].as_array().unwrap().clone();
        told.reverse();
        let told: Vec<_> = told
            .iter()
            .map(|it| [&it["action"], &it["target"], &it["username"], &it["detail"]].map(|it| it.as_str().unwrap()))
            .collect();
        let expected = [
            ["team.create", "operators", "admin", ""],
            ["team-member.update", "operators/pia", "admin", ""],
            ["team-grant.update", "shop/operators", "pia", "role=developer"],
            ["team-grant.delete", "shop/operators", "pia", ""],
            ["team-member.delete", "operators/pia", "admin", ""],
            ["team.delete", "operators", "admin", ""],
        ];
        assert_eq!(told, expected);
        let of_project = pia.get(&format!("{SHOP}/audit")).await.expect(200).json();
        assert_eq!(column(&of_project, "action"), ["team-grant.delete", "team-grant.update"]);
    })
    .await;
}
