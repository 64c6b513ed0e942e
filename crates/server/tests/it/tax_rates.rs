//! Tax rates: made, read, changed, listed.

use serde_json::{Value, json};

use crate::coupons::coupon;
use crate::shapes::fit;
use crate::support::billing::at;
use crate::support::{Server, merchant, send, servers};

const JANUARY: &str = "2027-01-31T10:00:00Z";

async fn rate(server: &Server, percentage: &str, inclusive: &str) -> String {
    let pairs = [("display_name", "VAT"), ("percentage", percentage), ("inclusive", inclusive)];
    server.post("/v1/tax_rates", &pairs).await.ok().id()
}

/// Subtotal and total with tax, then both without.
fn sums(invoice: &Value) -> [i64; 4] {
    ["subtotal", "total", "subtotal_excluding_tax", "total_excluding_tax"]
        .map(|f| invoice[f].as_i64().unwrap())
}

#[tokio::test]
async fn a_tax_rate_is_kept_exactly_and_only_its_words_change() {
    for server in servers().await {
        let pairs = [
            ("display_name", "Sales tax"),
            ("percentage", "8.8750"),
            ("inclusive", "false"),
            ("country", "us"),
            ("state", "NY"),
            ("jurisdiction", "New York City"),
            ("description", "Of the city"),
            ("tax_type", "sales_tax"),
            ("metadata[a]", "1"),
        ];
        let made = server.post("/v1/tax_rates", &pairs).await.ok();
        for (field, want) in [
            ("active", json!(true)),
            ("display_name", json!("Sales tax")),
            ("percentage", json!(8.875)),
            ("inclusive", json!(false)),
            ("country", json!("US")),
            ("state", json!("NY")),
            ("jurisdiction", json!("New York City")),
            ("description", json!("Of the city")),
            ("tax_type", json!("sales_tax")),
            ("metadata", json!({"a": "1"})),
        ] {
            assert_eq!(made.at(field), want, "{field}");
        }
        let path = format!("/v1/tax_rates/{}", made.id());
        assert_eq!(server.get(&path, &[]).await.ok().body, made.body);
        let pairs = [
            ("active", "false"),
            ("description", ""),
            ("display_name", "Tax"),
            ("state", ""),
            ("tax_type", ""),
        ];
        let changed = server.post(&path, &pairs).await.ok();
        for (field, want) in [
            ("active", json!(false)),
            ("description", Value::Null),
            ("display_name", json!("Tax")),
            ("state", Value::Null),
            ("tax_type", Value::Null),
            ("percentage", json!(8.875)),
        ] {
            assert_eq!(changed.at(field), want, "{field}");
        }
        for (name, value) in [("percentage", "5"), ("inclusive", "true")] {
            let refused = server.post(&path, &[(name, value)]).await;
            assert_eq!(refused.at("error/code"), "parameter_unknown", "{name}");
        }
        let other = merchant(&server.app, "Other", false).await;
        assert_eq!(send(server.with(&other.secret, "GET", &path, &[])).await.status, 404);
        let events = server.get("/v1/events", &[]).await.ok();
        let kinds: Vec<Value> =
            events.at("data").as_array().unwrap().iter().map(|event| event["type"].clone()).collect();
        assert_eq!(kinds, ["tax_rate.updated", "tax_rate.created"]);
    }
}

#[tokio::test]
async fn what_is_no_tax_rate_is_told_why_and_lists_are_filtered() {
    for server in servers().await {
        for (body, param, code) in [
            ("percentage=5&inclusive=true", "display_name", "parameter_missing"),
            ("display_name=VAT&inclusive=true", "percentage", "parameter_missing"),
            ("display_name=VAT&percentage=5", "inclusive", "parameter_missing"),
            ("display_name=VAT&percentage=101&inclusive=true", "percentage", ""),
            ("display_name=VAT&percentage=1.00001&inclusive=true", "percentage", ""),
            ("display_name=VAT&percentage=-1&inclusive=true", "percentage", ""),
            ("display_name=VAT&percentage=5&inclusive=true&country=USA", "country", ""),
            ("display_name=VAT&percentage=5&inclusive=true&tax_type=poll", "tax_type", ""),
            (
                "display_name=VAT&percentage=5&inclusive=true&active=false&nonsense=1",
                "nonsense",
                "parameter_unknown",
            ),
        ] {
            let pairs: Vec<(&str, &str)> = body.split('&').filter_map(|pair| pair.split_once('=')).collect();
            let refused = server.post("/v1/tax_rates", &pairs).await;
            let code = if code.is_empty() { Value::Null } else { json!(code) };
            let told = (refused.status, refused.at("error/param"), refused.at("error/code"));
            assert_eq!(told, (400, json!(param), code), "{body}: {}", refused.body);
        }
        for (active, inclusive) in [("true", "true"), ("true", "false"), ("false", "false")] {
            let pairs =
                [("display_name", "VAT"), ("percentage", "0"), ("active", active), ("inclusive", inclusive)];
            server.post("/v1/tax_rates", &pairs).await.ok();
        }
        for (filter, want) in [
            (vec![], 3),
            (vec![("active", "true")], 2),
            (vec![("inclusive", "false")], 2),
            (vec![("active", "false"), ("inclusive", "true")], 0),
        ] {
            let page = server.get("/v1/tax_rates", &filter).await.ok();
            assert_eq!(page.at("data").as_array().unwrap().len(), want, "{filter:?}");
        }
    }
}

