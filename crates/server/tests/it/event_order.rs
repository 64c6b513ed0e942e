//! The order of an account's events, as a reader with a cursor sees it.

use std::sync::Arc;

use jiff::SignedDuration;
use onfile_core::ids::{EventId, id_bound};
use onfile_server::event_order::{Reach, round};
use onfile_server::model::customer::Customer;
use onfile_server::model::event::Snapshot;
use onfile_server::payments::Cause;
use onfile_server::store::event_order;
use onfile_server::store::events::{self, News};
use onfile_service::db::{Engine, Tx};
use serde_json::{Value, json};

use crate::support::{Reply, Server, send, servers};

async fn page(server: &Server, after: i64, limit: &str) -> Reply {
    server.get("/v1/onfile/events", &[("after", &after.to_string()), ("limit", limit)]).await.ok()
}

fn sequences(page: &Reply) -> Vec<i64> {
    let of = |event: &Value| event["onfile"]["sequence"].as_i64().unwrap();
    page.body["data"].as_array().unwrap().iter().map(of).collect()
}

/// Reads everything, page by page, as a consumer does.
async fn everything(server: &Server) -> Vec<Value> {
    let (mut after, mut all) = (0, Vec::new());
    loop {
        let page = page(server, after, "7").await;
        all.extend(page.body["data"].as_array().unwrap().iter().cloned());
        let Some(last) = sequences(&page).last().copied() else { return all };
        after = last;
        if page.at("has_more") == json!(false) {
            return all;
        }
    }
}

/// Writes an event within a transaction of the test's; answers the customer it is about.
async fn tell(server: &Server, tx: &mut Tx) -> String {
    let app = &server.app;
    let customer = Customer::new(app.ids.next(), app.now_seconds(), "X".to_owned());
    let (id, snapshot) = (customer.id.to_string(), Snapshot::Customer(customer));
    let cause = Cause::worker(server.merchant.account.clone());
    let news = News { kind: "customer.created", version: 1, snapshot: &snapshot, before: None };
    events::append(tx, app, &cause, &news).await.unwrap();
    id
}

#[tokio::test]
async fn events_are_read_from_a_number_on_in_order_with_whole_objects() {
    for server in servers().await {
        server.customer_with_card("pm_card_visa").await;
        for name in ["a", "b", "c", "d", "e", "f", "g", "h"] {
            server.post("/v1/customers", &[("name", name)]).await.ok();
        }
        assert_eq!(page(&server, 0, "100").await.at("data"), json!([]), "nothing is numbered yet");
        assert_eq!(round(&server.app, Reach::Active).await.unwrap(), 10);
        assert_eq!(round(&server.app, Reach::All).await.unwrap(), 0, "an event is numbered once");
        let all = everything(&server).await;
        let numbers: Vec<i64> = all.iter().map(|e| e["onfile"]["sequence"].as_i64().unwrap()).collect();
        assert_eq!(numbers, (1..=10).collect::<Vec<i64>>());
        for event in &all {
            let path = format!("/v1/events/{}", event["id"].as_str().unwrap());
            assert_eq!(server.get(&path, &[]).await.ok().body, *event);
        }
        assert_eq!(all[9]["data"]["object"]["name"], "h");
        assert_eq!(sequences(&page(&server, 3, "2").await), [4, 5]);
        assert_eq!(page(&server, 3, "2").await.at("has_more"), json!(true));
        assert_eq!(page(&server, 10, "2").await.at("has_more"), json!(false));
        for (pairs, param) in [
            ([("after", "-1")], "after"),
            ([("after", "x")], "after"),
            ([("limit", "0")], "limit"),
            ([("limit", "101")], "limit"),
            ([("type", "charge.succeeded")], "type"),
        ] {
            let refused = server.get("/v1/onfile/events", &pairs).await;
            assert_eq!((refused.status, refused.at("error/param")), (400, json!(param)));
        }
    }
}

