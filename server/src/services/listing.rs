//! Lists in memory: filter, search, sort and page, the same for every noun.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use api::list::{DEFAULT_LIMIT, MAX_LIMIT};
use api::{FieldProblem, List, ListQuery, Message, Order};

use super::Error;

/// Whether a row fits one value of a filter.
pub type Filter<T> = fn(&T, &str) -> bool;
/// How two rows are ordered.
pub type Sort<T> = fn(&T, &T) -> Ordering;

/// Hands each searchable text of a row to the function.
pub type Texts<T> = fn(&T, &mut dyn FnMut(&str));

/// What can be asked of a list of `T`.
pub struct Fields<T: 'static> {
    /// The filters by name.
    pub filters: &'static [(&'static str, Filter<T>)],
    /// The fields to sort by.
    pub sorts: &'static [(&'static str, Sort<T>)],
    /// Gives each text that `q` searches.
    pub texts: Texts<T>,
    /// The engine's id; `q` finds it by its beginning, because every short word is somewhere in a long number.
    pub id: fn(&T) -> &str,
}

/// The fewest letters that are looked for at the beginning of an id.
const LEAST_OF_ID: usize = 4;

/// The query parameters of a list. Everything that is not one of the list's own is a filter.
pub fn parse(parameters: BTreeMap<String, String>) -> Result<ListQuery, Error> {
    let mut query = ListQuery::default();
    let mut problems = Vec::new();
    for (name, value) in parameters {
        match name.as_str() {
            "limit" => match value.parse::<u32>() {
                Ok(limit) if limit > 0 => query.limit = Some(limit),
                _ => problems.push(FieldProblem::new("limit", Message::new("list.limit").with("limit", MAX_LIMIT))),
            },
            "cursor" => query.cursor = Some(value),
            "sort" => query.sort = Some(value).filter(|sort| !sort.is_empty()),
            "order" => match value.as_str() {
                "asc" | "" => query.order = Order::Asc,
                "desc" => query.order = Order::Desc,
                _ => problems.push(FieldProblem::new("order", Message::new("list.order"))),
            },
            "q" => query.q = Some(value).filter(|q| !q.trim().is_empty()),
            _ => {
                query.filters.insert(name, value);
            }
        }
    }
    if problems.is_empty() { Ok(query) } else { Err(Error::Invalid(problems)) }
}

/// The page of `items` that `query` asks for. Without a sort the items keep their order, and equal ones do with it.
/// Only the items of the page are copied.
pub fn page<T: Clone>(
    items: impl IntoIterator<Item = Arc<T>>,
    query: &ListQuery,
    fields: &Fields<T>,
) -> Result<List<T>, Error> {
    let plan = Plan::new(query, fields)?;
    let mut rows: Vec<Arc<T>> = items.into_iter().filter(|item| plan.fits(item)).collect();
    match (plan.sort, query.order) {
        (Some(sort), Order::Asc) => rows.sort_by(|a, b| sort(a, b)),
        (Some(sort), Order::Desc) => rows.sort_by(|a, b| sort(b, a)),
        (None, Order::Desc) => rows.reverse(),
        (None, Order::Asc) => {}
    }
    let total = rows.len();
    let end = plan.offset.saturating_add(plan.limit).min(total);
    let items = rows.get(plan.offset..end).unwrap_or_default().iter().map(|row| T::clone(row)).collect();
    let next = (end < total && plan.offset < end).then(|| end.to_string());
    Ok(List { items, total: total as u64, next, age_ms: None })
}

