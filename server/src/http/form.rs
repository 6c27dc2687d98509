//! Signing in, out, setting up and taking an invitation by plain forms, so that they work without JavaScript. Every
//! answer is a redirect; what was wrong stands in its `error` by name, for the page to say.

use api::client::Query;
use api::session::SignIn;
use api::setup::Setup;
use api::user::Invitation;
use axum::extract::State as FromState;
use axum::extract::rejection::FormRejection;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use axum::routing::post;
use axum::{Extension, Form, Router};
use serde::Deserialize;
use tower_sessions::Session;

use super::cookie;
use super::extract::MaybeCaller;
use super::middleware::{ClientAddress, origin};
use crate::auth::{self, Caller, secret};
use crate::services::session::Entrance;
use crate::services::{self, Error, State};

const LONGEST_NEXT: usize = 2_000;

/// `/auth/login`, `/auth/code`, `/auth/setup`, `/auth/invite` and `/auth/logout`.
pub fn routes() -> Router<State> {
    Router::new()
        .route("/auth/login", post(login))
        .route("/auth/code", post(code))
        .route("/auth/setup", post(setup))
        .route("/auth/invite", post(invite))
        .route("/auth/logout", post(logout))
}

#[derive(Deserialize)]
struct LoginForm {
    csrf_token: String,
    username: String,
    password: String,
    #[serde(default)]
    next: String,
}

async fn login(
    FromState(state): FromState<State>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    MaybeCaller(caller): MaybeCaller,
    session: Session,
    headers: HeaderMap,
    form: Result<Form<LoginForm>, FormRejection>,
) -> Response {
    let Ok(Form(form)) = form else { return back("/login", "form", &[]).into_response() };
    let again = [("next", form.next.as_str()), ("username", form.username.as_str())];
    if !token_fits(&state, caller.as_ref(), &headers, &form.csrf_token) {
        return back("/login", "form", &again).into_response();
    }
    let sign_in = SignIn { username: form.username.clone(), password: form.password, code: None };
    let entered = async {
        match services::session::authenticate(&state, sign_in, address).await? {
            Entrance::Open(user) => {
                auth::session::start(&session, user.id, origin(address, &headers)).await.map_err(Error::Internal)?;
                Ok::<_, Error>(None)
            }
            Entrance::Code(user) => Ok(Some(services::two_factor::wait_for_code(&state, &user).await?)),
        }
    };
    match entered.await {
        Ok(None) => Redirect::to(own_path(&form.next)).into_response(),
        Ok(Some(token)) => {
            let cookie = cookie::code(&token, state.config.http.is_secure());
            with_cookie(cookie, Redirect::to(&query("/login", &[("step", "code"), ("next", form.next.as_str())])))
        }
        Err(error) => back("/login", name(&error), &again).into_response(),
    }
}

#[derive(Deserialize)]
struct CodeForm {
    csrf_token: String,
    code: String,
    #[serde(default)]
    next: String,
}

async fn code(
    FromState(state): FromState<State>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    MaybeCaller(caller): MaybeCaller,
    session: Session,
    headers: HeaderMap,
    form: Result<Form<CodeForm>, FormRejection>,
) -> Response {
    let Ok(Form(form)) = form else { return back("/login", "form", &[]).into_response() };
    let again = [("step", "code"), ("next", form.next.as_str())];
    if !token_fits(&state, caller.as_ref(), &headers, &form.csrf_token) {
        return back("/login", "form", &again).into_response();
    }
    let secure = state.config.http.is_secure();
    let token = cookie::get(&headers, cookie::code_name(secure)).unwrap_or_default();
    let entered = async {
        let user = services::two_factor::complete(&state, token, &form.code, address).await?;
        auth::session::start(&session, user.id, origin(address, &headers)).await.map_err(Error::Internal)
    };
    match entered.await {
        Ok(()) => with_cookie(cookie::code_gone(secure), Redirect::to(own_path(&form.next))),
        Err(Error::Unauthenticated) => {
            with_cookie(cookie::code_gone(secure), back("/login", "code-ended", &again[1..]))
        }
        Err(Error::WrongCredentials) => back("/login", "code", &again).into_response(),
        Err(error) => back("/login", name(&error), &again).into_response(),
    }
}

fn with_cookie(cookie: Option<HeaderValue>, redirect: Redirect) -> Response {
    (AppendHeaders(cookie.map(|cookie| (header::SET_COOKIE, cookie))), redirect).into_response()
}

#[derive(Deserialize)]
struct SetupForm {
    csrf_token: String,
    token: String,
    username: String,
    password: String,
    password_confirm: String,
}

