//! One-time links for passwords, one for an account at most; only the SHA-256 of a secret is kept.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use ulid::Ulid;

use super::Error;

/// A link as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "password_links")]
pub struct Model {
    /// Whose password it sets.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: String,
    /// The hash of the secret, in hexadecimal.
    pub secret_hash: String,
    /// When it stops working.
    pub expires_at: i64,
}

/// No relation is queried through the entity.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Gives an account a link; one given before stops working.
pub async fn put(
    connection: &impl ConnectionTrait,
    user: Ulid,
    secret_hash: String,
    expires_at: i64,
) -> Result<(), Error> {
    let model =
        ActiveModel { user_id: Set(user.to_string()), secret_hash: Set(secret_hash), expires_at: Set(expires_at) };
    let conflict =
        OnConflict::column(Column::UserId).update_columns([Column::SecretHash, Column::ExpiresAt]).to_owned();
    Entity::insert(model).on_conflict(conflict).exec_without_returning(connection).await?;
    Ok(())
}

/// Whose working link has this secret's hash.
pub async fn find(connection: &impl ConnectionTrait, secret_hash: &str, now: i64) -> Result<Option<Ulid>, Error> {
    let query = Entity::find().filter(Column::SecretHash.eq(secret_hash)).filter(Column::ExpiresAt.gt(now));
    query.one(connection).await?.map(|link| super::ulid(&link.user_id)).transpose()
}

/// Uses a link up; whether it still worked.
pub async fn take(connection: &impl ConnectionTrait, secret_hash: &str, now: i64) -> Result<bool, Error> {
    let query = Entity::delete_many().filter(Column::SecretHash.eq(secret_hash)).filter(Column::ExpiresAt.gt(now));
    Ok(query.exec(connection).await?.rows_affected > 0)
}

/// Ends the link of an account.
pub async fn delete(connection: &impl ConnectionTrait, user: Ulid) -> Result<(), Error> {
    Entity::delete_by_id(user.to_string()).exec(connection).await?;
    Ok(())
}

/// Removes what has stopped working.
pub async fn delete_expired(connection: &impl ConnectionTrait, now: i64) -> Result<u64, Error> {
    Ok(Entity::delete_many().filter(Column::ExpiresAt.lte(now)).exec(connection).await?.rows_affected)
}
