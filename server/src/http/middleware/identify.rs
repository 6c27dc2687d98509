//! Finding out who asks: a bearer token, else the session's cookie.

use axum::extract::{Request, State as FromState};
use axum::http::header;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower_sessions::Session;

use super::super::problem::Failure;
use super::ClientAddress;
use crate::auth::{self, Caller};
use crate::services::{self, Error, State};

/// Notes the caller in the request. A token that does not work is refused at once, also where no caller is needed.
pub async fn identify(FromState(state): FromState<State>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match find(&state, &parts).await {
        Ok(Some(caller)) => {
            parts.extensions.insert(caller);
        }
        Ok(None) => {}
        Err(error) => return Failure::from(error).into_response(),
    }
    next.run(Request::from_parts(parts, body)).await
}

async fn find(state: &State, parts: &Parts) -> Result<Option<Caller>, Error> {
    let address = match parts.extensions.get::<ClientAddress>() {
        Some(ClientAddress(address)) => *address,
        None => return Err(Error::Internal("the client's address is not known".to_owned())),
    };
    if let Some(header) = parts.headers.get(header::AUTHORIZATION) {
        let (scheme, token) =
            header.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(Error::Unauthenticated)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(Error::Unauthenticated);
        }
        let caller = services::session::identify_token(state, token.trim(), address).await?;
        return caller.map(Some).ok_or(Error::Unauthenticated);
    }
    let Some(session) = parts.extensions.get::<Session>() else { return Ok(None) };
    match auth::session::read(session).await.map_err(unreadable)? {
        Some(signed) => services::session::identify(state, signed, address).await,
        None => Ok(None),
    }
}

fn unreadable(error: String) -> Error {
    tracing::error!(error, "a session could not be read");
    Error::Unavailable(api::Message::new("unavailable.database"))
}
