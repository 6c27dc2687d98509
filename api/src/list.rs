//! Lists: what is asked of every list, and the shape of its answer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::client::Query;

/// The number of items of a page where the caller names none.
pub const DEFAULT_LIMIT: u32 = 50;
/// The most items a page can have; a larger `limit` is cut to it.
pub const MAX_LIMIT: u32 = 1_000;

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct List<T> {
    /// The items of this page, in the order asked for.
    pub items: Vec<T>,
    /// How many items fit the filters, over all pages.
    pub total: u64,
    /// What to give as `cursor` for the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// How old the picture is that the list was read from, in milliseconds; absent where the list is no picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_ms: Option<u64>,
}

/// The direction of a sort.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// Smallest first.
    #[default]
    Asc,
    /// Largest first.
    Desc,
}

/// What every list takes as query parameters. Filters are by field name; a value `a,b` means either.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListQuery {
    /// At most this many items.
    pub limit: Option<u32>,
    /// Where the page starts: `next` of the page before, or the number of items to pass over.
    pub cursor: Option<String>,
    /// The field to sort by.
    pub sort: Option<String>,
    /// The direction.
    pub order: Order,
    /// Free text: every word must occur in one of the row's searchable fields.
    pub q: Option<String>,
    /// Field filters.
    pub filters: BTreeMap<String, String>,
}

impl ListQuery {
    /// All items up to the largest page, unfiltered.
    pub fn all() -> Self {
        Self { limit: Some(MAX_LIMIT), ..Self::default() }
    }

    /// Adds a field filter.
    #[must_use]
    pub fn filter(mut self, field: &str, value: impl Into<String>) -> Self {
        self.filters.insert(field.to_owned(), value.into());
        self
    }

    /// The parameters as they stand in an address.
    pub fn to_query(&self) -> Query {
        let mut query = Query::new()
            .optional("q", self.q.as_deref())
            .optional("sort", self.sort.as_deref())
            .optional("cursor", self.cursor.as_deref())
            .optional("limit", self.limit);
        if self.order == Order::Desc {
            query = query.with("order", "desc");
        }
        self.filters.iter().fold(query, |query, (field, value)| query.with(field, value))
    }
}
