//! The page behind an invoice's link: who may open it, and that one press is one charge.

use std::time::Duration;

use onfile_core::ids::Id;
use onfile_service::binds;
use serde_json::{Value, json};

use crate::support::billing::at;
use crate::support::pages::{OURS, open, page, post};
use crate::support::vault::fresh_source;
use crate::support::{Reply, Server, merchant, servers};

const START: &str = "2027-01-31T10:00:00Z";
const AFTER_ALL_ATTEMPTS: &str = "2027-03-10T12:00:00Z";
const TOKEN: &str = "tok_0123456789ABCDEFGHIJKLMNOPQRSTU";

/// An invoice that was tried three times in vain, and is owed.
struct Bill {
    customer: String,
    subscription: String,
    invoice: String,
    /// Its page's address without the origin.
    path: String,
    /// Requests to the processor until then.
    before: usize,
}

async fn bill(server: &Server) -> Bill {
    let clock = server.clock(at(START)).await;
    let customer = server.customer_at(&clock, "pm_card_visa").await;
    let price = server.price("2900", "month").await;
    let pairs = [("customer", customer.as_str()), ("items[0][price]", price.as_str())];
    let subscription = server.post("/v1/subscriptions", &pairs).await.ok().id();
    server.give_card(&customer, "pm_card_chargeDeclined").await;
    server.advance(&clock, at(AFTER_ALL_ATTEMPTS)).await;
    let invoice = server.invoices_of(&subscription).await.pop().unwrap();
    assert_eq!((&invoice["status"], &invoice["attempt_count"]), (&json!("open"), &json!(3)));
    let url = invoice["hosted_invoice_url"].as_str().unwrap();
    let path = url.strip_prefix(OURS).unwrap().to_owned();
    let invoice = invoice["id"].as_str().unwrap().to_owned();
    Bill { customer, subscription, invoice, path, before: server.charges() }
}

impl Bill {
    async fn pay(&self, server: &Server, pairs: &[(&str, &str)]) -> Reply {
        post(server, &format!("{}/pay", self.path), OURS, pairs).await
    }

    /// The page that a press leads to in the end.
    async fn outcome(&self, server: &Server, pressed: &Reply) -> String {
        let mut reply = open(server, pressed.header("location").unwrap()).await;
        if let Some(on) = reply.header("location") {
            reply = open(server, on).await;
        }
        assert_eq!(reply.status, 200, "{}", reply.body);
        page(&reply)
    }

    async fn state(&self, server: &Server) -> (Value, Value) {
        let invoice = server.get(&format!("/v1/invoices/{}", self.invoice), &[]).await.ok();
        let subscription = server.get(&format!("/v1/subscriptions/{}", self.subscription), &[]).await.ok();
        (invoice.at("status"), subscription.at("status"))
    }
}

#[tokio::test]
async fn the_address_is_a_secret_and_opens_one_final_invoice() {
    for server in servers().await {
        let bill = bill(&server).await;
        let reply = open(&server, &bill.path).await;
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert_eq!(reply.header("referrer-policy"), Some("same-origin"));
        let text = page(&reply);
        for part in ["Bill from Shop", "$29.00", "Visa •••• 0002", "Your bank declined", "1 × Line"]
        {
            assert!(text.contains(part), "{part} in {text}");
        }
        let other = merchant(&server.app, "Other", false).await.account;
        let tail = |id: &str| id.split_once('_').unwrap().1.to_owned();
        let theirs = bill.path.replace(&tail(server.merchant.account.id.as_str()), &tail(other.id.as_str()));
        let last = bill.path.chars().last().unwrap();
        let wrong = format!("{}{}", &bill.path[..bill.path.len() - 1], if last == 'a' { 'b' } else { 'a' });
        for path in [theirs, wrong, format!("{}a", bill.path), "/invoices/x".into(), "/invoices/a_b".into()] {
            for path in [path.clone(), format!("{path}/progress"), format!("{path}/card")] {
                assert_eq!(open(&server, &path).await.status, 404, "{path}");
            }
            let pay =
                post(&server, &format!("{path}/pay"), OURS, &[("attempt", "a"), ("token", TOKEN)]).await;
            assert_eq!(pay.status, 404, "{path}");
        }
        let draft = server.post("/v1/invoices", &[("customer", &bill.customer)]).await.ok();
        assert_eq!(draft.at("hosted_invoice_url"), json!(null));
    }
}

