//! M10: a record that was altered, or moved to another row, does not open, and nothing is sent.

use onfile_service::binds;
use onfile_service::db::Row;
use serde_json::json;

use crate::world::{ACCOUNT, AMEX, VISA, World, worlds};

async fn rows(world: &World) -> Vec<Row> {
    let mut tx = world.db.read().await.unwrap();
    tx.query("SELECT source_id, method_id, record FROM instruments ORDER BY source_id", &[]).await.unwrap()
}

async fn put_record(world: &World, source: &str, record: &[u8]) {
    let mut tx = world.db.begin().await.unwrap();
    let sql = "UPDATE instruments SET record = $1 WHERE source_id = $2";
    assert_eq!(tx.execute(sql, binds![record, source]).await.unwrap(), 1);
    tx.commit().await.unwrap();
}

async fn nothing_works_with(world: &World, method: &str, what: &str) {
    let order = world.payment(method, true);
    for answer in [
        world.forward(&order).await,
        world.resolve(method).await,
        world
            .ask(
                "methods/expiry",
                json!({"account": ACCOUNT, "method": method, "exp_month": 1, "exp_year": 2032}),
            )
            .await,
    ] {
        assert_eq!(answer.status, 500, "{what}: {answer:?}");
    }
    assert_eq!(world.recorded(&order).await, None, "{what}");
    assert_eq!(world.processor.count(), 0, "{what}");
}

#[tokio::test]
async fn swapped_records_do_not_open() {
    for world in worlds().await {
        let methods = [world.kept(VISA).await, world.kept(AMEX).await];
        let before = rows(&world).await;
        let (first, second) = (&before[0], &before[1]);
        put_record(&world, &first.text("source_id").unwrap(), &second.bytes("record").unwrap()).await;
        put_record(&world, &second.text("source_id").unwrap(), &first.bytes("record").unwrap()).await;
        for method in &methods {
            nothing_works_with(&world, method, "swapped").await;
        }
        for row in &before {
            put_record(&world, &row.text("source_id").unwrap(), &row.bytes("record").unwrap()).await;
        }
        for method in &methods {
            assert_eq!(world.forward(&world.payment(method, true)).await.json()["result"], "answered");
        }
    }
}

#[tokio::test]
async fn a_row_renamed_to_another_method_source_or_account_does_not_open() {
    for world in worlds().await {
        let method = world.kept(VISA).await;
        let source = rows(&world).await[0].text("source_id").unwrap();
        for (sql, back) in [
            (
                "UPDATE instruments SET source_id = 'tok_other' WHERE source_id = $1",
                "UPDATE instruments SET source_id = $1 WHERE source_id = 'tok_other'",
            ),
            (
                "UPDATE instruments SET account_id = 'acct_0000000AC0123456789abcdefghijkl' WHERE source_id = $1",
                "UPDATE instruments SET account_id = 'acct_0000000AB0123456789abcdefghijkl' WHERE source_id = $1",
            ),
        ] {
            let mut tx = world.db.begin().await.unwrap();
            assert_eq!(tx.execute(sql, binds![&source]).await.unwrap(), 1);
            tx.commit().await.unwrap();
            let account = if sql.contains("account_id") { crate::world::OTHER } else { ACCOUNT };
            let mut order = world.payment(&method, false);
            order["account"] = json!(account);
            assert_eq!(world.forward(&order).await.status, 500, "{sql}");
            let mut tx = world.db.begin().await.unwrap();
            assert_eq!(tx.execute(back, binds![&source]).await.unwrap(), 1);
            tx.commit().await.unwrap();
        }
        assert_eq!(world.processor.count(), 0);
        assert_eq!(world.resolve(&method).await.status, 200);
    }
}

#[tokio::test]
async fn every_flipped_byte_is_noticed() {
    for world in worlds().await {
        let method = world.kept(VISA).await;
        let row = rows(&world).await.remove(0);
        let (source, record) = (row.text("source_id").unwrap(), row.bytes("record").unwrap());
        for place in 0..record.len() {
            let mut flipped = record.clone();
            flipped[place] ^= 1;
            put_record(&world, &source, &flipped).await;
            assert_eq!(world.resolve(&method).await.status, 500, "byte {place}");
        }
        nothing_works_with(&world, &method, "flipped").await;
        put_record(&world, &source, &record[..record.len() - 1]).await;
        nothing_works_with(&world, &method, "cut").await;
        put_record(&world, &source, &[]).await;
        nothing_works_with(&world, &method, "empty").await;
    }
}

#[tokio::test]
async fn a_source_whose_record_does_not_open_is_not_kept() {
    for world in worlds().await {
        let token = world.token(VISA).await;
        put_record(&world, &token, b"nonsense").await;
        assert_eq!(world.redeem(&token, &world.method_id()).await.status, 500);
        assert_eq!(rows(&world).await[0].opt_text("method_id").unwrap(), None);
    }
}
