//! Who the caller is at the providers.

use api::provider::{Departure, Identity, LinkIdentity};
use api::token::Scope;
use api::{List, Message, Ulid};
use time::Duration;

use super::audit::{Outcome, audit};
use super::sign_in::{self, Begun, Purpose};
use super::{Error, State};
use crate::auth::session::{IDLE, millis};
use crate::auth::{Caller, Credential};
use crate::db;

/// How old a session may be that links: whoever finds an open browser must not add a way in for later.
const FRESH: Duration = Duration::minutes(10);

/// The caller's identities, oldest first.
pub async fn list(state: &State, caller: &Caller) -> Result<List<Identity>, Error> {
    caller.require_scope(Scope::Read)?;
    let rows = db::identity::of_user(state.db.read(), caller.user_id).await?;
    let shown = |(identity, provider): (db::identity::Identity, db::provider::Provider)| Identity {
        id: identity.id,
        provider: provider.slug,
        provider_name: provider.name,
        label: identity.label,
        created_at: db::time(identity.created_at),
        last_used_at: identity.last_used_at.map(db::time),
    };
    let items: Vec<_> = rows.into_iter().map(shown).collect();
    Ok(List { total: items.len() as u64, items, next: None, age_ms: None })
}

/// Begins to link the caller to somebody at a provider.
pub async fn begin_link(state: &State, caller: &Caller, link: LinkIdentity) -> Result<(Departure, Begun), Error> {
    caller.require_session()?;
    let too_old = || Error::Forbidden(Message::new("forbidden.stale-session"));
    let Credential::Session { key, .. } = &caller.credential else { return Err(too_old()) };
    let now = db::now();
    let session = db::session::find(state.db.read(), key, now, now - millis(IDLE)).await?.ok_or_else(too_old)?;
    if now - session.created_at > millis(FRESH) {
        return Err(too_old());
    }
    let provider = sign_in::enabled(state, &link.provider).await?;
    let begun = sign_in::begin(state, &provider, Purpose::Link(caller), &link.next).await?;
    Ok((Departure { location: begun.location.to_string() }, begun))
}

/// Ends a link of the caller. Sessions that began with it end.
pub async fn delete(state: &State, caller: &Caller, id: &str) -> Result<(), Error> {
    caller.require_session()?;
    let missing = || Error::not_found("identity", id);
    let parsed: Ulid = id.parse().map_err(|_| missing())?;
    let account = db::user::find(state.db.read(), caller.user_id).await?.ok_or(Error::Unauthenticated)?;
    let deleted = state
        .db
        .write(async |txn| {
            let all = db::identity::of_user(txn, caller.user_id).await?;
            if !all.iter().any(|(identity, _)| identity.id == parsed) {
                return Err(missing());
            }
            let who = db::setting::portal(txn).await?.password_sign_in;
            let by_password = !account.password_hash.is_empty() && who.is_open_to(account.user.break_glass);
            if all.len() == 1 && !by_password {
                return Err(Error::Conflict(Message::new("identity.last")));
            }
            if db::identity::delete(txn, caller.user_id, parsed).await? { Ok(()) } else { Err(missing()) }
        })
        .await;
    let outcome = if deleted.is_ok() { Outcome::Done } else { Outcome::Refused };
    audit(state, caller, "identity.delete", &caller.username, outcome, id).await;
    deleted
}
