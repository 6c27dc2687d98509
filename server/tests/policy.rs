//! What may run: `/api/v1/projects/{project}/policy`, and who is bound by it.

use api::operation::OperationState;
use api::permission::ProjectRole;
use api::policy::{MAX_BIND_ROOTS, PolicyRule};
use serde_json::{Value, json};
use server::db;

use crate::support::{Bench, each_bench, each_database, story};

const POLICY: &str = "/api/v1/projects/default/policy";
const APPS: &str = "/api/v1/projects/default/apps";
const MINE: &str = "/api/v1/projects/default/apps/mine";

/// For each rule something that it names, and the field that is.
const WAYS: [(&str, &str, &str); 13] = [
    ("privileged", "privileged: true", "services.web.privileged"),
    ("host-namespaces", "pid: host", "services.web.pid"),
    ("devices", "devices: [/dev/null:/dev/null]", "services.web.devices"),
    ("capabilities", "cap_add: [NET_ADMIN]", "services.web.cap_add"),
    ("sysctls", "sysctls: {net.core.somaxconn: '1'}", "services.web.sysctls"),
    ("security-options", "security_opt: ['seccomp:unconfined']", "services.web.security_opt"),
    ("bind-mounts", "volumes: ['/srv/data:/data']", "services.web.volumes[0]"),
    ("runtimes", "runtime: other", "services.web.runtime"),
    ("memory-kill", "oom_score_adj: -500", "services.web.oom_score_adj"),
    ("log-drivers", "logging: {driver: syslog}", "services.web.logging.driver"),
    ("volume-drivers", "tty: true\nvolumes: {data: {driver: rclone}}", "volumes.data.driver"),
    ("network-drivers", "tty: true\nnetworks: {default: {driver: macvlan}}", "networks.default.driver"),
    ("foreign-objects", "tty: true\nvolumes: {data: {name: bank_data}}", "volumes.data.name"),
];

/// A Compose file whose service says this, too.
fn with(lines: &str) -> String {
    format!("services:\n  web:\n    image: web:1\n    {lines}\n")
}

fn app(name: &str, lines: &str) -> Value {
    json!({"name": name, "cluster": "local", "compose": with(lines)})
}

fn release(lines: &str) -> Value {
    json!({"compose": with(lines)})
}

fn refusal(field: &str, rule: &str) -> Value {
    json!({"key": "policy.refused", "params": {"field": field, "rule": rule}})
}

/// What a preview says of the policy: field and message.
fn findings(preview: &Value) -> Vec<(String, Value)> {
    let fields = preview["fields"].as_array().unwrap().iter();
    let refused = fields.filter(|field| field["message"]["key"] == "policy.refused");
    refused.map(|field| (field["field"].as_str().unwrap().to_owned(), field["message"].clone())).collect()
}

async fn allow(bench: &Bench, allowed: &[&str], bind_roots: &[&str]) {
    let policy = json!({"allowed": allowed, "bind_roots": bind_roots});
    assert_eq!(bench.admin.put(POLICY, &policy).await.expect(200).json(), policy);
}

async fn succeeded(bench: &Bench, accepted: &Value) {
    let operation = bench.ended(accepted["operation"].as_str().unwrap()).await;
    assert_eq!(operation.state, OperationState::Succeeded, "{}", story(&operation));
}

