//! Configs, secrets, env files and label files.

use super::*;
use crate::compose::variables;

fn with(text: &str, files: &[(&str, &str)]) -> Source {
    Source { files: vars(files), ..source(text) }
}

fn parsed(text: &str, files: &[(&str, &str)]) -> Result<Parsed, String> {
    parse(&with(text, files), &vars(&[("TOKEN", "s3cret"), ("G", "given")])).map_err(|found| {
        let file = |found: &Diagnostic| found.file.clone().map(|file| format!("{file}:")).unwrap_or_default();
        found.iter().map(|one| file(one) + &show(std::slice::from_ref(one))).collect::<Vec<_>>().join("\n")
    })
}

#[test]
fn configs_and_secrets_have_a_content() {
    let text = "services:\n  a: {image: i, configs: [inline, {source: file, target: /etc/f, uid: '5', gid: 6, mode: 0440}], secrets: [env, {source: env, target: other}]}\nconfigs:\n  inline: {content: \"x=${G}\\n\"}\n  file: {file: ./conf/f.txt}\nsecrets:\n  env: {environment: TOKEN}\n";
    let project = parsed(text, &[("conf/f.txt", "from file")]).unwrap().project;
    assert_eq!(project.configs["inline"].content.as_ref().unwrap().as_str(), "x=given\n");
    assert_eq!(project.configs["file"].content.as_ref().unwrap().as_str(), "from file");
    assert_eq!(project.secrets["env"].content.as_ref().unwrap().as_str(), "s3cret");
    let a = &project.services["a"];
    assert_eq!(a.configs.iter().map(|mount| mount.target.as_str()).collect::<Vec<_>>(), ["/inline", "/etc/f"]);
    assert_eq!(
        (a.configs[1].uid.as_deref(), a.configs[1].gid.as_deref(), a.configs[1].mode),
        (Some("5"), Some("6"), Some(0o440))
    );
    assert_eq!(
        a.secrets.iter().map(|mount| mount.target.as_str()).collect::<Vec<_>>(),
        ["/run/secrets/env", "/run/secrets/other"]
    );
}

#[test]
fn a_secret_from_a_variable_asks_for_it() {
    let text = "services: {a: {image: i}}\nsecrets: {s: {environment: TOKEN}}\n";
    let used = variables(&source(text)).unwrap();
    assert_eq!((used[0].name.as_str(), used[0].required, used[0].line), ("TOKEN", true, 2));
    let with_dotenv = with(text, &[(".env", "TOKEN=from file\n")]);
    assert!(!variables(&with_dotenv).unwrap()[0].required);
    let project = parse(&with_dotenv, &BTreeMap::new()).unwrap().project;
    assert_eq!(project.secrets["s"].content.as_ref().unwrap().as_str(), "from file");
    let found = parse(&with(text, &[(".env", "no good\n")]), &BTreeMap::new()).unwrap_err();
    assert_eq!((found[0].file.as_deref(), found[0].code), (Some(".env"), "env_file_syntax"));
}

#[test]
fn the_content_of_a_secret_is_not_printed() {
    let project = parsed("services: {a: {image: i}}\nsecrets: {s: {environment: TOKEN}}\n", &[]).unwrap().project;
    assert!(!format!("{project:?}").contains("s3cret"));
}

#[test]
fn wrong_configs_and_secrets_are_told() {
    for (rest, found) in [
        ("secrets: {s: {}}", "2:11 secrets.s file_source_missing"),
        ("secrets: {s: }", "2:11 secrets.s expected_mapping"),
        ("secrets: {s: {environment: NOBODY}}", "2:28 secrets.s.environment file_variable"),
        ("configs: {c: {file: ../c.txt}}", "2:21 configs.c.file file_not_supplied"),
        ("configs: {c: {content: a, file: b}}", "2:27 configs.c file_source_many"),
        (
            "secrets: {s: {driver: vault}}",
            "2:15 secrets.s.driver unsupported_driver\n2:11 secrets.s file_source_missing",
        ),
    ] {
        let mut lines =
            errors(&format!("services: {{a: {{image: i}}}}\n{rest}\n")).lines().map(str::to_owned).collect::<Vec<_>>();
        lines.sort();
        let mut expected = found.lines().collect::<Vec<_>>();
        expected.sort_unstable();
        assert_eq!(lines, expected, "{rest}");
    }
    assert_eq!(service_errors("configs: [c]"), "4:15 services.a.configs[0] config_undefined");
    assert_eq!(service_errors("secrets: [{source: s}]"), "4:15 services.a.secrets[0] secret_undefined");
    assert_eq!(service_errors("secrets: [{target: s}]"), "4:15 services.a.secrets[0] missing_key");
    let decimal = format!("{}secrets: {{s: {{content: x}}}}\n", file_of("secrets: [{source: s, mode: 440}]"));
    assert_eq!(warnings(&decimal), "4:33 services.a.secrets[0].mode mode_decimal");
    let twice = format!("{}secrets: {{s: {{content: x}}}}\n", file_of("secrets: [s, s]"));
    assert_eq!(errors(&twice), "4:18 services.a.secrets[1] mount_twice");
}

