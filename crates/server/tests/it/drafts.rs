//! What waits for an invoice, and invoices that are no more than drafts.

use serde_json::json;

use crate::support::{Reply, Server, send, servers};

async fn delete(server: &Server, path: &str) -> Reply {
    send(server.with(&server.merchant.secret, "DELETE", path, &[])).await
}

/// A customer with an item that waits.
async fn waiting(server: &Server) -> (String, String) {
    let (customer, _) = server.customer_with_card("pm_card_visa").await;
    let item =
        [("customer", customer.as_str()), ("amount", "700"), ("currency", "eur"), ("description", "one")];
    let item = server.post("/v1/invoiceitems", &item).await.ok().id();
    (customer, item)
}

async fn draft_of(server: &Server, customer: &str) -> String {
    let ask = [("customer", customer), ("pending_invoice_items_behavior", "include")];
    server.post("/v1/invoices", &ask).await.ok().id()
}

#[tokio::test]
async fn an_item_is_changed_with_its_line_until_its_invoice_is_final() {
    for server in servers().await {
        let (customer, item) = waiting(&server).await;
        let path = format!("/v1/invoiceitems/{item}");
        let change =
            [("amount", "800"), ("metadata[a]", "b"), ("period[start]", "100"), ("period[end]", "200")];
        let changed = server.post(&path, &change).await.ok();
        assert_eq!((changed.at("amount"), changed.at("period/end")), (json!(800), json!(200)));
        assert_eq!((changed.at("currency"), changed.at("description")), (json!("eur"), json!("one")));
        let invoice = draft_of(&server, &customer).await;
        server.post(&path, &[("amount", "900"), ("description", "two")]).await.ok();
        let shown = server.get(&format!("/v1/invoices/{invoice}"), &[]).await.ok();
        assert_eq!((shown.at("total"), shown.at("currency")), (json!(900), json!("eur")));
        assert_eq!(shown.at("lines/data/0/description"), "two");
        let other = server.post(&path, &[("amount", "1"), ("currency", "usd")]).await;
        assert_eq!((other.status, other.at("error/param")), (400, json!("currency")));
        server.post(&format!("/v1/invoices/{invoice}/finalize"), &[]).await.ok();
        for reply in [server.post(&path, &[("amount", "1")]).await, delete(&server, &path).await] {
            assert_eq!((reply.status, reply.at("error/code")), (400, json!("invoice_not_editable")));
        }
        assert_eq!(server.get(&path, &[]).await.ok().at("amount"), 900);
    }
}

#[tokio::test]
async fn a_deleted_item_is_billed_to_nobody() {
    for server in servers().await {
        let (customer, item) = waiting(&server).await;
        let invoice = draft_of(&server, &customer).await;
        assert_eq!(delete(&server, &format!("/v1/invoiceitems/{item}")).await.ok().at("deleted"), true);
        assert_eq!(server.get(&format!("/v1/invoiceitems/{item}"), &[]).await.status, 404);
        let shown = server.get(&format!("/v1/invoices/{invoice}"), &[]).await.ok();
        assert_eq!((shown.at("total"), shown.at("lines/data")), (json!(0), json!([])));
    }
}

#[tokio::test]
async fn a_deleted_draft_lets_items_wait_again_but_those_that_were_made_for_it() {
    for server in servers().await {
        let (customer, item) = waiting(&server).await;
        let invoice = draft_of(&server, &customer).await;
        let own = [("customer", customer.as_str()), ("amount", "100"), ("invoice", &invoice)];
        let own = server.post("/v1/invoiceitems", &own).await.ok();
        assert_eq!(own.at("currency"), "eur", "that of its invoice");
        assert_eq!(delete(&server, &format!("/v1/invoices/{invoice}")).await.ok().at("deleted"), true);
        assert_eq!(server.get(&format!("/v1/invoices/{invoice}"), &[]).await.status, 404);
        assert_eq!(server.get(&format!("/v1/invoiceitems/{}", own.id()), &[]).await.status, 404);
        let waits = server.get(&format!("/v1/invoiceitems/{item}"), &[]).await.ok();
        assert_eq!(waits.at("invoice"), json!(null));
        let next = draft_of(&server, &customer).await;
        let shown = server.get(&format!("/v1/invoices/{next}"), &[]).await.ok();
        assert_eq!(shown.at("total"), 700);
        server.post(&format!("/v1/invoices/{next}/finalize"), &[]).await.ok();
        let refused = delete(&server, &format!("/v1/invoices/{next}")).await;
        assert_eq!((refused.status, refused.at("error/code")), (400, json!("invoice_not_editable")));
        let told = server.get("/v1/events", &[("type", "invoice.deleted")]).await.ok();
        assert_eq!(told.at("data/0/data/object/id"), invoice);
    }
}

#[tokio::test]
async fn lines_are_paged() {
    for server in servers().await {
        let (customer, _) = waiting(&server).await;
        let invoice = draft_of(&server, &customer).await;
        for amount in ["1", "2"] {
            let item = [("customer", customer.as_str()), ("amount", amount), ("invoice", invoice.as_str())];
            server.post("/v1/invoiceitems", &item).await.ok();
        }
        let path = format!("/v1/invoices/{invoice}/lines");
        let all = server.get(&path, &[]).await.ok();
        assert_eq!(all.body["data"].as_array().unwrap().len(), 3);
        let first = all.text("data/0/id");
        let next = server.get(&path, &[("limit", "1"), ("starting_after", &first)]).await.ok();
        assert_eq!((next.at("data/0"), next.at("has_more")), (all.at("data/1"), json!(true)));
    }
}

#[tokio::test]
async fn an_amount_without_a_price_is_shown_with_an_inactive_one() {
    for server in servers().await {
        let (customer, item) = waiting(&server).await;
        let shown = server.get(&format!("/v1/invoiceitems/{item}"), &[]).await.ok();
        let (price, product) =
            (shown.text("pricing/price_details/price"), shown.text("pricing/price_details/product"));
        let found = server.get(&format!("/v1/prices/{price}"), &[("expand[]", "product")]).await.ok();
        assert_eq!((found.at("active"), found.at("unit_amount")), (json!(false), json!(700)));
        assert_eq!((found.at("product/id"), found.at("product/name")), (json!(product), json!("one")));
        let found = server.get(&format!("/v1/products/{product}"), &[]).await.ok();
        assert_eq!((found.at("active"), found.at("name")), (json!(false), json!("one")));
        let invoice = draft_of(&server, &customer).await;
        let lines = server.get(&format!("/v1/invoices/{invoice}/lines"), &[]).await.ok();
        assert_eq!(lines.at("data/0/pricing/price_details/price"), price);
        for path in ["/v1/prices/price_none", "/v1/products/prod_none"] {
            assert_eq!(server.get(path, &[]).await.status, 404);
        }
    }
}
