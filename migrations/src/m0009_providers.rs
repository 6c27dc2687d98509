//! Identity providers, who somebody is there, and sign-ins that are under way.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let external = ColumnDef::new(Users::External).boolean().not_null().default(false).to_owned();
        manager.alter_table(Table::alter().table(Users::Table).add_column(external).to_owned()).await?;
        let waiting = ColumnDef::new(Users::WaitingAt).big_integer().to_owned();
        manager.alter_table(Table::alter().table(Users::Table).add_column(waiting).to_owned()).await?;
        let providers = Table::create()
            .table(Providers::Table)
            .col(ColumnDef::new(Providers::Id).string_len(26).not_null().primary_key())
            .col(ColumnDef::new(Providers::Slug).string_len(63).not_null().unique_key())
            .col(ColumnDef::new(Providers::Name).string_len(255).not_null())
            .col(ColumnDef::new(Providers::Kind).string_len(16).not_null())
            .col(ColumnDef::new(Providers::Issuer).string_len(512).not_null().unique_key())
            .col(ColumnDef::new(Providers::ClientId).text().not_null())
            .col(ColumnDef::new(Providers::ClientSecret).text())
            .col(ColumnDef::new(Providers::Scopes).text().not_null())
            .col(ColumnDef::new(Providers::GroupsClaim).text())
            .col(ColumnDef::new(Providers::AdminGroups).text().not_null())
            .col(ColumnDef::new(Providers::FirstSignIn).string_len(16).not_null())
            .col(ColumnDef::new(Providers::FirstRole).string_len(16).not_null())
            .col(ColumnDef::new(Providers::Enabled).boolean().not_null())
            .col(ColumnDef::new(Providers::Trial).text())
            .col(ColumnDef::new(Providers::CreatedAt).big_integer().not_null())
            .to_owned();
        manager.create_table(providers).await?;
        let identities = Table::create()
            .table(Identities::Table)
            .col(ColumnDef::new(Identities::Id).string_len(26).not_null().primary_key())
            .col(ColumnDef::new(Identities::ProviderId).string_len(26).not_null())
            .col(ColumnDef::new(Identities::UserId).string_len(26).not_null())
            .col(ColumnDef::new(Identities::Issuer).string_len(512).not_null())
            .col(ColumnDef::new(Identities::Subject).string_len(255).not_null())
            .col(ColumnDef::new(Identities::Label).text().not_null())
            .col(ColumnDef::new(Identities::Groups).text().not_null())
            .col(ColumnDef::new(Identities::RefreshToken).text())
            .col(ColumnDef::new(Identities::RefreshedAt).big_integer().not_null())
            .col(ColumnDef::new(Identities::CreatedAt).big_integer().not_null())
            .col(ColumnDef::new(Identities::LastUsedAt).big_integer())
            .foreign_key(
                ForeignKey::create()
                    .from(Identities::Table, Identities::ProviderId)
                    .to(Providers::Table, Providers::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .foreign_key(
                ForeignKey::create()
                    .from(Identities::Table, Identities::UserId)
                    .to(Users::Table, Users::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(identities).await?;
        let mut person = Index::create().name("ux_identities_person").table(Identities::Table).unique().to_owned();
        manager.create_index(person.col(Identities::Issuer).col(Identities::Subject).to_owned()).await?;
        for (name, column) in
            [("ix_identities_user", Identities::UserId), ("ix_identities_provider", Identities::ProviderId)]
        {
            let mut index = Index::create().name(name).table(Identities::Table).to_owned();
            manager.create_index(index.col(column).to_owned()).await?;
        }
        let pending = Table::create()
            .table(SignIns::Table)
            .col(ColumnDef::new(SignIns::StateHash).string_len(64).not_null().primary_key())
            .col(ColumnDef::new(SignIns::ProviderId).string_len(26).not_null())
            .col(ColumnDef::new(SignIns::BindingHash).string_len(64).not_null())
            .col(ColumnDef::new(SignIns::Nonce).string_len(64).not_null())
            .col(ColumnDef::new(SignIns::Verifier).string_len(128).not_null())
            .col(ColumnDef::new(SignIns::Purpose).string_len(16).not_null())
            .col(ColumnDef::new(SignIns::SessionKey).string_len(64))
            .col(ColumnDef::new(SignIns::Next).text().not_null())
            .col(ColumnDef::new(SignIns::ExpiresAt).big_integer().not_null())
            .foreign_key(
                ForeignKey::create()
                    .from(SignIns::Table, SignIns::ProviderId)
                    .to(Providers::Table, Providers::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(pending).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(SignIns::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(Identities::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(Providers::Table).to_owned()).await?;
        for column in [Users::External, Users::WaitingAt] {
            manager.alter_table(Table::alter().table(Users::Table).drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}

#[derive(DeriveIden)]
enum Users {
    Table,
    Id,
    External,
    WaitingAt,
}

#[derive(DeriveIden)]
enum Providers {
    Table,
    Id,
    Slug,
    Name,
    Kind,
    Issuer,
    ClientId,
    ClientSecret,
    Scopes,
    GroupsClaim,
    AdminGroups,
    FirstSignIn,
    FirstRole,
    Enabled,
    Trial,
    CreatedAt,
}

#[derive(DeriveIden)]
enum Identities {
    Table,
    Id,
    ProviderId,
    UserId,
    Issuer,
    Subject,
    Label,
    Groups,
    RefreshToken,
    RefreshedAt,
    CreatedAt,
    LastUsedAt,
}

#[derive(DeriveIden)]
enum SignIns {
    Table,
    StateHash,
    ProviderId,
    BindingHash,
    Nonce,
    Verifier,
    Purpose,
    SessionKey,
    Next,
    ExpiresAt,
}
