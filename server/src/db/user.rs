//! Accounts.

use api::permission::SystemRole;
use api::user::{User, UserState};
use sea_orm::entity::prelude::*;
use sea_orm::{Condition, ExprTrait as _, IntoActiveModel as _, Order, QueryOrder, QuerySelect, SelectExt};
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
    /// When it was shut, while it is.
    pub disabled_at: Option<i64>,
    /// Whether its owner signs in with a provider and needs no password.
    pub external: bool,
    /// Since when it waits for an administrator, while it does.
    pub waiting_at: Option<i64>,
    /// Whether its password works also while password sign-in is restricted.
    pub break_glass: bool,
    /// Since when it is asked for a code besides the password, while it is.
    pub two_factor_at: Option<i64>,
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
    /// The password's hash; empty while it has none.
    pub password_hash: String,
}

impl TryFrom<Model> for Account {
    type Error = Error;

    fn try_from(model: Model) -> Result<Self, Error> {
        let state = match &model {
            Model { disabled_at: Some(_), .. } => UserState::Disabled,
            Model { waiting_at: Some(_), .. } => UserState::Waiting,
            model if model.password_hash.is_empty() && !model.external => UserState::Invited,
            _ => UserState::Active,
        };
        let user = User {
            id: super::ulid(&model.id)?,
            username: model.username,
            role: parse_role(&model.role)?,
            created_at: super::time(model.created_at),
            state,
            break_glass: model.break_glass,
            two_factor: model.two_factor_at.is_some(),
        };
        Ok(Self { user, password_hash: model.password_hash })
    }
}

pub(super) fn parse_role(text: &str) -> Result<SystemRole, Error> {
    match text {
        "admin" => Ok(SystemRole::Admin),
        "member" => Ok(SystemRole::Member),
        other => Err(Error::Other(format!("`{other}` is no role"))),
    }
}

/// A role as it is kept.
pub const fn role_text(role: SystemRole) -> &'static str {
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
    add(connection, Model { password_hash, ..new(username, role) }).await
}

/// Adds an account for somebody who comes from a provider; one that waits cannot be used before it is opened.
pub async fn insert_external(
    connection: &impl ConnectionTrait,
    username: &str,
    role: SystemRole,
    waits: bool,
) -> Result<User, Error> {
    let waiting_at = waits.then(super::now);
    add(connection, Model { external: true, waiting_at, ..new(username, role) }).await
}

fn new(username: &str, role: SystemRole) -> Model {
    Model {
        id: Ulid::generate().to_string(),
        username: username.to_owned(),
        username_key: username.to_lowercase(),
        password_hash: String::new(),
        role: role_text(role).to_owned(),
        created_at: super::now(),
        disabled_at: None,
        external: false,
        waiting_at: None,
        break_glass: false,
        two_factor_at: None,
    }
}

async fn add(connection: &impl ConnectionTrait, model: Model) -> Result<User, Error> {
    Entity::insert(model.clone().into_active_model()).exec_without_returning(connection).await?;
    Ok(Account::try_from(model)?.user)
}

/// Which accounts to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Roles.
    pub roles: Option<Vec<SystemRole>>,
    /// States.
    pub states: Option<Vec<UserState>>,
    /// Whether they are break-glass accounts.
    pub break_glass: Option<bool>,
    /// The team that they are in.
    pub team: Option<Ulid>,
    /// Words that all occur in the name.
    pub words: Vec<String>,
    /// By what to sort; by name where absent.
    pub sort: Option<Sort>,
    /// Greatest first.
    pub descending: bool,
}

/// What accounts can be sorted by; equal ones by name.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub enum Sort {
    CreatedAt,
    Role,
}

impl Filter {
    fn condition(&self) -> Condition {
        let mut all = Condition::all();
        if let Some(roles) = &self.roles {
            all = all.add(Column::Role.is_in(roles.iter().map(|role| role_text(*role))));
        }
        if let Some(states) = &self.states {
            let open = || Column::DisabledAt.is_null().and(Column::WaitingAt.is_null());
            let state = |state: &UserState| match state {
                UserState::Disabled => Column::DisabledAt.is_not_null(),
                UserState::Waiting => Column::DisabledAt.is_null().and(Column::WaitingAt.is_not_null()),
                UserState::Invited => open().and(Column::PasswordHash.eq("")).and(Column::External.eq(false)),
                UserState::Active => open().and(Column::PasswordHash.ne("").or(Column::External.eq(true))),
            };
            all = all.add(states.iter().map(state).fold(Condition::any(), Condition::add));
        }
        all = all.add_option(self.break_glass.map(|is| Column::BreakGlass.eq(is)));
        all = all.add_option(self.team.map(|team| Column::Id.in_subquery(super::team::members_of(team))));
        for word in &self.words {
            all = all.add(Column::UsernameKey.like(super::containing(word)));
        }
        all
    }
}

