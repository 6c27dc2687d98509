//! Whether an ID token can be trusted (OpenID Connect Core 1.0, section 3.1.3.7; RFC 9700).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{TimeDelta, Utc};
use openidconnect::core::{CoreIdToken, CoreIdTokenVerifier, CoreJwsSigningAlgorithm as Algorithm};
use openidconnect::{ClaimsVerificationError, ClientId, IssuerUrl, Nonce, NonceVerifier, SignatureVerificationError};

use super::claims::Claims;
use super::discovery::Known;
use super::{Fault, Settings};

/// How far clocks may differ.
const SKEW: TimeDelta = TimeDelta::seconds(60);
/// What a token may be signed with: never with a secret that both sides know, never with nothing.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RsaSsaPkcs1V15Sha256,
    Algorithm::RsaSsaPkcs1V15Sha384,
    Algorithm::RsaSsaPkcs1V15Sha512,
    Algorithm::RsaSsaPssSha256,
    Algorithm::RsaSsaPssSha384,
    Algorithm::RsaSsaPssSha512,
    Algorithm::EcdsaP256Sha256,
    Algorithm::EcdsaP384Sha384,
    Algorithm::EdDsa,
];

/// What is wrong with a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It is signed with a key that is not known.
    UnknownKey,
    /// It belongs to no sign-in that was begun.
    Nonce,
    /// Anything else.
    Other(&'static str),
}

impl From<Wrong> for Fault {
    fn from(wrong: Wrong) -> Self {
        match wrong {
            Wrong::UnknownKey => Self::Untrusted("the ID token is signed with an unknown key".to_owned()),
            Wrong::Nonce => Self::Foreign("the ID token belongs to another sign-in".to_owned()),
            Wrong::Other(why) => Self::Untrusted(why.to_owned()),
        }
    }
}

/// A nonce that must be there; after a refresh there is none to compare with.
struct Expected<'a>(Option<&'a str>);

impl NonceVerifier for Expected<'_> {
    fn verify(self, nonce: Option<&Nonce>) -> Result<(), String> {
        match self.0 {
            Some(expected) if nonce.is_none_or(|nonce| nonce.secret() != expected) => Err("nonce".to_owned()),
            _ => Ok(()),
        }
    }
}

/// The claims of a token that can be trusted.
pub fn verify(settings: &Settings, known: &Known, token: &str, nonce: Option<&str>) -> Result<Claims, Wrong> {
    let unreadable = Wrong::Other("the ID token cannot be read");
    let issuer = IssuerUrl::new(settings.issuer.clone()).map_err(|_| unreadable.clone())?;
    let client_id = ClientId::new(settings.client_id.clone());
    let promised = known.metadata.id_token_signing_alg_values_supported.as_ref();
    let allowed = ALGORITHMS.into_iter().filter(|algorithm| {
        let name = serde_json::to_value(algorithm).unwrap_or_default();
        promised.is_none_or(|promised| promised.iter().any(|one| name == one.as_str()))
    });
    let verifier = CoreIdTokenVerifier::new_public_client(client_id, issuer, known.keys.clone())
        .set_allowed_algs(allowed)
        .set_time_fn(|| Utc::now() - SKEW)
        .set_issue_time_verifier_fn(|issued| {
            if issued <= Utc::now() + SKEW { Ok(()) } else { Err("issued in the future".to_owned()) }
        });
    let parsed: CoreIdToken = token.parse().map_err(|_| unreadable.clone())?;
    parsed.claims(&verifier, Expected(nonce)).map_err(|error| wrong(&error))?;
    // The signature holds for this very text; everything that it says is read from it.
    let payload = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok()).unwrap_or_default();
    let claims: Claims = serde_json::from_slice(&payload).map_err(|_| unreadable)?;
    if claims.get("azp").is_some_and(|azp| azp.as_str() != Some(&settings.client_id)) {
        return Err(Wrong::Other("the ID token was made for another client"));
    }
    let not_before = claims.get("nbf").map(|nbf| nbf.as_f64().unwrap_or(f64::INFINITY));
    #[allow(clippy::cast_precision_loss)] // seconds since 1970 fit
    if not_before.is_some_and(|nbf| nbf > (Utc::now() + SKEW).timestamp() as f64) {
        return Err(Wrong::Other("the ID token is not valid yet"));
    }
    Ok(claims)
}

fn wrong(error: &ClaimsVerificationError) -> Wrong {
    match error {
        ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey) => Wrong::UnknownKey,
        ClaimsVerificationError::SignatureVerification(_) => Wrong::Other("the ID token is not signed as it should be"),
        ClaimsVerificationError::InvalidNonce(_) => Wrong::Nonce,
        ClaimsVerificationError::Expired(_) => Wrong::Other("the ID token is too old, or from the future"),
        ClaimsVerificationError::InvalidIssuer(_) => Wrong::Other("the ID token is another issuer's"),
        ClaimsVerificationError::InvalidAudience(_) => Wrong::Other("the ID token was made for another client"),
        _ => Wrong::Other("the ID token cannot be trusted"),
    }
}
