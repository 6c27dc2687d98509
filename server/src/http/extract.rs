//! Reading requests: like axum's extractors, with problems as rejections.

use api::{FieldProblem, Message};
use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::in_process;
use super::problem::Failure;
use crate::auth::Caller;
use crate::services::Error;

/// A JSON body: in, with unknown fields refused by the type and the wrong field named; out as `application/json`.
#[derive(Clone, Debug)]
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        if !is_json(&request) {
            return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type"));
        }
        let body = Bytes::from_request(request, state).await.map_err(body_failure)?;
        let mut deserializer = serde_json::Deserializer::from_slice(&body);
        let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
            let path = error.path().to_string();
            let inner = error.into_inner();
            let place = (u32::try_from(inner.line()).unwrap_or(0), u32::try_from(inner.column()).unwrap_or(0));
            invalid(if path == "." { "" } else { &path }, &inner.to_string()).at(place.0, place.1)
        });
        let value = value.map_err(|field| Failure::invalid(vec![field]))?;
        deserializer.end().map_err(|error| Failure::invalid(vec![invalid("", &error.to_string())]))?;
        Ok(Self(value))
    }
}

impl<T: serde::Serialize + Send + 'static> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        in_process::answer(self.0)
    }
}

/// The parameters in the path. What cannot be read names nothing: 404.
#[derive(Clone, Debug)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(PathRejection::FailedToDeserializePathParams(_)) => Err(route_missing(parts.uri.path())),
            Err(error) => Err(Error::Internal(error.to_string()).into()),
        }
    }
}

/// The query parameters. Unknown ones are refused where the type says so.
#[derive(Clone, Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        match axum::extract::Query::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(QueryRejection::FailedToDeserializeQueryString(error)) => {
                let text = error.to_string();
                let (field, cause) = text.split_once(": ").unwrap_or(("", &text));
                let field = if field.contains(' ') { "" } else { field };
                Err(Failure::invalid(vec![invalid(field, cause)]))
            }
            Err(error) => Err(Error::Internal(error.to_string()).into()),
        }
    }
}

/// The caller, where one is known; set by the middleware for every request.
#[derive(Clone, Debug)]
pub struct MaybeCaller(pub Option<Caller>);

impl<S: Send + Sync> FromRequestParts<S> for MaybeCaller {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.extensions.get::<Caller>().cloned()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        parts.extensions.get::<Self>().cloned().ok_or(Error::Unauthenticated)
    }
}

/// The answer for an address that names nothing.
pub fn route_missing(path: &str) -> Failure {
    Error::not_found("route", path).into()
}

fn is_json(request: &Request) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

fn body_failure(error: BytesRejection) -> Failure {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large"),
        _ => Failure::invalid(vec![invalid("", &error.body_text())]),
    }
}

fn invalid(field: &str, cause: &str) -> FieldProblem {
    FieldProblem::new(field, Message::new("invalid.json").with("cause", cause))
}
