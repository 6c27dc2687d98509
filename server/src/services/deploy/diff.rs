//! What a deployment would change, for people: the planner's answer with the settings that differ.

use std::collections::BTreeSet;

use api::Message;
use api::app::{FieldChange, PlannedAction, PlannedChange, PlannedKind};
use api::release::{DiffLine, DiffSide};
use serde::Serialize;
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::desired::Prepared;
use super::model::{Act, Plan, Step};
use crate::compose::write_duration;

/// The steps of a plan as changes: each container once, with the settings of its service that differ from `old`.
pub fn changes(plan: &Plan, old: Option<&Prepared>, new: &Prepared, missing_images: &[String]) -> Vec<PlannedChange> {
    let images = missing_images.iter().map(|image| PlannedChange {
        action: PlannedAction::Create,
        kind: PlannedKind::Image,
        name: image.clone(),
        service: None,
        reason: Some(Message::new("plan.image.pull")),
        fields: Vec::new(),
    });
    images.chain(plan.steps().filter_map(|step| change(step, old, new))).collect()
}

fn change(step: &Step, old: Option<&Prepared>, new: &Prepared) -> Option<PlannedChange> {
    let (action, kind) = match &step.act {
        Act::KeepNetwork => (PlannedAction::Keep, PlannedKind::Network),
        Act::CreateNetwork => (PlannedAction::Create, PlannedKind::Network),
        Act::RemoveNetwork { .. } => (PlannedAction::Remove, PlannedKind::Network),
        Act::KeepVolume => (PlannedAction::Keep, PlannedKind::Volume),
        Act::CreateVolume => (PlannedAction::Create, PlannedKind::Volume),
        Act::RemoveVolume => (PlannedAction::Remove, PlannedKind::Volume),
        Act::Keep { .. } | Act::Stop { .. } => (PlannedAction::Keep, PlannedKind::Container),
        Act::Create { .. } => (PlannedAction::Create, PlannedKind::Container),
        Act::Replace { .. } => (PlannedAction::Replace, PlannedKind::Container),
        Act::Start { .. } | Act::Restart { .. } => (PlannedAction::Start, PlannedKind::Container),
        Act::Remove { .. } => (PlannedAction::Remove, PlannedKind::Container),
        Act::Rename { .. } => return None,
    };
    let fields = match (action, &step.service, old) {
        (PlannedAction::Replace, Some(service), Some(old)) => service_fields(service, old, new),
        _ => Vec::new(),
    };
    Some(PlannedChange {
        action,
        kind,
        name: step.name.clone(),
        service: step.service.clone(),
        reason: Some(step.reason.clone()),
        fields,
    })
}

/// What going from one release to another changes in services, networks and volumes.
pub fn between(old: &Prepared, new: &Prepared) -> Vec<PlannedChange> {
    let mut changes = Vec::new();
    let mut compare = |kind, names: Vec<(&String, bool, bool, Vec<FieldChange>)>| {
        for (name, was, is, fields) in names {
            let action = match (was, is) {
                (false, _) => PlannedAction::Create,
                (_, false) => PlannedAction::Remove,
                _ if fields.is_empty() => continue,
                _ => PlannedAction::Replace,
            };
            let service = (kind == PlannedKind::Container).then(|| name.clone());
            changes.push(PlannedChange { action, kind, name: name.clone(), service, reason: None, fields });
        }
    };
    let (a, b) = (&old.project, &new.project);
    let services = union(a.services.keys(), b.services.keys());
    let mut rows = Vec::new();
    for name in services {
        let (was, is) = (a.services.contains_key(name), b.services.contains_key(name));
        rows.push((name, was, is, if was && is { service_fields(name, old, new) } else { Vec::new() }));
    }
    compare(PlannedKind::Container, rows);
    let networks = union(old.networks.keys(), new.networks.keys());
    let mut rows = Vec::new();
    for name in networks {
        let (was, is) = (old.networks.get(name), new.networks.get(name));
        rows.push((name, was.is_some(), is.is_some(), resource_fields(was, is)));
    }
    compare(PlannedKind::Network, rows);
    let volumes = union(old.volumes.keys(), new.volumes.keys());
    let mut rows = Vec::new();
    for name in volumes {
        let (was, is) = (old.volumes.get(name), new.volumes.get(name));
        rows.push((name, was.is_some(), is.is_some(), resource_fields(was, is)));
    }
    compare(PlannedKind::Volume, rows);
    changes
}

