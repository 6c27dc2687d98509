//! Images: model, names, routes. Pulling is in `pull`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::container::string_map;
use super::filter::Filters;
use super::journal::{Request, glob};
use super::state::{Shared, State, stamp};
use super::wire::{Answer, EngineError, empty, fail, ok};

/// A layer of an image.
#[derive(Debug, Clone)]
pub struct Layer {
    /// `sha256:…`
    pub digest: String,
    pub size: u64,
    /// The instruction that made it.
    pub created_by: String,
}

/// An image on the engine.
#[derive(Debug, Clone)]
pub struct Image {
    /// `sha256:…`
    pub id: String,
    pub tags: Vec<String>,
    pub digests: Vec<String>,
    pub created: OffsetDateTime,
    pub layers: Vec<Layer>,
    pub config: Value,
}

impl Image {
    /// An image with the usual parts; `config` holds `Cmd`, `Env`, `ExposedPorts` … as the engine names them.
    pub fn new(state: &mut State, tags: &[&str], config: &Value, layer_sizes: &[u64]) -> Self {
        let id = format!("sha256:{}", state.new_id());
        let layers = layer_sizes
            .iter()
            .enumerate()
            .map(|(at, size)| Layer {
                digest: format!("sha256:{}", state.new_id()),
                size: *size,
                created_by: format!("/bin/sh -c #(nop) ADD layer{at} in /"),
            })
            .collect();
        let mut whole = json!({
            "Hostname": "", "Domainname": "", "User": "", "AttachStdin": false,
            "AttachStdout": false, "AttachStderr": false, "Tty": false, "OpenStdin": false,
            "StdinOnce": false, "Env": null, "Cmd": null, "Image": "", "Volumes": null,
            "WorkingDir": "", "Entrypoint": null, "OnBuild": null, "Labels": null,
        });
        super::container::merge(&mut whole, config, &[]);
        if let Some(labels) = config.get("Labels") {
            whole["Labels"] = labels.clone();
        }
        Self {
            id,
            tags: tags.iter().map(|tag| with_tag(tag)).collect(),
            digests: Vec::new(),
            created: OffsetDateTime::now_utc(),
            layers,
            config: whole,
        }
    }

    pub fn size(&self) -> u64 {
        self.layers.iter().map(|layer| layer.size).sum()
    }

    fn short(&self) -> &str {
        &self.id[7..19]
    }
}

/// The reference with `:latest` where it names no tag; the default registry's prefix goes.
pub fn with_tag(reference: &str) -> String {
    let reference = reference.strip_prefix("docker.io/").unwrap_or(reference);
    let reference = reference.strip_prefix("library/").unwrap_or(reference);
    let last = reference.rsplit('/').next().unwrap_or(reference);
    if last.contains(':') || last.contains('@') { reference.to_owned() } else { format!("{reference}:latest") }
}

/// `repo` and `tag` of a reference with its tag.
fn split_tag(reference: &str) -> (&str, &str) {
    let cut = reference.rfind('/').map_or(0, |at| at + 1);
    match reference[cut..].rfind(':') {
        Some(at) => (&reference[..cut + at], &reference[cut + at + 1..]),
        None => (reference, "latest"),
    }
}

impl State {
    /// The image a name, digest, id or start of an id stands for.
    pub fn image(&self, reference: &str) -> Option<&Image> {
        let named = with_tag(reference);
        let bare = reference.strip_prefix("sha256:").unwrap_or(reference);
        let hex = bare.len() >= 2 && bare.bytes().all(|b| b.is_ascii_hexdigit());
        let digest = reference.split_once('@').map(|(_, digest)| digest);
        self.images
            .iter()
            .find(|i| {
                i.tags.contains(&named)
                    || digest.is_some_and(|d| {
                        let repo = split_tag(with_tag(reference).split('@').next().unwrap_or_default()).0.to_owned();
                        i.digests.iter().any(|known| *known == format!("{repo}@{d}"))
                    })
            })
            .or_else(|| self.images.iter().find(|i| hex && i.id[7..].starts_with(bare)))
    }

    /// Puts an image in; its tags leave other images.
    pub fn put_image(&mut self, image: Image) {
        for other in &mut self.images {
            other.tags.retain(|tag| !image.tags.contains(tag));
        }
        self.images.retain(|other| other.id != image.id);
        self.images.insert(0, image);
    }

    fn users(&self, image: &str) -> usize {
        self.containers.values().filter(|c| c.image_id == image).count()
    }
}

fn missing(reference: &str) -> EngineError {
    EngineError::new(404, format!("No such image: {}", with_tag(reference)))
}

