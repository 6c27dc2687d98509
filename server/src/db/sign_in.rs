//! Sign-ins that went to a provider and have not come back. Each comes back once.

use sea_orm::IntoActiveModel as _;
use sea_orm::entity::prelude::*;

use super::Error;

/// A sign-in under way as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sign_ins")]
pub struct Model {
    /// The hash of the `state` that was sent, in hexadecimal.
    #[sea_orm(primary_key, auto_increment = false)]
    pub state_hash: String,
    /// To which provider.
    pub provider_id: String,
    /// The hash of the cookie of the browser that went.
    pub binding_hash: String,
    /// What the token must repeat.
    pub nonce: String,
    /// What proves to the provider that who comes back is who went (PKCE).
    pub verifier: String,
    /// `sign-in`, `link` or `trial`.
    pub purpose: String,
    /// The session that began a link or a trial.
    pub session_key: Option<String>,
    /// The path of the portal to go on to.
    pub next: String,
    /// When it is too late.
    pub expires_at: i64,
}

/// No relation is queried through the entity.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Adds one.
pub async fn insert(connection: &impl ConnectionTrait, model: Model) -> Result<(), Error> {
    Entity::insert(model.into_active_model()).exec_without_returning(connection).await?;
    Ok(())
}

/// The one with this state, if it is not too late for it.
pub async fn find(connection: &impl ConnectionTrait, state_hash: &str, now: i64) -> Result<Option<Model>, Error> {
    Ok(Entity::find_by_id(state_hash).filter(Column::ExpiresAt.gt(now)).one(connection).await?)
}

/// Takes the one with this state away, if it is not too late for it.
pub async fn take(connection: &impl ConnectionTrait, state_hash: &str, now: i64) -> Result<Option<Model>, Error> {
    let found = find(connection, state_hash, now).await?;
    let taken = Entity::delete_by_id(state_hash).exec(connection).await?.rows_affected > 0;
    Ok(found.filter(|_| taken))
}

/// Removes those for which it is too late.
pub async fn delete_expired(connection: &impl ConnectionTrait, now: i64) -> Result<u64, Error> {
    Ok(Entity::delete_many().filter(Column::ExpiresAt.lte(now)).exec(connection).await?.rows_affected)
}
