//! How much the apps of a project may ask for, and how much each of them does.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(project_quotas()).await?;
        manager.create_table(app_usages()).await?;
        let mut index = Index::create().name("ix_app_usages_project_id").table(AppUsages::Table).to_owned();
        index.col(AppUsages::ProjectId);
        manager.create_index(index).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(AppUsages::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(ProjectQuotas::Table).to_owned()).await
    }
}

fn id(column: impl IntoIden) -> ColumnDef {
    ColumnDef::new(column).string_len(26).not_null().to_owned()
}

fn project_quotas() -> TableCreateStatement {
    Table::create()
        .table(ProjectQuotas::Table)
        .col(id(ProjectQuotas::ProjectId).primary_key())
        .col(ColumnDef::new(ProjectQuotas::Quota).text().not_null())
        .foreign_key(
            ForeignKey::create()
                .from(ProjectQuotas::Table, ProjectQuotas::ProjectId)
                .to(Projects::Table, Projects::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

fn app_usages() -> TableCreateStatement {
    let mut table = Table::create().table(AppUsages::Table).to_owned();
    table.col(id(AppUsages::AppId).primary_key()).col(id(AppUsages::ProjectId));
    for amount in [AppUsages::CpusMilli, AppUsages::MemoryBytes, AppUsages::Containers, AppUsages::Volumes] {
        table.col(ColumnDef::new(amount).big_integer().not_null());
    }
    table
        .foreign_key(
            ForeignKey::create()
                .from(AppUsages::Table, AppUsages::AppId)
                .to(Apps::Table, Apps::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

#[derive(DeriveIden)]
enum ProjectQuotas {
    Table,
    ProjectId,
    Quota,
}

#[derive(DeriveIden)]
enum AppUsages {
    Table,
    AppId,
    ProjectId,
    CpusMilli,
    MemoryBytes,
    Containers,
    Volumes,
}

#[derive(DeriveIden)]
enum Projects {
    Table,
    Id,
}

#[derive(DeriveIden)]
enum Apps {
    Table,
    Id,
}
