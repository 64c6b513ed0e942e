//! One database interface over SQLite and PostgreSQL: the same SQL text, the same rows, the same tests.
//!
//! SQL is written in the common subset: `$1` parameters, `RETURNING`, `ON CONFLICT`, `BIGINT` for integers, booleans
//! (0 or 1) and times (Unix milliseconds), `TEXT`, `BYTEA`. A set of rows is one JSON parameter, `json_each($1)`. What
//! the two engines truly do differently stands in
//! `dialect`. A row is locked by writing it (`UPDATE … RETURNING`), which both engines understand, never by
//! `FOR UPDATE`.
//!
//! SQLite runs through rusqlite on the caller's thread (microseconds a statement; a hop to another thread would cost
//! more than the statement) with one writer whose commits are shared by all who wait for it (see `sqlite`).
//! PostgreSQL runs through tokio-postgres: it asks the server for parameter types, so that `NULL` needs none, and it
//! does not bring a second copy of SQLite as sqlx does.

mod dialect;
mod error;
mod gathered;
mod migrate;
mod postgres;
mod sqlite;
mod statistics;
mod value;

use gathered::Gathered;

pub use error::DbError;
pub use gathered::Put;
pub use migrate::Migration;
pub use value::{Cell, Param, Row};

/// Which engine a database runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Embedded, one node.
    Sqlite,
    /// A server, several nodes.
    Postgres,
}

/// A database. Cheap to clone.
#[derive(Clone)]
pub struct Db(Backend);

#[derive(Clone)]
enum Backend {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Db({:?})", self.engine())
    }
}

impl Db {
    /// Opens `url` (`sqlite:PATH` or `postgres://…`) and brings its schema up to date.
    ///
    /// # Errors
    /// When it cannot be opened, is not durable enough (SQLite must run WAL with `synchronous=FULL`), or its schema is
    /// newer than `migrations` or was changed behind them.
    pub async fn open(url: &str, migrations: &[Migration]) -> Result<Self, DbError> {
        let db = if let Some(path) = url.strip_prefix("sqlite:") {
            Self(Backend::Sqlite(sqlite::Sqlite::open(std::path::Path::new(path))?))
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Self(Backend::Postgres(postgres::Postgres::open(url).await?))
        } else {
            return Err(DbError::Refused("database.url must be sqlite:PATH or postgres://…".into()));
        };
        migrate::run(&db, migrations).await?;
        Ok(db)
    }

    /// Which engine this is.
    pub fn engine(&self) -> Engine {
        match self.0 {
            Backend::Sqlite(_) => Engine::Sqlite,
            Backend::Postgres(_) => Engine::Postgres,
        }
    }

    /// Starts a transaction that may write. Dropping it undoes it.
    ///
    /// On SQLite this holds the only writer: await nothing but the transaction itself until it ends.
    ///
    /// # Errors
    /// [`DbError::Unavailable`] when the database cannot be reached.
    pub async fn begin(&self) -> Result<Tx, DbError> {
        Ok(Tx::over(match &self.0 {
            Backend::Sqlite(db) => Inner::SqliteWrite(db.begin().await?),
            Backend::Postgres(db) => Inner::Postgres(db.begin().await?),
        }))
    }

    /// Starts reading. Nothing needs to be ended; writing through it fails on SQLite and is a mistake on PostgreSQL.
    ///
    /// # Errors
    /// [`DbError::Unavailable`] when the database cannot be reached.
    pub async fn read(&self) -> Result<Tx, DbError> {
        Ok(Tx::over(match &self.0 {
            Backend::Sqlite(db) => Inner::SqliteRead(db.read().await?),
            Backend::Postgres(db) => Inner::Postgres(db.read().await?),
        }))
    }
}

/// A transaction, or a reader.
pub struct Tx {
    inner: Inner,
    /// Of a transaction that works on a set (see `gathered`).
    gathered: Option<Gathered>,
}

enum Inner {
    SqliteWrite(sqlite::WriteTx),
    SqliteRead(sqlite::ReadTx),
    Postgres(postgres::PgTx),
}

impl std::fmt::Debug for Tx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tx")
    }
}

impl Inner {
    async fn execute(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, DbError> {
        match self {
            Self::SqliteWrite(tx) => tx.execute(sql, params),
            Self::SqliteRead(tx) => tx.execute(sql, params),
            Self::Postgres(tx) => tx.execute(sql, params).await,
        }
    }
}

impl Tx {
    fn over(inner: Inner) -> Self {
        Self { inner, gathered: None }
    }

    /// Runs a statement; answers how many rows it changed.
    ///
    /// # Errors
    /// As the engine says, sorted by [`DbError`].
    pub async fn execute(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, DbError> {
        self.flush().await?;
        self.inner.execute(sql, params).await
    }

    /// Runs a statement and collects its rows.
    ///
    /// # Errors
    /// As the engine says, sorted by [`DbError`].
    pub async fn query(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<Vec<Row>, DbError> {
        self.flush().await?;
        match &mut self.inner {
            Inner::SqliteWrite(tx) => tx.query(sql, params),
            Inner::SqliteRead(tx) => tx.query(sql, params),
            Inner::Postgres(tx) => tx.query(sql, params).await,
        }
    }

    /// Runs a statement that gives one row or none.
    ///
    /// # Errors
    /// As [`Self::query`]; [`DbError::Inconsistent`] when there are more.
    pub async fn query_opt(
        &mut self,
        sql: &'static str,
        params: &[Param<'_>],
    ) -> Result<Option<Row>, DbError> {
        let mut rows = self.query(sql, params).await?;
        match rows.len() {
            0 | 1 => Ok(rows.pop()),
            n => Err(DbError::Inconsistent(format!("{n} rows where one was expected"))),
        }
    }

    /// Runs a statement that must give exactly one row.
    ///
    /// # Errors
    /// As [`Self::query_opt`]; [`DbError::Inconsistent`] when there is none.
    pub async fn query_one(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<Row, DbError> {
        self.query_opt(sql, params)
            .await?
            .ok_or_else(|| DbError::Inconsistent("no row where one was expected".into()))
    }

    /// Makes the changes durable. When this returns `Ok`, they survive a power cut.
    ///
    /// # Errors
    /// When the commit failed, or when its outcome is not known (never [`DbError::Unavailable`]): every write carries an
    /// id chosen by the caller and a unique constraint, so that it can be repeated safely.
    pub async fn commit(mut self) -> Result<(), DbError> {
        self.flush().await?;
        match self.inner {
            Inner::SqliteWrite(tx) => tx.commit().await,
            Inner::SqliteRead(_) => Ok(()),
            Inner::Postgres(tx) => tx.commit().await,
        }
    }

    /// Runs DDL of a migration, translated for the engine.
    async fn run_ddl(&mut self, sql: &str) -> Result<(), DbError> {
        match &mut self.inner {
            Inner::SqliteWrite(tx) => tx.run_ddl(&dialect::ddl(Engine::Sqlite, sql)),
            Inner::SqliteRead(_) => Err(DbError::Refused("a reader cannot migrate".into())),
            Inner::Postgres(tx) => tx.run_ddl(&dialect::ddl(Engine::Postgres, sql)).await,
        }
    }
}