/// A query made ready for many rows.
struct Plan<'a, T: 'static> {
    filters: Vec<(Filter<T>, Vec<&'a str>)>,
    words: Vec<String>,
    texts: Texts<T>,
    id: fn(&T) -> &str,
    sort: Option<Sort<T>>,
    offset: usize,
    limit: usize,
}

impl<'a, T> Plan<'a, T> {
    fn new(query: &'a ListQuery, fields: &Fields<T>) -> Result<Self, Error> {
        let mut problems = Vec::new();
        let mut filters = Vec::new();
        for (name, value) in &query.filters {
            let Some((_, filter)) = fields.filters.iter().find(|(known, _)| known == name) else {
                let message = Message::new("list.filter").with("field", name).with("allowed", names(fields.filters));
                problems.push(FieldProblem::new(name, message));
                continue;
            };
            let values: Vec<_> = value.split(',').map(str::trim).filter(|value| !value.is_empty()).collect();
            if !values.is_empty() {
                filters.push((*filter, values));
            }
        }
        let sort = query.sort.as_ref().and_then(|name| {
            let known = fields.sorts.iter().find(|(known, _)| known == name);
            if known.is_none() {
                let message = Message::new("list.sort").with("field", name).with("allowed", names(fields.sorts));
                problems.push(FieldProblem::new("sort", message));
            }
            known.map(|(_, sort)| *sort)
        });
        let offset = match query.cursor.as_deref().unwrap_or_default() {
            "" => 0,
            cursor => cursor.parse().unwrap_or_else(|_| {
                problems.push(FieldProblem::new("cursor", Message::new("list.cursor")));
                0
            }),
        };
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        let words = words(query);
        let limit = query.limit.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT) as usize;
        Ok(Self { filters, words, texts: fields.texts, id: fields.id, sort, offset, limit })
    }

    fn fits(&self, item: &T) -> bool {
        self.filters.iter().all(|(filter, values)| values.iter().any(|value| filter(item, value)))
            && self.words.iter().all(|word| {
                let mut found = false;
                (self.texts)(item, &mut |text| found = found || contains(text, word));
                found || begins((self.id)(item), word)
            })
    }
}

/// The words of a search, in small letters.
pub fn words(query: &ListQuery) -> Vec<String> {
    query.q.as_deref().unwrap_or_default().split_whitespace().map(str::to_lowercase).collect()
}

/// Where the page of a list in the database begins, and its length.
pub fn window(query: &ListQuery) -> Result<(u64, u64), Error> {
    let offset = match query.cursor.as_deref().unwrap_or_default() {
        "" => 0,
        cursor => cursor.parse().map_err(|_| Error::invalid("cursor", Message::new("list.cursor")))?,
    };
    Ok((offset, u64::from(query.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT))))
}

/// A page that the database gave.
pub fn of_window<T>(items: Vec<T>, total: u64, offset: u64) -> List<T> {
    let end = offset + items.len() as u64;
    let next = (end < total && !items.is_empty()).then(|| end.to_string());
    List { items, total, next, age_ms: None }
}

/// The answer to a filter that a list does not have.
pub fn unknown_filter(field: &str, allowed: &[&str]) -> Error {
    let message = match allowed {
        [] => Message::new("list.unfiltered").with("field", field),
        allowed => Message::new("list.filter").with("field", field).with("allowed", allowed.join(", ")),
    };
    Error::invalid(field, message)
}

/// The answer to a field that a list cannot be sorted by.
pub fn unknown_sort(field: &str, allowed: &str) -> Error {
    Error::invalid("sort", Message::new("list.sort").with("field", field).with("allowed", allowed))
}

/// Whether `text` contains `word`, which is in lower case, in any case.
pub fn contains(text: &str, word: &str) -> bool {
    if !text.is_ascii() {
        return text.to_lowercase().contains(word);
    }
    let (text, word) = (text.as_bytes(), word.as_bytes());
    word.is_empty() || text.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word))
}

/// Whether an id begins with `word`, with or without its algorithm.
pub fn begins(id: &str, word: &str) -> bool {
    word.len() >= LEAST_OF_ID
        && (id.starts_with(word) || id.strip_prefix("sha256:").is_some_and(|id| id.starts_with(word)))
}

/// Whether a filter's value means `yes`.
pub fn is_yes(value: &str, yes: bool) -> bool {
    matches!(value, "true" | "yes" | "1") == yes
}

