//! What providers say of themselves, kept for a while.

use std::sync::Arc;
use std::time::{Duration, Instant};

use api::provider::ProviderKind;
use openidconnect::core::CoreJsonWebKeySet;
use serde::Deserialize;
use url::Url;

use super::{Fault, Providers, Settings};

/// How long what a provider said is believed.
const KEPT: Duration = Duration::from_mins(10);
/// How often at most unknown keys make us read a provider's keys again.
const KEYS_AGAIN: Duration = Duration::from_mins(1);

/// A provider's metadata (OpenID Connect Discovery 1.0, RFC 8414, RFC 9207), as far as it is used.
#[derive(Clone, Debug, Deserialize)]
pub struct Metadata {
    pub issuer: String,
    pub authorization_endpoint: Url,
    pub token_endpoint: Url,
    #[serde(default)]
    pub jwks_uri: Option<Url>,
    #[serde(default)]
    pub userinfo_endpoint: Option<Url>,
    #[serde(default)]
    pub id_token_signing_alg_values_supported: Option<Vec<String>>,
    #[serde(default)]
    pub code_challenge_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    pub token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

/// A provider as it is known.
#[derive(Debug)]
pub struct Known {
    pub metadata: Metadata,
    pub keys: CoreJsonWebKeySet,
    at: Instant,
    keys_again_at: Option<Instant>,
}

impl Providers {
    /// The provider as it is known, asked where that is too long ago.
    pub(super) async fn known(&self, settings: &Settings) -> Result<Arc<Known>, Fault> {
        let kept = self.lock().get(&settings.issuer).cloned();
        if let Some(known) = kept.filter(|known| known.at.elapsed() < KEPT) {
            return Ok(known);
        }
        let metadata = match settings.kind {
            ProviderKind::Oidc => self.discover(&settings.issuer).await?,
            ProviderKind::Github => plain(&settings.issuer, "login/oauth/authorize", "login/oauth/access_token")?,
            ProviderKind::Gitee => plain(&settings.issuer, "oauth/authorize", "oauth/token")?,
        };
        let keys = self.keys(&metadata).await?;
        Ok(self.keep(settings, Known { metadata, keys, at: Instant::now(), keys_again_at: None }))
    }

    /// The provider with its keys of now, unless they were read again a moment ago.
    pub(super) async fn renew_keys(&self, settings: &Settings, known: &Known) -> Result<Option<Arc<Known>>, Fault> {
        let now = Instant::now();
        {
            let mut all = self.lock();
            let Some(kept) = all.get(&settings.issuer) else { return Ok(None) };
            if kept.keys_again_at.is_some_and(|at| now.duration_since(at) < KEYS_AGAIN) {
                return Ok(None);
            }
            let marked = Known {
                metadata: kept.metadata.clone(),
                keys: kept.keys.clone(),
                at: kept.at,
                keys_again_at: Some(now),
            };
            all.insert(settings.issuer.clone(), Arc::new(marked));
        }
        let keys = self.keys(&known.metadata).await?;
        let metadata = known.metadata.clone();
        Ok(Some(self.keep(settings, Known { metadata, keys, at: known.at, keys_again_at: Some(now) })))
    }

    fn keep(&self, settings: &Settings, known: Known) -> Arc<Known> {
        let known = Arc::new(known);
        self.lock().insert(settings.issuer.clone(), Arc::clone(&known));
        known
    }

    async fn discover(&self, issuer: &str) -> Result<Metadata, Fault> {
        let unusable = |why: String| Fault::Unavailable(why);
        let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let address = Url::parse(&address).map_err(|_| unusable("the issuer is no address".to_owned()))?;
        let metadata: Metadata = self.get(&address, None).await?;
        if metadata.issuer != issuer {
            let named: String = metadata.issuer.chars().filter(|char| !char.is_control()).take(200).collect();
            return Err(unusable(format!("it calls itself {named}; write the issuer exactly so")));
        }
        if metadata.code_challenge_methods_supported.as_ref().is_some_and(|all| !all.iter().any(|one| one == "S256")) {
            return Err(unusable("it does not support PKCE with S256".to_owned()));
        }
        let others = metadata.userinfo_endpoint.iter().chain(&metadata.jwks_uri);
        for url in others.chain([&metadata.authorization_endpoint, &metadata.token_endpoint]) {
            self.outbound.check(url)?;
        }
        Ok(metadata)
    }

    async fn keys(&self, metadata: &Metadata) -> Result<CoreJsonWebKeySet, Fault> {
        match &metadata.jwks_uri {
            Some(address) => self.get(address, None).await,
            None => Ok(CoreJsonWebKeySet::new(Vec::new())),
        }
    }
}

/// What is known of providers that say nothing of themselves.
fn plain(issuer: &str, authorize: &str, token: &str) -> Result<Metadata, Fault> {
    let base = issuer.trim_end_matches('/');
    let address = |path: &str| {
        Url::parse(&format!("{base}/{path}")).map_err(|_| Fault::Unavailable("the issuer is no address".to_owned()))
    };
    Ok(Metadata {
        issuer: issuer.to_owned(),
        authorization_endpoint: address(authorize)?,
        token_endpoint: address(token)?,
        jwks_uri: None,
        userinfo_endpoint: None,
        id_token_signing_alg_values_supported: None,
        code_challenge_methods_supported: None,
        // Both take the secret in the body only.
        token_endpoint_auth_methods_supported: Some(vec!["client_secret_post".to_owned()]),
        authorization_response_iss_parameter_supported: false,
    })
}
