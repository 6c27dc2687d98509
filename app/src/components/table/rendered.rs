//! Rows that the server rendered before: as long as their content is the same, so is their HTML.
//!
//! Rendering a row costs a hundred times what comparing it does, and everybody who looks at a list gets the same rows.

use std::{
    any::Any,
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::rows::Row;
use crate::i18n::{language, use_locale};

/// When this many rows were rendered, those that nobody asked for since the last time are forgotten.
const GENERATION: usize = 1_000;

/// The rows that were rendered; in the context of a page that the server renders.
#[derive(Clone, Default)]
pub struct RenderedRows(Arc<Mutex<Generations>>);

#[derive(Default)]
struct Generations {
    young: HashMap<Key, Rendered>,
    old: HashMap<Key, Rendered>,
}

/// A row of a table on a page in a language.
type Key = (Arc<str>, String);

#[derive(Clone)]
struct Rendered {
    item: Arc<dyn Any + Send + Sync>,
    html: Arc<str>,
}

impl Generations {
    fn find(&mut self, key: &Key, is_same: impl FnOnce(&(dyn Any + Send + Sync)) -> bool) -> Option<Arc<str>> {
        if !self.young.contains_key(key)
            && let Some((key, rendered)) = self.old.remove_entry(key)
        {
            self.keep(key, rendered);
        }
        self.young.get(key).filter(|rendered| is_same(rendered.item.as_ref())).map(|rendered| rendered.html.clone())
    }

    fn keep(&mut self, key: Key, rendered: Rendered) {
        if self.young.len() >= GENERATION && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, rendered);
    }
}

/// The rows of one table of the page that is being rendered.
#[derive(Clone)]
pub(super) struct Scope {
    rows: RenderedRows,
    name: Arc<str>,
}

impl Scope {
    /// Everything but its content that a row depends on: the table, the address, the language, what one may do.
    pub fn of(table: &str, can_act: bool) -> Option<Self> {
        let rows = use_context()?;
        let (path, language) = (use_location().pathname.get_untracked(), language(use_locale()).tag());
        Some(Self { rows, name: format!("{table} {can_act} {language} {path}").into() })
    }

    /// The HTML inside of a row.
    pub fn html(&self, row: &Row, render: impl FnOnce() -> AnyView) -> Arc<str> {
        let key = (self.name.clone(), row.key.clone());
        let lock = || self.rows.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(html) = lock().find(&key, |item| row.is_same(item)) {
            return html;
        }
        let html: Arc<str> = render().to_html().into();
        if let Some(subject) = row.subject() {
            lock().keep(key, Rendered { item: subject.item, html: html.clone() });
        }
        html
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: usize) -> Key {
        ("containers".into(), number.to_string())
    }

    fn rendered(number: usize) -> Rendered {
        Rendered { item: Arc::new(number), html: format!("<td>{number}</td>").into() }
    }

    #[test]
    fn a_row_is_found_while_its_content_is_the_same() {
        let mut rows = Generations::default();
        rows.keep(key(1), rendered(1));
        let is = |wanted: usize| move |item: &(dyn Any + Send + Sync)| item.downcast_ref() == Some(&wanted);
        assert_eq!(rows.find(&key(1), is(1)).as_deref(), Some("<td>1</td>"));
        assert_eq!(rows.find(&key(1), is(2)), None);
        assert_eq!(rows.find(&key(2), is(1)), None);
    }

    #[test]
    fn rows_that_nobody_asks_for_are_forgotten_and_the_others_stay() {
        let mut rows = Generations::default();
        for number in 0..10 * GENERATION {
            rows.keep(key(number), rendered(number));
            assert!(rows.find(&key(0), |_| true).is_some());
            assert!(rows.young.len() + rows.old.len() <= 2 * GENERATION);
        }
        assert!(rows.find(&key(1), |_| true).is_none());
    }
}
