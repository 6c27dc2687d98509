//! The file as a whole: names, profiles, variables, and where findings stand.

use super::*;
use crate::compose::variables;

const SHOP: &str = "\
name: shop
services:
  web:
    image: nginx:1
    ports: ['8080:80']
    depends_on: [db]
  db:
    image: postgres
    volumes: ['data:/var/lib/postgresql/data']
volumes:
  data:
";

#[test]
fn a_small_file_is_read() {
    let parsed = read(SHOP);
    assert_eq!(parsed.warnings, []);
    assert_eq!(parsed.project.name.as_deref(), Some("shop"));
    assert_eq!(parsed.project.services.keys().collect::<Vec<_>>(), ["web", "db"]);
    assert!(parsed.project.networks.contains_key("default"));
    assert!(parsed.project.volumes.contains_key("data"));
}

#[test]
fn a_project_survives_being_kept_as_json() {
    let project = read(SHOP).project;
    let json = serde_json::to_string(&project).unwrap();
    assert_eq!(serde_json::from_str::<crate::compose::Project>(&json).unwrap(), project);
}

#[test]
fn an_empty_file_has_no_services() {
    for text in ["", "# nothing\n", "services:\n", "services: {}\n", "name: x\n"] {
        assert!(errors(text).ends_with("no_services"), "{text:?} gives {}", errors(text));
    }
}

#[test]
fn the_text_must_be_a_mapping() {
    assert_eq!(errors("- a\n- b\n"), "1:1  expected_mapping");
    assert_eq!(errors("services: [a]\n"), "1:11 services expected_mapping");
    assert_eq!(errors("services:\n  a: nginx\n"), "2:6 services.a expected_mapping");
}

#[test]
fn wrong_yaml_is_told_with_its_place() {
    assert_eq!(errors("services:\n  a: [1, 2\n  b: 3\n").rsplit(' ').next(), Some("yaml_syntax"));
    assert_eq!(errors("services:\n\ta: 1\n"), "2:2  yaml_syntax");
    assert_eq!(errors("services: *nothing\n"), "1:11  yaml_syntax");
    assert_eq!(errors("a: 1\n---\nb: 2\n"), "2:1  yaml_documents");
    assert_eq!(errors("services:\n  ? [a]\n  : b\n"), "2:5  yaml_key");
    assert_eq!(errors("services: !thing {}\n"), "1:11  yaml_tag");
    assert_eq!(errors("name: a\0b\nservices: {}\n"), "1:8  yaml_control");
}

#[test]
fn a_key_given_twice_names_the_first_line() {
    let found = parse(&source("services:\n  a:\n    image: i\n    image: j\n"), &BTreeMap::new()).unwrap_err();
    assert_eq!(show(&found), "4:5  duplicate_key");
    assert_eq!(found[0].params["line"], "3");
    assert_eq!(found[0].message().key, "compose.duplicate_key");
}

#[test]
fn unknown_keys_are_named_with_what_was_meant() {
    let found = parse(&source("sevices: {}\n"), &BTreeMap::new()).unwrap_err();
    assert_eq!(found[0].params["suggestion"], "services");
    assert_eq!(service_errors("dependson: []"), "4:5 services.a.dependson unknown_key_suggest");
    assert_eq!(service_errors("frobnicate: 1"), "4:5 services.a.frobnicate unknown_key");
    assert_eq!(service_errors("x-mine: {deep: [1]}\nhealthcheck: {x-mine: 1}"), "");
}

#[test]
fn several_findings_come_in_the_order_of_the_file() {
    let found = service_errors("tty: maybe\ncpus: many\nuser: 5\nports: ['x']");
    assert_eq!(
        found,
        "4:10 services.a.tty expected_boolean\n5:11 services.a.cpus expected_number\n\
         6:11 services.a.user expected_text_quote\n7:13 services.a.ports[0] port_invalid"
    );
}

#[test]
fn names_are_checked() {
    assert_eq!(errors("services:\n  'a b':\n    image: i\n").split('\n').next(), Some("2:3 services.a b name_invalid"));
    assert_eq!(errors("name: My App\nservices: {a: {image: i}}\n"), "1:7 name project_name_invalid");
    assert_eq!(service_errors("container_name: '-x'"), "4:21 services.a.container_name name_invalid");
}

#[test]
fn what_is_obsolete_or_unsupported_is_named() {
    assert_eq!(warnings("version: '3'\nservices: {a: {image: i}}\n"), "1:1 version obsolete_version");
    assert_eq!(errors("include: [other.yaml]\nservices: {a: {image: i}}\n"), "1:1 include unsupported_include");
    assert_eq!(errors("services:\n  a:\n    build: .\n"), "3:5 services.a.build unsupported_build");
    assert_eq!(warnings(&file_of("build: .")), "4:5 services.a.build build_ignored");
    for (lines, code) in [
        ("provider: {type: x}", "unsupported_provider"),
        ("models: [m]", "unsupported_models"),
        ("post_start: [{command: x}]", "unsupported_hooks"),
        ("isolation: hyperv", "unsupported_windows"),
        ("external_links: [x]", "unsupported_external_links"),
        ("use_api_socket: true", "unsupported_api_socket"),
    ] {
        assert!(service_errors(lines).ends_with(code), "{lines}: {}", service_errors(lines));
    }
    assert_eq!(warnings(&file_of("develop: {watch: []}")), "4:5 services.a.develop no_effect_develop");
}