fn summary(shared: &Shared, state: &State, image: &Image) -> Value {
    let mut tags = json!(image.tags);
    let mut digests = if image.digests.is_empty() { Value::Null } else { json!(image.digests) };
    let containers = if shared.is_28() {
        if digests.is_null() {
            digests = json!([]);
        }
        i64::try_from(state.users(&image.id)).unwrap_or(0)
    } else {
        if image.tags.is_empty() {
            tags = json!(["<none>:<none>"]);
            if image.digests.is_empty() {
                digests = json!(["<none>@<none>"]);
            }
        }
        -1
    };
    let mut value = json!({
        "Containers": containers, "Created": image.created.unix_timestamp(), "Id": image.id,
        "Labels": image.config["Labels"], "ParentId": "", "RepoDigests": digests,
        "RepoTags": tags, "SharedSize": -1, "Size": image.size(),
    });
    if !shared.is_28() {
        value["VirtualSize"] = json!(image.size());
    }
    value
}

/// The summaries for `GET /system/df`.
pub fn disk_use(shared: &Shared, state: &State) -> Vec<Value> {
    let shown = |image: &Image| {
        let mut value = summary(shared, state, image);
        value["Containers"] = json!(state.users(&image.id));
        value["SharedSize"] = json!(0);
        value
    };
    state.images.iter().map(shown).collect()
}

/// `GET /images/json`.
pub fn list(shared: &Shared, request: &Request) -> Answer {
    let known = ["before", "dangling", "label", "reference", "since", "until"];
    let filters = Filters::parse(shared, request.query("filters"), &known)?;
    let state = shared.lock();
    let images: Vec<Value> = state
        .images
        .iter()
        .filter_map(|image| {
            let mut shown = image.clone();
            if filters.has("reference") {
                shown.tags.retain(|tag| filters.any("reference", |v| glob(v, tag) || glob(v, split_tag(tag).0)));
                if shown.tags.is_empty() {
                    return None;
                }
            }
            let dangling = image.tags.is_empty();
            let fits = filters.none_or("dangling", |v| matches!(v, "true" | "1") == dangling)
                && filters.all_labels(&string_map(&image.config["Labels"]));
            fits.then(|| summary(shared, &state, &shown))
        })
        .collect();
    ok(200, &Value::Array(images))
}

/// `GET /images/{name}/json`.
pub fn inspect(shared: &Shared, reference: &str) -> Answer {
    let state = shared.lock();
    let Some(image) = state.image(reference) else {
        let error = missing(reference);
        return if shared.is_28() {
            Err(error)
        } else {
            fail(404, format!("no such image: {reference}: {}", error.message))
        };
    };
    let layers: Vec<&str> = image.layers.iter().map(|layer| layer.digest.as_str()).collect();
    let mut value = json!({
        "Id": image.id, "RepoTags": image.tags, "RepoDigests": image.digests, "Parent": "",
        "Comment": "", "Created": stamp(Some(image.created)), "DockerVersion": shared.options.version(),
        "Author": "", "Config": image.config, "Architecture": "amd64", "Os": "linux",
        "Size": image.size(), "GraphDriver": { "Data": {
            "MergedDir": "/var/lib/docker/overlay2/l/merged",
            "UpperDir": "/var/lib/docker/overlay2/l/diff",
            "WorkDir": "/var/lib/docker/overlay2/l/work",
        }, "Name": "overlay2" },
        "RootFS": { "Type": "layers", "Layers": layers },
        "Metadata": { "LastTagTime": stamp(Some(image.created)) },
    });
    if shared.is_28() {
        let kept = [
            "Cmd",
            "Entrypoint",
            "Env",
            "Labels",
            "OnBuild",
            "User",
            "Volumes",
            "WorkingDir",
            "ExposedPorts",
            "Healthcheck",
            "StopSignal",
            "Shell",
        ];
        if let Some(config) = value["Config"].as_object_mut() {
            config.retain(|key, _| kept.contains(&key.as_str()));
        }
    } else {
        value["VirtualSize"] = json!(image.size());
        value["Container"] = json!("");
        value["ContainerConfig"] = image.config.clone();
        value["ContainerConfig"]["Cmd"] = Value::Null;
    }
    ok(200, &value)
}

/// `GET /images/{name}/history`.
pub fn history(shared: &Shared, reference: &str) -> Answer {
    let state = shared.lock();
    let image = state.image(reference).ok_or_else(|| missing(reference))?;
    let last = image.layers.len().saturating_sub(1);
    let entries: Vec<Value> = image
        .layers
        .iter()
        .enumerate()
        .rev()
        .map(|(at, layer)| {
            let top = at == last;
            json!({
                "Comment": "", "Created": image.created.unix_timestamp(),
                "CreatedBy": layer.created_by, "Size": layer.size,
                "Id": if top { image.id.as_str() } else { "<missing>" },
                "Tags": if top { json!(image.tags) } else { Value::Null },
            })
        })
        .collect();
    ok(200, &Value::Array(entries))
}

