//! Identity providers: setting them up, trying them, switching them on.

use api::permission::Permission;
use api::provider::{
    CreateProvider, Departure, Provider, ProviderKind, SignInChoice, Trial, UpdateProvider, check_group,
    check_group_count, group_fits,
};
use api::{FieldProblem, List, Message, Ulid};

use super::audit::{Outcome, audit};
use super::sign_in::{self, Begun, Purpose};
use super::{Error, State};
use crate::auth::Caller;
use crate::auth::provider::Settings;
use crate::db;

const LONGEST_NAME: usize = 63;
const LONGEST_TEXT: usize = 512;
const MOST_WORDS: usize = 64;

/// The providers.
pub async fn list(state: &State, caller: &Caller) -> Result<List<Provider>, Error> {
    caller.require(Permission::ManagePortal, None)?;
    let items: Vec<_> = db::provider::list(state.db.read()).await?.iter().map(|one| shown(state, one)).collect();
    Ok(List { total: items.len() as u64, items, next: None, age_ms: None })
}

/// A provider.
pub async fn get(state: &State, caller: &Caller, slug: &str) -> Result<Provider, Error> {
    Ok(shown(state, &find(state, caller, slug).await?))
}

/// What the sign-in page offers.
pub async fn choices(state: &State) -> Result<Vec<SignInChoice>, Error> {
    let enabled = db::provider::list(state.db.read()).await?.into_iter().filter(|provider| provider.enabled);
    Ok(enabled.map(|one| SignInChoice { slug: one.slug, name: one.name, kind: one.kind }).collect())
}

/// Adds a provider, switched off.
pub async fn create(state: &State, caller: &Caller, create: CreateProvider) -> Result<Provider, Error> {
    caller.require(Permission::ManagePortal, None)?;
    let provider = db::provider::Provider {
        id: Ulid::generate(),
        slug: create.slug,
        name: create.name.trim().to_owned(),
        kind: create.kind,
        issuer: create.issuer,
        client_id: create.client_id,
        client_secret: create.client_secret.filter(|secret| !secret.is_empty()),
        scopes: create.scopes,
        groups_claim: create.groups_claim.filter(|claim| !claim.is_empty()),
        admin_groups: create.admin_groups,
        first_sign_in: create.first_sign_in,
        first_role: create.first_role,
        enabled: false,
        trial: None,
        created_at: db::now(),
    };
    check(state, &provider)?;
    let made = state.db.write(async |txn| db::provider::insert(txn, &provider).await).await;
    taken(made, &provider)?;
    audit(state, caller, "provider.create", &provider.slug, Outcome::Done, &provider.issuer).await;
    Ok(shown(state, &provider))
}

/// Changes a provider. It is switched off by what makes another trial necessary.
pub async fn update(state: &State, caller: &Caller, slug: &str, update: UpdateProvider) -> Result<Provider, Error> {
    let old = find(state, caller, slug).await?;
    let UpdateProvider { client_secret, groups_claim, enabled, .. } = &update;
    let mut new = db::provider::Provider {
        name: update.name.as_deref().map_or_else(|| old.name.clone(), |name| name.trim().to_owned()),
        issuer: update.issuer.clone().unwrap_or_else(|| old.issuer.clone()),
        client_id: update.client_id.clone().unwrap_or_else(|| old.client_id.clone()),
        client_secret: changed(client_secret.as_ref(), old.client_secret.as_ref()),
        scopes: update.scopes.clone().unwrap_or_else(|| old.scopes.clone()),
        groups_claim: changed(groups_claim.as_ref(), old.groups_claim.as_ref()),
        admin_groups: update.admin_groups.clone().unwrap_or_else(|| old.admin_groups.clone()),
        first_sign_in: update.first_sign_in.unwrap_or(old.first_sign_in),
        first_role: update.first_role.unwrap_or(old.first_role),
        ..old.clone()
    };
    check(state, &new)?;
    if new.issuer != old.issuer && old.client_secret.is_some() && update.client_secret.is_none() {
        return Err(Error::invalid("client_secret", Message::new("provider.secret-again")));
    }
    if asked_with(&new) != asked_with(&old) {
        (new.trial, new.enabled) = (None, false);
    }
    if let Some(enabled) = enabled {
        let worked = new.trial.as_ref().is_some_and(|trial| trial.problem.is_none());
        if *enabled && !worked {
            return Err(Error::Conflict(Message::new("provider.untested").with("name", &new.name)));
        }
        new.enabled = *enabled;
    }
    let kept = state
        .db
        .write(async |txn| {
            db::provider::update(txn, &new).await?;
            if new.enabled { Ok(()) } else { db::identity::end_all(txn, new.id).await }
        })
        .await;
    taken(kept, &new)?;
    state.providers.forget(&old.issuer);
    state.providers.forget(&new.issuer);
    audit(state, caller, "provider.update", slug, Outcome::Done, &difference(&old, &new)).await;
    Ok(shown(state, &new))
}

