//! Operations and their logs.

use api::Message;
use api::operation::{OperationChange, OperationEvent, OperationKind, OperationState};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ActiveValue::Unchanged, Condition, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use time::OffsetDateTime;
use ulid::Ulid;

use super::app::Intent;
use super::{Error, project};

/// An operation as it is kept; `request` and `problem` are JSON.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "operations")]
#[expect(missing_docs, reason = "as in `Operation`")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub kind: String,
    pub state: String,
    pub target: String,
    pub cluster: String,
    pub project_id: Option<String>,
    pub app_id: Option<String>,
    pub app: Option<String>,
    pub release: Option<i32>,
    pub request: String,
    pub phase: String,
    pub problem: Option<String>,
    pub created_by: String,
    pub created_at: i64,
    pub started_at: Option<i64>,
    pub finished_at: Option<i64>,
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

/// The entries of the operations' logs.
pub mod event {
    use sea_orm::entity::prelude::*;

    /// An entry as it is kept; `change` is JSON.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "operation_events")]
    #[expect(missing_docs, reason = "as in `OperationEvent`")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub operation_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub sequence: i32,
        pub at: i64,
        pub change: String,
    }

    /// No relation is queried through the entity.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// An operation for the services.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// Its id.
    pub id: Ulid,
    /// What was asked for.
    pub kind: OperationKind,
    /// How it stands.
    pub state: OperationState,
    /// What it is about, for people.
    pub target: String,
    /// The cluster.
    pub cluster: String,
    /// The project's id, for apps.
    pub project_id: Option<Ulid>,
    /// The project's name, for apps.
    pub project: Option<String>,
    /// The app's id.
    pub app_id: Option<Ulid>,
    /// The app's name.
    pub app: Option<String>,
    /// The release it deploys.
    pub release: Option<u32>,
    /// What exactly was asked for.
    pub request: Request,
    /// Whether it goes back to what was before.
    pub phase: Phase,
    /// Why it failed, or why it goes back.
    pub problem: Option<Message>,
    /// Who asked for it.
    pub created_by: String,
    /// When it was asked for.
    pub created_at: OffsetDateTime,
    /// When it began.
    pub started_at: Option<OffsetDateTime>,
    /// When it ended.
    pub finished_at: Option<OffsetDateTime>,
}

/// What exactly was asked for: enough to go on, or back, after a crash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Request {
    /// An app goes from one state to another.
    App {
        /// What was wanted before.
        before: Wanted,
        /// What is wanted now; `None` removes the app.
        after: Option<Wanted>,
        /// Services to restart.
        #[serde(default)]
        restart: Vec<String>,
        /// Whether a removal takes the volumes along.
        #[serde(default)]
        volumes: bool,
        /// Whether to ask the registries for newer images.
        #[serde(default)]
        pull: bool,
    },
    /// An image is pulled.
    PullImage {
        /// Its reference.
        image: String,
    },
    /// Unused images are removed.
    PruneImages {
        /// Also those with a name.
        all: bool,
    },
}

/// What is wanted of an app.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// The release; `None` is nothing.
    pub release: Option<u32>,
    /// The rest.
    pub intent: Intent,
}

/// Which way an operation goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// To what was asked for.
    #[default]
    Forward,
    /// Back, since it failed.
    Back,
    /// Back, since somebody called it off.
    Cancel,
}

/// What an operation is made with.
#[derive(Clone, Debug)]
pub struct New {
    /// What was asked for.
    pub kind: OperationKind,
    /// What it is about, for people.
    pub target: String,
    /// The cluster.
    pub cluster: String,
    /// The project and the app: ids and the app's name.
    pub app: Option<(Ulid, Ulid, String)>,
    /// The release it deploys.
    pub release: Option<u32>,
    /// What exactly was asked for.
    pub request: Request,
    /// Who asked for it.
    pub created_by: String,
}

/// Which operations to list, newest first. A value is one or several words with commas between them.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// States.
    pub state: Option<Vec<String>>,
    /// Kinds.
    pub kind: Option<Vec<String>>,
    /// Names of apps.
    pub app: Option<Vec<String>>,
    /// Names of clusters.
    pub cluster: Option<Vec<String>>,
    /// Projects by id; `None` is all, and those without a project.
    pub projects: Option<Vec<Ulid>>,
    /// Words that occur in the target.
    pub q: Option<String>,
    /// Oldest first instead of newest first.
    pub oldest_first: bool,
}

fn word<T: Serialize>(value: T) -> Result<String, Error> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        other => Err(Error::Other(format!("{other:?} is no word"))),
    }
}

