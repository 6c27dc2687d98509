//! The second factor of an account: codes of an authenticator app, and recovery codes.

use std::net::IpAddr;

use api::token::Scope;
use api::two_factor::{CurrentPassword, Enrolment, OneTimeCode, RecoveryCodes, TwoFactor};
use api::user::{User, UserState};
use api::{Message, Ulid};
use time::Duration;

use super::audit::{Actor, Outcome, audit};
use super::sign_in::session_key;
use super::user::{find, verify_password};
use super::{Error, State};
use crate::auth::totp::{self, Code};
use crate::auth::{Caller, secret};
use crate::db;

/// How long somebody may look for the code.
const PENDING: Duration = Duration::minutes(5);

/// Whether the caller's account asks for codes at sign-in.
pub async fn get(state: &State, caller: &Caller) -> Result<TwoFactor, Error> {
    caller.require_account(Scope::Read)?;
    let account = db::user::find(state.db.read(), caller.user_id).await?.ok_or(Error::Unauthenticated)?;
    let recovery_codes_left = db::recovery_code::count(state.db.read(), caller.user_id).await?;
    Ok(TwoFactor { enabled: account.user.two_factor, recovery_codes_left })
}

/// Gives the caller a secret for an app; nothing else changes before a code of it is confirmed.
pub async fn begin(state: &State, caller: &Caller, proof: CurrentPassword) -> Result<Enrolment, Error> {
    prove(state, caller, proof, "two-factor.begin", false).await?;
    let secret = totp::new_secret()?;
    state
        .db
        .write(async |txn| {
            // Confirmed meanwhile, the secret stays.
            if is_on(db::user::find(txn, caller.user_id).await?)? {
                return Err(already_on());
            }
            Ok(db::two_factor::put(txn, caller.user_id, &secret).await?)
        })
        .await?;
    audit(state, caller, "two-factor.begin", &caller.username, Outcome::Done, "").await;
    let otpauth_url = totp::address(&caller.username, &secret);
    let qr_svg = totp::picture(&otpauth_url).ok_or_else(|| Error::Internal("no picture of an address".to_owned()))?;
    Ok(Enrolment { secret, otpauth_url, qr_svg })
}

/// Switches two-factor sign-in on, with a code that proves that the app has the secret. Every other session of the
/// account ends.
pub async fn confirm(state: &State, caller: &Caller, code: OneTimeCode) -> Result<RecoveryCodes, Error> {
    caller.require_session()?;
    if is_on(db::user::find(state.db.read(), caller.user_id).await?)? {
        return Err(already_on());
    }
    let kept = db::two_factor::secret(state.db.read(), caller.user_id).await?;
    let kept = kept.ok_or_else(|| Error::Conflict(Message::new("two-factor.not-begun")))?;
    if let Err(wait) = state.attempts.start(&caller.username, caller.address) {
        return Err(Error::TooMany { retry_after_secs: wait.as_secs().max(1) });
    }
    let step = match Code::read(&code.code) {
        Some(Code::App(digits)) => totp::step_of(&kept, &digits, now_secs()),
        Some(Code::Recovery(_)) | None => None,
    };
    let (codes, hashes) = new_codes()?;
    let on = match step {
        Some(step) => {
            state
                .db
                .write(async |txn| {
                    if !db::two_factor::advance(txn, caller.user_id, &kept, step).await? {
                        return Ok(false);
                    }
                    db::user::set_two_factor(txn, caller.user_id, Some(db::now())).await?;
                    db::recovery_code::replace(txn, caller.user_id, hashes).await?;
                    db::session::delete_of_user(txn, caller.user_id, session_key(caller)).await?;
                    Ok::<_, Error>(true)
                })
                .await?
        }
        None => false,
    };
    let outcome = if on { Outcome::Done } else { Outcome::Refused };
    audit(state, caller, "two-factor.enable", &caller.username, outcome, "").await;
    if !on {
        return Err(Error::invalid("code", Message::new("two-factor.code-wrong")));
    }
    state.attempts.succeeded(&caller.username, caller.address);
    Ok(RecoveryCodes { recovery_codes: codes })
}

/// Switches two-factor sign-in off.
pub async fn delete(state: &State, caller: &Caller, proof: CurrentPassword) -> Result<(), Error> {
    prove(state, caller, proof, "two-factor.disable", true).await?;
    state.db.write(async |txn| db::two_factor::remove(txn, caller.user_id).await).await?;
    audit(state, caller, "two-factor.disable", &caller.username, Outcome::Done, "").await;
    Ok(())
}

/// Gives the caller other recovery codes.
pub async fn renew(state: &State, caller: &Caller, proof: CurrentPassword) -> Result<RecoveryCodes, Error> {
    prove(state, caller, proof, "recovery-codes.create", true).await?;
    let (codes, hashes) = new_codes()?;
    state
        .db
        .write(async |txn| {
            // Switched off meanwhile, there is nothing to recover.
            if !is_on(db::user::find(txn, caller.user_id).await?)? {
                return Err(already_off());
            }
            Ok(db::recovery_code::replace(txn, caller.user_id, hashes).await?)
        })
        .await?;
    audit(state, caller, "recovery-codes.create", &caller.username, Outcome::Done, "").await;
    Ok(RecoveryCodes { recovery_codes: codes })
}

/// Switches it off for somebody who lost the device. The sessions of the account end.
pub async fn reset(state: &State, caller: &Caller, id: &str) -> Result<(), Error> {
    let user = find(state, caller, id).await?;
    switch_off(state, caller, &user).await
}

