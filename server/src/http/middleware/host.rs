//! The names this server answers to. A page of another site that points its own name at us (DNS rebinding) is refused.

use api::Message;
use axum::extract::{Request, State as FromState};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::super::problem::Failure;
use crate::config::HttpConfig;
use crate::services::State;

/// Asked by machines that know only an address; they tell nothing.
const OPEN_PATHS: [&str; 2] = ["/healthz", "/readyz"];
const LOOPBACK_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Refuses requests to names that are not ours.
pub async fn check(FromState(state): FromState<State>, request: Request, next: Next) -> Response {
    let host = requested(request.uri(), request.headers());
    let ours = host.as_deref().is_some_and(|host| is_ours(host, &state.config.http));
    if ours || OPEN_PATHS.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    let message = Message::new("problem.misdirected.detail")
        .with("host", host.unwrap_or_default().chars().take(100).collect::<String>())
        .with("public", &state.config.http.public_url);
    Failure::with(StatusCode::MISDIRECTED_REQUEST, "misdirected", message).into_response()
}

/// Whether `Origin` is the portal itself: the public address, or the very name this request was sent to (which
/// [`check`] has let pass).
pub fn allowed_origin(uri: &Uri, headers: &HeaderMap, http: &HttpConfig) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let (Some(origin), None) = (origins.next(), origins.next()) else { return false };
    let Ok(origin) = origin.to_str() else { return false };
    if origin.eq_ignore_ascii_case(&http.public_origin()) {
        return true;
    }
    let Some(host) = requested(uri, headers) else { return false };
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    authority.eq_ignore_ascii_case(&host)
        && (scheme == http.public_url.scheme() || (scheme == "http" && is_loopback(&host)))
}

/// The one name that the request was sent to; none where it names two.
fn requested(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let header = match (hosts.next(), hosts.next()) {
        (Some(host), None) => Some(host.to_str().ok()?.to_ascii_lowercase()),
        (None, _) => None,
        (Some(_), Some(_)) => return None,
    };
    let target = uri.authority().map(|authority| authority.as_str().to_ascii_lowercase());
    match (header, target) {
        (Some(header), Some(target)) => (header == target).then_some(header),
        (header, target) => header.or(target),
    }
}

fn is_ours(host: &str, http: &HttpConfig) -> bool {
    let public = http.public_url.host_str().unwrap_or_default();
    let public_port = http.public_url.port_or_known_default().unwrap_or(80);
    let (name, port) = split(host);
    let default_port = if http.is_secure() { 443 } else { 80 };
    let port = match port {
        Some(port) => port.parse().ok(),
        None => Some(default_port),
    };
    if name.eq_ignore_ascii_case(public) && port == Some(public_port) {
        return true;
    }
    if is_loopback(host) && (port == Some(http.listen.port()) || port == Some(public_port)) {
        return true;
    }
    http.allowed_hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(host))
}

fn is_loopback(host: &str) -> bool {
    LOOPBACK_NAMES.contains(&split(host).0)
}

/// The name, and the port where one is given.
fn split(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, Some(port)),
        _ => (host, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Sources};

    fn http(public: &str) -> HttpConfig {
        let variables = [("GANTRY_PUBLIC_URL", public), ("GANTRY_ALLOWED_HOSTS", "extra.example:81")];
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Config::load(&Sources { variables, ..Sources::default() }).unwrap().http
    }

    #[test]
    fn only_the_public_name_loopback_and_the_configured_ones_are_ours() {
        let http = http("https://gantry.example");
        for ours in [
            "gantry.example",
            "gantry.example:443",
            "localhost:8080",
            "127.0.0.1:8080",
            "[::1]:8080",
            "extra.example:81",
        ] {
            assert!(is_ours(ours, &http), "{ours}");
        }
        for foreign in [
            "evil.example",
            "gantry.example:444",
            "gantry.example.evil",
            "127.0.0.1:9",
            "127.0.0.1:x",
            "",
            "localhost:8080:1",
            "127.0.0.1.nip.io:8080",
            "extra.example",
        ] {
            assert!(!is_ours(foreign, &http), "{foreign}");
        }
    }

    #[test]
    fn an_origin_is_the_portal_or_it_is_foreign() {
        let http = http("https://gantry.example");
        let allowed = |host: &str, origin: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            headers.insert(header::ORIGIN, origin.parse().unwrap());
            allowed_origin(&Uri::from_static("/api/v1/session"), &headers, &http)
        };
        assert!(allowed("gantry.example", "https://gantry.example"));
        assert!(allowed("127.0.0.1:8080", "http://127.0.0.1:8080"));
        assert!(!allowed("gantry.example", "http://gantry.example"));
        assert!(!allowed("gantry.example", "https://gantry.example.evil"));
        assert!(!allowed("gantry.example", "null"));
        assert!(!allowed("127.0.0.1:8080", "http://127.0.0.1:9090"));
        assert!(!allowed_origin(&Uri::from_static("/"), &HeaderMap::new(), &http), "no Origin");
    }

    #[test]
    fn two_names_are_none() {
        let mut headers = HeaderMap::new();
        headers.append(header::HOST, "a".parse().unwrap());
        headers.append(header::HOST, "b".parse().unwrap());
        assert_eq!(requested(&Uri::from_static("/"), &headers), None);
        headers.remove(header::HOST);
        headers.append(header::HOST, "a".parse().unwrap());
        assert_eq!(requested(&Uri::from_static("http://b/"), &headers), None);
    }
}
