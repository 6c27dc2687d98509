//! The routes of OpenID Connect, and what GitHub and Gitee share with it.

use std::collections::HashMap;

use axum::Json;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::{CLIENT_ID, CLIENT_SECRET, Code, Script, Shared, changed, random};

/// How long a token is good for.
const TOKEN_SECS: i64 = 300;

type Fields = HashMap<String, String>;

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/.well-known/openid-configuration", get(metadata))
        .route("/keys", get(keys))
        .route("/authorize", get(authorize))
        .route("/token", post(token))
        .route("/userinfo", get(userinfo).post(userinfo))
}

async fn metadata(State(shared): State<Shared>) -> Json<Value> {
    Json(shared.lock().unwrap().metadata())
}

async fn keys(State(shared): State<Shared>) -> Json<Value> {
    Json(json!({"keys": shared.lock().unwrap().published}))
}

async fn authorize(State(shared): State<Shared>, Query(query): Query<Fields>) -> Response {
    let mut script = shared.lock().unwrap();
    let issuer = script.issuer.clone();
    script.authorize(query, Some(issuer))
}

async fn token(State(shared): State<Shared>, headers: HeaderMap, body: String) -> Response {
    let mut script = shared.lock().unwrap();
    match script.exchange(&headers, &body) {
        Ok(nonce) => {
            let mut answer = script.tokens();
            answer["id_token"] = script.id_token(nonce).into();
            changed(&script.cheat.token, &mut answer);
            Json(answer).into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, Json(json!({"error": error}))).into_response(),
    }
}

async fn userinfo(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let script = shared.lock().unwrap();
    if !script.is_known(bearer(&headers)) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let mut told = script.userinfo.clone();
    told["sub"] = script.person["sub"].clone();
    changed(&script.cheat.userinfo, &mut told);
    Json(told).into_response()
}

/// The token that a call carries in its head.
pub(super) fn bearer(headers: &HeaderMap) -> &str {
    let value = headers.get(header::AUTHORIZATION).map_or("", |value| value.to_str().unwrap());
    ["Bearer ", "bearer ", "token "].iter().find_map(|scheme| value.strip_prefix(scheme)).unwrap_or_default()
}

impl Script {
    /// Sends the browser back with a code, to the address that it named.
    pub(super) fn authorize(&mut self, query: Fields, issuer: Option<String>) -> Response {
        let field = |name: &str| query.get(name).cloned().unwrap_or_default();
        let wanted = [
            ("response_type", "code".to_owned()),
            ("client_id", CLIENT_ID.to_owned()),
            ("code_challenge_method", "S256".to_owned()),
        ];
        self.departures.push(query.clone());
        if let Some((name, _)) = wanted.iter().find(|(name, value)| field(name) != *value) {
            return (StatusCode::BAD_REQUEST, format!("{name} is wrong")).into_response();
        }
        let code = random();
        let known = Code {
            redirect_uri: field("redirect_uri"),
            challenge: field("code_challenge"),
            nonce: query.get("nonce").cloned(),
        };
        let mut parameters = json!({"code": code, "state": field("state")});
        if let Some(issuer) = issuer {
            parameters["iss"] = issuer.into();
        }
        changed(&self.cheat.callback, &mut parameters);
        let mut back = Url::parse(&known.redirect_uri).unwrap();
        let pairs = parameters.as_object().unwrap().iter();
        back.query_pairs_mut().extend_pairs(pairs.map(|(name, value)| (name, value.as_str().unwrap())));
        self.codes.insert(code, known);
        Redirect::to(back.as_str()).into_response()
    }

    /// Takes a code or a refresh token; gives the nonce, or why not.
    pub(super) fn exchange(&mut self, headers: &HeaderMap, body: &str) -> Result<Option<String>, &'static str> {
        let fields: Fields = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        self.exchanges.push(fields.clone());
        let field = |name: &str| fields.get(name).map_or("", String::as_str);
        let given = (field("client_id").to_owned(), field("client_secret").to_owned());
        if basic(headers).unwrap_or(given) != (CLIENT_ID.to_owned(), CLIENT_SECRET.to_owned()) {
            return Err("invalid_client");
        }
        // GitHub and Gitee take a code without being told what it is.
        match fields.get("grant_type").map_or("authorization_code", String::as_str) {
            "authorization_code" => {
                let code = self.codes.remove(field("code")).ok_or("invalid_grant")?;
                let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(field("code_verifier").as_bytes()));
                if code.redirect_uri != field("redirect_uri") || code.challenge != challenge {
                    return Err("invalid_grant");
                }
                Ok(code.nonce)
            }
            "refresh_token" if self.refresh_tokens.remove(field("refresh_token")) => Ok(None),
            "refresh_token" => Err("invalid_grant"),
            _ => Err("unsupported_grant_type"),
        }
    }

    /// New tokens for the portal.
    pub(super) fn tokens(&mut self) -> Value {
        let access_token = random();
        self.access_tokens.insert(access_token.clone());
        let mut answer = json!({"access_token": access_token, "token_type": "Bearer", "expires_in": TOKEN_SECS});
        if self.refreshes {
            let refresh_token = random();
            self.refresh_tokens.insert(refresh_token.clone());
            answer["refresh_token"] = refresh_token.into();
        }
        answer
    }

    /// Whether an access token was given.
    pub(super) fn is_known(&self, access_token: &str) -> bool {
        self.access_tokens.contains(access_token)
    }

    /// The token that says who it is.
    fn id_token(&self, nonce: Option<String>) -> String {
        let now = time::OffsetDateTime::now_utc().unix_timestamp();
        let mut claims = self.person.clone();
        claims["iss"] = self.issuer.clone().into();
        claims["aud"] = CLIENT_ID.into();
        claims["iat"] = now.into();
        claims["exp"] = (now + TOKEN_SECS).into();
        if let Some(nonce) = nonce {
            claims["nonce"] = nonce.into();
        }
        changed(&self.cheat.claims, &mut claims);
        let mut head = json!({"alg": "ES256", "typ": "JWT", "kid": self.key.kid});
        changed(&self.cheat.header, &mut head);
        let encoded = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let input = format!("{}.{}", encoded(&head), encoded(&claims));
        let signature = self.cheat.sign.as_ref().map_or_else(|| self.key.sign(&input), |sign| sign(&input));
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// The name and the secret in the head of a call, each as in a form.
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let encoded = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (name, secret) = text.split_once(':')?;
    let plain =
        |part: &str| percent_encoding::percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned();
    Some((plain(name), plain(secret)))
}
