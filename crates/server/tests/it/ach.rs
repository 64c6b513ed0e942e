//! Bank debits: verified, submitted, pending, paid, returned, and what a merchant sees of each.

use onfile_server::payments::{debits, resolve};
use serde_json::{Value, json};

use crate::support::bank::{AGREED, BANK, typed};
use crate::support::{Reply, Server, send, servers, servers_with};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
async fn pay(server: &Server, extra: &[(&str, &str)]) -> Reply {
    let mut pairs = vec![("amount", "2900"), ("currency", "usd"), ("confirm", "true"), BANK];
    pairs.extend_from_slice(extra);
    server.post("/v1/payment_intents", &pairs).await
}

/// A debit of a named test account, with the customer's agreement.
async fn debit(server: &Server) -> Reply {
    let mut extra = vec![("payment_method", "pm_usBankAccount_success")];
    extra.extend(AGREED);
    pay(server, &extra).await.ok()
}

/// The bank moves on, and so many milliseconds later the server looks.
async fn later(server: &Server, after_ms: i64, status: &str, code: Option<&str>) {
    server.vault.lock().unwrap().debits_become(status, code);
    debits::poll::once(&server.app, server.app.now_ms() + after_ms).await.unwrap();
}

async fn read(server: &Server, intent: &Reply) -> Reply {
    server.get(&format!("/v1/payment_intents/{}", intent.id()), &[]).await.ok()
}

async fn charge_of(server: &Server, intent: &Reply) -> Reply {
    server.get(&format!("/v1/charges/{}", intent.text("latest_charge")), &[]).await.ok()
}

