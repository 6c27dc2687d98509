//! Teams, who is in them, and their roles in projects.

use api::permission::ProjectRole;
use api::team::{Team, TeamGrant, TeamProject};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{OnConflict, SelectStatement};
use sea_orm::{
    ActiveValue::Set, Condition, ExprTrait as _, FromQueryResult, JoinType, Order, QueryOrder, QuerySelect, QueryTrait,
};
use ulid::Ulid;

use super::project::{parse_role, role_text};
use super::{Error, project};

/// A team as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "teams")]
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

/// Who is in which team.
pub mod member {
    use sea_orm::entity::prelude::*;

    /// An account in a team as it is kept.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "team_members")]
    pub struct Model {
        /// The team.
        #[sea_orm(primary_key, auto_increment = false)]
        pub team_id: String,
        /// The account.
        #[sea_orm(primary_key, auto_increment = false)]
        pub user_id: String,
    }

    /// No relation is queried through the entity.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Which role a team has in which project.
pub mod grant {
    use sea_orm::entity::prelude::*;

    /// A team's role in a project as it is kept.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "team_grants")]
    pub struct Model {
        /// The team.
        #[sea_orm(primary_key, auto_increment = false)]
        pub team_id: String,
        /// The project.
        #[sea_orm(primary_key, auto_increment = false)]
        pub project_id: String,
        /// `guest`, `developer` or `admin`.
        pub role: String,
    }

    /// To both sides, for their names.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        /// The team that has the role.
        #[sea_orm(belongs_to = "super::Entity", from = "Column::TeamId", to = "super::Column::Id")]
        Team,
        /// The project it has the role in.
        #[sea_orm(belongs_to = "super::project::Entity", from = "Column::ProjectId", to = "super::project::Column::Id")]
        Project,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A team with its figures.
#[derive(FromQueryResult)]
struct Row {
    id: String,
    name: String,
    created_at: i64,
    members: i64,
    projects: i64,
}

impl TryFrom<Row> for Team {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: super::ulid(&row.id)?,
            name: row.name,
            created_at: super::time(row.created_at),
            members: row.members.unsigned_abs(),
            projects: row.projects.unsigned_abs(),
        })
    }
}

/// Which teams to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Words that all occur in the name.
    pub words: Vec<String>,
    /// By what to sort; by name where absent.
    pub sort: Option<Sort>,
    /// Greatest first.
    pub descending: bool,
}

/// What teams can be sorted by; equal ones by name.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub enum Sort {
    CreatedAt,
    Members,
}

/// A page of teams, and how many fit.
pub async fn list(
    connection: &impl ConnectionTrait,
    filter: &Filter,
    offset: u64,
    limit: u64,
) -> Result<(Vec<Team>, u64), Error> {
    let words = filter.words.iter().map(|word| Column::Name.like(super::containing(word)));
    let condition = words.fold(Condition::all(), Condition::add);
    let total = Entity::find().filter(condition.clone()).count(connection).await?;
    let direction = if filter.descending { Order::Desc } else { Order::Asc };
    let fitting = counted().filter(condition);
    let sorted = match filter.sort {
        Some(Sort::CreatedAt) => fitting.order_by(Column::CreatedAt, direction).order_by_asc(Column::Name),
        Some(Sort::Members) => fitting.order_by(Expr::col("members"), direction).order_by_asc(Column::Name),
        None => fitting.order_by(Column::Name, direction),
    };
    let rows = sorted.offset(offset).limit(limit).into_model::<Row>().all(connection).await?;
    Ok((rows.into_iter().map(Team::try_from).collect::<Result<_, _>>()?, total))
}

/// The team with this name; where `member` names an account with its teams by group, only if that is in it.
pub async fn find_by_name(
    connection: &impl ConnectionTrait,
    name: &str,
    member: Option<(Ulid, &[Ulid])>,
) -> Result<Option<Team>, Error> {
    let seen = member.map(|(user, by_group)| Column::Id.in_subquery(teams_of(user, by_group)));
    let condition = Condition::all().add(Column::Name.eq(name)).add_option(seen);
    counted().filter(condition).into_model::<Row>().one(connection).await?.map(Team::try_from).transpose()
}

/// Adds a team; a name that is taken gives [`Error::Duplicate`].
pub async fn insert(connection: &impl ConnectionTrait, name: &str) -> Result<Team, Error> {
    let id = Ulid::generate();
    let created_at = super::now();
    let model = ActiveModel { id: Set(id.to_string()), name: Set(name.to_owned()), created_at: Set(created_at) };
    Entity::insert(model).exec_without_returning(connection).await?;
    Ok(Team { id, name: name.to_owned(), created_at: super::time(created_at), members: 0, projects: 0 })
}

/// Removes a team with all that it gives; whether there was one.
pub async fn delete(connection: &impl ConnectionTrait, id: Ulid) -> Result<bool, Error> {
    Ok(Entity::delete_by_id(id.to_string()).exec(connection).await?.rows_affected > 0)
}

/// Puts an account into a team, where it may be already.
pub async fn put_member(connection: &impl ConnectionTrait, team: Ulid, user: Ulid) -> Result<(), Error> {
    let model = member::ActiveModel { team_id: Set(team.to_string()), user_id: Set(user.to_string()) };
    member::Entity::insert(model).on_conflict_do_nothing().exec_without_returning(connection).await?;
    Ok(())
}

