//! Who may ask what: keys, other accounts, browsers.

use std::time::Duration;

use onfile_server::routes::ROUTES;
use onfile_server::store::api_keys;
use onfile_server::wire::call::Access;
use serde_json::json;

use crate::support::billing::at;
use crate::support::{Reply, Server, merchant, send, servers};

/// One object of each kind, all of them the first merchant's.
pub async fn objects(server: &Server) -> Vec<(&'static str, String)> {
    let (customer, method) = server.customer_with_card("pm_card_visa").await;
    let pay = [
        ("amount", "100"),
        ("currency", "usd"),
        ("customer", customer.as_str()),
        ("payment_method", method.as_str()),
        ("confirm", "true"),
        ("receipt_email", "jenny@example.com"),
    ];
    let paid = server.post("/v1/payment_intents", &pay).await.ok();
    let refund =
        server.post("/v1/refunds", &[("payment_intent", &paid.id()), ("amount", "1")]).await.ok().id();
    let setup = server.post("/v1/setup_intents", &[]).await.ok().id();
    let product = server
        .post(
            "/v1/products",
            &[
                ("name", "Gold"),
                ("default_price_data[currency]", "usd"),
                ("default_price_data[unit_amount]", "2900"),
            ],
        )
        .await
        .ok();
    let agreement = agreement(server).await;
    let (mandate, dispute) = debit_that_came_back(server).await;
    let event = server.get("/v1/events", &[("limit", "1")]).await.ok().id_of_first();
    let notice = server.get("/v1/onfile/notices", &[]).await.ok().id_of_first();
    let (endpoint, delivery) = crate::webhooks::endpoint_with_delivery(server).await;
    let charge = paid.text("latest_charge");
    let mut all = vec![
        ("/v1/customers", customer),
        ("/v1/payment_methods", method),
        ("/v1/payment_intents", paid.id()),
        ("/v1/balance_transactions", charge.replace("ch_", "txn_")),
        ("/v1/charges", charge),
        ("/v1/refunds", refund),
        ("/v1/setup_intents", setup),
        ("/v1/products", product.id()),
        ("/v1/prices", product.text("default_price")),
        ("/v1/events", event),
        ("/v1/webhook_endpoints", endpoint),
        ("/v1/onfile/webhook_deliveries", delivery),
        ("/v1/onfile/notices", notice),
        ("/v1/mandates", mandate),
        ("/v1/disputes", dispute),
        ("/v1/onfile/imports", crate::imports::imported(server).await),
    ];
    all.extend(agreement);
    all.extend(crate::discounts::redeemable(server).await);
    all
}

/// A subscription in a time of its own, and what it brought about.
async fn agreement(server: &Server) -> Vec<(&'static str, String)> {
    let price = server.price("2900", "month").await;
    let clock = server.clock(at("2027-01-31T10:00:00Z")).await;
    let customer = server.customer_at(&clock, "pm_card_visa").await;
    let pairs = [("customer", customer.as_str()), ("items[0][price]", &price)];
    let made = server.post("/v1/subscriptions", &pairs).await.ok();
    let (subscription, part) = (made.id(), made.text("items/data/0/id"));
    server.advance(&clock, at("2027-03-01T00:00:00Z")).await;
    let item = [("customer", customer.as_str()), ("amount", "100"), ("currency", "usd")];
    let item = server.post("/v1/invoiceitems", &item).await.ok().id();
    let invoice = server.invoices_of(&subscription).await.remove(1);
    vec![
        ("/v1/subscriptions", subscription),
        ("/v1/subscription_items", part),
        ("/v1/invoice_payments", invoice["id"].as_str().unwrap().replace("in_", "inpay_")),
        ("/v1/invoices", invoice["id"].as_str().unwrap().to_owned()),
        ("/v1/invoiceitems", item),
        ("/v1/test_helpers/test_clocks", clock),
        ("/v1/onfile/runs", invoice["onfile"]["run"].as_str().unwrap().to_owned()),
    ]
}

/// The mandate and the dispute of a bank debit that settled and was taken back.
pub async fn debit_that_came_back(server: &Server) -> (String, String) {
    let (customer, method) = server.customer_with_card("pm_usBankAccount_success").await;
    let pairs = [
        ("amount", "100"),
        ("currency", "usd"),
        ("customer", customer.as_str()),
        ("payment_method", method.as_str()),
        ("payment_method_types[0]", "us_bank_account"),
        ("confirm", "true"),
    ];
    let intent = server.post("/v1/payment_intents", &pairs).await.ok();
    for (days, status, code) in [(1, "settled", None), (3, "returned", Some("R10"))] {
        server.vault.lock().unwrap().debits_become(status, code);
        let then = server.app.now_ms() + days * 86_400_000;
        onfile_server::payments::debits::poll::once(&server.app, then).await.unwrap();
    }
    let charge = server.get(&format!("/v1/charges/{}", intent.text("latest_charge")), &[]).await.ok();
    let dispute = server.get("/v1/disputes", &[]).await.ok().id_of_first();
    (charge.text("payment_method_details/us_bank_account/mandate"), dispute)
}

