//! Asking identity providers who somebody is: OAuth 2.1's code flow with PKCE, OpenID Connect where they speak it.

mod claims;
mod discovery;
mod id_token;
mod user_api;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use api::provider::ProviderKind;
use oauth2::basic::{
    BasicErrorResponse, BasicErrorResponseType, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
    BasicTokenType,
};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet,
    ExtraTokenFields, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, Scope,
    StandardRevocableToken, StandardTokenResponse, TokenResponse as _, TokenUrl,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use url::Url;

use super::secret;
use crate::outbound::{self, Outbound};
use discovery::Known;

/// What a provider is asked with.
#[derive(Clone)]
pub struct Settings {
    /// How it says who somebody is.
    pub kind: ProviderKind,
    /// Exactly what it calls itself.
    pub issuer: String,
    /// What it calls us.
    pub client_id: String,
    /// What proves to it that it is us.
    pub client_secret: Option<String>,
    /// What is asked for besides `openid`.
    pub scopes: Vec<String>,
    /// Where the groups stand.
    pub groups_claim: Option<String>,
    /// Where it sends people back to.
    pub redirect: Url,
}

/// A sign-in that leaves for the provider.
pub struct Departure {
    /// Where the browser goes.
    pub location: Url,
    /// What it must bring back.
    pub state: String,
    /// What the token must repeat.
    pub nonce: String,
    /// What proves that who comes back is who went.
    pub verifier: String,
}

/// A sign-in that came back.
pub struct Arrival {
    /// What is exchanged for tokens.
    pub code: String,
    /// Who says that it comes from there.
    pub iss: Option<String>,
    /// What the token must repeat.
    pub nonce: String,
    /// What proves that who comes back is who went.
    pub verifier: String,
}

/// Who somebody is, as the provider tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The name that never changes.
    pub subject: String,
    /// The name for people.
    pub label: String,
    /// Names that an account here could have, the best first.
    pub usernames: Vec<String>,
    /// The groups.
    pub groups: Vec<String>,
    /// What gives new tokens.
    pub refresh_token: Option<String>,
}

/// Why it is not known who somebody is. The text is for people, and holds nothing that a provider sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The provider is not there, or not what it should be.
    #[error("{0}")]
    Unavailable(String),
    /// What came back belongs to no sign-in that was begun.
    #[error("{0}")]
    Foreign(String),
    /// What the provider says cannot be trusted.
    #[error("{0}")]
    Untrusted(String),
    /// The provider has ended what it gave.
    #[error("{0}")]
    Ended(String),
}

impl From<outbound::Error> for Fault {
    fn from(error: outbound::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<secret::NoRandomness> for Fault {
    fn from(error: secret::NoRandomness) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// The providers as they are known: what asks them, and what they said of themselves.
#[derive(Clone)]
pub struct Providers {
    outbound: Outbound,
    known: Arc<Mutex<HashMap<String, Arc<Known>>>>,
}

impl fmt::Debug for Providers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Providers").finish_non_exhaustive()
    }
}

/// The part of a token answer that OpenID Connect adds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Extra {
    #[serde(default)]
    id_token: Option<String>,
}

impl ExtraTokenFields for Extra {}

type Tokens = StandardTokenResponse<Extra, BasicTokenType>;
type Client = oauth2::Client<
    BasicErrorResponse,
    Tokens,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

impl Providers {
    /// The providers, of which none is known yet.
    pub fn new(outbound: Outbound) -> Self {
        Self { outbound, known: Arc::default() }
    }

    /// Whether an issuer's address may be asked at all.
    pub fn check(&self, issuer: &str) -> bool {
        let url = Url::parse(issuer).ok().filter(|url| url.query().is_none() && url.fragment().is_none());
        url.is_some_and(|url| self.outbound.check(&url).is_ok())
    }

    /// Forgets what a provider said of itself.
    pub fn forget(&self, issuer: &str) {
        self.lock().remove(issuer);
    }

