//! Carries the client's requests in the browser: `fetch`, with the session's cookie and the CSRF token.

use api::{
    Problem,
    client::{Body, Method, Request, Response, ResponseFuture, Transport},
};
use gloo_net::http::RequestBuilder;
use send_wrapper::SendWrapper;

use crate::browser;

const DEADLINE_MILLIS: u32 = 60_000;

/// `fetch`.
pub struct Fetch {
    /// What writes carry as `X-CSRF-Token`.
    pub csrf_token: String,
}

impl Transport for Fetch {
    fn send(&self, request: Request) -> ResponseFuture {
        let csrf_token = self.csrf_token.clone();
        Box::pin(SendWrapper::new(async move {
            let response = fetch(&csrf_token, request).await?;
            if response.status == 401 {
                browser::leave_for(&crate::paths::sign_in(&browser::current_address()));
            }
            Ok(response)
        }))
    }
}

async fn fetch(csrf_token: &str, request: Request) -> Result<Response, Problem> {
    let method = match request.method {
        Method::Get => http::Method::GET,
        Method::Post => http::Method::POST,
        Method::Put => http::Method::PUT,
        Method::Patch => http::Method::PATCH,
        Method::Delete => http::Method::DELETE,
    };
    let mut builder = RequestBuilder::new(&request.path)
        .credentials(web_sys::RequestCredentials::SameOrigin)
        .abort_signal(Some(&web_sys::AbortSignal::timeout_with_u32(DEADLINE_MILLIS)))
        .header("Accept", "application/json");
    if method != http::Method::GET {
        builder = builder.header("X-CSRF-Token", csrf_token);
    }
    builder = builder.method(method);
    let sent = match request.body {
        Some(body) => {
            builder.header("Content-Type", "application/json").body(body).map_err(Problem::unreachable)?.send()
        }
        None => builder.build().map_err(Problem::unreachable)?.send(),
    };
    let response = sent.await.map_err(Problem::unreachable)?;
    let body = response.binary().await.map_err(Problem::unreachable)?;
    Ok(Response { status: response.status(), body: Body::Bytes(body) })
}
