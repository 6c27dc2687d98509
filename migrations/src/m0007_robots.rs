//! Robots of projects, and room for their long names where it is written who did something.

use sea_orm_migration::prelude::*;

/// Where names of callers stand. SQLite keeps no lengths.
const CALLERS: [(&str, &str); 3] =
    [("audit_entries", "username"), ("releases", "created_by"), ("operations", "created_by")];

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let id = |column: Robots| ColumnDef::new(column).string_len(26).not_null().to_owned();
        let table = Table::create()
            .table(Robots::Table)
            .col(id(Robots::Id).primary_key())
            .col(id(Robots::ProjectId))
            .col(ColumnDef::new(Robots::Name).string_len(63).not_null())
            .col(ColumnDef::new(Robots::Role).string_len(16).not_null())
            .col(ColumnDef::new(Robots::Scopes).string_len(63).not_null())
            .col(ColumnDef::new(Robots::SecretHash).string_len(64).not_null().unique_key())
            .col(ColumnDef::new(Robots::CreatedAt).big_integer().not_null())
            .col(ColumnDef::new(Robots::CreatedBy).string_len(63).not_null())
            .col(ColumnDef::new(Robots::ExpiresAt).big_integer().not_null())
            .col(ColumnDef::new(Robots::LastUsedAt).big_integer())
            .col(ColumnDef::new(Robots::DisabledAt).big_integer())
            .foreign_key(
                ForeignKey::create()
                    .from(Robots::Table, Robots::ProjectId)
                    .to(Projects::Table, Projects::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(table).await?;
        let mut unique = Index::create().name("ux_robots_project_name").table(Robots::Table).unique().to_owned();
        for column in [Robots::ProjectId, Robots::Name] {
            unique.col(column);
        }
        manager.create_index(unique).await?;
        if manager.get_database_backend() == sea_orm::DbBackend::Postgres {
            for (table, column) in CALLERS {
                let sql = format!("ALTER TABLE {table} ALTER COLUMN {column} TYPE varchar(133)");
                manager.get_connection().execute_unprepared(&sql).await?;
            }
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // The columns stay wide: names that are there by now would not fit any more.
        manager.drop_table(Table::drop().table(Robots::Table).to_owned()).await
    }
}

#[derive(DeriveIden)]
enum Robots {
    Table,
    Id,
    ProjectId,
    Name,
    Role,
    Scopes,
    SecretHash,
    CreatedAt,
    CreatedBy,
    ExpiresAt,
    LastUsedAt,
    DisabledAt,
}

#[derive(DeriveIden)]
enum Projects {
    Table,
    Id,
}
