//! Groups of providers that belong to teams: `/api/v1/teams/{team}/groups`.

use api::permission::{ProjectRole, SystemRole};
use serde_json::{Value, json};
use server::services::sign_in::refresh_now;

use super::ends::{closed, linked};
use super::{CORP, LOOPBACK, World, column, each_world, me, patch, reason, text, wrong_fields};
use crate::fake_provider::FakeProvider;
use crate::support::{Bench, Client, Database, Socket, eventually};

const TEAMS: &str = "/api/v1/teams";
const WEB: &str = "/api/v1/teams/web";
const GROUPS: &str = "/api/v1/teams/web/groups";
const SHOP: &str = "/api/v1/projects/shop";
const GRANT: &str = "/api/v1/projects/shop/teams/web";

/// A provider that tells groups, and the team `web` with a role in the project `shop`.
async fn arrange(world: &World, role: &str) {
    world.idp.script(|script| script.refreshes = true);
    world.enable(json!({"groups_claim": "groups"})).await;
    world.portal.project("shop").await;
    make(world, role).await;
}

async fn make(world: &World, role: &str) {
    world.admin.post(TEAMS, &json!({"name": "web"})).await.expect(201);
    grant(world, role).await;
}

async fn grant(world: &World, role: &str) {
    world.admin.put(GRANT, &json!({"role": role})).await.expect(200);
}

/// The body that gives the team these groups of a provider.
fn groups(provider: &str, patterns: &[&str]) -> Value {
    let group = |pattern: &&str| json!({"provider": provider, "pattern": pattern});
    json!({"groups": patterns.iter().map(group).collect::<Vec<_>>()})
}

async fn set(world: &World, patterns: &[&str]) {
    let now = world.admin.put(GROUPS, &groups("corp", patterns)).await.expect(200).json();
    assert_eq!(column(&now, "pattern"), patterns);
}

/// The groups that the provider tells from now on.
fn tell(world: &World, groups: &[&str]) {
    world.idp.script(|script| script.groups(json!(groups)));
}

/// The caller's projects with the roles there.
async fn projects(client: &Client) -> Value {
    me(client).await["projects"].clone()
}

fn only_shop(role: &str) -> Value {
    json!([{"project": "shop", "role": role}])
}

#[tokio::test]
async fn whoever_has_a_teams_group_has_its_role_and_nothing_elsewhere() {
    for database in Database::every().await {
        let bench = Bench::with(database, &[LOOPBACK]).await;
        let (_engine, world) = (bench.engine, World::on(bench.portal, bench.admin).await);
        arrange(&world, "developer").await;
        world.portal.project("bank").await;
        set(&world, &["/eng/*"]).await;
        let app = json!({"name": "web", "cluster": "local", "compose": "services:\n  web:\n    image: web:1\n"});
        let apps = |project: &str| format!("/api/v1/projects/{project}/apps");

        let stranger = world.signed_in().await;
        stranger.get(SHOP).await.expect(404);
        stranger.post(&apps("shop"), &app).await.expect(404);
        assert_eq!(world.admin.get(&apps("shop")).await.expect(200).json()["total"], 0);

        tell(&world, &["/eng/web"]);
        let grace = world.signed_in().await;
        assert_eq!(projects(&grace).await, only_shop("developer"));
        assert_eq!(column(&grace.get("/api/v1/projects").await.expect(200).json(), "name"), ["shop"]);
        let made = grace.post(&apps("shop"), &app).await.expect(202).json();
        let operation = format!("/api/v1/operations/{}", text(&made["operation"]));
        eventually("the app is deployed", async || {
            let operation = grace.get(&operation).await.expect(200).json();
            assert_ne!(operation["state"], "failed", "{operation}");
            operation["state"] == "succeeded"
        })
        .await;
        let program = world.portal.token("grace", SystemRole::Member).await;
        assert_eq!(program.get(&apps("shop")).await.expect(200).json()["total"], 1);

        for client in [&grace, &program] {
            client.put(&format!("{SHOP}/members/admin"), &json!({"role": "guest"})).await.expect(403);
            for foreign in ["bank", "default"] {
                client.get(&format!("/api/v1/projects/{foreign}")).await.expect(404);
                client.post(&apps(foreign), &app).await.expect(404);
                assert_eq!(world.admin.get(&apps(foreign)).await.expect(200).json()["total"], 0);
            }
            client.get("/api/v1/users").await.expect(403);
        }
    }
}