/// The types of all events, oldest first.
async fn told(server: &Server) -> Vec<String> {
    let events = server.get("/v1/events", &[("limit", "100")]).await.ok();
    let mut types: Vec<String> = events.body["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["type"].as_str().unwrap().to_owned())
        .collect();
    types.reverse();
    types
}

#[tokio::test]
async fn a_debit_is_processing_until_the_bank_has_settled_it() {
    for server in servers().await {
        let intent = debit(&server).await;
        assert_eq!((intent.at("status"), intent.at("amount_received")), (json!("processing"), json!(0)));
        let charge = charge_of(&server, &intent).await;
        assert_eq!((charge.at("status"), charge.at("paid")), (json!("pending"), json!(false)));
        let confirm = format!("/v1/payment_intents/{}/confirm", intent.id());
        let again = server.post(&confirm, &[("payment_method", "pm_usBankAccount_success")]).await;
        assert_eq!(
            again.at("error/code"),
            "payment_intent_unexpected_state",
            "one open operation for a debt"
        );

        let before = server.vault.lock().unwrap().looked_up;
        later(&server, HOUR_MS / 2, "settled", None).await;
        assert_eq!(server.vault.lock().unwrap().looked_up, before, "it is not looked up all the time");
        later(&server, HOUR_MS, "pending", None).await;
        assert_eq!(read(&server, &intent).await.at("status"), "processing");
        later(&server, 3 * HOUR_MS, "settled", None).await;

        let paid = read(&server, &intent).await;
        assert_eq!((paid.at("status"), paid.at("amount_received")), (json!("succeeded"), json!(2900)));
        assert_eq!(paid.at("onfile/debt"), "paid");
        let settled = charge_of(&server, &paid).await;
        assert_eq!(settled.id(), charge.id(), "one charge from the beginning to the end");
        assert_eq!((settled.at("status"), settled.at("amount_captured")), (json!("succeeded"), json!(2900)));
        let types = told(&server).await;
        let money: Vec<&str> = types
            .iter()
            .map(String::as_str)
            .filter(|kind| kind.starts_with("charge.") || kind.starts_with("payment_intent."))
            .collect();
        assert_eq!(
            money,
            [
                "payment_intent.created",
                "charge.pending",
                "payment_intent.processing",
                "charge.succeeded",
                "payment_intent.succeeded"
            ]
        );
        let orders = server.vault.lock().unwrap().forwarded.len();
        assert_eq!(orders, 1, "what is pending is never sent again");
    }
}

#[tokio::test]
async fn a_debit_that_comes_back_before_it_settles_has_failed_and_its_code_says_what_follows() {
    for server in servers().await {
        for (code, failure, class, blocked, mandate) in [
            ("R01", "insufficient_funds", "represent", json!({}), "active"),
            ("R02", "account_closed", "new_details", json!("bank_account_closed"), "active"),
            ("R03", "no_account", "new_details", json!("bank_account_invalid_details"), "active"),
            ("R10", "debit_not_authorized", "revoked", json!("debit_not_authorized"), "inactive"),
        ] {
            let intent = debit(&server).await;
            let method = intent.text("payment_method");
            let charge = charge_of(&server, &intent).await;
            let agreed = charge.text("payment_method_details/us_bank_account/mandate");
            later(&server, HOUR_MS, "returned", Some(code)).await;
            let failed = read(&server, &intent).await;
            assert_eq!(failed.at("status"), "requires_payment_method", "{code}");
            assert_eq!(failed.at("last_payment_error/code"), failure, "{code}");
            assert_eq!(failed.at("last_payment_error/network_decline_code"), code);
            let charge = charge_of(&server, &failed).await;
            assert_eq!((charge.at("status"), charge.at("failure_code")), (json!("failed"), json!(failure)));
            let onfile = (charge.at("onfile/return_class"), charge.at("onfile/presentment"));
            assert_eq!(onfile, (json!(class), json!(1)), "{code}");
            assert!(!charge.at("disputed").as_bool().unwrap());
            let kept = server.get(&format!("/v1/payment_methods/{method}"), &[]).await.ok();
            let status = kept.at("us_bank_account/status_details");
            assert_eq!(status.pointer("/blocked/reason").cloned().unwrap_or(json!({})), blocked, "{code}");
            let mandate_now = server.get(&format!("/v1/mandates/{agreed}"), &[]).await.ok();
            assert_eq!(mandate_now.at("status"), mandate, "{code}");
            assert_eq!(mandate_now.at("customer_acceptance/online/ip_address"), "203.0.113.7");

            // The merchant's own next confirm: allowed after a lack of funds, and after nothing that speaks of the account.
            let confirm = format!("/v1/payment_intents/{}/confirm", intent.id());
            let again = server.post(&confirm, &[("payment_method", &method)]).await;
            if code == "R01" {
                assert_eq!(again.ok().at("status"), "processing");
                later(&server, HOUR_MS, "settled", None).await;
                let paid = read(&server, &intent).await;
                assert_eq!(charge_of(&server, &paid).await.at("onfile/presentment"), 2);
            } else {
                assert_eq!(again.at("error/code"), "payment_method_bank_account_blocked", "{code}");
            }
        }
        assert!(told(&server).await.contains(&"mandate.updated".to_owned()));
    }
}

#[tokio::test]
async fn a_return_after_success_is_a_lost_dispute_and_opens_the_debt_again() {
    for server in servers().await {
        let (customer, method) = server.customer_with_card("pm_usBankAccount_success").await;
        let asked = [("customer", customer.as_str()), ("payment_method", method.as_str())];
        let intent = pay(&server, &[asked[0], asked[1], ("off_session", "true")]).await.ok();
        later(&server, HOUR_MS, "settled", None).await;
        later(&server, DAY_MS / 2, "returned", Some("R10")).await;
        let disputes = server.get("/v1/disputes", &[]).await.ok();
        assert_eq!(disputes.at("data"), json!([]), "settled debits are looked up daily");
        for _ in 0..2 {
            // The second look finds it done.
            later(&server, 2 * DAY_MS, "returned", Some("R10")).await;
        }
        let disputes = server.get("/v1/disputes", &[("payment_intent", &intent.id())]).await.ok();
        assert_eq!(disputes.body["data"].as_array().unwrap().len(), 1);
        let found = server.get(&format!("/v1/disputes/{}", disputes.id_of_first()), &[]).await.ok();
        for (field, want) in [
            ("status", json!("lost")),
            ("reason", json!("debit_not_authorized")),
            ("network_reason_code", json!("R10")),
            ("amount", json!(2900)),
            ("currency", json!("usd")),
            ("charge", intent.at("latest_charge")),
            ("payment_intent", json!(intent.id())),
        ] {
            assert_eq!(found.at(field), want, "{field}");
        }
        let charge = charge_of(&server, &intent).await;
        assert_eq!((charge.at("status"), charge.at("disputed")), (json!("succeeded"), json!(true)));
        let open = read(&server, &intent).await;
        assert_eq!((open.at("status"), open.at("onfile/debt")), (json!("succeeded"), json!("open")));
        assert_eq!(open.at("onfile/taken_back/return_class"), "revoked");
        let refund = server.post("/v1/refunds", &[("payment_intent", &intent.id())]).await;
        assert_eq!((refund.status, refund.at("error/code")), (400, json!("charge_disputed")));
        let types = told(&server).await;
        for kind in ["charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.closed"] {
            assert_eq!(types.iter().filter(|told| *told == kind).count(), 1, "{kind}");
        }

        // The same account is refused, another way to pay is not.
        let confirm = format!("/v1/payment_intents/{}/confirm", intent.id());
        let same = server.post(&confirm, &[("payment_method", &method)]).await;
        assert_eq!(same.at("error/code"), "payment_method_bank_account_blocked");
        let mut other = vec![("payment_method", "pm_usBankAccount_success")];
        other.extend(AGREED);
        assert_eq!(server.post(&confirm, &other).await.ok().at("status"), "processing");
        later(&server, HOUR_MS, "settled", None).await;
        let paid = read(&server, &intent).await;
        assert_eq!((paid.at("onfile/debt"), paid.at("amount_received")), (json!("paid"), json!(2900)));
        assert_ne!(paid.at("latest_charge"), json!(charge.id()));
    }
}

#[tokio::test]
async fn a_debit_that_settled_and_came_back_between_two_looks_is_both() {
    for server in servers().await {
        let intent = debit(&server).await;
        server.vault.lock().unwrap().debits_become("settled", None);
        later(&server, HOUR_MS, "returned", Some("R01")).await;
        later(&server, HOUR_MS, "returned", Some("R01")).await;
        let open = read(&server, &intent).await;
        assert_eq!((open.at("status"), open.at("onfile/debt")), (json!("succeeded"), json!("open")));
        let disputes = server.get("/v1/disputes", &[("charge", &intent.text("latest_charge"))]).await.ok();
        assert_eq!(disputes.at("data/0/reason"), "insufficient_funds");
        let types = told(&server).await;
        let at = |kind: &str| types.iter().position(|told| told == kind).unwrap();
        assert!(at("charge.succeeded") < at("charge.dispute.created"), "{types:?}");
    }
}

#[tokio::test]
async fn a_debit_whose_answer_was_lost_is_looked_up_and_submitted_once() {
    const SHORT: &str =
        "[processing]\nlease_ms = 300\nabsent_is_final_after_ms = 100\ncheck_delay_max_ms = 10\n";
    for server in servers_with(SHORT).await {
        server.vault.lock().unwrap().lose_answers = true;
        let intent = debit(&server).await;
        server.vault.lock().unwrap().lose_answers = false;
        let path = format!("/v1/payment_intents/{}", intent.id());
        for _ in 0..100 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            resolve::once(&server.app).await.unwrap();
            if !server.get(&path, &[]).await.ok().at("latest_charge").is_null() {
                break;
            }
        }
        assert_eq!(charge_of(&server, &read(&server, &intent).await).await.at("status"), "pending");
        later(&server, 2 * HOUR_MS, "settled", None).await;
        assert_eq!(read(&server, &intent).await.at("status"), "succeeded");
        assert_eq!(server.vault.lock().unwrap().forwarded.len(), 1);
    }
}

