//! `/v1/tokens` and `/v1/payment_methods`: Stripe's objects and Stripe's errors.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::world::{ACCOUNT, LIVE, VISA, World, key_of, read, worlds};

const GOOD: &str = "card[number]=4242424242424242&card[exp_month]=12&card[exp_year]=2031&card[cvc]=123";

/// The members that API version 2026-10-28 always sends.
const TOKEN: &[&str] = &["id", "object", "client_ip", "created", "livemode", "type", "used"];
const CARD: &[&str] = &[
    "id",
    "object",
    "address_city",
    "address_country",
    "address_line1",
    "address_line1_check",
    "address_line2",
    "address_state",
    "address_zip",
    "address_zip_check",
    "brand",
    "country",
    "cvc_check",
    "dynamic_last4",
    "exp_month",
    "exp_year",
    "funding",
    "last4",
    "metadata",
    "name",
    "regulated_status",
    "tokenization_method",
];
const BANK_ACCOUNT: &[&str] = &[
    "id",
    "object",
    "account_holder_name",
    "account_holder_type",
    "account_type",
    "bank_name",
    "country",
    "currency",
    "fingerprint",
    "last4",
    "routing_number",
    "status",
];
const METHOD: &[&str] = &[
    "id",
    "object",
    "billing_details",
    "created",
    "customer",
    "customer_account",
    "livemode",
    "metadata",
    "type",
];
const METHOD_CARD: &[&str] = &[
    "brand",
    "checks",
    "country",
    "display_brand",
    "exp_month",
    "exp_year",
    "funding",
    "generated_from",
    "last4",
    "networks",
    "regulated_status",
    "three_d_secure_usage",
    "wallet",
];
const METHOD_BANK: &[&str] = &[
    "account_holder_type",
    "account_type",
    "bank_name",
    "financial_connections_account",
    "fingerprint",
    "last4",
    "networks",
    "routing_number",
    "status_details",
];
const BILLING: &[&str] = &["address", "email", "name", "phone", "tax_id"];

fn has_all(object: &Value, members: &[&str]) {
    for member in members {
        assert!(object.get(member).is_some(), "{member} is missing in {object}");
    }
}

#[tokio::test]
async fn a_token_of_a_card_is_complete_whoever_asks_and_however() {
    for world in worlds().await {
        let key = key_of(ACCOUNT, false);
        let basic = format!("Basic {}", STANDARD.encode(format!("{key}:")));
        let with_key = format!("{GOOD}&key={key}");
        // What Stripe.js sends along means nothing, and brackets may be escaped.
        let from_js = "card%5Bnumber%5D=4242+4242+4242+4242&card%5Bexp_month%5D=12&card%5Bexp_year%5D=31&card%5Bcvc%5D=123\
            &guid=a&muid=b&sid=c&payment_user_agent=stripe.js%2Fx&time_on_page=1&pasted_fields=number&referrer=x\
            &client_attribution_metadata[a][b]=c&_stripe_version=x";
        for (header, form) in [
            (Some(format!("Bearer {key}")), GOOD),
            (Some(basic), GOOD),
            (None, with_key.as_str()),
            (Some(format!("Bearer {key}")), from_js),
        ] {
            let mut request = world.http.post(format!("{}/v1/tokens", world.public)).body(form.to_owned());
            if let Some(header) = header {
                request = request.header("authorization", header);
            }
            let answer =
                read(request.header("stripe-version", "2026-10-28.endive").send().await.unwrap()).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            assert!(answer.headers["request-id"].to_str().unwrap().starts_with("req_"));
            assert_eq!(answer.headers["stripe-version"], "2026-10-28.endive");
            assert_eq!(answer.headers["cache-control"], "no-store");
            let token = answer.json();
            has_all(&token, TOKEN);
            has_all(&token["card"], CARD);
            assert!(token["id"].as_str().unwrap().starts_with("tok_"));
            let want = json!([
                "token",
                "card",
                false,
                false,
                "127.0.0.1",
                "Visa",
                "4242",
                12,
                2031,
                "credit",
                "US",
                "unchecked"
            ]);
            let card = &token["card"];
            let got = json!([
                token["object"],
                token["type"],
                token["used"],
                token["livemode"],
                token["client_ip"],
                card["brand"],
                card["last4"],
                card["exp_month"],
                card["exp_year"],
                card["funding"],
                card["country"],
                card["cvc_check"],
            ]);
            assert_eq!(got, want);
            assert!(!answer.text.contains(VISA) && !answer.text.contains("fingerprint"), "{}", answer.text);
        }
    }
}

