//! Robots of projects; only the SHA-256 of a secret is kept.

use api::robot::{Robot, full_name};
use sea_orm::entity::prelude::*;
use sea_orm::{ActiveValue::Set, QueryOrder};
use ulid::Ulid;

use super::Error;
use super::project::{Project, parse_role, role_text};
use super::token::{parse_scopes, scopes_text};

/// A robot as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "robots")]
pub struct Model {
    /// The ULID.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// The project it belongs to.
    pub project_id: String,
    /// The name; unique in the project.
    pub name: String,
    /// `guest` or `developer`.
    pub role: String,
    /// The names of its scopes with commas between them.
    pub scopes: String,
    /// The hash of the secret, in hexadecimal.
    pub secret_hash: String,
    /// When it was made, or its secret was replaced.
    pub created_at: i64,
    /// Who made it, by user name.
    pub created_by: String,
    /// When its secret stops working.
    pub expires_at: i64,
    /// When it was last used, to the minute.
    pub last_used_at: Option<i64>,
    /// When it was shut, while it is.
    pub disabled_at: Option<i64>,
}

/// No relation is queried through the entity.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    fn robot(self, project: &str) -> Result<Robot, Error> {
        Ok(Robot {
            id: super::ulid(&self.id)?,
            full_name: full_name(project, &self.name),
            name: self.name,
            role: parse_role(&self.role)?,
            scopes: parse_scopes(&self.scopes)?,
            created_at: super::time(self.created_at),
            created_by: self.created_by,
            expires_at: super::time(self.expires_at),
            last_used_at: self.last_used_at.map(super::time),
            disabled: self.disabled_at.is_some(),
        })
    }
}

/// Adds a robot; a name that is taken gives [`Error::Duplicate`].
pub async fn insert(
    connection: &impl ConnectionTrait,
    project: Ulid,
    robot: &Robot,
    secret_hash: String,
) -> Result<(), Error> {
    let model = ActiveModel {
        id: Set(robot.id.to_string()),
        project_id: Set(project.to_string()),
        name: Set(robot.name.clone()),
        role: Set(role_text(robot.role).to_owned()),
        scopes: Set(scopes_text(&robot.scopes)),
        secret_hash: Set(secret_hash),
        created_at: Set(super::millis(robot.created_at)),
        created_by: Set(robot.created_by.clone()),
        expires_at: Set(super::millis(robot.expires_at)),
        last_used_at: Set(None),
        disabled_at: Set(None),
    };
    Entity::insert(model).exec_without_returning(connection).await?;
    Ok(())
}

/// The robots of a project, by name.
pub async fn list(connection: &impl ConnectionTrait, project: &Project) -> Result<Vec<Robot>, Error> {
    let query = Entity::find().filter(Column::ProjectId.eq(project.id.to_string())).order_by_asc(Column::Name);
    query.all(connection).await?.into_iter().map(|model| model.robot(&project.name)).collect()
}

/// The robot of a project with this name.
pub async fn find(connection: &impl ConnectionTrait, project: &Project, name: &str) -> Result<Option<Robot>, Error> {
    let query = Entity::find().filter(Column::ProjectId.eq(project.id.to_string())).filter(Column::Name.eq(name));
    query.one(connection).await?.map(|model| model.robot(&project.name)).transpose()
}

/// The robot that works with this secret's hash, and its project's name.
pub async fn find_by_hash(
    connection: &impl ConnectionTrait,
    secret_hash: &str,
    now: i64,
) -> Result<Option<(String, Robot)>, Error> {
    let query = Entity::find().filter(Column::SecretHash.eq(secret_hash)).filter(Column::ExpiresAt.gt(now));
    let Some(model) = query.filter(Column::DisabledAt.is_null()).one(connection).await? else { return Ok(None) };
    let project = super::project::find(connection, super::ulid(&model.project_id)?).await?;
    project.map(|project| Ok((project.name.clone(), model.robot(&project.name)?))).transpose()
}

/// Notes that the robot was used; whether it is still there.
pub async fn touch(connection: &impl ConnectionTrait, id: Ulid, now: i64) -> Result<bool, Error> {
    set(connection, id, [(Column::LastUsedAt, Expr::value(now))]).await
}

/// Shuts a robot, or opens it again; whether it is still there.
pub async fn set_disabled(connection: &impl ConnectionTrait, id: Ulid, since: Option<i64>) -> Result<bool, Error> {
    set(connection, id, [(Column::DisabledAt, Expr::value(since))]).await
}

/// Replaces a robot's secret; whether it is still there.
pub async fn set_secret(connection: &impl ConnectionTrait, robot: &Robot, secret_hash: String) -> Result<bool, Error> {
    let values = [
        (Column::SecretHash, Expr::value(secret_hash)),
        (Column::CreatedAt, Expr::value(super::millis(robot.created_at))),
        (Column::ExpiresAt, Expr::value(super::millis(robot.expires_at))),
        (Column::LastUsedAt, Expr::value(robot.last_used_at.map(super::millis))),
    ];
    set(connection, robot.id, values).await
}

/// Removes a robot; whether it was still there.
pub async fn delete(connection: &impl ConnectionTrait, id: Ulid) -> Result<bool, Error> {
    Ok(Entity::delete_by_id(id.to_string()).exec(connection).await?.rows_affected > 0)
}

async fn set(
    connection: &impl ConnectionTrait,
    id: Ulid,
    values: impl IntoIterator<Item = (Column, Expr)>,
) -> Result<bool, Error> {
    let all = Entity::update_many().filter(Column::Id.eq(id.to_string()));
    let all = values.into_iter().fold(all, |all, (column, value)| all.col_expr(column, value));
    Ok(all.exec(connection).await?.rows_affected > 0)
}
