//! Reading, pulling and removing an engine's images.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use api::client::Query;
use api::image::ImageDetail;
pub use api::operation::{LayerPhase, LayerProgress};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use bollard::query_parameters::{RemoveImageOptions, TagImageOptions};
use bytes::BytesMut;
use futures::Stream;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde::Deserialize;

use super::client::{Client, image_path};
use super::cluster::Cluster;
use super::error::Error;
use super::spec::RegistryAuth;
use super::{convert, wire};

/// The longest line of a pull's answer.
const LINE_CAP: usize = 1024 * 1024;

/// How far a pull is; each replaces the one before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PullEvent {
    /// All layers known so far.
    pub layers: Vec<LayerProgress>,
    /// The engine's last sentence that is about no layer.
    pub status: String,
    /// The digest of what was pulled, once known.
    pub digest: Option<String>,
}

/// A pull under way; ends with it. Dropping it cancels the pull.
pub type PullStream = Pin<Box<dyn Stream<Item = Result<PullEvent, Error>> + Send>>;

impl Cluster {
    /// An image with everything its page shows, by id or name; its users come from the picture.
    pub async fn inspect_image(&self, reference: &str) -> Result<ImageDetail, Error> {
        let path = image_path(reference)?;
        let (inspect, history) = self
            .call("inspect image", async |client| {
                let (inspect, history) = (format!("/images/{path}/json"), format!("/images/{path}/history"));
                let none = Query::new();
                let inspect = client.get::<wire::ImageInspect>(&inspect, &none);
                let history = client.get::<Vec<wire::HistoryRow>>(&history, &none);
                futures::try_join!(inspect, history)
            })
            .await?;
        let mut detail = convert::image_detail(inspect, history);
        let picture = self.picture();
        let user = |container: &Arc<api::container::Container>| api::image::ImageUser {
            id: container.id.clone(),
            name: container.name.clone(),
        };
        detail.used_by = picture.users_of_image(&detail.image.id).map(user).collect();
        detail.image.containers = detail.used_by.len() as u64;
        Ok(detail)
    }

    /// What identifies the content behind a name on the engine: the digest its registry gave, or the image's id where it
    /// never was in one; `None` where the engine does not have it.
    pub async fn image_digest(&self, reference: &str) -> Result<Option<String>, Error> {
        Ok(self.image_identity(reference).await?.map(|(id, digest)| digest.unwrap_or(id)))
    }