#[tokio::test]
async fn payment_methods_and_bank_tokens_are_complete() {
    for world in worlds().await {
        let form = format!(
            "type=card&{GOOD}&billing_details[name]=Ann&billing_details[email]=a@b.example&\
             billing_details[address][country]=US&billing_details[phone]=%2B1+555"
        );
        let method = world.post("/v1/payment_methods", ACCOUNT, &form).await.json();
        has_all(&method, METHOD);
        has_all(&method["card"], METHOD_CARD);
        has_all(&method["billing_details"], BILLING);
        assert_eq!(method["billing_details"]["address"]["country"], "US");
        let descriptor = world.resolve(method["id"].as_str().unwrap()).await.json();
        assert_eq!(
            (descriptor["billing"]["email"].as_str(), descriptor["billing"]["phone"].as_str()),
            (Some("a@b.example"), Some("+1 555"))
        );
        let form = "type=us_bank_account&us_bank_account[routing_number]=110000000&us_bank_account[account_number]=000123456789\
            &us_bank_account[account_holder_type]=company&us_bank_account[account_type]=savings&billing_details[name]=Ann";
        let method = world.post("/v1/payment_methods", ACCOUNT, form).await.json();
        has_all(&method, METHOD);
        has_all(&method["us_bank_account"], METHOD_BANK);
        let form = "bank_account[country]=US&bank_account[currency]=usd&bank_account[account_holder_name]=Ann\
            &bank_account[account_holder_type]=individual&bank_account[routing_number]=110000000&bank_account[account_number]=000123456789";
        let token = world.post("/v1/tokens", ACCOUNT, form).await.json();
        has_all(&token, TOKEN);
        has_all(&token["bank_account"], BANK_ACCOUNT);
        let descriptor = world.resolve(token["id"].as_str().unwrap()).await.json();
        assert_eq!(descriptor["details"]["last4"], "6789");
        assert_eq!(descriptor["details"]["bank_name"], "TEST BANK");
        let answer = world.post("/v1/payment_methods", LIVE, &format!("type=card&{GOOD}")).await.json();
        assert_eq!(
            (answer["livemode"].as_bool(), answer["card"]["funding"].as_str()),
            (Some(true), Some("unknown"))
        );
    }
}

#[tokio::test]
async fn every_mistake_has_stripes_status_code_and_param() {
    for world in worlds().await {
        let with = |from: &str, to: &str| GOOD.replace(from, to);
        let many = format!("{GOOD}{}", "&x=1".repeat(201));
        for (form, status, code, param) in [
            (with("4242424242424242", "4242424242424241"), 402, "incorrect_number", "number"),
            (with("4242424242424242", "4242"), 402, "invalid_number", "number"),
            (with("4242424242424242", "9999999999999995"), 402, "invalid_number", "number"),
            (with("4242424242424242", "hello"), 402, "invalid_number", "number"),
            (with("exp_month]=12", "exp_month]=13"), 402, "invalid_expiry_month", "exp_month"),
            (with("exp_month]=12", "exp_month]=0"), 402, "invalid_expiry_month", "exp_month"),
            (with("exp_month]=12", "exp_month]=-1"), 402, "invalid_expiry_month", "exp_month"),
            (with("2031", "2099"), 402, "invalid_expiry_year", "exp_year"),
            (with("2031", "1"), 402, "invalid_expiry_year", "exp_year"),
            (with("2031", "2020"), 402, "expired_card", "exp_year"),
            (with("12&card[exp_year]=2031", "10&card[exp_year]=26"), 402, "expired_card", "exp_month"),
            (with("cvc]=123", "cvc]=12"), 402, "invalid_cvc", "cvc"),
            (with("cvc]=123", "cvc]=1234"), 402, "invalid_cvc", "cvc"),
            (with("exp_month]=12", "exp_month]=may"), 400, "parameter_invalid_integer", "card[exp_month]"),
            (with("2031", "4242424242424242"), 402, "invalid_expiry_year", "exp_year"),
            (with("card[number]=4242424242424242&", ""), 400, "parameter_missing", "card[number]"),
            (with("2031", ""), 400, "parameter_missing", "card[exp_year]"),
            (String::new(), 400, "parameter_missing", "card"),
            (format!("{GOOD}&amount=1"), 400, "parameter_unknown", "amount"),
            (format!("{GOOD}&card[foo]=1"), 400, "parameter_unknown", "card[foo]"),
            (format!("{GOOD}&4242424242424242=1"), 400, "parameter_unknown", "************4242"),
            (format!("{GOOD}&card[name]=4242+4242+4242+4242"), 400, "parameter_invalid_string", "card[name]"),
            (format!("{GOOD}&card[name]=4242%C2%A04242%C2%A04242%C2%A04242"), 400, "parameter_invalid_string", "card[name]"),
            (format!("{GOOD}&card[address_line1]={}", "x".repeat(501)), 400, "parameter_invalid_string", "card[address_line1]"),
            (format!("{GOOD}&card[number]=4242424242424242"), 400, "", ""),
            (format!("{GOOD}&a[b][c][d][e][f]=1"), 400, "", ""),
            ("bank_account[routing_number]=110000001&bank_account[account_number]=1234".into(), 400, "routing_number_invalid", "bank_account[routing_number]"),
            ("bank_account[routing_number]=110000000&bank_account[account_number]=12".into(), 400, "account_number_invalid", "bank_account[account_number]"),
            ("bank_account[routing_number]=110000000&bank_account[account_number]=1234&bank_account[country]=DE".into(), 400, "parameter_invalid_string", "bank_account[country]"),
            (many, 400, "", ""),
        ] {
            let answer = world.post("/v1/tokens", ACCOUNT, &form).await;
            let error = &answer.json()["error"];
            let kind = if status == 402 { "card_error" } else { "invalid_request_error" };
            let got = (answer.status, error["type"].as_str().unwrap(), error["code"].as_str().unwrap_or_default(), error["param"].as_str().unwrap_or_default());
            assert_eq!(got, (status, kind, code, param), "{form}: {}", answer.text);
            assert!(error["message"].is_string() && !answer.text.contains(VISA), "{}", answer.text);
        }
        for (form, code) in [
            (GOOD, "parameter_missing"),
            ("type=sepa_debit", "parameter_invalid_string"),
            ("type=card", "parameter_missing"),
        ] {
            assert_eq!(world.post("/v1/payment_methods", ACCOUNT, form).await.code(), code, "{form}");
        }
        assert_eq!(sources(&world).await, 0, "nothing of this was stored");
    }
}