#[tokio::test]
async fn the_customer_pays_after_the_last_attempt_once_however_often_the_form_comes() {
    for server in servers().await {
        let bill = bill(&server).await;
        let card = server.give_card(&bill.customer, "pm_card_visa").await;
        assert!(
            page(&open(&server, &bill.path).await)
                .contains("Visa •••• 4242 <span class=\"keep\">(Exp: 12/2034)")
        );
        let once = [("attempt", "firstPress"), ("card", card.as_str())];
        let forged = post(&server, &format!("{}/pay", bill.path), "https://evil.example", &once).await;
        assert_eq!(forged.status, 403);
        let (_, strange) = server.customer_with_card("pm_card_visa").await;
        assert_eq!(bill.pay(&server, &[("attempt", "x"), ("card", &strange)]).await.status, 404);
        assert_eq!(server.charges(), bill.before);
        let (first, second) = tokio::join!(bill.pay(&server, &once), bill.pay(&server, &once));
        let again = bill.pay(&server, &once).await;
        let other = bill.pay(&server, &[("attempt", "secondPage"), ("card", &card)]).await;
        for pressed in [first, second, again, other] {
            assert_eq!(pressed.status, 303, "{}", pressed.body);
            let text = bill.outcome(&server, &pressed).await;
            assert!(text.contains(">Paid<") && text.contains("/receipts/"), "{text}");
            assert!(!text.contains("<form"), "{text}");
        }
        assert_eq!(server.charges(), bill.before + 1);
        assert_eq!(bill.state(&server).await, (json!("paid"), json!("active")));
    }
}

