//! The pages of the console and the files they load.

use std::convert::Infallible;
use std::sync::Arc;

use api::client::{Client, Query};
use app::{Aside, Boot, PageStatus, RenderedRows, Theme};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State as FromState};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use bytes::Bytes;
use leptos::config::LeptosOptions;
use leptos::nonce::Nonce;
use leptos::prelude::{provide_context, use_context};
use leptos_axum::{LeptosRoutes, ResponseOptions, generate_route_list};
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;

use super::in_process::InProcess;
use super::middleware::{ClientAddress, language};
use super::{cookie, form};
use crate::auth::{Caller, secret};
use crate::services::{self, State};

const LOGIN: &str = "/login";
const SETUP: &str = "/setup";
const INVITE: &str = "/invite";
const THEME_COOKIE: &str = "gantry_theme";
/// The mark of the announcement that somebody has put away.
const ANNOUNCEMENT_COOKIE: &str = "gantry_announcement";
/// Most files keep their names when they change: browsers ask each time, and mostly hear 304.
const FILE_CACHING: HeaderValue = HeaderValue::from_static("no-cache");

/// The files where there is one of that name, else the pages, which call `api`.
pub fn routes(state: &State, api: Router) -> Router {
    let http = &state.config.http;
    let site = &http.site_dir;
    let options = LeptosOptions::builder()
        .output_name("gantry")
        .site_root(site.to_string_lossy().into_owned())
        .site_addr(http.listen)
        .build();
    let shell = {
        let options = options.clone();
        move || app::shell(options.clone())
    };
    let rows = RenderedRows::default();
    let context = move || {
        provide_context(rows.clone());
        provide_page_context(&api);
    };
    let pages = Router::new()
        .leptos_routes_with_context(&options, generate_route_list(app::App), context, shell)
        .with_state(options)
        .layer(from_fn_with_state(state.clone(), prepare));
    let files = ServeDir::new(site)
        .append_index_html_on_directories(false)
        .precompressed_br()
        .precompressed_gzip()
        .fallback(pages);
    Router::new()
        .fallback_service(files)
        .layer(SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, file_caching))
        .layer(axum::middleware::from_fn(hide_dot_files))
}

/// What the page is for; made before rendering, because rendering cannot wait.
#[derive(Clone)]
struct Page {
    boot: Boot,
    caller: Option<Caller>,
    address: ClientAddress,
    aside: Aside,
}

