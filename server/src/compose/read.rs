//! A cursor over the tree: takes values out with their types checked and tells where they stood.

use std::{collections::BTreeMap, rc::Rc, time::Duration};

use super::{
    context::{Context, Params},
    diagnostic::{Code, code},
    fields::Fields,
    keys::{Section, Support, closest},
    path::{self, Step, shorten},
    units,
    yaml::{Map, Mark, Node, Scalar, Value},
};

/// A node, where its key stands, and the path to it.
#[derive(Clone)]
pub struct At<'a> {
    pub ctx: &'a Context<'a>,
    pub node: &'a Node,
    key: Mark,
    place: Rc<Place<'a>>,
}

struct Place<'a> {
    parent: Option<Rc<Place<'a>>>,
    step: Option<Step<'a>>,
}

impl<'a> At<'a> {
    pub fn root(ctx: &'a Context<'a>, node: &'a Node) -> Self {
        Self { ctx, node, key: node.mark, place: Rc::new(Place { parent: None, step: None }) }
    }

    pub(super) fn child(&self, node: &'a Node, key: Mark, step: Step<'a>) -> Self {
        Self {
            ctx: self.ctx,
            node,
            key,
            place: Rc::new(Place { parent: Some(Rc::clone(&self.place)), step: Some(step) }),
        }
    }

    /// Where the value stands; its key's place where there is no value.
    pub fn mark(&self) -> Mark {
        if self.node.is_null() { self.key } else { self.node.mark }
    }

    pub fn key_mark(&self) -> Mark {
        self.key
    }

    /// Such as `services.web.ports[0]`.
    pub fn path(&self) -> String {
        let mut steps = Vec::new();
        let mut place = Some(&self.place);
        while let Some(current) = place {
            steps.extend(current.step);
            place = current.parent.as_ref();
        }
        path::render(steps.into_iter().rev())
    }

    pub fn error(&self, code: Code, params: Params) {
        self.ctx.error(self.mark(), self.path(), code, params);
    }

    pub fn warn(&self, code: Code, params: Params) {
        self.ctx.warn(self.mark(), self.path(), code, params);
    }

    /// An error about the value as it is written.
    pub fn error_value(&self, code: Code) {
        self.error(code, vec![("value", self.written())]);
    }

    /// A short sight of the value for a message.
    pub fn written(&self) -> String {
        match &self.node.value {
            Value::Null => "null".to_owned(),
            Value::Scalar(scalar) => shorten(&scalar.text),
            Value::List(_) => "[…]".to_owned(),
            Value::Map(_) => "{…}".to_owned(),
        }
    }

    pub fn is_list(&self) -> bool {
        matches!(self.node.value, Value::List(_))
    }

    pub fn is_map(&self) -> bool {
        matches!(self.node.value, Value::Map(_))
    }

    pub fn is_scalar(&self) -> bool {
        matches!(self.node.value, Value::Scalar(_))
    }