    /// The id of the image behind a name, and the digest its registry gave; `None` where the engine does not have it.
    pub async fn image_identity(&self, reference: &str) -> Result<Option<(String, Option<String>)>, Error> {
        let path = format!("/images/{}/json", image_path(reference)?);
        let inspect: Result<wire::ImageInspect, _> =
            self.call("inspect image", async |client| client.get(&path, &Query::new()).await).await;
        match inspect {
            Ok(inspect) => Ok(Some((inspect.id, digest_for(reference, &inspect.repo_digests)))),
            Err(Error::NotFound(_) | Error::ImageNotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Pulls an image. `reference` is `repository[:tag][@digest]`, `latest` without a tag.
    pub async fn pull_image(&self, reference: &str, auth: Option<RegistryAuth>) -> Result<PullStream, Error> {
        let (repository, tag) = split_reference(image_path(reference)?);
        let query = Query::new().with("fromImage", repository).with("tag", tag);
        let auth = match auth {
            Some(auth) => {
                let words = serde_json::json!({
                    "username": auth.username, "password": auth.password, "serveraddress": auth.server,
                });
                Some(("X-Registry-Auth", URL_SAFE.encode(words.to_string())))
            }
            None => None,
        };
        let idle = self.shared.settings.periods.pull_idle;
        let response = self
            .long_call("pull", idle, async |client: &Client| client.post_stream("/images/create", &query, auth).await)
            .await?;
        let pull = Pull { body: response.into_body(), buffer: BytesMut::new(), now: PullEvent::default(), idle };
        Ok(Box::pin(futures::stream::try_unfold(pull, Pull::next)))
    }

    /// Gives an image one more name, `repository[:tag]`.
    pub async fn tag_image(&self, reference: &str, name: &str) -> Result<(), Error> {
        let path = image_path(reference)?;
        let (repository, tag) = split_reference(image_path(name)?);
        let options = TagImageOptions { repo: Some(repository.to_owned()), tag: Some(tag.to_owned()) };
        self.call("tag image", async |client| Ok(client.docker.tag_image(path, Some(options)).await?)).await
    }

    /// Removes an image or one of its names.
    pub async fn remove_image(&self, reference: &str, force: bool) -> Result<(), Error> {
        let path = image_path(reference)?;
        self.long_call("remove image", Duration::from_mins(2), async |client| {
            let options = RemoveImageOptions { force, noprune: false, platforms: None };
            client.docker.remove_image(path, Some(options), None).await?;
            Ok(())
        })
        .await
    }

    /// Removes images that no container uses: nameless ones, or `all`. Gives how many there were and the bytes won.
    pub async fn prune_images(&self, all: bool) -> Result<(u64, u64), Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Report {
            images_deleted: Option<Vec<serde::de::IgnoredAny>>,
            space_reclaimed: Option<u64>,
        }
        let filters = serde_json::json!({ "dangling": [(!all).to_string()] });
        let query = Query::new().with("filters", filters);
        let answer = self
            .long_call("prune images", Duration::from_mins(10), async |client| {
                client.tell(http::Method::POST, "/images/prune", &query, &serde_json::Value::Null).await
            })
            .await?;
        let report: Report = serde_json::from_slice(&answer)?;
        Ok((report.images_deleted.map_or(0, |images| images.len() as u64), report.space_reclaimed.unwrap_or(0)))
    }
}

/// `repository` and what follows it: the tag, or the digest (which decides where there are both).
pub(super) fn split_reference(reference: &str) -> (&str, &str) {
    let (name, digest) = match reference.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (reference, None),
    };
    let (repository, tag) = match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, tag),
        _ => (name, "latest"),
    };
    (repository, digest.unwrap_or(tag))
}

/// The digest that belongs to the repository of `reference`; any of them where none does.
fn digest_for(reference: &str, digests: &[String]) -> Option<String> {
    let (repository, _) = split_reference(reference);
    let of = |digest: &String| digest.split_once('@').map(|(name, digest)| (name.to_owned(), digest.to_owned()));
    let mut known: Vec<_> = digests.iter().filter_map(of).collect();
    let fitting = known.iter().position(|(name, _)| name == repository || name.ends_with(&format!("/{repository}")));
    match fitting {
        Some(place) => Some(known.swap_remove(place).1),
        None => known.into_iter().next().map(|(_, digest)| digest),
    }
}

struct Pull {
    body: Incoming,
    buffer: BytesMut,
    now: PullEvent,
    idle: Duration,
}

impl Pull {
    /// Reads what came and gives the state after it; many lines that came at once become one event.
    async fn next(mut self) -> Result<Option<(PullEvent, Self)>, Error> {
        loop {
            let mut changed = false;
            while let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line = self.buffer.split_to(end + 1);
                changed |= self.fold(&line)?;
            }
            if changed {
                return Ok(Some((self.now.clone(), self)));
            }
            let frame = tokio::time::timeout(self.idle, self.body.frame())
                .await
                .map_err(|_| Error::Timeout { call: "pull", after_secs: self.idle.as_secs() })?;
            let Some(frame) = frame else {
                let rest = self.buffer.split();
                return Ok(if self.fold(&rest)? { Some((self.now.clone(), self)) } else { None });
            };
            if let Ok(data) = frame?.into_data() {
                self.buffer.extend_from_slice(&data);
            }
            if self.buffer.len() > LINE_CAP {
                return Err(Error::TooLarge);
            }
        }
    }

    fn fold(&mut self, line: &[u8]) -> Result<bool, Error> {
        if line.trim_ascii().is_empty() {
            return Ok(false);
        }
        self.now.fold(serde_json::from_slice(line)?)
    }
}

