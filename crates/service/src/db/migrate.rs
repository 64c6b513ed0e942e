//! Forward-only, numbered migrations. A binary refuses a schema that is newer than itself.

use super::{Db, DbError, Engine, Tx, dialect};
use crate::binds;

/// One step of a schema. Released steps never change; their checksum is kept in the database.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// 1, 2, 3 … without gaps.
    pub version: i64,
    /// The file's name, for people.
    pub name: &'static str,
    /// The statements, each ended by a semicolon at the end of a line.
    pub sql: &'static str,
}

const CREATE_LOG: &str = "CREATE TABLE IF NOT EXISTS schema_migrations \
     (version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL)";

/// Brings the schema up to date in one transaction.
pub(super) async fn run(db: &Db, migrations: &[Migration]) -> Result<(), DbError> {
    match migrate(db, migrations).await {
        // Two nodes that start together may both find no log on PostgreSQL, and one of them cannot create it. It is
        // there now.
        Err(DbError::Duplicate(_)) => migrate(db, migrations).await,
        other => other,
    }
}

async fn migrate(db: &Db, migrations: &[Migration]) -> Result<(), DbError> {
    let mut tx = db.begin().await?;
    tx.run_ddl(CREATE_LOG).await?;
    if db.engine() == Engine::Postgres {
        // From here on nodes take turns; on SQLite the writer's lock does that.
        tx.execute("LOCK TABLE schema_migrations IN EXCLUSIVE MODE", &[]).await?;
    }
    let applied = tx.query("SELECT version, checksum FROM schema_migrations ORDER BY version", &[]).await?;
    for row in &applied {
        check_applied(row.int("version")?, &row.text("checksum")?, migrations)?;
    }
    for migration in migrations.iter().skip(applied.len()) {
        apply(&mut tx, migration).await?;
    }
    tx.commit().await
}

fn check_applied(version: i64, checksum: &str, migrations: &[Migration]) -> Result<(), DbError> {
    let Some(known) = migrations.iter().find(|m| m.version == version) else {
        return Err(DbError::Refused(format!(
            "the database has schema version {version}, this program knows only up to {}: use a newer program",
            migrations.len()
        )));
    };
    if checksum == checksum_of(known) {
        Ok(())
    } else {
        Err(DbError::Refused(format!("migration {} was changed after it had been applied", known.name)))
    }
}

async fn apply(tx: &mut Tx, migration: &Migration) -> Result<(), DbError> {
    for statement in dialect::statements(migration.sql) {
        tx.run_ddl(&statement)
            .await
            .map_err(|e| DbError::Failed(format!("migration {}: {e}", migration.name)))?;
    }
    let checksum = checksum_of(migration);
    tx.execute(
        "INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)",
        binds![migration.version, migration.name, &checksum],
    )
    .await?;
    Ok(())
}

fn checksum_of(migration: &Migration) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, migration.sql.as_bytes());
    digest.as_ref().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}