#[test]
fn external_configs_and_secrets_need_a_swarm() {
    let text = "services: {a: {image: i, secrets: [s]}}\nsecrets: {s: {external: true, name: kept}}\n";
    assert_eq!(warnings(text), "2:11 secrets.s external_file_single_engine");
    let secret = &read(text).project.secrets["s"];
    assert_eq!((secret.external, &secret.content, secret.engine_name("app", "s")), (true, &None, "kept".to_owned()));
}

#[test]
fn env_files_stand_below_the_environment() {
    let file = "# comment\nexport A=1\nB = two words # not this\nC='single $A'\nD=\"double $A\\n${G:-x}\\$\"\nE=\nF: colon\nG\nH=\"over\ntwo lines\" # done\nI=it's #1\nJ=a#b\n";
    let text = file_of("env_file: ./a.env\nenvironment: {B: mine}");
    let environment = parsed(&text, &[("a.env", file)]).unwrap().project.services["a"].environment.clone();
    let value = |key: &str| environment[key].clone().unwrap();
    assert_eq!((value("A"), value("B")), ("1".to_owned(), "mine".to_owned()));
    assert_eq!((value("C"), value("D")), ("single $A".to_owned(), "double 1\ngiven$".to_owned()));
    assert_eq!((value("E"), value("F"), value("G")), (String::new(), "colon".to_owned(), "given".to_owned()));
    assert_eq!(
        (value("H"), value("I"), value("J")),
        ("over\ntwo lines".to_owned(), "it's".to_owned(), "a#b".to_owned())
    );
}

#[test]
fn env_files_come_one_after_the_other() {
    let text = file_of("env_file: [a.env, {path: b.env, format: raw}, {path: none.env, required: false}]");
    let files = [("a.env", "A=1\nB=1\n"), ("b.env", "B='$A'\n")];
    let environment = parsed(&text, &files).unwrap().project.services["a"].environment.clone();
    assert_eq!((environment["A"].as_deref(), environment["B"].as_deref()), (Some("1"), Some("'$A'")));
    let second = [("a.env", "A=1\n"), ("b.env", "B=${A}2\n")];
    let text = file_of("env_file: [a.env, b.env]");
    assert_eq!(parsed(&text, &second).unwrap().project.services["a"].environment["B"].as_deref(), Some("12"));
}

#[test]
fn wrong_env_files_are_told_with_their_own_lines() {
    let text = file_of("env_file: a.env");
    assert_eq!(parsed(&text, &[]).unwrap_err(), "4:15 services.a.env_file env_file_not_supplied");
    for (file, found) in [
        ("A=1\nno good\n", "a.env:2:1  env_file_syntax"),
        ("A=1\n\n# c\nB=\"open\n", "a.env:4:1  env_file_quote"),
        ("A='x' y\n", "a.env:1:1  env_file_syntax"),
        ("A=1\nB=${1}\n", "a.env:2:1  interpolation_syntax"),
        ("A=${NOBODY:?tell}\n", "a.env:1:1  variable_required_because"),
    ] {
        assert_eq!(parsed(&text, &[("a.env", file)]).unwrap_err(), found, "{file}");
    }
    assert!(parsed(&file_of("env_file: [{required: false}]"), &[]).unwrap_err().ends_with("missing_key"));
    assert!(
        parsed(&file_of("env_file: [{path: a, format: json}]"), &[("a", "")]).unwrap_err().ends_with("expected_one_of")
    );
}

#[test]
fn label_files_stand_below_labels() {
    let text = file_of("label_file: l.env\nlabels: {b: mine}");
    let labels =
        parsed(&text, &[("l.env", "a=1\nb=2\ncom.example.x=3\n")]).unwrap().project.services["a"].labels.clone();
    assert_eq!((labels["a"].as_str(), labels["b"].as_str(), labels["com.example.x"].as_str()), ("1", "mine", "3"));
    assert!(parsed(&text, &[]).unwrap_err().ends_with("file_not_supplied"));
}