#[tokio::test]
async fn a_typed_account_is_saved_only_after_its_holder_told_the_amounts() {
    for server in servers().await {
        let customer = server.post("/v1/customers", &[]).await.ok().id();
        let source = typed(&server);
        let mut pairs = vec![BANK, ("confirm", "true"), ("customer", &customer), ("payment_method", &source)];
        let refused = server.post("/v1/setup_intents", &pairs).await;
        assert_eq!((refused.status, refused.at("error/param")), (400, json!("mandate_data")));
        pairs.extend(AGREED);
        let setup = server.post("/v1/setup_intents", &pairs).await.ok();
        assert_eq!(setup.at("status"), "requires_action", "{}", setup.body);
        assert_eq!(setup.at("next_action/type"), "verify_with_microdeposits");
        assert_eq!(setup.at("next_action/verify_with_microdeposits/arrival_date"), 1_795_200_000);
        let mandate = format!("/v1/mandates/{}", setup.text("mandate"));
        assert_eq!(server.get(&mandate, &[]).await.ok().at("status"), "pending");
        let method = setup.text("payment_method");
        let attach = format!("/v1/payment_methods/{method}/attach");
        let early = server.post(&attach, &[("customer", &customer)]).await;
        assert_eq!(early.at("error/code"), "bank_account_unverified");

        let verify = format!("/v1/setup_intents/{}/verify_microdeposits", setup.id());
        for (pairs, code) in [
            (
                vec![("amounts[0]", "1"), ("amounts[1]", "2")],
                "payment_method_microdeposit_verification_amounts_mismatch",
            ),
            (vec![("amounts[0]", "32")], "payment_method_microdeposit_verification_amounts_invalid"),
            (
                vec![("amounts[0]", "32"), ("amounts[1]", "x")],
                "payment_method_microdeposit_verification_amounts_invalid",
            ),
            (
                vec![("amounts[0]", "32"), ("amounts[1]", "100")],
                "payment_method_microdeposit_verification_amounts_invalid",
            ),
            (
                vec![("descriptor_code", "SM99ZZ")],
                "payment_method_microdeposit_verification_descriptor_code_mismatch",
            ),
            (
                vec![("amounts[0]", "32"), ("amounts[1]", "45"), ("descriptor_code", "SM11AA")],
                "parameters_exclusive",
            ),
            (vec![], "parameter_missing"),
        ] {
            let wrong = server.post(&verify, &pairs).await;
            assert_eq!((wrong.status, wrong.at("error/code")), (400, json!(code)), "{pairs:?}");
            let path = format!("/v1/setup_intents/{}", setup.id());
            assert_eq!(server.get(&path, &[]).await.ok().at("status"), "requires_action");
        }
        let done = server.post(&verify, &[("amounts[0]", "32"), ("amounts[1]", "45")]).await.ok();
        assert_eq!((done.at("status"), done.at("next_action")), (json!("succeeded"), Value::Null));
        let kept = server.get(&format!("/v1/payment_methods/{method}"), &[]).await.ok();
        assert_eq!((kept.at("customer"), kept.at("onfile/verified")), (json!(customer), json!(true)));
        assert_eq!(server.get(&mandate, &[]).await.ok().at("status"), "active");
        let late = server.post(&verify, &[("amounts[0]", "32"), ("amounts[1]", "45")]).await;
        assert_eq!(late.at("error/code"), "setup_intent_unexpected_state");

        // From now on it is debited without anybody there.
        let away = [("customer", customer.as_str()), ("payment_method", &method), ("off_session", "true")];
        assert_eq!(pay(&server, &away).await.ok().at("status"), "processing");
    }
}

