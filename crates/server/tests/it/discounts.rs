//! Discounts: taken off invoices to the cent, ended on their day, taken away.

use serde_json::{Value, json};

use crate::coupons::{coupon, delete};
use crate::shapes::fit;
use crate::support::billing::at;
use crate::support::{Reply, Server, servers};

const JANUARY: &str = "2027-01-31T10:00:00Z";

pub async fn subscribe(server: &Server, customer: &str, prices: &[&str], more: &[(&str, &str)]) -> Reply {
    let names: Vec<String> = (0..prices.len()).map(|n| format!("items[{n}][price]")).collect();
    let mut pairs = vec![("customer", customer)];
    pairs.extend(names.iter().map(String::as_str).zip(prices.iter().copied()));
    pairs.extend(more);
    server.post("/v1/subscriptions", &pairs).await
}

/// What was taken off in all, and what was to be paid: of each invoice, the oldest first.
pub async fn taken(server: &Server, subscription: &str) -> Vec<(i64, i64)> {
    let sum = |amounts: &Value| {
        amounts.as_array().unwrap().iter().map(|of| of["amount"].as_i64().unwrap()).sum::<i64>()
    };
    let invoices = server.invoices_of(subscription).await;
    let told = invoices.iter().map(|it| {
        adds_up(it);
        (sum(&it["total_discount_amounts"]), it["amount_due"].as_i64().unwrap())
    });
    told.collect()
}

/// Whatever an invoice says, its lines say the same.
pub fn adds_up(invoice: &Value) {
    let mut totals = std::collections::BTreeMap::<String, i64>::new();
    let (mut sum, mut own) = (0, 0);
    for line in invoice["lines"]["data"].as_array().unwrap() {
        let amount = line["amount"].as_i64().unwrap();
        sum += amount;
        let mut left = amount;
        for of in line["discount_amounts"].as_array().unwrap() {
            let (id, amount) = (of["discount"].as_str().unwrap(), of["amount"].as_i64().unwrap());
            assert!(amount >= 0, "{line}");
            *totals.entry(id.to_owned()).or_default() += amount;
            left -= amount;
            if line["discounts"].as_array().unwrap().contains(&of["discount"]) {
                own += amount;
            }
        }
        assert!(left >= 0 || amount < 0, "{line}");
    }
    for of in invoice["total_discount_amounts"].as_array().unwrap() {
        let id = of["discount"].as_str().or_else(|| of["discount"]["id"].as_str()).unwrap();
        assert_eq!(totals.remove(id), of["amount"].as_i64(), "{invoice}");
    }
    assert!(totals.is_empty(), "{totals:?} in {invoice}");
    let off: i64 = invoice["total_discount_amounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|of| of["amount"].as_i64().unwrap())
        .sum();
    assert_eq!(invoice["subtotal"].as_i64(), Some(sum - own), "{invoice}");
    assert_eq!(invoice["total"].as_i64(), Some(sum - off), "{invoice}");
    assert_eq!(invoice["amount_due"].as_i64(), Some((sum - off).max(0)), "{invoice}");
}

async fn told(server: &Server, family: &str) -> Vec<String> {
    let events = server.get("/v1/events", &[("limit", "100"), ("type", family)]).await.ok();
    let mut kinds: Vec<String> = events
        .at("data")
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["type"].as_str().unwrap().to_owned())
        .collect();
    kinds.reverse();
    kinds
}

/// One of each thing that can be redeemed, and a tax rate.
pub async fn redeemable(server: &Server) -> Vec<(&'static str, String)> {
    let coupon = coupon(server, &[("percent_off", "10"), ("id", "coupon-of-the-first")]).await;
    let code = server.post("/v1/promotion_codes", &[("coupon", &coupon)]).await.ok().id();
    let rate = [("display_name", "VAT"), ("percentage", "19"), ("inclusive", "true")];
    let rate = server.post("/v1/tax_rates", &rate).await.ok().id();
    vec![("/v1/coupons", coupon), ("/v1/promotion_codes", code), ("/v1/tax_rates", rate)]
}

