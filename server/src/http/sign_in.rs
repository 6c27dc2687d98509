//! Leaving for an identity provider and coming back. What goes wrong is told by a page with the status that it deserves,
//! at an address that no page of the console has.

use api::{Language, Message};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State as FromState};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Extension, Router};
use serde::Deserialize;
use tower_sessions::Session;

use super::cookie;
use super::extract::{MaybeCaller, Path};
use super::form::own_path;
use super::middleware::{ClientAddress, language, origin};
use super::problem::Failure;
use crate::auth;
use crate::services::sign_in::{self, Begun, Landing, Purpose, Return};
use crate::services::{Error, State};

const POLICY: &str = "default-src 'self'; script-src 'none'; object-src 'none'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

/// `/auth/providers/{slug}/start` and `…/callback`.
pub fn routes() -> Router<State> {
    Router::new()
        .route("/auth/providers/{provider}/start", get(start))
        .route("/auth/providers/{provider}/callback", get(callback))
}

#[derive(Deserialize)]
struct Start {
    #[serde(default)]
    next: String,
}

async fn start(
    FromState(state): FromState<State>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    Path(provider): Path<String>,
    headers: HeaderMap,
    query: Result<Query<Start>, QueryRejection>,
) -> Response {
    // Only somebody who goes there begins; a picture on another site must not use up what a whole office may try.
    if headers.get("sec-fetch-dest").is_some_and(|dest| dest != "document") {
        return page(&headers, Error::not_found("provider", provider));
    }
    let next = query.map(|Query(start)| start.next).unwrap_or_default();
    let begun = async {
        let provider = sign_in::enabled(&state, &provider).await?;
        sign_in::begin(&state, &provider, Purpose::SignIn(address), own_path(&next)).await
    };
    match begun.await {
        Ok(begun) => leave(&state, &begun),
        Err(error) => page(&headers, error),
    }
}

fn leave(state: &State, begun: &Begun) -> Response {
    let cookie = cookie::sign_in(&begun.binding, state.config.http.is_secure());
    let cookie = AppendHeaders(cookie.map(|cookie| (header::SET_COOKIE, cookie)));
    (cookie, Redirect::to(begun.location.as_str())).into_response()
}

#[derive(Default, Deserialize)]
struct Callback {
    state: Option<String>,
    code: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

async fn callback(
    FromState(state): FromState<State>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    MaybeCaller(caller): MaybeCaller,
    Path(provider): Path<String>,
    session: Session,
    headers: HeaderMap,
    query: Result<Query<Callback>, QueryRejection>,
) -> Response {
    let secure = state.config.http.is_secure();
    let Callback { state: sent, code, iss, error } = query.map(|Query(callback)| callback).unwrap_or_default();
    let binding = cookie::get(&headers, cookie::sign_in_name(secure)).map(str::to_owned);
    let brought = Return { state: sent, code, iss, error, binding };
    let landed = async {
        match sign_in::complete(&state, &provider, caller.as_ref(), brought, address).await? {
            Landing::SignedIn { user, identity, next } => {
                let origin = auth::session::Origin { identity: Some(identity), ..origin(address, &headers) };
                auth::session::start(&session, user, origin).await.map_err(Error::Internal)?;
                Ok(next)
            }
            Landing::Back(next) => Ok(next),
        }
    };
    match landed.await {
        Ok(next) => {
            let gone = AppendHeaders(cookie::sign_in_gone(secure).map(|cookie| (header::SET_COOKIE, cookie)));
            (gone, Redirect::to(own_path(&next))).into_response()
        }
        Err(error) => page(&headers, error),
    }
}

/// What went wrong, why, and the way back.
fn page(headers: &HeaderMap, error: Error) -> Response {
    let message = match &error {
        Error::Invalid(fields) => fields.first().map(|field| field.message.clone()),
        _ => None,
    };
    let failure = Failure::from(error);
    let status = StatusCode::from_u16(failure.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let language = language(headers);
    let detail = message.map_or_else(|| failure.problem.clone().localized(language).detail, |it| it.text(language));
    let mut response = (status, Html(html(language, &detail))).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    if let Some(secs) = failure.retry_after_secs {
        headers.insert(HeaderName::from_static("retry-after"), HeaderValue::from(secs));
    }
    response
}

fn html(language: Language, detail: &str) -> String {
    let text = |key: &str| escaped(&Message::new(key).text(language));
    format!(
        r#"<!DOCTYPE html>
<html lang="{tag}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Gantry</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/pkg/gantry.css">
</head>
<body>
<div class="gate"><main class="gate__main"><div class="gate__card">
<h1>{title}</h1>
<div class="notice notice--bad" role="alert"><p class="notice__body">{detail}</p></div>
<a class="button button--primary button--wide" href="/login">{back}</a>
</div></main></div>
</body>
</html>
"#,
        tag = language.tag(),
        title = text("sign-in.title"),
        detail = escaped(detail),
        back = text("sign-in.back"),
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
