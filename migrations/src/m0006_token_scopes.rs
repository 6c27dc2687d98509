//! What a token may be used for. Tokens from before scopes have all of them.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let scopes =
            ColumnDef::new(Tokens::Scopes).string_len(63).not_null().default("read,deploy,registry,admin").to_owned();
        manager.alter_table(Table::alter().table(Tokens::Table).add_column(scopes).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table(Tokens::Table).drop_column(Tokens::Scopes).to_owned()).await
    }
}

#[derive(DeriveIden)]
enum Tokens {
    Table,
    Scopes,
}