#[tokio::test]
async fn whatever_has_a_discount_is_whole() {
    for server in servers().await {
        redeemable(&server).await;
        let customer = server.customers(1, "pm_card_visa").await.remove(0);
        let price = server.price("2000", "month").await;
        let product = server.get(&format!("/v1/prices/{price}"), &[]).await.ok().text("product");
        let terms = [
            ("amount_off", "500"),
            ("currency", "usd"),
            ("currency_options[eur][amount_off]", "450"),
            ("applies_to[products][0]", &product),
            ("duration", "repeating"),
            ("duration_in_months", "2"),
        ];
        let flat = coupon(&server, &terms).await;
        let limits = [
            ("coupon", flat.as_str()),
            ("restrictions[minimum_amount]", "10"),
            ("restrictions[minimum_amount_currency]", "usd"),
            ("restrictions[currency_options][eur][minimum_amount]", "9"),
        ];
        let code = server.post("/v1/promotion_codes", &limits).await.ok().id();
        let path = format!("/v1/customers/{customer}");
        let mut all = vec![server.post(&path, &[("coupon", &flat)]).await.ok().body];
        let ten = coupon(&server, &[("percent_off", "12.5"), ("duration", "forever")]).await;
        let more = [
            ("discounts[0][promotion_code]", code.as_str()),
            ("items[0][discounts][0][coupon]", ten.as_str()),
            ("expand[0]", "discounts.source.coupon"),
            ("expand[1]", "latest_invoice.total_discount_amounts.discount"),
            ("expand[2]", "items.data.discounts"),
            ("expand[3]", "latest_invoice.discounts.promotion_code"),
        ];
        let made = subscribe(&server, &customer, &[&price], &more).await.ok();
        assert_eq!(made.at("latest_invoice/discounts/0/promotion_code/code").as_str().unwrap().len(), 8);
        all.push(made.body.clone());
        let item = [
            ("customer", customer.as_str()),
            ("amount", "900"),
            ("currency", "usd"),
            ("discounts[0][coupon]", &ten),
            ("expand[]", "discounts"),
        ];
        all.push(server.post("/v1/invoiceitems", &item).await.ok().body);
        let draft = [("customer", customer.as_str()), ("pending_invoice_items_behavior", "include")];
        all.push(server.post("/v1/invoices", &draft).await.ok().body);
        all.push(delete(&server, &format!("{path}/discount")).await.ok().body);
        all.push(delete(&server, &format!("/v1/subscriptions/{}/discount", made.id())).await.ok().body);
        delete(&server, &format!("/v1/coupons/{ten}")).await.ok();
        for path in ["/v1/coupons", "/v1/promotion_codes", "/v1/tax_rates", "/v1/customers", "/v1/invoices"] {
            let list = server.get(path, &[("limit", "100")]).await.ok();
            all.extend(list.at("data").as_array().unwrap().iter().cloned());
        }
        let events = server.get("/v1/events", &[("limit", "100")]).await.ok();
        all.extend(events.at("data").as_array().unwrap().iter().map(|event| event["data"]["object"].clone()));
        assert!(all.iter().filter(|object| object["object"] == "discount").count() >= 5);
        fit(&server, &all);
    }
}

