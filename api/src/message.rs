//! Texts the server makes for people: a key, its parameters, and the catalogues that turn them into a language.
//!
//! Problem details, operation steps and diagnostics travel or are stored as a [`Message`], so that each reader sees
//! them in the reader's own language, also years later. The catalogues are `api/messages/{en,zh-CN}.json`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

/// A language of the portal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Language {
    /// English, the fallback.
    #[default]
    #[serde(rename = "en")]
    English,
    /// Simplified Chinese.
    #[serde(rename = "zh-CN")]
    Chinese,
}

impl Language {
    /// The BCP 47 tag.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-CN",
        }
    }

    /// The best supported language of an `Accept-Language` header (RFC 9110, 12.5.4); English where none fits.
    pub fn from_accept_language(header: &str) -> Self {
        let mut best = (0.0_f32, Self::English);
        for part in header.split(',') {
            let (tag, quality) = match part.split_once(";q=") {
                Some((tag, quality)) => (tag.trim(), quality.trim().parse().unwrap_or(0.0)),
                None => (part.trim(), 1.0),
            };
            let primary = tag.split('-').next().unwrap_or_default();
            let language = match primary {
                p if p.eq_ignore_ascii_case("zh") => Self::Chinese,
                p if p.eq_ignore_ascii_case("en") => Self::English,
                _ => continue,
            };
            if quality > best.0 {
                best = (quality, language);
            }
        }
        best.1
    }
}

/// A text by key and parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Message {
    /// The catalogue key, for example `operation.pull`.
    pub key: String,
    /// What stands at the `{name}` places of the text.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, String>,
}

impl Message {
    /// A message without parameters.
    pub fn new(key: impl Into<String>) -> Self {
        Self { key: key.into(), params: BTreeMap::new() }
    }

    /// Adds one parameter.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.params.insert(name.to_owned(), value.to_string());
        self
    }

    /// The text in `language`; English where the catalogue lacks the key, the key itself where both do.
    pub fn text(&self, language: Language) -> String {
        let Some(template) = lookup(language, &self.key).or_else(|| lookup(Language::English, &self.key)) else {
            return self.fallback();
        };
        fill(template, &self.params)
    }

    fn fallback(&self) -> String {
        let mut text = self.key.clone();
        for (name, value) in &self.params {
            let _ = write!(text, " {name}={value}");
        }
        text
    }
}

fn fill(template: &str, params: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            out.push('{');
            rest = after;
            continue;
        };
        match params.get(name) {
            Some(value) => out.push_str(value),
            None => {
                let _ = write!(out, "{{{name}}}");
            }
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

type Catalogue = BTreeMap<Cow<'static, str>, Cow<'static, str>>;

/// The catalogue of a language, parsed once.
pub fn catalogue(language: Language) -> &'static Catalogue {
    static ENGLISH: OnceLock<Catalogue> = OnceLock::new();
    static CHINESE: OnceLock<Catalogue> = OnceLock::new();
    let (cell, source) = match language {
        Language::English => (&ENGLISH, include_str!("../messages/en.json")),
        Language::Chinese => (&CHINESE, include_str!("../messages/zh-CN.json")),
    };
    cell.get_or_init(|| serde_json::from_str(source).unwrap_or_default())
}

fn lookup(language: Language, key: &str) -> Option<&'static str> {
    catalogue(language).get(key).map(AsRef::as_ref)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_take_their_places_and_unknown_places_stay_visible() {
        let params = BTreeMap::from([("image".to_owned(), "web:1".to_owned())]);
        assert_eq!(fill("Pull {image} from {registry}", &params), "Pull web:1 from {registry}");
        assert_eq!(fill("open { brace", &params), "open { brace");
    }

    #[test]
    fn the_header_with_the_highest_quality_decides_the_language() {
        assert_eq!(Language::from_accept_language("zh-CN,zh;q=0.9,en;q=0.8"), Language::Chinese);
        assert_eq!(Language::from_accept_language("en-GB,zh;q=0.9"), Language::English);
        assert_eq!(Language::from_accept_language("de,fr;q=0.5"), Language::English);
        assert_eq!(Language::from_accept_language("zh;q=nonsense,en;q=0.1"), Language::English);
    }

    #[test]
    fn both_catalogues_parse_and_have_the_same_keys_and_parameters() {
        let english = catalogue(Language::English);
        let chinese = catalogue(Language::Chinese);
        assert!(!english.is_empty(), "en.json does not parse");
        assert_eq!(english.keys().collect::<Vec<_>>(), chinese.keys().collect::<Vec<_>>());
        for (key, text) in english {
            assert_eq!(places(text), places(&chinese[key]), "parameters of {key}");
        }
    }

    fn places(text: &str) -> Vec<&str> {
        let mut names: Vec<_> =
            text.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}
