//! Signing in, and knowing again who has.

use std::net::IpAddr;

use api::List;
use api::permission::SystemRole;
use api::session::SignIn;
use api::user::{Session, User, UserState};

use super::audit::{Actor, Outcome, audit};
use super::{Error, State};
use crate::auth::session::{IDLE, Signed, millis, origin};
use crate::auth::{Caller, Credential, secret};
use crate::db;

/// A token that expired is kept this long, so that its owner sees it in the list.
const EXPIRED_TOKEN_DAYS: i64 = 30;
const MINUTE_MILLIS: i64 = 60_000;

/// Checks a user name and a password.
pub async fn authenticate(state: &State, sign_in: SignIn, address: IpAddr) -> Result<User, Error> {
    let SignIn { username, password } = sign_in;
    let username: String = username.chars().take(api::name::MAX_NAME_LENGTH + 1).collect();
    let actor = |user_id| Actor { user_id, username: username.clone(), address };
    if let Err(wait) = state.attempts.start(&username, address) {
        return Err(Error::TooMany { retry_after_secs: wait.as_secs().max(1) });
    }
    let account = if password.len() <= api::name::MAX_PASSWORD_LENGTH {
        db::user::find_by_name(state.db.read(), &username).await?
    } else {
        None
    };
    let password = password.chars().take(api::name::MAX_PASSWORD_LENGTH).collect();
    // Who cannot sign in gets the answer of a wrong password, after the same work.
    let account = account.filter(|account| account.user.state == UserState::Active);
    let hash = account.as_ref().map(|account| account.password_hash.clone()).filter(|hash| !hash.is_empty());
    let fits = state.passwords.verify(password, hash).await?;
    match account {
        Some(account) if fits => {
            state.attempts.succeeded(&username, address);
            audit(state, actor(Some(account.user.id)), "session.create", &username, Outcome::Done, "").await;
            Ok(account.user)
        }
        _ => {
            audit(state, actor(None), "session.create", &username, Outcome::Refused, "").await;
            Err(Error::WrongCredentials)
        }
    }
}

/// Records that a session was ended by its owner.
pub async fn ended(state: &State, caller: &Caller) {
    audit(state, caller, "session.delete", &caller.username, Outcome::Done, "").await;
}

/// How much of a session's key stands for it: enough to tell sessions of one account apart.
const ID_LENGTH: usize = 32;

/// The caller's sessions, the last used first.
pub async fn list(state: &State, caller: &Caller) -> Result<List<Session>, Error> {
    let now = db::now();
    let rows = db::session::list(state.db.read(), caller.user_id, now, now - millis(IDLE)).await?;
    let current = match &caller.credential {
        Credential::Session { key, .. } => Some(key.as_str()),
        Credential::Token { .. } => None,
    };
    let shown = |row: db::session::Model| {
        let (address, browser) = origin(&row.data);
        Session {
            current: current == Some(row.id.as_str()),
            id: row.id.chars().take(ID_LENGTH).collect(),
            created_at: db::time(row.created_at),
            seen_at: db::time(row.seen_at),
            address,
            browser,
        }
    };
    let items: Vec<_> = rows.into_iter().map(shown).collect();
    Ok(List { total: items.len() as u64, items, next: None, age_ms: None })
}

/// Ends one of the caller's sessions.
pub async fn delete(state: &State, caller: &Caller, id: &str) -> Result<(), Error> {
    super::token::require_session(caller)?;
    let missing = || Error::not_found("session", id);
    if id.len() != ID_LENGTH || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(missing());
    }
    if !state.db.write(async |txn| db::session::delete_one(txn, caller.user_id, id).await).await? {
        return Err(missing());
    }
    audit(state, caller, "session.delete", &caller.username, Outcome::Done, id).await;
    Ok(())
}

/// The caller of a signed-in session, if its account is still there.
pub async fn identify(state: &State, signed: Signed, address: IpAddr) -> Result<Option<Caller>, Error> {
    let Signed { user_id, key, csrf_token, identity } = signed;
    let credential = Credential::Session { key, csrf_token, identity };
    caller(state, user_id, credential, address).await
}

/// The caller with this token secret, if the token works.
pub async fn identify_token(state: &State, token: &str, address: IpAddr) -> Result<Option<Caller>, Error> {
    if !token.starts_with(api::token::TOKEN_PREFIX) {
        return Ok(None);
    }
    let now = db::now();
    let Some((user, token)) = db::token::find_by_hash(state.db.read(), &secret::hash(token), now).await? else {
        return Ok(None);
    };
    if token.last_used_at.is_none_or(|last| now - db::millis(last) >= MINUTE_MILLIS) {
        let state = state.clone();
        let id = token.id;
        tokio::spawn(async move {
            // When it was last used is worth no failed request.
            let _ = state.db.write(async |txn| db::token::touch(txn, id, now).await).await;
        });
    }
    caller(state, user, Credential::Token { id: token.id }, address).await
}

/// The caller as it is now: sockets ask this every few seconds, so that a sign-out, a revoked token or a lost membership
/// takes effect on them too. [`Error::Unauthenticated`] means that the socket must close.
pub async fn recheck(state: &State, caller: &Caller) -> Result<Caller, Error> {
    let now = db::now();
    let works = match &caller.credential {
        Credential::Session { key, .. } => {
            db::session::find(state.db.read(), key, now, now - millis(IDLE)).await?.is_some()
        }
        Credential::Token { id } => db::token::works(state.db.read(), *id, now).await?,
    };
    if !works {
        return Err(Error::Unauthenticated);
    }
    let again = self::caller(state, caller.user_id, caller.credential.clone(), caller.address).await?;
    again.ok_or(Error::Unauthenticated)
}

/// Removes sessions and tokens that have ended.
pub async fn delete_ended(state: &State) -> Result<(), Error> {
    let now = db::now();
    let tokens_before = now - millis(time::Duration::days(EXPIRED_TOKEN_DAYS));
    state
        .db
        .write(async |txn| {
            db::session::delete_ended(txn, now, now - millis(IDLE)).await?;
            db::token::delete_expired(txn, tokens_before).await?;
            db::password_link::delete_expired(txn, now).await?;
            db::sign_in::delete_expired(txn, now).await?;
            Ok(())
        })
        .await
}

async fn caller(
    state: &State,
    user_id: api::Ulid,
    credential: Credential,
    address: IpAddr,
) -> Result<Option<Caller>, Error> {
    let Some(account) = db::user::find(state.db.read(), user_id).await? else { return Ok(None) };
    if account.user.state != UserState::Active {
        return Ok(None);
    }
    let mut identities = db::identity::of_user(state.db.read(), user_id).await?;
    identities.retain(|(_, provider)| provider.enabled);
    if let Credential::Session { identity: Some(id), .. } = &credential
        && !identities.iter().any(|(identity, _)| identity.id == *id)
    {
        return Ok(None);
    }
    let by_group = identities.iter().any(|(identity, provider)| super::provider::makes_admin(provider, &identity.groups));
    let memberships = db::project::memberships(state.db.read(), user_id).await?;
    let db::user::Account { user, .. } = account;
    let role = if by_group { SystemRole::Admin } else { user.role };
    Ok(Some(Caller { user_id, username: user.username, role, memberships, credential, address }))
}
