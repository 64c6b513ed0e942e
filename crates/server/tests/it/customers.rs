//! Customers: made, read, changed, listed, erased.

use serde_json::json;

use crate::support::servers;

#[tokio::test]
async fn a_customer_is_kept_changed_and_read_back_whole() {
    for server in servers().await {
        let made = server
            .post(
                "/v1/customers",
                &[
                    ("name", "Jenny Rosen"),
                    ("email", "jenny@example.com"),
                    ("metadata[order]", "6735"),
                    ("metadata[gone]", "soon"),
                    ("address[line1]", "1 Main St"),
                    ("address[country]", "US"),
                    ("shipping[name]", "Jenny"),
                    ("shipping[address][line1]", "2 Side St"),
                    ("preferred_locales[]", "de"),
                    ("preferred_locales[]", "en"),
                ],
            )
            .await
            .ok();
        let id = made.id();
        assert_eq!(made.at("preferred_locales"), json!(["de", "en"]));
        assert_eq!(made.at("shipping/address/line1"), "2 Side St");
        let changed = server
            .post(
                &format!("/v1/customers/{id}"),
                &[
                    ("name", ""),
                    ("metadata[gone]", ""),
                    ("metadata[new]", "1"),
                    ("tax_exempt", "exempt"),
                    ("address", ""),
                ],
            )
            .await
            .ok();
        assert_eq!(changed.at("name"), json!(null));
        assert_eq!(changed.at("address"), json!(null));
        assert_eq!(changed.at("metadata"), json!({"new": "1", "order": "6735"}));
        assert_eq!(changed.at("tax_exempt"), "exempt");
        let read = server.get(&format!("/v1/customers/{id}"), &[]).await.ok();
        assert_eq!(read.body, changed.body);
        let emptied = server.post(&format!("/v1/customers/{id}"), &[("metadata", "")]).await.ok();
        assert_eq!(emptied.at("metadata"), json!({}));
    }
}

#[tokio::test]
async fn customers_are_numbered_from_1001_without_repetition() {
    for server in servers().await {
        let mut numbers = Vec::new();
        for _ in 0..3 {
            numbers.push(server.post("/v1/customers", &[]).await.ok().text("invoice_prefix"));
        }
        assert_eq!(numbers, ["C1001", "C1002", "C1003"]);
    }
}

#[tokio::test]
async fn deleting_erases_the_person_and_has_every_number_destroyed() {
    for server in servers().await {
        let (customer, method) = server.customer_with_card("pm_card_visa").await;
        let path = format!("/v1/customers/{customer}");
        let told = server.get("/v1/events", &[("type", "customer.created")]).await.ok().id_of_first();
        let deleted =
            crate::support::send(server.with(&server.merchant.secret, "DELETE", &path, &[])).await.ok();
        assert_eq!(deleted.body, json!({"id": customer, "object": "customer", "deleted": true}));
        assert_eq!(server.get(&path, &[]).await.ok().body, deleted.body);
        assert_eq!(server.post(&path, &[("name", "x")]).await.status, 404);
        assert_eq!(server.get(&format!("{path}/payment_methods"), &[]).await.status, 404);
        let left = server.get(&format!("/v1/payment_methods/{method}"), &[]).await.ok();
        assert_eq!(left.at("customer"), json!(null));
        assert_eq!(left.at("billing_details/name"), json!(null));
        let event = server.get(&format!("/v1/events/{told}"), &[]).await.ok();
        assert_eq!(event.at("data/object"), json!({"id": customer, "object": "customer", "deleted": true}));
        onfile_server::payments::destroy::once(&server.app).await.unwrap();
        let destroyed =
            server.vault.lock().unwrap().destroyed.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(destroyed, [method]);
    }
}

#[tokio::test]
async fn a_deletion_counts_at_once_also_while_the_vault_is_down_and_is_made_good_later() {
    for server in servers().await {
        let (customer, method) = server.customer_with_card("pm_card_visa").await;
        server.vault.lock().unwrap().down = true;
        let path = format!("/v1/customers/{customer}");
        crate::support::send(server.with(&server.merchant.secret, "DELETE", &path, &[])).await.ok();
        let refused = server
            .post(
                "/v1/payment_intents",
                &[("amount", "100"), ("currency", "usd"), ("payment_method", &method), ("confirm", "true")],
            )
            .await;
        assert_eq!(refused.status, 400, "{}", refused.body);
        assert!(onfile_server::payments::destroy::once(&server.app).await.is_err());
        server.vault.lock().unwrap().down = false;
        onfile_server::payments::destroy::once(&server.app).await.unwrap();
        assert_eq!(server.vault.lock().unwrap().destroyed.len(), 1);
    }
}
