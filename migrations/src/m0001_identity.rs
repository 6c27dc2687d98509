//! Accounts, sessions, tokens, projects, settings and the audit log.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(users()).await?;
        manager.create_table(sessions()).await?;
        manager.create_table(tokens()).await?;
        manager.create_table(projects()).await?;
        manager.create_table(memberships()).await?;
        manager.create_table(settings()).await?;
        manager.create_table(audit_entries()).await?;
        for (table, column) in [
            (Sessions::Table.into_iden(), Sessions::UserId.into_iden()),
            (Sessions::Table.into_iden(), Sessions::ExpiresAt.into_iden()),
            (Tokens::Table.into_iden(), Tokens::UserId.into_iden()),
            (Memberships::Table.into_iden(), Memberships::ProjectId.into_iden()),
            (AuditEntries::Table.into_iden(), AuditEntries::At.into_iden()),
        ] {
            let name = format!("ix_{}_{}", table.inner(), column.inner());
            manager.create_index(Index::create().name(name).table(table).col(column).to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [
            AuditEntries::Table.into_iden(),
            Settings::Table.into_iden(),
            Memberships::Table.into_iden(),
            Projects::Table.into_iden(),
            Tokens::Table.into_iden(),
            Sessions::Table.into_iden(),
            Users::Table.into_iden(),
        ] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn id(column: impl IntoIden) -> ColumnDef {
    ColumnDef::new(column).string_len(26).not_null().to_owned()
}

fn users() -> TableCreateStatement {
    Table::create()
        .table(Users::Table)
        .col(id(Users::Id).primary_key())
        .col(ColumnDef::new(Users::Username).string_len(63).not_null())
        .col(ColumnDef::new(Users::UsernameKey).string_len(63).not_null().unique_key())
        .col(ColumnDef::new(Users::PasswordHash).string_len(255).not_null())
        .col(ColumnDef::new(Users::Role).string_len(16).not_null())
        .col(ColumnDef::new(Users::CreatedAt).big_integer().not_null())
        .to_owned()
}

fn sessions() -> TableCreateStatement {
    Table::create()
        .table(Sessions::Table)
        .col(ColumnDef::new(Sessions::Id).string_len(64).not_null().primary_key())
        .col(ColumnDef::new(Sessions::UserId).string_len(26))
        .col(ColumnDef::new(Sessions::Data).text().not_null())
        .col(ColumnDef::new(Sessions::CreatedAt).big_integer().not_null())
        .col(ColumnDef::new(Sessions::SeenAt).big_integer().not_null())
        .col(ColumnDef::new(Sessions::ExpiresAt).big_integer().not_null())
        .foreign_key(
            ForeignKey::create()
                .from(Sessions::Table, Sessions::UserId)
                .to(Users::Table, Users::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

fn tokens() -> TableCreateStatement {
    Table::create()
        .table(Tokens::Table)
        .col(id(Tokens::Id).primary_key())
        .col(id(Tokens::UserId))
        .col(ColumnDef::new(Tokens::Name).string_len(63).not_null())
        .col(ColumnDef::new(Tokens::SecretHash).string_len(64).not_null().unique_key())
        .col(ColumnDef::new(Tokens::CreatedAt).big_integer().not_null())
        .col(ColumnDef::new(Tokens::ExpiresAt).big_integer().not_null())
        .col(ColumnDef::new(Tokens::LastUsedAt).big_integer())
        .foreign_key(
            ForeignKey::create()
                .from(Tokens::Table, Tokens::UserId)
                .to(Users::Table, Users::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

fn projects() -> TableCreateStatement {
    Table::create()
        .table(Projects::Table)
        .col(id(Projects::Id).primary_key())
        .col(ColumnDef::new(Projects::Name).string_len(63).not_null().unique_key())
        .col(ColumnDef::new(Projects::CreatedAt).big_integer().not_null())
        .to_owned()
}

fn memberships() -> TableCreateStatement {
    Table::create()
        .table(Memberships::Table)
        .col(id(Memberships::UserId))
        .col(id(Memberships::ProjectId))
        .col(ColumnDef::new(Memberships::Role).string_len(16).not_null())
        .primary_key(Index::create().col(Memberships::UserId).col(Memberships::ProjectId))
        .foreign_key(
            ForeignKey::create()
                .from(Memberships::Table, Memberships::UserId)
                .to(Users::Table, Users::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .foreign_key(
            ForeignKey::create()
                .from(Memberships::Table, Memberships::ProjectId)
                .to(Projects::Table, Projects::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

fn settings() -> TableCreateStatement {
    Table::create()
        .table(Settings::Table)
        .col(ColumnDef::new(Settings::Key).string_len(63).not_null().primary_key())
        .col(ColumnDef::new(Settings::Value).text().not_null())
        .to_owned()
}

fn audit_entries() -> TableCreateStatement {
    Table::create()
        .table(AuditEntries::Table)
        .col(id(AuditEntries::Id).primary_key())
        .col(ColumnDef::new(AuditEntries::At).big_integer().not_null())
        .col(ColumnDef::new(AuditEntries::UserId).string_len(26))
        .col(ColumnDef::new(AuditEntries::Username).string_len(63).not_null())
        .col(ColumnDef::new(AuditEntries::Address).string_len(45).not_null())
        .col(ColumnDef::new(AuditEntries::Action).string_len(63).not_null())
        .col(ColumnDef::new(AuditEntries::Target).string_len(255).not_null())
        .col(ColumnDef::new(AuditEntries::Result).string_len(16).not_null())
        .col(ColumnDef::new(AuditEntries::Detail).text().not_null())
        .to_owned()
}

#[derive(DeriveIden)]
enum Users {
    Table,
    Id,
    Username,
    UsernameKey,
    PasswordHash,
    Role,
    CreatedAt,
}

#[derive(DeriveIden)]
enum Sessions {
    Table,
    Id,
    UserId,
    Data,
    CreatedAt,
    SeenAt,
    ExpiresAt,
}

#[derive(DeriveIden)]
enum Tokens {
    Table,
    Id,
    UserId,
    Name,
    SecretHash,
    CreatedAt,
    ExpiresAt,
    LastUsedAt,
}

#[derive(DeriveIden)]
enum Projects {
    Table,
    Id,
    Name,
    CreatedAt,
}

#[derive(DeriveIden)]
enum Memberships {
    Table,
    UserId,
    ProjectId,
    Role,
}

#[derive(DeriveIden)]
enum Settings {
    Table,
    Key,
    Value,
}

#[derive(DeriveIden)]
enum AuditEntries {
    Table,
    Id,
    At,
    UserId,
    Username,
    Address,
    Action,
    Target,
    Result,
    Detail,
}
