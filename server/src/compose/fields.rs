//! Takes values out of a mapping whose keys are known.

use std::{collections::BTreeMap, time::Duration};

use super::{diagnostic::code, path::Step, read::At, yaml::Map};

/// The entries of a mapping whose keys are known.
pub struct Fields<'a> {
    pub at: At<'a>,
    pub map: &'a Map,
}

impl<'a> Fields<'a> {
    pub fn new(at: At<'a>, map: &'a Map) -> Self {
        Self { at, map }
    }

    /// The value; a key without one counts as absent.
    pub fn get(&self, key: &'a str) -> Option<At<'a>> {
        self.get_or_null(key).filter(|at| !at.node.is_null())
    }

    pub fn get_or_null(&self, key: &'a str) -> Option<At<'a>> {
        let entry = self.map.get(key)?;
        Some(self.at.child(&entry.node, entry.key, Step::Key(key)))
    }

    /// The value, or an error that it is missing.
    pub fn need(&self, key: &'a str) -> Option<At<'a>> {
        let found = self.get(key);
        if found.is_none() {
            self.at.error(code::MISSING_KEY, vec![("key", key.to_owned())]);
        }
        found
    }

    pub fn keys(&self) -> impl Iterator<Item = &'a str> {
        self.map.keys().map(String::as_str)
    }

    pub fn text(&self, key: &'a str) -> Option<String> {
        self.get(key)?.text()
    }

    pub fn texts(&self, key: &'a str) -> Vec<String> {
        self.get(key).map(|at| at.texts()).unwrap_or_default()
    }

    pub fn texts_or_one(&self, key: &'a str) -> Vec<String> {
        self.get(key).map(|at| at.texts_or_one()).unwrap_or_default()
    }

    pub fn key_texts(&self, key: &'a str) -> BTreeMap<String, String> {
        self.get(key).map(|at| at.key_texts()).unwrap_or_default()
    }

    pub fn boolean(&self, key: &'a str) -> Option<bool> {
        self.get(key)?.boolean()
    }

    pub fn integer(&self, key: &'a str, min: i64, max: i64) -> Option<i64> {
        self.get(key)?.integer(min, max)
    }

    pub fn duration(&self, key: &'a str) -> Option<Duration> {
        self.get(key)?.duration()
    }

    pub fn bytes(&self, key: &'a str) -> Option<i64> {
        self.get(key)?.bytes()
    }
}
