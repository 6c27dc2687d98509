//! Calls of one engine whose API version is agreed: bollard for typed calls, raw requests for streams and for answers
//! that must be read tolerantly.

use std::time::Duration;

use api::client::Query;
use bollard::{BollardRequest, ClientVersion, Docker};
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, UPGRADE};
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde::de::DeserializeOwned;

use super::endpoint::Endpoint;
use super::error::Error;
use super::transport::Transport;
use super::wire;

/// The most bytes of an answer that is read whole.
pub(super) const BODY_CAP: u64 = 64 * 1024 * 1024;
/// The newest API version the portal knows.
const NEWEST: (usize, usize) = (1, 51);
/// The oldest API version the portal works with (Docker 20.10, Podman 4).
const OLDEST: (usize, usize) = (1, 40);

/// A connection's facts that do not change while it lasts.
pub(super) struct Client {
    /// Typed calls.
    pub(super) docker: Docker,
    /// Raw calls with whole answers.
    pub(super) whole: Transport,
    /// Raw calls with endless answers.
    pub(super) endless: Transport,
    /// The API version in use.
    pub(super) version: (usize, usize),
    /// What `/version` said.
    pub(super) product: wire::Version,
}

impl Client {
    /// Finds out what speaks at `endpoint`, and agrees on a version.
    pub(super) async fn negotiate(endpoint: Endpoint, deadline: Duration) -> Result<Self, Error> {
        let bare = Transport::new(endpoint, "", Some(BODY_CAP))?;
        let ask = async {
            let response = bare.send(get("/version", &Query::new())?).await?;
            decode::<wire::Version>(&whole_body(response).await?)
        };
        let product = tokio::time::timeout(deadline, ask)
            .await
            .unwrap_or(Err(Error::Timeout { call: "version", after_secs: deadline.as_secs() }))?;
        let offered = parse_version(&product.api_version)
            .ok_or_else(|| Error::Garbage(format!("API version {:?}", product.api_version)))?;
        let least = parse_version(&product.min_api_version).unwrap_or((1, 12));
        let version = offered.min(NEWEST);
        if version < OLDEST || version < least {
            return Err(Error::Garbage(format!(
                "the engine speaks API {} to {}, the portal {}.{} to {}.{}",
                product.min_api_version, product.api_version, OLDEST.0, OLDEST.1, NEWEST.0, NEWEST.1
            )));
        }
        let prefix = format!("/v{}.{}", version.0, version.1);
        let whole = bare.with(&prefix, Some(BODY_CAP));
        let endless = bare.with(&prefix, None);
        let transport = whole.clone();
        let docker = Docker::connect_with_custom_transport(
            move |request: BollardRequest| {
                let transport = transport.clone();
                async move {
                    let err = match transport.send(request).await {
                        Ok(response) => return Ok(response),
                        Err(error) => std::io::Error::other(error),
                    };
                    Err(bollard::errors::Error::IOError { err })
                }
            },
            Some("http://engine"),
            // Deadlines are the cluster's; this one only has to be longer than all of them.
            24 * 3600,
            &ClientVersion { major_version: version.0, minor_version: version.1 },
        )?;
        Ok(Self { docker, whole, endless, version, product })
    }

    pub(super) fn is_podman(&self) -> bool {
        self.product.components.iter().any(|component| component.name.contains("Podman"))
    }

    pub(super) fn is_local(&self) -> bool {
        self.whole.endpoint().is_local()
    }

