//! The database interface, on both engines: what holds on SQLite holds on PostgreSQL.

use onfile_service::binds;
use onfile_service::db::{Db, DbError, Migration, Param};
use onfile_testing::databases;

const FIRST: Migration = Migration {
    version: 1,
    name: "0001_first.sql",
    sql: "-- a table;\nCREATE TABLE things (\n    account_id TEXT NOT NULL,\n    id TEXT NOT NULL,\n    size BIGINT,\n    \
          body BYTEA,\n    PRIMARY KEY (account_id, id)\n);\nCREATE INDEX things_by_size ON things (account_id, size);\n",
};
const SECOND: Migration =
    Migration { version: 2, name: "0002_more.sql", sql: "ALTER TABLE things ADD COLUMN note TEXT;\n" };

const INSERT: &str = "INSERT INTO things (account_id, id, size, body) VALUES ($1, $2, $3, $4)";

async fn insert(db: &Db, id: &str, size: Option<i64>) -> Result<(), DbError> {
    let mut tx = db.begin().await?;
    tx.execute(INSERT, binds!["a", id, size, Param::Null]).await?;
    tx.commit().await
}

async fn ids(db: &Db) -> Vec<String> {
    let rows = db.read().await.unwrap().query("SELECT id FROM things ORDER BY id", &[]).await.unwrap();
    rows.iter().map(|row| row.text("id").unwrap()).collect()
}

#[tokio::test]
async fn every_kind_of_value_comes_back_as_it_went_in() {
    for scratch in databases().await {
        let db = scratch.open(&[FIRST]).await;
        let mut tx = db.begin().await.unwrap();
        tx.execute(INSERT, binds!["a", "é\u{2022}'; --", i64::MIN, &[0u8, 255][..]]).await.unwrap();
        tx.execute(INSERT, binds!["a", "nothing", Param::Null, Param::Null]).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = db.read().await.unwrap();
        let sql = "SELECT id, size, body FROM things WHERE account_id = $1 ORDER BY id";
        let rows = tx.query(sql, binds!["a"]).await.unwrap();
        let [nothing, full] = rows.as_slice() else { panic!("{} rows", rows.len()) };
        assert_eq!((nothing.opt_int("size").unwrap(), nothing.opt_bytes("body").unwrap()), (None, None));
        assert_eq!(full.text("id").unwrap(), "é\u{2022}'; --");
        assert_eq!(full.int("size").unwrap(), i64::MIN);
        assert_eq!(full.bytes("body").unwrap(), [0, 255]);
        for wrong in [full.text("size").is_err(), full.int("id").is_err(), full.int("no_such").is_err()] {
            assert!(wrong);
        }
    }
}

#[tokio::test]
async fn parameters_are_bound_by_number_not_by_where_they_appear() {
    for scratch in databases().await {
        let db = scratch.open(&[FIRST]).await;
        let mut tx = db.begin().await.unwrap();
        let sql = "INSERT INTO things (size, id, account_id) VALUES ($3, $2, $1) RETURNING id, size";
        let row = tx.query_one(sql, binds!["a", "second", 3_i64]).await.unwrap();
        assert_eq!((row.text("id").unwrap().as_str(), row.int("size").unwrap()), ("second", 3));
        let few = tx.execute(INSERT, binds!["a"]).await;
        assert!(matches!(few, Err(DbError::Failed(_))), "{few:?}");
    }
}

#[tokio::test]
async fn a_second_row_with_the_same_key_is_a_duplicate_and_leaves_the_first_alone() {
    for scratch in databases().await {
        let db = scratch.open(&[FIRST]).await;
        insert(&db, "x", Some(1)).await.unwrap();
        let again = insert(&db, "x", Some(2)).await;
        assert!(matches!(again, Err(DbError::Duplicate(_))), "{again:?}");
        assert_eq!(ids(&db).await, ["x"]);
    }
}

