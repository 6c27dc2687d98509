//! The quotas of projects, and what each app is counted with.

use std::collections::BTreeMap;

use api::quota::Quota;
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use ulid::Ulid;

use super::Error;

/// A quota as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "project_quotas")]
pub struct Model {
    /// The project.
    #[sea_orm(primary_key, auto_increment = false)]
    pub project_id: String,
    /// The quota as JSON.
    pub quota: String,
}

/// No relation is queried through the entity.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// What apps are counted with.
pub mod usage {
    use sea_orm::entity::prelude::*;

    /// What an app is counted with, as it is kept.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "app_usages")]
    #[expect(missing_docs, reason = "as in `Amounts`")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub app_id: String,
        pub project_id: String,
        pub cpus_milli: i64,
        pub memory_bytes: i64,
        pub containers: i64,
        pub volumes: i64,
    }

    /// No relation is queried through the entity.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What an app asks for, in all its copies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    /// Thousandths of processors.
    pub cpus_milli: u64,
    /// Memory in bytes.
    pub memory_bytes: u64,
    /// Containers.
    pub containers: u64,
    /// Named volumes.
    pub volumes: u64,
}

impl Amounts {
    fn each(self, other: Self, with: fn(u64, u64) -> u64) -> Self {
        Self {
            cpus_milli: with(self.cpus_milli, other.cpus_milli),
            memory_bytes: with(self.memory_bytes, other.memory_bytes),
            containers: with(self.containers, other.containers),
            volumes: with(self.volumes, other.volumes),
        }
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        self.each(other, u64::saturating_add)
    }

    /// The larger of both, one by one.
    #[must_use]
    pub fn most(self, other: Self) -> Self {
        self.each(other, u64::max)
    }

    fn into_model(self) -> usage::ActiveModel {
        let kept = |amount: u64| Set(i64::try_from(amount).unwrap_or(i64::MAX));
        usage::ActiveModel {
            app_id: NotSet,
            project_id: NotSet,
            cpus_milli: kept(self.cpus_milli),
            memory_bytes: kept(self.memory_bytes),
            containers: kept(self.containers),
            volumes: kept(self.volumes),
        }
    }
}

impl From<&usage::Model> for Amounts {
    fn from(model: &usage::Model) -> Self {
        let amount = |kept: i64| u64::try_from(kept).unwrap_or_default();
        Self {
            cpus_milli: amount(model.cpus_milli),
            memory_bytes: amount(model.memory_bytes),
            containers: amount(model.containers),
            volumes: amount(model.volumes),
        }
    }
}

/// The quota of a project; one without limits where none was set.
pub async fn find(connection: &impl ConnectionTrait, project: Ulid) -> Result<Quota, Error> {
    match Entity::find_by_id(project.to_string()).one(connection).await? {
        Some(model) => serde_json::from_str(&model.quota).map_err(|error| Error::Other(error.to_string())),
        None => Ok(Quota::default()),
    }
}

/// Sets the quota of a project.
pub async fn put(connection: &impl ConnectionTrait, project: Ulid, quota: &Quota) -> Result<(), Error> {
    let quota = serde_json::to_string(quota).map_err(|error| Error::Other(error.to_string()))?;
    let model = ActiveModel { project_id: Set(project.to_string()), quota: Set(quota) };
    let conflict = OnConflict::column(Column::ProjectId).update_column(Column::Quota).to_owned();
    Entity::insert(model).on_conflict(conflict).exec_without_returning(connection).await?;
    Ok(())
}

/// What the apps of a project are counted with, by the app's id.
pub async fn counted(connection: &impl ConnectionTrait, project: Ulid) -> Result<BTreeMap<Ulid, Amounts>, Error> {
    let rows = usage::Entity::find().filter(usage::Column::ProjectId.eq(project.to_string())).all(connection).await?;
    rows.iter().map(|row| Ok((super::ulid(&row.app_id)?, Amounts::from(row)))).collect()
}

/// Whether an app is counted.
pub async fn is_counted(connection: &impl ConnectionTrait, app: Ulid) -> Result<bool, Error> {
    Ok(usage::Entity::find_by_id(app.to_string()).one(connection).await?.is_some())
}

/// Counts an app of a project with this.
pub async fn count(connection: &impl ConnectionTrait, project: Ulid, app: Ulid, amounts: Amounts) -> Result<(), Error> {
    let model = usage::ActiveModel {
        app_id: Set(app.to_string()),
        project_id: Set(project.to_string()),
        ..amounts.into_model()
    };
    let columns =
        [usage::Column::CpusMilli, usage::Column::MemoryBytes, usage::Column::Containers, usage::Column::Volumes];
    let conflict = OnConflict::column(usage::Column::AppId).update_columns(columns).to_owned();
    usage::Entity::insert(model).on_conflict(conflict).exec_without_returning(connection).await?;
    Ok(())
}

/// Counts an app that is counted already with this instead.
pub async fn recount(connection: &impl ConnectionTrait, app: Ulid, amounts: Amounts) -> Result<(), Error> {
    let rows = usage::Entity::update_many().set(amounts.into_model());
    rows.filter(usage::Column::AppId.eq(app.to_string())).exec(connection).await?;
    Ok(())
}
