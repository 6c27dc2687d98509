//! Signing in with an identity provider: leaving for it, coming back, and asking it again later.

use std::collections::HashSet;
use std::net::IpAddr;

use api::permission::SystemRole;
use api::provider::{FirstSignIn, Trial};
use api::user::{User, UserState};
use api::{Message, Ulid};
use sea_orm::ConnectionTrait;
use time::Duration;
use url::Url;

use super::audit::{Actor, Outcome, audit};
use super::provider::{failed_trial, keep_trial, makes_admin, settings};
use super::{Error, State};
use crate::auth::provider::{Arrival, Fault, Person};
use crate::auth::{Caller, Credential, secret};
use crate::db;
use crate::db::identity::Told;
use crate::db::provider::Provider;

/// How long somebody may be away at the provider.
const AWAY: Duration = Duration::minutes(10);
/// How long what a provider told is believed before it is asked again.
const REFRESH_EVERY: Duration = Duration::minutes(5);
/// How many numbers are tried behind a name that is taken.
const MOST_NAMESAKES: usize = 1_000;

/// What somebody goes to a provider for.
#[derive(Clone, Copy, Debug)]
pub enum Purpose<'a> {
    /// To sign in, from this address.
    SignIn(IpAddr),
    /// To be linked to the caller.
    Link(&'a Caller),
    /// To try the provider.
    Trial(&'a Caller),
}

/// A sign-in that leaves.
#[derive(Clone, Debug)]
pub struct Begun {
    /// Where the browser goes.
    pub location: Url,
    /// The cookie that it must bring back.
    pub binding: String,
}

/// What a browser brings back from a provider.
#[derive(Clone, Debug, Default)]
pub struct Return {
    /// What was sent along.
    pub state: Option<String>,
    /// What is exchanged for tokens.
    pub code: Option<String>,
    /// Who says that it comes from there.
    pub iss: Option<String>,
    /// What went wrong there.
    pub error: Option<String>,
    /// The cookie that it left with.
    pub binding: Option<String>,
}

/// How a return ends.
#[derive(Clone, Debug)]
pub enum Landing {
    /// With a new session.
    SignedIn {
        /// Of this account.
        user: Ulid,
        /// With this identity.
        identity: Ulid,
        /// The path to go on to.
        next: String,
    },
    /// With nothing but a path to go on to.
    Back(String),
}

/// The provider, where people can sign in with it.
pub async fn enabled(state: &State, slug: &str) -> Result<Provider, Error> {
    let missing = || Error::not_found("provider", slug);
    api::name::check_name(slug).map_err(|_| missing())?;
    let found = db::provider::find_by_slug(state.db.read(), slug).await?;
    found.filter(|provider| provider.enabled).ok_or_else(missing)
}

/// Lets somebody leave for a provider.
pub async fn begin(state: &State, provider: &Provider, purpose: Purpose<'_>, next: &str) -> Result<Begun, Error> {
    if let Purpose::SignIn(address) = purpose
        && let Err(wait) = state.attempts.start_from(address)
    {
        return Err(Error::TooMany { retry_after_secs: wait.as_secs().max(1) });
    }
    let departure = state.providers.depart(&settings(state, provider)).await;
    let departure = departure.map_err(|fault| error_of(provider, &fault))?;
    let binding = secret::random()?;
    let (word, caller) = match purpose {
        Purpose::SignIn(_) => (SIGN_IN, None),
        Purpose::Link(caller) => (LINK, Some(caller)),
        Purpose::Trial(caller) => (TRIAL, Some(caller)),
    };
    let row = db::sign_in::Model {
        state_hash: secret::hash(&departure.state),
        provider_id: provider.id.to_string(),
        binding_hash: secret::hash(&binding),
        nonce: departure.nonce,
        verifier: departure.verifier,
        purpose: word.to_owned(),
        session_key: caller.and_then(session_key).map(str::to_owned),
        next: next.to_owned(),
        expires_at: db::millis(db::time(db::now()) + AWAY),
    };
    state.db.write(async |txn| db::sign_in::insert(txn, row).await).await?;
    Ok(Begun { location: departure.location, binding })
}

const SIGN_IN: &str = "sign-in";
const LINK: &str = "link";
const TRIAL: &str = "trial";

/// Finds out who came back to a provider's address, and what that means here.
pub async fn complete(
    state: &State,
    slug: &str,
    caller: Option<&Caller>,
    brought: Return,
    address: IpAddr,
) -> Result<Landing, Error> {
    let foreign = || Error::invalid("state", Message::new("sign-in.state"));
    let given = brought.state.as_deref().ok_or_else(foreign)?;
    let binding = brought.binding.as_deref().ok_or_else(foreign)?;
    let state_hash = secret::hash(given);
    let binding_hash = secret::hash(binding);
    // Strangers cost no write, and cannot use up what another browser began.
    let seen = db::sign_in::find(state.db.read(), &state_hash, db::now()).await?.ok_or_else(foreign)?;
    if !secret::equal(&seen.binding_hash, &binding_hash) {
        return Err(foreign());
    }
    let row = state.db.write(async |txn| db::sign_in::take(txn, &state_hash, db::now()).await).await?;
    let row = row.ok_or_else(foreign)?;
    let provider = db::provider::find(state.db.read(), db::ulid(&row.provider_id)?).await?.ok_or_else(foreign)?;
    if provider.slug != slug {
        return Err(foreign());
    }
    if row.purpose != TRIAL && !provider.enabled {
        return Err(Error::not_found("provider", slug));
    }
    if row.purpose != SIGN_IN
        && (row.session_key.is_none() || row.session_key.as_deref() != caller.and_then(session_key))
    {
        return Err(foreign());
    }
    let person = arrive(state, &provider, &row, brought).await;
    match (row.purpose.as_str(), caller) {
        (TRIAL, Some(_)) => {
            let trial = match person {
                Ok(person) => told_in_trial(state, &provider, person).await?,
                Err(error) => failed_trial(message_of(error)?),
            };
            keep_trial(state, &provider, trial).await?;
            Ok(Landing::Back(row.next))
        }
        (LINK, Some(caller)) => {
            link(state, &provider, caller, person?).await?;
            Ok(Landing::Back(row.next))
        }
        (SIGN_IN, _) => {
            let who = match person {
                Ok(person) => come_in(state, &provider, person, address).await,
                Err(error) => Err(error),
            };
            match who {
                Ok((user, identity)) => {
                    state.attempts.succeeded_from(address);
                    let actor = Actor { user_id: Some(user.id), username: user.username.clone(), address };
                    audit(state, actor, "session.create", &user.username, Outcome::Done, slug).await;
                    Ok(Landing::SignedIn { user: user.id, identity, next: row.next })
                }
                Err(error) => {
                    let actor = Actor { user_id: None, username: String::new(), address };
                    audit(state, actor, "session.create", slug, Outcome::Refused, "").await;
                    Err(error)
                }
            }
        }
        _ => Err(foreign()),
    }
}

/// Asks the providers again about those for whom that is due.
pub async fn refresh(state: &State) -> Result<(), Error> {
    refresh_before(state, db::now() - crate::auth::session::millis(REFRESH_EVERY)).await
}

/// Asks the providers again about everybody.
pub async fn refresh_now(state: &State) -> Result<(), Error> {
    refresh_before(state, i64::MAX).await
}

async fn refresh_before(state: &State, before: i64) -> Result<(), Error> {
    // Who waits behind a provider that is down would keep rights that another one has ended.
    let mut down = HashSet::new();
    for (identity, provider) in db::identity::due(state.db.read(), before).await? {
        let Some(token) = &identity.refresh_token else { continue };
        // What one issuer gave is never shown to another.
        if provider.issuer != identity.issuer || down.contains(&provider.id) {
            continue;
        }
        match state.providers.refresh(&settings(state, &provider), token).await {
            Ok(person) if person.subject != identity.subject => {
                tracing::warn!(provider = provider.slug, "a provider told of another person than was asked about");
            }
            Ok(person) => {
                let told = told(&person);
                state.db.write(async |txn| db::identity::update(txn, identity.id, &told).await).await?;
            }
            Err(Fault::Ended(_)) => {
                state.db.write(async |txn| db::identity::end_sessions(txn, &identity).await).await?;
                let actor = Actor { user_id: Some(identity.user_id), ..Actor::console() };
                audit(state, actor, "session.delete", &identity.label, Outcome::Done, &provider.slug).await;
            }
            Err(fault) => {
                if matches!(fault, Fault::Unavailable(_)) {
                    down.insert(provider.id);
                }
                tracing::info!(provider = provider.slug, %fault, "a provider could not be asked again");
            }
        }
    }
    Ok(())
}

async fn arrive(
    state: &State,
    provider: &Provider,
    row: &db::sign_in::Model,
    brought: Return,
) -> Result<Person, Error> {
    if brought.error.is_some() {
        return Err(Error::Forbidden(Message::new("sign-in.denied").with("provider", &provider.name)));
    }
    let code = brought.code.ok_or_else(|| Error::invalid("code", Message::new("sign-in.state")))?;
    let arrival = Arrival { code, iss: brought.iss, nonce: row.nonce.clone(), verifier: row.verifier.clone() };
    let person = state.providers.arrive(&settings(state, provider), arrival).await;
    person.map_err(|fault| error_of(provider, &fault))
}

/// The account of whoever came, made where the provider's policy says so.
async fn come_in(state: &State, provider: &Provider, person: Person, address: IpAddr) -> Result<(User, Ulid), Error> {
    let refused = |key: &str| Error::Forbidden(Message::new(key).with("provider", &provider.name));
    let told = told(&person);
    let came = state
        .db
        .write(async |txn| {
            if let Some(known) = db::identity::find(txn, &provider.issuer, &person.subject).await? {
                let account = db::user::find(txn, known.user_id).await?.ok_or_else(|| refused("sign-in.newcomer"))?;
                db::identity::update(txn, known.id, &told).await?;
                if account.user.state != UserState::Disabled && account.user.state != UserState::Waiting {
                    db::identity::used(txn, known.id).await?;
                }
                return Ok((account.user, known.id, false));
            }
            if provider.first_sign_in == FirstSignIn::Refuse {
                return Err(refused("sign-in.newcomer"));
            }
            let waits = provider.first_sign_in == FirstSignIn::Approve;
            let username = free_name(txn, &person).await?;
            let user = db::user::insert_external(txn, &username, provider.first_role, waits).await?;
            let identity = db::identity::insert(txn, user.id, provider, &person.subject, &told).await?;
            if !waits {
                db::identity::used(txn, identity).await?;
            }
            Ok((user, identity, true))
        })
        .await;
    let (user, identity, is_new) = match came {
        // Somebody of the same name, or the same person twice, came at the same moment.
        Err(Error::Database(db::Error::Duplicate(_))) => {
            return Err(Error::Unavailable(Message::new("sign-in.again")));
        }
        other => other?,
    };
    if is_new {
        let actor = Actor { user_id: Some(user.id), username: user.username.clone(), address };
        let detail = format!("provider={} role={}", provider.slug, db::user::role_text(user.role));
        audit(state, actor, "user.create", &user.username, Outcome::Done, &detail).await;
    }
    match user.state {
        UserState::Waiting => Err(refused("sign-in.waiting")),
        UserState::Disabled => Err(refused("sign-in.disabled")),
        UserState::Active | UserState::Invited => Ok((user, identity)),
    }
}

async fn link(state: &State, provider: &Provider, caller: &Caller, person: Person) -> Result<(), Error> {
    let told = told(&person);
    let linked = state
        .db
        .write(async |txn| match db::identity::find(txn, &provider.issuer, &person.subject).await? {
            Some(known) if known.user_id == caller.user_id => Ok(db::identity::update(txn, known.id, &told).await?),
            Some(_) => Err(Error::Conflict(Message::new("sign-in.taken").with("provider", &provider.name))),
            None => {
                db::identity::insert(txn, caller.user_id, provider, &person.subject, &told).await?;
                Ok(())
            }
        })
        .await;
    let outcome = if linked.is_ok() { Outcome::Done } else { Outcome::Refused };
    audit(state, caller, "identity.create", &caller.username, outcome, &provider.slug).await;
    linked
}

async fn told_in_trial(state: &State, provider: &Provider, person: Person) -> Result<Trial, Error> {
    Ok(Trial {
        at: db::time(db::now()),
        problem: None,
        username: Some(free_name(state.db.read(), &person).await?),
        admin: provider.first_role == SystemRole::Admin || makes_admin(provider, &person.groups),
        subject: Some(person.subject),
        groups: person.groups,
    })
}

fn told(person: &Person) -> Told {
    Told { label: person.label.clone(), groups: person.groups.clone(), refresh_token: person.refresh_token.clone() }
}

/// A name for a new account, of what the provider calls the person: never that of somebody else.
async fn free_name(connection: &impl ConnectionTrait, person: &Person) -> Result<String, Error> {
    let base = person.usernames.iter().find_map(|name| usable(name)).unwrap_or_else(|| "user".to_owned());
    for number in 1..=MOST_NAMESAKES {
        let name = if number == 1 { base.clone() } else { format!("{base}-{number}") };
        if db::user::find_by_name(connection, &name).await?.is_none() {
            return Ok(name);
        }
    }
    Err(Error::Conflict(Message::new("conflict.username").with("name", base)))
}

/// What of a provider's name can be a name here; of an e-mail address what stands before the `@`.
fn usable(name: &str) -> Option<String> {
    let name = name.split('@').next().unwrap_or_default();
    let kept: String = name
        .chars()
        .map(|char| if char.is_ascii_alphanumeric() || "._-".contains(char) { char } else { '-' })
        .skip_while(|char| !char.is_ascii_alphanumeric())
        .take(LONGEST_BASE)
        .collect();
    let kept = kept.trim_end_matches(['.', '_', '-']).to_owned();
    api::name::check_username(&kept).is_ok().then_some(kept)
}

/// Room is left for a number behind it.
const LONGEST_BASE: usize = api::name::MAX_NAME_LENGTH - 5;

/// The key of the caller's session, where it has one.
pub(super) fn session_key(caller: &Caller) -> Option<&str> {
    match &caller.credential {
        Credential::Session { key, .. } => Some(key),
        Credential::Token { .. } | Credential::Robot { .. } => None,
    }
}

fn error_of(provider: &Provider, fault: &Fault) -> Error {
    let message = |key: &str| Message::new(key).with("provider", &provider.name).with("cause", fault);
    match fault {
        Fault::Unavailable(_) => Error::Unavailable(message("sign-in.unavailable")),
        Fault::Foreign(_) => Error::invalid("state", message("sign-in.foreign")),
        Fault::Untrusted(_) | Fault::Ended(_) => Error::Untrusted(message("sign-in.untrusted")),
    }
}

/// What an error of a trial says; a fault of ours is none of the provider's.
fn message_of(error: Error) -> Result<Message, Error> {
    match error {
        Error::Unavailable(message) | Error::Untrusted(message) | Error::Forbidden(message) => Ok(message),
        Error::Invalid(mut fields) if !fields.is_empty() => Ok(fields.swap_remove(0).message),
        other => Err(other),
    }
}

#[cfg(test)]
mod tests {
    use super::usable;

    #[test]
    fn a_providers_name_becomes_one_of_ours_or_none() {
        for (given, name) in [
            ("ada", "ada"),
            ("Ada.Lovelace", "Ada.Lovelace"),
            ("ada@x.example", "ada"),
            ("Ada Lovelace", "Ada-Lovelace"),
            ("..ada..", "ada"),
            ("<script>", "script"),
        ] {
            assert_eq!(usable(given).as_deref(), Some(name), "{given}");
        }
        for nothing in ["", "@x", "运维", "---"] {
            assert_eq!(usable(nothing), None, "{nothing}");
        }
        assert!(usable(&"a".repeat(500)).is_some_and(|name| name.len() < 64));
    }
}