/// The same from the console of the host.
pub async fn reset_from_console(state: &State, username: &str) -> Result<(), Error> {
    let account = db::user::find_by_name(state.db.read(), username).await?;
    let account = account.ok_or_else(|| Error::not_found("user", username))?;
    switch_off(state, Actor::console(), &account.user).await
}

async fn switch_off(state: &State, actor: impl Into<Actor>, user: &User) -> Result<(), Error> {
    if !user.two_factor {
        return Err(Error::not_found("two-factor", &user.username));
    }
    state
        .db
        .write(async |txn| {
            db::two_factor::remove(txn, user.id).await?;
            db::session::delete_of_user(txn, user.id, None).await
        })
        .await?;
    audit(state, actor, "two-factor.reset", &user.username, Outcome::Done, "").await;
    Ok(())
}

/// Lets a browser whose password was right go on to the code; gives the secret that it must bring back.
pub async fn wait_for_code(state: &State, user: &User) -> Result<String, Error> {
    let token = secret::random()?;
    let expires_at = db::millis(db::time(db::now()) + PENDING);
    let hash = secret::hash(&token);
    state.db.write(async |txn| db::pending_code::insert(txn, hash, user.id, expires_at).await).await?;
    Ok(token)
}

/// Ends a sign-in that waits for its code. [`Error::Unauthenticated`] means that there is none that could go on.
pub async fn complete(state: &State, token: &str, code: &str, address: IpAddr) -> Result<User, Error> {
    let hash = secret::hash(token);
    let waiting = db::pending_code::find(state.db.read(), &hash, db::now()).await?.ok_or(Error::Unauthenticated)?;
    let account = db::user::find(state.db.read(), waiting).await?.ok_or(Error::Unauthenticated)?;
    let user = account.user;
    if !user.two_factor || user.state != UserState::Active {
        return Err(Error::Unauthenticated);
    }
    if let Err(wait) = state.attempts.start(&user.username, address) {
        return Err(Error::TooMany { retry_after_secs: wait.as_secs().max(1) });
    }
    if !state.db.write(async |txn| db::pending_code::count(txn, &hash, db::now()).await).await? {
        return Err(Error::Unauthenticated);
    }
    let checked = check(state, &user, code, address).await;
    if matches!(checked, Err(Error::WrongCredentials))
        && db::pending_code::find(state.db.read(), &hash, db::now()).await?.is_none()
    {
        return Err(Error::Unauthenticated);
    }
    checked?;
    // Of two right codes at the same time one gets in.
    if !state.db.write(async |txn| db::pending_code::take(txn, &hash).await).await? {
        return Err(Error::Unauthenticated);
    }
    Ok(user)
}

/// Checks a code at sign-in and uses it up. The attempt was counted; a right one forgets the account's failures.
pub(super) async fn check(state: &State, user: &User, code: &str, address: IpAddr) -> Result<(), Error> {
    let (fits, detail) = match Code::read(code) {
        Some(Code::App(digits)) => (use_app_code(state, user.id, &digits).await?, "code"),
        Some(Code::Recovery(hash)) => {
            let taken = state.db.write(async |txn| db::recovery_code::take(txn, user.id, &hash).await).await?;
            (taken, "recovery code")
        }
        None => (false, "code"),
    };
    let actor = Actor { user_id: Some(user.id), username: user.username.clone(), address };
    let outcome = if fits { Outcome::Done } else { Outcome::Refused };
    audit(state, actor, "session.create", &user.username, outcome, detail).await;
    if !fits {
        return Err(Error::WrongCredentials);
    }
    state.attempts.succeeded(&user.username, address);
    Ok(())
}

async fn use_app_code(state: &State, user: Ulid, digits: &str) -> Result<bool, Error> {
    let Some(kept) = db::two_factor::secret(state.db.read(), user).await? else { return Ok(false) };
    let Some(step) = totp::step_of(&kept, digits, now_secs()) else { return Ok(false) };
    Ok(state.db.write(async |txn| db::two_factor::advance(txn, user, &kept, step).await).await?)
}

/// Lets a person pass who knows the password, where two-factor sign-in is as it must be.
async fn prove(
    state: &State,
    caller: &Caller,
    proof: CurrentPassword,
    action: &'static str,
    must_be_on: bool,
) -> Result<(), Error> {
    caller.require_session()?;
    let user = verify_password(state, caller, "password", proof.password, action).await?;
    match (user.two_factor, must_be_on) {
        (true, false) => Err(already_on()),
        (false, true) => Err(already_off()),
        _ => Ok(()),
    }
}

fn is_on(account: Option<db::user::Account>) -> Result<bool, Error> {
    account.map(|account| account.user.two_factor).ok_or(Error::Unauthenticated)
}

fn already_on() -> Error {
    Error::Conflict(Message::new("two-factor.on"))
}

fn already_off() -> Error {
    Error::Conflict(Message::new("two-factor.off"))
}

/// New recovery codes, and what is kept of them.
fn new_codes() -> Result<(Vec<String>, Vec<String>), Error> {
    let mut codes = Vec::with_capacity(totp::RECOVERY_CODES);
    let mut hashes = Vec::with_capacity(totp::RECOVERY_CODES);
    for _ in 0..totp::RECOVERY_CODES {
        let code = totp::new_recovery_code()?;
        if let Some(Code::Recovery(hash)) = Code::read(&code) {
            hashes.push(hash);
        }
        codes.push(code);
    }
    Ok((codes, hashes))
}

fn now_secs() -> u64 {
    u64::try_from(db::now() / 1_000).unwrap_or(0)
}
