//! Accounts that are shut, one-time links for passwords, and the project of an audit entry.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let disabled_at = ColumnDef::new(Users::DisabledAt).big_integer().to_owned();
        manager.alter_table(Table::alter().table(Users::Table).add_column(disabled_at).to_owned()).await?;
        let project = ColumnDef::new(AuditEntries::Project).string_len(63).to_owned();
        manager.alter_table(Table::alter().table(AuditEntries::Table).add_column(project).to_owned()).await?;
        let mut index = Index::create().name("ix_audit_entries_project").table(AuditEntries::Table).to_owned();
        manager.create_index(index.col(AuditEntries::Project).col(AuditEntries::Id).to_owned()).await?;
        let links = Table::create()
            .table(PasswordLinks::Table)
            .col(ColumnDef::new(PasswordLinks::UserId).string_len(26).not_null().primary_key())
            .col(ColumnDef::new(PasswordLinks::SecretHash).string_len(64).not_null().unique_key())
            .col(ColumnDef::new(PasswordLinks::ExpiresAt).big_integer().not_null())
            .foreign_key(
                ForeignKey::create()
                    .from(PasswordLinks::Table, PasswordLinks::UserId)
                    .to(Users::Table, Users::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(links).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(PasswordLinks::Table).to_owned()).await?;
        manager
            .drop_index(Index::drop().name("ix_audit_entries_project").table(AuditEntries::Table).to_owned())
            .await?;
        let audit = Table::alter().table(AuditEntries::Table).drop_column(AuditEntries::Project).to_owned();
        manager.alter_table(audit).await?;
        manager.alter_table(Table::alter().table(Users::Table).drop_column(Users::DisabledAt).to_owned()).await
    }
}

#[derive(DeriveIden)]
enum Users {
    Table,
    Id,
    DisabledAt,
}

#[derive(DeriveIden)]
enum AuditEntries {
    Table,
    Id,
    Project,
}

#[derive(DeriveIden)]
enum PasswordLinks {
    Table,
    UserId,
    SecretHash,
    ExpiresAt,
}
