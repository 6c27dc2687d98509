//! Teams, who is in them, and their roles in projects.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(teams()).await?;
        manager.create_table(team_members()).await?;
        manager.create_table(team_grants()).await?;
        for (table, column) in [
            (TeamMembers::Table.into_iden(), TeamMembers::UserId.into_iden()),
            (TeamGrants::Table.into_iden(), TeamGrants::ProjectId.into_iden()),
        ] {
            let name = format!("ix_{}_{}", table.inner(), column.inner());
            manager.create_index(Index::create().name(name).table(table).col(column).to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [TeamGrants::Table.into_iden(), TeamMembers::Table.into_iden(), Teams::Table.into_iden()] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn id(column: impl IntoIden) -> ColumnDef {
    ColumnDef::new(column).string_len(26).not_null().to_owned()
}

fn teams() -> TableCreateStatement {
    Table::create()
        .table(Teams::Table)
        .col(id(Teams::Id).primary_key())
        .col(ColumnDef::new(Teams::Name).string_len(63).not_null().unique_key())
        .col(ColumnDef::new(Teams::CreatedAt).big_integer().not_null())
        .to_owned()
}

fn team_members() -> TableCreateStatement {
    Table::create()
        .table(TeamMembers::Table)
        .col(id(TeamMembers::TeamId))
        .col(id(TeamMembers::UserId))
        .primary_key(Index::create().col(TeamMembers::TeamId).col(TeamMembers::UserId))
        .foreign_key(
            ForeignKey::create()
                .from(TeamMembers::Table, TeamMembers::TeamId)
                .to(Teams::Table, Teams::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .foreign_key(
            ForeignKey::create()
                .from(TeamMembers::Table, TeamMembers::UserId)
                .to(Users::Table, Users::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

fn team_grants() -> TableCreateStatement {
    Table::create()
        .table(TeamGrants::Table)
        .col(id(TeamGrants::TeamId))
        .col(id(TeamGrants::ProjectId))
        .col(ColumnDef::new(TeamGrants::Role).string_len(16).not_null())
        .primary_key(Index::create().col(TeamGrants::TeamId).col(TeamGrants::ProjectId))
        .foreign_key(
            ForeignKey::create()
                .from(TeamGrants::Table, TeamGrants::TeamId)
                .to(Teams::Table, Teams::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .foreign_key(
            ForeignKey::create()
                .from(TeamGrants::Table, TeamGrants::ProjectId)
                .to(Projects::Table, Projects::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

#[derive(DeriveIden)]
enum Teams {
    Table,
    Id,
    Name,
    CreatedAt,
}

#[derive(DeriveIden)]
enum TeamMembers {
    Table,
    TeamId,
    UserId,
}

#[derive(DeriveIden)]
enum TeamGrants {
    Table,
    TeamId,
    ProjectId,
    Role,
}

#[derive(DeriveIden)]
enum Users {
    Table,
    Id,
}

#[derive(DeriveIden)]
enum Projects {
    Table,
    Id,
}