fn parse<T: DeserializeOwned>(word: &str) -> Result<T, Error> {
    let value = serde_json::Value::String(word.to_owned());
    serde_json::from_value(value).map_err(|error| Error::Other(error.to_string()))
}

fn text<T: Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Other(error.to_string()))
}

fn json<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| Error::Other(error.to_string()))
}

fn shape((model, project): (Model, Option<project::Model>)) -> Result<Operation, Error> {
    Ok(Operation {
        id: super::ulid(&model.id)?,
        kind: parse(&model.kind)?,
        state: parse(&model.state)?,
        target: model.target,
        cluster: model.cluster,
        project_id: model.project_id.as_deref().map(super::ulid).transpose()?,
        project: project.map(|project| project.name),
        app_id: model.app_id.as_deref().map(super::ulid).transpose()?,
        app: model.app,
        release: model.release.and_then(|number| u32::try_from(number).ok()),
        request: json(&model.request)?,
        phase: parse(&model.phase)?,
        problem: model.problem.as_deref().map(json).transpose()?,
        created_by: model.created_by,
        created_at: super::time(model.created_at),
        started_at: model.started_at.map(super::time),
        finished_at: model.finished_at.map(super::time),
    })
}

impl Operation {
    /// For people, without its steps.
    pub fn shown(&self) -> api::operation::Operation {
        api::operation::Operation {
            id: self.id,
            kind: self.kind,
            state: self.state,
            target: self.target.clone(),
            cluster: self.cluster.clone(),
            project: self.project.clone(),
            app: self.app.clone(),
            release: self.release,
            created_by: self.created_by.clone(),
            created_at: self.created_at,
            started_at: self.started_at,
            finished_at: self.finished_at,
            problem: if self.state.is_final() { self.problem.clone() } else { None },
            steps: Vec::new(),
        }
    }
}

/// Adds a queued operation. While another one of the same app is not done, this gives [`Error::Duplicate`].
pub async fn insert(connection: &impl ConnectionTrait, new: &New) -> Result<Ulid, Error> {
    let id = Ulid::generate();
    let (project_id, app_id, app) = match &new.app {
        Some((project, app, name)) => (Some(project.to_string()), Some(app.to_string()), Some(name.clone())),
        None => (None, None, None),
    };
    let model = Model {
        id: id.to_string(),
        kind: word(new.kind)?,
        state: word(OperationState::Queued)?,
        target: new.target.clone(),
        cluster: new.cluster.clone(),
        project_id,
        app_id,
        app,
        release: new.release.and_then(|number| i32::try_from(number).ok()),
        request: text(&new.request)?,
        phase: word(Phase::Forward)?,
        problem: None,
        created_by: new.created_by.clone(),
        created_at: super::now(),
        started_at: None,
        finished_at: None,
    };
    Entity::insert(ActiveModel::from(model).reset_all()).exec_without_returning(connection).await?;
    Ok(id)
}

/// One operation.
pub async fn find(connection: &impl ConnectionTrait, id: Ulid) -> Result<Option<Operation>, Error> {
    let row = Entity::find_by_id(id.to_string()).find_also_related(project::Entity).one(connection).await?;
    row.map(shape).transpose()
}

/// Operations, newest first unless asked otherwise, and how many there are in all.
pub async fn list(
    connection: &impl ConnectionTrait,
    filter: &Filter,
    offset: u64,
    limit: u64,
) -> Result<(Vec<Operation>, u64), Error> {
    let mut condition = Condition::all();
    for (column, words) in [
        (Column::State, &filter.state),
        (Column::Kind, &filter.kind),
        (Column::App, &filter.app),
        (Column::Cluster, &filter.cluster),
    ] {
        if let Some(words) = words {
            condition = condition.add(column.is_in(words.iter().cloned()));
        }
    }
    if let Some(projects) = &filter.projects {
        condition = condition.add(Column::ProjectId.is_in(projects.iter().map(Ulid::to_string)));
    }
    for word in filter.q.iter().flat_map(|q| q.split_whitespace()) {
        condition = condition.add(Column::Target.contains(word));
    }
    let total = Entity::find().filter(condition.clone()).count(connection).await?;
    let rows = Entity::find()
        .find_also_related(project::Entity)
        .filter(condition)
        .order_by(Column::Id, if filter.oldest_first { sea_orm::Order::Asc } else { sea_orm::Order::Desc })
        .offset(offset)
        .limit(limit)
        .all(connection)
        .await?;
    Ok((rows.into_iter().map(shape).collect::<Result<_, _>>()?, total))
}

