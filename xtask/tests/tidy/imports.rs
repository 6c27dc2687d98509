//! Who may import whom: the table of the design, held against the sources.

use std::str::FromStr;

use proc_macro2::{TokenStream, TokenTree};

use crate::{assert_none, read, rust_sources};

/// Sources whose path from the workspace begins with `of` never name what `never` lists. An entry is a crate, or a module
/// of the same crate as `crate::…`.
struct Rule {
    of: &'static [&'static str],
    never: &'static [&'static str],
}

const SERVER_CRATES: &[&str] = &[
    "axum",
    "bollard",
    "leptos_axum",
    "migrations",
    "sea_orm",
    "sea_orm_migration",
    "server",
    "sqlx",
    "tokio",
    "tower",
    "tower_http",
    "tower_sessions",
];

const RULES: &[Rule] = &[
    Rule { of: &["api/"], never: &["app", "leptos", "leptos_router", "leptos_meta"] },
    Rule { of: &["api/", "app/"], never: SERVER_CRATES },
    Rule { of: &["app/src/components"], never: &["crate::pages", "api::Client", "api::client"] },
    Rule { of: &["migrations/"], never: &["api", "app", "server"] },
    Rule {
        of: &["server/src/engine", "server/src/db", "server/src/registry", "server/src/monitor", "server/src/compose"],
        never: &["crate::http", "crate::services", "app"],
    },
    Rule {
        of: &["server/src/outbound"],
        never: &["crate::auth", "crate::db", "crate::http", "crate::services", "app"],
    },
    Rule { of: &["server/src/services"], never: &["crate::http", "app"] },
    Rule { of: &["server/src/tasks"], never: &["crate::http", "app"] },
    Rule { of: &["server/src/http"], never: &["crate::engine", "crate::db"] },
    Rule {
        of: &[
            "server/src/auth",
            "server/src/compose",
            "server/src/config",
            "server/src/db",
            "server/src/engine",
            "server/src/http",
            "server/src/monitor",
            "server/src/outbound",
            "server/src/registry",
            "server/src/services",
            "server/src/tasks",
        ],
        never: &["crate::startup"],
    },
];

/// What the contract's manifest may ask for: nothing that does I/O of its own.
const API_DEPENDENCIES: &[&str] = &["getrandom", "serde", "serde_json", "thiserror", "time", "ulid", "utoipa"];

#[test]
fn nobody_imports_what_the_design_forbids() {
    let mut problems = Vec::new();
    for (file, source) in rust_sources() {
        let rules: Vec<_> = RULES.iter().filter(|rule| rule.of.iter().any(|of| is_within(&file, of))).collect();
        if rules.is_empty() {
            continue;
        }
        // The services have a noun of that name too; a file that imports it means that one.
        let app_is_ours = file.starts_with("server/src/services/") && !source.contains("use ::app");
        for (path, line) in paths(&file, &source) {
            for never in rules.iter().flat_map(|rule| rule.never).filter(|never| !(app_is_ours && **never == "app")) {
                if path == *never || path.starts_with(&format!("{never}::")) {
                    problems.push(format!(
                        "{file}:{line}: must not import {never} (docs/ARCHITECTURE.md, who may import whom)"
                    ));
                }
            }
        }
    }
    problems.dedup();
    assert_none(&problems);
}

#[test]
fn the_contract_depends_on_nothing_that_does_input_or_output() {
    let manifest: toml::Table = toml::from_str(&read("api/Cargo.toml")).unwrap();
    let mut problems = Vec::new();
    let targets = manifest.get("target").and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::values);
    let tables = std::iter::once(manifest.get("dependencies")).chain(targets.map(|target| target.get("dependencies")));
    for name in tables.flatten().filter_map(toml::Value::as_table).flat_map(toml::Table::keys) {
        if !API_DEPENDENCIES.contains(&name.as_str()) {
            problems.push(format!("api/Cargo.toml: {name} is not in the list of what the contract may depend on"));
        }
    }
    assert_none(&problems);
}

/// `server/src/db` holds `server/src/db.rs` and `server/src/db/…`, not `server/src/dbx.rs`.
fn is_within(file: &str, of: &str) -> bool {
    file.strip_prefix(of).is_some_and(|rest| of.ends_with('/') || rest == ".rs" || rest.starts_with('/'))
}

/// Every path that a source names, with `super` and `self` resolved to `crate::…`, and its line.
fn paths(file: &str, source: &str) -> Vec<(String, usize)> {
    let tokens = TokenStream::from_str(source).unwrap_or_else(|error| panic!("{file}: {error}"));
    let mut found = Vec::new();
    collect(&tokens.into_iter().collect::<Vec<_>>(), &module_of(file), &mut found);
    found
}

/// The module path that a file defines, from the crate: `http`, `ws` for `server/src/http/ws/mod.rs`.
fn module_of(file: &str) -> Vec<String> {
    let inside = file.split_once("/src/").map_or("", |(_, inside)| inside);
    let mut parts: Vec<_> =
        inside.trim_end_matches(".rs").split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
    if parts.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
        parts.pop();
    }
    parts
}

