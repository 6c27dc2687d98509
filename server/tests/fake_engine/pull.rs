//! `POST /images/create`: pulling by script.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use bytes::Bytes;
use futures::stream;
use serde_json::{Value, json};

use super::fault::no_space;
use super::image::{Image, with_tag};
use super::journal::{Request, glob};
use super::state::Shared;
use super::stream_count::StreamKind;
use super::wire::{Answer, fail, respond_stream};

/// What a registry answers for a reference.
#[derive(Debug, Clone)]
pub struct PullScript {
    pub outcome: PullOutcome,
    /// Pause before each line of progress.
    pub pace: Duration,
    /// Bytes of each layer.
    pub layers: Vec<u64>,
    /// The image's configuration: `Cmd`, `ExposedPorts` …
    pub config: Value,
    /// User and password that must be given.
    pub auth: Option<(String, String)>,
}

/// How a pull ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PullOutcome {
    Success,
    /// 404 in the engine's words for a repository that is not there.
    NoRepository,
    /// 404 for a tag that is not there.
    NoTag,
    /// The registry wants a login.
    Unauthorized,
    /// Progress, then this error in the stream after the 200.
    FailsInStream(String),
    /// Progress, then the disk is full.
    NoSpace,
    /// The headers and the first line, then nothing.
    Hangs,
    /// The engine cannot reach the registry.
    Unreachable,
}

impl PullScript {
    pub fn success() -> Self {
        Self {
            outcome: PullOutcome::Success,
            pace: Duration::ZERO,
            layers: vec![3_000_000, 500_000],
            config: json!({ "Cmd": ["/bin/app"] }),
            auth: None,
        }
    }

    pub fn ending(outcome: PullOutcome) -> Self {
        Self { outcome, ..Self::success() }
    }

    pub fn slow(pace: Duration) -> Self {
        Self { pace, ..Self::success() }
    }

    pub fn with_config(mut self, config: Value) -> Self {
        self.config = config;
        self
    }

    pub fn with_auth(mut self, user: &str, password: &str) -> Self {
        self.auth = Some((user.into(), password.into()));
        self
    }
}

fn login(header: Option<&str>) -> Option<(String, String)> {
    let header = header?;
    let decoded = URL_SAFE
        .decode(header)
        .or_else(|_| URL_SAFE_NO_PAD.decode(header))
        .or_else(|_| STANDARD.decode(header))
        .ok()?;
    let value: Value = serde_json::from_slice(&decoded).ok()?;
    let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
    Some((text("username"), text("password")))
}

/// `POST /images/create`.
pub async fn create(shared: &Arc<Shared>, request: &Request, auth: Option<&str>) -> Answer {
    let from = request.query("fromImage").unwrap_or_default();
    let tag = request.query("tag").unwrap_or_default();
    if from.is_empty() {
        return fail(500, "the fake engine imports no archives: use fromImage");
    }
    if from.chars().any(char::is_uppercase) {
        let text = if shared.is_28() {
            format!("invalid reference format: repository name (library/{from}) must be lowercase")
        } else {
            "invalid reference format: repository name must be lowercase".into()
        };
        return fail(400, text);
    }
    let reference = match tag {
        "" => with_tag(from),
        digest if digest.starts_with("sha256:") => format!("{from}@{digest}"),
        tag => with_tag(&format!("{from}:{tag}")),
    };
    let script = {
        let state = shared.lock();
        let found = state
            .remotes
            .iter()
            .rev()
            .find(|(pattern, _)| glob(pattern, &reference) || glob(&with_tag(pattern), &reference));
        found.map(|(_, script)| script.clone())
    };
    let script = script.unwrap_or_else(|| PullScript::ending(PullOutcome::NoRepository));
    let repo = reference.rsplit_once(':').map_or(reference.as_str(), |(repo, _)| repo);
    let host = repo.split('/').next().unwrap_or_default();
    tokio::time::sleep(script.pace).await;
    if let Some(wanted) = &script.auth
        && login(auth).as_ref() != Some(wanted)
    {
        return unauthorized(&reference, host);
    }
    match script.outcome {
        PullOutcome::NoRepository => fail(
            404,
            format!(
                "pull access denied for {repo}, repository does not exist or may require 'docker login': denied: requested access to the resource is denied"
            ),
        ),
        PullOutcome::NoTag => {
            fail(404, format!("manifest for {reference} not found: manifest unknown: manifest unknown"))
        }
        PullOutcome::Unauthorized => unauthorized(&reference, host),
        PullOutcome::Unreachable => {
            fail(500, format!("Get \"https://{host}/v2/\": dial tcp 127.0.0.1:443: connect: connection refused"))
        }
        _ => Ok(progress(shared, &reference, script)),
    }
}

