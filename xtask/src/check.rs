//! The checks that cargo does not have: the licences of what we build in, and dependencies that nobody uses.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;
use spdx::{Expression, ParseMode};

use crate::project::{Project, Result, files_below};

/// The licences that code in Gantry may have. A dependency that offers a choice needs one of these.
const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BlueOak-1.0.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];
const NPM_LOCKS: &[&str] =
    &["app/js/package-lock.json", "end2end/package-lock.json", "xtask/binaryen/package-lock.json"];

/// Runs every check and reports everything that is wrong, not only the first.
pub fn all(project: &Project) -> Result<()> {
    let mut problems = Vec::new();
    let metadata = metadata(project)?;
    rust_licences(&metadata, &mut problems)?;
    for lock in NPM_LOCKS {
        let lock: Value = serde_json::from_slice(&fs::read(project.root.join(lock))?)?;
        npm_licences(&lock, &mut problems)?;
    }
    for package in members(&metadata) {
        unused_dependencies(package, &mut problems)?;
    }
    unused_versions(project, &metadata, &mut problems)?;
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\nerror: ").into()) }
}

fn metadata(project: &Project) -> Result<Value> {
    let output = project.cargo().args(["metadata", "--format-version=1", "--locked"]).output()?;
    if !output.status.success() {
        return Err(format!("`cargo metadata` failed: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn rust_licences(metadata: &Value, problems: &mut Vec<String>) -> Result<()> {
    for package in array(&metadata["packages"]) {
        let name = format!("{} {}", text(&package["name"]), text(&package["version"]));
        judge(&name, package["license"].as_str(), problems)?;
    }
    Ok(())
}

fn npm_licences(lock: &Value, problems: &mut Vec<String>) -> Result<()> {
    for (path, package) in lock["packages"].as_object().into_iter().flatten() {
        // The entry without a path is our own.
        if !path.is_empty() {
            judge(path.trim_start_matches("node_modules/"), package["license"].as_str(), problems)?;
        }
    }
    Ok(())
}

fn judge(name: &str, licence: Option<&str>, problems: &mut Vec<String>) -> Result<()> {
    let Some(licence) = licence else {
        problems.push(format!("{name} names no licence: look at it, and replace it"));
        return Ok(());
    };
    let expression = Expression::parse_mode(licence, ParseMode::LAX)
        .map_err(|error| format!("{name}: licence {licence}: {error}"))?;
    if !expression.evaluate(|requirement| LICENCES.contains(&requirement.to_string().as_str())) {
        problems.push(format!("{name} has the licence {licence}, which Gantry may not build in: replace it"));
    }
    Ok(())
}

/// A dependency counts as used when a path in a source of its package begins with its crate.
fn unused_dependencies(package: &Value, problems: &mut Vec<String>) -> Result<()> {
    let folder = Path::new(text(&package["manifest_path"])).parent().ok_or("a manifest without a folder")?;
    let used_crates = crates_in_sources(folder)?;
    let unnamed: BTreeSet<&str> =
        array(&package["metadata"]["gantry"]["unnamed-dependencies"]).filter_map(Value::as_str).collect();
    for dependency in array(&package["dependencies"]) {
        let name = dependency["rename"].as_str().unwrap_or(text(&dependency["name"]));
        let crate_name = crate_name(name);
        let used = used_crates.contains(&crate_name);
        match (used, unnamed.contains(name)) {
            (false, false) => problems.push(format!(
                "{} declares the dependency {name} but does not use it: remove it from its Cargo.toml",
                text(&package["name"])
            )),
            (true, true) => problems.push(format!(
                "{} uses the dependency {name}: take it out of `unnamed-dependencies` in its Cargo.toml",
                text(&package["name"])
            )),
            _ => {}
        }
    }
    Ok(())
}

/// A version in the workspace manifest that no member asks for is left over.
fn unused_versions(project: &Project, metadata: &Value, problems: &mut Vec<String>) -> Result<()> {
    let manifest: toml::Table = toml::from_str(&fs::read_to_string(project.root.join("Cargo.toml"))?)?;
    let declared =
        manifest["workspace"]["dependencies"].as_table().ok_or("no [workspace.dependencies] in Cargo.toml")?;
    let asked: BTreeSet<&str> = members(metadata)
        .flat_map(|package| array(&package["dependencies"]))
        .map(|dependency| dependency["rename"].as_str().unwrap_or(text(&dependency["name"])))
        .collect();
    for name in declared.keys().filter(|name| !asked.contains(name.as_str())) {
        problems.push(format!("no member uses {name} of [workspace.dependencies]: remove it from Cargo.toml"));
    }
    Ok(())
}

fn crates_in_sources(folder: &Path) -> Result<BTreeSet<String>> {
    let mut sources = vec![folder.join("build.rs")];
    for name in ["src", "tests", "benches", "examples"] {
        let folder = folder.join(name);
        if folder.is_dir() {
            sources.extend(files_below(&folder)?);
        }
    }
    let mut found = BTreeSet::new();
    for file in
        sources.iter().filter(|file| file.is_file() && file.extension().is_some_and(|extension| extension == "rs"))
    {
        found.extend(beginnings_of_paths(&fs::read_to_string(file)?));
    }
    Ok(found)
}

/// The first names of paths (`tokio` in `tokio::spawn`) and of plain imports (`use api;`).
fn beginnings_of_paths(source: &str) -> BTreeSet<String> {
    let is_name = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut found = BTreeSet::new();
    for (place, _) in source.match_indices("::") {
        let before = source[..place].trim_end_matches(is_name);
        if !before.ends_with("::") {
            found.insert(source[before.len()..place].to_owned());
        }
    }
    for (place, keyword) in source.match_indices("use ") {
        let name: String = source[place + keyword.len()..].chars().take_while(|letter| is_name(*letter)).collect();
        found.insert(name);
    }
    found
}

fn members(metadata: &Value) -> impl Iterator<Item = &Value> {
    let ids: BTreeSet<&str> = array(&metadata["workspace_members"]).filter_map(Value::as_str).collect();
    array(&metadata["packages"]).filter(move |package| ids.contains(text(&package["id"])))
}

/// The name that sources use: our own packages name their library without the prefix.
fn crate_name(dependency: &str) -> String {
    dependency.strip_prefix("gantry-").unwrap_or(dependency).replace('-', "_")
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(licence: Option<&str>) -> Vec<String> {
        let mut problems = Vec::new();
        judge("some-package", licence, &mut problems).unwrap();
        problems
    }

    #[test]
    fn a_choice_needs_one_licence_that_is_allowed() {
        assert!(judged(Some("MIT OR GPL-3.0-only")).is_empty());
        assert!(judged(Some("MIT/Apache-2.0")).is_empty());
        assert!(judged(Some("(MIT OR Apache-2.0) AND Unicode-3.0")).is_empty());
    }

    #[test]
    fn a_path_begins_with_its_crate() {
        let found = beginnings_of_paths("use time;\nuse {a_b::C, crate::url::D};\n#[tokio::main] fn f(http: u8) {}");
        for name in ["time", "a_b", "tokio", "crate"] {
            assert!(found.contains(name), "{name} in {found:?}");
        }
        for name in ["url", "http", "C"] {
            assert!(!found.contains(name), "{name} in {found:?}");
        }
    }

    #[test]
    fn a_foreign_or_absent_licence_is_a_problem() {
        assert_eq!(judged(Some("GPL-3.0-only")).len(), 1);
        assert_eq!(judged(Some("MIT AND AGPL-3.0-or-later")).len(), 1);
        assert_eq!(judged(None).len(), 1);
    }
}