#[tokio::test]
async fn taxes_are_rounded_once_a_line_on_what_discounts_leave() {
    for server in servers().await {
        let (sales, vat) = (rate(&server, "8.875", "false").await, rate(&server, "19", "true").await);
        let price = server.price("2000", "month").await;
        let clock = server.clock(at(JANUARY)).await;
        let customer = server.customer_at(&clock, "pm_card_visa").await;
        let half = coupon(&server, &[("percent_off", "50")]).await;
        let pairs = [
            ("customer", customer.as_str()),
            ("items[0][price]", price.as_str()),
            ("items[1][price]", price.as_str()),
            ("items[1][tax_rates][0]", vat.as_str()),
            ("default_tax_rates[0]", sales.as_str()),
            ("coupon", half.as_str()),
            ("expand[0]", "latest_invoice.total_taxes.tax_rate_details.tax_rate"),
        ];
        let made = server.post("/v1/subscriptions", &pairs).await.ok();
        assert_eq!(made.at("default_tax_rates/0/percentage"), json!(8.875));
        assert_eq!(made.at("items/data/1/tax_rates/0/id"), json!(vat));
        server.advance(&clock, at("2027-03-01T00:00:00Z")).await;
        let invoices = server.invoices_of(&made.id()).await;
        // A thousand each: 88.75 on top of one, 159.66 in the other. Then two thousand each: 177.5 and 319.33.
        assert_eq!(sums(&invoices[0]), [4000, 2089, 3681, 1840]);
        assert_eq!(sums(&invoices[1]), [4000, 4178, 3681, 3681]);
        for (invoice, taxes) in invoices.iter().zip([[(89, 1000), (160, 840)], [(178, 2000), (319, 1681)]]) {
            assert_eq!(invoice["amount_paid"], invoice["total"]);
            for (n, (amount, taxable)) in taxes.into_iter().enumerate() {
                let (id, behavior) = if n == 0 { (&sales, "exclusive") } else { (&vat, "inclusive") };
                let want = json!({
                    "amount": amount,
                    "tax_behavior": behavior,
                    "tax_rate_details": { "tax_rate": id },
                    "taxability_reason": "not_available",
                    "taxable_amount": taxable,
                    "type": "tax_rate_details",
                });
                assert_eq!(invoice["total_taxes"][n], want);
                assert_eq!(invoice["lines"]["data"][n]["taxes"], json!([want]));
            }
        }
        let expanded = made.at("latest_invoice/total_taxes/0/tax_rate_details/tax_rate/display_name");
        assert_eq!(expanded, "VAT");
        let path = format!("/v1/subscriptions/{}", made.id());
        let item = made.text("items/data/1/id");
        let off = [("default_tax_rates", ""), ("items[0][id]", item.as_str()), ("items[0][tax_rates]", "")];
        let off = server.post(&path, &off).await.ok();
        assert_eq!((off.at("default_tax_rates"), off.at("items/data/1/tax_rates")), (json!([]), json!([])));
        server.post(&path, &[("default_tax_rates[0]", &vat)]).await.ok();
        server.advance(&clock, at("2027-04-01T00:00:00Z")).await;
        assert_eq!(sums(&server.invoices_of(&made.id()).await[2]), [4000, 4000, 3362, 3362]);
        let mut all = server.invoices_of(&made.id()).await;
        all.push(server.get(&path, &[]).await.ok().body);
        fit(&server, &all);
    }
}

#[tokio::test]
async fn drafts_are_taxed_anew_and_whoever_is_exempt_is_not() {
    for server in servers().await {
        let (sales, vat) = (rate(&server, "10", "false").await, rate(&server, "20", "true").await);
        let customer = server.customers(1, "pm_card_visa").await.remove(0);
        let invoice = [("customer", customer.as_str()), ("default_tax_rates[]", sales.as_str())];
        let invoice = server.post("/v1/invoices", &invoice).await.ok().id();
        let path = format!("/v1/invoices/{invoice}");
        for (amount, rates) in [("1000", None), ("1200", Some(&vat)), ("-500", None)] {
            let mut pairs =
                vec![("customer", customer.as_str()), ("invoice", invoice.as_str()), ("amount", amount)];
            pairs.extend(rates.map(|id| ("tax_rates[0]", id.as_str())));
            let item = server.post("/v1/invoiceitems", &pairs).await.ok();
            assert_eq!(item.at("tax_rates/0/id"), rates.map_or(Value::Null, |id| json!(id)));
            fit(&server, &[item.body]);
        }
        let draft = server.get(&path, &[]).await.ok();
        // 100 on the first, 200 in the second, and 50 less for the credit.
        assert_eq!(sums(&draft.body), [1700, 1750, 1500, 1500]);
        let none = server.post(&path, &[("default_tax_rates", "")]).await.ok();
        assert_eq!(sums(&none.body), [1700, 1700, 1500, 1500]);
        server.post(&path, &[("default_tax_rates[0]", &sales)]).await.ok();
        server.post(&format!("/v1/customers/{customer}"), &[("tax_exempt", "reverse")]).await.ok();
        let done = server.post(&format!("{path}/finalize"), &[]).await.ok();
        assert_eq!(sums(&done.body), [1700, 1700, 1700, 1700]);
        assert_eq!(done.at("total_taxes/0/taxability_reason"), "reverse_charge");
        assert_eq!((done.at("total_taxes/0/amount"), done.at("amount_due")), (json!(0), json!(1700)));
        fit(&server, &[done.body]);
        server.post(&format!("/v1/tax_rates/{vat}"), &[("active", "false")]).await.ok();
        for (id, code) in [(vat.as_str(), Value::Null), ("txr_none", json!("resource_missing"))] {
            let pairs = [("customer", customer.as_str()), ("default_tax_rates[0]", id)];
            let refused = server.post("/v1/invoices", &pairs).await;
            let told = (refused.status, refused.at("error/param"), refused.at("error/code"));
            assert_eq!(told.0, 400, "{}", refused.body);
            assert_eq!(told.2, code, "{told:?}");
        }
    }
}