/// Removes the operations that ended before a moment, with their logs.
pub async fn delete_ended(connection: &impl ConnectionTrait, before: i64) -> Result<(), Error> {
    Entity::delete_many().filter(Column::FinishedAt.lt(before)).exec(connection).await?;
    Ok(())
}

/// The operations that are not done, oldest first.
pub async fn list_unfinished(connection: &impl ConnectionTrait) -> Result<Vec<Operation>, Error> {
    let rows = Entity::find()
        .find_also_related(project::Entity)
        .filter(Column::State.is_in(["queued", "running"]))
        .order_by_asc(Column::Id)
        .all(connection)
        .await?;
    rows.into_iter().map(shape).collect()
}

/// The operation of an app that is not done.
pub async fn find_unfinished(connection: &impl ConnectionTrait, app: Ulid) -> Result<Option<Operation>, Error> {
    let row = Entity::find()
        .find_also_related(project::Entity)
        .filter(Column::AppId.eq(app.to_string()))
        .filter(Column::State.is_in(["queued", "running"]))
        .one(connection)
        .await?;
    row.map(shape).transpose()
}

/// The latest operation of an app that failed or succeeded.
pub async fn find_latest(connection: &impl ConnectionTrait, app: Ulid) -> Result<Option<Operation>, Error> {
    let row = Entity::find()
        .find_also_related(project::Entity)
        .filter(Column::AppId.eq(app.to_string()))
        .order_by_desc(Column::Id)
        .limit(1)
        .one(connection)
        .await?;
    row.map(shape).transpose()
}

/// Sets how an operation stands.
pub async fn set_state(
    connection: &impl ConnectionTrait,
    id: Ulid,
    state: OperationState,
    problem: Option<&Message>,
) -> Result<(), Error> {
    let mut model = ActiveModel { id: Unchanged(id.to_string()), state: Set(word(state)?), ..Default::default() };
    if state == OperationState::Running {
        model.started_at = Set(Some(super::now()));
    }
    if state.is_final() {
        model.finished_at = Set(Some(super::now()));
        model.problem = Set(problem.map(text).transpose()?);
    }
    Entity::update(model).exec(connection).await?;
    Ok(())
}

/// Turns an operation back, with the reason.
pub async fn set_phase(
    connection: &impl ConnectionTrait,
    id: Ulid,
    phase: Phase,
    problem: Option<&Message>,
) -> Result<(), Error> {
    let model = ActiveModel {
        id: Unchanged(id.to_string()),
        phase: Set(word(phase)?),
        problem: Set(problem.map(text).transpose()?),
        ..Default::default()
    };
    Entity::update(model).exec(connection).await?;
    Ok(())
}

/// Adds entries to an operation's log; those that are there already are left as they are.
pub async fn append(connection: &impl ConnectionTrait, id: Ulid, events: &[OperationEvent]) -> Result<(), Error> {
    let mut models = Vec::with_capacity(events.len());
    for event in events {
        models.push(event::ActiveModel {
            operation_id: Set(id.to_string()),
            sequence: Set(i32::try_from(event.sequence).unwrap_or(i32::MAX)),
            at: Set(super::millis(event.at)),
            change: Set(text(&event.change)?),
        });
    }
    if !models.is_empty() {
        let key = [event::Column::OperationId, event::Column::Sequence];
        let there = OnConflict::columns(key).do_nothing().to_owned();
        event::Entity::insert_many(models).on_conflict(there).try_insert().exec_without_returning(connection).await?;
    }
    Ok(())
}

/// At most `limit` entries of an operation's log from the number `from`, in order.
pub async fn events(
    connection: &impl ConnectionTrait,
    id: Ulid,
    from: u32,
    limit: u64,
) -> Result<Vec<OperationEvent>, Error> {
    let rows = event::Entity::find()
        .filter(event::Column::OperationId.eq(id.to_string()))
        .filter(event::Column::Sequence.gte(i32::try_from(from).unwrap_or(i32::MAX)))
        .order_by_asc(event::Column::Sequence)
        .limit(limit)
        .all(connection)
        .await?;
    rows.into_iter()
        .map(|row| {
            Ok(OperationEvent {
                sequence: u32::try_from(row.sequence).unwrap_or_default(),
                at: super::time(row.at),
                change: json::<OperationChange>(&row.change)?,
            })
        })
        .collect()
}

