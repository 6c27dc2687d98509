//! Recovery codes: each stands in once for a code of the owner's app. Only their SHA-256 is kept.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use ulid::Ulid;

use super::Error;

/// A recovery code as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "recovery_codes")]
pub struct Model {
    /// Whose it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: String,
    /// The hash of the code, in hexadecimal.
    #[sea_orm(primary_key, auto_increment = false)]
    pub code_hash: String,
}

/// No relation is queried through the entity.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// How many an account has left.
pub async fn count(connection: &impl ConnectionTrait, user: Ulid) -> Result<u64, Error> {
    Ok(Entity::find().filter(Column::UserId.eq(user.to_string())).count(connection).await?)
}

/// Gives an account other codes in place of those it has.
pub async fn replace(connection: &impl ConnectionTrait, user: Ulid, hashes: Vec<String>) -> Result<(), Error> {
    Entity::delete_many().filter(Column::UserId.eq(user.to_string())).exec(connection).await?;
    for hash in hashes {
        let model = ActiveModel { user_id: Set(user.to_string()), code_hash: Set(hash) };
        Entity::insert(model).exec_without_returning(connection).await?;
    }
    Ok(())
}

/// Uses a code up; whether there was one.
pub async fn take(connection: &impl ConnectionTrait, user: Ulid, hash: &str) -> Result<bool, Error> {
    let query = Entity::delete_many().filter(Column::UserId.eq(user.to_string())).filter(Column::CodeHash.eq(hash));
    Ok(query.exec(connection).await?.rows_affected > 0)
}
