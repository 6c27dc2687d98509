//! Sign-ins by form whose password was right and that wait for the code. Only the SHA-256 of the secret is kept.

use sea_orm::entity::prelude::*;
use sea_orm::{ExprTrait as _, IntoActiveModel as _};
use ulid::Ulid;

use super::Error;

/// A sign-in that waits for its code as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "pending_codes")]
pub struct Model {
    /// The hash of the secret in the browser's cookie, in hexadecimal.
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_hash: String,
    /// Who signs in.
    pub user_id: String,
    /// When it is too late.
    pub expires_at: i64,
    /// How many codes were tried.
    pub failures: i32,
}

/// No relation is queried through the entity.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// How many codes may be tried.
const MOST_FAILURES: i32 = 5;

/// Adds one.
pub async fn insert(
    connection: &impl ConnectionTrait,
    token_hash: String,
    user: Ulid,
    expires_at: i64,
) -> Result<(), Error> {
    let model = Model { token_hash, user_id: user.to_string(), expires_at, failures: 0 };
    Entity::insert(model.into_active_model()).exec_without_returning(connection).await?;
    Ok(())
}

/// Who signs in, if another code may be tried.
pub async fn find(connection: &impl ConnectionTrait, token_hash: &str, now: i64) -> Result<Option<Ulid>, Error> {
    let query = Entity::find_by_id(token_hash).filter(Column::ExpiresAt.gt(now));
    let found = query.filter(Column::Failures.lt(MOST_FAILURES)).one(connection).await?;
    found.map(|model| super::ulid(&model.user_id)).transpose()
}

/// Counts a code before it is checked, so that many at once do not slip through; whether it may be tried.
pub async fn count(connection: &impl ConnectionTrait, token_hash: &str, now: i64) -> Result<bool, Error> {
    let query = Entity::update_many()
        .col_expr(Column::Failures, Expr::col(Column::Failures).add(1))
        .filter(Column::TokenHash.eq(token_hash))
        .filter(Column::ExpiresAt.gt(now))
        .filter(Column::Failures.lt(MOST_FAILURES));
    Ok(query.exec(connection).await?.rows_affected > 0)
}

/// Uses one up; whether it was still there.
pub async fn take(connection: &impl ConnectionTrait, token_hash: &str) -> Result<bool, Error> {
    Ok(Entity::delete_by_id(token_hash).exec(connection).await?.rows_affected > 0)
}

/// Ends those of an account.
pub async fn delete_of_user(connection: &impl ConnectionTrait, user: Ulid) -> Result<(), Error> {
    Entity::delete_many().filter(Column::UserId.eq(user.to_string())).exec(connection).await?;
    Ok(())
}

/// Removes those for which it is too late.
pub async fn delete_expired(connection: &impl ConnectionTrait, now: i64) -> Result<u64, Error> {
    Ok(Entity::delete_many().filter(Column::ExpiresAt.lte(now)).exec(connection).await?.rows_affected)
}
