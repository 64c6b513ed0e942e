//! Recurring agreements: made, billed by their schedule, ended.

use serde_json::json;

use crate::support::billing::at;
use crate::support::{Server, servers};

const JANUARY: &str = "2027-01-31T10:00:00Z";

async fn subscribe(
    server: &Server,
    customer: &str,
    price: &str,
    more: &[(&str, &str)],
) -> crate::support::Reply {
    let mut pairs = vec![("customer", customer), ("items[0][price]", price)];
    pairs.extend(more);
    server.post("/v1/subscriptions", &pairs).await
}

#[tokio::test]
async fn a_subscription_is_paid_at_once_and_then_month_by_month() {
    for server in servers().await {
        let price = server.price("2900", "month").await;
        let clock = server.clock(at(JANUARY)).await;
        let customer = server.customer_at(&clock, "pm_card_visa").await;
        let made = subscribe(&server, &customer, &price, &[("items[0][quantity]", "2")]).await.ok();
        assert_eq!(made.at("status"), "active", "{}", made.body);
        assert_eq!(made.at("items/data/0/current_period_end"), at("2027-02-28T10:00:00Z"));
        server.advance(&clock, at("2027-05-01T00:00:00Z")).await;
        let invoices = server.invoices_of(&made.id()).await;
        let told: Vec<_> = invoices
            .iter()
            .map(|invoice| {
                (
                    invoice["created"].as_i64().unwrap(),
                    invoice["status"].clone(),
                    invoice["amount_paid"].clone(),
                )
            })
            .collect();
        let days = ["2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30"];
        let want: Vec<_> =
            days.iter().map(|day| (at(&format!("{day}T10:00:00Z")), json!("paid"), json!(5800))).collect();
        assert_eq!(told, want);
        let numbers: Vec<_> =
            invoices.iter().map(|i| i["number"].as_str().unwrap()[2..].to_owned()).collect();
        assert!(
            numbers.iter().enumerate().all(|(i, n)| n.ends_with(&format!("-{:04}", i + 1))),
            "{numbers:?}"
        );
        assert_eq!(invoices[3]["billing_reason"], "subscription_cycle");
        assert_eq!(invoices[3]["lines"]["data"][0]["period"]["end"], at("2027-05-31T10:00:00Z"));
        assert_eq!(server.vault.lock().unwrap().forwarded.len(), 4, "one charge a month");
    }
}

#[tokio::test]
async fn a_declined_first_payment_leaves_it_incomplete_until_it_is_paid_or_expires() {
    for server in servers().await {
        let price = server.price("2900", "month").await;
        let clock = server.clock(at(JANUARY)).await;
        let customer = server.post("/v1/customers", &[("test_clock", &clock)]).await.ok().id();
        let none = subscribe(&server, &customer, &price, &[]).await;
        assert_eq!((none.status, none.at("error/code")), (400, json!("resource_missing")));
        let ask =
            [("payment_behavior", "default_incomplete"), ("expand[]", "latest_invoice.confirmation_secret")];
        let left = subscribe(&server, &customer, &price, &ask).await.ok();
        assert_eq!(left.at("status"), "incomplete");
        let secret = left.text("latest_invoice/confirmation_secret/client_secret");
        server.give_card(&customer, "pm_card_visa").await;
        let other =
            subscribe(&server, &customer, &price, &[("payment_behavior", "default_incomplete")]).await.ok();
        let invoice = left.text("latest_invoice/id");
        let paid = server.post(&format!("/v1/invoices/{invoice}/pay"), &[]).await.ok();
        assert_eq!(paid.at("status"), "paid");
        assert!(paid.body.get("confirmation_secret").is_none(), "shown only where it is asked for");
        assert!(secret.starts_with(&paid.text("payments/data/0/payment/payment_intent")), "{secret}");
        let now = server.get(&format!("/v1/subscriptions/{}", left.id()), &[]).await.ok();
        assert_eq!(now.at("status"), "active");
        server.advance(&clock, at("2027-02-01T10:00:00Z")).await;
        let expired = server.get(&format!("/v1/subscriptions/{}", other.id()), &[]).await.ok();
        assert_eq!(expired.at("status"), "incomplete_expired");
    }
}