/// `POST /images/{name}/tag`.
pub fn tag(shared: &Shared, request: &Request, reference: &str) -> Answer {
    let mut state = shared.lock();
    let id = state.image(reference).ok_or_else(|| missing(reference))?.id.clone();
    let repo = request.query("repo").unwrap_or_default();
    if repo.is_empty() || repo.chars().any(char::is_uppercase) {
        return fail(400, "invalid reference format");
    }
    let tag = request.query("tag").filter(|tag| !tag.is_empty()).unwrap_or("latest");
    let name = with_tag(&format!("{repo}:{tag}"));
    for image in &mut state.images {
        image.tags.retain(|other| *other != name);
    }
    if let Some(image) = state.images.iter_mut().find(|image| image.id == id) {
        image.tags.push(name.clone());
    }
    shared.emit_image(&mut state, "tag", &id, &name);
    Ok(empty(201))
}

impl Shared {
    /// The event of an image; 20.10 has no label attributes here either.
    pub fn emit_image(&self, state: &mut State, action: &str, id: &str, name: &str) {
        self.emit_other(state, "image", action, id, &[("name", name)]);
    }
}

/// `DELETE /images/{name}`.
pub fn remove(shared: &Arc<Shared>, request: &Request, reference: &str) -> Answer {
    let force = request.flag("force");
    let mut state = shared.lock();
    let image = state.image(reference).ok_or_else(|| missing(reference))?.clone();
    let named = with_tag(reference);
    let by_tag = image.tags.contains(&named);
    let user = |running: bool| {
        state.newest().find(|c| c.image_id == image.id && c.is_running() == running).map(|c| c.id[..12].to_owned())
    };
    let (busy, idle) = (user(true), user(false));
    if by_tag && image.tags.len() > 1 {
        return Ok(untag(shared, &mut state, &image, &named));
    }
    if let (true, false, Some(container)) = (by_tag, force, busy.clone().or(idle.clone())) {
        return fail(
            409,
            format!(
                "conflict: unable to remove repository reference \"{reference}\" (must force) - container {container} is using its referenced image {}",
                image.short()
            ),
        );
    }
    if !by_tag && image.tags.len() > 1 && !force {
        return fail(
            409,
            format!(
                "conflict: unable to delete {} (must be forced) - image is referenced in multiple repositories",
                image.short()
            ),
        );
    }
    if !by_tag {
        if let Some(container) = busy {
            return fail(
                409,
                format!(
                    "conflict: unable to delete {} (cannot be forced) - image is being used by running container {container}",
                    image.short()
                ),
            );
        }
        if let (Some(container), false) = (idle, force) {
            return fail(
                409,
                format!(
                    "conflict: unable to delete {} (must be forced) - image is being used by stopped container {container}",
                    image.short()
                ),
            );
        }
    } else if busy.is_some() {
        // Forced away from a running container: only the name goes.
        return Ok(untag(shared, &mut state, &image, &named));
    }
    let mut report: Vec<Value> = Vec::new();
    for name in image.tags.iter().chain(&image.digests) {
        report.push(json!({ "Untagged": name }));
        shared.emit_image(&mut state, "untag", &image.id, &image.id);
    }
    report.push(json!({ "Deleted": image.id }));
    report.extend(image.layers.iter().map(|layer| json!({ "Deleted": layer.digest })));
    state.images.retain(|other| other.id != image.id);
    shared.emit_image(&mut state, "delete", &image.id, &image.id);
    ok(200, &Value::Array(report))
}

fn untag(shared: &Shared, state: &mut State, image: &Image, name: &str) -> hyper::Response<super::wire::Body> {
    for other in &mut state.images {
        other.tags.retain(|tag| tag != name);
    }
    shared.emit_image(state, "untag", &image.id, &image.id);
    let text = format!("{}\n", json!([{ "Untagged": name }]));
    super::wire::respond(200, "application/json", text)
}

/// `POST /images/prune`: without `dangling=false` only images without a name.
pub fn prune(shared: &Shared, request: &Request) -> Answer {
    let filters = Filters::parse(shared, request.query("filters"), &["dangling", "label", "label!", "until"])?;
    let all = filters.any("dangling", |v| matches!(v, "false" | "0"));
    let mut state = shared.lock();
    let gone: Vec<Image> = state
        .images
        .iter()
        .filter(|i| all || i.tags.is_empty())
        .filter(|i| state.users(&i.id) == 0)
        .filter(|i| filters.all_labels(&string_map(&i.config["Labels"])))
        .cloned()
        .collect();
    let mut report: Vec<Value> = Vec::new();
    let mut bytes = 0;
    for image in &gone {
        report.extend(image.tags.iter().map(|tag| json!({ "Untagged": tag })));
        report.push(json!({ "Deleted": image.id }));
        bytes += image.size();
        state.images.retain(|other| other.id != image.id);
        shared.emit_image(&mut state, "delete", &image.id, &image.id);
    }
    let reclaimed = bytes.to_string();
    let attributes: BTreeMap<_, _> = [("reclaimed", reclaimed.as_str())].into();
    let attributes: Vec<(&str, &str)> = attributes.into_iter().collect();
    shared.emit_other(&mut state, "image", "prune", "", &attributes);
    let report = if report.is_empty() { Value::Null } else { json!(report) };
    ok(200, &json!({ "ImagesDeleted": report, "SpaceReclaimed": bytes }))
}