fn unauthorized(reference: &str, host: &str) -> Answer {
    let path = reference.split_once('/').map_or(reference, |(_, path)| path);
    let path = path.rsplit_once(':').map_or(path, |(name, _)| name);
    fail(500, format!("Head \"https://{host}/v2/{path}/manifests/latest\": unauthorized: authentication required"))
}

fn progress(shared: &Arc<Shared>, reference: &str, script: PullScript) -> hyper::Response<super::wire::Body> {
    let (repo, tag) = reference.rsplit_once(':').unwrap_or((reference, "latest"));
    let pulled = shared.lock().image(reference).cloned();
    let (fresh, image) = match pulled {
        Some(image) => (false, image),
        None => {
            let mut state = shared.lock();
            let mut image = Image::new(&mut state, &[reference], &script.config, &script.layers);
            let digest = state.new_id();
            image.digests.push(format!("{repo}@sha256:{digest}"));
            (true, image)
        }
    };
    let digest = image
        .digests
        .first()
        .and_then(|digest| digest.split_once('@'))
        .map_or_else(|| image.id.clone(), |(_, digest)| digest.to_owned());
    let mut lines = vec![json!({ "status": format!("Pulling from {repo}"), "id": tag })];
    if fresh {
        lines.extend(layer_lines(&image, &script.outcome));
    }
    let good = script.outcome == PullOutcome::Success;
    if let PullOutcome::FailsInStream(text) = &script.outcome {
        lines.push(json!({ "errorDetail": { "message": text }, "error": text }));
    }
    if script.outcome == PullOutcome::NoSpace {
        let text =
            no_space("failed to register layer: Error processing tar file(exit status 1): write /usr/bin/app").message;
        lines.push(json!({ "errorDetail": { "message": text }, "error": text }));
    }
    if good {
        lines.push(json!({ "status": format!("Digest: {digest}") }));
        let word = if fresh { "Downloaded newer image" } else { "Image is up to date" };
        lines.push(json!({ "status": format!("Status: {word} for {reference}") }));
    }
    let hangs = script.outcome == PullOutcome::Hangs;
    if hangs {
        lines.truncate(1);
    }
    let guard = shared.enter(StreamKind::Pull);
    let shared = Arc::clone(shared);
    let reference = reference.to_owned();
    let start = (lines.into_iter(), Some(image), guard);
    respond_stream(
        "application/json",
        stream::unfold(start, move |(mut lines, mut image, guard)| {
            let (shared, reference) = (Arc::clone(&shared), reference.clone());
            async move {
                let Some(line) = lines.next() else {
                    if hangs {
                        std::future::pending::<()>().await;
                    }
                    return None;
                };
                if !script.pace.is_zero() {
                    tokio::time::sleep(script.pace).await;
                }
                // The image is there before its last line is.
                if lines.len() == 0
                    && good
                    && let Some(image) = image.take()
                {
                    let mut state = shared.lock();
                    if fresh {
                        state.put_image(image);
                    }
                    shared.emit_other(&mut state, "image", "pull", &reference, &[("name", &reference)]);
                }
                Some((Ok(Bytes::from(format!("{line}\r\n"))), (lines, image, guard)))
            }
        }),
    )
}

fn layer_lines(image: &Image, outcome: &PullOutcome) -> Vec<Value> {
    let mut lines: Vec<Value> = Vec::new();
    let short = |digest: &str| digest[7..19].to_owned();
    for layer in &image.layers {
        lines.push(json!({ "status": "Pulling fs layer", "progressDetail": {}, "id": short(&layer.digest) }));
    }
    let bad = *outcome != PullOutcome::Success;
    for (at, layer) in image.layers.iter().enumerate() {
        let id = short(&layer.digest);
        let step = |status: &str, current: u64| {
            json!({
                "status": status, "progressDetail": { "current": current, "total": layer.size },
                "progress": bar(current, layer.size), "id": id,
            })
        };
        for part in 1..=4 {
            lines.push(step("Downloading", layer.size * part / 4));
        }
        lines.push(json!({ "status": "Verifying Checksum", "progressDetail": {}, "id": id }));
        lines.push(json!({ "status": "Download complete", "progressDetail": {}, "id": id }));
        lines.push(step("Extracting", layer.size / 2));
        if bad && at + 1 == image.layers.len() {
            break;
        }
        lines.push(step("Extracting", layer.size));
        lines.push(json!({ "status": "Pull complete", "progressDetail": {}, "id": id }));
    }
    lines
}

fn bar(current: u64, total: u64) -> String {
    let done = usize::try_from(current * 50 / total.max(1)).unwrap_or(50).min(50);
    let unit = |bytes: u64| format!("{:.3}MB", bytes as f64 / 1e6);
    format!("[{}>{}]  {}/{}", "=".repeat(done), " ".repeat(50 - done), unit(current), unit(total))
}
