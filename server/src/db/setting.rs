//! Settings that the portal keeps for itself, by key.

use api::portal::PortalSettings;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;

use super::Error;

/// The hash of the one-time setup token.
pub const SETUP_TOKEN_HASH: &str = "setup-token-hash";
/// Present once the first administrator was made; never removed.
pub const SETUP_DONE: &str = "setup-done";
/// What administrators set in the console, as JSON.
const PORTAL: &str = "portal";

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

/// What administrators set in the console; as it is at first where nobody has.
pub async fn portal(connection: &impl ConnectionTrait) -> Result<PortalSettings, Error> {
    let kept = get(connection, PORTAL).await?;
    Ok(kept.as_deref().map(super::provider::json).transpose()?.unwrap_or_default())
}

/// Replaces what administrators set in the console.
pub async fn put_portal(connection: &impl ConnectionTrait, settings: &PortalSettings) -> Result<(), Error> {
    put(connection, PORTAL, super::provider::text(settings)?).await
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
