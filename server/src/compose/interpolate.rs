//! `$VAR` and `${VAR…}` in the values of a tree.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::{
    VariableUse,
    diagnostic::{Code, code},
    path::{self, Step, shorten},
    yaml::{Mark, Node, Value},
};

/// How deep defaults may hold further expressions.
const MAX_DEPTH: usize = 16;
/// How much text is searched for the places of expressions, in bytes; further ones get the place of their value.
const MAX_SEARCHED: usize = 4 * 1024 * 1024;
/// How much text all substitutions together may produce, in bytes.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Substitutes variables and remembers which were asked for.
pub struct Interpolator<'a> {
    /// The first that has a name wins.
    layers: Vec<&'a BTreeMap<String, String>>,
    uses: IndexMap<String, VariableUse>,
    findings: Vec<Finding>,
    produced: usize,
    searched: usize,
    /// Only look which variables there are: nothing is missing.
    survey: bool,
}

/// Something wrong in an expression.
#[derive(Debug)]
pub struct Finding {
    pub mark: Mark,
    pub path: String,
    pub code: Code,
    pub params: Vec<(&'static str, String)>,
    pub is_error: bool,
}

/// Why an expression has no value.
struct Failure<'t> {
    expression: &'t str,
    code: Code,
    params: Vec<(&'static str, String)>,
}

impl<'a> Interpolator<'a> {
    pub fn new(layers: Vec<&'a BTreeMap<String, String>>, survey: bool) -> Self {
        Self { layers, uses: IndexMap::new(), findings: Vec::new(), produced: 0, searched: 0, survey }
    }

    /// What was asked for, in the order of the file, and what went wrong.
    pub fn finish(self) -> (Vec<VariableUse>, Vec<Finding>) {
        (self.uses.into_values().collect(), self.findings)
    }

    fn lookup(&self, name: &str) -> Option<&'a String> {
        self.layers.iter().find_map(|layer| layer.get(name))
    }

    /// Notes that a variable must have a value, which is asked for without an expression.
    pub fn ask(&mut self, name: &str, mark: Mark) {
        let asked =
            VariableUse { name: name.to_owned(), default: None, required: true, line: mark.line, column: mark.column };
        self.uses.entry(name.to_owned()).or_insert(asked).required = true;
    }

    /// Substitutes in one text that stands at a place.
    pub fn value(&mut self, text: &str, mark: Mark) -> Option<String> {
        let place = Place { mark, lines: &[], path: &[] };
        match self.text_at(text, 0, &place) {
            Ok(value) => Some(value),
            Err(failure) => {
                self.report(&place, failure, true);
                None
            }
        }
    }

    /// Substitutes in every value of a Compose file; `source` is its text, to point into long values.
    pub fn file(&mut self, root: &mut Node, source: &str) {
        let lines: Vec<&str> = source.lines().collect();
        let Value::Map(map) = &mut root.value else { return };
        for (key, entry) in map.iter_mut().filter(|(key, _)| !key.starts_with("x-")) {
            self.node(&mut entry.node, &lines, &mut vec![Step::Key(key)]);
        }
    }

