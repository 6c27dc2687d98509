//! Apps: what is wanted of each.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::entity::prelude::*;
use sea_orm::{ActiveValue::Set, ActiveValue::Unchanged, QueryOrder};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use ulid::Ulid;

use super::{Error, project};

/// An app as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "apps")]
pub struct Model {
    /// The ULID.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// The project it is in.
    pub project_id: String,
    /// The name; unique on the cluster and in the project.
    pub name: String,
    /// The cluster it runs on.
    pub cluster: String,
    /// The number of the release that is wanted; 0 where none was deployed yet.
    pub release: i32,
    /// The highest number of a release.
    pub last_release: i32,
    /// The rest of what is wanted, as JSON.
    pub intent: String,
    /// When it was made.
    pub created_at: i64,
    /// When somebody last changed it.
    pub updated_at: i64,
}

/// To the project, for its name.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The project of the app.
    #[sea_orm(belongs_to = "project::Entity", from = "Column::ProjectId", to = "project::Column::Id")]
    Project,
}

impl Related<project::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Project.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

/// An app for the services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// Its id.
    pub id: Ulid,
    /// The project's id.
    pub project_id: Ulid,
    /// The project's name.
    pub project: String,
    /// Its name.
    pub name: String,
    /// The cluster's name.
    pub cluster: String,
    /// The number of the release that is wanted; `None` where none was deployed yet.
    pub release: Option<u32>,
    /// The highest number of a release.
    pub last_release: u32,
    /// The rest of what is wanted.
    pub intent: Intent,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When somebody last changed it.
    pub updated_at: OffsetDateTime,
}

/// What is wanted of an app beside its release.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Intent {
    /// Nothing of it runs.
    pub stopped: bool,
    /// Services that do not run.
    pub stopped_services: BTreeSet<String>,
    /// Numbers of copies that differ from the file's.
    pub replicas: BTreeMap<String, u32>,
    /// An update was left half-way on purpose: copies of other releases are good enough.
    pub paused: bool,
    /// Going back was cut off: also what ended well has to be started again.
    pub revive: bool,
}

fn shape((model, project): (Model, Option<project::Model>)) -> Result<App, Error> {
    let number = |number: i32| u32::try_from(number).unwrap_or_default();
    Ok(App {
        id: super::ulid(&model.id)?,
        project_id: super::ulid(&model.project_id)?,
        project: project.map(|project| project.name).unwrap_or_default(),
        name: model.name,
        cluster: model.cluster,
        release: (model.release > 0).then(|| number(model.release)),
        last_release: number(model.last_release),
        intent: serde_json::from_str(&model.intent).map_err(|error| Error::Other(error.to_string()))?,
        created_at: super::time(model.created_at),
        updated_at: super::time(model.updated_at),
    })
}

/// Every app by name.
pub async fn list(connection: &impl ConnectionTrait) -> Result<Vec<App>, Error> {
    let rows = Entity::find().find_also_related(project::Entity).order_by_asc(Column::Name).all(connection).await?;
    rows.into_iter().map(shape).collect()
}

/// The app of this name in a project.
pub async fn find_by_name(connection: &impl ConnectionTrait, project: &str, name: &str) -> Result<Option<App>, Error> {
    let rows = Entity::find().find_also_related(project::Entity);
    let row = rows.filter(project::Column::Name.eq(project)).filter(Column::Name.eq(name)).one(connection).await?;
    row.map(shape).transpose()
}

/// The app with this id.
pub async fn find(connection: &impl ConnectionTrait, id: Ulid) -> Result<Option<App>, Error> {
    let row = Entity::find_by_id(id.to_string()).find_also_related(project::Entity).one(connection).await?;
    row.map(shape).transpose()
}

/// The app of this name on a cluster, whatever its project.
pub async fn find_on_cluster(
    connection: &impl ConnectionTrait,
    cluster: &str,
    name: &str,
) -> Result<Option<App>, Error> {
    let rows = Entity::find().find_also_related(project::Entity);
    let row = rows.filter(Column::Cluster.eq(cluster)).filter(Column::Name.eq(name)).one(connection).await?;
    row.map(shape).transpose()
}

/// How many apps each project has, by the project's id.
pub async fn count_by_project(connection: &impl ConnectionTrait) -> Result<BTreeMap<Ulid, u64>, Error> {
    let mut counts = BTreeMap::new();
    for model in Entity::find().all(connection).await? {
        *counts.entry(super::ulid(&model.project_id)?).or_default() += 1;
    }
    Ok(counts)
}

/// Adds an app without a release; a name that is taken gives [`Error::Duplicate`].
pub async fn insert(
    connection: &impl ConnectionTrait,
    project: &project::Project,
    name: &str,
    cluster: &str,
) -> Result<App, Error> {
    let now = super::now();
    let model = Model {
        id: Ulid::generate().to_string(),
        project_id: project.id.to_string(),
        name: name.to_owned(),
        cluster: cluster.to_owned(),
        release: 0,
        last_release: 0,
        intent: "{}".to_owned(),
        created_at: now,
        updated_at: now,
    };
    Entity::insert(ActiveModel::from(model.clone()).reset_all()).exec_without_returning(connection).await?;
    let project = project::Model { id: model.project_id.clone(), name: project.name.clone(), created_at: 0 };
    shape((model, Some(project)))
}

/// Says that an app has a release of this number.
pub async fn set_last_release(connection: &impl ConnectionTrait, id: Ulid, number: u32) -> Result<(), Error> {
    let model = ActiveModel {
        id: Unchanged(id.to_string()),
        last_release: Set(i32::try_from(number).unwrap_or(i32::MAX)),
        updated_at: Set(super::now()),
        ..Default::default()
    };
    Entity::update(model).exec(connection).await?;
    Ok(())
}

/// Sets what is wanted of an app.
pub async fn set_wanted(
    connection: &impl ConnectionTrait,
    id: Ulid,
    release: Option<u32>,
    intent: &Intent,
) -> Result<(), Error> {
    let model = ActiveModel {
        id: Unchanged(id.to_string()),
        release: Set(release.and_then(|number| i32::try_from(number).ok()).unwrap_or_default()),
        intent: Set(serde_json::to_string(intent).unwrap_or_else(|_| "{}".to_owned())),
        updated_at: Set(super::now()),
        ..Default::default()
    };
    Entity::update(model).exec(connection).await?;
    Ok(())
}

/// Removes an app with its releases.
pub async fn delete(connection: &impl ConnectionTrait, id: Ulid) -> Result<(), Error> {
    Entity::delete_by_id(id.to_string()).exec(connection).await?;
    Ok(())
}