/// Removes a provider. Sessions that began with it end; accounts stay.
pub async fn delete(state: &State, caller: &Caller, slug: &str) -> Result<(), Error> {
    let provider = find(state, caller, slug).await?;
    let deleted = state
        .db
        .write(async |txn| {
            db::identity::end_all(txn, provider.id).await?;
            db::provider::delete(txn, provider.id).await
        })
        .await?;
    if !deleted {
        return Err(Error::not_found("provider", slug));
    }
    state.providers.forget(&provider.issuer);
    audit(state, caller, "provider.delete", slug, Outcome::Done, &provider.issuer).await;
    Ok(())
}

/// Begins to try a provider: the administrator signs in there, and is told what the portal would make of it.
pub async fn begin_trial(state: &State, caller: &Caller, slug: &str) -> Result<(Departure, Begun), Error> {
    caller.require_session()?;
    let provider = find(state, caller, slug).await?;
    state.providers.forget(&provider.issuer);
    let begun = sign_in::begin(state, &provider, Purpose::Trial(caller), &format!("/providers/{slug}")).await;
    match begun {
        Ok(begun) => Ok((Departure { location: begun.location.to_string() }, begun)),
        Err(Error::Unavailable(message)) => {
            keep_trial(state, &provider, failed_trial(message.clone())).await?;
            Err(Error::Unavailable(message))
        }
        Err(error) => Err(error),
    }
}

/// Keeps how a trial went.
pub(super) async fn keep_trial(state: &State, provider: &db::provider::Provider, trial: Trial) -> Result<(), Error> {
    Ok(state.db.write(async |txn| db::provider::set_trial(txn, provider.id, &trial).await).await?)
}

/// A trial that went wrong.
pub(super) fn failed_trial(problem: Message) -> Trial {
    Trial {
        at: db::time(db::now()),
        problem: Some(problem),
        subject: None,
        username: None,
        groups: Vec::new(),
        admin: false,
    }
}

/// Whether one of the groups makes an administrator of the portal.
pub(super) fn makes_admin(provider: &db::provider::Provider, groups: &[String]) -> bool {
    provider.admin_groups.iter().any(|pattern| groups.iter().any(|group| group_fits(pattern, group)))
}

/// What a provider is asked with.
pub(super) fn settings(state: &State, provider: &db::provider::Provider) -> Settings {
    Settings {
        kind: provider.kind,
        issuer: provider.issuer.clone(),
        client_id: provider.client_id.clone(),
        client_secret: provider.client_secret.clone(),
        scopes: provider.scopes.clone(),
        groups_claim: provider.groups_claim.clone(),
        redirect: callback(state, &provider.slug),
    }
}

fn callback(state: &State, slug: &str) -> url::Url {
    let mut address = state.config.http.public_url.clone();
    address.set_path(&format!("/auth/providers/{slug}/callback"));
    address
}

async fn find(state: &State, caller: &Caller, slug: &str) -> Result<db::provider::Provider, Error> {
    caller.require(Permission::ManagePortal, None)?;
    let missing = || Error::not_found("provider", slug);
    api::name::check_name(slug).map_err(|_| missing())?;
    db::provider::find_by_slug(state.db.read(), slug).await?.ok_or_else(missing)
}

/// What stays where nothing is given, and goes where an empty text is.
fn changed(given: Option<&String>, old: Option<&String>) -> Option<String> {
    given.or(old).filter(|text| !text.is_empty()).cloned()
}

/// What a trial depends on.
fn asked_with(provider: &db::provider::Provider) -> impl PartialEq {
    (
        provider.issuer.clone(),
        provider.client_id.clone(),
        provider.client_secret.clone(),
        provider.scopes.clone(),
        provider.groups_claim.clone(),
    )
}

