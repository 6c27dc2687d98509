//! `extends`: puts a service onto the one it extends, before anything is read.

use std::collections::{BTreeMap, HashMap};

use super::{
    context::Context,
    diagnostic::{Code, code},
    interpolate::Interpolator,
    merge::merge_service,
    path::shorten,
    yaml::{self, Entry, Map, Mark, MergeTag, Node, Value},
};

/// How many services may extend one another in a row.
const MAX_CHAIN: usize = 32;
/// What all copies together may weigh; see [`Node::weight`].
const MAX_WEIGHT: usize = 4 * yaml::MAX_NODES;

/// Replaces every service that extends another by what comes out of both, and drops what is tagged `!reset`.
pub fn resolve(root: &mut Node, ctx: &Context<'_>, interpolator: &mut Interpolator<'_>) {
    let Value::Map(top) = &mut root.value else { return };
    if let Some(Entry { node: Node { value: Value::Map(services), .. }, .. }) = top.get_mut("services")
        && services.values().any(|entry| extends_of(&entry.node).is_some())
    {
        let names: Vec<String> = services.keys().cloned().collect();
        let mut extender = Extender {
            ctx,
            interpolator,
            files: HashMap::from([(String::new(), Some(services.clone()))]),
            done: BTreeMap::new(),
            weight: 0,
        };
        for name in names {
            let Some(entry) = services.get_mut(&name) else { continue };
            if extends_of(&entry.node).is_some()
                && let Some(merged) = extender.service("", &name, &mut Vec::new())
            {
                entry.node = merged;
            }
        }
    }
    drop_resets(root);
}

fn extends_of(service: &Node) -> Option<&Entry> {
    service.as_map()?.get("extends").filter(|entry| !entry.node.is_null())
}

fn drop_resets(node: &mut Node) {
    match &mut node.value {
        Value::Null | Value::Scalar(_) => {}
        Value::List(items) => {
            items.retain(|item| item.tag != MergeTag::Reset);
            items.iter_mut().for_each(drop_resets);
        }
        Value::Map(map) => {
            map.retain(|_, entry| entry.node.tag != MergeTag::Reset);
            map.values_mut().for_each(|entry| drop_resets(&mut entry.node));
        }
    }
}

struct Extender<'c, 'i, 'a, 'v> {
    ctx: &'c Context<'a>,
    interpolator: &'i mut Interpolator<'v>,
    /// The services of each file; the Compose file itself has the empty path.
    files: HashMap<String, Option<Map>>,
    /// What came out of each service already; `None` where it failed.
    done: BTreeMap<(String, String), Option<Node>>,
    weight: usize,
}

/// What a service extends: the text of its parts and where they stand.
struct Reference {
    file: Option<(String, Mark)>,
    service: (String, Mark),
}

impl Extender<'_, '_, '_, '_> {
    fn service(&mut self, file: &str, name: &str, chain: &mut Vec<(String, String)>) -> Option<Node> {
        let key = (file.to_owned(), name.to_owned());
        let known = match self.done.get(&key) {
            Some(done) => Some(done.as_ref()?),
            None => Some(&self.files.get(file)?.as_ref()?.get(name)?.node).filter(|raw| extends_of(raw).is_none()),
        };
        if let Some(known) = known {
            let (weight, mark) = (known.weight(), known.mark);
            let fits = self.weigh(weight, mark, name);
            return if fits { self.done.get(&key).cloned().flatten().or_else(|| self.raw(file, name)) } else { None };
        }
        let merged = self.merged(file, name, chain);
        self.done.insert(key, merged.clone());
        merged
    }

    fn raw(&self, file: &str, name: &str) -> Option<Node> {
        self.files.get(file)?.as_ref()?.get(name).map(|entry| entry.node.clone())
    }

