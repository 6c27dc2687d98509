//! Samples: a row for each container or node and moment, as small as the databases can make it.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(SampleSeries::Table)
                    .col(ColumnDef::new(SampleSeries::Id).integer().not_null().auto_increment().primary_key())
                    .col(ColumnDef::new(SampleSeries::Cluster).string_len(63).not_null())
                    .col(ColumnDef::new(SampleSeries::Kind).string_len(16).not_null())
                    .col(ColumnDef::new(SampleSeries::Object).string_len(255).not_null())
                    .col(ColumnDef::new(SampleSeries::Project).string_len(63).null())
                    .col(ColumnDef::new(SampleSeries::App).string_len(255).null())
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ux_sample_series_object")
                    .table(SampleSeries::Table)
                    .col(SampleSeries::Object)
                    .col(SampleSeries::Cluster)
                    .col(SampleSeries::Kind)
                    .unique()
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ix_sample_series_app")
                    .table(SampleSeries::Table)
                    .col(SampleSeries::Project)
                    .col(SampleSeries::App)
                    .to_owned(),
            )
            .await?;
        // Without a row id the key is stored once; the schema builder cannot say so.
        let storage = if manager.get_database_backend() == DbBackend::Sqlite { " WITHOUT ROWID" } else { "" };
        manager
            .get_connection()
            .execute_unprepared(&format!(
                "CREATE TABLE samples (
                    series integer NOT NULL,
                    at bigint NOT NULL,
                    cpu integer NOT NULL,
                    memory_kib bigint NOT NULL,
                    network_rx bigint NOT NULL,
                    network_tx bigint NOT NULL,
                    disk_read bigint NOT NULL,
                    disk_write bigint NOT NULL,
                    PRIMARY KEY (series, at)
                ){storage}"
            ))
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("DROP TABLE samples").await?;
        manager.drop_table(Table::drop().table(SampleSeries::Table).to_owned()).await
    }
}

#[derive(DeriveIden)]
enum SampleSeries {
    Table,
    Id,
    Cluster,
    Kind,
    Object,
    Project,
    App,
}
