//! Opening the database.

use std::path::PathBuf;
use std::time::Duration;

use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, DbBackend, Statement};

use super::Error;

/// How long a writer waits for another one.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const SQLITE_READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 16;

/// Which database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A SQLite file; it is made where it is absent.
    Sqlite(PathBuf),
    /// A `postgres://` address.
    Postgres(String),
}

/// Opens the connections for reading and for writing.
pub(super) async fn open(target: &Target) -> Result<(DatabaseConnection, DatabaseConnection), Error> {
    match target {
        Target::Sqlite(path) => {
            let writer = sqlite(path, false).await?;
            let reader = sqlite(path, true).await?;
            Ok((reader, writer))
        }
        Target::Postgres(url) => {
            let mut options = ConnectOptions::new(url.clone());
            options
                .max_connections(POSTGRES_CONNECTIONS)
                .min_connections(0)
                .connect_timeout(CONNECT_TIMEOUT)
                .acquire_timeout(BUSY_TIMEOUT)
                .sqlx_logging(false);
            let pool = Database::connect(options).await?;
            Ok((pool.clone(), pool))
        }
    }
}

/// The right to be the only server of a PostgreSQL schema. It ends when this is dropped, and when the connection breaks.
#[derive(Debug)]
pub struct Sole {
    _connection: DatabaseConnection,
}

/// Takes that right; `None` where another server has it.
pub async fn hold(url: &str) -> Result<Option<Sole>, Error> {
    /// "srvr": told apart from the lock of migrations, and from those of other schemas.
    const LOCK: i32 = 0x7372_7672;
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(1)
        .min_connections(1)
        .connect_timeout(CONNECT_TIMEOUT)
        .acquire_timeout(BUSY_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .sqlx_logging(false);
    let connection = Database::connect(options).await?;
    let take = format!("SELECT pg_try_advisory_lock({LOCK}, hashtext(current_schema())) AS held");
    let row = connection.query_one_raw(Statement::from_string(DbBackend::Postgres, take)).await?;
    let held = row.map(|row| row.try_get::<bool>("", "held")).transpose()?.unwrap_or(false);
    Ok(held.then_some(Sole { _connection: connection }))
}

async fn sqlite(path: &std::path::Path, read_only: bool) -> Result<DatabaseConnection, Error> {
    let path = path.to_owned();
    let mut options = ConnectOptions::new("sqlite:");
    options
        .max_connections(if read_only { SQLITE_READERS } else { 1 })
        .min_connections(1)
        .connect_timeout(CONNECT_TIMEOUT)
        .acquire_timeout(BUSY_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(move |options| {
            let options = options
                .filename(&path)
                .create_if_missing(!read_only)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(BUSY_TIMEOUT)
                .foreign_keys(true);
            if read_only { options.pragma("query_only", "ON") } else { options }
        });
    Ok(Database::connect(options).await?)
}
