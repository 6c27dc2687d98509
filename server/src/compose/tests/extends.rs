//! Anchors, merge keys, `extends`, `!reset` and `!override`.

use super::*;

fn merged(base: &str, over: &str) -> Service {
    let text = format!(
        "services:\n  base: {{image: base, {base}}}\n  a: {{extends: base, {over}}}\nvolumes: {{v: , w: }}\nnetworks: {{n: , m: }}\n"
    );
    read(&text).project.services["a"].clone()
}

#[test]
fn anchors_and_merge_keys_bring_settings_together() {
    let text = "x-one: &one {restart: always, user: one, environment: {A: '1'}}\nx-two: &two {user: two, hostname: two}\nservices:\n  a: {<<: [*one, *two], image: i, environment: {B: '2'}}\n  b:\n    <<: *two\n    image: &img j\n  c: {image: *img}\n";
    let services = read(text).project.services;
    let a = &services["a"];
    assert_eq!((a.user.as_deref(), a.hostname.as_deref()), (Some("one"), Some("two")));
    assert_eq!(a.environment.keys().collect::<Vec<_>>(), ["B"], "a merge key does not go deeper");
    assert_eq!((services["b"].user.as_deref(), services["c"].image.as_str()), (Some("two"), "j"));
    assert_eq!(errors("services:\n  a: {<<: text, image: i}\n"), "2:7  yaml_merge");
    assert_eq!(errors("services:\n  a: {<<: [text], image: i}\n"), "2:7  yaml_merge");
    assert_eq!(
        errors("x-a: &a {user: u}\nservices:\n  a:\n    <<: *a\n    <<: *a\n    image: i\n"),
        "5:5  duplicate_key"
    );
}

#[test]
fn a_finding_in_an_anchor_is_told_once() {
    let text = "x-a: &a {tty: maybe}\nservices:\n  a: {<<: *a, image: i}\n  b: {<<: *a, image: i}\n";
    assert_eq!(errors(text), "1:15 services.a.tty expected_boolean");
}

#[test]
fn extending_merges_maps_and_appends_lists() {
    let a = merged(
        "environment: [A=1, B=1], ports: ['80:80', '81:81'], volumes: ['v:/x', 'v:/y'], cap_add: [ONE], labels: {l: '1'}, networks: [n], command: one two, healthcheck: {test: [CMD, one], retries: 2}, dns: 1.1.1.1",
        "environment: {B: 2}, ports: ['80:80', '82:82'], volumes: ['w:/x'], cap_add: [ONE, TWO], labels: [k=2], networks: {m: {priority: 1}}, command: [three], healthcheck: {test: three}, dns: [2.2.2.2]",
    );
    assert_eq!(a.image, "base");
    assert_eq!((a.environment["A"].as_deref(), a.environment["B"].as_deref()), (Some("1"), Some("2")));
    assert_eq!(a.ports.iter().map(|port| port.target).collect::<Vec<_>>(), [81, 80, 82]);
    let sources: Vec<String> = a
        .volumes
        .iter()
        .map(|mount| {
            format!("{:?}", mount.kind).chars().skip_while(|c| *c != '"').nth(1).unwrap().to_string() + &mount.target
        })
        .collect();
    assert_eq!(sources, ["v/y", "w/x"]);
    assert_eq!(
        (a.cap_add, a.dns),
        (vec!["ONE".to_owned(), "TWO".to_owned()], vec!["1.1.1.1".to_owned(), "2.2.2.2".to_owned()])
    );
    assert_eq!((a.labels["l"].as_str(), a.labels["k"].as_str()), ("1", "2"));
    assert_eq!(a.networks.keys().collect::<Vec<_>>(), ["m", "n"]);
    assert_eq!(a.command.unwrap(), ["three"]);
    let health = a.healthcheck.unwrap();
    assert_eq!((health.retries, health.engine_test()), (Some(2), vec!["CMD-SHELL".to_owned(), "three".to_owned()]));
}

