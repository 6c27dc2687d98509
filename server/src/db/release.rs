//! Releases: the immutable versions of an app.

use std::collections::BTreeMap;

use api::release::ReleaseState;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ActiveValue::Unchanged, QueryOrder};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use ulid::Ulid;

use super::Error;

/// A release as it is kept; maps are JSON.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "releases")]
#[expect(missing_docs, reason = "as in `Release`")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub app_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i32,
    pub state: String,
    pub compose: String,
    pub variables: String,
    pub files: String,
    pub images: String,
    pub created_by: String,
    pub created_at: i64,
    pub rollback_of: Option<i32>,
}

/// No relation is queried through the entity.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// A release for the services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Its number in the app, from 1.
    pub number: u32,
    /// What came of it.
    pub state: ReleaseState,
    /// What it is made of.
    pub content: Content,
    /// The images of its services, once they are known.
    pub images: BTreeMap<String, Pin>,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: OffsetDateTime,
    /// The release it goes back to.
    pub rollback_of: Option<u32>,
}

/// What a release is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// The Compose file.
    pub compose: String,
    /// Values for its `${…}` places.
    pub variables: BTreeMap<String, String>,
    /// Further files, by path.
    pub files: BTreeMap<String, String>,
}

/// The image that a service's reference stood for when the release was deployed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// The reference as written.
    pub reference: String,
    /// The engine's id of the image.
    pub id: String,
    /// `repository@sha256:…`, where a registry knows the image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

fn json<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| Error::Other(error.to_string()))
}

fn text<T: Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Other(error.to_string()))
}

fn number(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

impl TryFrom<Model> for Release {
    type Error = Error;

    fn try_from(model: Model) -> Result<Self, Error> {
        Ok(Self {
            number: u32::try_from(model.number).unwrap_or_default(),
            state: json(&format!("\"{}\"", model.state))?,
            content: Content { compose: model.compose, variables: json(&model.variables)?, files: json(&model.files)? },
            images: json(&model.images)?,
            created_by: model.created_by,
            created_at: super::time(model.created_at),
            rollback_of: model.rollback_of.and_then(|number| u32::try_from(number).ok()),
        })
    }
}

fn state_text(state: ReleaseState) -> &'static str {
    match state {
        ReleaseState::Deploying => "deploying",
        ReleaseState::Current => "current",
        ReleaseState::Superseded => "superseded",
        ReleaseState::Failed => "failed",
    }
}

/// The releases of an app, newest first.
pub async fn list(connection: &impl ConnectionTrait, app: Ulid) -> Result<Vec<Release>, Error> {
    let rows = Entity::find().filter(Column::AppId.eq(app.to_string())).order_by_desc(Column::Number);
    rows.all(connection).await?.into_iter().map(Release::try_from).collect()
}

/// One release.
pub async fn find(connection: &impl ConnectionTrait, app: Ulid, release: u32) -> Result<Option<Release>, Error> {
    let row = Entity::find_by_id((app.to_string(), number(release))).one(connection).await?;
    row.map(Release::try_from).transpose()
}

/// Adds a release that is being deployed.
pub async fn insert(
    connection: &impl ConnectionTrait,
    app: Ulid,
    release: u32,
    content: &Content,
    images: &BTreeMap<String, Pin>,
    created_by: &str,
    rollback_of: Option<u32>,
) -> Result<(), Error> {
    let model = ActiveModel {
        app_id: Set(app.to_string()),
        number: Set(number(release)),
        state: Set(state_text(ReleaseState::Deploying).to_owned()),
        compose: Set(content.compose.clone()),
        variables: Set(text(&content.variables)?),
        files: Set(text(&content.files)?),
        images: Set(text(images)?),
        created_by: Set(created_by.to_owned()),
        created_at: Set(super::now()),
        rollback_of: Set(rollback_of.map(number)),
    };
    Entity::insert(model).exec_without_returning(connection).await?;
    Ok(())
}

/// Sets what came of a release. A new current one takes the place of the one before.
pub async fn set_state(
    connection: &impl ConnectionTrait,
    app: Ulid,
    release: u32,
    state: ReleaseState,
) -> Result<(), Error> {
    if state == ReleaseState::Current {
        Entity::update_many()
            .col_expr(Column::State, Expr::value(state_text(ReleaseState::Superseded)))
            .filter(Column::AppId.eq(app.to_string()))
            .filter(Column::State.eq(state_text(ReleaseState::Current)))
            .exec(connection)
            .await?;
    }
    let model = ActiveModel {
        app_id: Unchanged(app.to_string()),
        number: Unchanged(number(release)),
        state: Set(state_text(state).to_owned()),
        ..Default::default()
    };
    Entity::update(model).exec(connection).await?;
    Ok(())
}

/// Keeps the images that a release's references stood for.
pub async fn set_images(
    connection: &impl ConnectionTrait,
    app: Ulid,
    release: u32,
    images: &BTreeMap<String, Pin>,
) -> Result<(), Error> {
    let model = ActiveModel {
        app_id: Unchanged(app.to_string()),
        number: Unchanged(number(release)),
        images: Set(text(images)?),
        ..Default::default()
    };
    Entity::update(model).exec(connection).await?;
    Ok(())
}
