//! The database migrations, oldest first. Every one runs on SQLite and on PostgreSQL.
//!
//! Times are `bigint` milliseconds since 1970, ids the 26 characters of a ULID, JSON is text. A migration that has been
//! released is never changed again.

mod m0001_identity;
mod m0002_apps;
mod m0003_samples;
mod m0004_people;
mod m0005_policy;
mod m0006_token_scopes;
mod m0007_robots;
mod m0008_teams;
mod m0009_providers;
mod m0010_team_groups;
mod m0011_quotas;
mod m0012_two_factor;
mod m0013_break_glass;

use sea_orm_migration::prelude::*;

pub use sea_orm_migration::MigratorTrait;

/// Every migration.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_identity::Migration),
            Box::new(m0002_apps::Migration),
            Box::new(m0003_samples::Migration),
            Box::new(m0004_people::Migration),
            Box::new(m0005_policy::Migration),
            Box::new(m0006_token_scopes::Migration),
            Box::new(m0007_robots::Migration),
            Box::new(m0008_teams::Migration),
            Box::new(m0009_providers::Migration),
            Box::new(m0010_team_groups::Migration),
            Box::new(m0011_quotas::Migration),
            Box::new(m0012_two_factor::Migration),
            Box::new(m0013_break_glass::Migration),
        ]
    }
}
