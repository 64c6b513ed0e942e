//! What can go wrong with a database, sorted by what a caller does about it.

/// A database error.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// Not reachable, or gone in the middle of a transaction: nothing was done. Try again later.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// A unique constraint or index refused the row.
    #[error("a row with this key exists already: {0}")]
    Duplicate(String),
    /// A row that cannot be: a column is missing or holds what it never should.
    #[error("the database holds something it should not: {0}")]
    Inconsistent(String),
    /// We refuse to work with this database as it is.
    #[error("{0}")]
    Refused(String),
    /// A mistake of ours, a full disk, or a commit whose outcome is not known.
    #[error("database error: {0}")]
    Failed(String),
}

impl From<rusqlite::Error> for DbError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ffi;
        let text = error.to_string();
        match error.sqlite_error() {
            Some(e)
                if matches!(
                    e.extended_code,
                    ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
                ) =>
            {
                Self::Duplicate(text)
            }
            Some(e) if matches!(e.code, ffi::ErrorCode::DatabaseBusy | ffi::ErrorCode::DatabaseLocked) => {
                Self::Unavailable(text)
            }
            _ => Self::Failed(text),
        }
    }
}

impl From<tokio_postgres::Error> for DbError {
    fn from(error: tokio_postgres::Error) -> Self {
        use tokio_postgres::error::SqlState;
        let Some(db) = error.as_db_error() else {
            // No answer from the server: the connection is gone, or a value did not fit its type.
            return if error.is_closed()
                || std::error::Error::source(&error)
                    .is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
            {
                Self::Unavailable(error.to_string())
            } else {
                Self::Failed(describe(&error))
            };
        };
        let code = db.code();
        if *code == SqlState::UNIQUE_VIOLATION {
            Self::Duplicate(db.message().to_owned())
        } else if code.code().starts_with("08")
            || code.code().starts_with("57P")
            || code.code().starts_with("53")
            || *code == SqlState::T_R_SERIALIZATION_FAILURE
            || *code == SqlState::T_R_DEADLOCK_DETECTED
        {
            Self::Unavailable(db.message().to_owned())
        } else {
            Self::Failed(format!("{} ({})", db.message(), code.code()))
        }
    }
}

impl From<deadpool_postgres::PoolError> for DbError {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

fn describe(error: &tokio_postgres::Error) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