#[tokio::test]
async fn what_reaches_beyond_the_project_is_refused_with_field_and_rule_and_nothing_happens() {
    each_bench(async |bench| {
        assert_eq!(WAYS.map(|(rule, ..)| rule), PolicyRule::ALL.map(PolicyRule::as_str));
        let dev = bench.portal.member("dev", "default", ProjectRole::Developer).await;
        let lead = bench.portal.member("pia", "default", ProjectRole::Admin).await;
        bench.engine.clear_requests();
        for (rule, lines, field) in WAYS {
            let body = app("mine", lines);
            for member in [&dev, &lead] {
                let refused = member.post(APPS, &body).await.expect(403).json();
                assert_eq!(refused["message"], refusal(field, rule));
                let detail = refused["detail"].as_str().unwrap();
                assert!(detail.contains(field) && detail.contains(rule), "{detail}");
            }
            let preview = dev.post(&format!("{APPS}/preview"), &body).await.expect(200).json();
            assert_eq!(findings(&preview), [(format!("compose.{field}"), refusal(field, rule))]);
            let preview = bench.admin.post(&format!("{APPS}/preview"), &body).await.expect(200).json();
            assert!(findings(&preview).is_empty(), "administrators are not bound: {preview}");
        }
        assert_eq!(bench.engine.requests().writes().len(), 0, "{}", bench.engine.requests().text());
        assert!(db::app::list(bench.portal.state.db.read()).await.unwrap().is_empty());
        let refused = bench.admin.get("/api/v1/audit?action=app.create&result=refused&limit=1").await.expect(200);
        assert_eq!(refused.json()["total"], 2 * WAYS.len());
        let twice = bench.admin.get("/api/v1/audit?action=request.refused").await.expect(200).json();
        assert_eq!(twice["total"], 0, "what a service records is recorded once: {twice}");
    })
    .await;
}

#[tokio::test]
async fn a_rule_allows_what_it_names_and_nothing_else() {
    each_bench(async |bench| {
        let dev = bench.portal.member("dev", "default", ProjectRole::Developer).await;
        let look = async |body: &Value| findings(&dev.post(&format!("{APPS}/preview"), body).await.expect(200).json());
        for (rule, lines, field) in WAYS {
            let body = app("mine", lines);
            let others: Vec<_> = WAYS.iter().map(|(other, ..)| *other).filter(|other| *other != rule).collect();
            allow(&bench, &others, &[]).await;
            assert_eq!(dev.post(APPS, &body).await.expect(403).json()["message"], refusal(field, rule));
            assert_eq!(look(&body).await, [(format!("compose.{field}"), refusal(field, rule))]);
            allow(&bench, &[rule], &[]).await;
            assert!(look(&body).await.is_empty(), "{rule}");
        }
        // In another project the policy of this one says nothing.
        let foreign = bench.portal.member("eve", "bank", ProjectRole::Developer).await;
        let (_, lines, field) = WAYS[12];
        let refused = foreign.post("/api/v1/projects/bank/apps", &app("mine", lines)).await.expect(403).json();
        assert_eq!(refused["message"], refusal(field, "foreign-objects"));
    })
    .await;
}

#[tokio::test]
async fn a_rule_counts_at_once_in_both_directions_and_what_runs_stays() {
    each_bench(async |bench| {
        let dev = bench.portal.member("dev", "default", ProjectRole::Developer).await;
        allow(&bench, &["privileged"], &[]).await;
        let made = dev.post(APPS, &app("mine", "privileged: true")).await.expect(202).json();
        succeeded(&bench, &made).await;
        let is_privileged = bench.engine.look(|state| {
            let container = state.containers.values().find(|c| c.name == "mine-web-1").unwrap();
            container.host_config["Privileged"] == true
        });
        assert!(is_privileged);

        allow(&bench, &[], &[]).await;
        bench.engine.clear_requests();
        let again = release("privileged: true\n    labels: {again: 'yes'}");
        let back = json!({"release": 1});
        let expected = refusal("services.web.privileged", "privileged");
        assert_eq!(dev.put(MINE, &again).await.expect(403).json()["message"], expected);
        assert_eq!(dev.post(&format!("{MINE}/rollback"), &back).await.expect(403).json()["message"], expected);
        let preview = dev.post(&format!("{MINE}/preview"), &again).await.expect(200).json();
        assert_eq!(findings(&preview), [("compose.services.web.privileged".to_owned(), expected.clone())]);
        assert_eq!(bench.engine.requests().writes().len(), 0, "{}", bench.engine.requests().text());
        let releases = dev.get(&format!("{MINE}/releases")).await.expect(200).json();
        assert_eq!(releases["total"], 1);

        assert_eq!(bench.containers("mine"), ["mine-web-1 web:1 running"]);
        succeeded(&bench, &dev.post(&format!("{MINE}/restart"), &json!(null)).await.expect(202).json()).await;
        let scale = format!("{MINE}/services/web/scale");
        succeeded(&bench, &dev.post(&scale, &json!({"replicas": 2})).await.expect(202).json()).await;
        assert_eq!(bench.containers("mine"), ["mine-web-1 web:1 running", "mine-web-2 web:1 running"]);

        succeeded(&bench, &dev.put(MINE, &release("tty: true")).await.expect(202).json()).await;
        assert_eq!(dev.post(&format!("{MINE}/rollback"), &back).await.expect(403).json()["message"], expected);
        succeeded(&bench, &bench.admin.post(&format!("{MINE}/rollback"), &back).await.expect(202).json()).await;
        allow(&bench, &["privileged"], &[]).await;
        succeeded(&bench, &dev.put(MINE, &again).await.expect(202).json()).await;
    })
    .await;
}