/// Sends strangers to the sign-in, and finds out what the page needs to know.
async fn prepare(FromState(state): FromState<State>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let caller = parts.extensions.get::<Caller>().cloned();
    let path = parts.uri.path();
    let is_gate = path == LOGIN || path == SETUP || path == INVITE;
    if caller.is_none() && !is_gate {
        return to_login(&parts);
    }
    if caller.is_some() && path == LOGIN {
        return Redirect::to(&next_of(&parts)).into_response();
    }
    if path == INVITE
        && let Some(token) = parameter(&parts, "token")
        && parameter(&parts, "error").is_none()
    {
        match services::user::check_link(&state, &token).await {
            Ok(_) => {}
            Err(error @ services::Error::Forbidden(_)) => {
                return Redirect::to(&format!("{INVITE}?error={}", form::name(&error))).into_response();
            }
            Err(error) => return broken(&error),
        }
    }
    let Some(address) = parts.extensions.get::<ClientAddress>().copied() else { return broken(&"no address") };
    let secure = state.config.http.is_secure();
    let mut new_token = None;
    let csrf_token = match caller.as_ref().map(Caller::csrf_token) {
        Some(token) => token.unwrap_or_default().to_owned(),
        None => match cookie::get(&parts.headers, cookie::form_token_name(secure)) {
            Some(token) if token.len() >= 43 => token.to_owned(),
            _ => match secret::random() {
                Ok(token) => {
                    new_token = cookie::form_token(&token, secure);
                    token
                }
                Err(error) => return broken(&error),
            },
        },
    };
    let known = async {
        let me = match &caller {
            Some(caller) => Some(services::user::me(&state, caller).await?),
            None => None,
        };
        let setup_pending = is_gate && services::setup::is_open(&state).await?;
        let providers = services::provider::choices(&state).await?;
        let settings = services::portal::shown(&state).await?;
        Ok::<_, services::Error>((me, setup_pending, providers, settings))
    };
    let (me, setup_pending, providers, settings) = match known.await {
        Ok(known) => known,
        Err(error) => return broken(&error),
    };
    let is_setup_over = path == SETUP && !setup_pending;
    // Before anything of the page is read.
    let position = services::watch::position(&state);
    let theme = Theme::from_cookie(cookie::get(&parts.headers, THEME_COOKIE));
    let put_away = cookie::get(&parts.headers, ANNOUNCEMENT_COOKIE);
    let boot = Boot {
        csrf_token,
        language: language(&parts.headers),
        theme,
        me,
        setup_pending,
        position,
        providers,
        announcement: settings.announcement.filter(|it| !it.is_put_away(put_away)),
        password_sign_in: settings.password_sign_in,
    };
    let aside = match secret::random() {
        Ok(secret) => Aside::new(&secret),
        Err(error) => return broken(&error),
    };
    parts.extensions.insert(Page { boot, caller, address, aside: aside.clone() });
    let aside = Cleared(aside);
    let mut response = match assembled(next.run(Request::from_parts(parts, body)).await, &aside.0).await {
        Ok(response) => response,
        Err(error) => return broken(&error),
    };
    if is_setup_over {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(cookie) = new_token {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Lets go of what was kept beside a page, also where nobody waits for the page any more.
struct Cleared(Aside);

impl Drop for Cleared {
    fn drop(&mut self) {
        self.0.clear();
    }
}

/// Puts what was kept beside the page into it.
async fn assembled(response: Response, aside: &Aside) -> Result<Response, axum::Error> {
    let (mut parts, body) = response.into_parts();
    let page = to_bytes(body, usize::MAX).await?;
    if page.is_empty() {
        return Ok(Response::from_parts(parts, Body::empty()));
    }
    let pieces = aside.assemble(&page);
    parts.headers.insert(header::CONTENT_LENGTH, pieces.iter().map(Bytes::len).sum::<usize>().into());
    let pieces = pieces.into_iter().map(Ok::<_, Infallible>);
    Ok(Response::from_parts(parts, Body::from_stream(futures::stream::iter(pieces))))
}

fn to_login(parts: &Parts) -> Response {
    let asked = parts.uri.path_and_query().map_or("/", |asked| asked.as_str());
    let next = form::own_path(asked);
    if next == "/" {
        return Redirect::to(LOGIN).into_response();
    }
    Redirect::to(&format!("{LOGIN}?{}", Query::new().with("next", next).as_str())).into_response()
}

fn next_of(parts: &Parts) -> String {
    parameter(parts, "next").map_or_else(|| "/".to_owned(), |next| form::own_path(&next).to_owned())
}

fn parameter(parts: &Parts, name: &str) -> Option<String> {
    let query = parts.uri.query().unwrap_or_default();
    let found = url::form_urlencoded::parse(query.as_bytes()).find(|(known, _)| known == name);
    found.map(|(_, value)| value.into_owned())
}

/// A page that cannot be made at all says so without any page.
fn broken(error: &dyn std::fmt::Display) -> Response {
    tracing::error!(%error, "a page could not be prepared");
    super::problem::Failure::from(services::Error::Unavailable(api::Message::new("unavailable.database")))
        .into_response()
}

/// Gives the page its client, its boot and its security policy.
fn provide_page_context(api: &Router) {
    let Some(page) = use_context::<Parts>().and_then(|parts| parts.extensions.get::<Page>().cloned()) else { return };
    let Page { boot, caller, address, aside } = page;
    let transport = InProcess { api: api.clone(), caller, address, language: boot.language };
    provide_context(Client::new(transport));
    provide_context(aside);
    provide_context(boot);
    if let Some(response) = use_context::<ResponseOptions>() {
        set_content_security_policy(&response);
        provide_context(PageStatus(Arc::new(move |status| {
            if let Ok(status) = StatusCode::from_u16(status) {
                response.set_status(status);
            }
        })));
    }
}

/// Allows the scripts that this response's nonce marks, WebAssembly, and what this server serves; nothing else.
fn set_content_security_policy(response: &ResponseOptions) {
    let Some(nonce) = use_context::<Nonce>() else { return };
    // `cargo xtask dev` makes Leptos add its reload script, which listens on a port of its own.
    let reload = if std::env::var_os("LEPTOS_WATCH").is_some() { " ws://127.0.0.1:3001" } else { "" };
    let policy = format!(
        "default-src 'self'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self' 'nonce-{nonce}'; \
         connect-src 'self'{reload}; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
}

fn file_caching(response: &Response) -> Option<HeaderValue> {
    (response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED).then_some(FILE_CACHING)
}

/// The build keeps notes in hidden files beside the site's.
async fn hide_dot_files(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if path.split('/').any(|part| part.starts_with('.') || part.to_ascii_lowercase().starts_with("%2e")) {
        return super::extract::route_missing(path).into_response();
    }
    next.run(request).await
}
