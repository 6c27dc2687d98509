//! In which order services start.

use std::collections::{BTreeMap, HashMap};

use super::{
    diagnostic::{Diagnostic, Severity, code},
    model::Project,
};

/// Levels of services: each level needs only what is in the levels before it.
///
/// # Errors
/// The dependencies go in a circle; the finding names it (`cycle`). [`super::parse`] has refused such a file.
pub fn startup_order(project: &Project) -> Result<Vec<Vec<&str>>, Diagnostic> {
    let mut missing: HashMap<&str, usize> = HashMap::new();
    let mut needed_by: HashMap<&str, Vec<&str>> = HashMap::new();
    for (name, service) in &project.services {
        let needs = service.depends_on.keys().filter(|other| project.services.contains_key(other.as_str()));
        let mut count = 0;
        for other in needs {
            needed_by.entry(other).or_default().push(name);
            count += 1;
        }
        missing.insert(name, count);
    }
    let mut levels = Vec::new();
    let mut level: Vec<&str> = project.services.keys().map(String::as_str).filter(|name| missing[name] == 0).collect();
    let mut placed = 0;
    while !level.is_empty() {
        placed += level.len();
        let mut next = Vec::new();
        for name in &level {
            for dependent in needed_by.get(name).into_iter().flatten() {
                if let Some(count) = missing.get_mut(dependent) {
                    *count -= 1;
                    if *count == 0 {
                        next.push(*dependent);
                    }
                }
            }
        }
        levels.push(std::mem::replace(&mut level, next));
    }
    if placed == project.services.len() { Ok(levels) } else { Err(cycle(project, &missing)) }
}

/// Every service left has one left among those it needs, so following them comes around.
fn cycle(project: &Project, missing: &HashMap<&str, usize>) -> Diagnostic {
    const SHOWN: usize = 12;
    let is_left = |name: &str| missing.get(name).is_some_and(|count| *count > 0);
    let mut trail: Vec<&str> = Vec::new();
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut current = project.services.keys().map(String::as_str).find(|name| is_left(name));
    while let Some(name) = current {
        if let Some(start) = seen.insert(name, trail.len()) {
            trail.drain(..start);
            trail.push(name);
            break;
        }
        trail.push(name);
        let needs = project.services.get(name).into_iter().flat_map(|service| service.depends_on.keys());
        current = needs.map(String::as_str).find(|other| is_left(other));
    }
    let mut text = trail.iter().take(SHOWN).copied().collect::<Vec<_>>().join(" → ");
    if trail.len() > SHOWN {
        text.push_str(" → …");
    }
    Diagnostic {
        file: None,
        line: 1,
        column: 1,
        path: format!("services.{}.depends_on", trail.first().unwrap_or(&"")),
        severity: Severity::Error,
        code: code::DEPENDENCY_CYCLE.id,
        params: BTreeMap::from([("cycle".to_owned(), text)]),
    }
}
