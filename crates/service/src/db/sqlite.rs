//! SQLite: one writer whose commits are shared (group commit), and a pool of readers.
//!
//! Every caller's transaction is a savepoint in one open transaction. A caller that is done releases its savepoint,
//! joins the group and waits. A committer thread queues for the writer like any caller; when its turn comes, everybody
//! who queued before it has joined the group, and one `COMMIT` (one fsync) serves them all. Under no load that is one
//! caller and no delay; under load the groups grow by themselves. No answer leaves before the `COMMIT`.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags};
use tokio::sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore, oneshot};

use super::DbError;
use super::value::{Cell, Param, Row};

/// How long another process (an operator's command) may hold the file before we answer "not available".
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Readers at a time.
const READERS: usize = 8;
/// Pages in the log before it is copied into the database: 64 MiB. Pages that many transactions write (the ends of
/// tables and indexes) are then copied once for all of them.
const CHECKPOINT_PAGES: i64 = 16_000;
/// The writer's page cache, in KiB: what a set of hundreds of charges changes fits in it, so that pages are neither read
/// again nor written to the log before their commit.
const WRITER_CACHE_KIB: i64 = 65_536;
/// A reader's page cache, in KiB.
const READER_CACHE_KIB: i64 = 8_192;
/// Prepared statements kept per connection.
const STATEMENTS: usize = 256;
/// Names of parameters, `$1` to `$40`: the most that a statement may have.
const PARAM_NAMES: [&str; 40] = [
    "$1", "$2", "$3", "$4", "$5", "$6", "$7", "$8", "$9", "$10", "$11", "$12", "$13", "$14", "$15", "$16",
    "$17", "$18", "$19", "$20", "$21", "$22", "$23", "$24", "$25", "$26", "$27", "$28", "$29", "$30", "$31",
    "$32", "$33", "$34", "$35", "$36", "$37", "$38", "$39", "$40",
];

#[derive(Clone)]
pub(super) struct Sqlite {
    writer: Arc<Mutex<Writer>>,
    wake: SyncSender<()>,
    readers: Arc<Readers>,
}

struct Writer {
    connection: Connection,
    /// Whether a transaction is open that the committer has to end.
    open: bool,
    /// Whose savepoints are released and wait for the commit.
    group: Vec<oneshot::Sender<Result<(), DbError>>>,
}

struct Readers {
    idle: StdMutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
}

impl Sqlite {
    pub(super) fn open(path: &Path) -> Result<Self, DbError> {
        let connection = connect(path, OpenFlags::default())?;
        assert_durable(&connection)?;
        let readers = (0..READERS)
            .map(|_| connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX))
            .collect::<Result<Vec<_>, _>>()?;
        let writer = Arc::new(Mutex::new(Writer { connection, open: false, group: Vec::new() }));
        let (wake, woken) = sync_channel(1);
        let for_committer = Arc::clone(&writer);
        std::thread::Builder::new()
            .name("sqlite-commit".into())
            .spawn(move || commit_groups(&for_committer, &woken))
            .map_err(|e| DbError::Failed(e.to_string()))?;
        let readers = Readers { idle: StdMutex::new(readers), permits: Arc::new(Semaphore::new(READERS)) };
        Ok(Self { writer, wake, readers: Arc::new(readers) })
    }

    pub(super) async fn begin(&self) -> Result<WriteTx, DbError> {
        let mut guard = Arc::clone(&self.writer).lock_owned().await;
        if !guard.open {
            guard.connection.execute_batch("BEGIN IMMEDIATE")?;
            guard.open = true;
        }
        guard.connection.prepare_cached("SAVEPOINT caller")?.execute([])?;
        Ok(WriteTx { writer: Some(guard), wake: self.wake.clone() })
    }

    pub(super) async fn read(&self) -> Result<ReadTx, DbError> {
        let permit = Arc::clone(&self.readers.permits)
            .acquire_owned()
            .await
            .map_err(|e| DbError::Unavailable(e.to_string()))?;
        let connection = lock(&self.readers.idle).pop();
        let connection = connection.ok_or_else(|| DbError::Unavailable("no idle reader".into()))?;
        // Made before the first statement, so that the connection goes back also when that fails.
        let reader =
            ReadTx { connection: Some(connection), readers: Arc::clone(&self.readers), _permit: permit };
        reader.connection()?.prepare_cached("BEGIN")?.execute([])?;
        Ok(reader)
    }
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, DbError> {
    create_private(path)?;
    let connection = Connection::open_with_flags(path, flags)
        .map_err(|e| DbError::Unavailable(format!("{}: {e}", path.display())))?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    if flags == OpenFlags::default() {
        // Journal mode is kept in the file; the rest is per connection.
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        // What is destroyed (sealed records, keys of erased customers) must not stay readable in the file's free pages.
        connection.pragma_update(None, "secure_delete", "ON")?;
        // Negative: KiB and not pages.
        connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    } else {
        connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    }
    connection.pragma_update(None, "foreign_keys", "ON")?;
    Ok(connection)
}