#[test]
fn variables_are_filled_in_and_listed() {
    let text = "services:\n  a:\n    image: ${IMAGE:-web}:$TAG\n    user: '${OWNER:?who runs it}'\n";
    let parsed = parse(&source(text), &vars(&[("TAG", "2"), ("OWNER", "1000")])).unwrap();
    assert_eq!(parsed.project.services["a"].image, "web:2");
    assert_eq!(parsed.project.services["a"].user.as_deref(), Some("1000"));
    let seen: Vec<_> = parsed
        .used_variables
        .iter()
        .map(|used| (used.name.as_str(), used.default.as_deref(), used.required, used.line))
        .collect();
    assert_eq!(seen, [("IMAGE", Some("web"), false, 3), ("TAG", None, false, 3), ("OWNER", None, true, 4)]);
}

#[test]
fn missing_variables_are_told_at_their_own_place() {
    let text = "services:\n  a:\n    image: i:${TAG:?choose a tag}\n    command: |\n      one\n      two ${MISSING?}\n";
    let found = parse(&source(text), &BTreeMap::new()).unwrap_err();
    assert_eq!(
        show(&found),
        "3:14 services.a.image variable_required_because\n6:11 services.a.command variable_required"
    );
    assert_eq!(found[0].params["reason"], "choose a tag");
    let listed: Vec<_> = variables(&source(text)).unwrap().into_iter().map(|used| (used.name, used.required)).collect();
    assert_eq!(listed, [("TAG".to_owned(), true), ("MISSING".to_owned(), true)]);
    assert_eq!(
        warnings("services:\n  a:\n    image: i\n    user: \"u$NOBODY\"\n"),
        "4:13 services.a.user variable_unset"
    );
    assert_eq!(service_errors("user: '${1}'"), "4:12 services.a.user interpolation_syntax");
}

#[test]
fn the_dotenv_file_stands_in_for_variables_that_are_not_given() {
    let mut source = source("services:\n  a:\n    image: \"$A:$B\"\n");
    source.files.insert(".env".to_owned(), "A=one\nB=two\n".to_owned());
    let parsed = parse(&source, &vars(&[("B", "given")])).unwrap();
    assert_eq!(parsed.project.services["a"].image, "one:given");
    assert_eq!(variables(&source).unwrap()[0].default.as_deref(), Some("one"));
}

#[test]
fn a_variable_makes_text_and_fits_numbers() {
    let text = file_of("user: $N\nscale: $N\nmem_limit: ${N}m\ntty: ${YES}");
    let service = &parse(&source(&text), &vars(&[("N", "3"), ("YES", "true")])).unwrap().project.services["a"];
    assert_eq!((service.user.as_deref(), service.deploy.replicas, service.tty), (Some("3"), 3, true));
    assert_eq!(service.resources.memory_bytes, Some(3 << 20));
}

#[test]
fn what_stands_below_x_keys_is_not_looked_at() {
    let parsed = read("x-note: ${UNSET:?never}\nservices: {a: {image: i}}\n");
    assert_eq!((parsed.warnings, parsed.used_variables), (vec![], vec![]));
}

#[test]
fn only_services_of_active_profiles_are_taken() {
    let text =
        "services:\n  a: {image: i}\n  b: {image: i, profiles: [debug]}\n  c: {image: i, profiles: [other, debug]}\n";
    let with = |profiles: &[&str], variables: &[(&str, &str)]| {
        let source = Source { profiles: profiles.iter().map(|name| (*name).to_owned()).collect(), ..source(text) };
        let parsed = parse(&source, &vars(variables)).unwrap();
        (parsed.project.services.keys().cloned().collect::<String>(), parsed.inactive_services.join(""))
    };
    assert_eq!(with(&[], &[]), ("a".to_owned(), "bc".to_owned()));
    assert_eq!(with(&["other"], &[]), ("ac".to_owned(), "b".to_owned()));
    assert_eq!(with(&["*"], &[]), ("abc".to_owned(), String::new()));
    assert_eq!(with(&[], &[("COMPOSE_PROFILES", "x, debug")]), ("abc".to_owned(), String::new()));
    assert_eq!(errors("services:\n  b: {image: i, profiles: [debug]}\n"), "1:1  no_active_services");
}

#[test]
fn a_needed_service_must_be_active() {
    let text = |required: bool| {
        format!(
            "services:\n  a:\n    image: i\n    depends_on:\n      b: {{condition: service_started, required: {required}}}\n  b: {{image: i, profiles: [p]}}\n"
        )
    };
    assert_eq!(errors(&text(true)), "5:7 services.a.depends_on.b service_inactive");
    assert!(read(&text(false)).project.services["a"].depends_on.is_empty());
}
