//! The audit log.

use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, QueryOrder, QuerySelect};

use super::Error;

/// An entry as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_entries")]
pub struct Model {
    /// The ULID.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// When it happened.
    pub at: i64,
    /// Who did it, where an account is known.
    pub user_id: Option<String>,
    /// The name it was done under.
    pub username: String,
    /// The address it came from.
    pub address: String,
    /// What was done, for example `session.create`.
    pub action: String,
    /// To what.
    pub target: String,
    /// `done`, `refused` or `failed`.
    pub result: String,
    /// More, without secrets.
    pub detail: String,
}

/// No relation is queried through the entity.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Adds an entry.
pub async fn insert(connection: &impl ConnectionTrait, entry: Model) -> Result<(), Error> {
    Entity::insert(entry.into_active_model()).exec_without_returning(connection).await?;
    Ok(())
}

/// The newest entries.
pub async fn newest(connection: &impl ConnectionTrait, limit: u64) -> Result<Vec<Model>, Error> {
    Ok(Entity::find().order_by_desc(Column::Id).limit(limit).all(connection).await?)
}
