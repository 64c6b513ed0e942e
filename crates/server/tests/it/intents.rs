//! Payment intents, setup intents and refunds through the API.

use serde_json::json;

use crate::support::{Server, servers};

async fn pay(server: &Server, source: &str, extra: &[(&str, &str)]) -> crate::support::Reply {
    let (customer, method) = server.customer_with_card(source).await;
    let mut pairs = vec![
        ("amount", "2900"),
        ("currency", "USD"),
        ("customer", customer.as_str()),
        ("payment_method", method.as_str()),
        ("confirm", "true"),
    ];
    pairs.extend_from_slice(extra);
    server.post("/v1/payment_intents", &pairs).await
}

#[tokio::test]
async fn a_payment_succeeds_and_is_refunded() {
    for server in servers().await {
        let paid =
            pay(&server, "pm_card_visa", &[("description", "Order 1"), ("metadata[order]", "1")]).await.ok();
        assert_eq!((paid.at("status"), paid.at("amount_received")), (json!("succeeded"), json!(2900)));
        let charge = server.get(&format!("/v1/charges/{}", paid.text("latest_charge")), &[]).await.ok();
        assert_eq!((charge.at("paid"), charge.at("description")), (json!(true), json!("Order 1")));
        let tail = server.merchant.account.id.to_string().replace("acct_", "");
        assert!(charge.text("receipt_url").starts_with(&format!("http://localhost:4242/receipts/{tail}_")));
        let id = paid.id();
        let refund = server.post("/v1/refunds", &[("payment_intent", &id), ("amount", "900")]).await.ok();
        assert_eq!((refund.at("status"), refund.at("amount")), (json!("succeeded"), json!(900)));
        let path = format!("/v1/refunds/{}", refund.id());
        assert_eq!(server.post(&path, &[("metadata[why]", "late")]).await.ok().at("metadata/why"), "late");
        assert_eq!(server.get(&path, &[]).await.ok().at("metadata/why"), "late");
        let too_much = server.post("/v1/refunds", &[("payment_intent", &id), ("amount", "2001")]).await;
        assert_eq!(too_much.status, 400, "{}", too_much.body);
        let listed = server.get("/v1/refunds", &[("payment_intent", &id)]).await.ok();
        assert_eq!(listed.at("data").as_array().unwrap().len(), 1);
        let charges = server.get("/v1/charges", &[("payment_intent", &id)]).await.ok();
        assert_eq!(charges.id_of_first(), charge.id());
    }
}

#[tokio::test]
async fn a_decline_is_a_card_error_with_the_intent_in_it() {
    for server in servers().await {
        let declined = pay(&server, "pm_card_chargeDeclined", &[]).await;
        assert_eq!(declined.status, 402, "{}", declined.body);
        assert_eq!(declined.at("error/type"), "card_error");
        assert_eq!(declined.at("error/decline_code"), "insufficient_funds");
        assert_eq!(declined.at("error/payment_intent/status"), "requires_payment_method");
        assert!(declined.text("error/charge").starts_with("ch_"));
        assert_eq!(declined.at("error/payment_method/object"), "payment_method");
        let id = declined.text("error/payment_intent/id");
        let read = server.get(&format!("/v1/payment_intents/{id}"), &[]).await.ok();
        assert_eq!(read.at("last_payment_error/code"), declined.at("error/code"));
    }
}

#[tokio::test]
async fn a_challenge_leads_the_customer_to_the_issuer() {
    for server in servers().await {
        let waiting =
            pay(&server, "pm_card_authenticationRequired", &[("return_url", "https://shop.example/done")])
                .await
                .ok();
        assert_eq!(waiting.at("status"), "requires_action");
        assert_eq!(waiting.at("next_action/type"), "redirect_to_url");
        assert_eq!(waiting.at("next_action/redirect_to_url/return_url"), "https://shop.example/done");
        assert!(waiting.text("next_action/redirect_to_url/url").contains("/challenge/"));
        let absent = pay(&server, "pm_card_authenticationRequired", &[("off_session", "true")]).await;
        assert_eq!((absent.status, absent.at("error/code")), (402, json!("authentication_required")));
    }
}

#[tokio::test]
async fn reserved_money_is_captured_in_part_or_released() {
    for server in servers().await {
        let held = pay(&server, "pm_card_visa", &[("capture_method", "manual")]).await.ok();
        assert_eq!(
            (held.at("status"), held.at("amount_capturable")),
            (json!("requires_capture"), json!(2900))
        );
        let path = format!("/v1/payment_intents/{}", held.id());
        let over = server.post(&format!("{path}/capture"), &[("amount_to_capture", "2901")]).await;
        assert_eq!(over.status, 400, "{}", over.body);
        let taken = server.post(&format!("{path}/capture"), &[("amount_to_capture", "1000")]).await.ok();
        assert_eq!((taken.at("status"), taken.at("amount_received")), (json!("succeeded"), json!(1000)));
        assert_eq!(taken.at("amount_capturable"), json!(0));
        assert_eq!(server.post(&format!("{path}/cancel"), &[]).await.status, 400);
        let held = pay(&server, "pm_card_visa", &[("capture_method", "manual")]).await.ok();
        let path = format!("/v1/payment_intents/{}/cancel", held.id());
        let canceled = server.post(&path, &[("cancellation_reason", "abandoned")]).await.ok();
        assert_eq!(
            (canceled.at("status"), canceled.at("cancellation_reason")),
            (json!("canceled"), json!("abandoned"))
        );
    }
}

