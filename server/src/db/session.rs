//! Sessions. The key is the SHA-256 of the id in the cookie, so that a copy of the database opens no session.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ExprTrait, IntoActiveModel, QueryOrder as _};
use ulid::Ulid;

use super::Error;

/// A session as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    /// The hash of the id, in hexadecimal.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// Whose it is.
    pub user_id: Option<String>,
    /// The values, as JSON.
    pub data: String,
    /// When it was made.
    pub created_at: i64,
    /// When it was last used, to the minute.
    pub seen_at: i64,
    /// When it ends at the latest.
    pub expires_at: i64,
}

/// No relation is queried through the entity.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Adds a session; an id that is taken gives [`Error::Duplicate`].
pub async fn insert(connection: &impl ConnectionTrait, model: Model) -> Result<(), Error> {
    Entity::insert(model.into_active_model()).exec_without_returning(connection).await?;
    Ok(())
}

/// Adds a session or replaces its values.
pub async fn upsert(connection: &impl ConnectionTrait, model: Model) -> Result<(), Error> {
    let conflict =
        OnConflict::column(Column::Id).update_columns([Column::UserId, Column::Data, Column::ExpiresAt]).to_owned();
    Entity::insert(model.into_active_model()).on_conflict(conflict).exec_without_returning(connection).await?;
    Ok(())
}

/// The session, unless it has ended or was unused since `idle_since`.
pub async fn find(
    connection: &impl ConnectionTrait,
    id: &str,
    now: i64,
    idle_since: i64,
) -> Result<Option<Model>, Error> {
    let query = Entity::find_by_id(id).filter(Column::ExpiresAt.gt(now)).filter(Column::SeenAt.gt(idle_since));
    Ok(query.one(connection).await?)
}

/// Notes that the session was used.
pub async fn touch(connection: &impl ConnectionTrait, id: &str, now: i64) -> Result<(), Error> {
    Entity::update_many().col_expr(Column::SeenAt, Expr::value(now)).filter(Column::Id.eq(id)).exec(connection).await?;
    Ok(())
}

/// Ends a session.
pub async fn delete(connection: &impl ConnectionTrait, id: &str) -> Result<(), Error> {
    Entity::delete_by_id(id).exec(connection).await?;
    Ok(())
}

/// The sessions of an account that have not ended, the last used first.
pub async fn list(
    connection: &impl ConnectionTrait,
    user: Ulid,
    now: i64,
    idle_since: i64,
) -> Result<Vec<Model>, Error> {
    let query = Entity::find().filter(Column::UserId.eq(user.to_string())).filter(Column::ExpiresAt.gt(now));
    let query = query.filter(Column::SeenAt.gt(idle_since)).order_by_desc(Column::SeenAt).order_by_asc(Column::Id);
    Ok(query.all(connection).await?)
}

/// Ends the session of an account whose key begins so; whether there was one.
pub async fn delete_one(connection: &impl ConnectionTrait, user: Ulid, key_begin: &str) -> Result<bool, Error> {
    let query = Entity::delete_many().filter(Column::UserId.eq(user.to_string()));
    Ok(query.filter(Column::Id.starts_with(key_begin)).exec(connection).await?.rows_affected > 0)
}

/// Ends every session of an account but `except`, and what waits for a code to become one.
pub async fn delete_of_user(connection: &impl ConnectionTrait, user: Ulid, except: Option<&str>) -> Result<(), Error> {
    super::pending_code::delete_of_user(connection, user).await?;
    let mut query = Entity::delete_many().filter(Column::UserId.eq(user.to_string()));
    if let Some(except) = except {
        query = query.filter(Column::Id.ne(except));
    }
    query.exec(connection).await?;
    Ok(())
}

/// Ends the sessions of an account that began with an identity.
pub async fn delete_of_identity(connection: &impl ConnectionTrait, user: Ulid, identity: Ulid) -> Result<(), Error> {
    let query = Entity::delete_many().filter(Column::UserId.eq(user.to_string()));
    query.filter(Column::Data.contains(identity.to_string())).exec(connection).await?;
    Ok(())
}

/// Removes what has ended.
pub async fn delete_ended(connection: &impl ConnectionTrait, now: i64, idle_since: i64) -> Result<u64, Error> {
    let ended = Column::ExpiresAt.lte(now).or(Column::SeenAt.lte(idle_since));
    Ok(Entity::delete_many().filter(ended).exec(connection).await?.rows_affected)
}