#[tokio::test]
async fn a_group_that_is_lost_ends_the_role_and_the_open_sockets() {
    const LOG: &str = "/api/v1/projects/shop/apps/web/logs";
    let bench = Bench::with(Database::sqlite(), &[LOOPBACK]).await;
    let (_engine, world) = (bench.engine, World::on(bench.portal, bench.admin).await);
    arrange(&world, "guest").await;
    set(&world, &["/eng/*"]).await;
    world.portal.app("shop", "web").await;
    tell(&world, &["/eng/web"]);
    let grace = world.signed_in().await;
    let program = world.portal.token("grace", SystemRole::Member).await;
    let state = world.portal.state.clone();
    let idp = world.idp;
    let running = world.portal.serve();
    let mut sockets = Vec::new();
    for client in [&grace, &program] {
        sockets.push(Socket::open(running.address, client, LOG).await.unwrap());
    }

    // The group is still there, and so is what stands on it.
    refresh_now(&state).await.unwrap();
    for client in [&grace, &program] {
        client.get(SHOP).await.expect(200);
    }
    idp.script(|script| script.groups(json!(["/design/web"])));
    refresh_now(&state).await.unwrap();
    for client in [&grace, &program] {
        client.get(SHOP).await.expect(404);
        client.get(WEB).await.expect(404);
        assert_eq!(Socket::open(running.address, client, LOG).await.err(), Some(404));
    }
    let codes = futures::future::join_all(sockets.into_iter().map(closed)).await;
    assert_eq!(codes, [Some(1008); 2]);
    me(&grace).await;
    running.stop().await;
}

#[tokio::test]
async fn what_a_group_gave_ends_with_the_pattern_the_grant_the_team_and_the_provider() {
    each_world(async |world| {
        arrange(&world, "guest").await;
        // Bob has a session that began without the provider.
        let (bob, _) = linked(&world, "bob", "subject-of-bob").await;
        let program = world.portal.token("bob", SystemRole::Member).await;
        tell(&world, &["/eng/web"]);
        world.signed_in().await;
        let gets = async |status: u16| {
            for client in [&bob, &program] {
                client.get(SHOP).await.expect(status);
            }
        };
        gets(404).await;
        set(&world, &["/eng/*"]).await;
        gets(200).await;
        set(&world, &["/design/*"]).await;
        gets(404).await;
        set(&world, &["/design/*", "/eng/web"]).await;
        gets(200).await;
        set(&world, &[]).await;
        gets(404).await;

        set(&world, &["/eng/*"]).await;
        gets(200).await;
        world.admin.delete(GRANT).await.expect(204);
        gets(404).await;
        grant(&world, "guest").await;
        gets(200).await;

        patch(&world.admin, CORP, &json!({"enabled": false})).await.expect(200);
        gets(404).await;
        let kept = world.admin.get(GROUPS).await.expect(200).json();
        assert_eq!(column(&kept, "pattern"), ["/eng/*"], "who switches it on again has them still");
        patch(&world.admin, CORP, &json!({"enabled": true})).await.expect(200);
        world.signed_in().await;
        gets(200).await;

        world.admin.delete(WEB).await.expect(204);
        gets(404).await;
        make(&world, "guest").await;
        gets(404).await;
        set(&world, &["/eng/*"]).await;
        gets(200).await;

        world.admin.delete(CORP).await.expect(204);
        gets(404).await;
        assert_eq!(world.admin.get(GROUPS).await.expect(200).json()["total"], 0);
    })
    .await;
}

