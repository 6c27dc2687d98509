//! `environment`, `env_file` and `label_file`.

use std::collections::BTreeMap;

use crate::compose::{
    Source,
    context::Context,
    diagnostic::{Code, Diagnostic, code},
    env_file,
    fields::Fields,
    keys,
    path::shorten,
    read::At,
};

/// The supplied `.env`, whose values stand in for variables that are not given.
pub fn dotenv(source: &Source, given: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Vec<Diagnostic>> {
    let ctx = Context::new(source, given);
    let Some(text) = ctx.supplied_file(".env") else { return Ok(BTreeMap::new()) };
    let values = env_file::parse(&ctx, ctx.file_number(".env"), text, true, &BTreeMap::new());
    ctx.finish()?;
    Ok(values.into_iter().filter_map(|(key, value)| Some((key, value?))).collect())
}

/// `environment` over the files of `env_file`; a key without a value takes the variable of that name.
pub fn environment(service: &Fields<'_>) -> BTreeMap<String, Option<String>> {
    let mut environment = BTreeMap::new();
    for at in entries_of(service, "env_file") {
        let (path_at, required, raw) = if at.is_map() {
            let Some(fields) = at.fields(&keys::ENV_FILE) else { continue };
            let Some(path) = fields.need("path") else { continue };
            let raw = fields.get("format").is_some_and(|at| at.one_of(&[("raw", ())]).is_some());
            (path, fields.boolean("required").unwrap_or(true), raw)
        } else {
            (at.clone(), true, false)
        };
        let Some((number, text)) = supplied(&path_at, required, code::ENV_FILE_NOT_SUPPLIED) else { continue };
        environment.extend(env_file::parse(at.ctx, number, text, !raw, &environment));
    }
    for (key, value, at) in service.get("environment").map(|at| at.key_values()).unwrap_or_default() {
        let value = value.or_else(|| at.ctx.variables.get(&key).cloned());
        environment.insert(key, value);
    }
    environment
}

/// `labels` over the files of `label_file`.
pub fn labels(service: &Fields<'_>) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    for at in entries_of(service, "label_file") {
        let Some((number, text)) = supplied(&at, true, code::FILE_NOT_SUPPLIED) else { continue };
        let values = env_file::parse(at.ctx, number, text, true, &BTreeMap::new());
        labels.extend(values.into_iter().map(|(key, value)| (key, value.unwrap_or_default())));
    }
    for (key, value, at) in service.get("labels").map(|at| at.key_values()).unwrap_or_default() {
        if key.starts_with("com.docker.compose.") {
            at.warn(code::LABEL_RESERVED, vec![("label", shorten(&key))]);
        }
        labels.insert(key, value.unwrap_or_default());
    }
    labels
}

fn entries_of<'a>(service: &Fields<'a>, key: &'a str) -> Vec<At<'a>> {
    service.get(key).map(|at| if at.is_map() { vec![at] } else { at.items_or_one() }).unwrap_or_default()
}

fn supplied<'a>(at: &At<'a>, required: bool, missing: Code) -> Option<(u16, &'a str)> {
    let written = at.text()?;
    let path = at.ctx.resolve_path(at.mark(), &written);
    let Some(text) = at.ctx.supplied_file(&path) else {
        if required {
            at.error(missing, vec![("file", shorten(&written))]);
        }
        return None;
    };
    if !at.ctx.take_file_bytes(text.len()) {
        at.error(code::FILES_TOO_LARGE, vec![("limit", Context::file_limit())]);
        return None;
    }
    Some((at.ctx.file_number(&path), text))
}