/// Makes the file its owner's alone before SQLite would make it everybody's to read; its log and index take its mode.
/// A file that exists is not opened: closing it again would drop the locks that SQLite holds in this process.
fn create_private(path: &Path) -> Result<(), DbError> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(DbError::Unavailable(format!("{}: {error}", path.display())))
        }
        _ => Ok(()),
    }
}

/// With anything less than FULL, SQLite in WAL mode loses acknowledged commits at a power cut.
fn assert_durable(connection: &Connection) -> Result<(), DbError> {
    let journal: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    let synchronous: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0))?;
    if journal == "wal" && synchronous >= 2 {
        Ok(())
    } else {
        Err(DbError::Refused(format!(
            "SQLite runs with journal_mode={journal}, synchronous={synchronous}; wal and FULL (2) are needed, else a power cut loses payments"
        )))
    }
}

/// The committer thread; ends when the database is dropped.
fn commit_groups(writer: &Mutex<Writer>, woken: &Receiver<()>) {
    while woken.recv().is_ok() {
        writer.blocking_lock().commit_group();
    }
}

impl Writer {
    fn commit_group(&mut self) {
        if !self.open {
            return;
        }
        let result = self.connection.execute_batch("COMMIT");
        if let Err(error) = &result {
            stop_if_disk_lies(error);
            // A full disk, for example: the transaction is still open, or SQLite ended it already.
            if !self.connection.is_autocommit() {
                drop(self.connection.execute_batch("ROLLBACK"));
            }
        }
        self.open = false;
        self.answer_group(result.err().map(|e| e.to_string()));
    }

    fn answer_group(&mut self, failure: Option<String>) {
        for caller in self.group.drain(..) {
            // A caller that stopped waiting is no longer interested in the answer.
            drop(caller.send(match &failure {
                None => Ok(()),
                Some(text) => Err(DbError::Failed(format!("commit: {text}"))),
            }));
        }
    }

    /// Undoes the caller's savepoint. Some errors (disk full) make SQLite undo the whole transaction: then the others
    /// in the group are told.
    fn undo_caller(&mut self) {
        let undone = self.connection.execute_batch("ROLLBACK TO caller; RELEASE caller");
        if undone.is_err() || self.connection.is_autocommit() {
            if !self.connection.is_autocommit() {
                drop(self.connection.execute_batch("ROLLBACK"));
            }
            self.open = false;
            self.answer_group(Some("the transaction was undone with another caller's".into()));
        }
    }
}

/// After a failed fsync the kernel may drop the dirty pages and report success at the next one. Only a restart, which
/// reads what is really there, is safe.
fn stop_if_disk_lies(error: &rusqlite::Error) {
    if error.sqlite_error_code() == Some(rusqlite::ErrorCode::SystemIoFailure) {
        tracing::error!(%error, "the disk failed during a commit; stopping, because what it holds is not known");
        std::process::exit(70);
    }
}

/// A caller's part of the open transaction.
pub(super) struct WriteTx {
    writer: Option<OwnedMutexGuard<Writer>>,
    wake: SyncSender<()>,
}

impl WriteTx {
    fn connection(&self) -> Result<&Connection, DbError> {
        self.writer
            .as_ref()
            .map(|w| &w.connection)
            // Some errors (disk full) make SQLite undo the whole transaction. What is written after that would be
            // committed at once and alone.
            .filter(|connection| !connection.is_autocommit())
            .ok_or_else(|| DbError::Failed("the transaction has ended".into()))
    }