#[tokio::test]
async fn text_sorts_by_bytes_on_both_engines() {
    for scratch in databases().await {
        let db = scratch.open(&[FIRST]).await;
        for id in ["b", "B", "a", "_", "0", "Z"] {
            insert(&db, id, None).await.unwrap();
        }
        assert_eq!(ids(&db).await, ["0", "B", "Z", "_", "a", "b"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callers_who_share_a_commit_fail_and_give_up_each_for_themselves() {
    for scratch in databases().await {
        let db = scratch.open(&[FIRST]).await;
        insert(&db, "taken", None).await.unwrap();
        let tasks: Vec<_> = (0..300)
            .map(|n: u32| {
                let db = db.clone();
                tokio::spawn(async move {
                    let mut tx = db.begin().await.unwrap();
                    let id = format!("{n:03}");
                    tx.execute(INSERT, binds!["a", &id, i64::from(n), Param::Null]).await.unwrap();
                    match n % 3 {
                        // Gives up.
                        0 => drop(tx),
                        // Fails at its second statement.
                        1 => {
                            let clash = tx.execute(INSERT, binds!["a", "taken", 0_i64, Param::Null]).await;
                            assert!(matches!(clash, Err(DbError::Duplicate(_))), "{clash:?}");
                        }
                        _ => tx.commit().await.unwrap(),
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let mut expected: Vec<String> = (0..300).filter(|n| n % 3 == 2).map(|n| format!("{n:03}")).collect();
        expected.push("taken".into());
        assert_eq!(ids(&db).await, expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_caller_who_stops_waiting_blocks_nobody() {
    for scratch in databases().await {
        let db = scratch.open(&[FIRST]).await;
        for n in 0..50 {
            let id = format!("{n}");
            let waiting = insert(&db, &id, None);
            // Polled once at the most, then dropped: in whatever state it is, the database goes on.
            drop(tokio::time::timeout(std::time::Duration::ZERO, waiting).await);
        }
        insert(&db, "last", None).await.unwrap();
        assert!(ids(&db).await.contains(&"last".to_owned()));
    }
}

#[tokio::test]
async fn a_commit_is_there_after_the_database_is_opened_again() {
    for scratch in databases().await {
        let db = scratch.open(&[FIRST]).await;
        insert(&db, "kept", None).await.unwrap();
        drop(db);
        assert_eq!(ids(&scratch.open(&[FIRST]).await).await, ["kept"]);
    }
}

#[tokio::test]
async fn a_schema_moves_forward_once_and_a_newer_or_changed_one_is_refused() {
    for scratch in databases().await {
        drop(scratch.open(&[FIRST]).await);
        let both = scratch.open(&[FIRST, SECOND]).await;
        insert(&both, "x", None).await.unwrap();
        drop(both);
        drop(scratch.open(&[FIRST, SECOND]).await);
        let newer = Db::open(&scratch.url, &[FIRST]).await.unwrap_err();
        assert!(newer.to_string().contains("schema version 2"), "{newer}");
        let changed = Migration { sql: "ALTER TABLE things ADD COLUMN other TEXT;\n", ..SECOND };
        let changed = Db::open(&scratch.url, &[FIRST, changed]).await.unwrap_err();
        assert!(changed.to_string().contains("0002_more.sql was changed"), "{changed}");
    }
}

#[tokio::test]
async fn two_nodes_that_start_together_migrate_once() {
    for scratch in databases().await {
        let (a, b) = tokio::join!(Db::open(&scratch.url, &[FIRST]), Db::open(&scratch.url, &[FIRST]));
        insert(&a.unwrap(), "from a", None).await.unwrap();
        assert_eq!(ids(&b.unwrap()).await, ["from a"]);
    }
}

#[tokio::test]
async fn an_unusable_address_is_refused_with_what_to_write_instead() {
    let error = Db::open("mysql://localhost/x", &[FIRST]).await.unwrap_err();
    assert!(error.to_string().contains("sqlite:PATH"), "{error}");
    let missing = Db::open("sqlite:/no/such/folder/x.db", &[FIRST]).await.unwrap_err();
    assert!(matches!(missing, DbError::Unavailable(_)), "{missing:?}");
}

/// Copies SQLite's log into the database file, and empties it.
fn checkpoint(path: &std::path::Path) {
    let connection = rusqlite::Connection::open(path).unwrap();
    let busy: i64 = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).unwrap();
    assert_eq!(busy, 0, "somebody still reads");
}

#[tokio::test]
async fn what_was_deleted_from_sqlite_is_gone_from_its_file() {
    let scratch = databases().await.swap_remove(0);
    let db = scratch.open(&[FIRST]).await;
    let secret = [0xa5u8; 100];
    let in_file = || {
        checkpoint(&scratch.sqlite_path());
        let file = std::fs::read(scratch.sqlite_path()).unwrap();
        file.windows(secret.len()).any(|window| window == secret)
    };
    let mut tx = db.begin().await.unwrap();
    tx.execute(INSERT, binds!["a", "destroyed", Param::Null, &secret[..]]).await.unwrap();
    tx.commit().await.unwrap();
    assert!(in_file());
    let mut tx = db.begin().await.unwrap();
    tx.execute("DELETE FROM things WHERE account_id = $1 AND id = $2", binds!["a", "destroyed"])
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert!(!in_file(), "it stays in a free page");
}

#[tokio::test]
async fn sqlites_files_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = databases().await.swap_remove(0);
    let db = scratch.open(&[FIRST]).await;
    insert(&db, "x", None).await.unwrap();
    let files: Vec<_> = std::fs::read_dir(scratch.directory.path()).unwrap().map(Result::unwrap).collect();
    assert_eq!(files.len(), 3, "database, log and index");
    for file in files {
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}: {mode:o}", file.path().display());
    }
}

#[tokio::test]
async fn a_set_of_rows_is_written_changed_and_read_by_one_statement_each() {
    for scratch in databases().await {
        let db = scratch.open(&[FIRST]).await;
        let mut tx = db.begin().await.unwrap();
        let rows =
            r#"[{"id": "é'; --\\\"", "size": 7, "body": "00ff"}, {"id": "b", "size": null, "body": null}]"#;
        let insert = "INSERT INTO things (account_id, id, size, body) \
             SELECT $1, r.value->>'id', CAST(r.value->>'size' AS BIGINT), unhex(r.value->>'body') FROM json_each($2) AS r";
        assert_eq!(tx.execute(insert, binds!["a", rows]).await.unwrap(), 2);
        let update = "WITH changes AS MATERIALIZED (SELECT r.value->>'id' AS id, \
             CAST(r.value->>'size' AS BIGINT) AS size FROM json_each($2) AS r) \
             UPDATE things SET size = changes.size FROM changes \
             WHERE things.account_id = $1 AND things.id = changes.id RETURNING things.id, things.size";
        let changed =
            tx.query(update, binds!["a", r#"[{"id": "b", "size": 9}, {"id": "none", "size": 1}]"#]).await;
        let changed = changed.unwrap();
        assert_eq!((changed.len(), changed[0].int("size").unwrap()), (1, 9));
        let select = "SELECT id, size, body FROM things \
             WHERE account_id = $1 AND id IN (SELECT r.value->>'id' FROM json_each($2) AS r) ORDER BY size";
        let found = tx.query(select, binds!["a", rows]).await.unwrap();
        assert_eq!(found[0].text("id").unwrap(), "é'; --\\\"");
        assert_eq!((found[0].bytes("body").unwrap(), found[1].int("size").unwrap()), (vec![0, 255], 9));
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn a_transaction_may_change_more_than_any_buffer_of_the_engine_holds() {
    // SQLite copies each page that a savepoint changes: here some 8 MiB of them.
    const ROWS: i64 = 2_000;
    for scratch in databases().await {
        let db = scratch.open(&[FIRST]).await;
        let body = vec![7_u8; 3_000];
        let mut tx = db.begin().await.unwrap();
        for row in 0..ROWS {
            tx.execute(INSERT, binds!["a", &format!("{row:05}"), 1_i64, &body[..]]).await.unwrap();
        }
        tx.commit().await.unwrap();
        let mut tx = db.begin().await.unwrap();
        let changed =
            tx.execute("UPDATE things SET size = 2 WHERE account_id = $1", binds!["a"]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(i64::try_from(changed).unwrap(), ROWS);
    }
}
