//! How pages reach the API while they are rendered here: a call of the same router, with the caller already known.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use api::Problem;
use api::client::{self, Request, Response, ResponseFuture, Transport, Value};
use api::problem::PROBLEM_JSON;
use axum::Router;
use axum::body::Body;
use axum::http::{self, header};
use axum::response::IntoResponse as _;
use http_body_util::{BodyExt as _, Limited};
use tower::ServiceExt as _;

use super::middleware::ClientAddress;
use super::problem::Failure;
use crate::auth::Caller;

const DEADLINE: Duration = Duration::from_secs(15);
const LARGEST_ANSWER_BYTES: usize = 64 * 1024 * 1024;

tokio::task_local! {
    /// Set while a request of a page is answered.
    static IN_PROCESS: ();
}

/// A value on its way to the page that asked for it.
#[derive(Clone)]
struct Handed(Arc<Mutex<Option<Box<dyn Value>>>>);

/// The answer with a value: as JSON, or for a page that is being rendered here as it is.
pub fn answer<T: serde::Serialize + Send + 'static>(value: T) -> axum::response::Response {
    if IN_PROCESS.try_with(|()| ()).is_err() {
        return axum::Json(value).into_response();
    }
    let mut response = axum::response::Response::default();
    response.extensions_mut().insert(Handed(Arc::new(Mutex::new(Some(Box::new(value))))));
    response
}

/// Carries a page's requests to the API.
pub struct InProcess {
    /// The API's routes.
    pub api: Router,
    /// Who the page is for.
    pub caller: Option<Caller>,
    /// Where the page's own request came from.
    pub address: ClientAddress,
    /// The language of problems.
    pub language: api::Language,
}

impl Transport for InProcess {
    fn send(&self, request: Request) -> ResponseFuture {
        let mut call = http::Request::builder()
            .method(request.method.as_str())
            .uri(&request.path)
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/json")
            .extension(self.address);
        if let Some(caller) = &self.caller {
            call = call.extension(caller.clone());
        }
        let call = call.body(Body::from(request.body.unwrap_or_default()));
        let (api, language) = (self.api.clone(), self.language);
        Box::pin(async move {
            let call = call.map_err(Problem::unreachable)?;
            let answer = tokio::time::timeout(DEADLINE, IN_PROCESS.scope((), api.oneshot(call)))
                .await
                .map_err(Problem::unreachable)?;
            let mut answer = answer.unwrap_or_else(|never| match never {});
            if let Some(failure) = answer.extensions_mut().remove::<Failure>() {
                answer = failure.response(language);
            }
            let status = answer.status().as_u16();
            debug_assert!(
                status < 400 || answer.headers().get(header::CONTENT_TYPE).is_some_and(|it| it == PROBLEM_JSON)
            );
            let handed = answer.extensions_mut().remove::<Handed>();
            if let Some(value) =
                handed.and_then(|Handed(value)| value.lock().unwrap_or_else(PoisonError::into_inner).take())
            {
                return Ok(Response { status, body: client::Body::Value(value) });
            }
            let body = Limited::new(answer.into_body(), LARGEST_ANSWER_BYTES);
            let body = tokio::time::timeout(DEADLINE, body.collect()).await.map_err(Problem::unreachable)?;
            let body = body.map_err(Problem::unreachable)?.to_bytes().to_vec();
            Ok(Response { status, body: client::Body::Bytes(body) })
        })
    }
}
