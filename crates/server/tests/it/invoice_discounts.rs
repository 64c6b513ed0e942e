//! Discounts of invoices and their items, and of what the merchant writes.

use serde_json::{Value, json};

use crate::coupons::{coupon, delete};
use crate::discounts::{adds_up, subscribe, taken};
use crate::support::billing::at;
use crate::support::pages::{OURS, open, page};
use crate::support::servers;

const JANUARY: &str = "2027-01-31T10:00:00Z";

#[tokio::test]
async fn invoices_and_their_items_have_discounts_of_their_own() {
    for server in servers().await {
        let customer = server.customers(1, "pm_card_visa").await.remove(0);
        let half =
            coupon(&server, &[("percent_off", "50"), ("duration", "forever"), ("name", "Half Off")]).await;
        let invoice = server.post("/v1/invoices", &[("customer", &customer)]).await.ok();
        let pairs = [
            ("customer", customer.as_str()),
            ("invoice", &invoice.id()),
            ("amount", "1900"),
            ("discounts[0][coupon]", half.as_str()),
        ];
        let item = server.post("/v1/invoiceitems", &pairs).await.ok();
        let discount = item.text("discounts/0");
        let path = format!("/v1/invoices/{}", invoice.id());
        let draft = server.get(&path, &[]).await.ok();
        adds_up(&draft.body);
        assert_eq!(
            (draft.at("subtotal"), draft.at("total"), draft.at("discounts")),
            (json!(950), json!(950), json!([]))
        );
        let paid = server.post(&format!("{path}/pay"), &[]).await.ok();
        assert_eq!((paid.at("status"), paid.at("amount_paid")), (json!("paid"), json!(950)));
        let whole = [
            ("expand[]", "total_discount_amounts.discount.source.coupon"),
            ("expand[]", "lines.data.discounts"),
        ];
        let whole = server.get(&path, &whole).await.ok();
        assert_eq!(whole.at("total_discount_amounts/0/discount/source/coupon/name"), "Half Off");
        assert_eq!(whole.at("total_discount_amounts/0/discount/invoice_item"), item.at("id"));
        assert_eq!(whole.at("lines/data/0/discounts/0/id"), discount);
        let bill = open(&server, paid.text("hosted_invoice_url").strip_prefix(OURS).unwrap()).await;
        let bill = page(&bill);
        for shown in ["<dt>Discount</dt>", "-$9.50", "$19.00", "<dd class=\"total num\">$9.50</dd>"] {
            assert!(bill.contains(shown), "{shown} in {bill}");
        }
    }
}

#[tokio::test]
async fn what_is_not_discountable_is_not_touched_and_a_credit_neither() {
    for server in servers().await {
        let customer = server.customers(1, "pm_card_visa").await.remove(0);
        let half = coupon(&server, &[("percent_off", "50"), ("duration", "forever")]).await;
        let flat = coupon(&server, &[("amount_off", "500"), ("currency", "usd")]).await;
        for (amount, more) in [("1000", vec![]), ("700", vec![("discountable", "false")]), ("-300", vec![])] {
            let mut pairs = vec![("customer", customer.as_str()), ("amount", amount), ("currency", "usd")];
            pairs.extend(more);
            server.post("/v1/invoiceitems", &pairs).await.ok();
        }
        let pairs = [
            ("customer", customer.as_str()),
            ("pending_invoice_items_behavior", "include"),
            ("discounts[0][coupon]", half.as_str()),
            ("discounts[1][coupon]", flat.as_str()),
        ];
        let made = server.post("/v1/invoices", &pairs).await.ok();
        adds_up(&made.body);
        assert_eq!((made.at("subtotal"), made.at("total")), (json!(1400), json!(400)));
        assert_eq!(made.at("lines/data/1/discountable"), false);
        assert_eq!(made.at("lines/data/2/discount_amounts"), json!([]));
        let path = format!("/v1/invoices/{}", made.id());
        let less = server.post(&path, &[("discounts", "")]).await.ok();
        assert_eq!((less.at("total"), less.at("total_discount_amounts")), (json!(1400), json!([])));
        server.post(&path, &[("discounts[0][coupon]", &flat)]).await.ok();
        let done = server.post(&format!("{path}/finalize"), &[]).await.ok();
        assert_eq!((done.at("total"), done.at("amount_due")), (json!(900), json!(900)));
        assert_eq!(
            server.post(&path, &[("discounts", "")]).await.status,
            400,
            "a final invoice stays as it is"
        );
        let refused = [
            ("customer", customer.as_str()),
            ("amount", "5"),
            ("currency", "usd"),
            ("discountable", "false"),
            ("discounts[0][coupon]", half.as_str()),
        ];
        assert_eq!(server.post("/v1/invoiceitems", &refused).await.at("error/param"), "discounts");
    }
}

