//! The caller's own account.

use api::Message;
use api::permission::SystemRole;
use api::user::{ChangePassword, Me, User};

use super::audit::{Actor, Outcome, audit};
use super::{Error, State};
use crate::auth::{Caller, Credential};
use crate::db;

/// The caller.
pub async fn me(state: &State, caller: &Caller) -> Result<Me, Error> {
    let account = db::user::find(state.db.read(), caller.user_id).await?.ok_or(Error::Unauthenticated)?;
    Ok(Me {
        user: account.user,
        projects: caller.memberships.clone(),
        csrf_token: caller.csrf_token().map(str::to_owned),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

/// Changes the caller's password. Every other session of the account ends, and its access tokens are revoked.
pub async fn change_password(state: &State, caller: &Caller, change: ChangePassword) -> Result<(), Error> {
    super::token::require_session(caller)?;
    if let Err(wait) = state.attempts.start(&caller.username, caller.address) {
        return Err(Error::TooMany { retry_after_secs: wait.as_secs().max(1) });
    }
    let account = db::user::find(state.db.read(), caller.user_id).await?.ok_or(Error::Unauthenticated)?;
    if !state.passwords.verify(change.current_password, Some(account.password_hash)).await? {
        audit(state, caller, "password.update", &caller.username, Outcome::Refused, "").await;
        return Err(Error::invalid("current_password", Message::new("password.wrong")));
    }
    state.attempts.succeeded(&caller.username, caller.address);
    api::name::check_password(&change.new_password, &caller.username)
        .map_err(|message| Error::invalid("new_password", message))?;
    let hash = state.passwords.hash(change.new_password).await?;
    let key = match &caller.credential {
        Credential::Session { key, .. } => Some(key.as_str()),
        Credential::Token { .. } => None,
    };
    state
        .db
        .write(async |txn| {
            db::user::set_password(txn, caller.user_id, hash).await?;
            db::token::delete_of_user(txn, caller.user_id).await?;
            db::session::delete_of_user(txn, caller.user_id, key).await
        })
        .await?;
    audit(state, caller, "password.update", &caller.username, Outcome::Done, "").await;
    Ok(())
}

/// Makes an administrator from the console of the host.
pub async fn create_admin(state: &State, username: &str, password: String) -> Result<User, Error> {
    super::setup::check(username, &password)?;
    let hash = state.passwords.hash(password).await?;
    let made = state
        .db
        .write(async |txn| {
            let user = db::user::insert(txn, username, hash, SystemRole::Admin).await?;
            db::setting::put(txn, db::setting::SETUP_DONE, db::now().to_string()).await?;
            Ok::<_, db::Error>(user)
        })
        .await;
    if made.is_ok() {
        audit(state, Actor::console(), "user.create", username, Outcome::Done, "role=admin").await;
    }
    match made {
        Err(db::Error::Duplicate(_)) => Err(Error::Conflict(Message::new("conflict.username").with("name", username))),
        other => Ok(other?),
    }
}

/// Sets an account's password from the console of the host. Its sessions end and its tokens are revoked.
pub async fn reset_password(state: &State, username: &str, password: String) -> Result<(), Error> {
    api::name::check_password(&password, username).map_err(|message| Error::invalid("password", message))?;
    let account = db::user::find_by_name(state.db.read(), username).await?;
    let account = account.ok_or_else(|| Error::not_found("user", username))?;
    let hash = state.passwords.hash(password).await?;
    state
        .db
        .write(async |txn| {
            db::user::set_password(txn, account.user.id, hash).await?;
            db::token::delete_of_user(txn, account.user.id).await?;
            db::session::delete_of_user(txn, account.user.id, None).await
        })
        .await?;
    audit(state, Actor::console(), "password.reset", username, Outcome::Done, "").await;
    Ok(())
}
