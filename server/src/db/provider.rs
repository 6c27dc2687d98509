//! Identity providers.

use api::permission::SystemRole;
use api::provider::{FirstSignIn, ProviderKind, Trial};
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel as _, QueryOrder as _};
use serde::de::DeserializeOwned;
use ulid::Ulid;

use super::Error;
use super::user::{parse_role, role_text};

/// A provider as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "providers")]
pub struct Model {
    /// The ULID.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// The name in addresses; unique.
    pub slug: String,
    /// What the button says.
    pub name: String,
    /// `oidc`, `github` or `gitee`.
    pub kind: String,
    /// What it calls itself; unique.
    pub issuer: String,
    /// What it calls us.
    pub client_id: String,
    /// The client secret, where there is one.
    pub client_secret: Option<String>,
    /// What is asked for, as JSON.
    pub scopes: String,
    /// Where the groups stand.
    pub groups_claim: Option<String>,
    /// The groups of administrators, as JSON.
    pub admin_groups: String,
    /// `refuse`, `approve` or `create`.
    pub first_sign_in: String,
    /// The role of an account made so.
    pub first_role: String,
    /// Whether people can sign in with it.
    pub enabled: bool,
    /// How the last trial went, as JSON.
    pub trial: Option<String>,
    /// When it was made.
    pub created_at: i64,
}

/// No relation is queried through the entity.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// A provider for the services.
#[derive(Clone, PartialEq, Eq)]
pub struct Provider {
    /// Its id.
    pub id: Ulid,
    /// Its name in addresses.
    pub slug: String,
    /// What its button says.
    pub name: String,
    /// How it says who somebody is.
    pub kind: ProviderKind,
    /// What it calls itself.
    pub issuer: String,
    /// What it calls us.
    pub client_id: String,
    /// The client secret, where there is one.
    pub client_secret: Option<String>,
    /// What is asked for besides `openid`.
    pub scopes: Vec<String>,
    /// Where the groups stand.
    pub groups_claim: Option<String>,
    /// The groups of administrators.
    pub admin_groups: Vec<String>,
    /// What happens with newcomers.
    pub first_sign_in: FirstSignIn,
    /// The role of an account made so.
    pub first_role: SystemRole,
    /// Whether people can sign in with it.
    pub enabled: bool,
    /// How the last trial went.
    pub trial: Option<Trial>,
    /// When it was made, in milliseconds.
    pub created_at: i64,
}

impl TryFrom<Model> for Provider {
    type Error = Error;

    fn try_from(model: Model) -> Result<Self, Error> {
        Ok(Self {
            id: super::ulid(&model.id)?,
            slug: model.slug,
            name: model.name,
            kind: word(&model.kind)?,
            issuer: model.issuer,
            client_id: model.client_id,
            client_secret: model.client_secret,
            scopes: json(&model.scopes)?,
            groups_claim: model.groups_claim,
            admin_groups: json(&model.admin_groups)?,
            first_sign_in: word(&model.first_sign_in)?,
            first_role: parse_role(&model.first_role)?,
            enabled: model.enabled,
            trial: model.trial.as_deref().map(json).transpose()?,
            created_at: model.created_at,
        })
    }
}

impl TryFrom<&Provider> for Model {
    type Error = Error;

    fn try_from(provider: &Provider) -> Result<Self, Error> {
        Ok(Self {
            id: provider.id.to_string(),
            slug: provider.slug.clone(),
            name: provider.name.clone(),
            kind: text(&provider.kind)?.trim_matches('"').to_owned(),
            issuer: provider.issuer.clone(),
            client_id: provider.client_id.clone(),
            client_secret: provider.client_secret.clone(),
            scopes: text(&provider.scopes)?,
            groups_claim: provider.groups_claim.clone(),
            admin_groups: text(&provider.admin_groups)?,
            first_sign_in: text(&provider.first_sign_in)?.trim_matches('"').to_owned(),
            first_role: role_text(provider.first_role).to_owned(),
            enabled: provider.enabled,
            trial: provider.trial.as_ref().map(text).transpose()?,
            created_at: provider.created_at,
        })
    }
}

fn word<T: DeserializeOwned>(word: &str) -> Result<T, Error> {
    json(&format!("\"{word}\""))
}

pub(super) fn json<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| Error::Other(error.to_string()))
}

pub(super) fn text(value: &impl serde::Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Other(error.to_string()))
}

/// The providers by name.
pub async fn list(connection: &impl ConnectionTrait) -> Result<Vec<Provider>, Error> {
    let query = Entity::find().order_by_asc(Column::Name).order_by_asc(Column::Id);
    query.all(connection).await?.into_iter().map(Provider::try_from).collect()
}

/// The provider with this name in addresses.
pub async fn find_by_slug(connection: &impl ConnectionTrait, slug: &str) -> Result<Option<Provider>, Error> {
    Entity::find().filter(Column::Slug.eq(slug)).one(connection).await?.map(Provider::try_from).transpose()
}

/// The provider with this id.
pub async fn find(connection: &impl ConnectionTrait, id: Ulid) -> Result<Option<Provider>, Error> {
    Entity::find_by_id(id.to_string()).one(connection).await?.map(Provider::try_from).transpose()
}

/// Adds a provider; a slug or issuer that is taken gives [`Error::Duplicate`].
pub async fn insert(connection: &impl ConnectionTrait, provider: &Provider) -> Result<(), Error> {
    let model = Model::try_from(provider)?.into_active_model();
    Entity::insert(model).exec_without_returning(connection).await?;
    Ok(())
}

/// Replaces everything of a provider.
pub async fn update(connection: &impl ConnectionTrait, provider: &Provider) -> Result<(), Error> {
    let model = Model::try_from(provider)?.into_active_model().reset_all();
    Entity::update_many().set(model).filter(Column::Id.eq(provider.id.to_string())).exec(connection).await?;
    Ok(())
}

/// Keeps how a trial went.
pub async fn set_trial(connection: &impl ConnectionTrait, id: Ulid, trial: &Trial) -> Result<(), Error> {
    Entity::update_many()
        .col_expr(Column::Trial, Expr::value(Some(text(trial)?)))
        .filter(Column::Id.eq(id.to_string()))
        .exec(connection)
        .await?;
    Ok(())
}

/// Removes a provider with everything that stands on it; whether there was one.
pub async fn delete(connection: &impl ConnectionTrait, id: Ulid) -> Result<bool, Error> {
    Ok(Entity::delete_by_id(id.to_string()).exec(connection).await?.rows_affected > 0)
}