async fn setup(
    FromState(state): FromState<State>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    MaybeCaller(caller): MaybeCaller,
    session: Session,
    headers: HeaderMap,
    form: Result<Form<SetupForm>, FormRejection>,
) -> Redirect {
    let Ok(Form(form)) = form else { return back("/setup", "form", &[]) };
    let again = [("token", form.token.as_str()), ("username", form.username.as_str())];
    if !token_fits(&state, caller.as_ref(), &headers, &form.csrf_token) {
        return back("/setup", "form", &again);
    }
    if form.password != form.password_confirm {
        return back("/setup", "password.mismatch", &again);
    }
    let setup = Setup { token: form.token.clone(), username: form.username.clone(), password: form.password };
    let made = async {
        let user = services::setup::run(&state, setup, address).await?;
        auth::session::start(&session, user.id, origin(address, &headers)).await.map_err(Error::Internal)
    };
    match made.await {
        Ok(()) => Redirect::to("/"),
        Err(Error::NotFound { .. }) => Redirect::to("/login"),
        Err(error) => back("/setup", name(&error), &again),
    }
}

#[derive(Deserialize)]
struct InviteForm {
    csrf_token: String,
    token: String,
    password: String,
    password_confirm: String,
}

async fn invite(
    FromState(state): FromState<State>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    MaybeCaller(caller): MaybeCaller,
    session: Session,
    headers: HeaderMap,
    form: Result<Form<InviteForm>, FormRejection>,
) -> Redirect {
    let Ok(Form(form)) = form else { return back("/invite", "form", &[]) };
    let again = [("token", form.token.as_str())];
    if !token_fits(&state, caller.as_ref(), &headers, &form.csrf_token) {
        return back("/invite", "form", &again);
    }
    if form.password != form.password_confirm {
        return back("/invite", "password.mismatch", &again);
    }
    let invitation = Invitation { token: form.token.clone(), password: form.password };
    let taken = async {
        let user = services::user::use_link(&state, invitation, address).await?;
        if user.two_factor {
            return Ok::<_, Error>("/login");
        }
        auth::session::start(&session, user.id, origin(address, &headers)).await.map_err(Error::Internal)?;
        Ok("/")
    };
    match taken.await {
        Ok(next) => Redirect::to(next),
        Err(error) => back("/invite", name(&error), &again),
    }
}

#[derive(Deserialize)]
struct LogoutForm {
    csrf_token: String,
}

async fn logout(
    FromState(state): FromState<State>,
    MaybeCaller(caller): MaybeCaller,
    session: Session,
    headers: HeaderMap,
    form: Result<Form<LogoutForm>, FormRejection>,
) -> Redirect {
    let (Some(caller), Ok(Form(form))) = (caller, form) else { return Redirect::to("/login") };
    if !token_fits(&state, Some(&caller), &headers, &form.csrf_token) {
        return Redirect::to("/");
    }
    if let Err(error) = auth::session::end(&session).await {
        tracing::error!(error, "a session could not be ended");
        return back("/login", "unavailable", &[]);
    }
    services::session::ended(&state, &caller).await;
    Redirect::to("/login")
}

/// The field must repeat the session's token, or before sign-in the cookie that the page was sent with.
fn token_fits(state: &State, caller: Option<&Caller>, headers: &HeaderMap, given: &str) -> bool {
    let cookie = || cookie::get(headers, cookie::form_token_name(state.config.http.is_secure()));
    let known = caller.and_then(Caller::csrf_token).or_else(cookie);
    known.is_some_and(|known| !known.is_empty() && secret::equal(known, given))
}

fn back(page: &str, error: &str, again: &[(&str, &str)]) -> Redirect {
    Redirect::to(&query(page, &[&[("error", error)][..], again].concat()))
}

fn query(page: &str, fields: &[(&str, &str)]) -> String {
    let fields = fields.iter().filter(|(_, value)| !value.is_empty() && value.len() <= LONGEST_NEXT);
    let query = fields.fold(Query::new(), |query, (field, value)| query.with(field, value));
    format!("{page}?{}", query.as_str())
}

/// What the pages know the error by.
pub(super) fn name(error: &Error) -> &str {
    match error {
        Error::WrongCredentials => "credentials",
        Error::TooMany { .. } => "limited",
        Error::Forbidden(message) if message.key == "forbidden.password-off" => "password-off",
        Error::Forbidden(_) => "token",
        Error::Invalid(fields) => fields.first().map_or("form", |field| field.message.key.as_str()),
        error => {
            tracing::error!(%error, "a form could not be answered");
            "unavailable"
        }
    }
}

/// The path to go on to, if it cannot lead to another site; else the first page.
pub fn own_path(next: &str) -> &str {
    let own = next.starts_with('/')
        && !next.starts_with("//")
        && next.len() <= LONGEST_NEXT
        && next.is_ascii()
        && !next.contains(|c: char| c == '\\' || c.is_ascii_control() || c == ' ');
    if own { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn a_next_never_leaves_the_portal() {
        for own in ["/", "/apps/x?tab=logs", "/clusters/local/containers?q=a%20b"] {
            assert_eq!(own_path(own), own);
        }
        for foreign in [
            "",
            "https://evil",
            "//evil",
            "/\\evil",
            "javascript:alert(1)",
            "/\t/evil",
            "/\n/evil",
            "evil",
            "\\/evil",
            " //evil",
        ] {
            assert_eq!(own_path(foreign), "/", "{foreign:?}");
        }
    }
}
