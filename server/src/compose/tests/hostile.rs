//! Files that mean harm: each gets its finding soon, and nothing panics.

use std::time::{Duration, Instant};

use super::*;
use crate::compose::variables;

/// Generous for an unoptimised build on a busy machine; without its limit each of these cases takes minutes or dies.
const SOON: Duration = Duration::from_secs(15);

/// So many texts in one.
fn repeated(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect::<Vec<_>>().concat()
}

/// The first finding of a file that must be refused soon.
fn refused(source: &Source, given: &BTreeMap<String, String>) -> Diagnostic {
    let start = Instant::now();
    let found = parse(source, given).expect_err("it must be refused").remove(0);
    let took = start.elapsed();
    eprintln!("{} in {took:?}", found.code);
    assert!(took < SOON, "{} took {took:?}", found.code);
    assert!(found.line > 0 && found.column > 0);
    found
}

fn refused_text(text: &str) -> &'static str {
    refused(&source(text), &BTreeMap::new()).code
}

/// It may be readable or not, but that shows soon.
fn settled(source: &Source, given: &BTreeMap<String, String>) {
    let start = Instant::now();
    let result = parse(source, given);
    let took = start.elapsed();
    eprintln!("{:?} in {took:?}", result.as_ref().map(|_| ()).map_err(|found| found[0].code));
    assert!(took < SOON, "took {took:?}");
    if let Err(found) = result {
        assert!(found.len() <= 202, "{} findings", found.len());
    }
}

#[test]
fn a_long_text_is_not_read() {
    assert_eq!(refused_text(&"a".repeat(1024 * 1024 + 1)), "text_too_long");
}

#[test]
fn deep_nesting_ends_at_its_limit() {
    for text in [
        "[".repeat(1_000_000),
        "{a: ".repeat(250_000),
        "- ".repeat(500_000),
        "a: [".repeat(200_000),
        "? ".repeat(500_000),
        repeated(1000, |depth| format!("{}a:\n", " ".repeat(depth))),
    ] {
        let code = refused_text(&text);
        assert!(matches!(code, "yaml_depth" | "yaml_syntax"), "{code}");
    }
    assert_eq!(refused_text(&"[".repeat(100)), "yaml_depth");
}

#[test]
fn an_alias_bomb_does_not_go_off() {
    let levels = repeated(30, |n| format!("x-{}: &a{} [{}]\n", n + 1, n + 1, format!("*a{n}, ").repeat(10)));
    assert_eq!(refused_text(&format!("x-0: &a0 [lol, lol, lol]\n{levels}")), "yaml_nodes");

    let long = format!("x-a: &a {}\nx-b: [{}]\n", "y".repeat(100_000), "*a, ".repeat(1000));
    assert_eq!(refused_text(&long), "yaml_size");

    let nested = repeated(60, |depth| format!("&b{depth} ["));
    settled(&source(&format!("{nested}{}{}", "a, ".repeat(50_000), "]".repeat(60))), &BTreeMap::new());

    let merged = format!(
        "x-a: &a {{{}}}\nservices:\n{}",
        repeated(1000, |n| format!("k{n}: 1, ")),
        repeated(1000, |n| format!("  s{n}: {{<<: *a}}\n"))
    );
    assert_eq!(refused_text(&merged), "yaml_nodes");

    let levels = repeated(20, |n| format!("x-{}: &a{} [[[[[[[[*a{n}]]]]]]]]\n", n + 1, n + 1));
    assert_eq!(refused_text(&format!("x-0: &a0 [[[[[[[[a]]]]]]]]\n{levels}")), "yaml_depth");
}

#[test]
fn an_alias_cannot_hold_itself() {
    let code = refused_text("x-a: &a [*a]\nservices: {}\n");
    assert!(matches!(code, "yaml_alias" | "yaml_syntax"), "{code}");
}

#[test]
fn variables_cannot_blow_up_the_file() {
    let big = vars(&[("BIG", &"x".repeat(100_000))]);
    let text = file_of(&format!("command: [{}]", "'$BIG$BIG$BIG', ".repeat(1000)));
    assert_eq!(refused(&source(&text), &big).code, "interpolation_size");
    let one = file_of(&format!("user: '{}'", "${BIG}".repeat(10_000)));
    assert_eq!(refused(&source(&one), &big).code, "interpolation_size");
    let nested = format!("{}x{}", "${A:-".repeat(100_000), "}".repeat(100_000));
    assert_eq!(refused_text(&file_of(&format!("user: '{nested}'"))), "interpolation_depth");
    let open = file_of(&format!("user: '{}'", "${".repeat(200_000)));
    assert_eq!(refused_text(&open), "interpolation_syntax");
    let wide = file_of(&format!("user: '{}'", "${A:-{{}}}".repeat(100_000)));
    settled(&source(&wide), &BTreeMap::new());
    let many = repeated(50_000, |n| format!("$V{n} "));
    settled(&source(&file_of(&format!("user: '{many}'"))), &BTreeMap::new());
    assert!(variables(&source(&open)).is_err());
    let lines = repeated(20_000, |n| format!("- $V{n}\n"));
    settled(&source(&file_of(&format!("command:\n{lines}"))), &BTreeMap::new());
}