#[test]
fn extending_treats_some_keys_specially() {
    let text = "services:\n  base: {image: i, depends_on: [db], logging: {driver: x, options: {o: '1'}}, ulimits: {nofile: {soft: 1, hard: 2}}, extra_hosts: {h: 1.1.1.1}}\n  a: {extends: {service: base}, depends_on: {db: {condition: service_healthy}}, logging: {driver: y}, ulimits: {nofile: 5}, extra_hosts: ['h=2.2.2.2']}\n  db: {image: i}\n";
    let a = read(text).project.services["a"].clone();
    assert_eq!(a.depends_on["db"].condition, crate::compose::Condition::Healthy);
    let logging = a.logging.unwrap();
    assert_eq!((logging.driver.as_deref(), logging.options.len()), (Some("y"), 0));
    assert_eq!((a.ulimits["nofile"].soft, a.extra_hosts["h"].len()), (5, 2));
    let same = merged("logging: {driver: x, options: {o: '1'}}", "logging: {options: {p: '2'}}").logging.unwrap();
    assert_eq!(same.options.len(), 2);
}

#[test]
fn reset_and_override_beat_merging() {
    let a = merged(
        "ports: ['80:80'], environment: {A: 1, B: 2}, user: one, cap_add: [ONE]",
        "ports: !override ['90:90'], environment: {A: !reset null}, user: !reset x, cap_add: !reset []",
    );
    assert_eq!(a.ports.iter().map(|port| port.target).collect::<Vec<_>>(), [90]);
    assert_eq!((a.environment.keys().cloned().collect::<String>(), a.user, a.cap_add), ("B".to_owned(), None, vec![]));
    assert_eq!(service("user: !reset one").user, None);
}

#[test]
fn chains_and_other_files_are_followed() {
    let mut source = source("services:\n  a: {extends: {service: mid, file: ./lib/base.yaml}, user: a}\n");
    source.files.insert(
        "lib/base.yaml".to_owned(),
        "services:\n  mid: {extends: {service: low, file: low.yaml}, hostname: mid}\n".to_owned(),
    );
    source.files.insert(
        "lib/low.yaml".to_owned(),
        "services:\n  low: {image: 'low:${TAG:-1}', hostname: low, env_file: low.env}\n".to_owned(),
    );
    source.files.insert("lib/low.env".to_owned(), "L=1\n".to_owned());
    let parsed = parse(&source, &BTreeMap::new()).map_err(|found| show(&found)).unwrap();
    let a = &parsed.project.services["a"];
    assert_eq!((a.image.as_str(), a.hostname.as_deref(), a.user.as_deref()), ("low:1", Some("mid"), Some("a")));
    assert_eq!(a.environment["L"].as_deref(), Some("1"), "paths are those of the file they stand in");
    assert_eq!(parsed.used_variables[0].name, "TAG");
    source.files.insert("lib/low.yaml".to_owned(), "services:\n  low:\n    image: i\n    tty: maybe\n".to_owned());
    let found = parse(&source, &BTreeMap::new()).unwrap_err();
    assert_eq!(
        (found[0].file.as_deref(), show(&found).as_str()),
        (Some("lib/low.yaml"), "4:10 services.a.tty expected_boolean")
    );
}

#[test]
fn wrong_extends_are_told() {
    for (extends, found) in [
        ("nobody", "2:18 services.a.extends service_undefined"),
        ("bb", "2:18 services.a.extends service_undefined_suggest"),
        ("{service: b, file: x.yaml}", "2:37 services.a.extends extends_file"),
        ("{file: x.yaml}", "2:8 services.a.extends missing_key"),
        ("{service: b, from: x}", "2:31 services.a.extends unknown_key"),
        ("[b]", "2:8 services.a.extends expected_text_or_mapping"),
        ("a", "2:18 services.a.extends extends_cycle"),
    ] {
        assert_eq!(
            errors(&format!("services:\n  a: {{  extends: {extends}, image: i}}\n  b: {{image: i}}\n"))
                .replace("2:9", "2:8"),
            found,
            "{extends}"
        );
    }
    let circle = "services:\n  a: {extends: b}\n  b: {extends: c}\n  c: {extends: b}\n";
    assert!(errors(circle).contains("extends_cycle"), "{}", errors(circle));
    let found = parse(&source(circle), &BTreeMap::new()).unwrap_err();
    assert_eq!(found[0].params["cycle"], "b → c → b");
    let clash = "services:\n  a: {extends: b, image: i, cap_add: {x: y}}\n  b: {image: i, cap_add: [x]}\n";
    assert_eq!(errors(clash), "2:38 services.a.cap_add extends_merge");
}
