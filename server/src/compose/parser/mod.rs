//! Reads the tree into the model.

mod deploy;
mod environment;
mod files;
mod health;
mod mounts;
mod networks;
mod ports;
mod resources;
mod service;

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::{
    Parsed, Source, VariableUse, check,
    context::Context,
    diagnostic::{Diagnostic, code},
    extends,
    fields::Fields,
    interpolate::{Finding, Interpolator},
    keys,
    model::{Network, Project},
    path::shorten,
    read::At,
    yaml::{self, Node},
};

/// The key of the network a service joins when it names none.
const DEFAULT_NETWORK: &str = "default";

pub fn parse(source: &Source, variables: &BTreeMap<String, String>) -> Result<Parsed, Vec<Diagnostic>> {
    let mut given = environment::dotenv(source, variables)?;
    given.extend(variables.clone());
    let ctx = Context::new(source, &given);
    let mut interpolator = Interpolator::new(vec![&given], false);
    let tree = tree(&ctx, source, &mut interpolator);
    let (used_variables, findings) = interpolator.finish();
    report(&ctx, findings);
    let mut inactive_services = Vec::new();
    let mut project = Project::default();
    if let Some(root) = tree.filter(|_| !ctx.has_errors()) {
        let at = At::root(&ctx, &root);
        project = read_project(&at, &mut inactive_services);
    }
    let warnings = ctx.finish()?;
    Ok(Parsed { project, warnings, used_variables, inactive_services })
}

pub fn variables(source: &Source) -> Result<Vec<VariableUse>, Vec<Diagnostic>> {
    let given = environment::dotenv(source, &BTreeMap::new())?;
    let ctx = Context::new(source, &given);
    let mut interpolator = Interpolator::new(vec![&given], true);
    tree(&ctx, source, &mut interpolator);
    let (mut used, findings) = interpolator.finish();
    report(&ctx, findings);
    ctx.finish()?;
    for variable in &mut used {
        if let Some(value) = given.get(&variable.name) {
            variable.default = Some(value.clone());
            variable.required = false;
        }
    }
    Ok(used)
}

/// The tree with its variables substituted and its `extends` resolved.
fn tree(ctx: &Context<'_>, source: &Source, interpolator: &mut Interpolator<'_>) -> Option<Node> {
    match yaml::load(&source.text, 0) {
        Ok(Some(mut root)) => {
            interpolator.file(&mut root, &source.text);
            environment_sources(&root, interpolator);
            extends::resolve(&mut root, ctx, interpolator);
            Some(root)
        }
        Ok(None) => {
            let start = yaml::Mark { file: 0, line: 1, column: 1 };
            ctx.error(start, String::new(), code::NO_SERVICES, vec![]);
            None
        }
        Err(problems) => {
            ctx.problems(problems);
            None
        }
    }
}

/// Configs and secrets whose content is a variable ask for it, too.
fn environment_sources(root: &Node, interpolator: &mut Interpolator<'_>) {
    let sections = ["configs", "secrets"].into_iter().filter_map(|key| root.as_map()?.get(key)?.node.as_map());
    for entry in sections.flat_map(yaml::Map::values) {
        let source = entry.node.as_map().and_then(|map| map.get("environment"));
        if let Some((name, mark)) = source.and_then(|source| Some((source.node.as_text()?, source.node.mark))) {
            interpolator.ask(name, mark);
        }
    }
}

fn report(ctx: &Context<'_>, findings: Vec<Finding>) {
    for finding in findings {
        if finding.is_error {
            ctx.error(finding.mark, finding.path, finding.code, finding.params);
        } else {
            ctx.warn(finding.mark, finding.path, finding.code, finding.params);
        }
    }
}

/// What a service may refer to.
pub struct Scope<'a> {
    pub networks: IndexMap<&'a str, ()>,
    pub volumes: IndexMap<&'a str, ()>,
    pub configs: IndexMap<&'a str, ()>,
    pub secrets: IndexMap<&'a str, ()>,
    /// All services of the file with the profiles that keep them out, if any.
    pub services: IndexMap<&'a str, Option<String>>,
}

