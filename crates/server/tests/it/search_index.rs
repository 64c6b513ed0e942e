//! The index behind searches: what is new, what changed, what is erased; and that it decides nothing.

use onfile_core::ids::{CustomerId, Id};
use onfile_server::model::payment_intent::PaymentIntent;
use onfile_server::search::Searched;
use onfile_server::search::find::{Bounds, find};
use onfile_server::store::search;
use onfile_server::wire::search::parse;
use serde_json::json;

use crate::support::search::world;
use crate::support::{Server, send, servers};

/// No ids.
const NOTHING: [&str; 0] = [];

async fn terms(server: &Server) -> i64 {
    server.rows("SELECT COUNT(*) AS n FROM search_terms").await
}

async fn run(server: &Server, sql: &'static str) {
    let mut tx = server.app.db.begin().await.unwrap();
    tx.execute(sql, &[]).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn what_changed_is_never_found_by_what_it_was_and_soon_by_what_it_is() {
    for server in servers().await {
        let id = server.post("/v1/customers", &[("email", "old@example.com")]).await.ok().id();
        server.follow().await;
        let found = async |query: &str| server.found("customers", query, "10").await;
        assert_eq!(found("email:'old@example.com'").await, [id.as_str()]);
        server.post(&format!("/v1/customers/{id}"), &[("email", "new@example.org")]).await.ok();
        assert_eq!(found("email:'old@example.com'").await, NOTHING, "the index is believed");
        assert_eq!(found("email~'old'").await, NOTHING);
        assert_eq!(found("email:'new@example.org'").await, NOTHING, "the index is not what is asked");
        let before = terms(&server).await;
        server.follow().await;
        assert_eq!(found("email:'new@example.org'").await, [id.as_str()]);
        assert_eq!(found("email~'EXAMPLE.org'").await, [id.as_str()]);
        assert_eq!(terms(&server).await, before, "the terms of one address took the place of the other's");
        server.follow().await;
        assert_eq!(server.rows("SELECT COUNT(*) AS n FROM search_changes").await, 0);
    }
}

#[tokio::test]
async fn a_change_that_no_event_tells_of_is_followed_too() {
    for server in servers().await {
        let id =
            server.post("/v1/payment_intents", &[("amount", "100"), ("currency", "usd")]).await.ok().id();
        server.follow().await;
        let path = format!("/v1/payment_intents/{id}");
        server.post(&path, &[("amount", "777"), ("metadata[order]", "7")]).await.ok();
        server.follow().await;
        for query in [
            "amount:777",
            "metadata['order']:'7'",
            "-metadata['order']:null",
            "status:'requires_payment_method'",
        ] {
            assert_eq!(server.found("payment_intents", query, "10").await, [id.as_str()], "{query}");
        }
        assert_eq!(server.found("payment_intents", "amount:100", "10").await, NOTHING);
    }
}

#[tokio::test]
async fn a_removed_card_finds_nobody() {
    for server in servers().await {
        let (customer, method) = server.customer_with_card("pm_card_visa").await;
        let number = server.get(&format!("/v1/customers/{customer}"), &[]).await.ok().text("invoice_prefix");
        server.follow().await;
        let label = format!("onfile.label:'{number}-424242-4242'");
        let card = "onfile.card.first6:'424242' AND onfile.card.last4:'4242'";
        for query in [label.as_str(), &label.to_lowercase(), card] {
            assert_eq!(server.found("customers", query, "10").await, [customer.as_str()], "{query}");
        }
        let before = terms(&server).await;
        server.post(&format!("/v1/payment_methods/{method}/detach"), &[]).await.ok();
        for query in [label.as_str(), card] {
            assert_eq!(server.found("customers", query, "10").await, NOTHING, "{query}");
        }
        server.follow().await;
        assert_eq!(before - terms(&server).await, 3, "first six, last four and label stay behind");
    }
}

#[tokio::test]
async fn an_erased_person_is_out_of_the_index_in_the_same_moment_and_for_good() {
    for server in servers().await {
        let person = [("email", "ada@example.com"), ("name", "Ada"), ("metadata[a]", "b")];
        let id = server.post("/v1/customers", &person).await.ok().id();
        server.follow().await;
        let account = &server.merchant.account.id;
        let mut tx = server.app.db.read().await.unwrap();
        let prepared = search::progress(&mut tx, account).await.unwrap().unwrap();
        assert!(search::documents(&mut tx, account, &[&id]).await.unwrap()[&id].len() > 10);
        drop(tx);
        let path = format!("/v1/customers/{id}");
        send(server.with(&server.merchant.secret, "DELETE", &path, &[])).await.ok();
        for moment in ["at once", "later"] {
            assert_eq!(terms(&server).await, 0, "{moment}");
            assert_eq!(server.rows("SELECT COUNT(*) AS n FROM search_documents").await, 0, "{moment}");
            for query in ["email:'ada@example.com'", "name~'ada'", "metadata['a']:null", "created>0"] {
                assert_eq!(server.found("customers", query, "10").await, NOTHING, "{query} {moment}");
            }
            server.follow().await;
        }
        // A batch that read the person before is not written after.
        let mut tx = server.app.db.begin().await.unwrap();
        assert!(!search::advance(&mut tx, account, &prepared, 0, false).await.unwrap());
    }
}

#[tokio::test]
async fn done_again_from_the_beginning_the_index_is_the_same_and_searches_go_by_it() {
    for server in servers().await {
        let world = world(&server).await;
        server.follow().await;
        let before = terms(&server).await;
        assert!(before > 100, "{before}");
        run(&server, "UPDATE search_progress SET position = 0").await;
        server.follow().await;
        assert_eq!(terms(&server).await, before);
        // Whoever was broken off right before the terms were written begins from an index that has none.
        run(&server, "DELETE FROM search_terms").await;
        assert_eq!(server.found("charges", "currency:'eur'", "10").await, NOTHING, "nobody asked the index");
        run(&server, "DELETE FROM search_documents").await;
        run(&server, "UPDATE search_progress SET position = 0, complete = 0").await;
        let found = server.found("charges", "currency:'eur'", "10").await;
        assert_eq!(world.names(&found), ["held's charge"], "what is not complete is asked");
        server.follow().await;
        assert_eq!(terms(&server).await, before);
    }
}

#[tokio::test]
async fn two_that_follow_at_the_same_time_write_one_index() {
    for server in servers().await {
        let world = world(&server).await;
        server.follow().await;
        let before = terms(&server).await;
        for table in
            ["DELETE FROM search_terms", "DELETE FROM search_documents", "DELETE FROM search_progress"]
        {
            run(&server, table).await;
        }
        let another = server.another_process(jiff::SignedDuration::ZERO).await;
        let (one, two) = tokio::join!(
            onfile_server::search::follow::round(&server.app),
            onfile_server::search::follow::round(&another)
        );
        assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
        server.follow().await;
        assert_eq!(terms(&server).await, before);
        let found = server.found("customers", "email~'example.c'", "10").await;
        assert_eq!(world.names(&found), ["ada", "bob", "deb", "jen"]);
    }
}

#[tokio::test]
async fn a_page_looks_at_so_many_and_no_more_and_the_pages_together_miss_nothing() {
    for server in servers().await {
        let mut wanted = Vec::new();
        for i in 0..60 {
            let currency = if i % 20 == 7 { "eur" } else { "usd" };
            let amount = if i % 3 == 0 { "300" } else { "100" };
            let pairs = [("amount", amount), ("currency", currency)];
            let id = server.post("/v1/payment_intents", &pairs).await.ok().id();
            if i % 20 == 7 {
                wanted.insert(0, id);
            }
        }
        let account = &server.merchant.account.id;
        let bounds = Bounds { objects_enough: 4, objects_max: 9, entries_enough: 4, entries_max: 9 };
        for phase in ["one by one", "by the index"] {
            for text in [
                "currency:'eur'",
                "-currency:'usd'",
                "currency:'eur' OR amount>9999",
                "amount:300 currency:'eur'",
                "currency:'eur' OR amount:300",
            ] {
                let query = parse(text, PaymentIntent::FIELDS).unwrap();
                let (mut below, mut seen) = (None::<String>, Vec::new());
                let mut pages = 0;
                loop {
                    let mut tx = server.app.db.read().await.unwrap();
                    let page = (below.as_deref(), 2);
                    let found = find::<PaymentIntent>(&mut tx, &server.app, account, &query, page, bounds)
                        .await
                        .unwrap();
                    assert!(found.objects.len() <= 2);
                    seen.extend(found.objects.iter().map(|object| object.id.as_str().to_owned()));
                    pages += 1;
                    let Some(next) = found.next else { break };
                    assert!(below.is_none_or(|below| next < below), "{text} goes back, {phase}");
                    below = Some(next);
                }
                assert!(pages <= 40, "{text}: {pages} pages");
                let all = server.found("payment_intents", text, "100").await;
                assert_eq!(seen, all, "{text}, {phase}");
                if !text.contains("300") {
                    assert_eq!(all, wanted, "{text}, {phase}");
                }
            }
            server.follow().await;
        }
    }
}

#[tokio::test]
async fn an_id_that_is_marked_and_does_not_exist_is_looked_at_once() {
    for server in servers().await {
        server.post("/v1/customers", &[]).await.ok();
        let account = &server.merchant.account.id;
        let mut tx = server.app.db.begin().await.unwrap();
        let nobody: CustomerId = server.app.ids.next();
        search::mark(&mut tx, &server.app, account, &nobody).await.unwrap();
        tx.commit().await.unwrap();
        server.follow().await;
        assert_eq!(server.rows("SELECT COUNT(*) AS n FROM search_changes").await, 0);
        assert_eq!(server.search("customers", "created>0", &[]).await.ok().at("data/1"), json!(null));
        assert!(nobody.as_str().starts_with("cus_"));
    }
}
