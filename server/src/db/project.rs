//! Projects and their members.

use std::collections::BTreeMap;

use api::permission::ProjectRole;
use api::user::{Membership, User};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{OnConflict, UnionType};
use sea_orm::{ActiveValue::Set, JoinType, QueryOrder, QuerySelect as _, QueryTrait as _};
use time::OffsetDateTime;
use ulid::Ulid;

use super::Error;

/// A project as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "projects")]
pub struct Model {
    /// The ULID.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// The name; unique.
    pub name: String,
    /// When it was made.
    pub created_at: i64,
}

/// No relation is queried through the entity.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Who is a member of what.
pub mod membership {
    use sea_orm::entity::prelude::*;

    /// A membership as it is kept.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "memberships")]
    pub struct Model {
        /// The account.
        #[sea_orm(primary_key, auto_increment = false)]
        pub user_id: String,
        /// The project.
        #[sea_orm(primary_key, auto_increment = false)]
        pub project_id: String,
        /// `guest`, `developer` or `admin`.
        pub role: String,
    }

    /// To the project, for its name.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        /// The project of the membership.
        #[sea_orm(belongs_to = "super::Entity", from = "Column::ProjectId", to = "super::Column::Id")]
        Project,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A project for the services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// Its id.
    pub id: Ulid,
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_at: OffsetDateTime,
}

impl TryFrom<Model> for Project {
    type Error = Error;

    fn try_from(model: Model) -> Result<Self, Error> {
        Ok(Self { id: super::ulid(&model.id)?, name: model.name, created_at: super::time(model.created_at) })
    }
}

/// Every project by name.
pub async fn list(connection: &impl ConnectionTrait) -> Result<Vec<Project>, Error> {
    Entity::find().order_by_asc(Column::Name).all(connection).await?.into_iter().map(Project::try_from).collect()
}

/// The project with this name.
pub async fn find_by_name(connection: &impl ConnectionTrait, name: &str) -> Result<Option<Project>, Error> {
    Entity::find().filter(Column::Name.eq(name)).one(connection).await?.map(Project::try_from).transpose()
}

/// The project with this id.
pub async fn find(connection: &impl ConnectionTrait, id: Ulid) -> Result<Option<Project>, Error> {
    Entity::find_by_id(id.to_string()).one(connection).await?.map(Project::try_from).transpose()
}

/// Adds a project; a name that is taken gives [`Error::Duplicate`].
pub async fn insert(connection: &impl ConnectionTrait, name: &str) -> Result<Project, Error> {
    let id = Ulid::generate();
    let created_at = super::now();
    let model = ActiveModel { id: Set(id.to_string()), name: Set(name.to_owned()), created_at: Set(created_at) };
    Entity::insert(model).exec_without_returning(connection).await?;
    Ok(Project { id, name: name.to_owned(), created_at: super::time(created_at) })
}

/// What an account may do in which projects, by project name: the highest of its own role and those of its teams, which
/// are also those in `by_group`.
pub async fn memberships(
    connection: &impl ConnectionTrait,
    user: Ulid,
    by_group: &[Ulid],
) -> Result<Vec<Membership>, Error> {
    let mut query = membership::Entity::find()
        .select_only()
        .column(Column::Name)
        .column(membership::Column::Role)
        .join(JoinType::InnerJoin, membership::Relation::Project.def())
        .filter(membership::Column::UserId.eq(user.to_string()))
        .into_query();
    query.union(UnionType::All, super::team::given_to(user, by_group));
    let mut roles = BTreeMap::<String, ProjectRole>::new();
    for row in connection.query_all(&query).await? {
        let (project, role) = row.try_get_many_by_index::<(String, String)>()?;
        let role = parse_role(&role)?;
        let highest = roles.entry(project).or_insert(role);
        *highest = role.max(*highest);
    }
    Ok(roles.into_iter().map(|(project, role)| Membership { project, role }).collect())
}

/// Keeps a project as it is until the transaction ends; whether there is one.
pub async fn hold(txn: &impl ConnectionTrait, id: Ulid) -> Result<bool, Error> {
    Ok(Entity::find_by_id(id.to_string()).lock_exclusive().one(txn).await?.is_some())
}

/// Removes a project with its memberships and the roles of teams in it.
pub async fn delete(connection: &impl ConnectionTrait, id: Ulid) -> Result<(), Error> {
    Entity::delete_by_id(id.to_string()).exec(connection).await?;
    Ok(())
}

/// The members of a project: accounts by name, each with its role.
pub async fn members(connection: &impl ConnectionTrait, project: Ulid) -> Result<Vec<(User, ProjectRole)>, Error> {
    let query = membership::Entity::find().filter(membership::Column::ProjectId.eq(project.to_string()));
    let roles: BTreeMap<String, String> =
        query.all(connection).await?.into_iter().map(|member| (member.user_id, member.role)).collect();
    let users = super::user::find_all(connection, roles.keys().cloned().collect()).await?;
    let with_role = |user: User| {
        let role = parse_role(roles.get(&user.id.to_string()).map_or("", String::as_str))?;
        Ok((user, role))
    };
    users.into_iter().map(with_role).collect()
}

/// Makes an account a member of a project, or changes its role there.
pub async fn put_membership(
    connection: &impl ConnectionTrait,
    user: Ulid,
    project: Ulid,
    role: ProjectRole,
) -> Result<(), Error> {
    let model = membership::ActiveModel {
        user_id: Set(user.to_string()),
        project_id: Set(project.to_string()),
        role: Set(role_text(role).to_owned()),
    };
    let key = [membership::Column::UserId, membership::Column::ProjectId];
    let conflict = OnConflict::columns(key).update_column(membership::Column::Role).to_owned();
    membership::Entity::insert(model).on_conflict(conflict).exec_without_returning(connection).await?;
    Ok(())
}

/// Makes an account a member of a project.
pub async fn insert_membership(
    connection: &impl ConnectionTrait,
    user: Ulid,
    project: Ulid,
    role: ProjectRole,
) -> Result<(), Error> {
    let model = membership::ActiveModel {
        user_id: Set(user.to_string()),
        project_id: Set(project.to_string()),
        role: Set(role_text(role).to_owned()),
    };
    membership::Entity::insert(model).exec_without_returning(connection).await?;
    Ok(())
}

/// Ends a membership; whether there was one.
pub async fn delete_membership(connection: &impl ConnectionTrait, user: Ulid, project: Ulid) -> Result<bool, Error> {
    let query = membership::Entity::delete_by_id((user.to_string(), project.to_string()));
    Ok(query.exec(connection).await?.rows_affected > 0)
}

/// A role as it was kept.
pub fn parse_role(text: &str) -> Result<ProjectRole, Error> {
    match text {
        "guest" => Ok(ProjectRole::Guest),
        "developer" => Ok(ProjectRole::Developer),
        "admin" => Ok(ProjectRole::Admin),
        other => Err(Error::Other(format!("`{other}` is no role"))),
    }
}

/// A role as it is kept.
pub const fn role_text(role: ProjectRole) -> &'static str {
    match role {
        ProjectRole::Guest => "guest",
        ProjectRole::Developer => "developer",
        ProjectRole::Admin => "admin",
    }
}
