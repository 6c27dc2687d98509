//! One service.

use std::collections::{BTreeMap, HashSet};

use super::{Scope, deploy, environment, files, health, mounts, networks, ports, resources};
use crate::compose::{
    diagnostic::code,
    fields::Fields,
    image, keys,
    model::{Condition, Dependency, Link, Logging, NetworkAttachment, NetworkMode, PullPolicy, Service},
    path::shorten,
    read::At,
    units, words,
};

pub fn service(name: &str, at: &At<'_>, scope: &Scope<'_>) -> Option<Service> {
    if at.node.is_null() {
        at.error(code::IMAGE_MISSING, vec![("service", shorten(name))]);
        return None;
    }
    let fields = at.fields(&keys::SERVICE)?;
    let mut device_requests = Vec::new();
    let (deploy, deploy_restart) = deploy::deploy(&fields);
    let flag = |key: &'static str| fields.boolean(key).unwrap_or(false);
    let mut service = Service {
        image: image_of(name, &fields)?,
        pull_policy: pull_policy(&fields),
        platform: fields.text("platform"),
        command: words_of(&fields, "command"),
        entrypoint: words_of(&fields, "entrypoint"),
        environment: environment::environment(&fields),
        labels: environment::labels(&fields),
        annotations: fields.key_texts("annotations"),
        profiles: fields.texts("profiles"),
        container_name: container_name(&fields),
        hostname: fields.text("hostname"),
        domainname: fields.text("domainname"),
        user: fields.text("user"),
        group_add: fields.get("group_add").map(|at| any_texts(&at)).unwrap_or_default(),
        working_dir: fields.text("working_dir"),
        init: fields.boolean("init"),
        tty: flag("tty"),
        stdin_open: flag("stdin_open"),
        privileged: flag("privileged"),
        read_only: flag("read_only"),
        stop_signal: fields.text("stop_signal"),
        stop_grace_period: fields.duration("stop_grace_period"),
        restart: deploy::restart(&fields, deploy_restart),
        healthcheck: fields.get("healthcheck").and_then(|at| health::healthcheck(&at)),
        depends_on: depends_on(&fields),
        deploy,
        resources: resources::resources(&fields, &mut device_requests),
        ports: fields.get("ports").map(|at| ports::ports(&at)).unwrap_or_default(),
        expose: fields.get("expose").map(|at| ports::expose(&at)).unwrap_or_default(),
        networks: BTreeMap::new(),
        network_mode: fields.get("network_mode").and_then(|at| networks::network_mode(&at)),
        links: links(&fields),
        extra_hosts: fields.get("extra_hosts").map(|at| extra_hosts(&at)).unwrap_or_default(),
        dns: fields.texts_or_one("dns"),
        dns_opt: fields.texts("dns_opt"),
        dns_search: fields.texts_or_one("dns_search"),
        volumes: mounts::mounts(&fields, scope),
        volumes_from: Vec::new(),
        configs: fields.get("configs").map(|at| files::config_mounts(&at, &scope.configs)).unwrap_or_default(),
        secrets: fields.get("secrets").map(|at| files::secret_mounts(&at, &scope.secrets)).unwrap_or_default(),
        devices: fields.get("devices").map(|at| resources::devices(&at, &mut device_requests)).unwrap_or_default(),
        device_cgroup_rules: fields.texts("device_cgroup_rules"),
        device_requests,
        storage_opt: fields.key_texts("storage_opt"),
        cap_add: fields.texts("cap_add"),
        cap_drop: fields.texts("cap_drop"),
        security_opt: fields.texts("security_opt"),
        sysctls: fields.key_texts("sysctls"),
        ulimits: fields.get("ulimits").map(|at| resources::ulimits(&at)).unwrap_or_default(),
        logging: fields.get("logging").and_then(|at| logging(&at)),
        runtime: fields.text("runtime"),
        ipc: fields.text("ipc"),
        pid: fields.text("pid"),
        uts: fields.text("uts"),
        cgroup: fields
            .get("cgroup")
            .and_then(|at| at.one_of(&[("host", "host"), ("private", "private")]))
            .map(str::to_owned),
        cgroup_parent: fields.text("cgroup_parent"),
        userns_mode: fields.text("userns_mode"),
    };
    join_networks(&mut service, &fields, scope);
    if let Some(at) = fields.get("volumes_from") {
        for (at, from) in mounts::volumes_from(&at) {
            if let Some(other) = &from.service {
                known_service(&at, name, other, scope);
                service.depends_on.entry(other.clone()).or_default();
            }
            service.volumes_from.push(from);
        }
    }
    share_namespaces(name, &mut service, &fields, scope);
    check_dependencies(name, &mut service, &fields, scope);
    Some(service)
}