#[tokio::test]
async fn each_discount_ends_when_its_coupon_says() {
    for server in servers().await {
        let price = server.price("2900", "month").await;
        let clock = server.clock(at(JANUARY)).await;
        let customer = server.customer_at(&clock, "pm_card_visa").await;
        let mut made = Vec::new();
        for pairs in [
            vec![("percent_off", "50")],
            vec![("percent_off", "33.33"), ("duration", "repeating"), ("duration_in_months", "3")],
            vec![("amount_off", "1000"), ("currency", "usd"), ("duration", "forever")],
            vec![
                ("amount_off", "9900"),
                ("currency", "usd"),
                ("duration", "repeating"),
                ("duration_in_months", "1"),
            ],
        ] {
            let coupon = coupon(&server, &pairs).await;
            let more = [("discounts[0][coupon]", coupon.as_str())];
            made.push(subscribe(&server, &customer, &[&price], &more).await.ok());
        }
        assert_eq!(made[0].at("discounts"), json!([]), "used up by the first invoice");
        assert_eq!(made[1].at("discounts").as_array().unwrap().len(), 1);
        server.advance(&clock, at("2027-05-01T00:00:00Z")).await;
        for (subscription, want) in made.iter().zip([
            [(1450, 1450), (0, 2900), (0, 2900), (0, 2900)],
            [(967, 1933), (967, 1933), (967, 1933), (0, 2900)],
            [(1000, 1900), (1000, 1900), (1000, 1900), (1000, 1900)],
            [(2900, 0), (0, 2900), (0, 2900), (0, 2900)],
        ]) {
            assert_eq!(taken(&server, &subscription.id()).await, want);
            let now = server.get(&format!("/v1/subscriptions/{}", subscription.id()), &[]).await.ok();
            let left = now.at("discounts").as_array().unwrap().len();
            assert_eq!(left, usize::from(want[3].0 > 0), "{}", now.body);
        }
        let paid: i64 =
            server.invoices_of(&made[1].id()).await.iter().map(|i| i["amount_paid"].as_i64().unwrap()).sum();
        assert_eq!(paid, 3 * 1933 + 2900);
        assert_eq!(server.charges(), 15, "what is free is not charged");
        let kinds = told(&server, "customer.discount.*").await;
        let count = |kind: &str| kinds.iter().filter(|told| *told == kind).count();
        assert_eq!((count("customer.discount.created"), count("customer.discount.deleted")), (4, 3));
    }
}

#[tokio::test]
async fn what_is_free_needs_no_card_and_is_paid_at_once() {
    for server in servers().await {
        let price = server.price("2900", "month").await;
        let customer = server.post("/v1/customers", &[]).await.ok().id();
        let free = coupon(&server, &[("percent_off", "100"), ("duration", "forever")]).await;
        let refused = subscribe(&server, &customer, &[&price], &[]).await;
        assert_eq!(refused.at("error/code"), "resource_missing", "{}", refused.body);
        let more = [("coupon", free.as_str()), ("expand[]", "latest_invoice")];
        let made = subscribe(&server, &customer, &[&price], &more).await.ok();
        assert_eq!(made.at("status"), "active");
        let invoice = made.at("latest_invoice");
        adds_up(&invoice);
        assert_eq!(
            [&invoice["status"], &invoice["subtotal"], &invoice["total"], &invoice["amount_paid"]],
            [&json!("paid"), &json!(2900), &json!(0), &json!(0)]
        );
        assert_eq!((invoice["payments"]["data"].clone(), server.charges()), (json!([]), 0));
    }
}

