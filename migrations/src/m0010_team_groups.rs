//! Groups of identity providers that belong to teams.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let id = |column: TeamGroups| ColumnDef::new(column).string_len(26).not_null().to_owned();
        let table = Table::create()
            .table(TeamGroups::Table)
            .col(id(TeamGroups::TeamId))
            .col(id(TeamGroups::ProviderId))
            .col(ColumnDef::new(TeamGroups::Pattern).string_len(512).not_null())
            .primary_key(Index::create().col(TeamGroups::TeamId).col(TeamGroups::ProviderId).col(TeamGroups::Pattern))
            .foreign_key(
                ForeignKey::create()
                    .from(TeamGroups::Table, TeamGroups::TeamId)
                    .to(Teams::Table, Teams::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .foreign_key(
                ForeignKey::create()
                    .from(TeamGroups::Table, TeamGroups::ProviderId)
                    .to(Providers::Table, Providers::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(table).await?;
        let mut index = Index::create().name("ix_team_groups_provider_id").table(TeamGroups::Table).to_owned();
        manager.create_index(index.col(TeamGroups::ProviderId).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(TeamGroups::Table).to_owned()).await
    }
}

#[derive(DeriveIden)]
enum TeamGroups {
    Table,
    TeamId,
    ProviderId,
    Pattern,
}

#[derive(DeriveIden)]
enum Teams {
    Table,
    Id,
}

#[derive(DeriveIden)]
enum Providers {
    Table,
    Id,
}
