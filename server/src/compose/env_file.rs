//! The lines of an env file: `KEY=value`, quotes, comments and variables.

use std::collections::BTreeMap;

use super::{context::Context, diagnostic::code, interpolate::Interpolator, path::shorten, yaml::Mark};

/// The variables of the file; a line sees the given variables, then the lines before it, then `before`.
/// A name without `=` takes the given variable, or is `None`.
pub fn parse(
    ctx: &Context<'_>,
    file: u16,
    text: &str,
    substitute: bool,
    before: &BTreeMap<String, Option<String>>,
) -> BTreeMap<String, Option<String>> {
    let mut reader = Reader { ctx, file, substitute, before, line: 1, values: BTreeMap::new() };
    // What went wrong is among the context's findings.
    reader.read(text.strip_prefix('\u{feff}').unwrap_or(text)).ok();
    reader.values
}

struct Reader<'c, 'a> {
    ctx: &'c Context<'a>,
    before: &'c BTreeMap<String, Option<String>>,
    file: u16,
    substitute: bool,
    line: u32,
    values: BTreeMap<String, Option<String>>,
}

/// Reading has stopped at a finding.
struct Stop;

impl Reader<'_, '_> {
    fn read(&mut self, mut rest: &str) -> Result<(), Stop> {
        while !rest.is_empty() {
            let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
            let trimmed = line.trim();
            if trimmed.is_empty() || trimmed.starts_with('#') {
                rest = after;
                self.line += 1;
                continue;
            }
            let statement = trimmed.strip_prefix("export ").map_or(trimmed, str::trim_start);
            let name_end = statement.find(|c: char| !is_name(c)).unwrap_or(statement.len());
            let (name, tail) = statement.split_at(name_end);
            let tail = tail.trim_start();
            if name.is_empty() || !(tail.is_empty() || tail.starts_with(['=', ':']) || tail.starts_with('#')) {
                self.error(code::ENV_FILE_SYNTAX, "content", trimmed);
                return Err(Stop);
            }
            if tail.is_empty() || tail.starts_with('#') {
                let given = self.ctx.variables.get(name).cloned();
                self.values.insert(name.to_owned(), given);
                rest = after;
                self.line += 1;
                continue;
            }
            let value = tail[1..].trim_start();
            if self.substitute && value.starts_with(['"', '\'']) {
                let offset = value.as_ptr().addr() - rest.as_ptr().addr();
                rest = self.quoted(name, &rest[offset..])?;
            } else {
                self.bare(name, value)?;
                rest = after;
                self.line += 1;
            }
        }
        Ok(())
    }

    fn bare(&mut self, name: &str, value: &str) -> Result<(), Stop> {
        if !self.substitute {
            return self.keep(name, value.to_owned());
        }
        let value = if value.starts_with('#') { "" } else { value.split(" #").next().unwrap_or("").trim_end() };
        self.keep_substituted(name, value)
    }

    /// Reads a quoted value, which may go over several lines, and says what comes after its line.
    fn quoted<'t>(&mut self, name: &str, text: &'t str) -> Result<&'t str, Stop> {
        let quote = if text.starts_with('"') { '"' } else { '\'' };
        let mut value = String::new();
        let mut letters = text.char_indices().skip(1);
        let mut end = None;
        while let Some((at, letter)) = letters.next() {
            match letter {
                '\\' if quote == '"' => match letters.next().map(|(_, letter)| letter) {
                    Some('n') => value.push('\n'),
                    Some('r') => value.push('\r'),
                    Some('t') => value.push('\t'),
                    Some('$') => value.push_str("$$"),
                    Some(letter @ ('"' | '\\')) => value.push(letter),
                    Some(letter) => value.extend(['\\', letter]),
                    None => break,
                },
                '\\' if text[at..].starts_with("\\'") => {
                    letters.next();
                    value.push('\'');
                }
                letter if letter == quote => {
                    end = Some(at + 1);
                    break;
                }
                letter => value.push(letter),
            }
        }
        let Some(end) = end else {
            self.error(code::ENV_FILE_QUOTE, "name", name);
            return Err(Stop);
        };
        if quote == '"' {
            self.keep_substituted(name, &value)?;
        } else {
            self.keep(name, value)?;
        }
        let lines = text[..end].matches('\n').count();
        self.line = self.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        let (left, after) = text[end..].split_once('\n').unwrap_or((&text[end..], ""));
        let left = left.trim();
        if !left.is_empty() && !left.starts_with('#') {
            self.error(code::ENV_FILE_SYNTAX, "content", left);
            return Err(Stop);
        }
        self.line += 1;
        Ok(after)
    }

    fn keep_substituted(&mut self, name: &str, value: &str) -> Result<(), Stop> {
        if !value.contains('$') {
            return self.keep(name, value.to_owned());
        }
        let read: BTreeMap<String, String> = names_in(value)
            .filter_map(|name| {
                Some((name.to_owned(), self.values.get(name).or_else(|| self.before.get(name))?.clone()?))
            })
            .collect();
        let mut interpolator = Interpolator::new(vec![self.ctx.variables, &read], false);
        let found = interpolator.value(value, self.mark());
        for finding in interpolator.finish().1 {
            if finding.is_error {
                self.ctx.error(finding.mark, finding.path, finding.code, finding.params);
            } else {
                self.ctx.warn(finding.mark, finding.path, finding.code, finding.params);
            }
        }
        self.keep(name, found.ok_or(Stop)?)
    }

    fn keep(&mut self, name: &str, value: String) -> Result<(), Stop> {
        if !self.ctx.take_file_bytes(value.len()) {
            let limit = Context::file_limit();
            self.ctx.error(self.mark(), String::new(), code::FILES_TOO_LARGE, vec![("limit", limit)]);
            return Err(Stop);
        }
        self.values.insert(name.to_owned(), Some(value));
        Ok(())
    }

    fn mark(&self) -> Mark {
        Mark { file: self.file, line: self.line, column: 1 }
    }

    fn error(&self, code: super::diagnostic::Code, param: &'static str, value: &str) {
        self.ctx.error(self.mark(), String::new(), code, vec![(param, shorten(value))]);
    }
}

fn is_name(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '.' | '-' | '[' | ']')
}

/// Every word of an expression that may be a variable's name.
fn names_in(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}