#[tokio::test]
async fn discounts_are_spread_over_what_they_are_for_and_follow_each_other() {
    for server in servers().await {
        let clock = server.clock(at(JANUARY)).await;
        let customer = server.customer_at(&clock, "pm_card_visa").await;
        let (gold, tin) = (server.price("1000", "month").await, server.price("500", "month").await);
        let product = server.get(&format!("/v1/prices/{gold}"), &[]).await.ok().text("product");
        let terms = [("amount_off", "301"), ("currency", "usd"), ("duration", "forever")];
        let all = coupon(&server, &terms).await;
        let some = [("percent_off", "10"), ("duration", "forever"), ("applies_to[products][0]", &product)];
        let some = coupon(&server, &some).await;
        let item = coupon(&server, &[("percent_off", "50"), ("duration", "forever")]).await;
        let more = [
            ("discounts[0][coupon]", all.as_str()),
            ("discounts[1][coupon]", some.as_str()),
            ("items[1][discounts][0][coupon]", item.as_str()),
            ("expand[]", "latest_invoice"),
        ];
        let made = subscribe(&server, &customer, &[&gold, &tin], &more).await.ok();
        let invoice = made.at("latest_invoice");
        adds_up(&invoice);
        let off = |line: usize| -> Vec<i64> {
            let amounts = &invoice["lines"]["data"][line]["discount_amounts"];
            amounts.as_array().unwrap().iter().map(|of| of["amount"].as_i64().unwrap()).collect()
        };
        // Half of the tin goes first; 301 is then spread as 1000 to 250; a tenth of 759 is 75.9.
        assert_eq!((off(0), off(1)), (vec![241, 76], vec![250, 60]));
        assert_eq!([&invoice["subtotal"], &invoice["total"]], [&json!(1250), &json!(873)]);
        assert_eq!(invoice["discounts"], made.at("discounts"));
        assert_eq!(invoice["lines"]["data"][1]["discounts"], made.at("items/data/1/discounts"));
        assert_eq!(invoice["total_pretax_credit_amounts"][0]["type"], "discount");
        server.advance(&clock, at("2027-03-01T00:00:00Z")).await;
        assert_eq!(taken(&server, &made.id()).await, [(627, 873), (627, 873)]);
    }
}

#[tokio::test]
async fn discounts_of_an_agreement_are_replaced_kept_and_taken_away() {
    for server in servers().await {
        let price = server.price("2900", "month").await;
        let clock = server.clock(at(JANUARY)).await;
        let customer = server.customer_at(&clock, "pm_card_visa").await;
        let ten = coupon(&server, &[("percent_off", "10"), ("duration", "forever")]).await;
        let five = coupon(&server, &[("percent_off", "5"), ("duration", "forever")]).await;
        let made = subscribe(&server, &customer, &[&price], &[("coupon", ten.as_str())]).await.ok();
        let path = format!("/v1/subscriptions/{}", made.id());
        let first = made.text("discounts/0");
        let untouched = server.post(&path, &[("metadata[a]", "b")]).await.ok();
        assert_eq!(untouched.at("discounts"), json!([first]));
        let pairs = [
            ("discounts[0][discount]", first.as_str()),
            ("discounts[1][coupon]", five.as_str()),
            ("expand[]", "discounts.source.coupon"),
        ];
        let both = server.post(&path, &pairs).await.ok();
        assert_eq!(both.at("discounts/0/id"), first);
        for (field, want) in [
            ("object", json!("discount")),
            ("source/coupon/id", json!(five)),
            ("subscription", json!(made.id())),
            ("customer", json!(customer)),
            ("start", json!(at(JANUARY))),
            ("end", Value::Null),
            ("promotion_code", Value::Null),
        ] {
            assert_eq!(both.at(&format!("discounts/1/{field}")), want, "{field}");
        }
        let item = made.text("items/data/0/id");
        let of_item = [("items[0][id]", item.as_str()), ("items[0][discounts][0][coupon]", &ten)];
        let of_item = server.post(&path, &of_item).await.ok();
        assert_eq!(of_item.at("items/data/0/discounts").as_array().unwrap().len(), 1);
        let off =
            server.post(&path, &[("items[0][id]", item.as_str()), ("items[0][discounts]", "")]).await.ok();
        assert_eq!(off.at("items/data/0/discounts"), json!([]));
        let none = server.post(&path, &[("discounts", "")]).await.ok();
        assert_eq!(none.at("discounts"), json!([]));
        server.post(&path, &[("coupon", &five)]).await.ok();
        let gone = delete(&server, &format!("{path}/discount")).await.ok();
        assert_eq!((gone.at("deleted"), gone.at("source/coupon")), (json!(true), json!(five)));
        assert_eq!(delete(&server, &format!("{path}/discount")).await.status, 404);
        let kinds = told(&server, "customer.discount.*").await;
        let count = |kind: &str| kinds.iter().filter(|told| *told == kind).count();
        assert_eq!((count("customer.discount.created"), count("customer.discount.deleted")), (4, 4));
        let counted = server.get(&format!("/v1/coupons/{ten}"), &[]).await.ok();
        assert_eq!(counted.at("times_redeemed"), 2);
    }
}

