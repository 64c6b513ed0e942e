//! PostgreSQL through a pool of connections. The server groups commits by itself.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Hook, HookError, ManagerConfig, Object, Pool, RecyclingMethod, Runtime, Timeouts};
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use super::value::{Cell, Param, Row};
use super::{DbError, dialect, statistics};

/// Connections of one process.
const CONNECTIONS: usize = 24;
/// How long a caller waits for a connection before it is told that the database is not available.
const WAIT: Duration = Duration::from_secs(5);
/// How long a server may leave our packets unacknowledged.
const SILENCE_MAX: Duration = Duration::from_secs(20);

#[derive(Clone)]
pub(super) struct Postgres(Pool);

impl Postgres {
    pub(super) async fn open(url: &str) -> Result<Self, DbError> {
        let mut config: tokio_postgres::Config =
            url.parse().map_err(|e| DbError::Refused(format!("database.url: {e}")))?;
        config.application_name("onfile").connect_timeout(WAIT);
        // A server that is gone without a word (a lost host, a cut network) is found out.
        config.keepalives_idle(SILENCE_MAX).tcp_user_timeout(SILENCE_MAX);
        let manager = deadpool_postgres::Manager::from_config(
            config,
            crate::tls::postgres_connector()?,
            ManagerConfig { recycling_method: RecyclingMethod::Fast },
        );
        let pool = Pool::builder(manager)
            .max_size(CONNECTIONS)
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts { wait: Some(WAIT), create: Some(WAIT), recycle: Some(WAIT) })
            .post_create(Hook::async_fn(|client, _| {
                Box::pin(async move {
                    // An answer means durable: a database configured otherwise is overruled for our sessions.
                    // A node that is frozen in the middle of a transaction must not hold its locks against all others.
                    let settings =
                        "SET synchronous_commit = on; SET idle_in_transaction_session_timeout = '20s'";
                    client.batch_execute(settings).await.map_err(HookError::Backend)?;
                    Ok(())
                })
            }))
            .build()
            .map_err(|e| DbError::Refused(e.to_string()))?;
        drop(pool.get().await?);
        statistics::keep_up(&pool);
        Ok(Self(pool))
    }

    pub(super) async fn begin(&self) -> Result<PgTx, DbError> {
        // From before the first word, so that a caller who stops waiting leaves no open transaction in the pool.
        let tx = PgTx { client: Some(self.0.get().await?), open: true, failed: false };
        tx.client()?.batch_execute("BEGIN").await?;
        Ok(tx)
    }

    pub(super) async fn read(&self) -> Result<PgTx, DbError> {
        Ok(PgTx { client: Some(self.0.get().await?), open: false, failed: false })
    }
}

pub(super) struct PgTx {
    client: Option<Object>,
    /// Whether a transaction has to be ended.
    open: bool,
    /// Whether a statement failed: then the server undoes everything, and yet answers `COMMIT` as if it had worked.
    failed: bool,
}

impl PgTx {
    fn client(&self) -> Result<&Object, DbError> {
        self.client.as_ref().ok_or_else(|| DbError::Failed("the transaction has ended".into()))
    }

    pub(super) async fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, DbError> {
        let outcome = self.try_execute(sql, params).await;
        self.failed |= outcome.is_err();
        outcome
    }

    async fn try_execute(&self, sql: &str, params: &[Param<'_>]) -> Result<u64, DbError> {
        let client = self.client()?;
        let statement = client.prepare_cached(&dialect::postgres(sql)).await?;
        Ok(client.execute(&statement, &as_dyn(params)).await?)
    }

    pub(super) async fn query(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, DbError> {
        let outcome = self.try_query(sql, params).await;
        self.failed |= outcome.is_err();
        outcome
    }

    async fn try_query(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, DbError> {
        let client = self.client()?;
        let statement = client.prepare_cached(&dialect::postgres(sql)).await?;
        let columns: Arc<[String]> = statement.columns().iter().map(|c| c.name().to_owned()).collect();
        let rows = client.query(&statement, &as_dyn(params)).await?;
        rows.iter()
            .map(|row| {
                let cells = (0..columns.len()).map(|i| cell(row, i)).collect::<Result<_, _>>()?;
                Ok(Row { columns: Arc::clone(&columns), cells })
            })
            .collect()
    }

    pub(super) async fn run_ddl(&mut self, sql: &str) -> Result<(), DbError> {
        Ok(self.client()?.batch_execute(sql).await?)
    }

    pub(super) async fn commit(mut self) -> Result<(), DbError> {
        if self.open && self.failed {
            return Err(DbError::Failed("a transaction with a failed statement cannot be committed".into()));
        }
        if self.open {
            self.client()?.batch_execute("COMMIT").await.map_err(commit_error)?;
            self.open = false;
        }
        Ok(())
    }
}

/// Of all errors the one after which nobody knows what was done. It is never [`DbError::Unavailable`], which callers
/// take for "nothing was done, try again".
fn commit_error(error: tokio_postgres::Error) -> DbError {
    match DbError::from(error) {
        DbError::Unavailable(why) => DbError::Failed(format!("the outcome of a commit is not known: {why}")),
        other => other,
    }
}

impl Drop for PgTx {
    fn drop(&mut self) {
        let Some(client) = self.client.take().filter(|_| self.open) else { return };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                runtime.spawn(async move {
                    if client.batch_execute("ROLLBACK").await.is_err() {
                        // Taken out of the pool and closed: the server undoes what it has not committed.
                        drop(Object::take(client));
                    }
                });
            }
            Err(_) => drop(Object::take(client)),
        }
    }
}

fn as_dyn<'a>(params: &'a [Param<'_>]) -> Vec<&'a (dyn ToSql + Sync)> {
    params.iter().map(|p| -> &(dyn ToSql + Sync) { p }).collect()
}

impl ToSql for Param<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match (self, ty) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Int(value), &Type::INT8) => value.to_sql(ty, out),
            (Self::Int(value), &Type::INT4) => i32::try_from(*value)?.to_sql(ty, out),
            (Self::Text(value), _) if <&str as ToSql>::accepts(ty) => value.to_sql(ty, out),
            (Self::Bytes(value), &Type::BYTEA) => value.to_sql(ty, out),
            (value, ty) => Err(format!("cannot send {value:?} as {ty}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn cell(row: &tokio_postgres::Row, index: usize) -> Result<Cell, DbError> {
    let column =
        row.columns().get(index).ok_or_else(|| DbError::Inconsistent(format!("no column {index}")))?;
    let cell = match *column.type_() {
        Type::INT8 => row.try_get::<_, Option<i64>>(index)?.map(Cell::Int),
        Type::INT4 => row.try_get::<_, Option<i32>>(index)?.map(|v| Cell::Int(v.into())),
        Type::BOOL => row.try_get::<_, Option<bool>>(index)?.map(|v| Cell::Int(v.into())),
        Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(index)?.map(Cell::Bytes),
        Type::TEXT | Type::VARCHAR => row.try_get::<_, Option<String>>(index)?.map(Cell::Text),
        ref other => return Err(DbError::Inconsistent(format!("column {} has type {other}", column.name()))),
    };
    Ok(cell.unwrap_or(Cell::Null))
}
