//! Puts one service's tree onto another's by the specification's merge rules.

use std::collections::HashSet;

use super::yaml::{Entry, Map, Mark, MergeTag, Node, Scalar, Value};

/// Two values that cannot be brought together.
#[derive(Debug)]
pub struct Clash {
    pub mark: Mark,
    pub key: String,
}

/// `over` on top of `base`.
pub fn merge_service(base: Node, over: Node) -> Result<Node, Clash> {
    merge(base, over, &[])
}

fn merge(base: Node, over: Node, path: &[&str]) -> Result<Node, Clash> {
    if over.tag != MergeTag::Merge {
        return Ok(over);
    }
    match path {
        ["command" | "entrypoint" | "build"] | ["healthcheck", "test"] | ["ulimits", _] => return Ok(over),
        [
            "annotations" | "dns" | "dns_opt" | "dns_search" | "env_file" | "label_file" | "environment"
            | "extra_hosts" | "labels" | "sysctls" | "tmpfs",
        ]
        | ["deploy", "labels"] => return Ok(lists(base, over, path)),
        ["depends_on"] => return maps(as_map(base, true), as_map(over, true), path),
        ["networks"] => return maps(as_map(base, false), as_map(over, false), path),
        ["logging"] if driver(&base).zip(driver(&over)).is_some_and(|(base, over)| base != over) => return Ok(over),
        _ => {}
    }
    match (&base.value, &over.value) {
        (_, Value::Null) => Ok(base),
        (Value::Null, _) | (Value::Scalar(_), Value::Scalar(_)) => Ok(over),
        (Value::Map(_), Value::Map(_)) => maps(base, over, path),
        (Value::List(_), Value::List(_)) => Ok(lists(base, over, path)),
        _ => Err(Clash { mark: over.mark, key: path.join(".") }),
    }
}

fn driver(logging: &Node) -> Option<&str> {
    logging.as_map()?.get("driver")?.node.as_text()
}

fn maps(base: Node, over: Node, path: &[&str]) -> Result<Node, Clash> {
    let (mark, tag) = (over.mark, over.tag);
    let (mut merged, over) = match (base.value, over.value) {
        (Value::Map(base), Value::Map(over)) => (base, over),
        (Value::Map(base), Value::Null) => (base, Map::new()),
        (Value::Null, Value::Map(over)) => (Map::new(), over),
        _ => return Err(Clash { mark, key: path.join(".") }),
    };
    for (key, entry) in over {
        let node = match merged.get_mut(&key) {
            Some(base) => {
                let old = std::mem::replace(&mut base.node, Node { mark, tag, value: Value::Null });
                let inner: Vec<&str> = path.iter().copied().chain([key.as_str()]).collect();
                merge(old, entry.node, &inner)?
            }
            None => entry.node,
        };
        merged.insert(key, Entry { key: entry.key, node });
    }
    Ok(Node { mark, tag, value: Value::Map(merged) })
}

/// The base's items, without those the other list has anew, and then the other's.
fn lists(base: Node, over: Node, path: &[&str]) -> Node {
    let (mark, tag) = (over.mark, over.tag);
    let reset: HashSet<String> = match over.as_map() {
        Some(map) => {
            map.iter().filter(|(_, entry)| entry.node.tag == MergeTag::Reset).map(|(key, _)| key.clone()).collect()
        }
        None => HashSet::new(),
    };
    let over = items(over);
    let again: HashSet<String> = over.iter().filter_map(|item| identity(item, path)).collect();
    let stays = |item: &Node| {
        let key = item.as_text().map(|line| line.split_once('=').map_or(line, |(key, _)| key));
        identity(item, path).is_none_or(|known| !again.contains(&known)) && key.is_none_or(|key| !reset.contains(key))
    };
    let mut merged: Vec<Node> = items(base).into_iter().filter(stays).collect();
    merged.extend(over);
    Node { mark, tag, value: Value::List(merged) }
}

/// What makes an item the same as another one.
fn identity(item: &Node, path: &[&str]) -> Option<String> {
    let field = |name: &str| item.as_map().and_then(|map| map.get(name)).and_then(|entry| entry.node.as_text());
    match (path, &item.value) {
        (["volumes" | "devices"], Value::Scalar(scalar)) => {
            let mut parts = scalar.text.split(':');
            let first = parts.next().unwrap_or("");
            Some(parts.next().unwrap_or(first).to_owned())
        }
        (["volumes" | "devices"], _) => field("target").map(str::to_owned),
        (["configs" | "secrets"], Value::Map(_)) => field("target").or(field("source")).map(str::to_owned),
        (_, Value::Scalar(scalar)) => Some(scalar.text.clone()),
        _ => None,
    }
}

/// A list; a mapping becomes `key=value` lines.
fn items(node: Node) -> Vec<Node> {
    match node.value {
        Value::Null => Vec::new(),
        Value::List(items) => items,
        Value::Scalar(_) => vec![node],
        Value::Map(map) => {
            let mut lines = Vec::new();
            for (key, entry) in map.into_iter().filter(|(_, entry)| entry.node.tag != MergeTag::Reset) {
                let mark = if entry.node.is_null() { entry.key } else { entry.node.mark };
                match entry.node.value {
                    Value::Null => lines.push(Node::text(mark, key)),
                    Value::Scalar(scalar) => lines.push(Node::text(mark, format!("{key}={}", scalar.text))),
                    Value::List(values) => lines.extend(values.into_iter().filter_map(|value| {
                        value.as_text().map(|text| Node::text(value.mark, format!("{key}={text}")))
                    })),
                    // Left for the reader to refuse at its place.
                    value @ Value::Map(_) => lines.push(Node { mark, tag: entry.node.tag, value }),
                }
            }
            lines
        }
    }
}

/// A mapping; a list of names becomes its keys.
fn as_map(node: Node, dependency: bool) -> Node {
    let Value::List(names) = node.value else { return node };
    let mut map = Map::new();
    for name in names {
        let mark = name.mark;
        let Value::Scalar(scalar) = name.value else { continue };
        let value = if dependency {
            let started = Scalar { text: "service_started".to_owned(), plain: false };
            let condition = Node { mark, tag: MergeTag::Merge, value: Value::Scalar(started) };
            Value::Map(Map::from([("condition".to_owned(), Entry { key: mark, node: condition })]))
        } else {
            Value::Null
        };
        map.insert(scalar.text, Entry { key: mark, node: Node { mark, tag: MergeTag::Merge, value } });
    }
    Node { mark: node.mark, tag: node.tag, value: Value::Map(map) }
}