#[tokio::test]
async fn what_is_no_discount_is_named() {
    for server in servers().await {
        let price = server.price("2900", "month").await;
        let customer = server.customers(1, "pm_card_visa").await.remove(0);
        let ten = coupon(&server, &[("percent_off", "10"), ("duration", "forever")]).await;
        let five = coupon(&server, &[("percent_off", "5"), ("duration", "forever")]).await;
        let made = subscribe(&server, &customer, &[&price], &[("coupon", ten.as_str())]).await.ok();
        let path = format!("/v1/subscriptions/{}", made.id());
        let first = made.text("discounts/0");
        server.post(&path, &[("discounts", "")]).await.ok();
        for (pairs, param, code) in [
            (vec![("discounts[0][coupon]", "NONE")], "discounts[0][coupon]", "resource_missing"),
            (vec![("coupon", "NONE")], "coupon", "resource_missing"),
            (
                vec![("discounts[0][promotion_code]", "promo_1")],
                "discounts[0][promotion_code]",
                "resource_missing",
            ),
            (vec![("discounts[0][discount]", first.as_str())], "discounts[0][discount]", "resource_missing"),
            (vec![("discounts[0][percent]", "5")], "discounts[0][coupon]", "parameter_missing"),
            (
                vec![("discounts[0][coupon]", ten.as_str()), ("discounts[0][discount]", first.as_str())],
                "discounts[0][discount]",
                "parameters_exclusive",
            ),
            (
                vec![("coupon", ten.as_str()), ("discounts[0][coupon]", five.as_str())],
                "discounts",
                "parameters_exclusive",
            ),
            (
                vec![("discounts[0][coupon]", ten.as_str()), ("discounts[1][coupon]", ten.as_str())],
                "discounts[1][coupon]",
                "",
            ),
        ] {
            let refused = server.post(&path, &pairs).await;
            let code = if code.is_empty() { Value::Null } else { json!(code) };
            let told = (refused.status, refused.at("error/param"), refused.at("error/code"));
            assert_eq!(told, (400, json!(param), code), "{pairs:?}: {}", refused.body);
        }
        let counted = server.get(&format!("/v1/coupons/{ten}"), &[]).await.ok();
        assert_eq!(counted.at("times_redeemed"), 1, "what is refused is not counted");
    }
}

