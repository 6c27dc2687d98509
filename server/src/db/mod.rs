//! The database: SQLite in the data directory or PostgreSQL by address. Entities and queries stand in a file per noun.
//!
//! Times are kept as milliseconds since 1970 (`i64`) and ids as the text of a ULID, so that both databases compare and
//! sort them alike.

pub mod app;
pub mod audit;
mod connect;
pub mod error;
pub mod identity;
pub mod migrate;
pub mod operation;
pub mod password_link;
pub mod pending_code;
pub mod policy;
pub mod project;
pub mod provider;
pub mod quota;
pub mod recovery_code;
pub mod release;
pub mod robot;
pub mod sample;
pub mod session;
pub mod setting;
pub mod sign_in;
pub mod team;
pub mod team_group;
pub mod token;
pub mod two_factor;
pub mod user;

use sea_orm::sea_query::LikeExpr;
use sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbBackend, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use time::OffsetDateTime;

pub use connect::{Sole, Target, hold};
pub use error::Error;

/// The database.
#[derive(Clone, Debug)]
pub struct Db {
    reader: DatabaseConnection,
    writer: DatabaseConnection,
}

impl Db {
    /// Opens the database and checks that it answers. The schema is brought up to date by [`migrate::run`].
    pub async fn open(target: &Target) -> Result<Self, Error> {
        let (reader, writer) = connect::open(target).await?;
        Ok(Self { reader, writer })
    }

    /// Where queries that only read go.
    pub fn read(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// Starts a transaction that writes: on SQLite the only one at a time (`BEGIN IMMEDIATE`). Dropping it without
    /// [`DatabaseTransaction::commit`] undoes it. Do not ask for a second one while holding one.
    pub async fn begin(&self) -> Result<DatabaseTransaction, Error> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        Ok(self.writer.begin_with_options(options).await?)
    }

    /// Runs `work` in one transaction that writes: `db.write(async |txn| …).await`. An error undoes it.
    pub async fn write<T, E>(&self, work: impl AsyncFnOnce(&DatabaseTransaction) -> Result<T, E>) -> Result<T, E>
    where
        E: From<Error>,
    {
        let txn = self.begin().await?;
        let value = work(&txn).await?;
        txn.commit().await.map_err(Error::from)?;
        Ok(value)
    }

    /// Which database it is.
    pub fn backend(&self) -> DbBackend {
        self.reader.get_database_backend()
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), Error> {
        Ok(self.reader.ping().await?)
    }

    /// Closes every connection.
    pub async fn close(self) {
        let _ = self.reader.close().await;
        let _ = self.writer.close().await;
    }
}

/// Now, as it is kept in the database.
pub fn now() -> i64 {
    millis(OffsetDateTime::now_utc())
}

/// A time as it is kept in the database.
pub fn millis(time: OffsetDateTime) -> i64 {
    i64::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

/// A time from the database.
pub fn time(millis: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// An id from the database; a text that is none is an error of the database.
pub fn ulid(text: &str) -> Result<ulid::Ulid, Error> {
    text.parse().map_err(|_| Error::Other(format!("`{text}` is no id")))
}

/// What is like any text in small letters that contains a word.
fn containing(word: &str) -> LikeExpr {
    let escaped = word.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    LikeExpr::new(format!("%{escaped}%")).escape('\\')
}