    /// GET with a JSON answer.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str, query: &Query) -> Result<T, Error> {
        let response = self.whole.send(get(path, query)?).await?;
        decode(&whole_body(response).await?)
    }

    /// HEAD: only whether it succeeds.
    pub(super) async fn head(&self, path: &str, query: &Query) -> Result<(), Error> {
        let request = request(Method::HEAD, path, query)
            .body(bollard::body_full(Bytes::new()))
            .map_err(|error| Error::InvalidSpec(error.to_string()))?;
        successful(self.whole.send(request).await?).await.map(drop)
    }

    /// POST or DELETE with a JSON body, whose answer does not matter.
    pub(super) async fn tell(
        &self,
        method: Method,
        path: &str,
        query: &Query,
        body: &impl serde::Serialize,
    ) -> Result<Bytes, Error> {
        let body = Bytes::from(serde_json::to_vec(body)?);
        let request = request(method, path, query).header(CONTENT_TYPE, "application/json");
        let request = request.body(bollard::body_full(body)).map_err(|error| Error::InvalidSpec(error.to_string()))?;
        whole_body(self.whole.send(request).await?).await
    }

    /// GET whose answer comes bit by bit.
    pub(super) async fn stream(&self, path: &str, query: &Query) -> Result<Response<Incoming>, Error> {
        successful(self.endless.send(get(path, query)?).await?).await
    }

    /// POST whose answer comes bit by bit.
    pub(super) async fn post_stream(
        &self,
        path: &str,
        query: &Query,
        header: Option<(&'static str, String)>,
    ) -> Result<Response<Incoming>, Error> {
        let mut request = request(Method::POST, path, query);
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let request =
            request.body(bollard::body_full(Bytes::new())).map_err(|error| Error::InvalidSpec(error.to_string()))?;
        successful(self.endless.send(request).await?).await
    }

    /// POST that turns the connection into a byte stream both ways.
    pub(super) async fn hijack(
        &self,
        path: &str,
        query: &Query,
        body: &impl serde::Serialize,
    ) -> Result<hyper::upgrade::Upgraded, Error> {
        let body = Bytes::from(serde_json::to_vec(body)?);
        let request = request(Method::POST, path, query)
            .header(CONTENT_TYPE, "application/json")
            .header(CONNECTION, "Upgrade")
            .header(UPGRADE, "tcp")
            .body(bollard::body_full(body))
            .map_err(|error| Error::InvalidSpec(error.to_string()))?;
        let response = successful(self.endless.send(request).await?).await?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(Error::Garbage(format!("HTTP {} instead of an upgrade", response.status())));
        }
        Ok(hyper::upgrade::on(response).await?)
    }
}

fn request(method: Method, path: &str, query: &Query) -> http::request::Builder {
    let uri = if query.as_str().is_empty() { path.to_owned() } else { format!("{path}?{}", query.as_str()) };
    Request::builder().method(method).uri(uri)
}

fn get(path: &str, query: &Query) -> Result<BollardRequest, Error> {
    request(Method::GET, path, query)
        .body(bollard::body_full(Bytes::new()))
        .map_err(|error| Error::InvalidSpec(error.to_string()))
}

async fn successful(response: Response<Incoming>) -> Result<Response<Incoming>, Error> {
    /// Enough for any honest sentence.
    const MOST: usize = 64 * 1024;
    let status = response.status();
    if status.is_success() || status == StatusCode::NOT_MODIFIED || status == StatusCode::SWITCHING_PROTOCOLS {
        return Ok(response);
    }
    let mut body = response.into_body();
    let mut words = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        if let Some(data) = frame.data_ref() {
            words.extend_from_slice(&data[..data.len().min(MOST - words.len())]);
        }
        if words.len() >= MOST {
            break;
        }
    }
    Err(Error::from_status(status.as_u16(), &words))
}

async fn whole_body(response: Response<Incoming>) -> Result<Bytes, Error> {
    Ok(successful(response).await?.into_body().collect().await?.to_bytes())
}

fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(body).map_err(Error::from)
}

fn parse_version(text: &str) -> Option<(usize, usize)> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// A text as one segment of a path; `None` where it could leave its place.
pub(super) fn segment(text: &str) -> Result<&str, Error> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:@+".contains(&byte);
    if text.is_empty() || text == "." || text == ".." || !text.bytes().all(fits) {
        return Err(Error::NotFound(text.chars().take(80).collect()));
    }
    Ok(text)
}

/// An image's name or id as part of a path; names have slashes, but no empty, `.` or `..` part.
pub(super) fn image_path(reference: &str) -> Result<&str, Error> {
    for part in reference.split('/') {
        segment(part).map_err(|_| Error::InvalidSpec(format!("{reference:?} is no image name")))?;
    }
    Ok(reference)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_place_in_a_path() {
        for wrong in ["", ".", "..", "a/b", "a?b", "a%2fb", "a b", "a\n", "../x"] {
            assert!(segment(wrong).is_err(), "{wrong:?}");
        }
        assert!(segment("web-1").is_ok() && segment("sha256:00ff").is_ok());
        for wrong in ["", "/a", "a//b", "a/../b", "a/b?c", "a/./b"] {
            assert!(image_path(wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(image_path("registry:5000/team/web:1@sha256:00").unwrap(), "registry:5000/team/web:1@sha256:00");
    }
}