    /// Begins a sign-in.
    pub async fn depart(&self, settings: &Settings) -> Result<Departure, Fault> {
        let known = self.known(settings).await?;
        let client = client(settings, &known)?;
        let (state, nonce) = (secret::random()?, secret::random()?);
        let verifier = PkceCodeVerifier::new(secret::random()?);
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&verifier);
        let sent = CsrfToken::new(state.clone());
        let scopes = settings.scopes.iter().filter(|scope| *scope != "openid").cloned().map(Scope::new);
        let mut request = client.authorize_url(|| sent).set_pkce_challenge(challenge).add_scopes(scopes);
        if settings.kind == ProviderKind::Oidc {
            request = request.add_scope(Scope::new("openid".to_owned())).add_extra_param("nonce", nonce.clone());
        }
        let (location, _) = request.url();
        Ok(Departure { location, state, nonce, verifier: verifier.into_secret() })
    }

    /// Finds out who came back.
    pub async fn arrive(&self, settings: &Settings, arrival: Arrival) -> Result<Person, Fault> {
        let known = self.known(settings).await?;
        match &arrival.iss {
            Some(iss) if *iss != settings.issuer => {
                return Err(Fault::Foreign("the answer is another provider's".to_owned()));
            }
            None if known.metadata.authorization_response_iss_parameter_supported => {
                return Err(Fault::Foreign("the answer does not say whose it is".to_owned()));
            }
            _ => {}
        }
        let client = client(settings, &known)?;
        let tokens = client
            .exchange_code(AuthorizationCode::new(arrival.code))
            .set_pkce_verifier(PkceCodeVerifier::new(arrival.verifier))
            .request_async(&self.outbound)
            .await
            .map_err(|error| exchange_fault(&error))?;
        self.person(settings, &known, &tokens, Some(&arrival.nonce)).await
    }

    /// Finds out who somebody is now, with what was given for that before.
    pub async fn refresh(&self, settings: &Settings, refresh_token: &str) -> Result<Person, Fault> {
        let known = self.known(settings).await?;
        let client = client(settings, &known)?;
        let given = RefreshToken::new(refresh_token.to_owned());
        let tokens = client
            .exchange_refresh_token(&given)
            .request_async(&self.outbound)
            .await
            .map_err(|error| exchange_fault(&error))?;
        let mut person = self.person(settings, &known, &tokens, None).await?;
        person.refresh_token.get_or_insert_with(|| refresh_token.to_owned());
        Ok(person)
    }

    async fn person(
        &self,
        settings: &Settings,
        known: &Known,
        tokens: &Tokens,
        nonce: Option<&str>,
    ) -> Result<Person, Fault> {
        let access_token = tokens.access_token().secret();
        let mut person = match settings.kind {
            ProviderKind::Oidc => {
                let mut told = match (&tokens.extra_fields().id_token, nonce) {
                    (Some(token), nonce) => self.verified(settings, known, token, nonce).await?,
                    (None, Some(_)) => return Err(Fault::Untrusted("there is no ID token".to_owned())),
                    // A refresh may leave it out; then the user info says who it is.
                    (None, None) => serde_json::Map::new(),
                };
                if let Some(address) = &known.metadata.userinfo_endpoint {
                    let info: claims::Claims = self.get(address, Some(access_token)).await?;
                    claims::merge(&mut told, info).map_err(Fault::Untrusted)?;
                }
                claims::person(&told, settings.groups_claim.as_deref()).map_err(Fault::Untrusted)?
            }
            ProviderKind::Github => user_api::github(self, settings, access_token).await?,
            ProviderKind::Gitee => user_api::gitee(self, settings, access_token).await?,
        };
        person.refresh_token = tokens.refresh_token().map(|token| token.secret().clone());
        Ok(person)
    }

    /// The claims of an ID token; keys that the provider changed are read again.
    async fn verified(
        &self,
        settings: &Settings,
        known: &Known,
        token: &str,
        nonce: Option<&str>,
    ) -> Result<claims::Claims, Fault> {
        match id_token::verify(settings, known, token, nonce) {
            Err(id_token::Wrong::UnknownKey) => {
                let Some(renewed) = self.renew_keys(settings, known).await? else {
                    return Err(id_token::Wrong::UnknownKey.into());
                };
                Ok(id_token::verify(settings, &renewed, token, nonce)?)
            }
            other => Ok(other?),
        }
    }

    /// Reads a JSON document.
    async fn get<T: DeserializeOwned>(&self, url: &Url, bearer: Option<&str>) -> Result<T, Fault> {
        let unusable = |why: &str| Fault::Unavailable(format!("{} {why}", url.host_str().unwrap_or_default()));
        let mut request = http::Request::get(url.as_str()).header(http::header::ACCEPT, "application/json");
        if let Some(bearer) = bearer {
            request = request.header(http::header::AUTHORIZATION, format!("Bearer {bearer}"));
        }
        let request = request.body(Vec::new()).map_err(|_| unusable("has an address that cannot be asked"))?;
        let answer = self.outbound.send(request).await?;
        if !answer.status().is_success() {
            return Err(unusable(&format!("answers {} at {}", answer.status().as_u16(), url.path())));
        }
        serde_json::from_slice(answer.body()).map_err(|_| unusable(&format!("sends no usable JSON at {}", url.path())))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Known>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn client(settings: &Settings, known: &Known) -> Result<Client, Fault> {
    let unusable = |_| Fault::Unavailable("the provider's addresses cannot be used".to_owned());
    let metadata = &known.metadata;
    let basic = metadata.token_endpoint_auth_methods_supported.as_ref();
    let basic = basic.is_none_or(|methods| methods.iter().any(|method| method == "client_secret_basic"));
    let mut client = oauth2::Client::new(ClientId::new(settings.client_id.clone()))
        .set_auth_uri(AuthUrl::new(metadata.authorization_endpoint.to_string()).map_err(unusable)?)
        .set_token_uri(TokenUrl::new(metadata.token_endpoint.to_string()).map_err(unusable)?)
        .set_redirect_uri(RedirectUrl::new(settings.redirect.to_string()).map_err(unusable)?)
        .set_auth_type(if basic { AuthType::BasicAuth } else { AuthType::RequestBody });
    if let Some(secret) = &settings.client_secret {
        client = client.set_client_secret(ClientSecret::new(secret.clone()));
    }
    Ok(client)
}

/// What providers answer to a refresh token where the person must come again, or may not (OpenID Connect Core 1.0,
/// section 3.1.2.6).
const ENDED: [&str; 5] =
    ["access_denied", "login_required", "interaction_required", "consent_required", "account_selection_required"];

fn exchange_fault(error: &RequestTokenError<outbound::Error, BasicErrorResponse>) -> Fault {
    match error {
        RequestTokenError::ServerResponse(response) => match response.error() {
            BasicErrorResponseType::InvalidGrant => {
                Fault::Ended("it does not accept the code or the token any more".to_owned())
            }
            BasicErrorResponseType::Extension(word) if ENDED.contains(&word.as_str()) => {
                Fault::Ended("it asks the person to sign in again".to_owned())
            }
            BasicErrorResponseType::InvalidClient | BasicErrorResponseType::UnauthorizedClient => {
                Fault::Unavailable("it does not accept the client id or the client secret".to_owned())
            }
            _ => Fault::Untrusted("it does not give a token".to_owned()),
        },
        RequestTokenError::Request(error) => error.clone().into(),
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            Fault::Untrusted("its token answer cannot be read".to_owned())
        }
    }
}