/// Takes an account out of a team; whether it was in it.
pub async fn delete_member(connection: &impl ConnectionTrait, team: Ulid, user: Ulid) -> Result<bool, Error> {
    let query = member::Entity::delete_by_id((team.to_string(), user.to_string()));
    Ok(query.exec(connection).await?.rows_affected > 0)
}

/// The projects that a team has a role in, by name.
pub async fn projects(connection: &impl ConnectionTrait, team: Ulid) -> Result<Vec<TeamProject>, Error> {
    let rows = grant::Entity::find()
        .select_only()
        .column(project::Column::Name)
        .column(grant::Column::Role)
        .join(JoinType::InnerJoin, grant::Relation::Project.def())
        .filter(grant::Column::TeamId.eq(team.to_string()))
        .order_by_asc(project::Column::Name)
        .into_tuple::<(String, String)>()
        .all(connection)
        .await?;
    rows.into_iter().map(|(project, role)| Ok(TeamProject { project, role: parse_role(&role)? })).collect()
}

/// The teams with a role in a project, by name.
pub async fn grants(connection: &impl ConnectionTrait, project: Ulid) -> Result<Vec<TeamGrant>, Error> {
    let rows = grant::Entity::find()
        .select_only()
        .column(Column::Name)
        .column(grant::Column::Role)
        .expr_as(count::<member::Entity>(member::Column::TeamId), "members")
        .join(JoinType::InnerJoin, grant::Relation::Team.def())
        .filter(grant::Column::ProjectId.eq(project.to_string()))
        .order_by_asc(Column::Name)
        .into_tuple::<(String, String, i64)>()
        .all(connection)
        .await?;
    let grant = |(team, role, members): (String, String, i64)| {
        Ok(TeamGrant { team, role: parse_role(&role)?, members: members.unsigned_abs() })
    };
    rows.into_iter().map(grant).collect()
}

/// Gives a team a role in a project, or another one.
pub async fn put_grant(
    connection: &impl ConnectionTrait,
    team: Ulid,
    project: Ulid,
    role: ProjectRole,
) -> Result<(), Error> {
    let model = grant::ActiveModel {
        team_id: Set(team.to_string()),
        project_id: Set(project.to_string()),
        role: Set(role_text(role).to_owned()),
    };
    let key = [grant::Column::TeamId, grant::Column::ProjectId];
    let conflict = OnConflict::columns(key).update_column(grant::Column::Role).to_owned();
    grant::Entity::insert(model).on_conflict(conflict).exec_without_returning(connection).await?;
    Ok(())
}

/// Takes a team's role in a project away; whether it had one.
pub async fn delete_grant(connection: &impl ConnectionTrait, team: Ulid, project: Ulid) -> Result<bool, Error> {
    let query = grant::Entity::delete_by_id((team.to_string(), project.to_string()));
    Ok(query.exec(connection).await?.rows_affected > 0)
}

/// A team that gives an account a role in a project; the first by name.
pub async fn giving(
    connection: &impl ConnectionTrait,
    user: Ulid,
    by_group: &[Ulid],
    project: Ulid,
) -> Result<Option<String>, Error> {
    let query = grant::Entity::find()
        .select_only()
        .column(Column::Name)
        .join(JoinType::InnerJoin, grant::Relation::Team.def())
        .filter(grant::Column::ProjectId.eq(project.to_string()))
        .filter(grant::Column::TeamId.in_subquery(teams_of(user, by_group)))
        .order_by_asc(Column::Name);
    Ok(query.into_tuple::<String>().one(connection).await?)
}

/// What an account's teams give it: names of projects, and roles.
pub(super) fn given_to(user: Ulid, by_group: &[Ulid]) -> SelectStatement {
    grant::Entity::find()
        .select_only()
        .column(project::Column::Name)
        .column(grant::Column::Role)
        .join(JoinType::InnerJoin, grant::Relation::Project.def())
        .filter(grant::Column::TeamId.in_subquery(teams_of(user, by_group)))
        .into_query()
}

/// The ids of the accounts in a team.
pub(super) fn members_of(team: Ulid) -> SelectStatement {
    let members = member::Entity::find().select_only().column(member::Column::UserId);
    members.filter(member::Column::TeamId.eq(team.to_string())).into_query()
}

/// The ids of the teams that an account is in: of those that it was added to, and of `by_group`.
fn teams_of(user: Ulid, by_group: &[Ulid]) -> SelectStatement {
    let added = member::Entity::find().select_only().column(member::Column::TeamId);
    let added = added.filter(member::Column::UserId.eq(user.to_string())).into_query();
    let either =
        Condition::any().add(Column::Id.in_subquery(added)).add(Column::Id.is_in(by_group.iter().map(Ulid::to_string)));
    Entity::find().select_only().column(Column::Id).filter(either).into_query()
}

/// Teams as [`Row`]s.
fn counted() -> Select<Entity> {
    Entity::find()
        .expr_as(count::<member::Entity>(member::Column::TeamId), "members")
        .expr_as(count::<grant::Entity>(grant::Column::TeamId), "projects")
}

/// How many rows with a team's id there are, for the teams of the query around it.
fn count<E: EntityTrait>(team: E::Column) -> SelectStatement {
    let of_team = Expr::col(team.as_column_ref()).equals(Column::Id.as_column_ref());
    E::find().select_only().expr(team.count()).filter(of_team).into_query()
}
