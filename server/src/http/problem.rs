//! Turning errors into problem details (RFC 9457) with a status.

use api::problem::PROBLEM_JSON;
use api::{FieldProblem, Language, Message, Problem};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::services::{EngineFault, Error};

const RETRY_DATABASE_SECS: u64 = 5;

/// A problem on its way out; the outermost layer puts it into the caller's language.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What is told.
    pub problem: Problem,
    /// When to try again.
    pub retry_after_secs: Option<u64>,
}

impl Failure {
    /// A problem of the kind `name`; its text is the catalogue's `problem.<name>.detail`.
    pub fn new(status: StatusCode, name: &str) -> Self {
        Self::with(status, name, Message::new(format!("problem.{name}.detail")))
    }

    /// A problem of the kind `name` with a text of its own.
    pub fn with(status: StatusCode, name: &str, message: Message) -> Self {
        Self { problem: Problem::new(status.as_u16(), name, message), retry_after_secs: None }
    }

    /// Wrong input, field by field.
    pub fn invalid(fields: Vec<FieldProblem>) -> Self {
        let mut failure = Self::new(StatusCode::BAD_REQUEST, "invalid");
        failure.problem = failure.problem.with_fields(fields);
        failure
    }

    fn retry_after(mut self, secs: u64) -> Self {
        self.retry_after_secs = Some(secs);
        self
    }

    /// The answer in a language.
    pub fn response(self, language: Language) -> Response {
        let status = StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self.problem.clone().localized(language)).unwrap_or_default();
        let mut response =
            (status, [(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON))], body).into_response();
        if let Some(secs) = self.retry_after_secs {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(secs));
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound { kind, name } => {
                let message = Message::new(format!("not-found.{kind}")).with("name", name);
                Self::with(StatusCode::NOT_FOUND, "not-found", message)
            }
            Error::Forbidden(message) => Self::with(StatusCode::FORBIDDEN, "forbidden", message),
            Error::Unauthenticated => Self::new(StatusCode::UNAUTHORIZED, "unauthenticated"),
            Error::WrongCredentials => Self::new(StatusCode::UNAUTHORIZED, "wrong-credentials"),
            Error::CodeNeeded => {
                Self::with(StatusCode::UNAUTHORIZED, "code-needed", Message::new("session.code-needed"))
            }
            Error::Untrusted(message) => Self::with(StatusCode::UNAUTHORIZED, "untrusted", message),
            Error::Invalid(fields) => Self::invalid(fields),
            Error::Conflict(message) => Self::with(StatusCode::CONFLICT, "conflict", message),
            Error::Busy { operation } => {
                let message = Message::new("problem.busy.detail").with("operation", operation);
                Self::with(StatusCode::CONFLICT, "busy", message)
            }
            Error::TooMany { retry_after_secs } => {
                let message = Message::new("problem.too-many.detail").with("seconds", retry_after_secs);
                Self::with(StatusCode::TOO_MANY_REQUESTS, "too-many", message).retry_after(retry_after_secs)
            }
            Error::Unavailable(message) => {
                Self::with(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message).retry_after(RETRY_DATABASE_SECS)
            }
            Error::NoSpace(message) => Self::with(StatusCode::INSUFFICIENT_STORAGE, "no-space", message),
            Error::Engine(error) => Self::with(engine_status(EngineFault::of(&error)), "engine", error.message()),
            error @ (Error::Database(_) | Error::Internal(_)) => {
                tracing::error!(%error, "a request failed by a fault of the server");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal")
            }
        }
    }
}

/// The status for what an engine said; what it could not say is a bad gateway.
const fn engine_status(fault: EngineFault) -> StatusCode {
    match fault {
        EngineFault::Missing => StatusCode::NOT_FOUND,
        EngineFault::Invalid => StatusCode::BAD_REQUEST,
        EngineFault::Other => StatusCode::BAD_GATEWAY,
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        self.response(Language::English)
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        Failure::from(self).into_response()
    }
}