fn taken(made: Result<(), db::Error>, provider: &db::provider::Provider) -> Result<(), Error> {
    match made {
        Err(db::Error::Duplicate(_)) => {
            let message = Message::new("conflict.provider").with("slug", &provider.slug);
            Err(Error::Conflict(message.with("issuer", &provider.issuer)))
        }
        other => Ok(other?),
    }
}

fn check(state: &State, provider: &db::provider::Provider) -> Result<(), Error> {
    let mut problems = Vec::new();
    let mut wrong = |field: &str, message: Message| problems.push(FieldProblem::new(field, message));
    match api::name::check_name(&provider.slug) {
        Err(message) => wrong("slug", message),
        // The console has a page of that name.
        Ok(()) if provider.slug == "new" => wrong("slug", Message::new("provider.slug")),
        Ok(()) => {}
    }
    let name = provider.name.chars().count();
    if name == 0 || name > LONGEST_NAME || provider.name.chars().any(char::is_control) {
        wrong("name", Message::new("provider.name").with("limit", LONGEST_NAME));
    }
    if provider.issuer.len() > LONGEST_TEXT || !state.providers.check(&provider.issuer) {
        wrong("issuer", Message::new("provider.issuer"));
    }
    if provider.client_id.is_empty() || provider.client_id.len() > LONGEST_TEXT {
        wrong("client_id", Message::new("provider.text").with("limit", LONGEST_TEXT));
    }
    let secret = provider.client_secret.as_deref();
    if secret.is_some_and(|secret| secret.len() > 8 * LONGEST_TEXT) {
        wrong("client_secret", Message::new("provider.text").with("limit", 8 * LONGEST_TEXT));
    }
    if provider.kind != ProviderKind::Oidc && secret.is_none() {
        wrong("client_secret", Message::new("provider.secret"));
    }
    if provider.groups_claim.as_deref().is_some_and(|claim| claim.len() > LONGEST_TEXT) {
        wrong("groups_claim", Message::new("provider.text").with("limit", LONGEST_TEXT));
    }
    let is_scope = |word: &String| {
        !word.is_empty() && word.len() <= LONGEST_TEXT && word.bytes().all(|byte| byte.is_ascii_graphic())
    };
    if provider.scopes.len() > MOST_WORDS || !provider.scopes.iter().all(is_scope) {
        wrong("scopes", Message::new("provider.scopes"));
    }
    let groups = &provider.admin_groups;
    let checked = check_group_count(groups.len()).and_then(|()| groups.iter().try_for_each(|group| check_group(group)));
    if let Err(message) = checked {
        wrong("admin_groups", message);
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::Invalid(problems)) }
}

/// What changed, without secrets.
fn difference(old: &db::provider::Provider, new: &db::provider::Provider) -> String {
    let fields = [
        ("name", old.name == new.name),
        ("issuer", old.issuer == new.issuer),
        ("client_id", old.client_id == new.client_id),
        ("client_secret", old.client_secret == new.client_secret),
        ("scopes", old.scopes == new.scopes),
        ("groups_claim", old.groups_claim == new.groups_claim),
        ("admin_groups", old.admin_groups == new.admin_groups),
        ("first_sign_in", old.first_sign_in == new.first_sign_in),
        ("first_role", old.first_role == new.first_role),
    ];
    let mut words: Vec<_> = fields.iter().filter(|(_, same)| !same).map(|(name, _)| (*name).to_owned()).collect();
    if old.enabled != new.enabled {
        words.push(format!("enabled={}", new.enabled));
    }
    words.join(" ")
}

fn shown(state: &State, provider: &db::provider::Provider) -> Provider {
    Provider {
        id: provider.id,
        slug: provider.slug.clone(),
        name: provider.name.clone(),
        kind: provider.kind,
        issuer: provider.issuer.clone(),
        client_id: provider.client_id.clone(),
        has_secret: provider.client_secret.is_some(),
        scopes: provider.scopes.clone(),
        groups_claim: provider.groups_claim.clone(),
        admin_groups: provider.admin_groups.clone(),
        first_sign_in: provider.first_sign_in,
        first_role: provider.first_role,
        enabled: provider.enabled,
        callback_url: callback(state, &provider.slug).to_string(),
        trial: provider.trial.clone(),
        created_at: db::time(provider.created_at),
    }
}