/// A page of accounts, and how many fit.
pub async fn list(
    connection: &impl ConnectionTrait,
    filter: &Filter,
    offset: u64,
    limit: u64,
) -> Result<(Vec<User>, u64), Error> {
    let direction = if filter.descending { Order::Desc } else { Order::Asc };
    let fitting = Entity::find().filter(filter.condition());
    let total = fitting.clone().count(connection).await?;
    let sorted = match filter.sort {
        Some(Sort::CreatedAt) => fitting.order_by(Column::CreatedAt, direction),
        Some(Sort::Role) => fitting.order_by(Column::Role, direction).order_by_asc(Column::UsernameKey),
        None => fitting.order_by(Column::UsernameKey, direction),
    };
    let rows = sorted.order_by_asc(Column::Id).offset(offset).limit(limit).all(connection).await?;
    let users = rows.into_iter().map(|row| Account::try_from(row).map(|account| account.user));
    Ok((users.collect::<Result<_, _>>()?, total))
}

/// The accounts with these ids, by name.
pub async fn find_all(connection: &impl ConnectionTrait, ids: Vec<String>) -> Result<Vec<User>, Error> {
    let rows = Entity::find().filter(Column::Id.is_in(ids)).order_by_asc(Column::UsernameKey).all(connection).await?;
    rows.into_iter().map(|row| Account::try_from(row).map(|account| account.user)).collect()
}

/// The administrators who have a password and are not shut out, whatever happens to providers. They stay as they are
/// until the transaction ends.
pub async fn hold_admins(txn: &impl ConnectionTrait) -> Result<Vec<User>, Error> {
    let admins = Entity::find().filter(Column::Role.eq("admin")).order_by_asc(Column::Id).lock_exclusive();
    let rows = admins.all(txn).await?;
    let active = rows
        .into_iter()
        .filter(|row| row.disabled_at.is_none() && row.waiting_at.is_none() && !row.password_hash.is_empty());
    active.map(|row| Account::try_from(row).map(|account| account.user)).collect()
}

/// Changes an account's role in the whole portal.
pub async fn set_role(connection: &impl ConnectionTrait, id: Ulid, role: SystemRole) -> Result<(), Error> {
    Entity::update_many()
        .col_expr(Column::Role, Expr::value(role_text(role)))
        .filter(Column::Id.eq(id.to_string()))
        .exec(connection)
        .await?;
    Ok(())
}

/// Makes an account a break-glass account, or an ordinary one.
pub async fn set_break_glass(connection: &impl ConnectionTrait, id: Ulid, is: bool) -> Result<(), Error> {
    Entity::update_many()
        .col_expr(Column::BreakGlass, Expr::value(is))
        .filter(Column::Id.eq(id.to_string()))
        .exec(connection)
        .await?;
    Ok(())
}

/// Shuts an account, or opens it, also one that waits.
pub async fn set_disabled(connection: &impl ConnectionTrait, id: Ulid, since: Option<i64>) -> Result<(), Error> {
    Entity::update_many()
        .col_expr(Column::DisabledAt, Expr::value(since))
        .col_expr(Column::WaitingAt, Expr::value(None::<i64>))
        .filter(Column::Id.eq(id.to_string()))
        .exec(connection)
        .await?;
    Ok(())
}

/// Says since when an account is asked for a code besides the password.
pub async fn set_two_factor(connection: &impl ConnectionTrait, id: Ulid, since: Option<i64>) -> Result<(), Error> {
    Entity::update_many()
        .col_expr(Column::TwoFactorAt, Expr::value(since))
        .filter(Column::Id.eq(id.to_string()))
        .exec(connection)
        .await?;
    Ok(())
}

/// Removes an account with everything that is its own; whether there was one.
pub async fn delete(connection: &impl ConnectionTrait, id: Ulid) -> Result<bool, Error> {
    Ok(Entity::delete_by_id(id.to_string()).exec(connection).await?.rows_affected > 0)
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
