//! Personal access tokens; only the SHA-256 of a secret is kept.

use api::token::{Scope, Token};
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
    /// The names of its scopes with commas between them.
    pub scopes: String,
    /// The hash of the secret, in hexadecimal.
    pub secret_hash: String,
    /// When it was made, or its secret was replaced.
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
            scopes: parse_scopes(&model.scopes)?,
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
        scopes: Set(scopes_text(&token.scopes)),
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

/// Replaces the secret of a token of an account, which then works as long again; `None` where there is no such token.
pub async fn rotate(
    connection: &impl ConnectionTrait,
    user: Ulid,
    id: Ulid,
    secret_hash: String,
) -> Result<Option<Token>, Error> {
    let query = Entity::find_by_id(id.to_string()).filter(Column::UserId.eq(user.to_string()));
    let Some(mut model) = query.one(connection).await? else { return Ok(None) };
    let life = model.expires_at - model.created_at;
    model.created_at = super::now();
    model.expires_at = model.created_at + life;
    model.last_used_at = None;
    let changed = Entity::update_many()
        .col_expr(Column::SecretHash, Expr::value(secret_hash))
        .col_expr(Column::CreatedAt, Expr::value(model.created_at))
        .col_expr(Column::ExpiresAt, Expr::value(model.expires_at))
        .col_expr(Column::LastUsedAt, Expr::value(model.last_used_at))
        .filter(Column::Id.eq(id.to_string()))
        .exec(connection)
        .await?
        .rows_affected;
    // Revoked at the same time, it stays revoked.
    if changed == 0 { Ok(None) } else { Token::try_from(model).map(Some) }
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

/// Scopes as they are kept.
pub fn scopes_text(scopes: &[Scope]) -> String {
    scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>().join(",")
}

/// Scopes as they were kept.
pub fn parse_scopes(text: &str) -> Result<Vec<Scope>, Error> {
    let scope = |name: &str| Scope::ALL.into_iter().find(|scope| scope.name() == name);
    text.split(',').map(|name| scope(name).ok_or_else(|| Error::Other(format!("`{name}` is no scope")))).collect()
}