#[tokio::test]
async fn one_star_stays_in_its_part_of_a_groups_path_and_two_do_not() {
    each_world(async |world| {
        arrange(&world, "guest").await;
        let cases: [(&[&str], &[&str]); 4] = [
            (&["/eng/web"], &["/eng/web", "/eng/*", "/eng/**", "**", "/*/web", "/eng/w*"]),
            (&["/eng/web/lead"], &["/eng/**", "**", "/eng/*/lead"]),
            (&["ops", "/design"], &["*", "**", "/*"]),
            (&[], &[]),
        ];
        for (told, fits) in cases {
            tell(&world, told);
            let grace = world.signed_in().await;
            let patterns =
                ["/eng/web", "/eng/*", "/eng/**", "**", "*", "/*", "/*/web", "/eng/w*", "/eng/*/lead", "/Eng/web", "e"];
            for pattern in patterns {
                set(&world, &[pattern]).await;
                let expected = if fits.contains(&pattern) { only_shop("guest") } else { json!([]) };
                assert_eq!(projects(&grace).await, expected, "{pattern} for {told:?}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_group_counts_only_of_the_provider_that_it_was_named_of() {
    each_world(async |world| {
        arrange(&world, "guest").await;
        let other = FakeProvider::start().await;
        let described = json!({"slug": "other", "name": "Other", "groups_claim": "groups"});
        world.enable_at(&other, described).await;
        tell(&world, &["/eng/web"]);
        let grace = world.signed_in().await;
        world.admin.put(GROUPS, &groups("other", &["/eng/web", "**"])).await.expect(200);
        grace.get(SHOP).await.expect(404);
        grace.get(WEB).await.expect(404);
        let both = json!({"groups": [
            {"provider": "other", "pattern": "/eng/web"}, {"provider": "corp", "pattern": "/eng/web"},
            {"provider": "corp", "pattern": "/eng/web"},
        ]});
        let now = world.admin.put(GROUPS, &both).await.expect(200).json();
        let corp = json!({"provider": "corp", "provider_name": "Corp", "pattern": "/eng/web"});
        let elsewhere = json!({"provider": "other", "provider_name": "Other", "pattern": "/eng/web"});
        assert_eq!((&now["items"], &now["total"]), (&json!([corp, elsewhere]), &json!(2)));
        grace.get(SHOP).await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn the_highest_role_counts_and_nobody_leaves_what_a_group_gives() {
    each_world(async |world| {
        arrange(&world, "developer").await;
        set(&world, &["/eng/*"]).await;
        tell(&world, &["/eng/web", "/eng/ops"]);
        let grace = world.signed_in().await;
        let own = format!("{SHOP}/members/grace");
        for (role, expected) in [("guest", "developer"), ("admin", "admin")] {
            world.admin.put(&own, &json!({"role": role})).await.expect(200);
            assert_eq!(projects(&grace).await, only_shop(expected));
        }
        let refused = grace.delete(&own).await.expect(409);
        assert_eq!(reason(&refused), "member.by-team");
        assert_eq!(refused.json()["message"]["params"]["team"], "web");
        assert_eq!(projects(&grace).await, only_shop("admin"), "nothing has ended");
        world.admin.delete(&own).await.expect(204);
        assert_eq!(projects(&grace).await, only_shop("developer"));
        grace.delete(&own).await.expect(409);

        world.admin.put(&own, &json!({"role": "guest"})).await.expect(200);
        set(&world, &[]).await;
        assert_eq!(projects(&grace).await, only_shop("guest"));
        grace.delete(&own).await.expect(204);
        grace.get(SHOP).await.expect(404);
    })
    .await;
}

#[tokio::test]
async fn whoever_is_in_a_team_sees_its_groups_and_only_administrators_of_the_portal_change_them() {
    each_world(async |world| {
        arrange(&world, "admin").await;
        set(&world, &["/eng/*"]).await;
        tell(&world, &["/eng/web"]);
        let grace = world.signed_in().await;
        let added = world.portal.outsider("ann").await;
        world.admin.put(&format!("{WEB}/members/ann"), &Value::Null).await.expect(200);
        let pia = world.portal.member("pia", "shop", ProjectRole::Admin).await;

        let expected = json!([{"provider": "corp", "provider_name": "Corp", "pattern": "/eng/*"}]);
        for inside in [&grace, &added, &world.admin] {
            assert_eq!(inside.get(GROUPS).await.expect(200).json()["items"], expected);
            let team = inside.get(WEB).await.expect(200).json();
            assert_eq!(team["members"], 1, "whoever is there by a group does not count");
            let members = inside.get(&format!("{WEB}/members")).await.expect(200).json();
            assert_eq!(column(&members, "username"), ["ann"]);
        }
        let foreign = pia.get(GROUPS).await.expect(404);
        let missing = pia.get(&format!("{TEAMS}/none/groups")).await.expect(404);
        assert_eq!(foreign.text().replace("web", "none"), missing.text());
        for client in [&grace, &added, &pia] {
            let refused = client.put(GROUPS, &groups("corp", &["**"])).await.expect(403);
            let missing = client.put(&format!("{TEAMS}/none/groups"), &groups("corp", &["**"])).await.expect(403);
            assert_eq!(refused.body, missing.body);
        }
        assert_eq!(world.admin.get(GROUPS).await.expect(200).json()["items"], expected, "nothing has changed");
        world.admin.put(&format!("{TEAMS}/none/groups"), &groups("corp", &[])).await.expect(404);
    })
    .await;
}

#[tokio::test]
async fn bad_groups_are_refused_by_field_and_change_nothing() {
    each_world(async |world| {
        arrange(&world, "guest").await;
        set(&world, &["/eng/*"]).await;
        let (long, most) = ("a".repeat(513), "a".repeat(512));
        let refused = async |body: Value| wrong_fields(&world.admin.put(GROUPS, &body).await.expect(400));
        for bad in ["", "*****", "a\0", long.as_str()] {
            assert_eq!(refused(groups("corp", &[bad])).await, ["groups[0].pattern"], "{bad}");
            assert_eq!(refused(groups("corp", &["ops", bad])).await, ["groups[1].pattern"], "{bad}");
        }
        assert_eq!(refused(groups("none", &["ops"])).await, ["groups[0].provider"]);
        assert_eq!(refused(groups("Corp", &[""])).await, ["groups[0].pattern", "groups[0].provider"]);
        let names: Vec<_> = (10..75).map(|number| format!("group-{number}")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        assert_eq!(refused(groups("corp", &names)).await, ["groups"]);
        assert_eq!(refused(json!({"groups": [], "members": []})).await, ["members"]);
        let kept = world.admin.get(GROUPS).await.expect(200).json();
        assert_eq!(column(&kept, "pattern"), ["/eng/*"]);

        set(&world, &names[..64]).await;
        set(&world, &["****", &most, "运维*"]).await;
    })
    .await;
}

#[tokio::test]
async fn the_teams_page_shows_groups_where_there_are_any_and_the_form_to_those_who_change_them() {
    each_world(async |world| {
        const FORM: &str = r#"name="pattern""#;
        let page = async |client: &Client| client.get("/teams/web").await.expect(200).text();
        world.admin.post(TEAMS, &json!({"name": "web"})).await.expect(201);
        assert!(!page(&world.admin).await.contains(FORM), "no provider could tell any group");
        world.admin.delete(WEB).await.expect(204);

        arrange(&world, "guest").await;
        assert!(page(&world.admin).await.contains(FORM));
        set(&world, &["/eng/*"]).await;
        tell(&world, &["/eng/web"]);
        let grace = world.signed_in().await;
        for (client, changes) in [(&world.admin, true), (&grace, false)] {
            let page = page(client).await;
            assert!(page.contains("<code>/eng/*<"), "{page}");
            assert_eq!(page.contains(FORM), changes);
        }
    })
    .await;
}

#[tokio::test]
async fn a_change_of_groups_is_in_the_audit_log() {
    each_world(async |world| {
        arrange(&world, "guest").await;
        set(&world, &["/eng/*", "ops"]).await;
        set(&world, &["dev", "ops"]).await;
        let path = "/api/v1/audit?action=team-group.update";
        let told = world.admin.get(path).await.expect(200).json();
        assert_eq!(column(&told, "target"), ["web", "web"]);
        assert_eq!(column(&told, "detail"), ["+corp:dev -corp:/eng/*", "+corp:/eng/* +corp:ops"]);
    })
    .await;
}
