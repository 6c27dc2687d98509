//! Apps, their releases, operations and the operations' logs.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(apps()).await?;
        manager.create_table(releases()).await?;
        manager.create_table(operations()).await?;
        manager.create_table(operation_events()).await?;
        for (name, columns) in [
            ("ux_apps_cluster_name", [Apps::Cluster, Apps::Name]),
            ("ux_apps_project_name", [Apps::ProjectId, Apps::Name]),
        ] {
            let mut index = Index::create().name(name).table(Apps::Table).unique().to_owned();
            for column in columns {
                index.col(column);
            }
            manager.create_index(index).await?;
        }
        manager
            .create_index(
                Index::create().name("ix_operations_app_id").table(Operations::Table).col(Operations::AppId).to_owned(),
            )
            .await?;
        // the database itself holds the rule "one operation at a time for each app"; sea-query has no partial indexes
        // for both databases, both databases have the same words for them
        manager
            .get_connection()
            .execute_unprepared(
                "CREATE UNIQUE INDEX ux_operations_busy ON operations (app_id) WHERE state IN ('queued', 'running')",
            )
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [
            OperationEvents::Table.into_iden(),
            Operations::Table.into_iden(),
            Releases::Table.into_iden(),
            Apps::Table.into_iden(),
        ] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn id(column: impl IntoIden) -> ColumnDef {
    ColumnDef::new(column).string_len(26).not_null().to_owned()
}

fn apps() -> TableCreateStatement {
    Table::create()
        .table(Apps::Table)
        .col(id(Apps::Id).primary_key())
        .col(id(Apps::ProjectId))
        .col(ColumnDef::new(Apps::Name).string_len(63).not_null())
        .col(ColumnDef::new(Apps::Cluster).string_len(63).not_null())
        .col(ColumnDef::new(Apps::Release).integer().not_null())
        .col(ColumnDef::new(Apps::LastRelease).integer().not_null())
        .col(ColumnDef::new(Apps::Intent).text().not_null())
        .col(ColumnDef::new(Apps::CreatedAt).big_integer().not_null())
        .col(ColumnDef::new(Apps::UpdatedAt).big_integer().not_null())
        .foreign_key(
            ForeignKey::create()
                .from(Apps::Table, Apps::ProjectId)
                .to(Projects::Table, Projects::Id)
                .on_delete(ForeignKeyAction::Restrict),
        )
        .to_owned()
}

fn releases() -> TableCreateStatement {
    Table::create()
        .table(Releases::Table)
        .col(id(Releases::AppId))
        .col(ColumnDef::new(Releases::Number).integer().not_null())
        .col(ColumnDef::new(Releases::State).string_len(16).not_null())
        .col(ColumnDef::new(Releases::Compose).text().not_null())
        .col(ColumnDef::new(Releases::Variables).text().not_null())
        .col(ColumnDef::new(Releases::Files).text().not_null())
        .col(ColumnDef::new(Releases::Images).text().not_null())
        .col(ColumnDef::new(Releases::CreatedBy).string_len(63).not_null())
        .col(ColumnDef::new(Releases::CreatedAt).big_integer().not_null())
        .col(ColumnDef::new(Releases::RollbackOf).integer())
        .primary_key(Index::create().col(Releases::AppId).col(Releases::Number))
        .foreign_key(
            ForeignKey::create()
                .from(Releases::Table, Releases::AppId)
                .to(Apps::Table, Apps::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

fn operations() -> TableCreateStatement {
    // no foreign key to the app: an operation outlives it, the removal above all
    Table::create()
        .table(Operations::Table)
        .col(id(Operations::Id).primary_key())
        .col(ColumnDef::new(Operations::Kind).string_len(16).not_null())
        .col(ColumnDef::new(Operations::State).string_len(16).not_null())
        .col(ColumnDef::new(Operations::Target).string_len(255).not_null())
        .col(ColumnDef::new(Operations::Cluster).string_len(63).not_null())
        .col(ColumnDef::new(Operations::ProjectId).string_len(26))
        .col(ColumnDef::new(Operations::AppId).string_len(26))
        .col(ColumnDef::new(Operations::App).string_len(63))
        .col(ColumnDef::new(Operations::Release).integer())
        .col(ColumnDef::new(Operations::Request).text().not_null())
        .col(ColumnDef::new(Operations::Phase).string_len(16).not_null())
        .col(ColumnDef::new(Operations::Problem).text())
        .col(ColumnDef::new(Operations::CreatedBy).string_len(63).not_null())
        .col(ColumnDef::new(Operations::CreatedAt).big_integer().not_null())
        .col(ColumnDef::new(Operations::StartedAt).big_integer())
        .col(ColumnDef::new(Operations::FinishedAt).big_integer())
        .to_owned()
}

fn operation_events() -> TableCreateStatement {
    Table::create()
        .table(OperationEvents::Table)
        .col(id(OperationEvents::OperationId))
        .col(ColumnDef::new(OperationEvents::Sequence).integer().not_null())
        .col(ColumnDef::new(OperationEvents::At).big_integer().not_null())
        .col(ColumnDef::new(OperationEvents::Change).text().not_null())
        .primary_key(Index::create().col(OperationEvents::OperationId).col(OperationEvents::Sequence))
        .foreign_key(
            ForeignKey::create()
                .from(OperationEvents::Table, OperationEvents::OperationId)
                .to(Operations::Table, Operations::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

#[derive(DeriveIden)]
enum Projects {
    Table,
    Id,
}

#[derive(Clone, Copy, DeriveIden)]
enum Apps {
    Table,
    Id,
    ProjectId,
    Name,
    Cluster,
    Release,
    LastRelease,
    Intent,
    CreatedAt,
    UpdatedAt,
}

#[derive(DeriveIden)]
enum Releases {
    Table,
    AppId,
    Number,
    State,
    Compose,
    Variables,
    Files,
    Images,
    CreatedBy,
    CreatedAt,
    RollbackOf,
}

#[derive(DeriveIden)]
enum Operations {
    Table,
    Id,
    Kind,
    State,
    Target,
    Cluster,
    ProjectId,
    AppId,
    App,
    Release,
    Request,
    Phase,
    Problem,
    CreatedBy,
    CreatedAt,
    StartedAt,
    FinishedAt,
}

#[derive(DeriveIden)]
enum OperationEvents {
    Table,
    OperationId,
    Sequence,
    At,
    Change,
}
