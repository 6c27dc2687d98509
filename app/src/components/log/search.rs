//! Searching in a log: as text or as a regular expression of the browser.

use js_sys::{Array, Reflect, RegExp};
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::View;
use crate::components::ansi;

/// What is searched for, and which hit is the current one.
#[derive(Clone, Copy)]
pub struct Search {
    /// What was typed.
    pub text: RwSignal<String>,
    /// Whether letters must have the same case.
    pub case: RwSignal<bool>,
    /// Whether it is a regular expression.
    pub regex: RwSignal<bool>,
    /// The place of the current hit.
    goal: RwSignal<Option<usize>>,
    /// The places of all hits.
    pub hits: RwSignal<Vec<usize>>,
}

/// A search ready for use; `None` inside matches nothing.
pub struct Compiled(Option<RegExp>);

impl Search {
    pub(super) fn new() -> Self {
        Self {
            text: RwSignal::new(String::new()),
            case: RwSignal::new(false),
            regex: RwSignal::new(false),
            goal: RwSignal::new(None),
            hits: RwSignal::new(Vec::new()),
        }
    }

    /// The place of the current hit.
    pub fn goal(self) -> Signal<Option<usize>> {
        self.goal.into()
    }

    /// The search as it is typed now; an expression that cannot be understood matches nothing.
    pub fn compiled(self) -> Compiled {
        let text = self.text.get();
        if text.is_empty() {
            return Compiled(None);
        }
        let flags = if self.case.get() { "g" } else { "gi" };
        let source = if self.regex.get() { text } else { escaped(&text) };
        Compiled(expression(&source, flags))
    }

    /// Finds all hits, and goes `step` hits on from the current one.
    pub(super) fn go(self, view: View, step: isize) {
        let compiled = untrack(|| self.compiled());
        let hits = view.buffer.with_value(|buffer| buffer.find(|line| compiled.matches(&ansi::plain(line))));
        let count = hits.len();
        let goal = (count > 0).then(|| {
            let now = self.goal.get_untracked();
            let place = match now.and_then(|now| hits.iter().position(|hit| *hit == now)) {
                Some(index) => (index + count).wrapping_add_signed(step) % count,
                None if step < 0 => count - 1,
                None => 0,
            };
            hits[place]
        });
        self.hits.set(hits);
        self.goal.set(goal);
    }

    /// Forgets the current hit.
    pub fn reset(self) {
        self.goal.set(None);
        self.hits.set(Vec::new());
    }
}

/// The expression, or nothing where the browser does not understand it. `RegExp::new` would throw.
fn expression(source: &str, flags: &str) -> Option<RegExp> {
    let class: js_sys::Function = Reflect::get(&window(), &"RegExp".into()).ok()?.dyn_into().ok()?;
    let made = Reflect::construct(&class, &Array::of2(&source.into(), &flags.into())).ok()?;
    made.dyn_into().ok()
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if "\\^$.|?*+()[]{}/-".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

impl Compiled {
    /// Whether it occurs in a line.
    pub fn matches(&self, line: &str) -> bool {
        self.0.as_ref().is_some_and(|expression| {
            expression.set_last_index(0);
            expression.test(line)
        })
    }

    /// A text in pieces, with whether each is a hit.
    pub fn pieces(&self, text: &str) -> Vec<(bool, String)> {
        let Some(expression) = &self.0 else { return vec![(false, text.to_owned())] };
        let utf16: Vec<u16> = text.encode_utf16().collect();
        let (mut pieces, mut from) = (Vec::new(), 0_usize);
        expression.set_last_index(0);
        while let Some(hit) = expression.exec(text) {
            let end = expression.last_index() as usize;
            let length = hit.get(0).as_string().map_or(0, |hit| hit.encode_utf16().count());
            let start = end.saturating_sub(length);
            if end <= start || pieces.len() > 200 {
                break;
            }
            if start > from {
                pieces.push((false, String::from_utf16_lossy(&utf16[from..start])));
            }
            pieces.push((true, String::from_utf16_lossy(&utf16[start..end])));
            from = end;
        }
        if from < utf16.len() {
            pieces.push((false, String::from_utf16_lossy(&utf16[from..])));
        }
        pieces
    }
}