#[tokio::test]
async fn an_account_that_cannot_be_verified_is_not_kept() {
    for server in servers().await {
        for (first, second, code) in [
            ("10", "11", "payment_method_microdeposit_verification_attempts_exceeded"),
            ("40", "41", "payment_method_microdeposit_verification_timeout"),
        ] {
            let source = typed(&server);
            let mut pairs = vec![BANK, ("confirm", "true"), ("payment_method", source.as_str())];
            pairs.extend(AGREED);
            let setup = server.post("/v1/setup_intents", &pairs).await.ok();
            let path = format!("/v1/setup_intents/{}", setup.id());
            let verify = format!("{path}/verify_microdeposits");
            let over = server.post(&verify, &[("amounts[0]", first), ("amounts[1]", second)]).await;
            assert_eq!((over.status, over.at("error/code")), (400, json!(code)), "{}", over.body);
            let now = server.get(&path, &[]).await.ok();
            let stands = (now.at("status"), now.at("last_setup_error/code"), now.at("payment_method"));
            assert_eq!(stands, (json!("requires_payment_method"), json!(code), Value::Null));
            onfile_server::payments::destroy::once(&server.app).await.unwrap();
            let destroyed = server.vault.lock().unwrap().destroyed.clone();
            assert!(destroyed.iter().any(|id| id.to_string() == setup.text("payment_method")));
        }
    }
}