    /// A service that extends another, put onto it.
    fn merged(&mut self, file: &str, name: &str, chain: &mut Vec<(String, String)>) -> Option<Node> {
        let mut raw = self.raw(file, name).filter(|_| self.weight <= MAX_WEIGHT)?;
        let entry = extends_of(&raw)?;
        let path = format!("services.{}.extends", shorten(name));
        let place = entry.key;
        let reference = self.reference(&entry.node, place, &path)?;
        let depth = chain.len();
        chain.push((file.to_owned(), name.to_owned()));
        let base_file = match &reference.file {
            Some((written, mark)) => self.open(written, *mark, &path)?,
            None => file.to_owned(),
        };
        let (base_name, mark) = reference.service;
        let base_key = (base_file.clone(), base_name.clone());
        if let Some(start) = chain.iter().position(|link| *link == base_key) {
            let names: Vec<&str> =
                chain[start..].iter().map(|(_, name)| name.as_str()).chain([base_name.as_str()]).collect();
            self.error(mark, &path, code::EXTENDS_CYCLE, vec![("cycle", names.join(" → "))]);
            return None;
        }
        if chain.len() > MAX_CHAIN {
            self.error(mark, &path, code::EXTENDS_DEPTH, vec![("limit", MAX_CHAIN.to_string())]);
            return None;
        }
        let known = self.files.get(&base_file)?.as_ref()?;
        if !known.contains_key(&base_name) {
            let close = super::keys::closest(&base_name, known.keys().map(String::as_str)).map(str::to_owned);
            let mut params = vec![("name", shorten(&base_name))];
            let code = match close {
                Some(close) => {
                    params.push(("suggestion", close));
                    code::SERVICE_UNDEFINED_SUGGEST
                }
                None => code::SERVICE_UNDEFINED,
            };
            self.error(mark, &path, code, params);
            return None;
        }
        let base = self.service(&base_file, &base_name, chain);
        chain.truncate(depth);
        let base = base?;
        if let Value::Map(map) = &mut raw.value {
            map.shift_remove("extends");
        }
        let merged = match merge_service(base, raw) {
            Ok(merged) => merged,
            Err(clash) => {
                let place = format!("services.{}.{}", shorten(name), clash.key);
                self.error(clash.mark, &place, code::EXTENDS_MERGE, vec![("key", clash.key)]);
                return None;
            }
        };
        self.weigh(merged.weight(), merged.mark, name).then_some(merged)
    }

    fn reference(&self, node: &Node, key: Mark, path: &str) -> Option<Reference> {
        let text_of = |map: &Map, name: &str| -> Option<(String, Mark)> {
            let entry = map.get(name)?;
            entry.node.as_text().map(|text| (text.to_owned(), entry.node.mark))
        };
        match &node.value {
            Value::Scalar(scalar) => Some(Reference { file: None, service: (scalar.text.clone(), node.mark) }),
            Value::Map(map) => {
                let known = super::keys::EXTENDS;
                for (name, entry) in map {
                    if !known.keys.iter().any(|key| key.name == name) && !name.starts_with("x-") {
                        self.error(entry.key, path, code::UNKNOWN_KEY, vec![("key", shorten(name))]);
                    } else if entry.node.as_text().is_none() && !name.starts_with("x-") {
                        self.error(
                            entry.key,
                            &format!("{path}.{name}"),
                            code::EXPECTED_TEXT,
                            vec![("value", String::new())],
                        );
                    }
                }
                let service = text_of(map, "service");
                if service.is_none() && !map.contains_key("service") {
                    self.error(key, path, code::MISSING_KEY, vec![("key", "service".to_owned())]);
                }
                Some(Reference { file: text_of(map, "file"), service: service? })
            }
            Value::Null | Value::List(_) => {
                self.error(key, path, code::EXPECTED_TEXT_OR_MAPPING, vec![("value", "[…]".to_owned())]);
                None
            }
        }
    }

    /// Reads a supplied file once; says its resolved path.
    fn open(&mut self, written: &str, mark: Mark, path: &str) -> Option<String> {
        let resolved = self.ctx.resolve_path(mark, written);
        if let Some(known) = self.files.get(&resolved) {
            return known.is_some().then_some(resolved);
        }
        self.files.insert(resolved.clone(), None);
        let Some(text) = self.ctx.supplied_file(&resolved) else {
            self.error(mark, path, code::EXTENDS_FILE, vec![("file", shorten(written))]);
            return None;
        };
        let number = self.ctx.file_number(&resolved);
        let mut root = match yaml::load(text, number) {
            Ok(root) => root?,
            Err(problems) => {
                self.ctx.problems(problems);
                return None;
            }
        };
        self.interpolator.file(&mut root, text);
        let Value::Map(mut top) = root.value else {
            self.error(root.mark, "", code::EXPECTED_MAPPING, vec![("value", String::new())]);
            return None;
        };
        let Some(Entry { node: Node { value: Value::Map(services), .. }, .. }) = top.shift_remove("services") else {
            self.error(mark, path, code::NO_SERVICES, vec![]);
            return None;
        };
        self.files.insert(resolved.clone(), Some(services));
        Some(resolved)
    }

    /// Counts a copy before it is made; false once there are too many.
    fn weigh(&mut self, weight: usize, mark: Mark, name: &str) -> bool {
        let fitted = self.weight <= MAX_WEIGHT;
        self.weight = self.weight.saturating_add(weight);
        if fitted && self.weight > MAX_WEIGHT {
            let path = format!("services.{}", shorten(name));
            self.error(mark, &path, code::YAML_NODES, vec![("limit", yaml::MAX_NODES.to_string())]);
        }
        self.weight <= MAX_WEIGHT
    }

    fn error(&self, mark: Mark, path: &str, code: Code, params: Vec<(&'static str, String)>) {
        self.ctx.error(mark, path.to_owned(), code, params);
    }
}
