//! Passwords: argon2id with the parameters that OWASP recommends (19 MiB, two passes, one lane).

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

/// Two at once: 38 MiB at most, and a flood of sign-ins leaves a core to others.
const AT_ONCE: usize = 2;
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Hashes and checks passwords away from the threads that serve requests.
#[derive(Clone, Debug)]
pub struct Passwords {
    permits: Arc<Semaphore>,
    /// What is checked where there is no such account, so that an answer takes as long.
    decoy: Arc<str>,
}

/// Too many passwords are being checked, or the hash in the database is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Overloaded(pub String);

impl Passwords {
    /// Prepares the checker.
    pub fn new() -> Result<Self, Overloaded> {
        Ok(Self { permits: Arc::new(Semaphore::new(AT_ONCE)), decoy: hash_now("no account has this password")?.into() })
    }

    /// The hash to keep, as a PHC string.
    pub async fn hash(&self, password: String) -> Result<String, Overloaded> {
        self.run(move || hash_now(&password)).await?
    }

    /// Whether the password fits the hash. Without a hash the answer is no, after the same work.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, Overloaded> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.decoy.to_string());
        let fits = self.run(move || verify_now(&password, &hash)).await??;
        Ok(fits && known)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Overloaded> {
        let permit = tokio::time::timeout(LONGEST_WAIT, self.permits.clone().acquire_owned())
            .await
            .map_err(|_| Overloaded("too many passwords are being checked".to_owned()))?
            .map_err(|error| Overloaded(error.to_string()))?;
        let task = tokio::task::spawn_blocking(move || {
            let value = work();
            drop(permit);
            value
        });
        task.await.map_err(|error| Overloaded(error.to_string()))
    }
}

fn argon2() -> Result<Argon2<'static>, Overloaded> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(|error| Overloaded(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash_now(password: &str) -> Result<String, Overloaded> {
    let hash = argon2()?.hash_password(password.as_bytes()).map_err(|error| Overloaded(error.to_string()))?;
    Ok(hash.to_string())
}

fn verify_now(password: &str, hash: &str) -> Result<bool, Overloaded> {
    let hash = PasswordHash::new(hash).map_err(|error| Overloaded(format!("the kept hash is damaged: {error}")))?;
    Ok(argon2()?.verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_kept_as_argon2id_and_only_itself_fits() {
        let passwords = Passwords::new().unwrap();
        let hash = passwords.hash("correct horse battery".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.verify("correct horse battery".to_owned(), Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("correct horse batterz".to_owned(), Some(hash)).await.unwrap());
    }

    #[tokio::test]
    async fn without_an_account_no_password_fits_not_even_the_decoys() {
        let passwords = Passwords::new().unwrap();
        assert!(!passwords.verify("no account has this password".to_owned(), None).await.unwrap());
    }
}