    fn node<'t>(&mut self, node: &'t mut Node, lines: &[&str], path: &mut Vec<Step<'t>>) {
        match &mut node.value {
            Value::Null => {}
            Value::Scalar(scalar) => {
                if !scalar.text.contains('$') {
                    return;
                }
                let mark = node.mark;
                let text = std::mem::take(&mut scalar.text);
                let place = Place { mark, lines, path };
                match self.text_at(&text, 0, &place) {
                    Ok(value) => {
                        self.produced = self.produced.saturating_add(value.len());
                        scalar.plain &= value == text;
                        scalar.text = value;
                    }
                    Err(failure) => {
                        self.report(&place, failure, true);
                        scalar.text = text;
                        scalar.plain = false;
                    }
                }
            }
            Value::List(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    path.push(Step::Index(index));
                    self.node(item, lines, path);
                    path.pop();
                }
            }
            Value::Map(map) => {
                for (key, entry) in map.iter_mut() {
                    path.push(Step::Key(key));
                    self.node(&mut entry.node, lines, path);
                    path.pop();
                }
            }
        }
    }

    fn report(&mut self, place: &Place<'_, '_>, failure: Failure<'_>, is_error: bool) {
        let mark = place.of(failure.expression, &mut self.searched);
        let path = path::render(place.path.iter().copied());
        if !self.findings.iter().any(|old| old.mark == mark && old.code == failure.code) && self.findings.len() < 200 {
            self.findings.push(Finding { mark, path, code: failure.code, params: failure.params, is_error });
        }
    }

    fn text_at<'t>(&mut self, text: &'t str, depth: usize, place: &Place<'_, '_>) -> Result<String, Failure<'t>> {
        let fail = |expression, code, name, value| Failure { expression, code, params: vec![(name, value)] };
        if depth > MAX_DEPTH {
            return Err(fail(text, code::INTERPOLATION_DEPTH, "limit", MAX_DEPTH.to_string()));
        }
        let mut value = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            value.push_str(&rest[..at]);
            let expression = &rest[at..];
            let after = &expression[1..];
            if let Some(tail) = after.strip_prefix('$') {
                value.push('$');
                rest = tail;
            } else if let Some(inner) = after.strip_prefix('{') {
                let Some(end) = closing_brace(inner) else {
                    return Err(fail(expression, code::INTERPOLATION_SYNTAX, "expression", shorten(expression)));
                };
                let whole = &expression[..end + 3];
                value.push_str(&self.braced(whole, &inner[..end], depth, place)?);
                rest = &inner[end + 1..];
            } else {
                let name_length = name_length(after);
                if name_length == 0 {
                    value.push('$');
                    rest = after;
                    continue;
                }
                let (name, tail) = after.split_at(name_length);
                value.push_str(&self.plain(name, &expression[..=name_length], place));
                rest = tail;
            }
            if self.produced.saturating_add(value.len()) > MAX_BYTES {
                return Err(fail(expression, code::INTERPOLATION_SIZE, "limit", MAX_BYTES.to_string()));
            }
        }
        value.push_str(rest);
        Ok(value)
    }

    fn plain(&mut self, name: &str, expression: &str, place: &Place<'_, '_>) -> String {
        self.used(name, None, false, place, expression);
        let value = self.lookup(name).cloned();
        if value.is_none() && !self.survey {
            let failure = Failure { expression, code: code::VARIABLE_UNSET, params: vec![("name", name.to_owned())] };
            self.report(place, failure, false);
        }
        value.unwrap_or_default()
    }

    fn braced<'t>(
        &mut self,
        whole: &'t str,
        inner: &'t str,
        depth: usize,
        place: &Place<'_, '_>,
    ) -> Result<String, Failure<'t>> {
        let (name, operation) = inner.split_at(name_length(inner));
        let syntax = || Failure {
            expression: whole,
            code: code::INTERPOLATION_SYNTAX,
            params: vec![("expression", shorten(whole))],
        };
        if name.is_empty() {
            return Err(syntax());
        }
        if operation.is_empty() {
            return Ok(self.plain(name, whole, place));
        }
        let (empty_counts, operation) = match operation.strip_prefix(':') {
            Some(operation) => (false, operation),
            None => (true, operation),
        };
        let mut letters = operation.chars();
        let operator = letters.next();
        let argument = letters.as_str();
        let value = self.lookup(name).filter(|value| empty_counts || !value.is_empty()).cloned();
        match operator {
            Some('-') => {
                self.used(name, Some(argument), false, place, whole);
                // A default is read even where it is not needed: its own variables are asked for, too.
                let default = if value.is_none() || self.survey {
                    self.text_at(argument, depth + 1, place)?
                } else {
                    String::new()
                };
                Ok(value.unwrap_or(default))
            }
            Some('?') => {
                self.used(name, None, true, place, whole);
                if let Some(value) = value {
                    return Ok(value);
                }
                let reason = self.text_at(argument, depth + 1, place)?;
                if self.survey {
                    return Ok(String::new());
                }
                let mut params = vec![("name", name.to_owned())];
                if reason.is_empty() {
                    return Err(Failure { expression: whole, code: code::VARIABLE_REQUIRED, params });
                }
                params.push(("reason", shorten(&reason)));
                Err(Failure { expression: whole, code: code::VARIABLE_REQUIRED_BECAUSE, params })
            }
            Some('+') => {
                self.used(name, Some(""), false, place, whole);
                if value.is_some() || self.survey {
                    self.text_at(argument, depth + 1, place)
                } else {
                    Ok(String::new())
                }
            }
            _ => Err(syntax()),
        }
    }

    fn used(&mut self, name: &str, default: Option<&str>, required: bool, place: &Place<'_, '_>, expression: &str) {
        if let Some(known) = self.uses.get_mut(name) {
            known.required |= required;
            if known.default.is_none() {
                known.default = default.map(str::to_owned);
            }
            return;
        }
        let mark = place.of(expression, &mut self.searched);
        let default = default.map(str::to_owned);
        let found = VariableUse { name: name.to_owned(), default, required, line: mark.line, column: mark.column };
        self.uses.insert(name.to_owned(), found);
    }
}