/// A line of a pull's answer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PullLine {
    id: Option<String>,
    status: Option<String>,
    error: Option<String>,
    #[serde(rename = "progressDetail")]
    detail: Option<PullDetail>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PullDetail {
    current: Option<i64>,
    total: Option<i64>,
}

impl PullEvent {
    fn fold(&mut self, line: PullLine) -> Result<bool, Error> {
        if let Some(error) = line.error {
            return Err(Error::classify(500, error));
        }
        let status = line.status.unwrap_or_default();
        let phase = match status.as_str() {
            "Pulling fs layer" | "Waiting" => Some(LayerPhase::Waiting),
            "Downloading" => Some(LayerPhase::Downloading),
            "Verifying Checksum" | "Download complete" => Some(LayerPhase::Verifying),
            "Extracting" => Some(LayerPhase::Extracting),
            "Pull complete" => Some(LayerPhase::Done),
            "Already exists" => Some(LayerPhase::Exists),
            _ => None,
        };
        let (Some(id), Some(phase)) = (line.id, phase) else {
            if let Some(digest) = status.strip_prefix("Digest: ") {
                self.digest = Some(digest.to_owned());
            }
            self.status = status;
            return Ok(true);
        };
        let place = self.layers.iter().position(|layer| layer.id == id).unwrap_or_else(|| {
            self.layers.push(LayerProgress { id, phase, current_bytes: 0, total_bytes: 0 });
            self.layers.len() - 1
        });
        let layer = &mut self.layers[place];
        layer.phase = phase;
        let bytes = |count: Option<i64>| count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0);
        let detail = line.detail.unwrap_or_default();
        if detail.total.is_some() || detail.current.is_some() {
            layer.current_bytes = bytes(detail.current);
            layer.total_bytes = bytes(detail.total);
        } else if matches!(phase, LayerPhase::Done | LayerPhase::Verifying) {
            layer.current_bytes = layer.total_bytes;
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_splits_at_tag_or_digest() {
        assert_eq!(split_reference("nginx"), ("nginx", "latest"));
        assert_eq!(split_reference("registry:5000/web"), ("registry:5000/web", "latest"));
        assert_eq!(split_reference("registry:5000/web:2"), ("registry:5000/web", "2"));
        assert_eq!(split_reference("web:2@sha256:00"), ("web", "sha256:00"));
    }

    #[test]
    fn a_digest_is_taken_from_the_same_repository() {
        let digests = ["other/web@sha256:1".to_owned(), "registry/web@sha256:2".to_owned()];
        assert_eq!(digest_for("registry/web:1", &digests).as_deref(), Some("sha256:2"));
        assert_eq!(digest_for("web", &[]), None);
    }

    #[test]
    fn layers_go_forward_and_an_error_ends_the_pull() {
        let mut event = PullEvent::default();
        let mut fold = |line: &str| event.fold(serde_json::from_str(line).unwrap()).map(|_| event.clone());
        fold(r#"{"status":"Pulling from library/web","id":"1"}"#).unwrap();
        fold(r#"{"status":"Pulling fs layer","progressDetail":{},"id":"aa"}"#).unwrap();
        let now = fold(r#"{"status":"Downloading","progressDetail":{"current":5,"total":10},"id":"aa"}"#).unwrap();
        assert_eq!((now.layers[0].phase, now.layers[0].current_bytes), (LayerPhase::Downloading, 5));
        let now = fold(r#"{"status":"Pull complete","progressDetail":{},"id":"aa"}"#).unwrap();
        assert_eq!((now.layers.len(), now.layers[0].current_bytes), (1, 10));
        let now = fold(r#"{"status":"Digest: sha256:ab"}"#).unwrap();
        assert_eq!(now.digest.as_deref(), Some("sha256:ab"));
        let error = fold(r#"{"errorDetail":{"message":"m"},"error":"manifest unknown"}"#).unwrap_err();
        assert!(matches!(error, Error::ImageNotFound(_)));
    }
}