#[tokio::test]
async fn a_press_while_another_attempt_is_under_way_charges_nothing() {
    for server in servers().await {
        let bill = bill(&server).await;
        let card = server.give_card(&bill.customer, "pm_card_visa").await;
        server.vault.lock().unwrap().stall = Some(Duration::from_secs(3));
        let automatic = async {
            let pairs = [("payment_method", card.as_str()), ("off_session", "false")];
            server.post(&format!("/v1/invoices/{}/pay", bill.invoice), &pairs).await.ok();
        };
        let customer = async {
            // The other attempt has been written down once the page waits for it.
            while !page(&open(&server, &bill.path).await).contains("is being checked") {
                assert!(
                    !page(&open(&server, &bill.path).await).contains(">Paid<"),
                    "the press came too late"
                );
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let pressed = bill.pay(&server, &[("attempt", "mine"), ("card", &card)]).await;
            assert_eq!(pressed.status, 303);
        };
        tokio::join!(automatic, customer);
        assert_eq!(server.charges(), bill.before + 1);
        assert_eq!(bill.state(&server).await, (json!("paid"), json!("active")));
    }
}

#[tokio::test]
async fn a_new_card_pays_once_and_is_not_kept() {
    for server in servers().await {
        let bill = bill(&server).await;
        fresh_source(&server.vault, TOKEN);
        let confirm = open(&server, &format!("{}/card/return?token={TOKEN}", bill.path)).await;
        assert!(page(&confirm).contains("Pay $29.00</button>"));
        assert_eq!(server.charges(), bill.before, "opening an address charges nothing");
        for _ in 0..2 {
            let pressed = bill.pay(&server, &[("token", TOKEN)]).await;
            assert!(bill.outcome(&server, &pressed).await.contains(">Paid<"));
        }
        assert_eq!(server.charges(), bill.before + 1);
        let kept = server.get("/v1/payment_methods", &[("customer", &bill.customer)]).await.ok();
        assert_eq!(kept.at("data").as_array().unwrap().len(), 2, "{}", kept.body);
        let frame = page(&open(&server, &format!("{}/card", bill.path)).await);
        assert!(!frame.contains("<iframe"), "what is paid needs no form");
    }
}

#[tokio::test]
async fn what_the_bank_says_no_to_can_be_tried_again_and_plans_nothing() {
    for server in servers().await {
        let bill = bill(&server).await;
        let declined = server.get(&format!("/v1/customers/{}", bill.customer), &[]).await.ok();
        let declined = declined.text("invoice_settings/default_payment_method");
        for _ in 0..2 {
            bill.pay(&server, &[("attempt", "one"), ("card", &declined)]).await;
        }
        assert_eq!(server.charges(), bill.before + 1, "a form that comes twice is one attempt");
        let pressed = bill.pay(&server, &[("attempt", "one"), ("card", &declined)]).await;
        let text = bill.outcome(&server, &pressed).await;
        assert!(text.contains("The last payment did not go through") && text.contains("Nothing was charged"));
        let invoice = server.get(&format!("/v1/invoices/{}", bill.invoice), &[]).await.ok();
        assert_eq!(invoice.at("next_payment_attempt"), json!(null));
        assert!(server.get("/v1/onfile/notices", &[]).await.ok().at("data").as_array().unwrap().len() <= 3);
        server.vault.lock().unwrap().sends_nothing = true;
        let card = server.give_card(&bill.customer, "pm_card_visa").await;
        let pressed = bill.pay(&server, &[("attempt", "two"), ("card", &card)]).await;
        assert!(bill.outcome(&server, &pressed).await.contains("We cannot take payments right now"));
        server.vault.lock().unwrap().sends_nothing = false;
        let pressed = bill.pay(&server, &[("attempt", "three"), ("card", &card)]).await;
        assert!(bill.outcome(&server, &pressed).await.contains(">Paid<"));
    }
}

#[tokio::test]
async fn a_card_that_has_expired_is_shown_and_refused() {
    for server in servers().await {
        let bill = bill(&server).await;
        let card = server.give_card(&bill.customer, "pm_card_visa").await;
        let mut tx = server.app.db.begin().await.unwrap();
        let sql =
            "UPDATE payment_methods SET doc = replace(doc, '2034', '2024') WHERE account_id = $1 AND id = $2";
        tx.execute(sql, binds![server.merchant.account.id.as_str(), &card]).await.unwrap();
        tx.commit().await.unwrap();
        let text = page(&open(&server, &bill.path).await);
        assert!(text.contains("This card expired in 12/2024 and cannot be used."), "{text}");
        assert!(!text.contains(&format!("name=\"card\" value=\"{card}\"")), "{text}");
        let pressed = bill.pay(&server, &[("attempt", "one"), ("card", &card)]).await;
        assert!(bill.outcome(&server, &pressed).await.contains("It has expired"));
        assert_eq!(server.charges(), bill.before);
    }
}

#[tokio::test]
async fn a_card_that_asks_leads_to_its_bank_and_back_to_a_paid_bill() {
    for server in servers().await {
        let bill = bill(&server).await;
        let card = server.give_card(&bill.customer, "pm_card_authenticationRequired").await;
        let pressed = bill.pay(&server, &[("attempt", "one"), ("card", &card)]).await;
        assert!(bill.outcome(&server, &pressed).await.contains("Continue to your bank"));
        assert!(page(&open(&server, &bill.path).await).contains("Your bank is waiting for you"));
        let invoice = server.get(&format!("/v1/invoices/{}", bill.invoice), &[]).await.ok();
        let intent = invoice.text("payments/data/0/payment/payment_intent");
        let account = server.merchant.account.id.to_string();
        let back = open(&server, &format!("/3ds/{account}/{intent}")).await;
        assert!(back.header("location").unwrap().starts_with(&format!("{OURS}{}/progress?", bill.path)));
        let text = page(&open(&server, &bill.path).await);
        assert!(text.contains(">Paid<"), "{text}");
        assert_eq!(bill.state(&server).await, (json!("paid"), json!("active")));
    }
}

#[tokio::test]
async fn a_bill_that_was_taken_back_or_given_up_says_so() {
    for server in servers().await {
        let bill = bill(&server).await;
        let given_up = format!("/v1/invoices/{}/mark_uncollectible", bill.invoice);
        server.post(&given_up, &[]).await.ok();
        let text = page(&open(&server, &bill.path).await);
        assert!(text.contains("closed as unpaid") && text.contains("<form"), "{text}");
        server.post(&format!("/v1/invoices/{}/void", bill.invoice), &[]).await.ok();
        let text = page(&open(&server, &bill.path).await);
        assert!(text.contains("There is nothing to pay") && !text.contains("<form"), "{text}");
        let pressed = bill.pay(&server, &[("attempt", "late"), ("token", TOKEN)]).await;
        assert!(bill.outcome(&server, &pressed).await.contains("There is nothing to pay"));
        assert_eq!(server.charges(), bill.before);
    }
}