struct Place<'p, 't> {
    mark: Mark,
    lines: &'p [&'p str],
    path: &'p [Step<'t>],
}

impl Place<'_, '_> {
    /// Where the expression stands in the source; the start of the value where quoting has changed its text.
    fn of(&self, expression: &str, searched: &mut usize) -> Mark {
        const NEARBY_LINES: usize = 200;
        let first_line = expression.lines().next().unwrap_or(expression);
        let from = self.mark.line.saturating_sub(1) as usize;
        for (offset, line) in self.lines.iter().skip(from).take(NEARBY_LINES).enumerate() {
            *searched += line.len();
            if *searched > MAX_SEARCHED {
                break;
            }
            let skipped = if offset == 0 { self.mark.column.saturating_sub(1) as usize } else { 0 };
            let start = line.char_indices().nth(skipped).map_or(line.len(), |(at, _)| at);
            if let Some(at) = line[start..].find(first_line) {
                let column = line[..start + at].chars().count() + 1;
                let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
                return Mark { line: number(from + offset + 1), column: number(column), ..self.mark };
            }
        }
        self.mark
    }
}

fn name_length(text: &str) -> usize {
    let mut bytes = text.bytes();
    match bytes.next() {
        Some(first) if first == b'_' || first.is_ascii_alphabetic() => {
            1 + bytes.take_while(|byte| *byte == b'_' || byte.is_ascii_alphanumeric()).count()
        }
        _ => 0,
    }
}

/// Where the brace ends that was opened just before `text`.
fn closing_brace(text: &str) -> Option<usize> {
    let mut open = 1_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => open += 1,
            b'}' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return Some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables() -> BTreeMap<String, String> {
        [("SET", "value"), ("EMPTY", ""), ("OTHER", "other")].map(|(k, v)| (k.to_owned(), v.to_owned())).into()
    }

    fn value_of(text: &str) -> Result<String, &'static str> {
        let variables = variables();
        let mut interpolator = Interpolator::new(vec![&variables], false);
        let place = Place { mark: Mark { file: 0, line: 1, column: 1 }, lines: &[text], path: &[] };
        interpolator.text_at(text, 0, &place).map_err(|failure| failure.code.id)
    }

    #[test]
    fn every_form_gives_what_the_specification_says() {
        let cases = [
            ("plain", "plain"),
            ("$SET", "value"),
            ("${SET}", "value"),
            ("a-$SET.b", "a-value.b"),
            ("${SET:-d}", "value"),
            ("${EMPTY:-d}", "d"),
            ("${EMPTY-d}", ""),
            ("${NONE:-d}", "d"),
            ("${NONE-d}", "d"),
            ("${SET:?bad}", "value"),
            ("${EMPTY?bad}", ""),
            ("${SET:+alt}", "alt"),
            ("${EMPTY:+alt}", ""),
            ("${EMPTY+alt}", "alt"),
            ("${NONE+alt}", ""),
            ("$$SET", "$SET"),
            ("$${SET}", "${SET}"),
            ("${NONE:-${OTHER}}", "other"),
            ("${NONE:-${NADA:-deep}-x}", "deep-x"),
            ("${NONE:-{\"a\": {}}}", "{\"a\": {}}"),
            ("${NONE:-a:-b}", "a:-b"),
            ("${NONE-:-b}", ":-b"),
            ("cost 5$", "cost 5$"),
            ("$1 and $-", "$1 and $-"),
            ("${NONE:-}", ""),
            ("${SET}${OTHER}$$", "valueother$"),
        ];
        for (text, expected) in cases {
            assert_eq!(value_of(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn wrong_expressions_are_named() {
        for text in ["${", "${SET", "${}", "${1A}", "${A B}", "${SET!x}", "${SET:}", "${SET:x}", "${NONE:-${}"] {
            assert_eq!(value_of(text), Err("interpolation_syntax"), "{text}");
        }
        assert_eq!(value_of("${NONE?}"), Err("variable_required"));
        assert_eq!(value_of("${EMPTY:?is empty}"), Err("variable_required_because"));
        let deep = format!("{}x{}", "${N:-".repeat(20), "}".repeat(20));
        assert_eq!(value_of(&deep), Err("interpolation_depth"));
    }
}
