//! The audit log.

use api::audit::{AuditEntry, AuditResult};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Func;
use sea_orm::{Condition, DbBackend, ExprTrait as _, IntoActiveModel, QueryOrder, QuerySelect, QueryTrait};
use ulid::Ulid;

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
    /// The project it belongs to.
    pub project: Option<String>,
}

impl TryFrom<Model> for AuditEntry {
    type Error = Error;

    fn try_from(model: Model) -> Result<Self, Error> {
        Ok(Self {
            id: super::ulid(&model.id)?,
            at: super::time(model.at),
            username: model.username,
            user: model.user_id.as_deref().map(super::ulid).transpose()?,
            address: model.address,
            action: model.action,
            target: model.target,
            project: model.project,
            result: match model.result.as_str() {
                "done" => AuditResult::Done,
                "refused" => AuditResult::Refused,
                _ => AuditResult::Failed,
            },
            detail: model.detail,
        })
    }
}

/// Which entries to read. A list is one or several values of which one must fit.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Names it was done under.
    pub users: Option<Vec<String>>,
    /// Actions.
    pub actions: Option<Vec<String>>,
    /// Results.
    pub results: Option<Vec<String>>,
    /// Projects.
    pub projects: Option<Vec<String>>,
    /// From then on, in milliseconds since 1970.
    pub since: Option<i64>,
    /// Before then.
    pub until: Option<i64>,
    /// Words that all occur in the target or the detail.
    pub words: Vec<String>,
}

impl Filter {
    fn condition(&self) -> Condition {
        let mut all = Condition::all();
        for (column, values) in [
            (Column::Username, &self.users),
            (Column::Action, &self.actions),
            (Column::Result, &self.results),
            (Column::Project, &self.projects),
        ] {
            if let Some(values) = values {
                all = all.add(column.is_in(values.iter().map(String::as_str)));
            }
        }
        all = all.add_option(self.since.map(|since| Column::At.gte(since)));
        all = all.add_option(self.until.map(|until| Column::At.lt(until)));
        for word in &self.words {
            let has = |column: Column| Expr::expr(Func::lower(Expr::col(column))).like(super::containing(word));
            all = all.add(has(Column::Target).or(has(Column::Detail)));
        }
        all
    }
}

/// A page of entries, newest first, and how many fit.
pub async fn list(
    connection: &impl ConnectionTrait,
    filter: &Filter,
    offset: u64,
    limit: u64,
) -> Result<(Vec<AuditEntry>, u64), Error> {
    let fitting = Entity::find().filter(filter.condition());
    let total = fitting.clone().count(connection).await?;
    let rows = fitting.order_by_desc(Column::Id).offset(offset).limit(limit).all(connection).await?;
    Ok((rows.into_iter().map(AuditEntry::try_from).collect::<Result<_, _>>()?, total))
}

/// The next entries behind `after`, oldest first.
pub async fn next(
    connection: &impl ConnectionTrait,
    filter: &Filter,
    after: Option<Ulid>,
    limit: u64,
) -> Result<Vec<AuditEntry>, Error> {
    let query = Entity::find().filter(filter.condition()).filter(behind(after));
    let rows = query.order_by_asc(Column::Id).limit(limit).all(connection).await?;
    rows.into_iter().map(AuditEntry::try_from).collect()
}

/// How many entries there are behind `after`.
pub async fn count_behind(connection: &impl ConnectionTrait, after: Option<Ulid>) -> Result<u64, Error> {
    Ok(Entity::find().filter(behind(after)).count(connection).await?)
}

fn behind(after: Option<Ulid>) -> Condition {
    Condition::all().add_option(after.map(|after| Column::Id.gt(after.to_string())))
}

/// No relation is queried through the entity.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The id of an entry that is added in the same transaction. It is greater than that of every other one, also when the
/// clock went back: whoever reads on behind an entry misses none.
pub async fn next_id(connection: &impl ConnectionTrait) -> Result<Ulid, Error> {
    if connection.get_database_backend() == DbBackend::Postgres {
        // "audt": there, two transactions may write at once, and the later id would be seen first.
        connection.execute_unprepared("SELECT pg_advisory_xact_lock(1635083380, hashtext(current_schema()))").await?;
    }
    let ids = Entity::find().select_only().column(Column::Id).order_by_desc(Column::Id);
    let newest = ids.into_tuple::<String>().one(connection).await?;
    let id = Ulid::generate();
    match newest.as_deref().map(super::ulid).transpose()? {
        Some(newest) if newest >= id => match newest.increment() {
            Ok(next) | Err(next) => Ok(next),
        },
        _ => Ok(id),
    }
}

/// Adds an entry.
pub async fn insert(connection: &impl ConnectionTrait, entry: Model) -> Result<(), Error> {
    Entity::insert(entry.into_active_model()).exec_without_returning(connection).await?;
    Ok(())
}

/// Removes some of the entries from before a time, at most `most`; how many.
pub async fn delete_before(connection: &impl ConnectionTrait, before: i64, most: u64) -> Result<u64, Error> {
    let old = Entity::find().select_only().column(Column::Id).filter(Column::At.lt(before)).limit(most).into_query();
    Ok(Entity::delete_many().filter(Column::Id.in_subquery(old)).exec(connection).await?.rows_affected)
}

/// The newest entries.
pub async fn newest(connection: &impl ConnectionTrait, limit: u64) -> Result<Vec<Model>, Error> {
    Ok(Entity::find().order_by_desc(Column::Id).limit(limit).all(connection).await?)
}
