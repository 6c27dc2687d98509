//! The tables of findings and of keys against the catalogues and the user guide.

use std::{collections::BTreeSet, fmt::Write, path::Path};

use api::{Language, Message};

use crate::compose::{
    diagnostic::{self, Code},
    keys::{self, Support},
};

fn placeholders(text: &str) -> BTreeSet<&str> {
    let parts = text.split('{').skip(1).filter_map(|part| part.split_once('}'));
    parts.map(|(name, _)| name).filter(|name| name.chars().all(|c| c.is_ascii_lowercase())).collect()
}

#[test]
fn every_finding_has_its_text_in_both_languages_with_all_its_parameters() {
    for language in [Language::English, Language::Chinese] {
        let catalogue = api::message::catalogue(language);
        for code in diagnostic::code::ALL {
            let key = format!("compose.{}", code.id);
            let text = catalogue.get(key.as_str()).unwrap_or_else(|| panic!("{key} has no text in {language:?}"));
            assert_eq!(placeholders(text), code.params.iter().copied().collect(), "{key} in {language:?}");
        }
    }
}

#[test]
fn the_catalogue_has_no_text_that_nothing_says() {
    let known: BTreeSet<String> = diagnostic::code::ALL.iter().map(|code| format!("compose.{}", code.id)).collect();
    let texts = api::message::catalogue(Language::English).keys().filter(|key| key.starts_with("compose."));
    let unused: Vec<_> = texts.filter(|key| !known.contains(key.as_ref())).collect();
    assert_eq!(unused, Vec::<&str>::new());
}

fn note(code: Code, key: &str) -> String {
    let message = code
        .params
        .iter()
        .fold(Message::new(format!("compose.{}", code.id)), |message, param| message.with(param, key));
    message.text(Language::English).replace('|', "\\|")
}

/// The tables of the user guide.
fn tables() -> String {
    let mut text = String::new();
    for section in keys::ALL {
        let of = |wanted: fn(&Support) -> bool| section.keys.iter().filter(move |key| wanted(&key.support));
        let full: Vec<String> =
            of(|support| matches!(support, Support::Full)).map(|key| format!("`{}`", key.name)).collect();
        writeln!(text, "\n### `{}`\n", section.title.replace(", ", "`, `")).unwrap();
        if !full.is_empty() {
            writeln!(text, "Supported: {}.", full.join(", ")).unwrap();
        }
        if full.len() == section.keys.len() {
            continue;
        }
        if !full.is_empty() {
            text.push('\n');
        }
        text.push_str("| key | | |\n|---|---|---|\n");
        for key in section.keys {
            let (word, code) = match key.support {
                Support::Full => continue,
                Support::Warned(code) => ("warning", code),
                Support::Refused(code) => ("refused", code),
            };
            writeln!(text, "| `{}` | {word} | {} |", key.name, note(code, key.name)).unwrap();
        }
    }
    text
}

#[test]
fn the_user_guide_has_the_keys_as_they_are_read() {
    const MARK: &str = "the_user_guide -->\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/user-guide/compose.md");
    let guide = std::fs::read_to_string(&path).unwrap();
    let (head, found) = guide.split_once(MARK).expect("the guide has the mark before its tables");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{head}{MARK}{}", tables())).unwrap();
        return;
    }
    assert!(found == tables(), "docs/user-guide/compose.md is behind: run this test once with UPDATE_DOCS=1");
}
