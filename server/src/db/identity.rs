//! Who an account is at the providers: an issuer and a subject, never an e-mail address.

use sea_orm::entity::prelude::*;
use sea_orm::{ActiveValue::Set, QueryOrder as _};
use ulid::Ulid;

use super::provider::{self, json, text};
use super::{Error, session};

/// An identity as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "identities")]
pub struct Model {
    /// The ULID.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// The provider through which it came.
    pub provider_id: String,
    /// Whose it is here.
    pub user_id: String,
    /// What the provider calls itself.
    pub issuer: String,
    /// What the provider calls the person, for ever.
    pub subject: String,
    /// What the provider calls the person, for people.
    pub label: String,
    /// The groups that it last told, as JSON.
    pub groups: String,
    /// What gives new tokens, where the provider gives that.
    pub refresh_token: Option<String>,
    /// When the groups were last told.
    pub refreshed_at: i64,
    /// When it was linked.
    pub created_at: i64,
    /// When it was last used to sign in.
    pub last_used_at: Option<i64>,
}

/// To the provider, for its settings.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The provider of the identity.
    #[sea_orm(belongs_to = "super::provider::Entity", from = "Column::ProviderId", to = "super::provider::Column::Id")]
    Provider,
}

impl Related<provider::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Provider.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

/// An identity for the services.
#[derive(Clone)]
pub struct Identity {
    /// Its id.
    pub id: Ulid,
    /// Whose it is here.
    pub user_id: Ulid,
    /// What the provider called itself.
    pub issuer: String,
    /// What the provider calls the person, for ever.
    pub subject: String,
    /// What the provider calls the person, for people.
    pub label: String,
    /// The groups that it last told.
    pub groups: Vec<String>,
    /// What gives new tokens.
    pub refresh_token: Option<String>,
    /// When it was linked, in milliseconds.
    pub created_at: i64,
    /// When it was last used, in milliseconds.
    pub last_used_at: Option<i64>,
}

impl TryFrom<Model> for Identity {
    type Error = Error;

    fn try_from(model: Model) -> Result<Self, Error> {
        Ok(Self {
            id: super::ulid(&model.id)?,
            user_id: super::ulid(&model.user_id)?,
            issuer: model.issuer,
            subject: model.subject,
            label: model.label,
            groups: json(&model.groups)?,
            refresh_token: model.refresh_token,
            created_at: model.created_at,
            last_used_at: model.last_used_at,
        })
    }
}

/// What a provider told of somebody.
#[derive(Clone, Debug)]
pub struct Told {
    /// What it calls the person, for people.
    pub label: String,
    /// The groups.
    pub groups: Vec<String>,
    /// What gives new tokens.
    pub refresh_token: Option<String>,
}

/// The identity of this person.
pub async fn find(connection: &impl ConnectionTrait, issuer: &str, subject: &str) -> Result<Option<Identity>, Error> {
    let query = Entity::find().filter(Column::Issuer.eq(issuer)).filter(Column::Subject.eq(subject));
    query.one(connection).await?.map(Identity::try_from).transpose()
}

/// Links an account to somebody; a person that is linked already gives [`Error::Duplicate`].
pub async fn insert(
    connection: &impl ConnectionTrait,
    user: Ulid,
    provider: &provider::Provider,
    subject: &str,
    told: &Told,
) -> Result<Ulid, Error> {
    let id = Ulid::generate();
    let now = super::now();
    let model = ActiveModel {
        id: Set(id.to_string()),
        provider_id: Set(provider.id.to_string()),
        user_id: Set(user.to_string()),
        issuer: Set(provider.issuer.clone()),
        subject: Set(subject.to_owned()),
        label: Set(told.label.clone()),
        groups: Set(text(&told.groups)?),
        refresh_token: Set(told.refresh_token.clone()),
        refreshed_at: Set(now),
        created_at: Set(now),
        last_used_at: Set(None),
    };
    Entity::insert(model).exec_without_returning(connection).await?;
    Ok(id)
}

/// Keeps what the provider told this time.
pub async fn update(connection: &impl ConnectionTrait, id: Ulid, told: &Told) -> Result<(), Error> {
    Entity::update_many()
        .col_expr(Column::Label, Expr::value(told.label.clone()))
        .col_expr(Column::Groups, Expr::value(text(&told.groups)?))
        .col_expr(Column::RefreshToken, Expr::value(told.refresh_token.clone()))
        .col_expr(Column::RefreshedAt, Expr::value(super::now()))
        .filter(Column::Id.eq(id.to_string()))
        .exec(connection)
        .await?;
    Ok(())
}

/// Notes that somebody signed in with it.
pub async fn used(connection: &impl ConnectionTrait, id: Ulid) -> Result<(), Error> {
    Entity::update_many()
        .col_expr(Column::LastUsedAt, Expr::value(super::now()))
        .filter(Column::Id.eq(id.to_string()))
        .exec(connection)
        .await?;
    Ok(())
}

/// The identities of an account with their providers, oldest first.
pub async fn of_user(
    connection: &impl ConnectionTrait,
    user: Ulid,
) -> Result<Vec<(Identity, provider::Provider)>, Error> {
    let query = Entity::find().filter(Column::UserId.eq(user.to_string())).find_also_related(provider::Entity);
    pairs(query.order_by_asc(Column::Id).all(connection).await?)
}

/// The identities with something that gives new tokens whose groups were last told before `before`.
pub async fn due(connection: &impl ConnectionTrait, before: i64) -> Result<Vec<(Identity, provider::Provider)>, Error> {
    let query = Entity::find().filter(Column::RefreshToken.is_not_null()).filter(Column::RefreshedAt.lt(before));
    let query = query.find_also_related(provider::Entity).filter(provider::Column::Enabled.eq(true));
    pairs(query.order_by_asc(Column::RefreshedAt).all(connection).await?)
}

fn pairs(rows: Vec<(Model, Option<provider::Model>)>) -> Result<Vec<(Identity, provider::Provider)>, Error> {
    let known = rows.into_iter().filter_map(|(identity, provider)| provider.map(|provider| (identity, provider)));
    known.map(|(identity, provider)| Ok((identity.try_into()?, provider.try_into()?))).collect()
}

/// Ends the sessions that began with an identity, and forgets its groups and what gives new tokens: access tokens lose
/// what the groups gave until somebody signs in again.
pub async fn end_sessions(connection: &impl ConnectionTrait, identity: &Identity) -> Result<(), Error> {
    Entity::update_many()
        .col_expr(Column::RefreshToken, Expr::value(None::<String>))
        .col_expr(Column::Groups, Expr::value("[]"))
        .filter(Column::Id.eq(identity.id.to_string()))
        .exec(connection)
        .await?;
    session::delete_of_identity(connection, identity.user_id, identity.id).await
}

/// Ends every session that began with a provider, and forgets what gives new tokens.
pub async fn end_all(connection: &impl ConnectionTrait, provider: Ulid) -> Result<(), Error> {
    let query = Entity::find().filter(Column::ProviderId.eq(provider.to_string()));
    for identity in query.all(connection).await? {
        end_sessions(connection, &identity.try_into()?).await?;
    }
    Ok(())
}

/// Ends a link of an account; whether there was one.
pub async fn delete(connection: &impl ConnectionTrait, user: Ulid, id: Ulid) -> Result<bool, Error> {
    let query = Entity::delete_many().filter(Column::Id.eq(id.to_string())).filter(Column::UserId.eq(user.to_string()));
    Ok(query.exec(connection).await?.rows_affected > 0)
}
