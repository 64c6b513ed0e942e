//! Payment methods: attached, labelled, changed, listed, removed.

use serde_json::json;

use crate::support::{servers, vault::fresh_source};

/// An id as the vault makes them.
fn vault_id(server: &crate::support::Server) -> String {
    server.app.ids.next::<onfile_core::ids::PaymentMethodId>().to_string()
}

#[tokio::test]
async fn attaching_redeems_labels_and_keeps_the_merchants_word_for_the_consent() {
    for server in servers().await {
        let id = vault_id(&server);
        fresh_source(&server.vault, &id);
        let seen = server.get(&format!("/v1/payment_methods/{id}"), &[]).await.ok();
        assert_eq!((seen.at("customer"), seen.at("card/last4")), (json!(null), json!("4242")));
        let customer = server.post("/v1/customers", &[]).await.ok().id();
        let attach = format!("/v1/payment_methods/{id}/attach");
        let method = server.post(&attach, &[("customer", &customer)]).await.ok();
        assert_eq!(method.id(), id);
        assert_eq!(method.at("customer"), json!(customer));
        assert_eq!(method.at("onfile/label"), "C1001-424242-4242");
        assert_eq!(method.at("onfile/expired"), json!(false));
        assert!(method.text("onfile/consent").starts_with("cons_"));
        assert_eq!(server.post(&attach, &[("customer", &customer)]).await.ok().id(), id, "again is the same");
        let other = server.post("/v1/customers", &[]).await.ok().id();
        assert_eq!(server.post(&attach, &[("customer", &other)]).await.status, 400);
        let events = server.get("/v1/events", &[("type", "payment_method.attached")]).await.ok();
        assert_eq!(events.at("data").as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_named_test_method_becomes_a_new_one_each_time() {
    for server in servers().await {
        let (_, first) = server.customer_with_card("pm_card_visa").await;
        let (_, second) = server.customer_with_card("pm_card_visa").await;
        assert_ne!(first, second);
        assert!(first.len() > 30);
    }
}

#[tokio::test]
async fn a_server_turns_a_token_into_a_method() {
    for server in servers().await {
        fresh_source(&server.vault, "tok_1");
        let made = server
            .post(
                "/v1/payment_methods",
                &[("type", "card"), ("card[token]", "tok_1"), ("billing_details[email]", "a@b.example")],
            )
            .await
            .ok();
        assert_eq!(made.at("billing_details/email"), "a@b.example");
        let again = server.post("/v1/payment_methods", &[("type", "card"), ("card[token]", "tok_1")]).await;
        assert_eq!((again.status, again.at("error/code")), (400, json!("token_already_used")));
        let none = server.post("/v1/payment_methods", &[("type", "card"), ("card[token]", "tok_2")]).await;
        assert_eq!((none.status, none.at("error/param")), (400, json!("card[token]")));
    }
}

#[tokio::test]
async fn what_may_be_changed_is_changed_and_the_expiry_at_the_vault_too() {
    for server in servers().await {
        let (_, method) = server.customer_with_card("pm_card_visa").await;
        let path = format!("/v1/payment_methods/{method}");
        let changed = server
            .post(
                &path,
                &[
                    ("card[exp_month]", "3"),
                    ("card[exp_year]", "2035"),
                    ("billing_details[address][city]", "Bonn"),
                    ("metadata[a]", "b"),
                    ("allow_redisplay", "always"),
                ],
            )
            .await
            .ok();
        assert_eq!((changed.at("card/exp_month"), changed.at("card/exp_year")), (json!(3), json!(2035)));
        assert_eq!(changed.at("billing_details/address/city"), "Bonn");
        assert_eq!(changed.at("billing_details/name"), "Jenny Rosen");
        assert_eq!(server.get(&path, &[]).await.ok().body, changed.body);
        for (name, value) in
            [("card[exp_year]", "2001"), ("card[exp_year]", "2099"), ("card[exp_month]", "13")]
        {
            let refused = server.post(&path, &[(name, value)]).await;
            assert_eq!((refused.status, refused.at("error/param")), (400, json!(name)), "{value}");
        }
    }
}

#[tokio::test]
async fn a_detached_method_is_gone_for_good_and_nobodys_default() {
    for server in servers().await {
        let (customer, method) = server.customer_with_card("pm_card_visa").await;
        let customer_path = format!("/v1/customers/{customer}");
        let default = [("invoice_settings[default_payment_method]", method.as_str())];
        let set = server.post(&customer_path, &default).await.ok();
        assert_eq!(set.at("invoice_settings/default_payment_method"), json!(method));
        let detached = server.post(&format!("/v1/payment_methods/{method}/detach"), &[]).await.ok();
        assert_eq!(detached.at("customer"), json!(null));
        assert_eq!(
            server.get(&customer_path, &[]).await.ok().at("invoice_settings/default_payment_method"),
            json!(null)
        );
        assert_eq!(server.post(&format!("/v1/payment_methods/{method}/detach"), &[]).await.status, 400);
        let again =
            server.post(&format!("/v1/payment_methods/{method}/attach"), &[("customer", &customer)]).await;
        assert_eq!(again.status, 400);
        let list = server.get(&format!("{customer_path}/payment_methods"), &[]).await.ok();
        assert_eq!(list.at("data"), json!([]));
        assert_eq!(server.post(&customer_path, &default).await.status, 400);
    }
}

#[tokio::test]
async fn methods_are_listed_by_customer_and_type() {
    for server in servers().await {
        let (customer, method) = server.customer_with_card("pm_card_visa").await;
        let (_, other) = server.customer_with_card("pm_card_visa").await;
        for (path, filter, want) in [
            ("/v1/payment_methods".to_owned(), vec![("customer", customer.as_str())], vec![&method]),
            (
                "/v1/payment_methods".to_owned(),
                vec![("customer", customer.as_str()), ("type", "card")],
                vec![&method],
            ),
            (
                "/v1/payment_methods".to_owned(),
                vec![("customer", customer.as_str()), ("type", "us_bank_account")],
                vec![],
            ),
            (format!("/v1/customers/{customer}/payment_methods"), vec![("type", "card")], vec![&method]),
            ("/v1/payment_methods".to_owned(), vec![], vec![&other, &method]),
        ] {
            let list = server.get(&path, &filter).await.ok();
            let ids: Vec<String> = list
                .at("data")
                .as_array()
                .unwrap()
                .iter()
                .map(|m| m["id"].as_str().unwrap().to_owned())
                .collect();
            assert_eq!(ids.iter().collect::<Vec<_>>(), want, "{path} {filter:?}");
        }
        let one = format!("/v1/customers/{customer}/payment_methods/{method}");
        assert_eq!(server.get(&one, &[]).await.ok().id(), method);
        assert_eq!(
            server.get(&format!("/v1/customers/{customer}/payment_methods/{other}"), &[]).await.status,
            404
        );
    }
}