#[tokio::test]
async fn a_payment_with_an_unverified_account_waits_for_the_amounts_and_then_debits() {
    for server in servers().await {
        let source = typed(&server);
        let away = pay(
            &server,
            &[("payment_method", &source), ("off_session", "true"), AGREED[0], AGREED[1], AGREED[2]],
        )
        .await;
        assert_eq!(away.at("error/code"), "bank_account_unverified");
        let mut extra = vec![("payment_method", source.as_str())];
        extra.extend(AGREED);
        let intent = pay(&server, &extra).await.ok();
        assert_eq!(intent.at("next_action/type"), "verify_with_microdeposits", "{}", intent.body);
        let verify = format!("/v1/payment_intents/{}/verify_microdeposits", intent.id());
        let wrong = server.post(&verify, &[("amounts[0]", "1"), ("amounts[1]", "2")]).await;
        assert_eq!(wrong.at("error/code"), "payment_method_microdeposit_verification_amounts_mismatch");
        let secret = intent.text("client_secret");
        let browser = [("client_secret", secret.as_str()), ("amounts[0]", "32"), ("amounts[1]", "45")];
        let going = send(server.with(&server.merchant.publishable, "POST", &verify, &browser)).await.ok();
        assert_eq!((going.at("status"), going.at("next_action")), (json!("processing"), Value::Null));
        later(&server, HOUR_MS, "settled", None).await;
        assert_eq!(read(&server, &intent).await.at("status"), "succeeded");
        let paths: Vec<String> =
            server.vault.lock().unwrap().forwarded.iter().map(|(path, _)| path.clone()).collect();
        assert_eq!(paths.iter().filter(|path| *path == "/v1/debits").count(), 1, "{paths:?}");
    }
}

#[tokio::test]
async fn a_settled_debit_is_refunded_and_what_cannot_be_debited_is_refused() {
    for server in servers().await {
        let intent = debit(&server).await;
        let pair = [("payment_intent", intent.id())];
        let pairs: Vec<(&str, &str)> = pair.iter().map(|(name, id)| (*name, id.as_str())).collect();
        assert_eq!(server.post("/v1/refunds", &pairs).await.at("error/code"), "charge_not_refundable");
        later(&server, HOUR_MS, "settled", None).await;
        let refund = server.post("/v1/refunds", &pairs).await.ok();
        let stands = (refund.at("status"), refund.at("destination_details/type"));
        assert_eq!(stands, (json!("succeeded"), json!("us_bank_transfer")));
        assert!(server.vault.lock().unwrap().forwarded.last().unwrap().0.ends_with("/refunds"));

        let account = ("payment_method", "pm_usBankAccount_success");
        for (extra, param) in [
            (vec![("currency", "eur")], "currency"),
            (vec![("capture_method", "manual")], "capture_method"),
            (vec![("payment_method_types[0]", "card")], "payment_method"),
            (
                vec![("payment_method_options[us_bank_account][verification_method]", "instant")],
                "payment_method_options[us_bank_account][verification_method]",
            ),
            (
                vec![("mandate_data[customer_acceptance][type]", "maybe")],
                "mandate_data[customer_acceptance][type]",
            ),
        ] {
            let mut pairs = vec![("amount", "2900"), ("confirm", "true"), account];
            let has = |name: &str| extra.iter().any(|(n, _)| *n == name);
            pairs.extend([("currency", "usd"), BANK].into_iter().filter(|(name, _)| !has(name)));
            pairs.extend(AGREED.into_iter().filter(|(name, _)| !has(name)));
            pairs.extend(extra.iter().copied());
            let refused = server.post("/v1/payment_intents", &pairs).await;
            assert_eq!((refused.status, refused.at("error/param")), (400, json!(param)), "{}", refused.body);
        }
    }
}

#[tokio::test]
async fn disputes_and_mandates_of_others_are_as_missing_as_none() {
    for server in servers().await {
        let other = crate::support::merchant(&server.app, "Other", false).await;
        let intent = debit(&server).await;
        later(&server, HOUR_MS, "settled", None).await;
        later(&server, 2 * DAY_MS, "returned", Some("R02")).await;
        let dispute = server.get("/v1/disputes", &[]).await.ok().id_of_first();
        let charge = charge_of(&server, &intent).await;
        let mandate = charge.text("payment_method_details/us_bank_account/mandate");
        for path in [format!("/v1/disputes/{dispute}"), format!("/v1/mandates/{mandate}")] {
            server.get(&path, &[]).await.ok();
            let theirs = send(server.with(&other.secret, "GET", &path, &[])).await;
            assert_eq!((theirs.status, theirs.at("error/code")), (404, json!("resource_missing")), "{path}");
            let unknown = server.get(&path, &[("x", "1")]).await;
            assert_eq!(unknown.at("error/code"), "parameter_unknown");
        }
        let expanded = server.get(&format!("/v1/disputes/{dispute}"), &[("expand[]", "charge")]).await.ok();
        assert_eq!(expanded.at("charge/id"), intent.at("latest_charge"));
    }
}
