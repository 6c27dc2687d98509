//! Rows that the server rendered before: as long as their content is the same, so is their HTML. All rows of a table
//! together are kept too, for when none of them changed.
//!
//! Rendering a row costs a hundred times what comparing it does, and everybody who looks at a list gets the same rows.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::rows::{Page, Row, Untyped};
use crate::aside::Aside;
use crate::i18n::{language, use_locale};

/// When this many rows were rendered, those that nobody asked for since the last time are forgotten.
const GENERATION: usize = 1_000;

/// The rows that were rendered; in the context of a page that the server renders.
#[derive(Clone, Default)]
pub struct RenderedRows(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    rows: Generations,
    tables: Tables,
}

/// The bytes of whole tables that are kept.
const MOST_BYTES: usize = 8 * 1024 * 1024;

#[derive(Default)]
struct Tables {
    by_name: HashMap<Arc<str>, Table>,
    bytes: usize,
}

/// The rows of a list.
struct Table {
    list: Arc<Untyped>,
    html: Bytes,
}

impl Tables {
    fn find(&self, name: &str, is_same: impl FnOnce(&Untyped) -> bool) -> Option<Bytes> {
        self.by_name.get(name).filter(|table| is_same(table.list.as_ref())).map(|table| table.html.clone())
    }

    fn keep(&mut self, name: Arc<str>, table: Table) {
        self.bytes += table.html.len();
        if self.bytes > MOST_BYTES {
            (self.by_name, self.bytes) = (HashMap::new(), table.html.len());
        }
        let before = self.by_name.insert(name, table);
        self.bytes -= before.map_or(0, |before| before.html.len());
    }
}

#[derive(Default)]
struct Generations {
    young: HashMap<Key, Rendered>,
    old: HashMap<Key, Rendered>,
}

/// A row of a table on a page in a language.
type Key = (Arc<str>, String);

struct Rendered {
    item: Arc<Untyped>,
    html: Arc<str>,
}

impl Generations {
    fn find(&mut self, key: &Key, is_same: impl FnOnce(&Untyped) -> bool) -> Option<Arc<str>> {
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
    aside: Aside,
    name: Arc<str>,
}

impl Scope {
    /// Everything but its content that a row depends on: the table, the address, the language, what one may do.
    pub fn of(table: &str, can_act: bool) -> Option<Self> {
        let (rows, aside) = (use_context()?, use_context()?);
        let (path, language) = (use_location().pathname.get_untracked(), language(use_locale()).tag());
        Some(Self { rows, aside, name: format!("{table} {can_act} {language} {path}").into() })
    }

    /// Stands for the HTML of all rows, which is as `<For>` would write it.
    pub fn html(&self, page: &Page, render: impl Fn(&Row) -> AnyView) -> String {
        let lock = || self.rows.0.lock().unwrap_or_else(PoisonError::into_inner);
        let whole = lock().tables.find(&self.name, |list| (page.is_same)(list, page.list.as_ref()));
        let whole = whole.unwrap_or_else(|| {
            let html: Bytes = self.rows_html(&page.rows, render).into();
            lock().tables.keep(self.name.clone(), Table { list: page.list.clone(), html: html.clone() });
            html
        });
        self.aside.html(whole)
    }

    fn rows_html(&self, rows: &[Row], render: impl Fn(&Row) -> AnyView) -> String {
        let lock = || self.rows.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = |row: &Row| (self.name.clone(), row.key.clone());
        let found: Vec<Option<Arc<str>>> = {
            let mut kept = lock();
            rows.iter().map(|row| kept.rows.find(&key(row), |item| row.is_same(item))).collect()
        };
        let render = |(row, found): (&Row, Option<Arc<str>>)| {
            found.unwrap_or_else(|| {
                let html: Arc<str> = render(row).to_html().into();
                if let Some(item) = row.item() {
                    lock().rows.keep(key(row), Rendered { item, html: html.clone() });
                }
                html
            })
        };
        let rendered: Vec<Arc<str>> = rows.iter().zip(found).map(render).collect();
        rendered.iter().map(AsRef::as_ref).chain(["<!>"]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_table_is_found_while_its_list_is_the_same_and_there_is_an_end_to_them() {
        let mut tables = Tables::default();
        let table = |html: &str| Table { list: Arc::new(html.len()), html: html.to_owned().into() };
        let find =
            |tables: &Tables, name: &str, len: usize| tables.find(name, |list| list.downcast_ref() == Some(&len));
        tables.keep("a".into(), table("<tr>"));
        tables.keep("a".into(), table("<tr><tr>"));
        assert_eq!(tables.bytes, 8);
        assert_eq!(find(&tables, "a", 8).as_deref(), Some(&b"<tr><tr>"[..]));
        assert_eq!(find(&tables, "a", 4), None);
        assert_eq!(find(&tables, "b", 8), None);
        let large = "x".repeat(MOST_BYTES - 4);
        tables.keep("b".into(), table(&large));
        assert!(find(&tables, "a", 8).is_none() && find(&tables, "b", large.len()).is_some());
        assert_eq!(tables.bytes, large.len());
    }

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
        let is = |wanted: usize| move |item: &Untyped| item.downcast_ref() == Some(&wanted);
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
