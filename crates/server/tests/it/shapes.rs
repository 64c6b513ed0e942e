//! Whole objects: every field that the API version has is always there.

use std::path::Path;
use std::process::Command;

use onfile_server::routes::ROUTES;
use serde_json::{Value, json};

use crate::keys;
use crate::support::{Server, send, servers};

/// Names the folder with `validate.py` and the schemas of the API version.
const SCHEMAS_VARIABLE: &str = "ONFILE_STRIPE_SCHEMAS";

/// The fields that API version 2026-10-28.endive always sends, by kind.
const ALWAYS: [(&str, &[&str]); 8] = [
    (
        "customer",
        &[
            "balance",
            "created",
            "default_source",
            "description",
            "email",
            "invoice_settings",
            "livemode",
            "metadata",
            "shipping",
        ],
    ),
    (
        "payment_method",
        &["billing_details", "created", "customer", "customer_account", "livemode", "metadata", "type"],
    ),
    (
        "payment_intent",
        &[
            "allowed_payment_method_types",
            "amount",
            "amount_capturable",
            "amount_received",
            "application",
            "application_fee_amount",
            "automatic_payment_methods",
            "canceled_at",
            "cancellation_reason",
            "capture_method",
            "client_secret",
            "confirmation_method",
            "created",
            "currency",
            "customer",
            "customer_account",
            "description",
            "excluded_payment_method_types",
            "last_payment_error",
            "latest_charge",
            "livemode",
            "managed_payments",
            "metadata",
            "next_action",
            "on_behalf_of",
            "payment_method",
            "payment_method_configuration_details",
            "payment_method_options",
            "payment_method_types",
            "payment_record",
            "processing",
            "receipt_email",
            "review",
            "setup_future_usage",
            "shipping",
            "source",
            "statement_descriptor",
            "statement_descriptor_suffix",
            "status",
            "transfer_group",
        ],
    ),
    (
        "setup_intent",
        &[
            "allowed_payment_method_types",
            "application",
            "automatic_payment_methods",
            "cancellation_reason",
            "client_secret",
            "created",
            "customer",
            "description",
            "excluded_payment_method_types",
            "last_setup_error",
            "latest_attempt",
            "livemode",
            "mandate",
            "metadata",
            "next_action",
            "on_behalf_of",
            "payment_method",
            "payment_method_configuration_details",
            "payment_method_options",
            "payment_method_types",
            "single_use_mandate",
            "status",
            "usage",
        ],
    ),
    (
        "charge",
        &[
            "amount",
            "amount_captured",
            "amount_refunded",
            "application",
            "application_fee",
            "application_fee_amount",
            "balance_transaction",
            "billing_details",
            "calculated_statement_descriptor",
            "captured",
            "created",
            "currency",
            "customer",
            "description",
            "disputed",
            "failure_balance_transaction",
            "failure_code",
            "failure_message",
            "fraud_details",
            "livemode",
            "metadata",
            "on_behalf_of",
            "outcome",
            "paid",
            "payment_intent",
            "payment_method",
            "payment_method_details",
            "receipt_email",
            "receipt_number",
            "receipt_url",
            "refunded",
            "review",
            "shipping",
            "source",
            "source_transfer",
            "statement_descriptor",
            "statement_descriptor_suffix",
            "status",
            "transfer_data",
            "transfer_group",
        ],
    ),
    (
        "refund",
        &[
            "amount",
            "balance_transaction",
            "charge",
            "created",
            "currency",
            "customer",
            "customer_account",
            "metadata",
            "payment_intent",
            "payment_method",
            "reason",
            "receipt_number",
            "source_transfer_reversal",
            "status",
            "transfer_reversal",
        ],
    ),
    (
        "product",
        &[
            "active",
            "created",
            "default_price",
            "description",
            "images",
            "livemode",
            "marketing_features",
            "metadata",
            "name",
            "package_dimensions",
            "shippable",
            "statement_descriptor",
            "tax_code",
            "tax_details",
            "type",
            "unit_label",
            "updated",
            "url",
        ],
    ),
    (
        "price",
        &[
            "active",
            "billing_scheme",
            "created",
            "currency",
            "custom_unit_amount",
            "livemode",
            "lookup_key",
            "metadata",
            "nickname",
            "product",
            "recurring",
            "tax_behavior",
            "tiers_mode",
            "transform_quantity",
            "type",
            "unit_amount",
            "unit_amount_decimal",
        ],
    ),
];

