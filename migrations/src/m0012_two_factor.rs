//! Codes as a second factor: their secrets, what stands in for a lost device, and sign-ins that wait for a code.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let since = ColumnDef::new(Users::TwoFactorAt).big_integer().to_owned();
        manager.alter_table(Table::alter().table(Users::Table).add_column(since).to_owned()).await?;
        let factors = Table::create()
            .table(TwoFactors::Table)
            .col(ColumnDef::new(TwoFactors::UserId).string_len(26).not_null().primary_key())
            .col(ColumnDef::new(TwoFactors::Secret).text().not_null())
            .col(ColumnDef::new(TwoFactors::LastStep).big_integer().not_null())
            .foreign_key(&mut of_user(TwoFactors::Table, TwoFactors::UserId))
            .to_owned();
        manager.create_table(factors).await?;
        let codes = Table::create()
            .table(RecoveryCodes::Table)
            .col(ColumnDef::new(RecoveryCodes::UserId).string_len(26).not_null())
            .col(ColumnDef::new(RecoveryCodes::CodeHash).string_len(64).not_null())
            .primary_key(Index::create().col(RecoveryCodes::UserId).col(RecoveryCodes::CodeHash))
            .foreign_key(&mut of_user(RecoveryCodes::Table, RecoveryCodes::UserId))
            .to_owned();
        manager.create_table(codes).await?;
        let pending = Table::create()
            .table(PendingCodes::Table)
            .col(ColumnDef::new(PendingCodes::TokenHash).string_len(64).not_null().primary_key())
            .col(ColumnDef::new(PendingCodes::UserId).string_len(26).not_null())
            .col(ColumnDef::new(PendingCodes::ExpiresAt).big_integer().not_null())
            .col(ColumnDef::new(PendingCodes::Failures).integer().not_null())
            .foreign_key(&mut of_user(PendingCodes::Table, PendingCodes::UserId))
            .to_owned();
        manager.create_table(pending).await?;
        let mut index = Index::create().name("ix_pending_codes_user_id").table(PendingCodes::Table).to_owned();
        manager.create_index(index.col(PendingCodes::UserId).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [PendingCodes::Table.into_iden(), RecoveryCodes::Table.into_iden(), TwoFactors::Table.into_iden()]
        {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        manager.alter_table(Table::alter().table(Users::Table).drop_column(Users::TwoFactorAt).to_owned()).await
    }
}

fn of_user(table: impl IntoIden, column: impl IntoIden) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .from(table.into_iden(), column.into_iden())
        .to(Users::Table, Users::Id)
        .on_delete(ForeignKeyAction::Cascade)
        .to_owned()
}

#[derive(DeriveIden)]
enum Users {
    Table,
    Id,
    TwoFactorAt,
}

#[derive(DeriveIden)]
enum TwoFactors {
    Table,
    UserId,
    Secret,
    LastStep,
}

#[derive(DeriveIden)]
enum RecoveryCodes {
    Table,
    UserId,
    CodeHash,
}

#[derive(DeriveIden)]
enum PendingCodes {
    Table,
    TokenHash,
    UserId,
    ExpiresAt,
    Failures,
}