fn names<F>(fields: &[(&str, F)]) -> String {
    fields.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq)]
    struct Row {
        name: String,
        size: u32,
    }

    const FIELDS: Fields<Row> = Fields {
        filters: &[("name", |row, value| row.name == value), ("even", |row, value| is_yes(value, row.size % 2 == 0))],
        sorts: &[("name", |a, b| a.name.cmp(&b.name)), ("size", |a, b| a.size.cmp(&b.size))],
        texts: |row, text| text(&row.name),
        id: |_| "sha256:abcdef",
    };

    fn rows(count: u32) -> Vec<Arc<Row>> {
        (0..count).map(|n| Arc::new(Row { name: format!("Web-{n:04}"), size: n % 10 })).collect()
    }

    fn ask(parameters: &[(&str, &str)]) -> Result<List<Row>, Error> {
        let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        page(rows(1_000), &parse(parameters)?, &FIELDS)
    }

    fn first(list: &List<Row>) -> &str {
        &list.items[0].name
    }

    #[test]
    fn the_pages_together_are_the_list() {
        let (mut cursor, mut seen) = (Some("0".to_owned()), Vec::new());
        while let Some(at) = cursor {
            let list = ask(&[("limit", "300"), ("cursor", &at), ("sort", "size")]).unwrap();
            assert_eq!(list.total, 1_000);
            seen.extend(list.items);
            cursor = list.next;
        }
        assert_eq!(seen.len(), 1_000);
        assert!(seen.is_sorted_by(|a, b| (a.size, &a.name) <= (b.size, &b.name)), "equal rows keep the order of names");
        assert_eq!(ask(&[("cursor", "5000")]).unwrap().items, []);
        assert_eq!(ask(&[("limit", "4000000000")]).unwrap().items.len(), 1_000);
    }

    #[test]
    fn filters_take_either_value_and_all_words_must_occur() {
        assert_eq!(ask(&[("name", "Web-0001,Web-0002,nobody")]).unwrap().total, 2);
        assert_eq!(ask(&[("even", "true")]).unwrap().total, 500);
        assert_eq!(ask(&[("even", "false"), ("q", "web 099")]).unwrap().total, 6);
        assert_eq!(ask(&[("q", "WEB-0999")]).unwrap().total, 1);
        assert_eq!(ask(&[("q", "abcd")]).unwrap().total, 1_000);
        assert_eq!(ask(&[("q", "sha256:abc")]).unwrap().total, 1_000);
        assert_eq!(ask(&[("q", "bcde")]).unwrap().total, 0);
        assert_eq!(ask(&[("q", "  ")]).unwrap().total, 1_000);
        assert_eq!(ask(&[("name", "")]).unwrap().total, 1_000);
    }

    #[test]
    fn descending_turns_the_order_round_and_leaves_ties_by_name() {
        let list = ask(&[("sort", "size"), ("order", "desc")]).unwrap();
        assert_eq!((first(&list), list.items[1].name.as_str()), ("Web-0009", "Web-0019"));
        assert_eq!(first(&ask(&[("order", "desc")]).unwrap()), "Web-0999");
    }

    #[test]
    fn what_cannot_be_asked_is_refused_with_what_can() {
        for (parameters, field, allowed) in
            [(&[("colour", "red")][..], "colour", "name, even"), (&[("sort", "colour")][..], "sort", "name, size")]
        {
            let Err(Error::Invalid(problems)) = ask(parameters) else { panic!("{parameters:?}") };
            assert_eq!((problems[0].field.as_str(), problems[0].message.params["allowed"].as_str()), (field, allowed));
        }
        for wrong in [("limit", "x"), ("limit", "0"), ("limit", "-1"), ("cursor", "x"), ("order", "up")] {
            assert!(matches!(ask(&[wrong]), Err(Error::Invalid(_))), "{wrong:?}");
        }
    }

    #[test]
    fn letters_beyond_ascii_are_found_in_any_case() {
        assert!(
            contains("Größe", "größe") && contains("镜像", "镜") && !contains("abc", "abcd") && contains("abc", "")
        );
    }
}
