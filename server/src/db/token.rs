//! Personal access tokens; only the SHA-256 of a secret is kept.

use api::token::Token;
use sea_orm::entity::prelude::*;
use sea_orm::{ActiveValue::Set, QueryOrder};
use ulid::Ulid;

use super::Error;

/// A token as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tokens")]
pub struct Model {
    /// The ULID.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// Whose it is.
    pub user_id: String,
    /// What its owner calls it.
    pub name: String,
    /// The hash of the secret, in hexadecimal.
    pub secret_hash: String,
    /// When it was made.
    pub created_at: i64,
    /// When it stops working.
    pub expires_at: i64,
    /// When it was last used, to the minute.
    pub last_used_at: Option<i64>,
}

/// No relation is queried through the entity.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for Token {
    type Error = Error;

    fn try_from(model: Model) -> Result<Self, Error> {
        Ok(Self {
            id: super::ulid(&model.id)?,
            name: model.name,
            created_at: super::time(model.created_at),
            expires_at: super::time(model.expires_at),
            last_used_at: model.last_used_at.map(super::time),
        })
    }
}

/// Adds a token.
pub async fn insert(
    connection: &impl ConnectionTrait,
    user: Ulid,
    token: &Token,
    secret_hash: String,
) -> Result<(), Error> {
    let model = ActiveModel {
        id: Set(token.id.to_string()),
        user_id: Set(user.to_string()),
        name: Set(token.name.clone()),
        secret_hash: Set(secret_hash),
        created_at: Set(super::millis(token.created_at)),
        expires_at: Set(super::millis(token.expires_at)),
        last_used_at: Set(None),
    };
    Entity::insert(model).exec_without_returning(connection).await?;
    Ok(())
}

/// The tokens of an account, newest first.
pub async fn list(connection: &impl ConnectionTrait, user: Ulid) -> Result<Vec<Token>, Error> {
    let query = Entity::find().filter(Column::UserId.eq(user.to_string())).order_by_desc(Column::Id);
    query.all(connection).await?.into_iter().map(Token::try_from).collect()
}

/// The working token with this secret's hash, and whose it is.
pub async fn find_by_hash(
    connection: &impl ConnectionTrait,
    secret_hash: &str,
    now: i64,
) -> Result<Option<(Ulid, Token)>, Error> {
    let query = Entity::find().filter(Column::SecretHash.eq(secret_hash)).filter(Column::ExpiresAt.gt(now));
    let Some(model) = query.one(connection).await? else { return Ok(None) };
    Ok(Some((super::ulid(&model.user_id)?, Token::try_from(model)?)))
}

/// Whether the token still works.
pub async fn works(connection: &impl ConnectionTrait, id: Ulid, now: i64) -> Result<bool, Error> {
    Ok(Entity::find_by_id(id.to_string()).filter(Column::ExpiresAt.gt(now)).exists(connection).await?)
}

/// Notes that the token was used.
pub async fn touch(connection: &impl ConnectionTrait, id: Ulid, now: i64) -> Result<(), Error> {
    Entity::update_many()
        .col_expr(Column::LastUsedAt, Expr::value(now))
        .filter(Column::Id.eq(id.to_string()))
        .exec(connection)
        .await?;
    Ok(())
}

/// Revokes a token of an account; whether there was one.
pub async fn delete(connection: &impl ConnectionTrait, user: Ulid, id: Ulid) -> Result<bool, Error> {
    let query = Entity::delete_many().filter(Column::Id.eq(id.to_string())).filter(Column::UserId.eq(user.to_string()));
    Ok(query.exec(connection).await?.rows_affected > 0)
}

/// Removes what has stopped working before `before`.
pub async fn delete_expired(connection: &impl ConnectionTrait, before: i64) -> Result<u64, Error> {
    Ok(Entity::delete_many().filter(Column::ExpiresAt.lte(before)).exec(connection).await?.rows_affected)
}

/// Revokes every token of an account.
pub async fn delete_of_user(connection: &impl ConnectionTrait, user: Ulid) -> Result<(), Error> {
    Entity::delete_many().filter(Column::UserId.eq(user.to_string())).exec(connection).await?;
    Ok(())
}
