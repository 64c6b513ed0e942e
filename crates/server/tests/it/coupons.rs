//! Coupons and promotion codes: made, read, changed, listed, deleted.

use serde_json::{Value, json};

use crate::support::{Reply, Server, merchant, send, servers};

/// Everything that can be said of a coupon.
const WHOLE: [(&str, &str); 10] = [
    ("id", "SUMMER-25"),
    ("amount_off", "500"),
    ("currency", "usd"),
    ("currency_options[eur][amount_off]", "450"),
    ("currency_options[JPY][amount_off]", "700"),
    ("duration", "repeating"),
    ("duration_in_months", "3"),
    ("max_redemptions", "10"),
    ("metadata[a]", "1"),
    ("name", "Summer"),
];

pub async fn delete(server: &Server, path: &str) -> Reply {
    send(server.with(&server.merchant.secret, "DELETE", path, &[])).await
}

/// A coupon with these terms.
pub async fn coupon(server: &Server, pairs: &[(&str, &str)]) -> String {
    server.post("/v1/coupons", pairs).await.ok().id()
}

fn ids(reply: &Reply) -> Vec<String> {
    let data = reply.at("data");
    data.as_array().unwrap().iter().map(|object| object["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_coupon_is_kept_and_read_back_whole() {
    for server in servers().await {
        let product = server.post("/v1/products", &[("name", "Gold")]).await.ok().id();
        let last = (server.app.now_seconds() + 86_400).to_string();
        let mut pairs = WHOLE.to_vec();
        pairs.extend([("applies_to[products][0]", product.as_str()), ("redeem_by", last.as_str())]);
        let made = server.post("/v1/coupons", &pairs).await.ok();
        for (field, want) in [
            ("id", json!("SUMMER-25")),
            ("amount_off", json!(500)),
            ("percent_off", Value::Null),
            ("currency", json!("usd")),
            ("currency_options", json!({"eur": {"amount_off": 450}, "jpy": {"amount_off": 700}})),
            ("applies_to", json!({"products": [product]})),
            ("duration", json!("repeating")),
            ("duration_in_months", json!(3)),
            ("max_redemptions", json!(10)),
            ("metadata", json!({"a": "1"})),
            ("name", json!("Summer")),
            ("redeem_by", json!(last.parse::<i64>().unwrap())),
            ("times_redeemed", json!(0)),
            ("valid", json!(true)),
        ] {
            assert_eq!(made.at(field), want, "{field}");
        }
        assert_eq!(server.get("/v1/coupons/SUMMER-25", &[]).await.ok().body, made.body);
    }
}

#[tokio::test]
async fn a_percentage_is_kept_to_the_hundredth() {
    for server in servers().await {
        for (sent, want) in
            [("33.33", "33.33"), ("12.5", "12.5"), ("25.00", "25"), ("100", "100"), ("0.01", "0.01")]
        {
            let made = server.post("/v1/coupons", &[("percent_off", sent)]).await.ok();
            assert_eq!(made.at("percent_off").to_string(), want);
            assert_eq!((made.at("duration"), made.at("currency")), (json!("once"), Value::Null));
            assert_eq!(made.id().len(), 8, "an id of our own is short");
        }
    }
}

#[tokio::test]
async fn what_is_no_coupon_is_told_why() {
    for server in servers().await {
        let past = (server.app.now_seconds() - 1).to_string();
        let far = (server.app.now_seconds() + 6 * 366 * 86_400).to_string();
        for (pairs, param, code) in [
            (vec![], "percent_off", "parameter_missing"),
            (vec![("percent_off", "10"), ("amount_off", "10")], "amount_off", "parameters_exclusive"),
            (vec![("amount_off", "10")], "currency", "parameter_missing"),
            (vec![("currency", "usd")], "percent_off", "parameter_missing"),
            (vec![("amount_off", "0"), ("currency", "usd")], "amount_off", "parameter_invalid_integer"),
            (vec![("amount_off", "-5"), ("currency", "usd")], "amount_off", "parameter_invalid_integer"),
            (vec![("amount_off", "1.5"), ("currency", "usd")], "amount_off", "parameter_invalid_integer"),
            (vec![("amount_off", "5"), ("currency", "kwd")], "amount_off", "parameter_invalid_integer"),
            (vec![("percent_off", "0")], "percent_off", ""),
            (vec![("percent_off", "100.01")], "percent_off", ""),
            (vec![("percent_off", "33.333")], "percent_off", ""),
            (vec![("percent_off", "ten")], "percent_off", ""),
            (vec![("percent_off", "-10")], "percent_off", ""),
            (vec![("percent_off", "10"), ("duration", "twice")], "duration", ""),
            (
                vec![("percent_off", "10"), ("duration", "repeating")],
                "duration_in_months",
                "parameter_missing",
            ),
            (vec![("percent_off", "10"), ("duration_in_months", "3")], "duration_in_months", ""),
            (
                vec![("percent_off", "10"), ("duration", "repeating"), ("duration_in_months", "0")],
                "duration_in_months",
                "parameter_invalid_integer",
            ),
            (
                vec![("percent_off", "10"), ("max_redemptions", "0")],
                "max_redemptions",
                "parameter_invalid_integer",
            ),
            (vec![("percent_off", "10"), ("redeem_by", past.as_str())], "redeem_by", ""),
            (vec![("percent_off", "10"), ("redeem_by", far.as_str())], "redeem_by", ""),
            (vec![("percent_off", "10"), ("id", "a b")], "id", ""),
            (
                vec![("percent_off", "10"), ("applies_to[products][0]", "prod_no")],
                "applies_to[products]",
                "resource_missing",
            ),
            (
                vec![("percent_off", "10"), ("currency_options[eur][amount_off]", "1")],
                "currency_options",
                "parameters_exclusive",
            ),
            (
                vec![("amount_off", "10"), ("currency", "usd"), ("currency_options[usd][amount_off]", "1")],
                "currency_options[usd]",
                "",
            ),
            (
                vec![("amount_off", "10"), ("currency", "usd"), ("currency_options[zzz][amount_off]", "1")],
                "currency_options[zzz]",
                "",
            ),
            (vec![("percent_off", "10"), ("nonsense", "1")], "nonsense", "parameter_unknown"),
        ] {
            let refused = server.post("/v1/coupons", &pairs).await;
            assert_eq!(refused.status, 400, "{pairs:?}: {}", refused.body);
            let code = if code.is_empty() { Value::Null } else { json!(code) };
            assert_eq!(
                (refused.at("error/param"), refused.at("error/code")),
                (json!(param), code),
                "{pairs:?}"
            );
        }
        assert_eq!(server.get("/v1/coupons", &[]).await.ok().at("data"), json!([]));
    }
}

#[tokio::test]
async fn a_coupons_id_is_taken_once_and_free_again_when_it_is_deleted() {
    for server in servers().await {
        server.post_once("first", "/v1/coupons", &WHOLE).await.ok();
        let again = server.post_once("first", "/v1/coupons", &WHOLE).await.ok();
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        let taken = server.post("/v1/coupons", &WHOLE).await;
        assert_eq!((taken.status, taken.at("error/code")), (400, json!("resource_already_exists")));
        let gone = delete(&server, "/v1/coupons/SUMMER-25").await.ok();
        assert_eq!(gone.body, json!({"id": "SUMMER-25", "object": "coupon", "deleted": true}));
        for _ in 0..2 {
            assert_eq!(delete(&server, "/v1/coupons/SUMMER-25").await.status, 404);
        }
        assert_eq!(server.get("/v1/coupons/SUMMER-25", &[]).await.status, 404);
        server.post("/v1/coupons", &WHOLE).await.ok();
        let other = merchant(&server.app, "Other", false).await;
        assert_eq!(send(server.with(&other.secret, "GET", "/v1/coupons/SUMMER-25", &[])).await.status, 404);
    }
}

#[tokio::test]
async fn of_a_coupon_only_words_and_other_currencies_change() {
    for server in servers().await {
        server.post("/v1/coupons", &WHOLE).await.ok();
        let path = "/v1/coupons/SUMMER-25";
        let pairs = [
            ("name", "Autumn"),
            ("metadata[a]", ""),
            ("metadata[b]", "2"),
            ("currency_options[gbp][amount_off]", "400"),
            ("currency_options[eur][amount_off]", "440"),
        ];
        let changed = server.post(path, &pairs).await.ok();
        assert_eq!((changed.at("name"), changed.at("metadata")), (json!("Autumn"), json!({"b": "2"})));
        let amounts: Vec<Value> = ["eur", "gbp", "jpy"]
            .map(|code| changed.at(&format!("currency_options/{code}/amount_off")))
            .to_vec();
        assert_eq!(amounts, [json!(440), json!(400), json!(700)]);
        for (name, value) in
            [("amount_off", "1"), ("percent_off", "5"), ("duration", "once"), ("redeem_by", "1")]
        {
            let refused = server.post(path, &[(name, value)]).await;
            assert_eq!(refused.at("error/code"), "parameter_unknown", "{name}");
        }
        let share = coupon(&server, &[("percent_off", "5")]).await;
        let pairs = [("currency_options[eur][amount_off]", "1")];
        assert_eq!(server.post(&format!("/v1/coupons/{share}"), &pairs).await.status, 400);
        delete(&server, path).await.ok();
        let events = server.get("/v1/events", &[]).await.ok();
        let kinds: Vec<Value> =
            events.at("data").as_array().unwrap().iter().map(|event| event["type"].clone()).collect();
        assert_eq!(kinds, ["coupon.deleted", "coupon.created", "coupon.updated", "coupon.created"]);
        assert_eq!(events.at("data/0/data/object/name"), "Autumn");
    }
}

#[tokio::test]
async fn coupons_are_listed_newest_first_whatever_they_are_called() {
    for server in servers().await {
        for id in ["ZED", "alpha", "MIKE"] {
            coupon(&server, &[("id", id), ("percent_off", "5")]).await;
        }
        let page = server.get("/v1/coupons", &[("limit", "2")]).await.ok();
        assert_eq!((ids(&page), page.at("has_more")), (vec!["MIKE".to_owned(), "alpha".into()], json!(true)));
        let rest = server.get("/v1/coupons", &[("starting_after", "alpha")]).await.ok();
        assert_eq!((ids(&rest), rest.at("has_more")), (vec!["ZED".to_owned()], json!(false)));
        let before = server.get("/v1/coupons", &[("ending_before", "alpha")]).await.ok();
        assert_eq!(ids(&before), ["MIKE"]);
        let unknown = server.get("/v1/coupons", &[("starting_after", "NOBODY")]).await;
        assert_eq!((unknown.status, unknown.at("error/code")), (400, json!("resource_missing")));
        let later = (server.app.now_seconds() + 60).to_string();
        assert_eq!(
            ids(&server.get("/v1/coupons", &[("created[gte]", &later)]).await.ok()),
            Vec::<String>::new()
        );
    }
}

#[tokio::test]
async fn a_promotion_code_stands_for_a_coupon() {
    for server in servers().await {
        let coupon = coupon(&server, &[("percent_off", "25"), ("max_redemptions", "10")]).await;
        let customer = server.post("/v1/customers", &[]).await.ok().id();
        let end = (server.app.now_seconds() + 86_400).to_string();
        let pairs = [
            ("promotion[type]", "coupon"),
            ("promotion[coupon]", coupon.as_str()),
            ("code", "Spring-10"),
            ("customer", customer.as_str()),
            ("expires_at", end.as_str()),
            ("max_redemptions", "3"),
            ("metadata[a]", "1"),
            ("restrictions[first_time_transaction]", "true"),
            ("restrictions[minimum_amount]", "1000"),
            ("restrictions[minimum_amount_currency]", "usd"),
            ("restrictions[currency_options][eur][minimum_amount]", "900"),
        ];
        let made = server.post("/v1/promotion_codes", &pairs).await.ok();
        for (field, want) in [
            ("active", json!(true)),
            ("code", json!("Spring-10")),
            ("customer", json!(customer)),
            ("promotion", json!({"coupon": coupon, "type": "coupon"})),
            ("max_redemptions", json!(3)),
            ("restrictions/first_time_transaction", json!(true)),
            ("restrictions/minimum_amount", json!(1000)),
            ("restrictions/minimum_amount_currency", json!("usd")),
            ("restrictions/currency_options", json!({"eur": {"minimum_amount": 900}})),
            ("times_redeemed", json!(0)),
        ] {
            assert_eq!(made.at(field), want, "{field}");
        }
        let path = format!("/v1/promotion_codes/{}", made.id());
        assert_eq!(server.get(&path, &[]).await.ok().body, made.body);
        let whole =
            server.get(&path, &[("expand[]", "promotion.coupon"), ("expand[]", "customer")]).await.ok();
        assert_eq!(
            (whole.at("promotion/coupon/percent_off"), whole.at("customer/id")),
            (json!(25), json!(customer))
        );
        let older = server.post("/v1/promotion_codes", &[("coupon", &coupon)]).await.ok();
        assert_eq!((older.text("code").len(), older.at("promotion/coupon")), (8, json!(coupon)));
        for (pairs, param, code) in [
            (vec![], "promotion", "parameter_missing"),
            (vec![("promotion[coupon]", coupon.as_str())], "promotion[type]", "parameter_missing"),
            (vec![("coupon", "NONE")], "coupon", "resource_missing"),
            (vec![("coupon", coupon.as_str()), ("code", "a_b")], "code", ""),
            (vec![("coupon", coupon.as_str()), ("customer", "cus_no")], "customer", "resource_missing"),
            (vec![("coupon", coupon.as_str()), ("expires_at", "1")], "expires_at", ""),
            (vec![("coupon", coupon.as_str()), ("max_redemptions", "11")], "max_redemptions", ""),
            (
                vec![("coupon", coupon.as_str()), ("restrictions[minimum_amount]", "1")],
                "restrictions[minimum_amount_currency]",
                "parameter_missing",
            ),
        ] {
            let refused = server.post("/v1/promotion_codes", &pairs).await;
            assert_eq!(refused.status, 400, "{pairs:?}: {}", refused.body);
            let code = if code.is_empty() { Value::Null } else { json!(code) };
            assert_eq!(
                (refused.at("error/param"), refused.at("error/code")),
                (json!(param), code),
                "{pairs:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_code_is_spelt_once_among_those_that_are_active() {
    for server in servers().await {
        let coupon = coupon(&server, &[("percent_off", "25")]).await;
        let customer = server.post("/v1/customers", &[]).await.ok().id();
        let new = |code: &'static str, more: &[(&'static str, &str)]| {
            let mut pairs = vec![("coupon".to_owned(), coupon.clone()), ("code".to_owned(), code.to_owned())];
            pairs.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
            let server = &server;
            async move {
                let pairs: Vec<(&str, &str)> = pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
                server.post("/v1/promotion_codes", &pairs).await
            }
        };
        let first = new("HELLO", &[]).await.ok().id();
        let taken = new("hello", &[]).await;
        assert_eq!(
            (taken.at("error/code"), taken.at("error/param")),
            (json!("resource_already_exists"), json!("code"))
        );
        new("HELLO", &[("customer", &customer)]).await.ok();
        let resting = new("Hello", &[("active", "false")]).await.ok().id();
        let path = format!("/v1/promotion_codes/{resting}");
        assert_eq!(
            server.post(&path, &[("active", "true")]).await.at("error/code"),
            "resource_already_exists"
        );
        server.post(&format!("/v1/promotion_codes/{first}"), &[("active", "false")]).await.ok();
        let active = server.post(&path, &[("active", "true"), ("metadata[a]", "b")]).await.ok();
        assert_eq!((active.at("active"), active.at("metadata")), (json!(true), json!({"a": "b"})));
        for (pairs, want) in [
            (vec![("code", "hELLO")], 3),
            (vec![("code", "hello"), ("active", "true")], 2),
            (vec![("active", "false")], 1),
            (vec![("customer", customer.as_str())], 1),
            (vec![("coupon", coupon.as_str())], 3),
            (vec![("coupon", "OTHER")], 0),
        ] {
            let page = server.get("/v1/promotion_codes", &pairs).await.ok();
            assert_eq!(ids(&page).len(), want, "{pairs:?}: {}", page.body);
        }
        delete(&server, &format!("/v1/coupons/{coupon}")).await.ok();
        let dead = server.get("/v1/promotion_codes", &[("active", "true")]).await.ok();
        assert_eq!(dead.at("data"), json!([]), "without its coupon no code is good");
        let first = server.get(&format!("/v1/promotion_codes/{first}"), &[]).await.ok();
        assert_eq!(first.at("active"), json!(false));
        let refused =
            server.post(&format!("/v1/promotion_codes/{}", first.id()), &[("active", "true")]).await;
        assert_eq!(refused.status, 400);
    }
}
