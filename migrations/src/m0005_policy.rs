//! What the apps of a project may ask of a host, where somebody has said so.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(ProjectPolicies::Table)
            .col(ColumnDef::new(ProjectPolicies::ProjectId).string_len(26).not_null().primary_key())
            .col(ColumnDef::new(ProjectPolicies::Policy).text().not_null())
            .foreign_key(
                ForeignKey::create()
                    .from(ProjectPolicies::Table, ProjectPolicies::ProjectId)
                    .to(Projects::Table, Projects::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(ProjectPolicies::Table).to_owned()).await
    }
}

#[derive(DeriveIden)]
enum ProjectPolicies {
    Table,
    ProjectId,
    Policy,
}

#[derive(DeriveIden)]
enum Projects {
    Table,
    Id,
}
