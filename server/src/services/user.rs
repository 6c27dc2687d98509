//! Accounts: the caller's own, and all of them for administrators.

use std::net::IpAddr;

use api::permission::{Permission, SystemRole};
use api::portal::PasswordSignIn;
use api::user::{ChangePassword, CreateUser, Invitation, Me, PasswordLink, UpdateUser, User, UserState};
use api::{List, ListQuery, Message, Ulid};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use time::Duration;

use super::audit::{Actor, Outcome, audit};
use super::sign_in::session_key;
use super::{Error, State, listing};
use crate::auth::{Caller, Credential, secret};
use crate::db;

/// The caller. A robot has no account and is shown as one.
pub async fn me(state: &State, caller: &Caller) -> Result<Me, Error> {
    let user = match caller.credential {
        Credential::Robot { .. } => super::robot::as_user(caller),
        Credential::Session { .. } | Credential::Token { .. } => {
            db::user::find(state.db.read(), caller.user_id).await?.ok_or(Error::Unauthenticated)?.user
        }
    };
    Ok(Me {
        user: User { role: caller.role, ..user },
        projects: caller.memberships.clone(),
        csrf_token: caller.csrf_token().map(str::to_owned),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

/// Changes the caller's password. Every other session of the account ends, and its access tokens are revoked.
pub async fn change_password(state: &State, caller: &Caller, change: ChangePassword) -> Result<(), Error> {
    caller.require_session()?;
    verify_password(state, caller, "current_password", change.current_password, "password.update").await?;
    api::name::check_password(&change.new_password, &caller.username)
        .map_err(|message| Error::invalid("new_password", message))?;
    let hash = state.passwords.hash(change.new_password).await?;
    state
        .db
        .write(async |txn| {
            db::user::set_password(txn, caller.user_id, hash).await?;
            db::token::delete_of_user(txn, caller.user_id).await?;
            db::password_link::delete(txn, caller.user_id).await?;
            db::session::delete_of_user(txn, caller.user_id, session_key(caller)).await
        })
        .await?;
    audit(state, caller, "password.update", &caller.username, Outcome::Done, "").await;
    Ok(())
}

/// Lets the caller pass who knows its password; `field` is where it was written, `action` what it was asked for.
pub(super) async fn verify_password(
    state: &State,
    caller: &Caller,
    field: &'static str,
    password: String,
    action: &'static str,
) -> Result<User, Error> {
    if let Err(wait) = state.attempts.start(&caller.username, caller.address) {
        return Err(Error::TooMany { retry_after_secs: wait.as_secs().max(1) });
    }
    let account = db::user::find(state.db.read(), caller.user_id).await?.ok_or(Error::Unauthenticated)?;
    let hash = Some(account.password_hash).filter(|hash| !hash.is_empty());
    if !state.passwords.verify(password, hash).await? {
        audit(state, caller, action, &caller.username, Outcome::Refused, "").await;
        return Err(Error::invalid(field, Message::new("password.wrong")));
    }
    state.attempts.succeeded(&caller.username, caller.address);
    Ok(account.user)
}

/// Makes an administrator from the console of the host: a break-glass account while no other password works.
pub async fn create_admin(state: &State, username: &str, password: String) -> Result<User, Error> {
    super::setup::check(username, &password)?;
    let hash = state.passwords.hash(password).await?;
    let made = state
        .db
        .write(async |txn| {
            let user = db::user::insert(txn, username, hash, SystemRole::Admin).await?;
            db::setting::put(txn, db::setting::SETUP_DONE, db::now().to_string()).await?;
            let break_glass = db::setting::portal(txn).await?.password_sign_in == PasswordSignIn::BreakGlass;
            if break_glass {
                db::user::set_break_glass(txn, user.id, true).await?;
            }
            Ok::<_, db::Error>(User { break_glass, ..user })
        })
        .await;
    if let Ok(user) = &made {
        let detail = if user.break_glass { "role=admin break_glass=true" } else { "role=admin" };
        audit(state, Actor::console(), "user.create", username, Outcome::Done, detail).await;
    }
    match made {
        Err(db::Error::Duplicate(_)) => Err(Error::Conflict(Message::new("conflict.username").with("name", username))),
        other => Ok(other?),
    }
}

/// Sets an account's password from the console of the host. Its sessions end and its tokens are revoked. Gives whether
/// the account may sign in with a password at all.
pub async fn reset_password(state: &State, username: &str, password: String) -> Result<bool, Error> {
    api::name::check_password(&password, username).map_err(|message| Error::invalid("password", message))?;
    let account = db::user::find_by_name(state.db.read(), username).await?;
    let account = account.ok_or_else(|| Error::not_found("user", username))?;
    let hash = state.passwords.hash(password).await?;
    state
        .db
        .write(async |txn| {
            db::user::set_password(txn, account.user.id, hash).await?;
            db::token::delete_of_user(txn, account.user.id).await?;
            db::password_link::delete(txn, account.user.id).await?;
            db::session::delete_of_user(txn, account.user.id, None).await
        })
        .await?;
    audit(state, Actor::console(), "password.reset", username, Outcome::Done, "").await;
    let who = db::setting::portal(state.db.read()).await?.password_sign_in;
    Ok(who.is_open_to(account.user.break_glass))
}

/// How long a one-time link works.
const LINK_LIFE: Duration = Duration::hours(72);

/// The accounts.
pub async fn list(state: &State, caller: &Caller, query: &ListQuery) -> Result<List<User>, Error> {
    caller.require(Permission::ManagePortal, None)?;
    let mut filter = db::user::Filter { words: listing::words(query), ..Default::default() };
    for (field, value) in &query.filters {
        let words = || value.split(',').map(str::trim);
        match field.as_str() {
            "role" => filter.roles = Some(words().filter_map(|word| word_as(word, &ROLES)).collect()),
            "state" => filter.states = Some(words().filter_map(|word| word_as(word, &STATES)).collect()),
            "break_glass" => {
                let (yes, no) = (words().any(|word| word == "true"), words().any(|word| word == "false"));
                filter.break_glass = (yes != no).then_some(yes);
            }
            other => return Err(listing::unknown_filter(other, &["role", "state", "break_glass"])),
        }
    }
    filter.sort = match query.sort.as_deref() {
        None | Some("username") => None,
        Some("created_at") => Some(db::user::Sort::CreatedAt),
        Some("role") => Some(db::user::Sort::Role),
        Some(other) => return Err(listing::unknown_sort(other, "username, created_at, role")),
    };
    filter.descending = query.order == api::Order::Desc;
    let (offset, limit) = listing::window(query)?;
    let (items, total) = db::user::list(state.db.read(), &filter, offset, limit).await?;
    Ok(listing::of_window(items, total, offset))
}

const ROLES: [(&str, SystemRole); 2] = [("admin", SystemRole::Admin), ("member", SystemRole::Member)];
const STATES: [(&str, UserState); 4] = [
    ("active", UserState::Active),
    ("invited", UserState::Invited),
    ("waiting", UserState::Waiting),
    ("disabled", UserState::Disabled),
];

fn word_as<T: Copy>(word: &str, known: &[(&str, T)]) -> Option<T> {
    known.iter().find(|(name, _)| *name == word).map(|(_, value)| *value)
}

/// Makes an account without a password, and the link with which its owner chooses one.
pub async fn create(state: &State, caller: &Caller, create: CreateUser) -> Result<PasswordLink, Error> {
    caller.require(Permission::ManagePortal, None)?;
    let CreateUser { username, role } = create;
    api::name::check_username(&username).map_err(|message| Error::invalid("username", message))?;
    let (secret, hash, expires_at) = new_link()?;
    let made = state
        .db
        .write(async |txn| {
            let user = db::user::insert(txn, &username, String::new(), role).await?;
            db::password_link::put(txn, user.id, hash, expires_at).await?;
            Ok::<_, db::Error>(user)
        })
        .await;
    let user = match made {
        Err(db::Error::Duplicate(_)) => {
            return Err(Error::Conflict(Message::new("conflict.username").with("name", username)));
        }
        other => other?,
    };
    audit(state, caller, "user.create", &username, Outcome::Done, &format!("role={}", db::user::role_text(role))).await;
    Ok(PasswordLink { user, link: link_to(state, &secret), expires_at: db::time(expires_at) })
}

/// Changes an account's role, shuts it or opens it again, makes it a break-glass account or an ordinary one.
pub async fn update(state: &State, caller: &Caller, id: &str, update: UpdateUser) -> Result<User, Error> {
    let user = find(state, caller, id).await?;
    let goes = update.role == Some(SystemRole::Member) || update.disabled == Some(true);
    let changed = state
        .db
        .write(async |txn| {
            if goes {
                keep_an_admin(txn, user.id).await?;
            }
            if goes || update.break_glass == Some(false) {
                keep_break_glass(txn, user.id).await?;
            }
            if let Some(role) = update.role {
                db::user::set_role(txn, user.id, role).await?;
            }
            if update.role == Some(SystemRole::Member) || update.break_glass == Some(false) {
                db::user::set_break_glass(txn, user.id, false).await?;
            }
            match update.disabled {
                Some(true) => {
                    db::user::set_disabled(txn, user.id, Some(db::now())).await?;
                    db::token::delete_of_user(txn, user.id).await?;
                    db::session::delete_of_user(txn, user.id, None).await?;
                }
                Some(false) => db::user::set_disabled(txn, user.id, None).await?,
                None => {}
            }
            if update.break_glass == Some(true) {
                // Held, so that it cannot become unfit before this is done.
                if !db::user::hold_admins(txn).await?.iter().any(|admin| admin.id == user.id) {
                    return Err(Error::Conflict(Message::new("user.break-glass-unfit").with("name", &user.username)));
                }
                db::user::set_break_glass(txn, user.id, true).await?;
            }
            db::user::find(txn, user.id).await?.ok_or_else(|| Error::not_found("user", id))
        })
        .await;
    let role = update.role.map(|role| format!("role={}", db::user::role_text(role)));
    let disabled = update.disabled.map(|disabled| format!("disabled={disabled}"));
    let break_glass = update.break_glass.map(|is| format!("break_glass={is}"));
    let detail = role.into_iter().chain(disabled).chain(break_glass).collect::<Vec<_>>().join(" ");
    let outcome = if changed.is_ok() { Outcome::Done } else { Outcome::Refused };
    audit(state, caller, "user.update", &user.username, outcome, &detail).await;
    Ok(changed?.user)
}

/// Removes an account with its sessions, tokens and memberships. What it made stays.
pub async fn delete(state: &State, caller: &Caller, id: &str) -> Result<(), Error> {
    let user = find(state, caller, id).await?;
    let deleted = state
        .db
        .write(async |txn| {
            keep_an_admin(txn, user.id).await?;
            keep_break_glass(txn, user.id).await?;
            if db::user::delete(txn, user.id).await? { Ok(()) } else { Err(Error::not_found("user", id)) }
        })
        .await;
    let outcome = if deleted.is_ok() { Outcome::Done } else { Outcome::Refused };
    audit(state, caller, "user.delete", &user.username, outcome, "").await;
    deleted
}

/// A new one-time link for an account's password; those given before stop working.
pub async fn password_link(state: &State, caller: &Caller, id: &str) -> Result<PasswordLink, Error> {
    let user = find(state, caller, id).await?;
    let (secret, hash, expires_at) = new_link()?;
    state.db.write(async |txn| db::password_link::put(txn, user.id, hash, expires_at).await).await?;
    audit(state, caller, "password-link.create", &user.username, Outcome::Done, "").await;
    Ok(PasswordLink { user, link: link_to(state, &secret), expires_at: db::time(expires_at) })
}

/// Whose one-time link this is. [`Error::Forbidden`] says why it does not work.
pub async fn check_link(state: &State, token: &str) -> Result<User, Error> {
    let owner = db::password_link::find(state.db.read(), &secret::hash(token), db::now()).await?;
    chooser(state.db.read(), owner.ok_or_else(wrong_link)?).await
}

/// Sets the password that the owner of a one-time link chose. Sessions and tokens of the account end.
pub async fn use_link(state: &State, invitation: Invitation, address: IpAddr) -> Result<User, Error> {
    if let Err(wait) = state.attempts.start_from(address) {
        return Err(Error::TooMany { retry_after_secs: wait.as_secs().max(1) });
    }
    let user = check_link(state, &invitation.token).await?;
    state.attempts.succeeded_from(address);
    api::name::check_password(&invitation.password, &user.username)
        .map_err(|message| Error::invalid("password", message))?;
    let password_hash = state.passwords.hash(invitation.password).await?;
    state
        .db
        .write(async |txn| {
            // Used at the same time elsewhere, it is gone; shut meanwhile, the account stays shut.
            if !db::password_link::take(txn, &secret::hash(&invitation.token), db::now()).await? {
                return Err(wrong_link());
            }
            chooser(txn, user.id).await?;
            db::user::set_password(txn, user.id, password_hash).await?;
            db::token::delete_of_user(txn, user.id).await?;
            Ok(db::session::delete_of_user(txn, user.id, None).await?)
        })
        .await?;
    let actor = Actor { user_id: Some(user.id), username: user.username.clone(), address };
    audit(state, actor, "password-link.use", &user.username, Outcome::Done, "").await;
    Ok(User { state: UserState::Active, ..user })
}

/// The owner of an account, who may choose its password.
async fn chooser(connection: &impl ConnectionTrait, id: Ulid) -> Result<User, Error> {
    let user = db::user::find(connection, id).await?.ok_or_else(wrong_link)?.user;
    if !matches!(user.state, UserState::Active | UserState::Invited) {
        return Err(wrong_link());
    }
    if !db::setting::portal(connection).await?.password_sign_in.is_open_to(user.break_glass) {
        return Err(Error::Forbidden(Message::new("forbidden.password-off")));
    }
    Ok(user)
}

fn wrong_link() -> Error {
    Error::Forbidden(Message::new("forbidden.password-link"))
}

fn new_link() -> Result<(String, String, i64), Error> {
    let secret = secret::random()?;
    let hash = secret::hash(&secret);
    Ok((secret, hash, db::millis(db::time(db::now()) + LINK_LIFE)))
}

fn link_to(state: &State, secret: &str) -> String {
    let mut link = state.config.http.public_url.clone();
    link.set_path("/invite");
    link.set_query(Some(&format!("token={secret}")));
    link.to_string()
}

/// The account with this id, for an administrator.
pub(super) async fn find(state: &State, caller: &Caller, id: &str) -> Result<User, Error> {
    caller.require(Permission::ManagePortal, None)?;
    let missing = || Error::not_found("user", id);
    let parsed: Ulid = id.parse().map_err(|_| missing())?;
    Ok(db::user::find(state.db.read(), parsed).await?.ok_or_else(missing)?.user)
}

/// Refuses what would leave the portal without an administrator who can sign in.
async fn keep_an_admin(txn: &DatabaseTransaction, going: Ulid) -> Result<(), Error> {
    let admins = db::user::hold_admins(txn).await?;
    if let [last] = &admins[..]
        && last.id == going
    {
        return Err(Error::Conflict(Message::new("user.last-admin")));
    }
    Ok(())
}

/// Refuses what would leave the portal without a break-glass account while no other password works.
async fn keep_break_glass(txn: &DatabaseTransaction, going: Ulid) -> Result<(), Error> {
    let admins = db::user::hold_admins(txn).await?;
    let mut left = admins.iter().filter(|admin| admin.break_glass);
    let is_last = left.next().is_some_and(|admin| admin.id == going) && left.next().is_none();
    if is_last && db::setting::portal(txn).await?.password_sign_in == PasswordSignIn::BreakGlass {
        return Err(Error::Conflict(Message::new("user.last-break-glass")));
    }
    Ok(())
}