#[tokio::test]
async fn an_event_that_is_committed_late_comes_after_what_was_read_and_is_not_missed() {
    for server in servers().await {
        if server.app.db.engine() == Engine::Sqlite {
            // One writer: what begins earlier commits earlier there.
            continue;
        }
        let app = &server.app;
        let mut slow = app.db.begin().await.unwrap();
        let slow_customer = tell(&server, &mut slow).await;
        let mut quick = app.db.begin().await.unwrap();
        let quick_customer = tell(&server, &mut quick).await;
        quick.commit().await.unwrap();
        assert_eq!(round(app, Reach::Active).await.unwrap(), 1);
        let first = page(&server, 0, "10").await;
        assert_eq!((sequences(&first), first.at("data/0/data/object/id")), (vec![1], json!(quick_customer)));
        slow.commit().await.unwrap();
        for reach in [Reach::Active, Reach::Recent, Reach::All] {
            round(app, reach).await.unwrap();
        }
        let next = page(&server, 1, "10").await;
        assert_eq!((sequences(&next), next.at("data/0/data/object/id")), (vec![2], json!(slow_customer)));
        // By id it is the older one: a reader who had gone on by ids would have missed it.
        let ids = |page: &Reply| page.text("data/0/id");
        assert!(ids(&next) < ids(&first));
    }
}

#[tokio::test]
async fn what_another_process_left_behind_is_numbered_and_what_is_settled_is_not_searched_again() {
    for server in servers().await {
        let id = server.post("/v1/customers", &[]).await.ok().id();
        // This process knows of no activity, and the event is older than an hour to it.
        let later = server.another_process(SignedDuration::from_hours(1)).await;
        assert_eq!(round(&later, Reach::Active).await.unwrap(), 0);
        assert_eq!(round(&later, Reach::Recent).await.unwrap(), 0);
        assert_eq!(round(&later, Reach::All).await.unwrap(), 1);
        assert_eq!(page(&server, 0, "10").await.at("data/0/data/object/id"), json!(id));
        let mut tx = server.app.db.read().await.unwrap();
        let head = event_order::head(&mut tx, &server.merchant.account.id).await.unwrap();
        assert!(head.settled > id_bound::<EventId>(server.app.now_seconds()));
    }
}

#[tokio::test]
async fn two_processes_that_number_at_the_same_time_give_each_number_once() {
    for server in servers().await {
        let server = Arc::new(server);
        let other = server.another_process(SignedDuration::ZERO).await;
        let writing = tokio::spawn({
            let server = Arc::clone(&server);
            async move {
                for _ in 0..60 {
                    server.post("/v1/customers", &[]).await.ok();
                }
            }
        });
        let mut numbered = 0;
        while !writing.is_finished() {
            let (a, b) = tokio::join!(round(&server.app, Reach::Recent), round(&other, Reach::Recent));
            numbered += a.unwrap() + b.unwrap();
        }
        writing.await.unwrap();
        numbered += round(&other, Reach::All).await.unwrap();
        assert_eq!(numbered, 60);
        let all = everything(&server).await;
        let numbers: Vec<i64> = all.iter().map(|e| e["onfile"]["sequence"].as_i64().unwrap()).collect();
        assert_eq!(numbers, (1..=60).collect::<Vec<i64>>());
        let mut ids: Vec<&str> = all.iter().map(|e| e["id"].as_str().unwrap()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 60);
    }
}

#[tokio::test]
async fn each_account_has_an_order_of_its_own() {
    for server in servers().await {
        let other = crate::support::merchant(&server.app, "Other", false).await;
        server.post("/v1/customers", &[]).await.ok();
        send(server.with(&other.secret, "POST", "/v1/customers", &[])).await.ok();
        assert_eq!(round(&server.app, Reach::All).await.unwrap(), 2);
        let theirs = send(server.with(&other.secret, "GET", "/v1/onfile/events", &[])).await.ok();
        assert_eq!(sequences(&theirs), [1]);
        assert_eq!(sequences(&page(&server, 0, "10").await), [1]);
    }
}
