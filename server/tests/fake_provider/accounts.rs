//! The routes of GitHub (a server of one's own) and of Gitee.

use std::collections::HashMap;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::openid::bearer;
use super::{Script, Shared};

type Fields = HashMap<String, String>;

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/login/oauth/authorize", get(authorize))
        .route("/login/oauth/access_token", post(github_token))
        .route("/api/v3/user", get(github_user))
        .route("/api/v3/user/orgs", get(github_organisations))
        .route("/api/v3/user/teams", get(github_teams))
        .route("/oauth/authorize", get(authorize))
        .route("/oauth/token", post(gitee_token))
        .route("/api/v5/user", get(gitee_user))
        .route("/api/v5/user/orgs", get(gitee_organisations))
}

async fn authorize(State(shared): State<Shared>, Query(query): Query<Fields>) -> Response {
    shared.lock().unwrap().authorize(query, None)
}

/// GitHub answers a form unless it is asked for JSON, and tells errors with a status of success.
async fn github_token(State(shared): State<Shared>, headers: HeaderMap, body: String) -> Response {
    let mut script = shared.lock().unwrap();
    let answer = match script.exchange(&headers, &body) {
        Ok(_) => script.tokens(),
        Err(error) => json!({"error": error, "error_description": "The code passed is incorrect or expired."}),
    };
    if headers.get(header::ACCEPT).is_some_and(|accept| accept.to_str().unwrap().contains("application/json")) {
        return Json(answer).into_response();
    }
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in answer.as_object().unwrap() {
        form.append_pair(name, value.as_str().unwrap_or_default());
    }
    ([(header::CONTENT_TYPE, "application/x-www-form-urlencoded")], form.finish()).into_response()
}

async fn gitee_token(State(shared): State<Shared>, headers: HeaderMap, body: String) -> Response {
    let mut script = shared.lock().unwrap();
    match script.exchange(&headers, &body) {
        Ok(_) => Json(script.tokens()).into_response(),
        Err(error) => (StatusCode::UNAUTHORIZED, Json(json!({"error": error}))).into_response(),
    }
}

async fn github_user(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    github(&shared, &headers, |script| &script.account)
}

async fn github_organisations(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    github(&shared, &headers, |script| &script.organisations)
}

async fn github_teams(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    github(&shared, &headers, |script| &script.teams)
}

/// GitHub talks to nobody who does not say who it is.
fn github(shared: &Shared, headers: &HeaderMap, part: impl Fn(&Script) -> &Value) -> Response {
    let script = shared.lock().unwrap();
    if !headers.contains_key(header::USER_AGENT) {
        return StatusCode::FORBIDDEN.into_response();
    }
    if !script.is_known(bearer(headers)) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    Json(part(&script).clone()).into_response()
}

async fn gitee_user(state: State<Shared>, query: Query<Fields>, headers: HeaderMap) -> Response {
    gitee(state, query, &headers, |script| &script.account)
}

async fn gitee_organisations(state: State<Shared>, query: Query<Fields>, headers: HeaderMap) -> Response {
    gitee(state, query, &headers, |script| &script.organisations)
}

/// Gitee takes the token in the head or in the address.
fn gitee(
    State(shared): State<Shared>,
    Query(query): Query<Fields>,
    headers: &HeaderMap,
    part: impl Fn(&Script) -> &Value,
) -> Response {
    let script = shared.lock().unwrap();
    let token = query.get("access_token").map_or_else(|| bearer(headers), String::as_str);
    if !script.is_known(token) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    Json(part(&script).clone()).into_response()
}