    /// The mapping's known keys; unknown, refused and ineffective ones are reported.
    pub fn fields(&self, section: &Section) -> Option<Fields<'a>> {
        let fields = self.fields_unchecked()?;
        for (name, entry) in fields.map {
            if name.starts_with("x-") {
                continue;
            }
            let at = self.child(&entry.node, entry.key, Step::Key(name));
            let Some(known) = section.keys.iter().find(|known| known.name == name) else {
                unknown_key(&at, name, section);
                continue;
            };
            let report = |code: Code| {
                let params = code.params.iter().map(|param| (*param, name.clone())).collect();
                (code, params)
            };
            match known.support {
                Support::Full => {}
                Support::Warned(code) => {
                    let (code, params) = report(code);
                    self.ctx.warn(entry.key, at.path(), code, params);
                }
                Support::Refused(code) if code == code::UNSUPPORTED_BUILD && has_text(fields.map, "image") => {
                    self.ctx.warn(entry.key, at.path(), code::BUILD_IGNORED, vec![]);
                }
                Support::Refused(code) => {
                    let (code, params) = report(code);
                    self.ctx.error(entry.key, at.path(), code, params);
                }
            }
        }
        Some(fields)
    }

    fn fields_unchecked(&self) -> Option<Fields<'a>> {
        if let Value::Map(map) = &self.node.value {
            return Some(Fields::new(self.clone(), map));
        }
        self.error_value(code::EXPECTED_MAPPING);
        None
    }

    /// Every entry of a mapping with free keys.
    pub fn entries(&self) -> Vec<(&'a str, At<'a>)> {
        match &self.node.value {
            Value::Map(map) => map
                .iter()
                .map(|(key, entry)| (key.as_str(), self.child(&entry.node, entry.key, Step::Key(key))))
                .collect(),
            Value::Null => Vec::new(),
            _ => {
                self.error_value(code::EXPECTED_MAPPING);
                Vec::new()
            }
        }
    }

    /// Every item of a list.
    pub fn items(&self) -> Vec<At<'a>> {
        match &self.node.value {
            Value::List(items) => {
                let item = |(index, node): (usize, &'a Node)| self.child(node, node.mark, Step::Index(index));
                items.iter().enumerate().map(item).collect()
            }
            Value::Null => Vec::new(),
            _ => {
                self.error_value(code::EXPECTED_LIST);
                Vec::new()
            }
        }
    }

    /// A text alone or a list of texts.
    pub fn items_or_one(&self) -> Vec<At<'a>> {
        match &self.node.value {
            Value::Scalar(_) => vec![self.clone()],
            Value::List(_) | Value::Null => self.items(),
            Value::Map(_) => {
                self.error_value(code::EXPECTED_TEXT_OR_LIST);
                Vec::new()
            }
        }
    }

    fn scalar(&self, expected: Code) -> Option<&'a Scalar> {
        if let Value::Scalar(scalar) = &self.node.value {
            return Some(scalar);
        }
        self.error_value(expected);
        None
    }

    /// Text; a bare number or truth value is refused as Compose does.
    pub fn text(&self) -> Option<String> {
        let scalar = self.scalar(code::EXPECTED_TEXT)?;
        if scalar.plain
            && (units::number(&scalar.text).is_some()
                || units::integer(&scalar.text).is_some()
                || is_truth(&scalar.text))
        {
            self.error_value(code::EXPECTED_TEXT_QUOTE);
            return None;
        }
        Some(scalar.text.clone())
    }

    /// Text, also of a bare number or truth value.
    pub fn any_text(&self) -> Option<String> {
        self.scalar(code::EXPECTED_TEXT).map(|scalar| scalar.text.clone())
    }

    pub fn texts(&self) -> Vec<String> {
        self.items().iter().filter_map(At::text).collect()
    }

    pub fn texts_or_one(&self) -> Vec<String> {
        self.items_or_one().iter().filter_map(At::text).collect()
    }

    pub fn boolean(&self) -> Option<bool> {
        let scalar = self.scalar(code::EXPECTED_BOOLEAN)?;
        let (value, meant) = match scalar.text.to_ascii_lowercase().as_str() {
            "true" => return Some(true),
            "false" => return Some(false),
            "y" | "yes" | "on" => (true, "true"),
            "n" | "no" | "off" => (false, "false"),
            _ => {
                self.error_value(code::EXPECTED_BOOLEAN);
                return None;
            }
        };
        self.warn(code::BOOLEAN_SPELLING, vec![("value", self.written()), ("meant", meant.to_owned())]);
        Some(value)
    }

    pub fn integer(&self, min: i64, max: i64) -> Option<i64> {
        let found = match &self.node.value {
            Value::Scalar(scalar) => units::integer(&scalar.text).filter(|number| (min..=max).contains(number)),
            _ => None,
        };
        if found.is_none() {
            let params = vec![("value", self.written()), ("min", min.to_string()), ("max", max.to_string())];
            self.error(code::EXPECTED_INTEGER, params);
        }
        found
    }

    fn parsed<T>(&self, code: Code, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let found = self.node.as_text().and_then(parse);
        if found.is_none() {
            self.error_value(code);
        }
        found
    }

    pub fn bytes(&self) -> Option<i64> {
        self.parsed(code::EXPECTED_BYTES, units::bytes)
    }

    /// A size, or -1 for no limit.
    pub fn bytes_or_unlimited(&self) -> Option<i64> {
        self.parsed(code::EXPECTED_BYTES, |text| if text == "-1" { Some(-1) } else { units::bytes(text) })
    }

    pub fn duration(&self) -> Option<Duration> {
        self.parsed(code::EXPECTED_DURATION, units::duration)
    }

    pub fn nano_cpus(&self) -> Option<i64> {
        self.parsed(code::EXPECTED_NUMBER, units::nano_cpus)
    }

    pub fn ratio(&self) -> Option<f64> {
        self.parsed(code::EXPECTED_NUMBER, |text| units::number(text).filter(|ratio| (0.0..=1.0).contains(ratio)))
    }

    /// One of a few words.
    pub fn one_of<T: Copy>(&self, choices: &[(&str, T)]) -> Option<T> {
        let found = self.node.as_text().and_then(|text| choices.iter().find(|(name, _)| *name == text));
        if found.is_none() {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            self.error(code::EXPECTED_ONE_OF, vec![("value", self.written()), ("choices", names.join(", "))]);
        }
        found.map(|(_, value)| *value)
    }

    /// File permissions: octal in quotes or with a leading zero, as YAML's own readers take them.
    pub fn file_mode(&self) -> Option<u32> {
        let scalar = self.scalar(code::EXPECTED_MODE)?;
        let text = scalar.text.as_str();
        let octal = |digits: &str| u32::from_str_radix(digits, 8).ok().filter(|mode| *mode <= 0o7777);
        let found = match text.strip_prefix("0o") {
            Some(digits) => octal(digits),
            None if text.starts_with('0') || !scalar.plain => octal(text),
            None => text.parse().ok().filter(|mode| *mode <= 0o7777).inspect(|mode: &u32| {
                self.warn(code::MODE_DECIMAL, vec![("value", shorten(text)), ("octal", format!("0{mode:o}"))]);
            }),
        };
        if found.is_none() {
            self.error_value(code::EXPECTED_MODE);
        }
        found
    }

    /// `KEY=value` lines or a mapping. `None` is a key without a value.
    pub fn key_values(&self) -> Vec<(String, Option<String>, At<'a>)> {
        match &self.node.value {
            Value::List(_) => self.items().into_iter().filter_map(At::key_value_line).collect(),
            Value::Map(_) => self
                .entries()
                .into_iter()
                .filter_map(|(key, at)| {
                    let value = if at.node.is_null() { None } else { Some(at.any_text()?) };
                    Some((key.to_owned(), value, at))
                })
                .collect(),
            Value::Null => Vec::new(),
            Value::Scalar(_) => {
                self.error_value(code::EXPECTED_LIST_OR_MAPPING);
                Vec::new()
            }
        }
    }

    fn key_value_line(self) -> Option<(String, Option<String>, At<'a>)> {
        if self.is_map() {
            self.error(code::ENTRY_IS_MAPPING, vec![]);
            return None;
        }
        let line = self.any_text()?;
        let (key, value) = match line.split_once('=') {
            Some((key, value)) => (key, Some(value.to_owned())),
            None => (line.as_str(), None),
        };
        if key.is_empty() {
            self.error_value(code::KEY_VALUE_EMPTY);
            return None;
        }
        Some((key.to_owned(), value, self))
    }

    /// Like [`At::key_values`], with nothing for a missing value; the last of a key wins.
    pub fn key_texts(&self) -> BTreeMap<String, String> {
        self.key_values().into_iter().map(|(key, value, _)| (key, value.unwrap_or_default())).collect()
    }
}

fn is_truth(text: &str) -> bool {
    matches!(text, "true" | "True" | "TRUE" | "false" | "False" | "FALSE")
}

fn has_text(map: &Map, key: &str) -> bool {
    map.get(key).is_some_and(|entry| entry.node.as_text().is_some())
}

fn unknown_key(at: &At<'_>, name: &str, section: &Section) {
    if at.ctx.is_full() {
        return;
    }
    let key = shorten(name);
    let close = closest(name, section.keys.iter().map(|key| key.name));
    match close {
        Some(suggestion) => {
            let params = vec![("key", key), ("suggestion", suggestion.to_owned())];
            at.ctx.error(at.key, at.path(), code::UNKNOWN_KEY_SUGGEST, params);
        }
        None => at.ctx.error(at.key, at.path(), code::UNKNOWN_KEY, vec![("key", key)]),
    }
}