/// Objects of every kind, in every state that the API can bring about.
async fn objects(server: &Server) -> Vec<Value> {
    let mut all = Vec::new();
    let customer = server
        .post("/v1/customers", &[("name", "J"), ("shipping[name]", "J"), ("shipping[address][city]", "B")]);
    all.push(customer.await.ok().body);
    for (source, extra) in [
        ("pm_card_visa", vec![("shipping[name]", "J"), ("shipping[address][city]", "B")]),
        ("pm_card_visa", vec![("capture_method", "manual")]),
        ("pm_card_chargeDeclined", vec![]),
        ("pm_card_authenticationRequired", vec![("return_url", "https://shop.example/")]),
        ("pm_card_visa", vec![("automatic_payment_methods[enabled]", "true")]),
    ] {
        let (customer, method) = server.customer_with_card(source).await;
        let mut pairs = vec![
            ("amount", "2900"),
            ("currency", "usd"),
            ("customer", customer.as_str()),
            ("payment_method", method.as_str()),
            ("confirm", "true"),
        ];
        pairs.extend(extra);
        server.post("/v1/payment_intents", &pairs).await;
        server
            .post(
                "/v1/setup_intents",
                &[("customer", &customer), ("payment_method", source), ("confirm", "true")],
            )
            .await;
        all.push(server.get(&format!("/v1/payment_methods/{method}"), &[]).await.ok().body);
    }
    server.post("/v1/payment_intents", &[("amount", "1"), ("currency", "usd")]).await.ok();
    let charge = server.get("/v1/charges", &[("limit", "100")]).await.ok();
    let captured =
        charge.body["data"].as_array().unwrap().iter().find(|c| c["captured"] == json!(true)).unwrap();
    server.post("/v1/refunds", &[("charge", captured["id"].as_str().unwrap()), ("amount", "1")]).await.ok();
    catalog(server).await;
    for path in [
        "/v1/customers",
        "/v1/payment_intents",
        "/v1/setup_intents",
        "/v1/charges",
        "/v1/refunds",
        "/v1/products",
        "/v1/prices",
    ] {
        let list = server.get(path, &[("limit", "100")]).await.ok();
        all.extend(list.body["data"].as_array().unwrap().iter().cloned());
    }
    let events = server.get("/v1/events", &[("limit", "100")]).await.ok();
    all.extend(events.body["data"].as_array().unwrap().iter().map(|event| event["data"]["object"].clone()));
    let gone = all[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/customers/{gone}");
    all.push(send(server.with(&server.merchant.secret, "DELETE", &path, &[])).await.ok().body);
    let unsold = server.post("/v1/products", &[("name", "Unsold")]).await.ok().id();
    let path = format!("/v1/products/{unsold}");
    all.push(send(server.with(&server.merchant.secret, "DELETE", &path, &[])).await.ok().body);
    all
}

/// What every route that reads answers of one object of each kind.
async fn shown(server: &Server) -> Vec<Value> {
    let known = keys::objects(server).await;
    let mut all = Vec::new();
    for route in ROUTES.iter().filter(|route| route.method == "GET" && has_schemas(route.path)) {
        let of = known.iter().find(|(family, _)| *family == "/v1/subscriptions").map(|(_, id)| id.as_str());
        let pairs = match route.path {
            "/v1/subscription_items" => of.map(|of| ("subscription", of)).into_iter().collect(),
            path if path.ends_with("/search") => vec![("query", "-metadata['no']:'such'")],
            _ => vec![],
        };
        let body = server.get(&keys::filled(route.path, &known), &pairs).await.ok().body;
        match body["data"].as_array() {
            Some(objects) => all.extend(objects.iter().cloned()),
            None => all.push(body),
        }
    }
    all
}

/// There is none for our own objects, nor for events.
fn has_schemas(path: &str) -> bool {
    !path.starts_with("/v1/onfile") && !path.starts_with("/v1/events")
}

/// Products and prices with every field, and with as few as can be.
async fn catalog(server: &Server) {
    let whole = [
        ("name", "Gold"),
        ("type", "good"),
        ("description", "All of it"),
        ("images[]", "https://shop.example/gold.png"),
        ("marketing_features[0][name]", "Shines"),
        ("package_dimensions[height]", "1"),
        ("package_dimensions[length]", "2.5"),
        ("package_dimensions[weight]", "0.25"),
        ("package_dimensions[width]", "3.00"),
        ("shippable", "true"),
        ("statement_descriptor", "GOLD"),
        ("tax_code", "txcd_99999999"),
        ("unit_label", "bar"),
        ("url", "https://shop.example/gold"),
        ("default_price_data[currency]", "usd"),
        ("default_price_data[unit_amount_decimal]", "0.5"),
        ("default_price_data[recurring][interval]", "month"),
    ];
    let product = server.post("/v1/products", &whole).await.ok().id();
    server.post("/v1/products", &[("name", "Plain")]).await.ok();
    let once = [
        ("product", product.as_str()),
        ("currency", "kwd"),
        ("unit_amount", "29010"),
        ("nickname", "once"),
        ("lookup_key", "gold-once"),
        ("tax_behavior", "exclusive"),
        ("metadata[a]", "b"),
    ];
    server.post("/v1/prices", &once).await.ok();
}

#[tokio::test]
async fn objects_are_whole() {
    for server in servers().await {
        let objects = objects(&server).await;
        for (kind, fields) in ALWAYS {
            let of_kind: Vec<&Value> = objects
                .iter()
                .filter(|o| o["object"] == json!(kind) && o["deleted"] != json!(true))
                .collect();
            assert!(!of_kind.is_empty(), "no {kind} to look at");
            for object in of_kind {
                for field in fields.iter().chain(&["id"]) {
                    assert!(object.get(field).is_some(), "{kind} without {field}: {object}");
                }
                assert_ne!(object["livemode"], json!(true), "a test account's object is live");
            }
        }
    }
}

#[tokio::test]
async fn objects_fit_the_schemas_of_the_api_version() {
    for server in servers().await {
        fit(&server, &objects(&server).await);
        fit(&server, &shown(&server).await);
    }
}

/// Every object must be as the schemas of the API version have it, where they are at hand.
#[expect(clippy::print_stderr, reason = "a check that did not run says so")]
pub fn fit(server: &Server, objects: &[Value]) {
    let Ok(folder) = std::env::var(SCHEMAS_VARIABLE) else {
        eprintln!(
            "SKIPPED: set {SCHEMAS_VARIABLE} to the folder with validate.py and the schemas to run this check"
        );
        return;
    };
    let lines: Vec<String> = objects.iter().map(ToString::to_string).collect();
    let file = server.scratch.directory.path().join("objects.jsonl");
    std::fs::write(&file, lines.join("\n")).unwrap();
    let ran =
        Command::new("python3").arg(Path::new(&folder).join("validate.py")).arg(&file).output().unwrap();
    assert!(
        ran.status.success(),
        "{}{}",
        String::from_utf8_lossy(&ran.stdout),
        String::from_utf8_lossy(&ran.stderr)
    );
}
