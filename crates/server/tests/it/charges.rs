//! Charges: what may be written about them, and captures by their own id.

use serde_json::json;

use crate::support::{Server, servers};

async fn charge(server: &Server, capture: &str) -> String {
    let (customer, method) = server.customer_with_card("pm_card_visa").await;
    let pairs = [
        ("amount", "1000"),
        ("currency", "usd"),
        ("capture_method", capture),
        ("customer", customer.as_str()),
        ("payment_method", method.as_str()),
        ("transfer_group", "order-7"),
        ("confirm", "true"),
    ];
    server.post("/v1/payment_intents", &pairs).await.ok().text("latest_charge")
}

#[tokio::test]
async fn what_is_written_about_a_charge_is_changed() {
    for server in servers().await {
        let path = format!("/v1/charges/{}", charge(&server, "automatic").await);
        assert_eq!(server.get(&path, &[]).await.ok().at("transfer_group"), "order-7");
        let change = [
            ("description", "Order 7"),
            ("metadata[order]", "7"),
            ("receipt_email", "a@shop.example"),
            ("shipping[name]", "J"),
            ("shipping[address][city]", "Bern"),
        ];
        let changed = server.post(&path, &change).await.ok();
        assert_eq!((changed.at("description"), changed.at("metadata/order")), (json!("Order 7"), json!("7")));
        assert_eq!(server.get(&path, &[]).await.ok().body, changed.body);
        let told = server.get("/v1/events", &[("type", "charge.updated")]).await.ok();
        assert_eq!(told.at("data/0/data/previous_attributes/description"), json!(null));
        assert_eq!(told.at("data/0/data/previous_attributes/metadata/order"), json!(null));
        assert_eq!(server.post("/v1/charges/ch_none", &[]).await.status, 404);
        let amount = server.post(&path, &[("amount", "1")]).await;
        assert_eq!(amount.at("error/code"), "parameter_unknown");
    }
}

#[tokio::test]
async fn an_authorised_charge_is_captured_once() {
    for server in servers().await {
        let id = charge(&server, "manual").await;
        let shown = server.get(&format!("/v1/charges/{id}"), &[]).await.ok();
        let before = shown.at("payment_method_details/card/capture_before").as_i64().unwrap();
        assert_eq!(before - shown.at("created").as_i64().unwrap(), 7 * 86_400);
        let path = format!("/v1/charges/{id}/capture");
        let more = server.post(&path, &[("amount", "1001")]).await;
        assert_eq!(more.status, 400, "{}", more.body);
        let captured = server.post(&path, &[("amount", "600")]).await.ok();
        assert_eq!((captured.at("captured"), captured.at("amount_captured")), (json!(true), json!(600)));
        let again = server.post(&path, &[]).await;
        assert_eq!((again.status, again.at("error/code")), (400, json!("charge_already_captured")));
        let refund = server.post("/v1/refunds", &[("charge", &id), ("amount", "100")]).await.ok().id();
        assert_eq!(server.post(&format!("/v1/refunds/{refund}/cancel"), &[]).await.status, 400);
    }
}
