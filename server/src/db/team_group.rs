//! Groups of identity providers that belong to teams.

use std::collections::BTreeSet;

use api::team::TeamGroup;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use ulid::Ulid;

use super::{Error, provider};

/// A group of a team as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "team_groups")]
pub struct Model {
    /// The team.
    #[sea_orm(primary_key, auto_increment = false)]
    pub team_id: String,
    /// The provider that tells the group.
    #[sea_orm(primary_key, auto_increment = false)]
    pub provider_id: String,
    /// What the group is called.
    #[sea_orm(primary_key, auto_increment = false)]
    pub pattern: String,
}

/// To the provider, for its names.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The provider that tells the group.
    #[sea_orm(belongs_to = "super::provider::Entity", from = "Column::ProviderId", to = "super::provider::Column::Id")]
    Provider,
}

impl Related<provider::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Provider.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

/// A group of a team for the services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The team.
    pub team: Ulid,
    /// The provider that tells the group.
    pub provider: Ulid,
    /// What the group is called.
    pub pattern: String,
}

impl TryFrom<Model> for Group {
    type Error = Error;

    fn try_from(model: Model) -> Result<Self, Error> {
        Ok(Self {
            team: super::ulid(&model.team_id)?,
            provider: super::ulid(&model.provider_id)?,
            pattern: model.pattern,
        })
    }
}

/// The groups of a team, by provider and pattern.
pub async fn list(connection: &impl ConnectionTrait, team: Ulid) -> Result<Vec<TeamGroup>, Error> {
    let query = Entity::find().filter(Column::TeamId.eq(team.to_string())).find_also_related(provider::Entity);
    let known = query.all(connection).await?.into_iter().filter_map(|(group, provider)| {
        provider.map(|it| TeamGroup { provider: it.slug, provider_name: it.name, pattern: group.pattern })
    });
    let mut groups: Vec<_> = known.collect();
    groups.sort_by(|a, b| (&a.provider, &a.pattern).cmp(&(&b.provider, &b.pattern)));
    Ok(groups)
}

/// The groups of these providers, of every team.
pub async fn of_providers(connection: &impl ConnectionTrait, providers: &[Ulid]) -> Result<Vec<Group>, Error> {
    let query = Entity::find().filter(Column::ProviderId.is_in(providers.iter().map(Ulid::to_string)));
    query.all(connection).await?.into_iter().map(Group::try_from).collect()
}

/// Gives a team these groups in place of those it has: ids of providers, and patterns.
pub async fn replace(
    connection: &impl ConnectionTrait,
    team: Ulid,
    groups: BTreeSet<(Ulid, String)>,
) -> Result<(), Error> {
    Entity::delete_many().filter(Column::TeamId.eq(team.to_string())).exec(connection).await?;
    let models = groups.into_iter().map(|(provider, pattern)| ActiveModel {
        team_id: Set(team.to_string()),
        provider_id: Set(provider.to_string()),
        pattern: Set(pattern),
    });
    Entity::insert_many(models).exec_without_returning(connection).await?;
    Ok(())
}