#[test]
fn an_env_file_cannot_blow_up() {
    let doubling = format!("A0=xxxxxxxxxxxxxxxx\n{}", repeated(60, |n| format!("A{}=$A{n}$A{n}\n", n + 1)));
    let with = |text: &str, file: String| {
        let mut source = source(text);
        source.files.insert("a.env".to_owned(), file);
        source
    };
    let code = refused(&with(&file_of("env_file: a.env"), doubling), &BTreeMap::new()).code;
    assert!(matches!(code, "files_too_large" | "interpolation_size"), "{code}");
    let many = repeated(5000, |n| format!("  s{n}: {{image: i, env_file: a.env}}\n"));
    let long = repeated(2000, |n| format!("VARIABLE_{n}=value of the variable {n}\n"));
    let code = refused(&with(&format!("services:\n{many}"), long), &BTreeMap::new()).code;
    assert_eq!(code, "files_too_large");
    let lines = repeated(100_000, |n| format!("V{n}=$V{}\n", n + 1));
    settled(&with(&file_of("env_file: a.env"), lines), &BTreeMap::new());
    settled(&with(&file_of("env_file: a.env"), "A=\"".repeat(100_000)), &BTreeMap::new());
}

#[test]
fn extends_cannot_blow_up() {
    let chain = repeated(5000, |n| format!("  s{n}: {{image: i, extends: s{}}}\n", n + 1));
    assert_eq!(refused_text(&format!("services:\n{chain}  s5000: {{image: i}}\n")), "extends_depth");
    let heavy = format!("  base: {{image: i, labels: [{}]}}\n", repeated(20_000, |n| format!("l{n}=1, ")));
    let many = repeated(5000, |n| format!("  s{n}: {{extends: base}}\n"));
    assert_eq!(refused_text(&format!("services:\n{heavy}{many}")), "yaml_nodes");
    let large = format!("  base: {{image: i, user: '{}'}}\n", "u".repeat(500_000));
    assert_eq!(refused_text(&format!("services:\n{large}{many}")), "yaml_nodes");
}

#[test]
fn many_of_anything_are_settled_soon() {
    let none = BTreeMap::new();
    let list = |count: usize, item: fn(usize) -> String| (0..count).map(item).collect::<Vec<_>>();
    let unknown = list(30_000, |n| format!("k{n}: 1")).join("\n");
    settled(&source(&file_of(&unknown)), &none);
    settled(&source(&unknown), &none);
    let close = list(30_000, |n| format!("imag{n}: 1")).join("\n");
    settled(&source(&file_of(&close)), &none);
    let services =
        list(10_000, |n| format!("  s{n}: {{image: i, ports: ['{n}:80'], depends_on: [s{}]}}\n", n + 1)).concat();
    settled(&source(&format!("services:\n{services}  s10000: {{image: i}}\n")), &none);
    let circle = list(10_000, |n| format!("  s{n}: {{image: i, depends_on: [s{}]}}\n", (n + 1) % 10_000)).concat();
    assert_eq!(refused_text(&format!("services:\n{circle}")), "dependency_cycle");
    let needs = list(40_000, |n| format!("t{n}")).join(", ");
    settled(&source(&file_of(&format!("depends_on: [{needs}]"))), &none);
    settled(&source(&file_of(&format!("networks: [{needs}]"))), &none);
    let profiled = list(10_000, |n| format!("  t{n}: {{image: i, profiles: [p]}}\n")).concat();
    let needs = list(10_000, |n| format!("t{n}")).join(", ");
    settled(&source(&format!("{}{profiled}", file_of(&format!("depends_on: [{needs}]")))), &none);
    settled(&source(&file_of(&format!("configs: [{}]", "c, ".repeat(50_000)))), &none);
    settled(&source(&file_of(&format!("tmpfs: [{}]", list(50_000, |n| format!("/{n}, ")).concat()))), &none);
    settled(&source(&file_of(&format!("extra_hosts: [{}]", "'h=1.1.1.1', ".repeat(50_000)))), &none);
    settled(&source(&file_of(&format!("environment: [{}]", list(50_000, |n| format!("E{n}, ")).concat()))), &none);
    let twice = "a: 1\n".repeat(200_000);
    settled(&source(&twice), &none);
    settled(&source(&format!("services: {{a: {{image: i, '{}': 1}}}}", "k".repeat(500_000))), &none);
    let ports = list(5_000, |n| format!("  s{n}: {{image: i, ports: [1-10000]}}\n")).concat();
    assert_eq!(refused_text(&format!("services:\n{ports}")), "ports_too_many");
    let taken = list(10_000, |n| format!("'127.{}.{}.{}:80:80', ", n / 65536, n / 256 % 256, n % 256)).concat();
    settled(&source(&file_of(&format!("ports: [{taken}]"))), &none);
}

#[test]
fn strange_texts_are_settled_soon() {
    let none = BTreeMap::new();
    for text in [
        "\"".repeat(1_000_000),
        "'".repeat(999_999),
        "&a ".repeat(300_000),
        "*a ".repeat(300_000),
        "!".repeat(1_000_000),
        "#".repeat(1_000_000),
        "\n".repeat(1_000_000),
        " ".repeat(1_000_000),
        "a".repeat(1_000_000),
        "a: b: ".repeat(100_000),
        "a, ".repeat(300_000),
        "[a, ".repeat(20) + &"b, ".repeat(300_000),
        "|\n".repeat(100_000),
        "a: |\n".to_owned() + &" x\n".repeat(300_000),
        "a: >\n".to_owned() + &" x\n\n".repeat(200_000),
        "? a\n".repeat(200_000),
        "- - - a\n".repeat(100_000),
        "%TAG ! x\n".repeat(100_000),
        "---\n".repeat(200_000),
        "a: \"".to_owned() + &"\\x41".repeat(200_000) + "\"",
        "{".to_owned() + &"a: 1, ".repeat(150_000),
        "{".to_owned() + &"a ".repeat(400_000),
        "\u{feff}services: {}".to_owned(),
        "services: {a: {image: \"\\0\"}}".to_owned(),
    ] {
        eprint!("{:?} ", text.chars().take(12).collect::<String>());
        settled(&source(&text), &none);
    }
}
