//! Bringing the schema up to date.

use migrations::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Statement};

use super::{Db, Error};

/// Held on PostgreSQL while migrating, so that of several instances starting at once one migrates and the others wait.
const ADVISORY_LOCK: i64 = 0x6761_6e74_7279;

/// Runs the outstanding migrations in one transaction: all of them or none. A database that a newer version has
/// migrated is refused and left as it is.
pub async fn run(db: &Db) -> Result<(), Error> {
    if let Some(newer) = newer_than_this(&applied(db.read(), db.backend()).await?) {
        return Err(Error::Newer(newer));
    }
    db.write(async |txn: &DatabaseTransaction| {
        if db.backend() == DbBackend::Postgres {
            txn.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({ADVISORY_LOCK})")).await?;
            if let Some(newer) = newer_than_this(&applied(txn, db.backend()).await?) {
                return Err(Error::Newer(newer));
            }
        }
        Ok(Migrator::up(txn, None).await?)
    })
    .await
}

/// Whether the schema is exactly this version's.
pub async fn is_current(db: &Db) -> Result<bool, Error> {
    let applied = applied(db.read(), db.backend()).await?;
    Ok(known().all(|name| applied.contains(&name)) && newer_than_this(&applied).is_none())
}

fn known() -> impl Iterator<Item = String> {
    Migrator::migrations().into_iter().map(|migration| migration.name().to_owned())
}

fn newer_than_this(applied: &[String]) -> Option<String> {
    let known: Vec<String> = known().collect();
    applied.iter().find(|name| !known.contains(name)).cloned()
}

async fn applied(connection: &impl ConnectionTrait, backend: DbBackend) -> Result<Vec<String>, Error> {
    let exists = match backend {
        DbBackend::Postgres => "SELECT to_regclass('seaql_migrations') IS NOT NULL AS there",
        _ => "SELECT COUNT(*) > 0 AS there FROM sqlite_master WHERE type = 'table' AND name = 'seaql_migrations'",
    };
    let row = connection.query_one_raw(Statement::from_string(backend, exists)).await?;
    let there = match row {
        Some(row) => row.try_get::<bool>("", "there")?,
        None => false,
    };
    if !there {
        return Ok(Vec::new());
    }
    let rows =
        connection.query_all_raw(Statement::from_string(backend, "SELECT version FROM seaql_migrations")).await?;
    rows.iter().map(|row| Ok(row.try_get("", "version")?)).collect()
}
