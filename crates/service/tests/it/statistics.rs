//! PostgreSQL's planner learns of a table that grows, long before autovacuum would look.

use std::time::Duration;

use onfile_service::binds;
use onfile_service::db::{Engine, Migration};
use onfile_testing::databases;

const THINGS: Migration = Migration {
    version: 1,
    name: "0001_first.sql",
    sql: "CREATE TABLE things (\n    account_id TEXT NOT NULL,\n    id TEXT NOT NULL,\n    PRIMARY KEY (account_id, id)\n);\n",
};
const ROWS: &str = "INSERT INTO things (account_id, id) SELECT 'a', r.value->>'id' FROM json_each($1) AS r";
const KNOWN: &str = "SELECT CAST(reltuples AS BIGINT) AS n FROM pg_class WHERE relname = 'things'";
/// How long it may take, in steps of 50 ms: generous, but less than autovacuum's minute.
const WITHIN: u32 = 400;

#[tokio::test]
async fn a_table_that_grows_is_analysed_within_seconds() {
    for scratch in databases().await {
        let db = scratch.open(&[THINGS]).await;
        if db.engine() != Engine::Postgres {
            continue;
        }
        let ids: Vec<String> =
            (0..2_000).map(|n| format!("{{\"id\": \"thing_with_a_long_name_{n}\"}}")).collect();
        let mut tx = db.begin().await.unwrap();
        tx.execute(ROWS, binds![&format!("[{}]", ids.join(","))]).await.unwrap();
        tx.commit().await.unwrap();
        let mut known = 0;
        for _ in 0..WITHIN {
            known = db.read().await.unwrap().query_one(KNOWN, &[]).await.unwrap().int("n").unwrap();
            if known == 2_000 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(known, 2_000);
    }
}
