//! Answers: their deadline, and their language where they are problems.

use api::Language;
use axum::extract::{Request, State as FromState};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use super::super::cookie;
use super::super::problem::Failure;
use crate::services::State;

/// Where the console keeps the chosen language.
const LANGUAGE_COOKIE: &str = "gantry_language";

/// Answers 503 where an answer has not begun in time.
pub async fn deadline(FromState(state): FromState<State>, request: Request, next: Next) -> Response {
    let changes_nothing = [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE].contains(request.method());
    let answer = next.run(request);
    let answer =
        async { if changes_nothing { answer.await } else { to_its_end(&state.stopping.running, answer).await } };
    match tokio::time::timeout(state.config.http.request_timeout, answer).await {
        Ok(response) => response,
        Err(_) => Failure::new(StatusCode::SERVICE_UNAVAILABLE, "timeout").into_response(),
    }
}

/// Lets what was begun end, also where nobody waits for it any more: what is done is recorded, and goes on.
async fn to_its_end(tracker: &TaskTracker, answer: impl Future<Output = Response> + Send + 'static) -> Response {
    match tracker.spawn(answer.in_current_span()).await {
        Ok(response) => response,
        Err(ended) => match ended.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Failure::new(StatusCode::SERVICE_UNAVAILABLE, "timeout").into_response(),
        },
    }
}

/// Puts problems into the caller's language.
pub async fn speak(request: Request, next: Next) -> Response {
    let language = language(request.headers());
    let is_head = request.method() == axum::http::Method::HEAD;
    let response = next.run(request).await;
    if language == Language::English || is_head {
        return response;
    }
    let Some(failure) = response.extensions().get::<Failure>().cloned() else { return response };
    let mut spoken = failure.response(language);
    for (name, value) in response.headers() {
        if ![header::CONTENT_LENGTH, header::CONTENT_ENCODING, header::CONTENT_TYPE].contains(name) {
            spoken.headers_mut().insert(name, value.clone());
        }
    }
    spoken
}

/// The answer for a method that the address does not know.
pub async fn method_not_allowed() -> Failure {
    Failure::new(StatusCode::METHOD_NOT_ALLOWED, "method")
}

/// The language chosen in the console, else what the client asks for.
pub fn language(headers: &HeaderMap) -> Language {
    let chosen = cookie::get(headers, LANGUAGE_COOKIE);
    let asked = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    chosen.or(asked).map(Language::from_accept_language).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn what_changes_something_goes_on_when_nobody_waits_for_it() {
        let tracker = TaskTracker::new();
        let (go_on, told) = oneshot::channel::<()>();
        let (done, seen) = oneshot::channel();
        let answer = async move {
            let _ = told.await;
            let _ = done.send("recorded");
            StatusCode::NO_CONTENT.into_response()
        };
        let waiting = to_its_end(&tracker, answer);
        assert!(tokio::time::timeout(std::time::Duration::ZERO, waiting).await.is_err(), "it was given up");
        go_on.send(()).unwrap();
        assert_eq!(seen.await, Ok("recorded"));
    }
}