#[tokio::test]
async fn a_draft_inherits_its_customers_discount_once() {
    for server in servers().await {
        let customer = server.customers(1, "pm_card_visa").await.remove(0);
        let once = coupon(&server, &[("percent_off", "10")]).await;
        server.post(&format!("/v1/customers/{customer}"), &[("coupon", &once)]).await.ok();
        let mut drafts = Vec::new();
        for more in [vec![], vec![], vec![("discounts", "")]] {
            let mut pairs = vec![("customer", customer.as_str())];
            pairs.extend(more);
            let draft = server.post("/v1/invoices", &pairs).await.ok().id();
            let item = [
                ("customer", customer.as_str()),
                ("invoice", &draft),
                ("amount", "1000"),
                ("currency", "usd"),
            ];
            server.post("/v1/invoiceitems", &item).await.ok();
            drafts.push(draft);
        }
        let mut totals = Vec::new();
        for draft in &drafts {
            let done = server.post(&format!("/v1/invoices/{draft}/finalize"), &[]).await.ok();
            adds_up(&done.body);
            totals.push(done.at("total"));
        }
        assert_eq!(totals, [json!(900), json!(1000), json!(1000)]);
        let now = server.get(&format!("/v1/customers/{customer}"), &[]).await.ok();
        assert_eq!(now.at("discount"), Value::Null);
    }
}

#[tokio::test]
async fn a_coupon_that_is_deleted_goes_on_for_whoever_has_it() {
    for server in servers().await {
        let price = server.price("2000", "month").await;
        let clock = server.clock(at(JANUARY)).await;
        let customer = server.customer_at(&clock, "pm_card_visa").await;
        let half = coupon(&server, &[("percent_off", "50"), ("duration", "forever")]).await;
        let made = subscribe(&server, &customer, &[&price], &[("coupon", &half)]).await.ok();
        delete(&server, &format!("/v1/coupons/{half}")).await.ok();
        let refused = subscribe(&server, &customer, &[&price], &[("coupon", &half)]).await;
        assert_eq!((refused.status, refused.at("error/code")), (400, json!("resource_missing")));
        server.advance(&clock, at("2027-03-01T00:00:00Z")).await;
        assert_eq!(taken(&server, &made.id()).await, [(1000, 1000), (1000, 1000)]);
    }
}

#[tokio::test]
async fn a_draft_that_comes_to_nothing_is_paid_by_being_asked_for() {
    for server in servers().await {
        let customer = server.post("/v1/customers", &[]).await.ok().id();
        let free = coupon(&server, &[("percent_off", "100")]).await;
        for pay in [vec![], vec![("paid_out_of_band", "true")]] {
            let invoice = server.post("/v1/invoices", &[("customer", &customer)]).await.ok().id();
            let item = [("customer", customer.as_str()), ("amount", "500"), ("invoice", invoice.as_str())];
            server.post("/v1/invoiceitems", &item).await.ok();
            let path = format!("/v1/invoices/{invoice}");
            server.post(&path, &[("discounts[0][coupon]", &free)]).await.ok();
            let paid = server.post(&format!("{path}/pay"), &pay).await.ok();
            assert_eq!((paid.at("status"), paid.at("total")), (json!("paid"), json!(0)), "{pay:?}");
        }
    }
}

#[tokio::test]
async fn what_is_too_much_to_charge_is_judged_after_discounts() {
    for server in servers().await {
        let price = server.price("60000000", "month").await;
        let customer = server.customers(1, "pm_card_visa").await.remove(0);
        let half = coupon(&server, &[("percent_off", "50"), ("duration", "forever")]).await;
        let two = ("items[0][quantity]", "2");
        let discounted = [two, ("discounts[0][coupon]", half.as_str())];
        let made = subscribe(&server, &customer, &[&price], &discounted).await.ok();
        assert_eq!(taken(&server, &made.id()).await, [(60_000_000, 60_000_000)]);
        let parked = subscribe(&server, &customer, &[&price], &[two]).await.ok();
        assert!(parked.text("onfile/parked").contains("can be charged at once"), "{}", parked.body);
    }
}