#[tokio::test]
async fn three_attempts_are_made_and_no_fourth() {
    for server in servers().await {
        let price = server.price("2900", "month").await;
        let clock = server.clock(at(JANUARY)).await;
        let customer = server.customer_at(&clock, "pm_card_visa").await;
        let made = subscribe(&server, &customer, &price, &[]).await.ok();
        server.give_card(&customer, "pm_card_chargeDeclined").await;
        server.advance(&clock, at("2027-02-28T10:00:00Z")).await;
        let first = server.invoices_of(&made.id()).await.remove(1);
        assert_eq!((&first["status"], &first["attempt_count"]), (&json!("open"), &json!(1)), "{first}");
        let next = first["next_payment_attempt"].as_i64().unwrap();
        assert!(next >= at("2027-03-03T10:00:00Z"), "{next}");
        let now = server.get(&format!("/v1/subscriptions/{}", made.id()), &[]).await.ok();
        assert_eq!(now.at("status"), "past_due");
        server.advance(&clock, at("2027-03-30T00:00:00Z")).await;
        let last = server.invoices_of(&made.id()).await.remove(1);
        assert_eq!(
            (&last["attempt_count"], &last["next_payment_attempt"]),
            (&json!(3), &json!(null)),
            "{last}"
        );
        let invoice = last["id"].as_str().unwrap();
        let fourth = server.post(&format!("/v1/invoices/{invoice}/pay"), &[]).await;
        assert_eq!((fourth.status, fourth.at("error/code")), (400, json!("attempts_exhausted")));
        server.give_card(&customer, "pm_card_visa").await;
        let by_customer = [("off_session", "false")];
        let paid = server.post(&format!("/v1/invoices/{invoice}/pay"), &by_customer).await.ok();
        assert_eq!(paid.at("status"), "paid");
        let now = server.get(&format!("/v1/subscriptions/{}", made.id()), &[]).await.ok();
        assert_eq!(now.at("status"), "active");
    }
}

#[tokio::test]
async fn it_ends_when_asked_with_its_period_or_at_its_time() {
    for server in servers().await {
        let price = server.price("2900", "month").await;
        let clock = server.clock(at(JANUARY)).await;
        let customer = server.customer_at(&clock, "pm_card_visa").await;
        let mut made = Vec::new();
        let cancel_at = at("2027-03-15T00:00:00Z").to_string();
        for more in [vec![("cancel_at_period_end", "true")], vec![("cancel_at", cancel_at.as_str())], vec![]]
        {
            made.push(subscribe(&server, &customer, &price, &more).await.ok().id());
        }
        let ended =
            server.with(&server.merchant.secret, "DELETE", &format!("/v1/subscriptions/{}", made[2]), &[]);
        let ended = crate::support::send(ended).await.ok();
        assert_eq!((ended.at("status"), ended.at("ended_at")), (json!("canceled"), json!(at(JANUARY))));
        server.advance(&clock, at("2027-04-30T00:00:00Z")).await;
        for (id, ends, charges) in [
            (&made[0], "2027-02-28T10:00:00Z", 1),
            (&made[1], "2027-03-15T00:00:00Z", 2),
            (&made[2], JANUARY, 1),
        ] {
            let now = server.get(&format!("/v1/subscriptions/{id}"), &[]).await.ok();
            assert_eq!((now.at("status"), now.at("ended_at")), (json!("canceled"), json!(at(ends))), "{id}");
            assert_eq!(server.invoices_of(id).await.len(), charges, "{id}");
        }
    }
}

