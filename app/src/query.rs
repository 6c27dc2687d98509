//! What a list shows, as it stands in the page's address: search text, order, page, filters. Whoever gets the address
//! sees the same list.

use std::collections::BTreeMap;

use api::{
    ListQuery, Order,
    client::Query,
    list::{DEFAULT_LIMIT, MAX_LIMIT},
};
use leptos_router::params::ParamsMap;

/// What a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListState {
    /// The tab of the page that the list stands in; empty where the address names none.
    pub tab: String,
    /// The search text.
    pub q: String,
    /// The field to sort by; empty for the list's own order.
    pub sort: String,
    /// The direction.
    pub order: Order,
    /// The page, from 0.
    pub page: u32,
    /// The rows of a page; 0 for the default.
    pub limit: u32,
    /// Field filters.
    pub filters: BTreeMap<String, String>,
}

impl ListState {
    /// What an address asks for; `fields` are the fields that can be filtered, anything else is left alone.
    pub fn read(address: &ParamsMap, fields: &[&str]) -> Self {
        let text = |name: &str| address.get(name).unwrap_or_default();
        let filters = fields.iter().filter_map(|field| Some(((*field).to_owned(), address.get(field)?)));
        Self {
            tab: text("tab"),
            q: text("q"),
            sort: text("sort"),
            order: if text("order") == "desc" { Order::Desc } else { Order::Asc },
            page: text("page").parse::<u32>().unwrap_or(1).saturating_sub(1),
            limit: text("limit").parse().unwrap_or(0).min(MAX_LIMIT),
            filters: filters.filter(|(_, value)| !value.is_empty()).collect(),
        }
    }

    /// The address of this state, relative to the page: `?…`.
    pub fn address(&self) -> String {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let mut query = Query::new()
            .optional("tab", some(&self.tab))
            .optional("q", some(&self.q))
            .optional("sort", some(&self.sort));
        if self.order == Order::Desc {
            query = query.with("order", "desc");
        }
        for (field, value) in &self.filters {
            query = query.with(field, value);
        }
        query = query.optional("limit", (self.limit > 0).then_some(self.limit));
        query = query.optional("page", (self.page > 0).then_some(self.page + 1));
        format!("?{}", query.as_str())
    }

    /// The rows of a page.
    pub fn limit(&self) -> u32 {
        if self.limit == 0 { DEFAULT_LIMIT } else { self.limit }
    }

    /// Whether anything narrows the list.
    pub fn is_filtered(&self) -> bool {
        !self.q.is_empty() || !self.filters.is_empty()
    }

    /// What to ask the API for.
    pub fn to_list_query(&self) -> ListQuery {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        ListQuery {
            limit: (self.limit > 0).then_some(self.limit),
            cursor: (self.page > 0).then(|| (u64::from(self.page) * u64::from(self.limit())).to_string()),
            sort: some(&self.sort),
            order: self.order,
            q: some(&self.q),
            filters: self.filters.clone(),
        }
    }

    /// The same, sorted by a field; by the field it is sorted by already, the other way round.
    #[must_use]
    pub fn sorted_by(&self, field: &str) -> Self {
        let order = if self.sort == field && self.order == Order::Asc { Order::Desc } else { Order::Asc };
        Self { sort: field.to_owned(), order, page: 0, ..self.clone() }
    }

    /// The same, searched for a text.
    #[must_use]
    pub fn searched(&self, q: &str) -> Self {
        Self { q: q.to_owned(), page: 0, ..self.clone() }
    }

    /// The same with a field's filter set, or taken away by an empty value.
    #[must_use]
    pub fn filtered(&self, field: &str, value: &str) -> Self {
        let mut state = Self { page: 0, ..self.clone() };
        if value.is_empty() {
            state.filters.remove(field);
        } else {
            state.filters.insert(field.to_owned(), value.to_owned());
        }
        state
    }

    /// The same without search text and filters.
    #[must_use]
    pub fn unfiltered(&self) -> Self {
        Self { q: String::new(), filters: BTreeMap::new(), page: 0, ..self.clone() }
    }

    /// The same at another page.
    #[must_use]
    pub fn at_page(&self, page: u32) -> Self {
        Self { page, ..self.clone() }
    }

    /// The first and last row of the page, from 1, of `total`.
    pub fn range(&self, total: u64) -> (u64, u64) {
        let first = u64::from(self.page) * u64::from(self.limit());
        (total.min(first + 1), total.min(first + u64::from(self.limit())))
    }

    /// The number of pages of `total` rows.
    pub fn pages(&self, total: u64) -> u32 {
        u32::try_from(total.div_ceil(u64::from(self.limit()))).unwrap_or(u32::MAX).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&'static str, &str)]) -> ListState {
        let mut map = ParamsMap::new();
        for (name, value) in pairs {
            map.insert(*name, (*value).to_owned());
        }
        ListState::read(&map, &["state", "app"])
    }

    #[test]
    fn an_address_says_what_it_was_made_from() {
        let state = read(&[
            ("q", "a b&c"),
            ("sort", "name"),
            ("order", "desc"),
            ("page", "3"),
            ("limit", "20"),
            ("state", "running,exited"),
            ("other", "kept out"),
        ]);
        assert_eq!(state.address(), "?q=a%20b%26c&sort=name&order=desc&state=running%2Cexited&limit=20&page=3");
        let query = state.to_list_query();
        assert_eq!(query.cursor.as_deref(), Some("40"));
        assert_eq!(query.filters.len(), 1);
    }

    #[test]
    fn a_list_in_a_tab_stays_in_it() {
        let state = read(&[("tab", "audit"), ("state", "running")]);
        assert_eq!(state.searched("x").address(), "?tab=audit&q=x&state=running");
        assert_eq!(state.unfiltered().address(), "?tab=audit");
        assert!(!state.unfiltered().is_filtered());
    }

    #[test]
    fn nonsense_in_an_address_is_the_default() {
        let state = read(&[("page", "-1"), ("limit", "many"), ("order", "up"), ("state", "")]);
        assert_eq!(state, ListState::default());
        assert_eq!(read(&[("page", "0")]).page, 0);
        assert_eq!(read(&[("limit", "100000")]).limit, MAX_LIMIT);
    }

    #[test]
    fn whatever_changes_the_rows_goes_back_to_the_first_page() {
        let state = ListState { page: 4, sort: "name".into(), ..ListState::default() };
        assert_eq!(state.sorted_by("name").order, Order::Desc);
        assert_eq!(state.sorted_by("name").sorted_by("name").order, Order::Asc);
        for changed in [state.sorted_by("x"), state.searched("x"), state.filtered("app", "x"), state.unfiltered()] {
            assert_eq!(changed.page, 0);
        }
        assert!(!state.filtered("app", "x").filtered("app", "").is_filtered());
    }

    #[test]
    fn ranges_stop_at_the_last_row() {
        let state = ListState { page: 1, limit: 20, ..ListState::default() };
        assert_eq!(state.range(25), (21, 25));
        assert_eq!(state.pages(25), 2);
        assert_eq!(ListState::default().range(0), (0, 0));
        assert_eq!(ListState::default().pages(0), 1);
    }
}
