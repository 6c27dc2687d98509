//! The second factor of an account: codes of an authenticator app, and recovery codes.

use serde::{Deserialize, Serialize};
use ulid::Ulid;

use crate::client::{Client, Method, Path};
use crate::problem::Problem;

/// Whether the caller's account asks for codes at sign-in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TwoFactor {
    /// Whether it does.
    pub enabled: bool,
    /// How many recovery codes were not used.
    pub recovery_codes_left: u64,
}

/// Proves with the password that the caller is who signed in.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CurrentPassword {
    /// The password of the account.
    pub password: String,
}

/// What an authenticator app needs. It is shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Enrolment {
    /// The secret in Base32, to type.
    pub secret: String,
    /// The same as an address that apps open.
    pub otpauth_url: String,
    /// The same to scan: an `<svg>` with a QR code.
    pub qr_svg: String,
}

/// Proves that the app has the secret.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OneTimeCode {
    /// The six digits that the app shows.
    pub code: String,
}

/// Codes that each stand in once for the app. They are shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecoveryCodes {
    /// The codes.
    pub recovery_codes: Vec<String>,
}

impl Client {
    /// Whether the caller's account asks for codes at sign-in.
    pub async fn two_factor(&self) -> Result<TwoFactor, Problem> {
        self.get(path(&[])).await
    }

    /// Gives the caller a secret for an app. Codes are asked for once one of them was confirmed.
    pub async fn begin_two_factor(&self, proof: &CurrentPassword) -> Result<Enrolment, Problem> {
        self.call(Method::Post, path(&[]), proof).await
    }

    /// Switches two-factor sign-in on. Every other session of the account ends.
    pub async fn confirm_two_factor(&self, code: &OneTimeCode) -> Result<RecoveryCodes, Problem> {
        self.call(Method::Post, path(&["confirm"]), code).await
    }

    /// Switches two-factor sign-in off.
    pub async fn delete_two_factor(&self, proof: &CurrentPassword) -> Result<(), Problem> {
        self.tell_with(Method::Delete, path(&[]), proof).await
    }

    /// New recovery codes; those before stop working.
    pub async fn create_recovery_codes(&self, proof: &CurrentPassword) -> Result<RecoveryCodes, Problem> {
        self.call(Method::Post, path(&["recovery-codes"]), proof).await
    }

    /// Switches two-factor sign-in off for somebody who lost the device. The sessions of the account end.
    pub async fn reset_two_factor(&self, user: Ulid) -> Result<(), Problem> {
        self.tell(Method::Delete, Path::new(&["users", &user.to_string(), "two-factor"])).await
    }
}

fn path(rest: &[&str]) -> Path {
    Path::new(&[&["me", "two-factor"][..], rest].concat())
}