pub fn filled(path: &str, objects: &[(&str, String)]) -> String {
    let family = objects.iter().find(|(family, _)| path.starts_with(family));
    let id = family.map_or("", |(_, id)| id.as_str());
    path.replace("{id}", id).replace("{method}", &objects[1].1)
}

async fn ask(server: &Server, key: Option<&str>, method: &str, path: &str) -> Reply {
    match key {
        Some(key) => send(server.with(key, method, path, &[])).await,
        None => send(server.bare(method, path)).await,
    }
}

/// The key with its last character replaced by another one, whatever it was.
fn with_another_end(key: &str) -> String {
    let (rest, last) = key.split_at(key.len() - 1);
    format!("{rest}{}", if last == "x" { 'y' } else { 'x' })
}

#[tokio::test]
async fn no_route_shows_or_changes_anything_without_the_right_key() {
    for server in servers().await {
        let objects = objects(&server).await;
        let other = merchant(&server.app, "Other", false).await;
        let flipped = with_another_end(&server.merchant.secret);
        let crossed = server.merchant.secret.replace("sk_test", "sk_live");
        for route in ROUTES {
            let path = filled(route.path, &objects);
            let place = format!("{} {path}", route.method);
            for (key, why) in [
                (None, "no key"),
                (Some(flipped.as_str()), "a wrong key"),
                (Some(crossed.as_str()), "the other mode"),
                (Some("sk_test_nonsense"), "nonsense"),
            ] {
                let reply = ask(&server, key, route.method, &path).await;
                assert_eq!(reply.status, 401, "{place} with {why}: {}", reply.body);
                assert_eq!(reply.at("error/type"), "invalid_request_error");
            }
            if route.access == Access::Secret {
                let reply = ask(&server, Some(&server.merchant.publishable), route.method, &path).await;
                assert_eq!(
                    (reply.status, reply.at("error/code")),
                    (403, json!("secret_key_required")),
                    "{place}"
                );
            }
        }
        let customer = server.get(&format!("/v1/customers/{}", objects[0].1), &[]).await.ok();
        assert_eq!(customer.at("email"), "jenny@example.com");
        drop(other);
    }
}

#[tokio::test]
async fn another_accounts_ids_are_answered_exactly_like_missing_ones() {
    for server in servers().await {
        let objects = objects(&server).await;
        let other = merchant(&server.app, "Other", false).await;
        let own = send(server.with(&other.secret, "POST", "/v1/customers", &[])).await.ok().id();
        let replaced = |id: &str, by: &str| format!("{}{}", &id[..id.len() - by.len()], by);
        let missing: Vec<(&str, String)> =
            objects.iter().map(|(family, id)| (*family, replaced(id, "000000"))).collect();
        for route in ROUTES.iter().filter(|route| route.path.contains('{')) {
            let pairs: Vec<(&str, &str)> = match route.path {
                path if path.ends_with("/attach") => vec![("customer", own.as_str())],
                path if path.ends_with("/advance") => vec![("frozen_time", "1900000000")],
                path if path.ends_with("/verify_microdeposits") => vec![("descriptor_code", "SM11AA")],
                _ => vec![],
            };
            let mut replies = Vec::new();
            for (known, secret) in [(&objects, &other.secret), (&missing, &other.secret)] {
                let path = filled(route.path, known);
                let reply = send(server.with(secret, route.method, &path, &pairs)).await;
                let body = known
                    .iter()
                    .fold(reply.body.to_string(), |body, (_, id)| body.replace(id.as_str(), "ID"));
                replies.push((reply.status, body));
            }
            assert_eq!(replies[0].0, 404, "{} {}: {}", route.method, route.path, replies[0].1);
            assert_eq!(replies[0], replies[1], "{} {}", route.method, route.path);
        }
        for (_, id) in &objects {
            for (name, path) in
                [("customer", "/v1/payment_intents"), ("payment_method", "/v1/payment_intents")]
            {
                let pairs = [("amount", "100"), ("currency", "usd"), (name, id.as_str())];
                let reply = send(server.with(&other.secret, "POST", path, &pairs)).await;
                assert_eq!(
                    (reply.status, reply.at("error/param")),
                    (400, json!(name)),
                    "{id}: {}",
                    reply.body
                );
            }
        }
        let theirs = server.get("/v1/customers", &[]).await.ok();
        assert!(!theirs.body.to_string().contains(&own), "the first account sees the second's customer");
        for route in ROUTES.iter().filter(|route| route.method == "GET" && !route.path.contains('{')) {
            let everything = [("query", "-metadata['no']:'such'")];
            let pairs = if route.path.ends_with("/search") { &everything[..] } else { &[] };
            let reply = send(server.with(&other.secret, "GET", route.path, pairs)).await;
            let needs_an_id = reply.at("error/code") == "parameter_missing";
            assert!(reply.status == 200 || needs_an_id, "{}: {}", route.path, reply.body);
            for (_, id) in &objects {
                assert!(!reply.body.to_string().contains(id.as_str()), "{} shows {id}", route.path);
            }
        }
    }
}