    pub(super) fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, DbError> {
        execute(self.connection()?, sql, params)
    }

    pub(super) fn query(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, DbError> {
        query(self.connection()?, sql, params)
    }

    pub(super) fn run_ddl(&mut self, sql: &str) -> Result<(), DbError> {
        Ok(self.connection()?.execute_batch(sql)?)
    }

    pub(super) async fn commit(mut self) -> Result<(), DbError> {
        let (sender, answer) = oneshot::channel();
        {
            let Some(mut writer) = self.writer.take() else {
                return Err(DbError::Failed("the transaction has ended".into()));
            };
            let released = writer.connection.prepare_cached("RELEASE caller").and_then(|mut s| s.execute([]));
            if let Err(error) = released {
                writer.undo_caller();
                drop(writer);
                wake(&self.wake);
                return Err(error.into());
            }
            writer.group.push(sender);
        }
        wake(&self.wake);
        answer.await.map_err(|_| DbError::Failed("the committer is gone; it may have committed".into()))?
    }
}

impl Drop for WriteTx {
    fn drop(&mut self) {
        if let Some(mut writer) = self.writer.take() {
            writer.undo_caller();
            drop(writer);
            // The outer transaction must not stay open with nobody to end it.
            wake(&self.wake);
        }
    }
}

/// A full channel means that the committer was woken already and has not come to its turn yet.
fn wake(committer: &SyncSender<()>) {
    let _ = committer.try_send(());
}

/// A reader's view of one moment.
pub(super) struct ReadTx {
    connection: Option<Connection>,
    readers: Arc<Readers>,
    _permit: OwnedSemaphorePermit,
}

impl ReadTx {
    fn connection(&self) -> Result<&Connection, DbError> {
        self.connection.as_ref().ok_or_else(|| DbError::Failed("the reader has ended".into()))
    }

    pub(super) fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, DbError> {
        execute(self.connection()?, sql, params)
    }

    pub(super) fn query(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, DbError> {
        query(self.connection()?, sql, params)
    }
}

impl Drop for ReadTx {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            drop(connection.prepare_cached("COMMIT").and_then(|mut s| s.execute([])));
            lock(&self.readers.idle).push(connection);
        }
    }
}

fn lock<T>(mutex: &StdMutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl rusqlite::ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
            Self::Bytes(value) => ValueRef::Blob(value),
        }))
    }
}

fn bind(statement: &mut rusqlite::CachedStatement<'_>, params: &[Param<'_>]) -> Result<(), DbError> {
    if params.len() != statement.parameter_count() || params.len() > PARAM_NAMES.len() {
        return Err(DbError::Failed(format!(
            "{} parameters for {}",
            params.len(),
            statement.parameter_count()
        )));
    }
    for (name, param) in PARAM_NAMES.iter().zip(params) {
        // SQLite numbers `$n` by first appearance; looked up by name they mean the same as on PostgreSQL.
        let index = statement.parameter_index(name)?;
        let index = index.ok_or_else(|| DbError::Failed(format!("the statement has no parameter {name}")))?;
        statement.raw_bind_parameter(index, param)?;
    }
    Ok(())
}

fn execute(connection: &Connection, sql: &str, params: &[Param<'_>]) -> Result<u64, DbError> {
    let mut statement = connection.prepare_cached(sql)?;
    bind(&mut statement, params)?;
    let changed = statement.raw_execute()?;
    Ok(u64::try_from(changed).unwrap_or(u64::MAX))
}

fn query(connection: &Connection, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, DbError> {
    let mut statement = connection.prepare_cached(sql)?;
    bind(&mut statement, params)?;
    let columns: Arc<[String]> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.raw_query();
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        let cells =
            (0..columns.len()).map(|i| Ok(cell(row.get_ref(i)?))).collect::<Result<Vec<_>, DbError>>()?;
        out.push(Row { columns: Arc::clone(&columns), cells });
    }
    Ok(out)
}

fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null | ValueRef::Real(_) => Cell::Null,
        ValueRef::Integer(value) => Cell::Int(value),
        ValueRef::Text(bytes) => Cell::Text(String::from_utf8_lossy(bytes).into_owned()),
        ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_vec()),
    }
}