fn collect(tokens: &[TokenTree], module: &[String], found: &mut Vec<(String, usize)>) {
    let mut index = 0;
    while index < tokens.len() {
        match &tokens[index] {
            TokenTree::Ident(name) if !follows_path(tokens, index) => {
                let line = name.span().start().line;
                let used = path_at(&tokens[index..], "", &mut |path| {
                    if let Some(path) = resolve(path, module) {
                        found.push((path, line));
                    }
                });
                // A module inside the file is a level of its own.
                if name == "mod"
                    && let Some(TokenTree::Ident(inner)) = tokens.get(index + 1)
                    && let Some(TokenTree::Group(body)) = tokens.get(index + 2)
                {
                    let inner = [module, &[inner.to_string()]].concat();
                    collect(&body.stream().into_iter().collect::<Vec<_>>(), &inner, found);
                    index += 3;
                    continue;
                }
                index += used.max(1);
            }
            TokenTree::Group(group) => {
                collect(&group.stream().into_iter().collect::<Vec<_>>(), module, found);
                index += 1;
            }
            _ => index += 1,
        }
    }
}

/// Reads `a::b::{c, d::e}` at the start of `tokens`, reports `a::b::c` and `a::b::d::e`; says how many tokens it took.
fn path_at(tokens: &[TokenTree], prefix: &str, report: &mut impl FnMut(String)) -> usize {
    let Some(TokenTree::Ident(first)) = tokens.first() else { return 0 };
    let mut path = if prefix.is_empty() { first.to_string() } else { format!("{prefix}::{first}") };
    let mut index = 1;
    while is_colons(tokens, index) {
        match tokens.get(index + 2) {
            Some(TokenTree::Ident(next)) => {
                path = format!("{path}::{next}");
                index += 3;
            }
            Some(TokenTree::Group(group)) => {
                let inner: Vec<_> = group.stream().into_iter().collect();
                for branch in inner.split(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',')) {
                    path_at(branch, &path, report);
                }
                return index + 3;
            }
            _ => break,
        }
    }
    report(path);
    index
}

fn is_colons(tokens: &[TokenTree], index: usize) -> bool {
    let colon = |index: usize| matches!(tokens.get(index), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
    colon(index) && colon(index + 1)
}

/// `b` of `x.b::<T>()` and of `<T>::b` begins no path.
fn follows_path(tokens: &[TokenTree], index: usize) -> bool {
    let punct = |index: usize, letter: char| matches!(tokens.get(index), Some(TokenTree::Punct(punct)) if punct.as_char() == letter);
    index > 0 && (punct(index - 1, '.') || (index > 1 && punct(index - 1, ':') && punct(index - 2, ':') && index > 2))
}

fn resolve(path: String, module: &[String]) -> Option<String> {
    let mut parts: Vec<&str> = path.split("::").collect();
    let mut place = module.len();
    match parts[0] {
        "self" if parts.len() > 1 => {
            parts.remove(0);
        }
        "super" => {
            while parts.first() == Some(&"super") {
                parts.remove(0);
                place = place.checked_sub(1)?;
            }
        }
        // A lone name is a variable, a type, a keyword; `use api;` is not how we write.
        _ => return (parts.len() > 1).then_some(path),
    }
    let absolute: Vec<&str> = module[..place].iter().map(String::as_str).chain(parts).collect();
    Some(format!("crate::{}", absolute.join("::")))
}

#[test]
fn paths_are_found_in_imports_code_and_macros() {
    let source = r#"
        use crate::{engine::Cluster, services::{app, db::{self}}};
        // crate::comment::is_ignored
        fn f() { let text = "crate::string"; view! { <a>{crate::pages::home()}</a> }; super::db::read(); x.tokio::<u8>(); }
        mod tests { use super::super::http; }
    "#;
    let found: Vec<_> = paths("server/src/http/app.rs", source).into_iter().map(|(path, _)| path).collect();
    for path in [
        "crate::engine::Cluster",
        "crate::services::app",
        "crate::services::db::self",
        "crate::pages::home",
        "crate::http::db::read",
        "crate::http::http",
    ] {
        assert!(found.iter().any(|it| it == path), "{path} in {found:?}");
    }
    assert!(
        found.iter().all(|it| !it.contains("comment") && !it.contains("string") && !it.starts_with("tokio")),
        "{found:?}"
    );
}

#[test]
fn a_module_holds_its_file_and_its_folder() {
    assert!(is_within("server/src/db.rs", "server/src/db"));
    assert!(is_within("server/src/db/user.rs", "server/src/db"));
    assert!(!is_within("server/src/database.rs", "server/src/d"));
    assert_eq!(module_of("server/src/http/ws/mod.rs"), ["http", "ws"]);
}