fn image_of(name: &str, fields: &Fields<'_>) -> Option<String> {
    let Some(at) = fields.get("image") else {
        // A refused `build` or `provider` has said what to do already.
        if !fields.keys().any(|key| matches!(key, "build" | "provider")) {
            fields.at.ctx.error(
                fields.at.key_mark(),
                fields.at.path(),
                code::IMAGE_MISSING,
                vec![("service", shorten(name))],
            );
        }
        return None;
    };
    let text = at.text()?;
    if !image::is_reference(&text) {
        at.error(code::IMAGE_INVALID, vec![("image", shorten(&text))]);
        return None;
    }
    Some(text)
}

fn pull_policy(fields: &Fields<'_>) -> PullPolicy {
    let Some(at) = fields.get("pull_policy") else { return PullPolicy::Missing };
    let Some(text) = at.text() else { return PullPolicy::Missing };
    let every = |span: &str| units::duration(span).map(|span| PullPolicy::EverySecs(span.as_secs()));
    let found = match text.as_str() {
        "always" => Some(PullPolicy::Always),
        "never" => Some(PullPolicy::Never),
        "missing" | "if_not_present" => Some(PullPolicy::Missing),
        "daily" => every("1d"),
        "weekly" => every("1w"),
        "refresh" => match fields.need("pull_refresh_after") {
            Some(at) => at.duration().map(|span| PullPolicy::EverySecs(span.as_secs())),
            None => return PullPolicy::Missing,
        },
        other => other.strip_prefix("every_").and_then(every),
    };
    if found.is_none() {
        at.error_value(code::PULL_POLICY_INVALID);
    }
    found.unwrap_or_default()
}

/// A command line or its words. Nothing is the image's own; an empty text or list is none at all.
fn words_of(fields: &Fields<'_>, key: &'static str) -> Option<Vec<String>> {
    let at = fields.get(key)?;
    if at.is_list() {
        return Some(at.texts());
    }
    if at.is_map() {
        at.error_value(code::EXPECTED_TEXT_OR_LIST);
        return None;
    }
    let words = words::split(&at.text()?);
    if words.is_none() {
        at.error_value(code::COMMAND_QUOTE);
    }
    words
}

fn any_texts(at: &At<'_>) -> Vec<String> {
    at.items().iter().filter_map(At::any_text).collect()
}

fn container_name(fields: &Fields<'_>) -> Option<String> {
    let at = fields.get("container_name")?;
    let text = at.text()?;
    let valid = text.len() > 1
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
    if !valid {
        at.error(code::NAME_INVALID, vec![("name", shorten(&text))]);
    }
    valid.then_some(text)
}

fn depends_on(fields: &Fields<'_>) -> BTreeMap<String, Dependency> {
    let Some(at) = fields.get("depends_on") else { return BTreeMap::new() };
    if at.is_list() {
        return at.texts().into_iter().map(|name| (name, Dependency::default())).collect();
    }
    if !at.is_map() {
        at.error_value(code::EXPECTED_LIST_OR_MAPPING);
        return BTreeMap::new();
    }
    let conditions = [
        ("service_started", Condition::Started),
        ("service_healthy", Condition::Healthy),
        ("service_completed_successfully", Condition::Completed),
    ];
    let read = |at: &At<'_>| {
        let fields = at.fields(&keys::DEPENDENCY)?;
        Some(Dependency {
            condition: fields.need("condition")?.one_of(&conditions)?,
            required: fields.boolean("required").unwrap_or(true),
            restart: fields.boolean("restart").unwrap_or(false),
        })
    };
    at.entries().into_iter().filter_map(|(name, at)| Some((name.to_owned(), read(&at)?))).collect()
}

fn links(fields: &Fields<'_>) -> Vec<Link> {
    let mut links = Vec::new();
    for at in fields.get("links").map(|at| at.items()).unwrap_or_default() {
        let Some(text) = at.text() else { continue };
        let (service, alias) = text.split_once(':').unwrap_or((&text, &text));
        if service.is_empty() || alias.is_empty() || alias.contains(':') {
            at.error_value(code::LINK_INVALID);
            continue;
        }
        links.push(Link { service: service.to_owned(), alias: alias.to_owned() });
    }
    links
}

/// `host=address` or `host:address` lines, or a mapping to one address or several.
fn extra_hosts(at: &At<'_>) -> BTreeMap<String, Vec<String>> {
    let mut hosts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut keep = |at: &At<'_>, host: &str, address: &str| {
        let address = address.trim();
        let bare = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(address);
        let valid = bare == "host-gateway" || bare.parse::<std::net::IpAddr>().is_ok();
        if host.is_empty() || host.contains(char::is_whitespace) || !valid {
            at.error(code::EXTRA_HOST_INVALID, vec![("value", shorten(&format!("{host}={address}")))]);
            return;
        }
        hosts.entry(host.to_owned()).or_default().push(bare.to_owned());
    };
    if at.is_map() {
        for (host, at) in at.entries() {
            for at in at.items_or_one() {
                if let Some(address) = at.any_text() {
                    keep(&at, host, &address);
                }
            }
        }
    } else {
        for at in at.items() {
            let Some(text) = at.any_text() else { continue };
            let (host, address) = text.split_once('=').or_else(|| text.split_once(':')).unwrap_or((&text, ""));
            keep(&at, host.trim(), address);
        }
    }
    hosts
}

