//! Administrators who may always sign in with their password.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let break_glass = ColumnDef::new(Users::BreakGlass).boolean().not_null().default(false).to_owned();
        manager.alter_table(Table::alter().table(Users::Table).add_column(break_glass).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table(Users::Table).drop_column(Users::BreakGlass).to_owned()).await
    }
}

#[derive(DeriveIden)]
enum Users {
    Table,
    BreakGlass,
}
