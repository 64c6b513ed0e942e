//! What has had its time is forgotten, and nothing else.

use onfile_core::ids::Id;
use onfile_server::forget;
use onfile_service::binds;

use crate::support::{Server, servers};

const HOUR_MS: i64 = 3_600_000;

async fn session(server: &Server, name: &str, last_seen: i64, expires: i64) {
    let mut tx = server.app.db.begin().await.unwrap();
    tx.execute(
        "INSERT INTO sessions (account_id, digest, subject, csrf, created, last_seen, expires, doc) \
         VALUES ($1, $2, $3, 'x', $4, $4, $5, '{}')",
        binds![server.merchant.account.id.as_str(), name.as_bytes(), name, last_seen, expires],
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
}

async fn sign_in(server: &Server, name: &str, expires: i64, used: Option<i64>) {
    let mut tx = server.app.db.begin().await.unwrap();
    tx.execute(
        "INSERT INTO sign_ins (account_id, digest, subject, expires, used) VALUES ($1, $2, $3, $4, $5)",
        binds![server.merchant.account.id.as_str(), name.as_bytes(), name, expires, used],
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
}

async fn left(server: &Server, sql: &'static str) -> Vec<String> {
    let rows = server.app.db.read().await.unwrap().query(sql, &[]).await.unwrap();
    rows.iter().map(|row| row.text("subject").unwrap()).collect()
}

#[tokio::test]
async fn ended_sessions_and_used_or_old_sign_ins_are_forgotten() {
    for server in servers().await {
        let now = server.app.now_ms();
        session(&server, "alive", now, now + HOUR_MS).await;
        session(&server, "over", now, now).await;
        session(&server, "unused", now - 12 * HOUR_MS, now + HOUR_MS).await;
        sign_in(&server, "waiting", now + HOUR_MS, None).await;
        sign_in(&server, "used", now + HOUR_MS, Some(now)).await;
        sign_in(&server, "late", now, None).await;
        assert_eq!(forget::round(&server.app).await.unwrap(), 4);
        assert_eq!(left(&server, "SELECT subject FROM sessions").await, ["alive"]);
        assert_eq!(left(&server, "SELECT subject FROM sign_ins").await, ["waiting"]);
        assert_eq!(forget::round(&server.app).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn more_than_one_transaction_can_take_is_forgotten_in_one_round() {
    let server = servers().await.swap_remove(0);
    let now = server.app.now_ms();
    let mut tx = server.app.db.begin().await.unwrap();
    for n in 0..1_500_u32 {
        tx.execute(
            "INSERT INTO sign_ins (account_id, digest, subject, expires, used) VALUES ($1, $2, 'x', $3, NULL)",
            binds![server.merchant.account.id.as_str(), &n.to_be_bytes()[..], now - 1],
        )
        .await
        .unwrap();
    }
    tx.commit().await.unwrap();
    assert_eq!(forget::round(&server.app).await.unwrap(), 1_500);
}