#[tokio::test]
async fn an_intent_is_made_changed_and_confirmed_step_by_step() {
    for server in servers().await {
        let made = server.post("/v1/payment_intents", &[("amount", "100"), ("currency", "usd")]).await.ok();
        assert_eq!(made.at("status"), "requires_payment_method");
        let path = format!("/v1/payment_intents/{}", made.id());
        let changed = server
            .post(
                &path,
                &[("amount", "200"), ("payment_method", "pm_card_visa"), ("receipt_email", "a@b.example")],
            )
            .await
            .ok();
        assert_eq!(
            (changed.at("amount"), changed.at("status")),
            (json!(200), json!("requires_confirmation"))
        );
        let paid = server.post(&format!("{path}/confirm"), &[]).await.ok();
        assert_eq!(paid.at("status"), "succeeded");
        let again = server.post(&format!("{path}/confirm"), &[]).await;
        assert_eq!((again.status, again.at("error/code")), (400, json!("payment_intent_unexpected_state")));
        assert_eq!(again.at("error/payment_intent/id"), made.at("id"));
    }
}

#[tokio::test]
async fn a_lost_answer_is_shown_as_processing() {
    for server in servers().await {
        server.vault.lock().unwrap().lose_answers = true;
        let unknown = pay(&server, "pm_card_visa", &[]).await.ok();
        assert_eq!(unknown.at("status"), "processing");
    }
}

#[tokio::test]
async fn a_setup_intent_saves_a_card_for_a_customer() {
    for server in servers().await {
        let customer = server.post("/v1/customers", &[]).await.ok().id();
        let made =
            server.post("/v1/setup_intents", &[("customer", &customer), ("usage", "off_session")]).await.ok();
        let path = format!("/v1/setup_intents/{}", made.id());
        server.post(&path, &[("description", "cards"), ("metadata[a]", "b")]).await.ok();
        let saved = server.post(&format!("{path}/confirm"), &[("payment_method", "pm_card_visa")]).await.ok();
        assert_eq!(saved.at("status"), "succeeded");
        let methods = server.get(&format!("/v1/customers/{customer}/payment_methods"), &[]).await.ok();
        assert_eq!(methods.at("data/0/id"), saved.at("payment_method"));
        let read = server.get(&path, &[("expand[]", "payment_method.customer")]).await.ok();
        assert_eq!(read.at("payment_method/customer/id"), json!(customer));
        let failed = server
            .post(
                "/v1/setup_intents",
                &[("customer", &customer), ("payment_method", "pm_card_chargeDeclined"), ("confirm", "true")],
            )
            .await;
        assert_eq!((failed.status, failed.at("error/type")), (402, json!("card_error")), "{}", failed.body);
        let other = server.post("/v1/setup_intents", &[]).await.ok();
        let canceled = server.post(&format!("/v1/setup_intents/{}/cancel", other.id()), &[]).await.ok();
        assert_eq!(canceled.at("status"), "canceled");
        let list = server.get("/v1/setup_intents", &[("customer", &customer)]).await.ok();
        assert_eq!(list.at("data").as_array().unwrap().len(), 2);
    }
}

#[tokio::test]
async fn kinds_of_method_are_named_as_the_pinned_version_names_them_or_the_one_before() {
    for server in servers().await {
        let both = json!(["card", "us_bank_account"]);
        for (name, allowed) in
            [("allowed_payment_method_types", both.clone()), ("payment_method_types", json!(null))]
        {
            let (first, second) = (format!("{name}[0]"), format!("{name}[1]"));
            let kinds = [(first.as_str(), "card"), (second.as_str(), "us_bank_account")];
            let amount = [("amount", "2900"), ("currency", "usd")];
            for (path, pairs) in [
                ("/v1/payment_intents", [&kinds[..], &amount].concat()),
                ("/v1/setup_intents", kinds.to_vec()),
            ] {
                let made = server.post(path, &pairs).await.ok();
                let shown = (made.at("allowed_payment_method_types"), made.at("payment_method_types"));
                assert_eq!(shown, (allowed.clone(), both.clone()), "{path}");
            }
        }
    }
}

#[tokio::test]
async fn all_kinds_that_the_currency_allows_are_taken_where_none_is_named() {
    for server in servers().await {
        let off = ("automatic_payment_methods[enabled]", "false");
        let on = ("automatic_payment_methods[enabled]", "true");
        for (pairs, kinds, automatic) in [
            (vec![("currency", "usd")], json!(["card", "us_bank_account"]), true),
            (vec![("currency", "usd"), on], json!(["card", "us_bank_account"]), true),
            (vec![("currency", "usd"), off], json!(["card"]), false),
            (vec![("currency", "eur")], json!(["card"]), true),
        ] {
            let pairs = [vec![("amount", "2900")], pairs].concat();
            let made = server.post("/v1/payment_intents", &pairs).await.ok();
            assert_eq!(made.at("payment_method_types"), kinds, "{pairs:?}");
            assert_eq!(made.at("automatic_payment_methods").is_object(), automatic, "{pairs:?}");
        }
    }
}
