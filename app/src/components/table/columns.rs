//! Columns as data, and which of them a person wants to see.

use std::{any::Any, collections::BTreeSet, sync::Arc};

use api::List;
use leptos::prelude::*;

use crate::{browser, i18n::Text};

/// Makes a cell from a list and a row's place in it.
type CellOf = Arc<dyn Fn(&(dyn Any + Send + Sync), usize) -> AnyView + Send + Sync>;

/// A column.
#[derive(Clone)]
pub struct Column {
    pub(super) key: &'static str,
    pub(super) title: Text,
    pub(super) class: &'static str,
    pub(super) sortable: bool,
    pub(super) shown: bool,
    pub(super) cell: CellOf,
}

impl Column {
    /// A column that can be sorted by the API's field `key`.
    pub fn new<T: Send + Sync + 'static>(
        key: &'static str,
        title: Text,
        cell: impl Fn(&T) -> AnyView + Send + Sync + 'static,
    ) -> Self {
        let cell = move |list: &(dyn Any + Send + Sync), index: usize| match list.downcast_ref::<List<T>>() {
            Some(list) => list.items.get(index).map(&cell).into_any(),
            None => ().into_any(),
        };
        Self { key, title, class: "", sortable: true, shown: true, cell: Arc::new(cell) }
    }

    /// That cannot be sorted by.
    #[must_use]
    pub fn unsorted(mut self) -> Self {
        self.sortable = false;
        self
    }

    /// That is shown only on request.
    #[must_use]
    pub fn hidden(mut self) -> Self {
        self.shown = false;
        self
    }

    /// The row's name: it stays on every screen.
    #[must_use]
    pub fn lead(mut self) -> Self {
        self.class = "lead";
        self
    }

    /// Of numbers.
    #[must_use]
    pub fn number(mut self) -> Self {
        self.class = if self.class.is_empty() { "num" } else { "num low" };
        self
    }

    /// Left out on telephones.
    #[must_use]
    pub fn mid(mut self) -> Self {
        self.class = if self.class == "num" { "num mid" } else { "mid" };
        self
    }

    /// Left out on telephones and small windows.
    #[must_use]
    pub fn low(mut self) -> Self {
        self.class = if self.class == "num" { "num low" } else { "low" };
        self
    }
}

/// The keys of hidden columns.
pub(super) type Hidden = RwSignal<BTreeSet<&'static str>>;

fn storage_name(table: &str) -> String {
    format!("gantry.columns.{table}")
}

/// What is hidden: by default first, so that the server and the browser draw the same, then what this browser
/// remembers.
pub(super) fn remembered(table: &'static str, columns: &[Column]) -> Hidden {
    let keys: Vec<_> = columns.iter().map(|column| column.key).collect();
    let hidden = RwSignal::new(columns.iter().filter(|column| !column.shown).map(|column| column.key).collect());
    Effect::new(move |_| {
        if let Some(names) = browser::remembered(&storage_name(table)) {
            let names: BTreeSet<_> = names.split(',').collect();
            let wanted = keys.iter().copied().filter(|key| names.contains(key)).collect();
            if hidden.get_untracked() != wanted {
                hidden.set(wanted);
            }
        }
    });
    hidden
}

/// Hides a shown column, or shows a hidden one.
pub(super) fn turn(table: &str, hidden: Hidden, key: &'static str) {
    hidden.update(|hidden| {
        if !hidden.remove(key) {
            hidden.insert(key);
        }
    });
    let names = hidden.with_untracked(|hidden| hidden.iter().copied().collect::<Vec<_>>().join(","));
    browser::remember(&storage_name(table), &names);
}
