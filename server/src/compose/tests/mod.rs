//! Tests of the whole reading, by subject.

mod catalogue;
mod deploy;
mod extends;
mod files;
mod fuzz;
mod hostile;
mod mounts;
mod networks;
mod order;
mod ports;
mod reading;
mod service;

use std::collections::BTreeMap;

use super::{Diagnostic, Parsed, Service, Source, parse};

fn source(text: &str) -> Source {
    Source { text: text.to_owned(), ..Source::default() }
}

fn vars(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn read(text: &str) -> Parsed {
    parse(&source(text), &BTreeMap::new()).unwrap_or_else(|found| panic!("{}", show(&found)))
}

/// The service `a` of a file that holds only these lines of it.
fn service(lines: &str) -> Service {
    read(&file_of(lines)).project.services["a"].clone()
}

fn file_of(lines: &str) -> String {
    let indented: Vec<String> = lines.lines().map(|line| format!("    {line}\n")).collect();
    format!("services:\n  a:\n    image: i\n{}", indented.concat())
}

/// `line:column path code` of every finding.
fn show(found: &[Diagnostic]) -> String {
    let line = |found: &Diagnostic| format!("{}:{} {} {}", found.line, found.column, found.path, found.code);
    found.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn errors(text: &str) -> String {
    match parse(&source(text), &BTreeMap::new()) {
        Ok(_) => String::new(),
        Err(found) => show(&found),
    }
}

/// The findings about the service `a`, whose lines begin in line 4 and column 5.
fn service_errors(lines: &str) -> String {
    errors(&file_of(lines))
}

fn warnings(text: &str) -> String {
    show(&read(text).warnings)
}
