//! Signing in, and knowing again who has.

use std::net::IpAddr;

use api::permission::SystemRole;
use api::robot::ROBOT_PREFIX;
use api::session::SignIn;
use api::token::{Scope, TOKEN_PREFIX};
use api::user::{Membership, Session, User, UserState};
use api::{List, OffsetDateTime};

use super::audit::{Actor, Outcome, audit};
use super::{Error, State};
use crate::auth::session::{IDLE, Signed, millis, origin};
use crate::auth::{Caller, Credential, secret};
use crate::db;

/// A token that expired is kept this long, so that its owner sees it in the list.
const EXPIRED_TOKEN_DAYS: i64 = 30;
const MINUTE_MILLIS: i64 = 60_000;

/// How far a user name and a password lead.
#[derive(Clone, Debug)]
pub enum Entrance {
    /// In.
    Open(User),
    /// To the question for a code.
    Code(User),
}

/// Checks a user name and a password, and the code where the account asks for one.
pub async fn authenticate(state: &State, sign_in: SignIn, address: IpAddr) -> Result<Entrance, Error> {
    let SignIn { username, password, code } = sign_in;
    let username: String = username.chars().take(api::name::MAX_NAME_LENGTH + 1).collect();
    let actor = |user_id| Actor { user_id, username: username.clone(), address };
    if let Err(wait) = state.attempts.start(&username, address) {
        return Err(Error::TooMany { retry_after_secs: wait.as_secs().max(1) });
    }
    let is_possible = password.len() <= api::name::MAX_PASSWORD_LENGTH && api::name::check_username(&username).is_ok();
    let account = if is_possible { db::user::find_by_name(state.db.read(), &username).await? } else { None };
    let password = password.chars().take(api::name::MAX_PASSWORD_LENGTH).collect();
    let who = db::setting::portal(state.db.read()).await?.password_sign_in;
    // Who cannot sign in gets the answer of a wrong password, after the same work.
    let account =
        account.filter(|account| account.user.state == UserState::Active && who.is_open_to(account.user.break_glass));
    let hash = account.as_ref().map(|account| account.password_hash.clone()).filter(|hash| !hash.is_empty());
    let fits = state.passwords.verify(password, hash).await?;
    // Meanwhile the password may have been changed, a second factor asked for, or the account shut.
    let account = match account {
        Some(seen) if fits => db::user::find(state.db.read(), seen.user.id).await?.filter(|now| {
            now.password_hash == seen.password_hash
                && now.user.state == UserState::Active
                && who.is_open_to(now.user.break_glass)
        }),
        other => other,
    };
    match account {
        Some(account) if fits && account.user.two_factor => {
            let Some(code) = code else {
                state.attempts.give_back(&username, address);
                audit(state, actor(Some(account.user.id)), "session.begin", &username, Outcome::Done, "").await;
                return Ok(Entrance::Code(account.user));
            };
            super::two_factor::check(state, &account.user, &code, address).await?;
            Ok(Entrance::Open(account.user))
        }
        Some(account) if fits => {
            state.attempts.succeeded(&username, address);
            audit(state, actor(Some(account.user.id)), "session.create", &username, Outcome::Done, "").await;
            Ok(Entrance::Open(account.user))
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
    caller.require_account(Scope::Read)?;
    let now = db::now();
    let rows = db::session::list(state.db.read(), caller.user_id, now, now - millis(IDLE)).await?;
    let current = match &caller.credential {
        Credential::Session { key, .. } => Some(key.as_str()),
        Credential::Token { .. } | Credential::Robot { .. } => None,
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
    caller.require_session()?;
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

/// The caller with this secret of a token or a robot, if it works.
pub async fn identify_token(state: &State, token: &str, address: IpAddr) -> Result<Option<Caller>, Error> {
    let key = secret::hash(token);
    if token.starts_with(TOKEN_PREFIX) {
        with_token(state, key, address).await
    } else if token.starts_with(ROBOT_PREFIX) {
        with_robot(state, key, address).await
    } else {
        Ok(None)
    }
}

async fn with_token(state: &State, key: String, address: IpAddr) -> Result<Option<Caller>, Error> {
    let now = db::now();
    let Some((user, token)) = db::token::find_by_hash(state.db.read(), &key, now).await? else { return Ok(None) };
    if is_news(token.last_used_at, now) {
        let (state, id) = (state.clone(), token.id);
        tokio::spawn(async move {
            // When it was last used is worth no failed request.
            let _ = state.db.write(async |txn| db::token::touch(txn, id, now).await).await;
        });
    }
    caller(state, user, Credential::Token { key, scopes: token.scopes }, address).await
}

async fn with_robot(state: &State, key: String, address: IpAddr) -> Result<Option<Caller>, Error> {
    let now = db::now();
    let Some((project, robot)) = db::robot::find_by_hash(state.db.read(), &key, now).await? else { return Ok(None) };
    if is_news(robot.last_used_at, now) {
        let (state, id) = (state.clone(), robot.id);
        tokio::spawn(async move {
            // Likewise.
            let _ = state.db.write(async |txn| db::robot::touch(txn, id, now).await).await;
        });
    }
    Ok(Some(Caller {
        user_id: robot.id,
        username: robot.full_name,
        role: SystemRole::Member,
        memberships: vec![Membership { project, role: robot.role }],
        teams_by_group: Vec::new(),
        credential: Credential::Robot { key, scopes: robot.scopes },
        address,
    }))
}

/// Whether a use must be noted, which is done to the minute.
fn is_news(last: Option<OffsetDateTime>, now: i64) -> bool {
    last.is_none_or(|last| now - db::millis(last) >= MINUTE_MILLIS)
}

/// The caller as it is now: sockets ask this every few seconds, so that a sign-out, a token that was revoked or rotated
/// and a lost membership take effect on them too. [`Error::Unauthenticated`] means that the socket must close.
pub async fn recheck(state: &State, caller: &Caller) -> Result<Caller, Error> {
    let again = match &caller.credential {
        Credential::Session { key, .. } => {
            let now = db::now();
            if db::session::find(state.db.read(), key, now, now - millis(IDLE)).await?.is_none() {
                return Err(Error::Unauthenticated);
            }
            self::caller(state, caller.user_id, caller.credential.clone(), caller.address).await?
        }
        Credential::Token { key, .. } => with_token(state, key.clone(), caller.address).await?,
        Credential::Robot { key, .. } => with_robot(state, key.clone(), caller.address).await?,
    };
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
            db::pending_code::delete_expired(txn, now).await?;
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
    // Under another issuer somebody else could have the same subject.
    identities.retain(|(identity, provider)| provider.enabled && identity.issuer == provider.issuer);
    if let Credential::Session { identity: Some(id), .. } = &credential
        && !identities.iter().any(|(identity, _)| identity.id == *id)
    {
        return Ok(None);
    }
    let is_admin =
        identities.iter().any(|(identity, provider)| super::provider::makes_admin(provider, &identity.groups));
    let teams_by_group = super::team::by_group(state, &identities).await?;
    let memberships = db::project::memberships(state.db.read(), user_id, &teams_by_group).await?;
    let db::user::Account { user, .. } = account;
    let role = if is_admin { SystemRole::Admin } else { user.role };
    Ok(Some(Caller { user_id, username: user.username, role, memberships, teams_by_group, credential, address }))
}
