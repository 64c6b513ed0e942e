//! What is never committed by mistake, and what a caller who stops waiting leaves behind.

use std::future::{Future, poll_fn};
use std::task::Poll;
use std::time::Duration;

use onfile_service::binds;
use onfile_service::db::{DbError, Engine, Migration};
use onfile_testing::databases;

const THINGS: Migration = Migration {
    version: 1,
    name: "0001_first.sql",
    sql: "CREATE TABLE things (\n    account_id TEXT NOT NULL,\n    id TEXT NOT NULL,\n    PRIMARY KEY (account_id, id)\n);\n",
};
const INSERT: &str = "INSERT INTO things (account_id, id) VALUES ('a', $1)";

/// Transactions that nobody works in.
const OPEN: &str = "SELECT COUNT(*) AS n FROM pg_stat_activity \
                    WHERE datname = current_database() AND state LIKE 'idle in transaction%'";

#[tokio::test]
async fn a_commit_after_a_failed_statement_keeps_the_rest_or_says_that_it_did_not() {
    for scratch in databases().await {
        let db = scratch.open(&[THINGS]).await;
        let mut tx = db.begin().await.unwrap();
        tx.execute(INSERT, binds!["x"]).await.unwrap();
        let again = tx.execute(INSERT, binds!["x"]).await;
        assert!(matches!(again, Err(DbError::Duplicate(_))), "{again:?}");
        let committed = tx.commit().await;
        let kept = db.read().await.unwrap().query("SELECT id FROM things", &[]).await.unwrap().len();
        assert_eq!(committed.is_ok(), kept == 1, "{committed:?} and {kept} rows");
    }
}

#[tokio::test]
async fn who_stops_waiting_for_a_transaction_leaves_none_open() {
    for scratch in databases().await {
        let db = scratch.open(&[THINGS]).await;
        let observer = scratch.open(&[THINGS]).await;
        for steps in 1..20 {
            // Gives up at each step of the way, also while the first word is on its way to the server.
            let mut begun = Box::pin(db.begin());
            for _ in 0..steps {
                if poll_fn(|context| Poll::Ready(begun.as_mut().poll(context).is_ready())).await {
                    break;
                }
                tokio::task::yield_now().await;
            }
            drop(begun);
            if db.engine() == Engine::Postgres {
                tokio::time::sleep(Duration::from_millis(20)).await;
                let mut reader = observer.read().await.unwrap();
                let row = reader.query_one(OPEN, &[]).await.unwrap();
                assert_eq!(row.int("n").unwrap(), 0, "after {steps} steps");
            }
        }
        let mut tx = db.begin().await.unwrap();
        tx.execute(INSERT, binds!["x"]).await.unwrap();
        tx.commit().await.unwrap();
    }
}
