//! Recording who was refused what, where it would have changed something.

use api::name::check_name;
use axum::extract::{MatchedPath, Request, State as FromState};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use super::super::problem::Failure;
use crate::auth::Caller;
use crate::services::{State, refusal};

/// Records a 403 to somebody known, unless a service did.
pub async fn record(FromState(state): FromState<State>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let changes_nothing = [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE].contains(&method);
    let caller = request.extensions().get::<Caller>().filter(|_| !changes_nothing).cloned();
    let Some(caller) = caller else { return next.run(request).await };
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str).to_owned();
    let path = request.uri().path().to_owned();
    let (response, is_recorded) = refusal::watch(next.run(request)).await;
    if is_recorded || response.status() != StatusCode::FORBIDDEN {
        return response;
    }
    let why = response.extensions().get::<Failure>().and_then(|failure| failure.problem.message.clone());
    let detail = format!("path={path} reason={}", why.map(|message| message.key).unwrap_or_default());
    // Nobody writes into the log of a project that is not theirs.
    let project = project(&route, &path).filter(|name| check_name(name).is_ok() && caller.sees(name));
    refusal::record(&state, &caller, project, &format!("{method} {route}"), &detail).await;
    response
}

/// What stands in a path at the place of a project.
fn project<'a>(route: &str, path: &'a str) -> Option<&'a str> {
    route.split('/').zip(path.split('/')).find_map(|(name, value)| (name == "{project}").then_some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_found_where_the_route_has_one() {
        assert_eq!(project("/api/v1/projects/{project}/apps", "/api/v1/projects/shop/apps"), Some("shop"));
        assert_eq!(project("/api/v1/teams/{team}", "/api/v1/teams/shop"), None);
        assert_eq!(project("", "/api/v1/projects/shop"), None);
    }
}
