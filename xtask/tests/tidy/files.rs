//! Rules about files as such.

use std::fs;

use crate::{assert_none, project_files, root, rust_sources};

#[test]
fn every_rust_file_begins_by_saying_what_it_is_for() {
    let silent = |(file, source): (String, String)| (!source.starts_with("//! ")).then_some(file);
    let problems: Vec<_> = rust_sources().into_iter().filter_map(silent).collect();
    assert_none(
        &problems.iter().map(|file| format!("{file}: the first line must be a `//!` line")).collect::<Vec<_>>(),
    );
}

#[test]
fn no_file_names_a_package_registry_or_a_machine() {
    // Put together here, so that this file does not name them itself.
    let hosts = [
        ["registry", ".npmjs.", "org"],
        ["static", ".crates.", "io"],
        ["index", ".crates.", "io"],
        ["deb", ".debian.", "org"],
    ]
    .map(|parts| parts.concat());
    let places = ["work/main", "work/wt", "work/shared", "root/.cargo", "root/.rustup", "root/.cache", "root/.npm"]
        .map(|folder| format!("/{folder}"));
    let mut problems = Vec::new();
    for file in project_files() {
        let Ok(text) = fs::read_to_string(root().join(&file)) else { continue };
        for (index, line) in text.lines().enumerate() {
            for host in hosts.iter().filter(|host| line.contains(host.as_str())) {
                problems.push(format!("{file}:{}: names the package registry {host}", index + 1));
            }
            for place in places.iter().filter(|place| names_place(line, place)) {
                problems.push(format!("{file}:{}: names the folder {place} of some machine", index + 1));
            }
        }
    }
    assert_none(&problems);
}

/// An absolute path, not the middle of a longer one such as `/api/home/`.
fn names_place(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        before.is_none_or(|letter| !letter.is_alphanumeric() && !"}.-_~*)".contains(letter))
    })
}

#[test]
fn a_place_is_seen_only_as_an_absolute_path() {
    let place = ["/ro", "ot/"].concat();
    assert!(names_place(&format!("cd {place}x"), &place));
    assert!(!names_place(&format!("$HOME{place}x"), &place));
}
