//! Transactions that work on a set: held rows are written together, and before anything could miss them.

use onfile_service::binds;
use onfile_service::db::{DbError, Migration, Put, Tx};
use onfile_testing::databases;
use serde_json::json;

const THINGS: Migration = Migration {
    version: 1,
    name: "0001_first.sql",
    sql: "CREATE TABLE things (\n    account_id TEXT NOT NULL,\n    id TEXT NOT NULL,\n    n BIGINT NOT NULL,\n    PRIMARY KEY (account_id, id)\n);\n",
};
const INSERT: &str = "INSERT INTO things (account_id, id, n) \
    SELECT $1, r.value->>'id', CAST(r.value->>'n' AS BIGINT) FROM json_each($2) AS r";
const SAVE: &str = "UPDATE things SET n = CAST(r.value->>'n' AS BIGINT) FROM json_each($2) AS r \
    WHERE things.account_id = $1 AND things.id = r.value->>'id'";
const LOAD: &str = "SELECT n FROM things WHERE account_id = $1 AND id = $2";

async fn put(tx: &mut Tx, sql: &'static str, id: &str, n: i64) -> Result<(), DbError> {
    let row = json!({ "id": id, "n": n });
    tx.put(Put { sql, scope: "a", id: id.to_owned(), row, each: true }).await
}

async fn all(tx: &mut Tx) -> Vec<(String, i64)> {
    let rows = tx.query("SELECT id, n FROM things ORDER BY id", &[]).await.unwrap();
    rows.iter().map(|row| (row.text("id").unwrap(), row.int("n").unwrap())).collect()
}

#[tokio::test]
async fn a_transaction_sees_what_it_holds_back_and_commits_it() {
    for scratch in databases().await {
        let db = scratch.open(&[THINGS]).await;
        let mut tx = db.begin().await.unwrap();
        tx.gather();
        for n in 0..3 {
            put(&mut tx, INSERT, &format!("t{n}"), n).await.unwrap();
        }
        assert_eq!(all(&mut tx).await, [("t0".into(), 0), ("t1".into(), 1), ("t2".into(), 2)]);
        put(&mut tx, SAVE, "t1", 10).await.unwrap();
        put(&mut tx, INSERT, "t3", 3).await.unwrap();
        // The same row twice, and a row that is only held: one after the other.
        put(&mut tx, SAVE, "t1", 11).await.unwrap();
        put(&mut tx, SAVE, "t3", 30).await.unwrap();
        tx.commit().await.unwrap();
        let kept = all(&mut db.read().await.unwrap()).await;
        assert_eq!(kept, [("t0".into(), 0), ("t1".into(), 11), ("t2".into(), 2), ("t3".into(), 30)]);
    }
}

#[tokio::test]
async fn a_set_that_cannot_be_written_whole_is_not_committed() {
    for scratch in databases().await {
        let db = scratch.open(&[THINGS]).await;
        for missing in [true, false] {
            let mut tx = db.begin().await.unwrap();
            tx.gather();
            put(&mut tx, INSERT, "t0", 0).await.unwrap();
            if missing {
                put(&mut tx, SAVE, "nobody", 1).await.unwrap();
            } else {
                tx.execute("INSERT INTO things (account_id, id, n) VALUES ('a', 't1', 1)", &[])
                    .await
                    .unwrap();
                put(&mut tx, INSERT, "t1", 1).await.unwrap();
            }
            let failed = tx.query(LOAD, binds!["a", "t0"]).await;
            assert!(matches!(failed, Err(DbError::Inconsistent(_) | DbError::Duplicate(_))), "{failed:?}");
            assert!(tx.commit().await.is_err(), "whoever goes on all the same is stopped");
            assert_eq!(all(&mut db.read().await.unwrap()).await, []);
        }
    }
}

#[tokio::test]
async fn a_transaction_that_does_not_gather_writes_at_once() {
    for scratch in databases().await {
        let db = scratch.open(&[THINGS]).await;
        let mut tx = db.begin().await.unwrap();
        put(&mut tx, INSERT, "t0", 0).await.unwrap();
        assert!(matches!(put(&mut tx, INSERT, "t0", 0).await, Err(DbError::Duplicate(_))));
    }
}

#[tokio::test]
async fn what_was_read_ahead_is_given_out_until_it_is_forgotten() {
    for scratch in databases().await {
        let db = scratch.open(&[THINGS]).await;
        let mut tx = db.begin().await.unwrap();
        let key = || "a t0".to_owned();
        tx.read_ahead(LOAD, key(), None);
        assert!(tx.ahead(LOAD, key).is_none(), "only where a set is worked on");
        tx.gather();
        tx.read_ahead(LOAD, key(), None);
        assert!(matches!(tx.ahead(LOAD, key), Some(None)));
        assert!(matches!(tx.take_ahead(LOAD, key), Some(None)));
        assert!(tx.take_ahead(LOAD, key).is_none());
        tx.read_ahead(LOAD, key(), None);
        tx.forget_ahead(LOAD, key);
        assert!(tx.ahead(LOAD, key).is_none());
    }
}