#[tokio::test]
async fn a_revoked_key_stops_within_a_second() {
    for server in servers().await {
        server.get("/v1/account", &[]).await.ok();
        let key = &server.merchant.secret;
        let mut tx = server.app.db.begin().await.unwrap();
        let now = server.app.now_ms();
        let hint = &key[key.len() - 4..];
        assert_eq!(api_keys::revoke(&mut tx, &server.merchant.account.id, hint, now).await.unwrap(), 1);
        tx.commit().await.unwrap();
        tokio::time::sleep(Duration::from_millis(1_050)).await;
        for _ in 0..20 {
            assert_eq!(server.get("/v1/account", &[]).await.status, 401);
        }
    }
}

#[tokio::test]
async fn basic_authentication_works_as_curl_sends_it() {
    for server in servers().await {
        let request = server.bare("GET", "/v1/account").basic_auth(&server.merchant.secret, Some(""));
        send(request).await.ok();
    }
}

#[tokio::test]
async fn a_browser_reads_and_confirms_with_the_client_secret_alone_and_sees_little() {
    for server in servers().await {
        let (customer, method) = server.customer_with_card("pm_card_visa").await;
        let new = [
            ("amount", "100"),
            ("currency", "usd"),
            ("customer", customer.as_str()),
            ("payment_method", method.as_str()),
            ("metadata[note]", "secret"),
        ];
        let intent = server.post("/v1/payment_intents", &new).await.ok();
        let (path, secret) = (format!("/v1/payment_intents/{}", intent.id()), intent.text("client_secret"));
        let key = &server.merchant.publishable;
        let with = [("client_secret", secret.as_str())];
        let seen = send(server.with(key, "GET", &path, &with)).await.ok();
        assert_eq!(
            (seen.at("amount"), seen.at("metadata"), seen.at("customer")),
            (json!(100), json!({}), json!(null))
        );
        assert_eq!(send(server.with(key, "GET", &path, &[])).await.status, 400);
        let wrong = format!("{secret}x");
        assert_eq!(send(server.with(key, "GET", &path, &[("client_secret", &wrong)])).await.status, 404);
        for forbidden in [("metadata[a]", "b"), ("off_session", "true"), ("expand[]", "customer")] {
            let confirm =
                send(server.with(key, "POST", &format!("{path}/confirm"), &[with[0], forbidden])).await;
            assert_eq!(confirm.at("error/code"), "parameter_unknown", "{forbidden:?}: {}", confirm.body);
        }
        let paid = send(server.with(key, "POST", &format!("{path}/confirm"), &with)).await.ok();
        assert_eq!(paid.at("status"), "succeeded");
        assert_eq!(paid.at("latest_charge"), json!(null));
    }
}

#[tokio::test]
async fn a_browser_hears_no_reason_for_a_decline() {
    for server in servers().await {
        let (customer, method) = server.customer_with_card("pm_card_chargeDeclined").await;
        let new = [
            ("amount", "100"),
            ("currency", "usd"),
            ("customer", customer.as_str()),
            ("payment_method", method.as_str()),
        ];
        let intent = server.post("/v1/payment_intents", &new).await.ok();
        let path = format!("/v1/payment_intents/{}/confirm", intent.id());
        let pairs = [("client_secret", intent.text("client_secret"))];
        let pairs = [(pairs[0].0, pairs[0].1.as_str())];
        let declined = send(server.with(&server.merchant.publishable, "POST", &path, &pairs)).await;
        assert_eq!((declined.status, declined.at("error/code")), (402, json!("card_declined")));
        assert!(!declined.body.to_string().contains("insufficient_funds"), "{}", declined.body);
        let read = server.get(&format!("/v1/payment_intents/{}", intent.id()), &[]).await.ok();
        assert_eq!(read.at("last_payment_error/decline_code"), "insufficient_funds");
    }
}

#[tokio::test]
async fn only_pages_of_registered_origins_may_ask() {
    for server in servers().await {
        let intent = server.post("/v1/payment_intents", &[("amount", "100"), ("currency", "usd")]).await.ok();
        let (path, secret) = (format!("/v1/payment_intents/{}", intent.id()), intent.text("client_secret"));
        let with = [("client_secret", secret.as_str())];
        let from = |origin: &str| {
            server.with(&server.merchant.publishable, "GET", &path, &with).header("origin", origin)
        };
        for good in ["https://shop.example", "http://localhost:4242"] {
            let reply = send(from(good)).await.ok();
            assert_eq!(reply.header("access-control-allow-origin"), Some(good));
        }
        for bad in ["https://evil.example", "null", "https://shop.example.evil.example"] {
            let reply = send(from(bad)).await;
            assert_eq!(reply.status, 403, "{bad}");
            assert_eq!(reply.header("access-control-allow-origin"), None, "{bad}");
        }
        let preflight = send(server.bare("OPTIONS", &path).header("origin", "https://shop.example")).await;
        assert_eq!(preflight.status, 204);
        assert!(
            preflight.header("access-control-allow-headers").is_some_and(|h| h.contains("authorization"))
        );
        let other =
            send(server.bare("OPTIONS", "/v1/customers").header("origin", "https://shop.example")).await;
        assert_eq!(other.header("access-control-allow-origin"), None);
    }
}