async fn sources(world: &World) -> i64 {
    let mut tx = world.db.read().await.unwrap();
    tx.query_one("SELECT count(*) AS n FROM instruments", &[]).await.unwrap().int("n").unwrap()
}

#[tokio::test]
async fn only_a_registered_publishable_key_may_tokenise() {
    for world in worlds().await {
        let good = key_of(ACCOUNT, false);
        let other_key = format!("{}x", good.strip_suffix('k').unwrap());
        for (header, says) in [
            (None, "did not provide"),
            (Some("Bearer sk_test_onf123".to_owned()), "secret key"),
            (Some("Bearer rk_live_123".to_owned()), "secret key"),
            (Some(format!("Bearer {other_key}")), "Invalid API Key"),
            (
                Some(format!("Bearer {}", key_of("acct_0000000ZZ0123456789abcdefghijkl", false))),
                "Invalid API Key",
            ),
            (Some(format!("Bearer {}", good.replace("test", "live"))), "Invalid API Key"),
            (Some("Bearer".to_owned()), "Authorization header"),
            (Some("Basic !!!".to_owned()), "Authorization header"),
            (Some("Digest x".to_owned()), "Authorization header"),
        ] {
            let mut request = world.http.post(format!("{}/v1/tokens", world.public)).body(GOOD);
            if let Some(header) = &header {
                request = request.header("authorization", header);
            }
            let answer = read(request.send().await.unwrap()).await;
            let error = &answer.json()["error"];
            assert_eq!(
                (answer.status, error["type"].as_str()),
                (401, Some("invalid_request_error")),
                "{header:?}"
            );
            assert!(error["message"].as_str().unwrap().contains(says), "{header:?}: {error}");
        }
        assert_eq!(sources(&world).await, 0);
    }
}

#[tokio::test]
async fn a_revoked_key_dies_at_once_here_and_within_a_second_elsewhere() {
    for world in worlds().await {
        assert_eq!(world.post("/v1/tokens", ACCOUNT, GOOD).await.status, 200);
        let put = json!({"account": ACCOUNT, "name": "x", "livemode": false, "publishable_keys": [], "origins": []});
        assert_eq!(world.ask("accounts", put).await.status, 204);
        assert_eq!(world.post("/v1/tokens", ACCOUNT, GOOD).await.status, 401);
        world.put_account(ACCOUNT, false).await;
        assert_eq!(world.post("/v1/tokens", ACCOUNT, GOOD).await.status, 200);
        // As if another node had revoked it.
        let mut tx = world.db.begin().await.unwrap();
        tx.execute("DELETE FROM publishable_keys", &[]).await.unwrap();
        tx.commit().await.unwrap();
        world.clock.advance(jiff::SignedDuration::from_millis(1000));
        assert_eq!(world.post("/v1/tokens", ACCOUNT, GOOD).await.status, 401);
    }
}

#[tokio::test]
async fn an_overlong_body_an_unknown_path_and_a_wrong_method_get_stripes_envelope() {
    for world in worlds().await {
        let long = format!("{GOOD}&guid={}", "x".repeat(65 * 1024));
        let answer = world.post("/v1/tokens", ACCOUNT, &long).await;
        assert_eq!(
            (answer.status, answer.json()["error"]["type"].as_str()),
            (413, Some("invalid_request_error"))
        );
        for path in ["/v1/charges", "/", "/v1/tokens/tok_1"] {
            let answer = world.post(path, ACCOUNT, GOOD).await;
            assert_eq!(
                (answer.status, answer.json()["error"]["type"].as_str()),
                (404, Some("invalid_request_error")),
                "{path}"
            );
        }
        assert_eq!(world.get("/v1/tokens").await.status, 404);
        assert_eq!(world.get("/health").await.status, 204);
    }
}

#[tokio::test]
async fn a_version_is_echoed_unless_it_is_long_or_like_a_card_number() {
    for world in worlds().await {
        let long = "x".repeat(256);
        for (version, want) in [("2026-10-28.endive", true), (VISA, false), (long.as_str(), false)] {
            let request =
                world.http.post(format!("{}/v1/tokens", world.public)).header("stripe-version", version);
            let answer = read(request.send().await.unwrap()).await;
            assert_eq!(answer.headers.contains_key("stripe-version"), want, "{version}");
        }
    }
}
