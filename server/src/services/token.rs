//! Personal access tokens.

use api::token::{CreateToken, CreatedToken, MAX_TOKEN_DAYS, TOKEN_PREFIX, Token};
use api::{FieldProblem, List, Message, Ulid};
use time::Duration;

use super::audit::{Outcome, audit};
use super::{Error, State};
use crate::auth::{Caller, Credential, secret};
use crate::db;

/// One account needs no more; it keeps the list short enough to be read.
const MOST_TOKENS: usize = 100;

/// The caller's tokens, newest first.
pub async fn list(state: &State, caller: &Caller) -> Result<List<Token>, Error> {
    let items = db::token::list(state.db.read(), caller.user_id).await?;
    Ok(List { total: items.len() as u64, items, next: None, age_ms: None })
}

/// Makes a token for the caller, who must be signed in with a session: a leaked token cannot make others.
pub async fn create(state: &State, caller: &Caller, create: CreateToken) -> Result<CreatedToken, Error> {
    require_session(caller)?;
    let name = create.name.trim().to_owned();
    let mut problems = Vec::new();
    if name.is_empty() || name.chars().count() > api::name::MAX_NAME_LENGTH || name.chars().any(char::is_control) {
        let message = Message::new("token.name").with("limit", api::name::MAX_NAME_LENGTH);
        problems.push(FieldProblem::new("name", message));
    }
    if !(1..=MAX_TOKEN_DAYS).contains(&create.days) {
        problems.push(FieldProblem::new("days", Message::new("token.days").with("limit", MAX_TOKEN_DAYS)));
    }
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    let token_secret = format!("{TOKEN_PREFIX}{}", secret::random()?);
    let created_at = db::time(db::now());
    let token = Token {
        id: Ulid::generate(),
        name,
        created_at,
        expires_at: created_at + Duration::days(i64::from(create.days)),
        last_used_at: None,
    };
    state
        .db
        .write(async |txn| {
            if db::token::list(txn, caller.user_id).await?.len() >= MOST_TOKENS {
                return Err(Error::Conflict(Message::new("token.many").with("limit", MOST_TOKENS)));
            }
            Ok(db::token::insert(txn, caller.user_id, &token, secret::hash(&token_secret)).await?)
        })
        .await?;
    audit(state, caller, "token.create", &token.id.to_string(), Outcome::Done, &token.name).await;
    Ok(CreatedToken { token, secret: token_secret })
}

/// Revokes one of the caller's tokens at once.
pub async fn delete(state: &State, caller: &Caller, id: &str) -> Result<(), Error> {
    let missing = || Error::not_found("token", id);
    let parsed: Ulid = id.parse().map_err(|_| missing())?;
    let found = state.db.write(async |txn| db::token::delete(txn, caller.user_id, parsed).await).await?;
    if !found {
        return Err(missing());
    }
    audit(state, caller, "token.delete", id, Outcome::Done, "").await;
    Ok(())
}

/// Refuses what only a person at a browser may do.
pub fn require_session(caller: &Caller) -> Result<(), Error> {
    match caller.credential {
        Credential::Session { .. } => Ok(()),
        Credential::Token { .. } => Err(Error::Forbidden(Message::new("forbidden.session-only"))),
    }
}
