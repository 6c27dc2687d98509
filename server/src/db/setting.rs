//! Settings that the portal keeps for itself, by key.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;

use super::Error;

/// The hash of the one-time setup token.
pub const SETUP_TOKEN_HASH: &str = "setup-token-hash";
/// Present once the first administrator was made; never removed.
pub const SETUP_DONE: &str = "setup-done";

/// How far the audit log was sent to syslog.
pub const AUDIT_SYSLOG_POSITION: &str = "audit-syslog-position";
/// How far the audit log was sent to the webhook.
pub const AUDIT_WEBHOOK_POSITION: &str = "audit-webhook-position";

/// A setting as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "settings")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// The value.
    pub value: String,
}

/// No relation is queried through the entity.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// A setting's value.
pub async fn get(connection: &impl ConnectionTrait, key: &str) -> Result<Option<String>, Error> {
    Ok(Entity::find_by_id(key).one(connection).await?.map(|model| model.value))
}

/// Sets a value, new or not.
pub async fn put(connection: &impl ConnectionTrait, key: &str, value: String) -> Result<(), Error> {
    let model = ActiveModel { key: Set(key.to_owned()), value: Set(value) };
    let conflict = OnConflict::column(Column::Key).update_column(Column::Value).to_owned();
    Entity::insert(model).on_conflict(conflict).exec_without_returning(connection).await?;
    Ok(())
}

/// Adds a value; a key that is there already gives [`Error::Duplicate`].
pub async fn insert(connection: &impl ConnectionTrait, key: &str, value: String) -> Result<(), Error> {
    let model = ActiveModel { key: Set(key.to_owned()), value: Set(value) };
    Entity::insert(model).exec_without_returning(connection).await?;
    Ok(())
}

/// Removes a value.
pub async fn delete(connection: &impl ConnectionTrait, key: &str) -> Result<(), Error> {
    Entity::delete_by_id(key).exec(connection).await?;
    Ok(())
}