/// The number of entries of an operation's log.
pub async fn count_events(connection: &impl ConnectionTrait, id: Ulid) -> Result<u32, Error> {
    let count = event::Entity::find().filter(event::Column::OperationId.eq(id.to_string())).count(connection).await?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use api::release::ReleaseState;

    use super::*;
    use crate::db::release::{Content, Pin};
    use crate::db::{self, Db, Target};

    async fn database() -> (tempfile::TempDir, Db) {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(&Target::Sqlite(dir.path().join("gantry.db"))).await.unwrap();
        db::migrate::run(&db).await.unwrap();
        (dir, db)
    }

    fn scale(project: Ulid, app: Ulid) -> New {
        New {
            kind: OperationKind::Scale,
            target: "shop".into(),
            cluster: "local".into(),
            app: Some((project, app, "shop".into())),
            release: None,
            request: Request::PruneImages { all: true },
            created_by: "ada".into(),
        }
    }

    #[tokio::test]
    async fn the_database_lets_an_app_have_one_unfinished_operation() {
        let (_dir, db) = database().await;
        let project = db.write(async |txn| db::project::insert(txn, "one").await).await.unwrap();
        let app = db.write(async |txn| db::app::insert(txn, &project, "shop", "local").await).await.unwrap();
        let new = scale(project.id, app.id);
        let first = db.write(async |txn| insert(txn, &new).await).await.unwrap();
        let second = db.write(async |txn| insert(txn, &new).await).await;
        assert!(matches!(second, Err(Error::Duplicate(_))), "{second:?}");
        assert_eq!(find_unfinished(db.read(), app.id).await.unwrap().unwrap().id, first);
        assert_eq!(find(db.read(), first).await.unwrap().unwrap().project.as_deref(), Some("one"));
        db.write(async |txn| set_state(txn, first, OperationState::Failed, None).await).await.unwrap();
        db.write(async |txn| insert(txn, &new).await).await.unwrap();
        let (listed, total) = list(db.read(), &Filter::default(), 0, 1).await.unwrap();
        assert_eq!((listed[0].state, total), (OperationState::Queued, 2), "newest first");
        let of_others = Filter { projects: Some(vec![app.id]), ..Filter::default() };
        assert_eq!(list(db.read(), &of_others, 0, 10).await.unwrap().1, 0);
    }

    #[tokio::test]
    async fn a_log_written_twice_is_there_once() {
        let (_dir, db) = database().await;
        let project = db.write(async |txn| db::project::insert(txn, "one").await).await.unwrap();
        let new = scale(project.id, Ulid::generate());
        let id = db.write(async |txn| insert(txn, &new).await).await.unwrap();
        let change = OperationChange::State { state: OperationState::Running, problem: None };
        let event = |sequence| OperationEvent { sequence, at: db::time(7), change: change.clone() };
        db.write(async |txn| append(txn, id, &[event(0)]).await).await.unwrap();
        db.write(async |txn| append(txn, id, &[event(0), event(1)]).await).await.unwrap();
        db.write(async |txn| append(txn, id, &[event(1)]).await).await.unwrap();
        assert_eq!(events(db.read(), id, 0, 10).await.unwrap(), [event(0), event(1)]);
        assert_eq!(count_events(db.read(), id).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn a_new_current_release_supersedes_the_one_before() {
        let (_dir, db) = database().await;
        let project = db.write(async |txn| db::project::insert(txn, "one").await).await.unwrap();
        let app = db.write(async |txn| db::app::insert(txn, &project, "shop", "local").await).await.unwrap().id;
        let (content, mut images) = (Content::default(), std::collections::BTreeMap::new());
        for number in 1..=2 {
            db.write(async |txn| {
                db::release::insert(txn, app, number, &content, &images, "ada", None).await?;
                db::release::set_state(txn, app, number, ReleaseState::Current).await
            })
            .await
            .unwrap();
        }
        images.insert("web".to_owned(), Pin { reference: "web:1".into(), id: "sha256:1".into(), digest: None });
        db.write(async |txn| db::release::set_images(txn, app, 2, &images).await).await.unwrap();
        let releases = db::release::list(db.read(), app).await.unwrap();
        let states: Vec<_> = releases.iter().map(|release| (release.number, release.state)).collect();
        assert_eq!(states, [(2, ReleaseState::Current), (1, ReleaseState::Superseded)]);
        assert_eq!(releases[0].images, images);
        db.write(async |txn| db::app::delete(txn, app).await).await.unwrap();
        assert!(db::release::list(db.read(), app).await.unwrap().is_empty(), "releases go with their app");
    }
}