#[tokio::test]
async fn folders_of_the_project_are_mounted_and_nothing_beside_them() {
    each_bench(async |bench| {
        let dev = bench.portal.member("dev", "default", ProjectRole::Developer).await;
        allow(&bench, &[], &["/srv/shop", "/mnt/media"]).await;
        bench.engine.clear_requests();
        for (mount, field) in [
            ("/srv/shop/../bank:/d", "volumes[0]"),
            ("/srv/shop/../../etc/shadow:/d:ro", "volumes[0]"),
            ("/srv/shopping:/d", "volumes[0]"),
            ("/srv:/d", "volumes[0]"),
            ("/var/run/docker.sock:/d", "volumes[0]"),
            ("/srv/shop:/d:rshared", "volumes[0].bind.propagation"),
        ] {
            let body = app("mine", &format!("volumes: ['{mount}']"));
            let expected = refusal(&format!("services.web.{field}"), "bind-mounts");
            assert_eq!(dev.post(APPS, &body).await.expect(403).json()["message"], expected, "{mount}");
            let preview = dev.post(&format!("{APPS}/preview"), &body).await.expect(200).json();
            assert_eq!(findings(&preview), [(format!("compose.services.web.{field}"), expected)], "{mount}");
        }
        assert_eq!(bench.engine.requests().writes().len(), 0, "{}", bench.engine.requests().text());
        let within = "volumes: ['/srv/shop/data/:/d', '/mnt/media:/m:ro']";
        succeeded(&bench, &dev.post(APPS, &app("mine", within)).await.expect(202).json()).await;
        allow(&bench, &[], &["/srv/shop"]).await;
        let refused = dev.put(MINE, &release(within)).await.expect(403).json();
        assert_eq!(refused["message"], refusal("services.web.volumes[1]", "bind-mounts"));
    })
    .await;
}

