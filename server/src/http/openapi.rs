//! The OpenAPI document: the routes describe themselves, this adds what holds for all of them.

use api::Problem;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, ResponseBuilder};
use utoipa::{Modify, OpenApi as _};

use crate::auth::COOKIE;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "Gantry", description = "The API that Gantry's console uses, and that scripts may use too."),
    components(schemas(Problem, api::container::ContainerAction, api::stats::Range)),
    security(("session" = []), ("token" = [])),
    modifiers(&Security)
)]
struct Document;

/// The document without any route.
pub fn base() -> OpenApi {
    Document::openapi()
}

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_with(Default::default);
        let cookie = ApiKeyValue::with_description(
            COOKIE,
            "A browser's session (`__Host-gantry` over https). Writes also need an `Origin` of the portal and the \
             `X-CSRF-Token` that `/api/v1/me` tells.",
        );
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
        let token = Http::builder()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("gantry_pat_… or gantry_rob_…")
            .description(Some("A personal access token, or the secret of a robot"))
            .build();
        components.add_security_scheme("token", SecurityScheme::Http(token));
    }
}

/// Adds the problems that every route can answer with.
pub fn describe_problems(document: &mut OpenApi) {
    for item in document.paths.paths.values_mut() {
        let operations =
            [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten();
        for operation in operations {
            describe(operation);
        }
    }
}

fn describe(operation: &mut Operation) {
    let problem = |text: &str| {
        let content = Content::builder().schema(Some(Ref::from_schema_name("Problem"))).build();
        RefOr::T(ResponseBuilder::new().description(text).content(api::problem::PROBLEM_JSON, content).build())
    };
    let mut known: Vec<(&str, &str)> = vec![
        ("401", "Nobody is signed in"),
        ("403", "Not allowed"),
        ("404", "There is no such object, or the caller must not know of it"),
        ("429", "Too many requests; `Retry-After` says when to try again"),
        ("503", "Something that is needed is not there now"),
        ("default", "Any other problem"),
    ];
    let has_parameters = operation.parameters.as_ref().is_some_and(|parameters| !parameters.is_empty());
    if has_parameters || operation.request_body.is_some() {
        known.push(("400", "The input is wrong; `fields` says where"));
        known.push((
            "409",
            "Something is in the way: a name is taken, an operation is under way, or a state forbids it",
        ));
    }
    if operation.responses.responses.contains_key("101") {
        known.push(("426", "No WebSocket was asked for, or not as one is"));
    }
    if operation.request_body.is_some() {
        known.push(("413", "The body is too large"));
        known.push(("415", "The body is no JSON"));
    }
    for (status, text) in known {
        operation.responses.responses.entry(status.to_owned()).or_insert_with(|| problem(text));
    }
}
