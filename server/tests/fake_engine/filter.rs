//! The `filters` parameter: `{"label":["a=b"]}` or the old `{"label":{"a=b":true}}`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::state::Shared;
use super::wire::{EngineError, fail};

/// Names with their wanted values.
#[derive(Debug, Clone, Default)]
pub struct Filters(BTreeMap<String, Vec<String>>);

impl Filters {
    /// Reads the parameter; a name outside `known` is refused as the engine does.
    pub fn parse(shared: &Shared, text: Option<&str>, known: &[&str]) -> Result<Self, EngineError> {
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            return Ok(Self::default());
        };
        let Ok(Value::Object(map)) = serde_json::from_str(text) else {
            return if shared.is_28() {
                fail(400, "invalid filter")
            } else {
                fail(500, "invalid character in literal (invalid filter)")
            };
        };
        let mut filters = BTreeMap::new();
        for (name, values) in map {
            if !known.contains(&name.as_str()) {
                let word = if shared.is_28() { "invalid" } else { "Invalid" };
                return fail(400, format!("{word} filter '{name}'"));
            }
            let values = match values {
                Value::Array(items) => items.into_iter().filter_map(|item| item.as_str().map(str::to_owned)).collect(),
                Value::Object(items) => items
                    .into_iter()
                    .filter(|(_, wanted)| wanted.as_bool() == Some(true))
                    .map(|(value, _)| value)
                    .collect(),
                _ => Vec::new(),
            };
            filters.insert(name, values);
        }
        Ok(Self(filters))
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|values| !values.is_empty())
    }

    pub fn get(&self, name: &str) -> &[String] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    pub fn any(&self, name: &str, fits: impl Fn(&str) -> bool) -> bool {
        self.get(name).iter().any(|value| fits(value))
    }

    /// True without the filter, else when one of its values fits.
    pub fn none_or(&self, name: &str, fits: impl Fn(&str) -> bool) -> bool {
        !self.has(name) || self.any(name, fits)
    }

    /// Every `label` value must be there: `key` or `key=value`; every `label!` value must not.
    pub fn all_labels(&self, labels: &BTreeMap<String, String>) -> bool {
        let there = |wanted: &String| match wanted.split_once('=') {
            Some((key, value)) => labels.get(key).is_some_and(|found| found == value),
            None => labels.contains_key(wanted),
        };
        self.get("label").iter().all(there) && !self.get("label!").iter().any(there)
    }
}