fn read_project(at: &At<'_>, inactive: &mut Vec<String>) -> Project {
    let mut project = Project::default();
    let Some(top) = at.fields(&keys::TOP) else { return project };
    if let Some(name) = top.get("name") {
        project.name = name.text().filter(|text| {
            let valid = text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
                && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_'));
            if !valid {
                name.error(code::PROJECT_NAME_INVALID, vec![("name", name.written())]);
            }
            valid
        });
    }
    project.networks = named(&top, "networks", networks::network);
    project.volumes = named(&top, "volumes", mounts::volume);
    project.configs = named(&top, "configs", files::config);
    project.secrets = named(&top, "secrets", files::secret);

    let services = named_entries(&top, "services");
    let profiles = active_profiles(at.ctx);
    let scope = Scope {
        networks: key_set(&top, "networks"),
        volumes: key_set(&top, "volumes"),
        configs: key_set(&top, "configs"),
        secrets: key_set(&top, "secrets"),
        services: services.iter().map(|(name, at)| (*name, kept_out(at, &profiles))).collect(),
    };
    if services.is_empty() {
        let listed = top.get_or_null("services");
        // What is no mapping, or has only wrong names, has been refused already.
        if listed.as_ref().is_none_or(|at| at.node.is_null() || at.node.as_map().is_some_and(yaml::Map::is_empty)) {
            listed.unwrap_or_else(|| at.clone()).error(code::NO_SERVICES, vec![]);
        }
    } else if scope.services.values().all(Option::is_some) {
        at.error(code::NO_ACTIVE_SERVICES, vec![]);
    }
    for (name, at) in &services {
        let Some(service) = service::service(name, at, &scope) else { continue };
        if scope.services.get(name).is_some_and(Option::is_some) {
            inactive.push((*name).to_owned());
            continue;
        }
        if service.networks.contains_key(DEFAULT_NETWORK) {
            project.networks.entry(DEFAULT_NETWORK.to_owned()).or_insert_with(Network::default);
        }
        project.services.insert((*name).to_owned(), service);
    }
    check::project(&project, &services);
    project
}

fn active_profiles(ctx: &Context<'_>) -> Vec<String> {
    if !ctx.source.profiles.is_empty() {
        return ctx.source.profiles.clone();
    }
    let listed = ctx.variables.get("COMPOSE_PROFILES").map_or("", String::as_str);
    listed.split(',').map(str::trim).filter(|profile| !profile.is_empty()).map(str::to_owned).collect()
}

/// The profiles of a service that is not active.
fn kept_out(service: &At<'_>, active: &[String]) -> Option<String> {
    let profiles = service.node.as_map()?.get("profiles")?;
    let yaml::Value::List(profiles) = &profiles.node.value else { return None };
    let profiles: Vec<&str> = profiles.iter().filter_map(Node::as_text).collect();
    let is_active =
        profiles.is_empty() || active.iter().any(|active| active == "*" || profiles.contains(&active.as_str()));
    (!is_active).then(|| profiles.join(", "))
}

fn named_entries<'a>(top: &Fields<'a>, section: &'a str) -> Vec<(&'a str, At<'a>)> {
    let Some(section) = top.get(section) else { return Vec::new() };
    let entries = section.entries().into_iter().filter(|(name, _)| !name.starts_with("x-"));
    entries
        .filter(|(name, at)| {
            let valid = !name.is_empty()
                && name.len() <= 200
                && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
            if !valid {
                at.ctx.error(at.key_mark(), at.path(), code::NAME_INVALID, vec![("name", shorten(name))]);
            }
            valid
        })
        .collect()
}

fn named<'a, T>(top: &Fields<'a>, section: &'a str, read: impl Fn(&At<'a>) -> Option<T>) -> IndexMap<String, T> {
    let entries = named_entries(top, section).into_iter();
    entries.filter_map(|(name, at)| Some((name.to_owned(), read(&at)?))).collect()
}

fn key_set<'a>(top: &Fields<'a>, section: &'a str) -> IndexMap<&'a str, ()> {
    let Some(section) = top.get(section) else { return IndexMap::new() };
    section.node.as_map().into_iter().flat_map(|map| map.keys()).map(|key| (key.as_str(), ())).collect()
}

/// `external`, in its present and its old form. The name is the old form's.
fn external(fields: &Fields<'_>) -> (bool, Option<String>) {
    let Some(at) = fields.get("external") else { return (false, None) };
    if at.is_map() {
        let name = at.fields(&keys::EXTERNAL).and_then(|external| external.text("name"));
        return (true, name);
    }
    let external = at.boolean().unwrap_or(false);
    if external {
        for key in fields.keys().filter(|key| !matches!(*key, "external" | "name") && !key.starts_with("x-")) {
            let Some(other) = fields.get(key) else { continue };
            at.ctx.error(other.key_mark(), other.path(), code::EXTERNAL_OPTIONS, vec![("key", shorten(key))]);
        }
    }
    (external, None)
}
