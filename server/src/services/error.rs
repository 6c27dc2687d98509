//! What can go wrong in a service, without a word about HTTP.

use api::{FieldProblem, Message, Ulid};

use crate::auth::Overloaded;
use crate::{db, engine};

/// A failed service. `http::problem` turns it into a status and problem details.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// There is no such object, or the caller must not know of it. The text is the catalogue's `not-found.<kind>`.
    #[error("there is no {kind} `{name}`")]
    NotFound {
        /// The noun, for example `app`.
        kind: &'static str,
        /// What was asked for.
        name: String,
    },
    /// The caller knows of the object and may not do this to it.
    #[error("forbidden: {}", .0.key)]
    Forbidden(Message),
    /// Nobody is signed in.
    #[error("not signed in")]
    Unauthenticated,
    /// The user name or the password is wrong.
    #[error("wrong user name or password")]
    WrongCredentials,
    /// The user name and the password are right, and a code is asked for besides.
    #[error("a code is needed")]
    CodeNeeded,
    /// A provider says something that cannot be trusted.
    #[error("untrusted: {}", .0.key)]
    Untrusted(Message),
    /// The input is wrong, field by field.
    #[error("invalid input: {}", fields(.0))]
    Invalid(Vec<FieldProblem>),
    /// The object is in a state that does not allow it.
    #[error("conflict: {}", .0.key)]
    Conflict(Message),
    /// An operation is running on the object.
    #[error("busy with operation {operation}")]
    Busy {
        /// Which one.
        operation: Ulid,
    },
    /// Too many attempts.
    #[error("too many attempts; again in {retry_after_secs} s")]
    TooMany {
        /// When to try again.
        retry_after_secs: u64,
    },
    /// Something that is needed is not there now; trying again may help.
    #[error("unavailable: {}", .0.key)]
    Unavailable(Message),
    /// A disk is full.
    #[error("no space: {}", .0.key)]
    NoSpace(Message),
    /// An engine refused or failed.
    #[error("engine: {0}")]
    Engine(engine::Error),
    /// The database failed.
    #[error("database: {0}")]
    Database(db::Error),
    /// A fault of ours.
    #[error("internal: {0}")]
    Internal(String),
}

impl Error {
    /// The catalogue's `not-found.<kind>`.
    pub fn not_found(kind: &'static str, name: impl ToString) -> Self {
        Self::NotFound { kind, name: name.to_string() }
    }

    /// One wrong field.
    pub fn invalid(field: impl Into<String>, message: Message) -> Self {
        Self::Invalid(vec![FieldProblem::new(field, message)])
    }

    /// A role that is needed is missing.
    pub fn role_missing() -> Self {
        Self::Forbidden(Message::new("forbidden.role"))
    }
}

impl From<db::Error> for Error {
    fn from(error: db::Error) -> Self {
        match error {
            db::Error::Busy(_) | db::Error::Unreachable(_) => Self::Unavailable(Message::new("unavailable.database")),
            db::Error::Full(_) => Self::NoSpace(Message::new("no-space.database")),
            other => Self::Database(other),
        }
    }
}

impl From<engine::Error> for Error {
    fn from(error: engine::Error) -> Self {
        match error {
            engine::Error::Unreachable(_) | engine::Error::Absent | engine::Error::Timeout { .. } => {
                Self::Unavailable(error.message())
            }
            engine::Error::NoSpace(_) => Self::NoSpace(error.message()),
            engine::Error::Conflict(_) | engine::Error::PortInUse { .. } => Self::Conflict(error.message()),
            other => Self::Engine(other),
        }
    }
}

impl From<sea_orm::DbErr> for Error {
    fn from(error: sea_orm::DbErr) -> Self {
        db::Error::from(error).into()
    }
}

impl From<Overloaded> for Error {
    fn from(error: Overloaded) -> Self {
        tracing::warn!(%error, "a password could not be checked");
        Self::Unavailable(Message::new("unavailable.passwords"))
    }
}

impl From<crate::auth::secret::NoRandomness> for Error {
    fn from(error: crate::auth::secret::NoRandomness) -> Self {
        Self::Internal(error.to_string())
    }
}

/// Whose fault an engine's answer is, for those who must not know engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineFault {
    /// What was asked for is not there.
    Missing,
    /// What was asked for makes no sense to the engine.
    Invalid,
    /// The engine's own, or the way to it.
    Other,
}

impl EngineFault {
    /// Whose fault an error is.
    pub const fn of(error: &engine::Error) -> Self {
        match error {
            engine::Error::NotFound(_) | engine::Error::ImageNotFound(_) => Self::Missing,
            engine::Error::InvalidSpec(_) => Self::Invalid,
            _ => Self::Other,
        }
    }
}

fn fields(problems: &[FieldProblem]) -> String {
    problems.iter().map(|problem| problem.field.as_str()).collect::<Vec<_>>().join(", ")
}
