//! Personal access tokens.

use api::token::{CreateToken, CreatedToken, MAX_TOKEN_DAYS, Scope, TOKEN_PREFIX, Token};
use api::{FieldProblem, List, Message, Ulid};
use time::Duration;

use super::audit::{Outcome, audit};
use super::{Error, State};
use crate::auth::{Caller, secret};
use crate::db;

/// One account needs no more; it keeps the list short enough to be read.
const MOST_TOKENS: usize = 100;

/// The caller's tokens, newest first.
pub async fn list(state: &State, caller: &Caller) -> Result<List<Token>, Error> {
    caller.require_account(Scope::Read)?;
    let items = db::token::list(state.db.read(), caller.user_id).await?;
    Ok(List { total: items.len() as u64, items, next: None, age_ms: None })
}

/// Makes a token for the caller, who must be signed in with a session: a leaked token cannot make others.
pub async fn create(state: &State, caller: &Caller, create: CreateToken) -> Result<CreatedToken, Error> {
    caller.require_session()?;
    let name = create.name.trim().to_owned();
    let mut problems = Vec::new();
    if name.is_empty() || name.chars().count() > api::name::MAX_NAME_LENGTH || name.chars().any(char::is_control) {
        let message = Message::new("token.name").with("limit", api::name::MAX_NAME_LENGTH);
        problems.push(FieldProblem::new("name", message));
    }
    if create.scopes.is_empty() {
        problems.push(FieldProblem::new("scopes", Message::new("token.scopes")));
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
        scopes: Scope::sorted(create.scopes),
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
    audit(state, caller, "token.create", &token.id.to_string(), Outcome::Done, &told(&token)).await;
    Ok(CreatedToken { token, secret: token_secret })
}

/// Replaces the secret of one of the caller's tokens: the old one stops working at once, the new one works as long as
/// the first was made for.
pub async fn rotate(state: &State, caller: &Caller, id: &str) -> Result<CreatedToken, Error> {
    caller.require_session()?;
    let missing = || Error::not_found("token", id);
    let parsed: Ulid = id.parse().map_err(|_| missing())?;
    let token_secret = format!("{TOKEN_PREFIX}{}", secret::random()?);
    let hash = secret::hash(&token_secret);
    let rotated = state.db.write(async |txn| db::token::rotate(txn, caller.user_id, parsed, hash).await).await?;
    let token = rotated.ok_or_else(missing)?;
    audit(state, caller, "token.rotate", id, Outcome::Done, &told(&token)).await;
    Ok(CreatedToken { token, secret: token_secret })
}

/// A token for the audit log.
fn told(token: &Token) -> String {
    format!("{} scopes={}", token.name, db::token::scopes_text(&token.scopes))
}

/// Revokes one of the caller's tokens at once.
pub async fn delete(state: &State, caller: &Caller, id: &str) -> Result<(), Error> {
    caller.require_account(Scope::Admin)?;
    let missing = || Error::not_found("token", id);
    let parsed: Ulid = id.parse().map_err(|_| missing())?;
    let found = state.db.write(async |txn| db::token::delete(txn, caller.user_id, parsed).await).await?;
    if !found {
        return Err(missing());
    }
    audit(state, caller, "token.delete", id, Outcome::Done, "").await;
    Ok(())
}