fn logging(at: &At<'_>) -> Option<Logging> {
    let fields = at.fields(&keys::LOGGING)?;
    Some(Logging { driver: fields.text("driver"), options: fields.key_texts("options") })
}

fn join_networks(service: &mut Service, fields: &Fields<'_>, scope: &Scope<'_>) {
    if let Some(mode) = &service.network_mode {
        if let Some(at) = fields.get("networks") {
            at.ctx.error(at.key_mark(), at.path(), code::NETWORK_MODE_AND_NETWORKS, vec![]);
        }
        if let (Some(at), Some(mode_at)) = (fields.get("ports"), fields.get("network_mode"))
            && !service.ports.is_empty()
        {
            let params = vec![("mode", mode_at.written())];
            match mode {
                NetworkMode::Service(_) | NetworkMode::Container(_) => {
                    at.ctx.error(at.key_mark(), at.path(), code::NETWORK_MODE_PORTS, params);
                }
                NetworkMode::Host | NetworkMode::None => {
                    at.ctx.warn(at.key_mark(), at.path(), code::NETWORK_MODE_PORTS_IGNORED, params);
                }
                NetworkMode::Bridge | NetworkMode::Named(_) => {}
            }
        }
        return;
    }
    service.networks = networks::attachments(fields, scope);
    // A container has one hardware address on each network; the service's own is for the first it joins.
    if let Some(mac) = fields.get("mac_address").and_then(|at| networks::mac_address(&at)) {
        let first = service
            .networks
            .iter_mut()
            .min_by_key(|(name, network)| (-network.priority.max(-i64::MAX), (*name).clone()));
        if let Some((_, NetworkAttachment { mac_address, .. })) = first {
            mac_address.get_or_insert(mac);
        }
    }
}

/// Sharing another service's namespaces and linking to it need it to run first.
fn share_namespaces(name: &str, service: &mut Service, fields: &Fields<'_>, scope: &Scope<'_>) {
    let sharing = Dependency { restart: true, ..Dependency::default() };
    for key in ["network_mode", "ipc", "pid", "uts", "cgroup"] {
        let Some(at) = fields.get(key) else { continue };
        if let Some(other) = at.node.as_text().and_then(|text| text.strip_prefix("service:")) {
            known_service(&at, name, other, scope);
            service.depends_on.entry(other.to_owned()).or_insert(sharing);
        }
    }
    if let Some(at) = fields.get("links") {
        for link in &service.links {
            known_service(&at, name, &link.service, scope);
            service.depends_on.entry(link.service.clone()).or_insert(sharing);
        }
    }
}

fn known_service(at: &At<'_>, name: &str, other: &str, scope: &Scope<'_>) {
    const CANDIDATES: usize = 200;
    if at.ctx.is_full() {
        // Nobody would read it.
    } else if other == name {
        at.error(code::SERVICE_ITSELF, vec![]);
    } else if !scope.services.contains_key(other) {
        match keys::closest(other, scope.services.keys().copied().take(CANDIDATES)) {
            Some(close) => {
                let params = vec![("name", shorten(other)), ("suggestion", close.to_owned())];
                at.error(code::SERVICE_UNDEFINED_SUGGEST, params);
            }
            None => at.error(code::SERVICE_UNDEFINED, vec![("name", shorten(other))]),
        }
    }
}

/// A dependency must be there; one that its profiles keep out must not be required.
fn check_dependencies(name: &str, service: &mut Service, fields: &Fields<'_>, scope: &Scope<'_>) {
    let own_active = scope.services.get(name).is_some_and(Option::is_none);
    let listed = fields.get("depends_on");
    let place = |other: &str| {
        let at = listed.as_ref().filter(|at| !at.ctx.is_full())?;
        if at.is_map() {
            return at.entries().into_iter().find(|(name, _)| *name == other).map(|(_, at)| at);
        }
        at.items().into_iter().find(|at| at.node.as_text() == Some(other))
    };
    let mut dropped = HashSet::new();
    for (other, dependency) in &service.depends_on {
        match scope.services.get(other.as_str()) {
            Some(Some(profiles)) if own_active => {
                if dependency.required {
                    let at = place(other).unwrap_or_else(|| fields.at.clone());
                    let params = vec![("name", shorten(other)), ("profiles", shorten(profiles))];
                    at.ctx.error(at.key_mark(), at.path(), code::SERVICE_INACTIVE, params);
                }
                dropped.insert(other.clone());
            }
            Some(_) if other != name => {}
            _ => {
                if let Some(at) = place(other) {
                    known_service(&at, name, other, scope);
                }
            }
        }
    }
    service.depends_on.retain(|other, _| !dropped.contains(other));
}
