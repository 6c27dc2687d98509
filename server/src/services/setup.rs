//! The first administrator.

use std::net::IpAddr;

use api::permission::SystemRole;
use api::setup::Setup;
use api::user::User;
use api::{FieldProblem, Message};

use super::audit::{Actor, Outcome, audit};
use super::{Error, State};
use crate::auth::secret;
use crate::db;
use crate::db::setting::{SETUP_DONE, SETUP_TOKEN_HASH};

/// Whether the first administrator is still to be made.
pub async fn is_open(state: &State) -> Result<bool, Error> {
    let db = state.db.read();
    Ok(db::setting::get(db, SETUP_DONE).await?.is_none() && !db::user::exists_any(db).await?)
}

/// A new one-time link, where the first administrator is still to be made. Links given before stop working.
pub async fn prepare(state: &State) -> Result<Option<String>, Error> {
    if !is_open(state).await? {
        return Ok(None);
    }
    let token = secret::random()?;
    let hash = secret::hash(&token);
    state.db.write(async |txn| db::setting::put(txn, SETUP_TOKEN_HASH, hash).await).await?;
    let mut link = state.config.http.public_url.clone();
    link.set_path("/setup");
    link.set_query(Some(&format!("token={token}")));
    Ok(Some(link.to_string()))
}

/// Makes the first administrator, once.
pub async fn run(state: &State, setup: Setup, address: IpAddr) -> Result<User, Error> {
    let closed = || Error::not_found("setup", "");
    if !is_open(state).await? {
        return Err(closed());
    }
    if let Err(wait) = state.attempts.start_from(address) {
        return Err(Error::TooMany { retry_after_secs: wait.as_secs().max(1) });
    }
    let hash = secret::hash(&setup.token);
    let wrong_token = || Error::Forbidden(Message::new("forbidden.setup-token"));
    let kept = db::setting::get(state.db.read(), SETUP_TOKEN_HASH).await?;
    if !kept.is_some_and(|kept| secret::equal(&kept, &hash)) {
        return Err(wrong_token());
    }
    state.attempts.succeeded_from(address);
    check(&setup.username, &setup.password)?;

    let password_hash = state.passwords.hash(setup.password).await?;
    let username = setup.username;
    let made = state
        .db
        .write(async |txn| {
            // The unique key decides between two at once, on one instance or on several.
            db::setting::insert(txn, SETUP_DONE, db::now().to_string()).await?;
            let kept = db::setting::get(txn, SETUP_TOKEN_HASH).await?;
            if !kept.is_some_and(|kept| secret::equal(&kept, &hash)) {
                return Err(wrong_token());
            }
            if db::user::exists_any(txn).await? {
                return Err(closed());
            }
            db::setting::delete(txn, SETUP_TOKEN_HASH).await?;
            Ok(db::user::insert(txn, &username, password_hash, SystemRole::Admin).await?)
        })
        .await;
    let user = match made {
        Err(Error::Database(db::Error::Duplicate(_))) => return Err(closed()),
        other => other?,
    };
    let actor = Actor { user_id: Some(user.id), username: user.username.clone(), address };
    audit(state, actor, "setup.create", &user.username, Outcome::Done, "").await;
    Ok(user)
}

/// Checks the name and the password of a new account.
pub fn check(username: &str, password: &str) -> Result<(), Error> {
    let name = api::name::check_username(username).err().map(|message| FieldProblem::new("username", message));
    let password =
        api::name::check_password(password, username).err().map(|message| FieldProblem::new("password", message));
    let problems: Vec<_> = name.into_iter().chain(password).collect();
    if problems.is_empty() { Ok(()) } else { Err(Error::Invalid(problems)) }
}
