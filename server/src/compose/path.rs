//! The way from the top of a file to one of its elements.

use std::fmt::Write;

/// One step of the way.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

/// Such as `services.web.ports[0]`.
pub fn render<'a>(steps: impl Iterator<Item = Step<'a>>) -> String {
    let mut path = String::new();
    for step in steps {
        let written = match step {
            Step::Key(key) if path.is_empty() => write!(path, "{}", shorten(key)),
            Step::Key(key) => write!(path, ".{}", shorten(key)),
            Step::Index(index) => write!(path, "[{index}]"),
        };
        debug_assert!(written.is_ok());
    }
    path
}

/// A piece of the file short enough for a message.
pub fn shorten(text: &str) -> String {
    const LONGEST: usize = 80;
    if text.chars().nth(LONGEST).is_none() {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(LONGEST - 1).collect();
    short.push('…');
    short
}
