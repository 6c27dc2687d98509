//! The file's configs and secrets, and the references of services to them.

use std::collections::HashSet;

use indexmap::IndexMap;

use super::external;
use crate::compose::{
    context::Context,
    diagnostic::{Code, code},
    fields::Fields,
    keys::{self, Section},
    model::{Content, FileMount, FileObject},
    path::shorten,
    read::At,
};

pub fn config(at: &At<'_>) -> Option<FileObject> {
    file_object(at, &keys::CONFIG)
}

pub fn secret(at: &At<'_>) -> Option<FileObject> {
    file_object(at, &keys::SECRET)
}

fn file_object(at: &At<'_>, section: &Section) -> Option<FileObject> {
    let fields = at.fields(section)?;
    let (external, old_name) = external(&fields);
    let name = fields.text("name").or(old_name);
    if external {
        let shown = name.clone().unwrap_or_else(|| at.path());
        at.ctx.warn(at.key_mark(), at.path(), code::EXTERNAL_FILE_SINGLE_ENGINE, vec![("name", shorten(&shown))]);
    }
    let content = if external { None } else { content(at, &fields) };
    Some(FileObject { name, external, content, labels: fields.key_texts("labels") })
}

fn content(at: &At<'_>, fields: &Fields<'_>) -> Option<Content> {
    let sources: Vec<At<'_>> = ["content", "environment", "file"].iter().filter_map(|key| fields.get(key)).collect();
    let text = match sources.as_slice() {
        [] => {
            at.ctx.error(at.key_mark(), at.path(), code::FILE_SOURCE_MISSING, vec![]);
            return None;
        }
        [only] => only,
        [_, second, ..] => {
            second.ctx.error(second.key_mark(), at.path(), code::FILE_SOURCE_MANY, vec![]);
            return None;
        }
    };
    if let Some(content) = fields.get("content") {
        return content.any_text().map(Content::new);
    }
    let named = text.any_text()?;
    if fields.get("environment").is_some() {
        let value = text.ctx.variables.get(&named);
        if value.is_none() {
            text.error(code::FILE_VARIABLE, vec![("name", shorten(&named))]);
        }
        return value.cloned().map(Content::new);
    }
    let path = text.ctx.resolve_path(text.mark(), &named);
    let Some(found) = text.ctx.supplied_file(&path) else {
        text.error(code::FILE_NOT_SUPPLIED, vec![("file", shorten(&named))]);
        return None;
    };
    if !text.ctx.take_file_bytes(found.len()) {
        text.error(code::FILES_TOO_LARGE, vec![("limit", Context::file_limit())]);
        return None;
    }
    Some(Content::new(found.to_owned()))
}

/// `configs` of a service.
pub fn config_mounts(at: &At<'_>, known: &IndexMap<&str, ()>) -> Vec<FileMount> {
    file_mounts(at, known, code::CONFIG_UNDEFINED, "/")
}

/// `secrets` of a service.
pub fn secret_mounts(at: &At<'_>, known: &IndexMap<&str, ()>) -> Vec<FileMount> {
    file_mounts(at, known, code::SECRET_UNDEFINED, "/run/secrets/")
}

fn file_mounts(at: &At<'_>, known: &IndexMap<&str, ()>, undefined: Code, folder: &str) -> Vec<FileMount> {
    let mut mounts: Vec<FileMount> = Vec::new();
    let mut targets = HashSet::new();
    for item in at.items() {
        let mount = if item.is_map() { long(&item) } else { item.text().map(short) };
        let Some(mut mount) = mount else { continue };
        if !known.contains_key(mount.source.as_str()) {
            item.error(undefined, vec![("name", shorten(&mount.source))]);
        }
        if !mount.target.starts_with('/') {
            mount.target.insert_str(0, folder);
        }
        if !targets.insert(mount.target.clone()) {
            item.error(code::MOUNT_TWICE, vec![("target", shorten(&mount.target))]);
            continue;
        }
        mounts.push(mount);
    }
    mounts
}

fn short(source: String) -> FileMount {
    FileMount { target: source.clone(), source, uid: None, gid: None, mode: None }
}

fn long(at: &At<'_>) -> Option<FileMount> {
    let fields = at.fields(&keys::FILE_REFERENCE)?;
    let id = |key: &'static str| fields.get(key).and_then(|at| at.any_text());
    let source = fields.need("source")?.text()?;
    Some(FileMount {
        target: fields.text("target").filter(|target| !target.is_empty()).unwrap_or_else(|| source.clone()),
        uid: id("uid"),
        gid: id("gid"),
        mode: fields.get("mode").and_then(|at| at.file_mode()),
        source,
    })
}
