//! Colours in log lines: the escape sequences of terminals (ECMA-48 SGR) as classes, everything else of them left out.

/// A piece of a line in one style.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Classes of `style/components/logs.css`; empty for plain text.
    pub class: String,
    /// The text.
    pub text: String,
}

#[allow(clippy::struct_excessive_bools, reason = "each is an attribute of its own in ECMA-48")]
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Style {
    colour: Option<u8>,
    bright: bool,
    bold: bool,
    faint: bool,
    italic: bool,
    underline: bool,
}

impl Style {
    fn class(self) -> String {
        let mut class = String::new();
        if let Some(colour) = self.colour {
            let bright = u8::from(self.bright) * 8;
            class.push_str("ansi-");
            class.push_str(&(colour + bright).to_string());
        }
        for (on, name) in
            [(self.bold, "ansi-b"), (self.faint, "ansi-f"), (self.italic, "ansi-i"), (self.underline, "ansi-u")]
        {
            if on {
                class.push(' ');
                class.push_str(name);
            }
        }
        class.trim_start().to_owned()
    }

    fn apply(&mut self, codes: &str) {
        let mut codes = codes.split([';', ':']).map(|code| code.parse::<u8>().unwrap_or(0));
        while let Some(code) = codes.next() {
            match code {
                0 => *self = Self::default(),
                1 => self.bold = true,
                2 => self.faint = true,
                3 => self.italic = true,
                4 => self.underline = true,
                22 => (self.bold, self.faint) = (false, false),
                23 => self.italic = false,
                24 => self.underline = false,
                30..=37 => (self.colour, self.bright) = (Some(code - 30), false),
                90..=97 => (self.colour, self.bright) = (Some(code - 90), true),
                39 => self.colour = None,
                38 | 48 => self.extended(code == 38, &mut codes),
                _ => {}
            }
        }
    }

    /// `5;n` of 256 colours; of them the first 16 are shown. `2;r;g;b` is passed over.
    fn extended(&mut self, foreground: bool, codes: &mut impl Iterator<Item = u8>) {
        match codes.next() {
            Some(5) => {
                if let (true, Some(colour @ 0..=15)) = (foreground, codes.next()) {
                    (self.colour, self.bright) = (Some(colour % 8), colour > 7);
                }
            }
            Some(2) => {
                codes.nth(2);
            }
            _ => {}
        }
    }
}

/// The line without escape sequences and other control characters.
pub fn plain(line: &str) -> String {
    spans(line).into_iter().map(|span| span.text).collect()
}

/// The pieces of a line.
pub fn spans(line: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut style = Style::default();
    let mut text = String::new();
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        if c != '\u{1b}' {
            if c == '\t' || !c.is_control() {
                text.push(c);
            }
            continue;
        }
        match rest.next() {
            Some('[') => {
                let mut codes = String::new();
                let last = rest.by_ref().find(|c| {
                    let inside = !('\u{40}'..='\u{7e}').contains(c);
                    if inside {
                        codes.push(*c);
                    }
                    !inside
                });
                if last == Some('m') {
                    let before = style;
                    style.apply(&codes);
                    if style != before && !text.is_empty() {
                        spans.push(Span { class: before.class(), text: std::mem::take(&mut text) });
                    }
                }
            }
            // An operating system command: up to BEL or ESC \.
            Some(']') => {
                while let Some(c) = rest.next() {
                    if c == '\u{7}' || (c == '\u{1b}' && rest.next_if_eq(&'\\').is_some()) {
                        break;
                    }
                }
            }
            _ => {}
        }
    }
    if !text.is_empty() || spans.is_empty() {
        spans.push(Span { class: style.class(), text });
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(class: &str, text: &str) -> Span {
        Span { class: class.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn colours_become_classes_and_end_where_they_are_reset() {
        assert_eq!(
            spans("a \u{1b}[1;31merror\u{1b}[0m b"),
            [span("", "a "), span("ansi-1 ansi-b", "error"), span("", " b")]
        );
        assert_eq!(spans("\u{1b}[92mok"), [span("ansi-10", "ok")]);
        assert_eq!(spans("\u{1b}[38;5;4mx\u{1b}[38;2;1;2;3my"), [span("ansi-4", "xy")]);
    }

    #[test]
    fn other_sequences_and_control_characters_vanish() {
        assert_eq!(plain("\u{1b}]0;title\u{7}\u{1b}[2Ktext\r\u{0}\u{1b}[?25l!"), "text!");
        assert_eq!(plain("\u{1b}["), "");
        assert_eq!(plain(""), "");
        assert_eq!(plain("\u{1b}[38;5"), "");
    }
}