fn union<'a>(a: impl Iterator<Item = &'a String>, b: impl Iterator<Item = &'a String>) -> Vec<&'a String> {
    let mut names: Vec<_> = a.chain(b).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn resource_fields<T: Serialize>(old: Option<&T>, new: Option<&T>) -> Vec<FieldChange> {
    let (Some(old), Some(new)) = (old, new) else { return Vec::new() };
    let mut fields = Vec::new();
    compare("", &json(old), &json(new), &mut fields);
    fields.retain(|field| !field.field.starts_with("labels."));
    fields
}

fn service_fields(service: &str, old: &Prepared, new: &Prepared) -> Vec<FieldChange> {
    let (Some(a), Some(b)) = (old.project.services.get(service), new.project.services.get(service)) else {
        return Vec::new();
    };
    let mut fields = Vec::new();
    compare(&format!("services.{service}"), &json(a), &json(b), &mut fields);
    for (kind, a, b, mounts) in [
        ("configs", &old.project.configs, &new.project.configs, &b.configs),
        ("secrets", &old.project.secrets, &new.project.secrets, &b.secrets),
    ] {
        for mount in mounts {
            let sum = |object: Option<&crate::compose::FileObject>| {
                object.and_then(|object| object.content.as_ref()).map(|content| {
                    let sum = content.sha256();
                    format!("sha256:{}", sum.get(..12).unwrap_or(&sum))
                })
            };
            let (before, after) = (sum(a.get(&mount.source)), sum(b.get(&mount.source)));
            if before.is_some() && before != after {
                fields.push(FieldChange { field: format!("{kind}.{}", mount.source), before, after });
            }
        }
    }
    if let (Some(a), Some(b)) = (old.pins.get(service), new.pins.get(service))
        && a.reference == b.reference
        && a.id != b.id
    {
        let (before, after) = (Some(a.id.clone()), Some(b.id.clone()));
        fields.push(FieldChange { field: format!("services.{service}.image"), before, after });
    }
    fields
}

fn json<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// Adds the places where two values differ, as deep as both are maps.
fn compare(path: &str, old: &Value, new: &Value, fields: &mut Vec<FieldChange>) {
    if old == new {
        return;
    }
    if let (Value::Object(a), Value::Object(b)) = (old, new) {
        let keys: BTreeSet<_> = a.keys().chain(b.keys()).collect();
        for key in keys {
            let shown = key.trim_end_matches("_ns");
            let inner = if path.is_empty() { shown.to_owned() } else { format!("{path}.{shown}") };
            let (a, b) = (a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null));
            if key.ends_with("_ns") && a != b {
                fields.push(FieldChange { field: inner, before: duration(a), after: duration(b) });
            } else {
                compare(&inner, a, b, fields);
            }
        }
        return;
    }
    fields.push(FieldChange { field: path.to_owned(), before: text(old), after: text(new) });
}

fn duration(value: &Value) -> Option<String> {
    value.as_u64().map(|nanos| write_duration(std::time::Duration::from_nanos(nanos)))
}

/// A value on one line; nothing where nothing is set.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Array(items) if items.is_empty() => None,
        Value::Object(map) if map.is_empty() => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            Some(items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "))
        }
        other => Some(other.to_string()),
    }
}

/// Two texts line by line.
pub fn lines(old: &str, new: &str) -> Vec<DiffLine> {
    let diff = TextDiff::from_lines(old, new);
    diff.iter_all_changes()
        .map(|change| DiffLine {
            side: match change.tag() {
                ChangeTag::Equal => DiffSide::Both,
                ChangeTag::Delete => DiffSide::Removed,
                ChangeTag::Insert => DiffSide::Added,
            },
            text: change.value().trim_end_matches(['\n', '\r']).to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use ulid::Ulid;

    use super::*;
    use crate::db::release::Content;
    use crate::services::deploy::desired::Identity;
    use crate::services::deploy::prepare::parse;

    fn prepared(compose: &str) -> Prepared {
        let parsed = parse(&Content { compose: compose.into(), ..Content::default() }).unwrap();
        let identity = Identity { id: Ulid::nil(), name: "shop".into(), project: "default".into(), release: 1 };
        Prepared::new(identity, parsed.project, BTreeMap::new())
    }

    #[test]
    fn the_settings_that_differ_are_named_as_in_the_file() {
        let old = prepared(
            "services:\n  web: {image: 'a:1', environment: {X: '1', Z: z}, stop_grace_period: 5s}\n  gone: {image: b}\n",
        );
        let new = prepared(
            "services:\n  web: {image: 'a:2', environment: {X: '2', Y: y, Z: z}, stop_grace_period: 1m}\n  born: {image: b}\n",
        );
        let changes = between(&old, &new);
        let shown: Vec<_> = changes.iter().map(|change| (change.action, change.name.as_str())).collect();
        assert_eq!(
            shown,
            [(PlannedAction::Create, "born"), (PlannedAction::Remove, "gone"), (PlannedAction::Replace, "web")]
        );
        let fields: Vec<_> = changes[2]
            .fields
            .iter()
            .map(|field| (field.field.as_str(), field.before.as_deref(), field.after.as_deref()))
            .collect();
        assert_eq!(
            fields,
            [
                ("services.web.environment.X", Some("1"), Some("2")),
                ("services.web.environment.Y", None, Some("y")),
                ("services.web.image", Some("a:1"), Some("a:2")),
                ("services.web.stop_grace_period", Some("5s"), Some("1m")),
            ]
        );
    }

    #[test]
    fn a_file_is_compared_line_by_line() {
        let shown: Vec<_> = lines("a\nb\n", "a\nc\n").into_iter().map(|line| (line.side, line.text)).collect();
        let side = |side, text: &str| (side, text.to_owned());
        assert_eq!(shown, [side(DiffSide::Both, "a"), side(DiffSide::Removed, "b"), side(DiffSide::Added, "c")]);
    }
}