#[tokio::test]
async fn a_schedule_of_its_own_is_billed_on_its_days_in_its_zone_until_its_end() {
    for server in servers().await {
        let price = server.price("2900", "month").await;
        let clock = server.clock(at("2027-01-02T00:00:00Z")).await;
        let customer = server.customer_at(&clock, "pm_card_visa").await;
        let more = [
            ("onfile[recurrence][rule]", "FREQ=MONTHLY;BYDAY=1FR"),
            ("onfile[recurrence][timezone]", "America/New_York"),
            ("onfile[recurrence][start]", "2027-01-02"),
            ("onfile[recurrence][count]", "3"),
        ];
        let made = subscribe(&server, &customer, &price, &more).await.ok();
        assert_eq!((made.at("status"), made.at("latest_invoice")), (json!("active"), json!(null)));
        assert_eq!(made.at("onfile/next_occurrence/date"), "2027-02-05");
        server.advance(&clock, at("2027-06-01T00:00:00Z")).await;
        let invoices = server.invoices_of(&made.id()).await;
        let days: Vec<_> = invoices.iter().map(|invoice| invoice["created"].as_i64().unwrap()).collect();
        // At 09:00 there: an hour earlier in UTC once the clocks there have changed.
        let want = ["2027-02-05T14:00:00Z", "2027-03-05T14:00:00Z", "2027-04-02T13:00:00Z"];
        assert_eq!(days, want.map(at));
        let now = server.get(&format!("/v1/subscriptions/{}", made.id()), &[]).await.ok();
        assert_eq!(
            (now.at("status"), now.at("ended_at")),
            (json!("canceled"), json!(at("2027-05-07T13:00:00Z")))
        );
        let impossible = [
            ("onfile[recurrence][rule]", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"),
            ("onfile[recurrence][timezone]", "America/New_York"),
        ];
        let refused = subscribe(&server, &customer, &price, &impossible).await;
        assert_eq!((refused.status, refused.at("error/param")), (400, json!("onfile[recurrence][rule]")));
    }
}

#[tokio::test]
async fn the_payment_of_an_invoice_is_not_changed_or_canceled_on_its_own() {
    for server in servers().await {
        let price = server.price("2900", "month").await;
        let (customer, method) = server.customer_with_card("pm_card_visa").await;
        let more = [("payment_behavior", "default_incomplete"), ("default_payment_method", method.as_str())];
        let made = subscribe(&server, &customer, &price, &more).await.ok();
        let invoice = server.get(&format!("/v1/invoices/{}", made.text("latest_invoice")), &[]).await.ok();
        let path = format!("/v1/payment_intents/{}", invoice.text("payments/data/0/payment/payment_intent"));
        let intent = server.get(&path, &[]).await.ok();
        assert_eq!(intent.at("onfile/invoice"), invoice.at("id"));
        for (path, pairs) in [
            (path.clone(), vec![("amount", "1")]),
            (path.clone(), vec![("currency", "eur")]),
            (format!("{path}/cancel"), vec![]),
        ] {
            let refused = server.post(&path, &pairs).await;
            assert_eq!(
                (refused.status, refused.at("error/code")),
                (400, json!("payment_intent_unexpected_state")),
                "{path} {pairs:?}: {}",
                refused.body
            );
        }
        assert_eq!(server.get(&path, &[]).await.ok().at("amount"), 2900);
        server.post(&format!("/v1/invoices/{}/void", invoice.id()), &[]).await.ok();
        assert_eq!(server.get(&path, &[]).await.ok().at("status"), "canceled");
    }
}

#[tokio::test]
async fn the_same_occurrence_is_never_billed_twice() {
    for server in servers().await {
        let price = server.price("2900", "month").await;
        let (customer, _) = server.customer_with_card("pm_card_visa").await;
        server.give_card(&customer, "pm_card_visa").await;
        let made = subscribe(&server, &customer, &price, &[]).await.ok();
        let mut tx = server.app.db.begin().await.unwrap();
        let copied = tx
            .execute(
                "INSERT INTO invoices (account_id, id, customer_id, subscription_id, occurrence, status, clock_id, version, \
                 doc) SELECT account_id, 'in_copy', customer_id, subscription_id, occurrence, status, clock_id, 1, doc \
                 FROM invoices WHERE account_id = $1 AND subscription_id = $2",
                onfile_service::binds![
                    onfile_core::ids::Id::as_str(&server.merchant.account.id),
                    &made.id()
                ],
            )
            .await;
        assert!(matches!(copied, Err(onfile_service::db::DbError::Duplicate(_))), "{copied:?}");
    }
}

#[tokio::test]
async fn what_does_not_fit_is_refused_by_name_and_changes_nothing() {
    for server in servers().await {
        let price = server.price("2900", "month").await;
        let yearly = server.price("2900", "year").await;
        let once = [("currency", "usd"), ("unit_amount", "100"), ("product_data[name]", "Once")];
        let once = server.post("/v1/prices", &once).await.ok().id();
        let (customer, method) = server.customer_with_card("pm_card_visa").await;
        let (stranger, _) = server.customer_with_card("pm_card_visa").await;
        let good = [("customer", customer.as_str()), ("items[0][price]", price.as_str())];
        let with = |more: &[(&'static str, &str)]| -> Vec<(String, String)> {
            let mut pairs: Vec<(String, String)> =
                good.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
            for (name, value) in more {
                pairs.retain(|(known, _)| known != name);
                pairs.push(((*name).to_owned(), (*value).to_owned()));
            }
            pairs
        };
        for (pairs, param) in [
            (with(&[("customer", "cus_none")]), "customer"),
            (with(&[("items[0][price]", "price_none")]), "items[0][price]"),
            (with(&[("items[0][price]", &once)]), "items[0][price]"),
            (with(&[("items[1][price]", &yearly)]), "items"),
            (with(&[("items[0][quantity]", "-1")]), "items[0][quantity]"),
            (with(&[("items[0][quantity]", "1000000")]), ""),
            (with(&[("items[0][colour]", "red")]), "items[0][colour]"),
            (with(&[("collection_method", "post")]), "collection_method"),
            (with(&[("collection_method", "send_invoice")]), "days_until_due"),
            (with(&[("days_until_due", "3")]), "days_until_due"),
            (with(&[("payment_behavior", "error_if_incomplete")]), "payment_behavior"),
            (with(&[("trial_end", "1000")]), "trial_end"),
            (with(&[("billing_cycle_anchor", "1900000000")]), "proration_behavior"),
            (with(&[("default_payment_method", "pm_none")]), "default_payment_method"),
            (with(&[("customer", &stranger), ("default_payment_method", &method)]), "default_payment_method"),
            (with(&[("tip", "1")]), "tip"),
        ] {
            let pairs: Vec<(&str, &str)> = pairs.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
            let reply = server.post("/v1/subscriptions", &pairs).await;
            assert_eq!(reply.status, 400, "{pairs:?}: {}", reply.body);
            if !param.is_empty() {
                assert_eq!(reply.at("error/param"), param, "{pairs:?}: {}", reply.body);
            }
        }
        let none = server.get("/v1/subscriptions", &[("status", "all")]).await.ok();
        assert_eq!(none.at("data"), json!([]));
    }
}

#[tokio::test]
async fn the_method_that_pays_becomes_the_subscriptions_own_where_that_is_asked_for() {
    for server in servers().await {
        let price = server.price("2900", "month").await;
        for (word, own) in [("on_subscription", true), ("off", false)] {
            let customer = server.post("/v1/customers", &[]).await.ok().id();
            let ask = [
                ("payment_behavior", "default_incomplete"),
                ("payment_settings[save_default_payment_method]", word),
                ("expand[]", "latest_invoice.payments.data.payment.payment_intent"),
            ];
            // Deeper than four levels: the payment is read by itself.
            assert_eq!(subscribe(&server, &customer, &price, &ask).await.status, 400);
            let made = subscribe(&server, &customer, &price, &ask[..2]).await.ok();
            assert_eq!(made.at("payment_settings/save_default_payment_method"), word);
            let invoice =
                server.get(&format!("/v1/invoices/{}", made.text("latest_invoice")), &[]).await.ok();
            let intent = invoice.text("payments/data/0/payment/payment_intent");
            let confirm = [("payment_method", "pm_card_visa")];
            let paid = server.post(&format!("/v1/payment_intents/{intent}/confirm"), &confirm).await.ok();
            let now = server.get(&format!("/v1/subscriptions/{}", made.id()), &[]).await.ok();
            let want = if own { paid.at("payment_method") } else { json!(null) };
            assert_eq!((now.at("status"), now.at("default_payment_method")), (json!("active"), want));
            let kept = server.get("/v1/payment_methods", &[("customer", &customer)]).await.ok();
            assert_eq!(kept.body["data"].as_array().unwrap().len(), usize::from(own), "{word}");
        }
    }
}

#[tokio::test]
async fn a_method_that_was_used_for_one_payment_only_does_not_become_the_subscriptions_own() {
    for server in servers().await {
        let price = server.price("2900", "month").await;
        let clock = server.clock(at(JANUARY)).await;
        let customer = server.customer_at(&clock, "pm_card_visa").await;
        let ask = [("payment_settings[save_default_payment_method]", "on_subscription")];
        let made = subscribe(&server, &customer, &price, &ask).await.ok();
        let good = made.at("default_payment_method");
        assert!(good.is_string(), "the customer's card paid, and is the subscription's own: {}", made.body);
        let bad = server.give_card(&customer, "pm_card_chargeDeclined").await;
        let path = format!("/v1/subscriptions/{}", made.id());
        server.post(&path, &[("default_payment_method", &bad)]).await.ok();
        server.advance(&clock, at("2027-02-28T11:00:00Z")).await;
        let owed = server.invoices_of(&made.id()).await[1]["id"].as_str().unwrap().to_owned();
        let pay = [("payment_method", "pm_card_visa"), ("off_session", "false")];
        let paid = server.post(&format!("/v1/invoices/{owed}/pay"), &pay).await.ok();
        assert_eq!(paid.at("status"), "paid");
        let now = server.get(&path, &[]).await.ok();
        assert_eq!((now.at("status"), now.at("default_payment_method")), (json!("active"), json!(bad)));
    }
}
