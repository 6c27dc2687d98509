//! The policies of projects on what may run.

use api::policy::ProjectPolicy;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use ulid::Ulid;

use super::Error;

/// A policy as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "project_policies")]
pub struct Model {
    /// The project.
    #[sea_orm(primary_key, auto_increment = false)]
    pub project_id: String,
    /// The policy as JSON.
    pub policy: String,
}

/// No relation is queried through the entity.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The policy of a project; that which allows nothing where none was set.
pub async fn find(connection: &impl ConnectionTrait, project: Ulid) -> Result<ProjectPolicy, Error> {
    match Entity::find_by_id(project.to_string()).one(connection).await? {
        Some(model) => serde_json::from_str(&model.policy).map_err(|error| Error::Other(error.to_string())),
        None => Ok(ProjectPolicy::default()),
    }
}

/// Sets the policy of a project.
pub async fn put(connection: &impl ConnectionTrait, project: Ulid, policy: &ProjectPolicy) -> Result<(), Error> {
    let policy = serde_json::to_string(policy).map_err(|error| Error::Other(error.to_string()))?;
    let model = ActiveModel { project_id: Set(project.to_string()), policy: Set(policy) };
    let conflict = OnConflict::column(Column::ProjectId).update_column(Column::Policy).to_owned();
    Entity::insert(model).on_conflict(conflict).exec_without_returning(connection).await?;
    Ok(())
}
