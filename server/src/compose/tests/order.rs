//! The starting order, the fingerprint and the file for just an image.

use super::*;
use crate::compose::{Project, image_app, startup_order};

#[test]
fn services_start_in_levels() {
    let project = read("services:\n  web: {image: i, depends_on: [api, cache]}\n  api: {image: i, depends_on: [db]}\n  cache: {image: i}\n  db: {image: i}\n  tool: {image: i}\n").project;
    assert_eq!(startup_order(&project).unwrap(), [vec!["cache", "db", "tool"], vec!["api"], vec!["web"]]);
}

#[test]
fn a_circle_is_named_at_its_place() {
    let text = "services:\n  x: {image: i, depends_on: [b]}\n  a: {image: i, depends_on: [c]}\n  b: {image: i, depends_on: [a]}\n  c:\n    image: i\n    depends_on: [b]\n";
    let found = parse(&source(text), &BTreeMap::new()).unwrap_err();
    assert_eq!(found[0].code, "dependency_cycle");
    assert_eq!(found[0].params["cycle"], "b → a → c → b");
    assert_eq!(show(&found), "4:17 services.b.depends_on dependency_cycle");
    let mut project = read("services:\n  a: {image: i}\n").project;
    project.services["a"].depends_on.insert("a".to_owned(), crate::compose::Dependency::default());
    assert_eq!(startup_order(&project).unwrap_err().params["cycle"], "a → a");
}

const APP: &str = "services:\n  a:\n    image: i:1\n    environment: {A: '1', B: '2'}\n    volumes: ['v:/v']\n    configs: [c]\n    networks: [n]\nvolumes: {v: {name: one}}\nnetworks: {n: {driver: bridge}}\nconfigs: {c: {content: text}}\n";

fn hash(text: &str) -> String {
    let Project { services, .. } = &read(text).project;
    services["a"].config_hash(&read(text).project)
}

#[test]
fn the_fingerprint_stays_while_containers_stay_the_same() {
    let first = hash(APP);
    assert_eq!(first.len(), 64);
    for (from, to) in [
        ("{A: '1', B: '2'}", "[B=2, A=1]"),
        ("['v:/v']", "[{type: volume, source: v, target: /v}]"),
        ("    image: i:1\n", "    scale: 3\n    image: i:1\n"),
        ("    image: i:1\n", "    pull_policy: always\n    image: i:1\n"),
        ("    image: i:1\n", "    profiles: []\n    deploy: {update_config: {order: stop-first}}\n    image: i:1\n"),
        ("services:\n", "services:\n  other: {image: x}\n"),
        ("    image: i:1\n", "    depends_on: [a2]\n    image: i:1\n"),
    ] {
        assert!(APP.contains(from));
        let changed = APP.replace(from, to).replace("volumes: {v", "  a2: {image: x}\nvolumes: {v");
        assert_eq!(hash(&changed), first, "{to}");
    }
}

#[test]
fn the_fingerprint_changes_with_all_a_container_is_made_of() {
    let mut seen = vec![hash(APP)];
    for (from, to) in [
        ("i:1", "i:2"),
        ("A: '1'", "A: '3'"),
        ("['v:/v']", "['v:/v:ro']"),
        ("name: one", "name: two"),
        ("driver: bridge", "driver: macvlan"),
        ("content: text", "content: texts"),
        ("    image", "    restart: always\n    image"),
        ("    image", "    mem_limit: 1m\n    image"),
        ("    image", "    labels: {l: m}\n    image"),
        ("[c]", "[{source: c, mode: '0400'}]"),
    ] {
        let changed = hash(&APP.replace(from, to));
        assert!(!seen.contains(&changed), "{to}");
        seen.push(changed);
    }
}

#[test]
fn the_fingerprint_is_the_same_in_every_version() {
    assert_eq!(hash("services: {a: {image: i}}\n"), "1dbb8f643b433cbde31323ac8a6cfb0b6d820f073b70766353c90a0d60d2489d");
}

#[test]
fn just_an_image_makes_a_file() {
    let text = image_app("web", " registry.example:5000/web:1 ", Some(80), Some(8080)).unwrap();
    assert_eq!(
        text,
        "services:\n  web:\n    image: registry.example:5000/web:1\n    restart: unless-stopped\n    ports:\n      - \"8080:80\"\n"
    );
    let project = read(&image_app("no", "i", None, Some(1)).unwrap()).project;
    assert_eq!((project.services["no"].image.as_str(), project.services["no"].ports.len()), ("i", 0));
    let any = read(&image_app("web", "i", Some(80), None).unwrap()).project;
    assert_eq!((any.services["web"].ports[0].target, any.services["web"].ports[0].published), (80, None));
    for image in ["a b", "'", "x\nprivileged: true", "${HOME}", "", "{a: b}", "# c"] {
        let found = image_app("web", image, Some(80), None).unwrap_err();
        assert!(matches!(found[0].code, "image_invalid"), "{image:?}: {}", show(&found));
    }
    assert_eq!(image_app("a: b\n", "i", None, None).unwrap_err()[0].code, "name_invalid");
}
