//! Scratch databases for tests: every test that touches a database runs on SQLite, and on PostgreSQL too when
//! `ONFILE_TEST_POSTGRES` holds the URL of a server on which databases may be made. Only a dev-dependency.
#![expect(clippy::panic, reason = "a test without its database cannot go on")]

use std::path::PathBuf;
use std::sync::Arc;

use onfile_core::ids::{IdSource, RequestId};
use onfile_core::random::SeededRandom;
use onfile_service::ambient::{SystemClock, SystemRandom};
use onfile_service::db::{Db, Migration};
use tempfile::TempDir;

/// Names the PostgreSQL server on which scratch databases are made.
pub const POSTGRES_VARIABLE: &str = "ONFILE_TEST_POSTGRES";

/// A database that one test has to itself.
#[derive(Debug)]
pub struct Scratch {
    /// What [`Db::open`] takes.
    pub url: String,
    /// Where a SQLite database has its files; empty for PostgreSQL.
    pub directory: TempDir,
}

impl Scratch {
    /// Opens it with these migrations.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub async fn open(&self, migrations: &[Migration]) -> Db {
        match Db::open(&self.url, migrations).await {
            Ok(db) => db,
            Err(error) => panic!("{}: {error}", self.url),
        }
    }

    /// The SQLite file, whether or not it is used.
    pub fn sqlite_path(&self) -> PathBuf {
        self.directory.path().join("test.db")
    }
}

/// One empty database for each engine at hand.
///
/// # Panics
/// When one cannot be made.
pub async fn databases() -> Vec<Scratch> {
    let directory = scratch_directory();
    let sqlite = Scratch { url: format!("sqlite:{}", directory.path().join("test.db").display()), directory };
    let mut all = vec![sqlite];
    if let Ok(server) = std::env::var(POSTGRES_VARIABLE) {
        all.push(Scratch { url: create_postgres(&server).await, directory: scratch_directory() });
    }
    all
}

/// A source of ids as production has it.
pub fn ids() -> IdSource {
    IdSource::new(Arc::new(SystemClock), Arc::new(SystemRandom))
}

/// A reproducible source of randomness.
pub fn seeded(seed: u64) -> Arc<SeededRandom> {
    Arc::new(SeededRandom::new(seed))
}

fn scratch_directory() -> TempDir {
    tempfile::tempdir().unwrap_or_else(|error| panic!("no scratch directory: {error}"))
}

async fn create_postgres(server: &str) -> String {
    let connected = tokio_postgres::connect(server, tokio_postgres::NoTls).await;
    let (client, connection) = connected.unwrap_or_else(|error| panic!("{POSTGRES_VARIABLE}: {error}"));
    let driver = tokio::spawn(connection);
    let name = ids().next::<RequestId>().to_string().to_lowercase().replace("req_", "onfile_test_");
    let made = client.batch_execute(&format!("CREATE DATABASE {name}")).await;
    made.unwrap_or_else(|error| panic!("{POSTGRES_VARIABLE}: {error}"));
    drop(client);
    drop(driver.await);
    // The URL's path is the database.
    let (base, query) = server.split_once('?').map_or((server, None), |(b, q)| (b, Some(q)));
    let authority =
        base.rsplit_once('/').filter(|(b, _)| b.matches('/').count() >= 2).map_or(base, |(b, _)| b);
    query.map_or(format!("{authority}/{name}"), |q| format!("{authority}/{name}?{q}"))
}
