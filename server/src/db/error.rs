//! What can go wrong in the database.

use sea_orm::{DbErr, RuntimeErr, SqlErr};

/// A failed query, by what the caller can do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Another process holds the write lock, or every connection is in use: try again.
    #[error("the database is busy: {0}")]
    Busy(String),
    /// The disk is full.
    #[error("the disk of the database is full: {0}")]
    Full(String),
    /// The database does not answer.
    #[error("the database does not answer: {0}")]
    Unreachable(String),
    /// A value that must be unique is there already.
    #[error("a unique value is there already: {0}")]
    Duplicate(String),
    /// The schema is of a newer version of the program.
    #[error(
        "the database was written by a newer version of Gantry (it has the migration {0}). Nothing was changed. Start that version again, or restore a backup from before the upgrade"
    )]
    Newer(String),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        let text = error.to_string();
        if let Some(SqlErr::UniqueConstraintViolation(what)) = error.sql_err() {
            return Self::Duplicate(what);
        }
        let source = match &error {
            DbErr::Conn(RuntimeErr::SqlxError(source))
            | DbErr::Exec(RuntimeErr::SqlxError(source))
            | DbErr::Query(RuntimeErr::SqlxError(source)) => source,
            DbErr::ConnectionAcquire(_) => return Self::Busy(text),
            _ => return Self::Other(text),
        };
        match &**source {
            sea_orm::SqlxError::PoolTimedOut => Self::Busy(text),
            sea_orm::SqlxError::Io(_) | sea_orm::SqlxError::PoolClosed => Self::Unreachable(text),
            sea_orm::SqlxError::Database(database) => {
                let code = database.code().unwrap_or_default().into_owned();
                match code.as_str() {
                    // SQLite's extended codes keep the primary one in the low byte.
                    code if sqlite_code(code) == Some(5) || sqlite_code(code) == Some(6) => Self::Busy(text),
                    code if sqlite_code(code) == Some(13) => Self::Full(text),
                    "40001" | "40P01" | "55P03" | "53300" => Self::Busy(text),
                    "53100" => Self::Full(text),
                    "57P01" | "57P02" | "57P03" => Self::Unreachable(text),
                    _ => Self::Other(text),
                }
            }
            _ => Self::Other(text),
        }
    }
}

/// The primary result code of SQLite; PostgreSQL's codes have five characters.
fn sqlite_code(code: &str) -> Option<u32> {
    (code.len() < 5).then(|| code.parse::<u32>().ok()).flatten().map(|code| code & 0xff)
}
