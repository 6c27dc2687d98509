//! Accounts.

use api::permission::SystemRole;
use api::user::User;
use sea_orm::entity::prelude::*;
use sea_orm::{ActiveValue::Set, QuerySelect, SelectExt};
use ulid::Ulid;

use super::Error;

/// An account as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    /// The ULID.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// The name as it was chosen.
    pub username: String,
    /// The name in small letters; unique.
    pub username_key: String,
    /// The password's hash as a PHC string.
    pub password_hash: String,
    /// `admin` or `member`.
    pub role: String,
    /// When it was made.
    pub created_at: i64,
}

/// No relation is queried through the entity.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// An account for the services: what one may show and the hash one must not.
#[derive(Clone)]
pub struct Account {
    /// What may be shown.
    pub user: User,
    /// The password's hash.
    pub password_hash: String,
}

impl TryFrom<Model> for Account {
    type Error = Error;

    fn try_from(model: Model) -> Result<Self, Error> {
        let user = User {
            id: super::ulid(&model.id)?,
            username: model.username,
            role: parse_role(&model.role)?,
            created_at: super::time(model.created_at),
        };
        Ok(Self { user, password_hash: model.password_hash })
    }
}

fn parse_role(text: &str) -> Result<SystemRole, Error> {
    match text {
        "admin" => Ok(SystemRole::Admin),
        "member" => Ok(SystemRole::Member),
        other => Err(Error::Other(format!("`{other}` is no role"))),
    }
}

fn role_text(role: SystemRole) -> &'static str {
    match role {
        SystemRole::Admin => "admin",
        SystemRole::Member => "member",
    }
}

/// The account with this name, whatever its capitals.
pub async fn find_by_name(connection: &impl ConnectionTrait, username: &str) -> Result<Option<Account>, Error> {
    let model = Entity::find().filter(Column::UsernameKey.eq(username.to_lowercase())).one(connection).await?;
    model.map(Account::try_from).transpose()
}

/// The account with this id.
pub async fn find(connection: &impl ConnectionTrait, id: Ulid) -> Result<Option<Account>, Error> {
    Entity::find_by_id(id.to_string()).one(connection).await?.map(Account::try_from).transpose()
}

/// Whether there is any account.
pub async fn exists_any(connection: &impl ConnectionTrait) -> Result<bool, Error> {
    Ok(Entity::find().select_only().column(Column::Id).exists(connection).await?)
}

/// Adds an account; a name that is taken gives [`Error::Duplicate`].
pub async fn insert(
    connection: &impl ConnectionTrait,
    username: &str,
    password_hash: String,
    role: SystemRole,
) -> Result<User, Error> {
    let id = Ulid::generate();
    let created_at = super::now();
    let model = ActiveModel {
        id: Set(id.to_string()),
        username: Set(username.to_owned()),
        username_key: Set(username.to_lowercase()),
        password_hash: Set(password_hash),
        role: Set(role_text(role).to_owned()),
        created_at: Set(created_at),
    };
    Entity::insert(model).exec_without_returning(connection).await?;
    Ok(User { id, username: username.to_owned(), role, created_at: super::time(created_at) })
}

/// Replaces an account's password.
pub async fn set_password(connection: &impl ConnectionTrait, id: Ulid, password_hash: String) -> Result<(), Error> {
    Entity::update_many()
        .col_expr(Column::PasswordHash, Expr::value(password_hash))
        .filter(Column::Id.eq(id.to_string()))
        .exec(connection)
        .await?;
    Ok(())
}