#[tokio::test]
async fn members_see_the_policy_and_only_administrators_of_the_portal_change_it() {
    each_database(async |portal| {
        let policy = "/api/v1/projects/shop/policy";
        let guest = portal.member("gus", "shop", ProjectRole::Guest).await;
        let developer = portal.member("dev", "shop", ProjectRole::Developer).await;
        let lead = portal.member("pia", "shop", ProjectRole::Admin).await;
        let outsider = portal.member("eve", "bank", ProjectRole::Admin).await;
        let nothing = json!({"allowed": [], "bind_roots": []});
        let wish = json!({"allowed": ["sysctls", "privileged", "sysctls"], "bind_roots": ["/srv/shop", "/opt"]});
        for member in [&guest, &developer, &lead] {
            assert_eq!(member.put(policy, &wish).await.expect(403).json()["message"]["key"], "forbidden.role");
            assert_eq!(member.get(policy).await.expect(200).json(), nothing);
        }
        let missing = outsider.get("/api/v1/projects/none/policy").await.expect(404).text();
        assert_eq!(outsider.get(policy).await.expect(404).text().replace("shop", "none"), missing);
        assert_eq!(outsider.put(policy, &wish).await.expect(404).text().replace("shop", "none"), missing);
        portal.anonymous().get(policy).await.expect(401);

        let admin = portal.admin().await;
        let kept = json!({"allowed": ["privileged", "sysctls"], "bind_roots": ["/srv/shop", "/opt"]});
        assert_eq!(admin.put(policy, &wish).await.expect(200).json(), kept);
        assert_eq!(guest.get(policy).await.expect(200).json(), kept);
        assert_eq!(admin.get("/api/v1/projects/bank/policy").await.expect(200).json(), nothing);
        assert_eq!(portal.another().await.admin().await.get(policy).await.expect(200).json(), kept);
        admin.put("/api/v1/projects/none/policy", &wish).await.expect(404);

        let entries = lead.get("/api/v1/projects/shop/audit?action=policy.update").await.expect(200).json();
        assert_eq!(entries["total"], 1, "{entries}");
        let entry = &entries["items"][0];
        assert_eq!((&entry["target"], &entry["username"]), (&json!("shop"), &json!("admin")));
        assert_eq!(entry["detail"], format!("before={nothing} after={kept}"));

        admin.delete("/api/v1/projects/shop").await.expect(204);
        admin.post("/api/v1/projects", &json!({"name": "shop"})).await.expect(201);
        assert_eq!(admin.get(policy).await.expect(200).json(), nothing, "a new project has nothing of the old one");
    })
    .await;
}

#[tokio::test]
async fn a_policy_that_makes_no_sense_is_refused_with_its_fields_and_changes_nothing() {
    each_bench(async |bench| {
        let many: Vec<String> = (0..=MAX_BIND_ROOTS).map(|number| format!("/srv/{number}")).collect();
        let socket = bench.engine.socket().display().to_string();
        let around = bench.engine.socket().parent().unwrap().display().to_string();
        let data = bench.portal.state.config.data.dir.display().to_string();
        let roots = |roots: &[&str]| json!({"allowed": ["privileged"], "bind_roots": roots});
        for (body, field) in [
            (roots(&["srv"]), "bind_roots[0]"),
            (roots(&["/srv", "/srv/../etc"]), "bind_roots[1]"),
            (roots(&["/srv/"]), "bind_roots[0]"),
            (roots(&["/"]), "bind_roots[0]"),
            (roots(&["/srv", "/var/run/docker.sock"]), "bind_roots[1]"),
            (roots(&["/srv", "/opt", "/srv"]), "bind_roots[2]"),
            (roots(&[&socket]), "bind_roots[0]"),
            (roots(&["/srv", &around]), "bind_roots[1]"),
            (roots(&[&data]), "bind_roots[0]"),
            (roots(&[&format!("{data}/below")]), "bind_roots[0]"),
            (json!({"allowed": [], "bind_roots": many}), "bind_roots"),
            (json!({"allowed": ["privileged", "everything"], "bind_roots": []}), "allowed[1]"),
            (json!({"allowed": [], "bind_roots": [], "project": "bank"}), "project"),
        ] {
            let refused = bench.admin.put(POLICY, &body).await.expect(400).json();
            let fields: Vec<_> = refused["fields"].as_array().unwrap().iter().map(|it| &it["field"]).collect();
            assert_eq!(fields, [field], "{body}");
        }
        bench.admin.put(POLICY, &json!({"allowed": []})).await.expect(400);
        let nothing = json!({"allowed": [], "bind_roots": []});
        assert_eq!(bench.admin.get(POLICY).await.expect(200).json(), nothing);
        let entries = bench.admin.get("/api/v1/audit?action=policy.update").await.expect(200).json();
        assert_eq!(entries["total"], 0);
    })
    .await;
}