#[tokio::test]
async fn a_customers_discount_is_on_all_that_has_none_of_its_own() {
    for server in servers().await {
        let price = server.price("2000", "month").await;
        let clock = server.clock(at(JANUARY)).await;
        let customer = server.customer_at(&clock, "pm_card_visa").await;
        let path = format!("/v1/customers/{customer}");
        let (ten, half) = (
            coupon(&server, &[("percent_off", "10"), ("duration", "repeating"), ("duration_in_months", "2")])
                .await,
            coupon(&server, &[("percent_off", "50"), ("duration", "forever")]).await,
        );
        let once = coupon(&server, &[("percent_off", "25")]).await;
        assert_eq!(server.get(&path, &[]).await.ok().at("discount"), Value::Null);
        server.post(&path, &[("coupon", &half)]).await.ok();
        let given =
            server.post(&path, &[("coupon", &ten), ("expand[]", "discount.source.coupon")]).await.ok();
        assert_eq!(given.at("discount/source/coupon/percent_off"), 10);
        assert_eq!(given.at("discount/end"), at("2027-03-31T10:00:00Z"));
        let heir = subscribe(&server, &customer, &[&price], &[]).await.ok();
        let own = subscribe(&server, &customer, &[&price], &[("coupon", &half)]).await.ok();
        server.advance(&clock, at("2027-04-01T00:00:00Z")).await;
        assert_eq!(taken(&server, &heir.id()).await, [(200, 1800), (200, 1800), (0, 2000)]);
        assert_eq!(taken(&server, &own.id()).await, [(1000, 1000), (1000, 1000), (1000, 1000)]);
        assert_eq!(heir.at("discounts"), json!([]), "it is the customer's");
        assert_eq!(server.get(&path, &[]).await.ok().at("discount"), Value::Null, "its two months are over");
        server.post(&path, &[("coupon", &once)]).await.ok();
        server.advance(&clock, at("2027-05-01T00:00:00Z")).await;
        assert_eq!(taken(&server, &heir.id()).await[3], (500, 1500));
        assert_eq!(server.get(&path, &[]).await.ok().at("discount"), Value::Null, "it was used up");
        assert_eq!(delete(&server, &format!("{path}/discount")).await.status, 404);
        server.post(&path, &[("coupon", &half)]).await.ok();
        let gone = delete(&server, &format!("{path}/discount")).await.ok();
        assert_eq!((gone.at("deleted"), gone.at("customer")), (json!(true), json!(customer)));
        server.post(&path, &[("coupon", &half)]).await.ok();
        assert_eq!(server.post(&path, &[("coupon", "")]).await.ok().at("discount"), Value::Null);
        let kinds = told(&server, "customer.discount.updated").await;
        assert_eq!(kinds.len(), 1);
    }
}

#[tokio::test]
async fn what_applies_once_waits_for_the_first_bill_and_previews_know_it() {
    for server in servers().await {
        let price = server.price("2000", "month").await;
        let clock = server.clock(at(JANUARY)).await;
        let customer = server.customer_at(&clock, "pm_card_visa").await;
        let once = coupon(&server, &[("percent_off", "25")]).await;
        let more = [("discounts[0][coupon]", once.as_str()), ("trial_period_days", "7")];
        let made = subscribe(&server, &customer, &[&price], &more).await.ok();
        assert_eq!((made.at("status"), taken(&server, &made.id()).await.len()), (json!("trialing"), 0));
        let until = at("2027-02-08T00:00:00Z").to_string();
        let preview = [("until", until.as_str()), ("test_clock", clock.as_str())];
        let preview = server.post("/v1/onfile/runs/preview", &preview).await.ok();
        assert_eq!(preview.at("totals/usd"), json!({ "count": 1, "amount": 1500 }), "{}", preview.body);
        let path = format!("/v1/subscriptions/{}", made.id());
        assert_eq!(server.get(&path, &[]).await.ok().at("discounts"), made.at("discounts"));
        server.advance(&clock, at("2027-03-08T00:00:00Z")).await;
        assert_eq!(taken(&server, &made.id()).await, [(500, 1500), (0, 2000)]);
        assert_eq!(server.get(&path, &[]).await.ok().at("discounts"), json!([]));
    }
}

#[tokio::test]
async fn of_two_agreements_billed_together_one_has_what_applies_once() {
    for server in servers().await {
        let price = server.price("2000", "month").await;
        let clock = server.clock(at(JANUARY)).await;
        let customer = server.customer_at(&clock, "pm_card_visa").await;
        let mut made = Vec::new();
        for _ in 0..2 {
            made.push(subscribe(&server, &customer, &[&price], &[]).await.ok().id());
        }
        let once = coupon(&server, &[("percent_off", "25")]).await;
        server.post(&format!("/v1/customers/{customer}"), &[("coupon", &once)]).await.ok();
        server.advance(&clock, at("2027-03-01T00:00:00Z")).await;
        let mut second = vec![taken(&server, &made[0]).await[1], taken(&server, &made[1]).await[1]];
        second.sort_unstable();
        assert_eq!(second, [(0, 2000), (500, 1500)]);
    }
}
