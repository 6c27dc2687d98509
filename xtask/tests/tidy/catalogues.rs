//! The message catalogues of all languages say the same things.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{assert_none, read};

const CATALOGUES: &[&str] = &["app/locales", "api/messages"];
const FIRST_LANGUAGE: &str = "en";
const OTHER_LANGUAGES: &[&str] = &["zh-CN"];
/// A language has the plural forms it needs, so the forms of one text are one key.
const PLURAL_FORMS: &[&str] = &["_zero", "_one", "_two", "_few", "_many", "_other"];

#[test]
fn every_language_has_the_same_texts_with_the_same_parameters() {
    let mut problems = Vec::new();
    for folder in CATALOGUES {
        let first = texts(&format!("{folder}/{FIRST_LANGUAGE}.json"));
        for language in OTHER_LANGUAGES {
            let file = format!("{folder}/{language}.json");
            compare(&file, &first, &texts(&file), &mut problems);
        }
    }
    assert_none(&problems);
}

#[test]
fn no_text_is_empty() {
    let mut problems = Vec::new();
    for folder in CATALOGUES {
        for language in OTHER_LANGUAGES.iter().chain([&FIRST_LANGUAGE]) {
            let file = format!("{folder}/{language}.json");
            for (key, text) in leaves(&file) {
                if text.trim().is_empty() {
                    problems.push(format!("{file}: {key} is empty"));
                }
            }
        }
    }
    assert_none(&problems);
}

fn compare(file: &str, first: &Texts, other: &Texts, problems: &mut Vec<String>) {
    for (key, parameters) in first {
        match other.get(key) {
            None => problems.push(format!("{file}: {key} is missing")),
            // One plural form may leave the number out ("one container").
            Some(found) if without_count(found) != without_count(parameters) => {
                problems.push(format!("{file}: {key} has the parameters {found:?}, not {parameters:?}"));
            }
            Some(_) => {}
        }
    }
    for key in other.keys().filter(|key| !first.contains_key(*key)) {
        problems.push(format!("{file}: {key} is not in {FIRST_LANGUAGE}"));
    }
}

/// Key → the parameters of its text.
type Texts = BTreeMap<String, BTreeSet<String>>;

fn texts(file: &str) -> Texts {
    let leaves = leaves(file);
    let mut texts = Texts::new();
    for (key, text) in &leaves {
        let base = PLURAL_FORMS.iter().find_map(|form| key.strip_suffix(form));
        // `_other` alone is an ordinary key that happens to end so.
        let key = base
            .filter(|base| leaves.contains_key(&format!("{base}_other")) && forms(base, &leaves) > 1)
            .unwrap_or(key);
        texts.entry(key.to_owned()).or_default().extend(parameters(text));
    }
    texts
}

fn forms(base: &str, leaves: &BTreeMap<String, String>) -> usize {
    PLURAL_FORMS.iter().filter(|form| leaves.contains_key(&format!("{base}{form}"))).count()
}

fn leaves(file: &str) -> BTreeMap<String, String> {
    fn walk(path: &str, value: &Value, found: &mut BTreeMap<String, String>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    walk(&path, value, found);
                }
            }
            Value::String(text) => {
                found.insert(path.to_owned(), text.clone());
            }
            other => panic!("{path} is no text: {other}"),
        }
    }
    let catalogue = serde_json::from_str(&read(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    let mut found = BTreeMap::new();
    walk("", &catalogue, &mut found);
    found
}

/// `{{ name }}` of the console's texts, `{name}` of the server's, and the tags `<name>` of either.
fn parameters(text: &str) -> impl Iterator<Item = String> {
    let between = |open: char, close: char| {
        text.split(open).skip(1).filter_map(move |rest| rest.split_once(close)).map(|(name, _)| name.trim().to_owned())
    };
    let names = between('{', '}')
        .chain(between('<', '>'))
        .filter(|name| !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_'));
    names.collect::<BTreeSet<_>>().into_iter()
}

fn without_count(parameters: &BTreeSet<String>) -> BTreeSet<&str> {
    parameters.iter().map(String::as_str).filter(|name| *name != "count").collect()
}

#[test]
fn parameters_of_both_kinds_are_seen() {
    let found: Vec<_> = parameters("{{ count }} of {total}: <b>{{name}}</b> < 5 { }").collect();
    assert_eq!(found, ["b", "count", "name", "total"]);
}
