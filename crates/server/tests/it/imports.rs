//! Customers from a file: all or nothing of it is accepted, each becomes one customer, and none holds up another.

use std::fmt::Write;
use std::time::Duration;

use onfile_server::imports;
use onfile_server::payments::destroy;
use serde_json::{Value, json};

use crate::support::billing::at;
use crate::support::vault::fresh_source;
use crate::support::{Reply, Server, send, servers};

const HEADER: &str = "reference,name,email,method,amount,currency,recurrence,start,timezone,description";
const PATH: &str = "/v1/onfile/imports";
/// How long an import may take, in steps of 20 ms: generous, since only a failure waits for it.
const DONE_WITHIN: u32 = 1_500;

/// Rows with these references and this method.
fn file(references: impl IntoIterator<Item = usize>, method: &str) -> String {
    let mut text = HEADER.to_owned();
    for n in references {
        let rule = "FREQ=MONTHLY;BYMONTHDAY=31,2027-01-31";
        write!(
            text,
            "\nT-{n},Customer {n},c{n}@example.com,{method},{}.99,usd,{rule},UTC,Line {n}",
            10 + n % 3
        )
        .unwrap();
    }
    text
}

#[tokio::test]
async fn a_card_that_two_rows_name_is_kept_for_one_of_them_and_destroyed_for_neither() {
    for server in servers().await {
        let token = "tok_0123456789ABCDEFGHIJKLMNOPQRSTU";
        fresh_source(&server.vault, token);
        let id = upload(&server, PATH, &file(0..2, token)).await.ok().id();
        let import = finished(&server, &id).await;
        assert_eq!((import.at("imported"), import.at("parked")), (json!(1), json!(1)), "{}", import.body);
        destroy::once(&server.app).await.unwrap();
        assert!(server.vault.lock().unwrap().destroyed.is_empty(), "the other row's card");
    }
}

/// A finished import of one customer.
pub async fn imported(server: &Server) -> String {
    let import = upload(server, PATH, &file(0..1, "pm_card_visa")).await.ok().id();
    finished(server, &import).await.id()
}

async fn upload(server: &Server, path: &str, text: &str) -> Reply {
    let request = server.bare("POST", path).bearer_auth(&server.merchant.secret);
    send(request.header("content-type", "text/csv").body(text.to_owned())).await
}

async fn show(server: &Server, id: &str) -> Reply {
    server.get(&format!("{PATH}/{id}"), &[]).await.ok()
}

/// The import once it looks like this.
async fn once(server: &Server, id: &str, good: impl Fn(&Reply) -> bool) -> Reply {
    for _ in 0..DONE_WITHIN {
        let import = show(server, id).await;
        if good(&import) {
            return import;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the import did not come so far: {}", show(server, id).await.body);
}

async fn finished(server: &Server, id: &str) -> Reply {
    once(server, id, |import| import.at("status") == "finished").await
}

async fn all(server: &Server, path: &str) -> Vec<Value> {
    let list = server.get(path, &[("limit", "100")]).await.ok();
    assert_eq!(list.at("has_more"), false);
    list.at("data").as_array().cloned().unwrap_or_default()
}

/// The references of all customers, sorted: one that stands here twice was imported twice.
async fn references(server: &Server) -> Vec<String> {
    let customers = all(server, "/v1/customers").await;
    let reference = |c: &Value| c["metadata"]["reference"].as_str().unwrap_or_default().to_owned();
    let mut found: Vec<String> = customers.iter().map(reference).collect();
    found.sort();
    found
}

fn named(references: impl IntoIterator<Item = usize>) -> Vec<String> {
    let mut names: Vec<String> = references.into_iter().map(|n| format!("T-{n}")).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_row_becomes_a_customer_with_a_method_and_an_agreement_in_the_time_of_its_clock() {
    for server in servers().await {
        let clock = server.clock(at("2027-01-30T00:00:00Z")).await;
        let path = format!("{PATH}?test_clock={clock}");
        let text = format!(
            "{}\n{}",
            file(0..3, "pm_card_visa"),
            "T-9,Bank,b@example.org,pm_usBankAccount_success,10.99,usd,FREQ=MONTHLY;BYMONTHDAY=31,2027-01-31,,"
        );
        let accepted = upload(&server, &path, &text).await.ok();
        assert_eq!((accepted.at("rows"), accepted.at("reused")), (json!(4), json!(false)));
        let import = finished(&server, &accepted.id()).await;
        assert_eq!(
            (import.at("imported"), import.at("parked"), import.at("pending")),
            (json!(4), json!(0), json!(0))
        );
        assert_eq!((import.at("test_clock"), import.at("parked_rows")), (json!(clock), json!([])));
        let customers = all(&server, "/v1/customers").await;
        let ada = customers.iter().find(|c| c["metadata"]["reference"] == "T-1").unwrap();
        assert_eq!(
            (&ada["name"], &ada["email"], &ada["test_clock"]),
            (&json!("Customer 1"), &json!("c1@example.com"), &json!(clock))
        );
        let id = ada["id"].as_str().unwrap();
        let methods = server.get(&format!("/v1/customers/{id}/payment_methods"), &[]).await.ok();
        assert_eq!(methods.at("data/0/id"), ada["invoice_settings"]["default_payment_method"]);
        let agreement = server.get("/v1/subscriptions", &[("customer", id)]).await.ok();
        assert_eq!(
            (agreement.at("data/0/description"), agreement.at("data/0/status")),
            (json!("Line 1"), json!("active"))
        );
        assert_eq!(agreement.at("data/0/items/data/0/price/unit_amount"), 1_199);
        // One product; rows 0 and 9 have the same amount, so three prices.
        let prices = all(&server, "/v1/prices").await;
        assert_eq!(prices.len(), 3);
        assert!(prices.iter().all(|price| price["product"] == import.at("product")));
        assert_eq!(server.rows("SELECT COUNT(*) AS n FROM mandates").await, 1);
        assert_eq!(server.rows("SELECT COUNT(*) AS n FROM consents").await, 4);
        let until = at("2027-02-01T00:00:00Z").to_string();
        let preview =
            server.post("/v1/onfile/runs/preview", &[("test_clock", &clock), ("until", &until)]).await.ok();
        assert_eq!(preview.at("totals/usd"), json!({ "count": 4, "amount": 1_099 + 1_199 + 1_299 + 1_099 }));
        server.advance(&clock, at("2027-02-01T00:00:00Z")).await;
        let statuses: Vec<Value> =
            all(&server, "/v1/invoices").await.iter().map(|i| i["status"].clone()).collect();
        assert_eq!(statuses.iter().filter(|status| **status == "paid").count(), 3, "{statuses:?}");
        assert_eq!(statuses.len(), 4);
    }
}

#[tokio::test]
async fn a_file_with_a_fault_anywhere_is_refused_by_row_and_column_and_nothing_is_imported() {
    for server in servers().await {
        let good = file(0..3, "pm_card_visa");
        let bad = good.replace("11.99", "11.999").replace("c2@example.com", "nobody");
        let refused = upload(&server, PATH, &bad).await;
        assert_eq!((refused.status, refused.at("error/type")), (400, json!("invalid_request_error")));
        assert_eq!(
            (refused.at("error/code"), refused.at("error/param")),
            (json!("csv_invalid"), json!("amount"))
        );
        assert!(refused.text("error/message").starts_with("Row 3, column amount: "), "{}", refused.body);
        let place = |n: u32| {
            (
                refused.at(&format!("error/onfile/faults/{n}/row")),
                refused.at(&format!("error/onfile/faults/{n}/column")),
            )
        };
        assert_eq!((place(0), place(1)), ((json!(3), json!("amount")), (json!(4), json!("email"))));
        // Not a file, no file, no UTF-8, somebody else's clock, a card number, too large.
        let form = server.post(PATH, &[("file", &good)]).await;
        assert_eq!(form.status, 400);
        assert_eq!(server.post(PATH, &[]).await.status, 400);
        let clock = upload(&server, &format!("{PATH}?test_clock=clock_1"), &good).await;
        assert_eq!((clock.status, clock.at("error/param")), (400, json!("test_clock")));
        let unknown = upload(&server, &format!("{PATH}?nonsense=1"), &good).await;
        assert_eq!((unknown.status, unknown.at("error/param")), (400, json!("nonsense")));
        let number = ["4242"; 4].concat();
        assert_eq!(upload(&server, PATH, &good.replace("Line 1", &number)).await.status, 402);
        assert_eq!(upload(&server, PATH, &good.replace("description", "card_number")).await.status, 402);
        let large = "x".repeat(4 * 1024 * 1024 + 1);
        assert_eq!(upload(&server, PATH, &large).await.status, 413);
        assert_eq!(upload(&server, "/v1/customers", &good).await.status, 400);
        assert_eq!(server.get(&format!("{PATH}/imp_1"), &[]).await.status, 404);
        assert!(all(&server, PATH).await.is_empty());
        assert!(all(&server, "/v1/customers").await.is_empty());
        assert!(all(&server, "/v1/prices").await.is_empty());
        assert_eq!(server.vault.lock().unwrap().kept(), 0);
    }
}

#[tokio::test]
async fn the_same_file_twice_is_one_import_and_a_customer_in_two_files_is_refused() {
    for server in servers().await {
        let text = file(0..5, "pm_card_visa");
        let (one, two) = tokio::join!(upload(&server, PATH, &text), upload(&server, PATH, &text));
        let (one, two) = (one.ok(), two.ok());
        assert_eq!(one.id(), two.id());
        let mut reused = [one.at("reused"), two.at("reused")];
        reused.sort_by_key(Value::as_bool);
        assert_eq!(reused, [json!(false), json!(true)]);
        finished(&server, &one.id()).await;
        let again = upload(&server, PATH, &text).await.ok();
        assert_eq!((again.id(), again.at("reused"), again.at("imported")), (one.id(), json!(true), json!(5)));
        let overlapping = upload(&server, PATH, &file([7, 3], "pm_card_visa")).await;
        assert_eq!((overlapping.status, overlapping.at("error/param")), (400, json!("reference")));
        assert!(
            overlapping.text("error/message").starts_with("Row 3, column reference: "),
            "{}",
            overlapping.body
        );
        assert!(overlapping.text("error/message").contains(&one.id()));
        assert_eq!(references(&server).await, named(0..5));
        assert_eq!(all(&server, PATH).await.len(), 1);
        // Another time is another world.
        let clock = server.clock(at("2027-01-01T00:00:00Z")).await;
        let apart = upload(&server, &format!("{PATH}?test_clock={clock}"), &text).await.ok();
        assert_eq!(apart.at("reused"), false);
        finished(&server, &apart.id()).await;
        assert_eq!(references(&server).await.len(), 10);
    }
}

#[tokio::test]
async fn an_interrupted_import_goes_on_elsewhere_and_doubles_nothing() {
    for server in servers().await {
        // The vault is gone after a third of the rows, and the worker gives up for now.
        server.vault.lock().unwrap().down_after = Some(30);
        let id = upload(&server, PATH, &file(0..90, "pm_card_visa")).await.ok().id();
        let stopped = once(&server, &id, |import| import.at("imported") == 30).await;
        assert_eq!((stopped.at("status"), stopped.at("parked")), (json!("running"), json!(0)));
        {
            let mut vault = server.vault.lock().unwrap();
            (vault.down_after, vault.down) = (None, false);
        }
        // Two other processes, to which every lease is over, take it up together.
        let ahead = jiff::SignedDuration::from_mins(5);
        let (one, two) = (server.another_process(ahead).await, server.another_process(ahead).await);
        let (a, b) = tokio::join!(imports::once(&one), imports::once(&two));
        a.unwrap();
        b.unwrap();
        let done = finished(&server, &id).await;
        assert_eq!((done.at("imported"), done.at("parked")), (json!(90), json!(0)));
        assert_eq!(references(&server).await, named(0..90));
        assert_eq!(all(&server, "/v1/subscriptions").await.len(), 90);
        assert_eq!(server.rows("SELECT COUNT(*) AS n FROM consents").await, 90);
        assert_eq!(server.vault.lock().unwrap().kept(), 90);
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_imported_is_parked_with_the_reason_and_can_be_sent_again_corrected() {
    for server in servers().await {
        let text =
            file(0..4, "pm_card_visa").replace("c1@example.com,pm_card_visa", "c1@example.com,pm_unknown1");
        let over = "FREQ=DAILY;UNTIL=20270201,2027-01-31";
        let text = format!("{text}\nT-8,Over,o@example.com,pm_card_visa,5.00,usd,{over},,");
        let clock = server.clock(at("2027-03-01T00:00:00Z")).await;
        let path = format!("{PATH}?test_clock={clock}");
        let id = upload(&server, &path, &text).await.ok().id();
        let import = finished(&server, &id).await;
        assert_eq!((import.at("imported"), import.at("parked")), (json!(3), json!(2)));
        let parked = |n: u32, field: &str| import.at(&format!("parked_rows/{n}/{field}"));
        assert_eq!((parked(0, "row"), parked(0, "reference")), (json!(3), json!("T-1")));
        assert!(parked(0, "reason").as_str().unwrap().contains("No such PaymentMethod: 'pm_unknown1'"));
        assert_eq!(parked(1, "row"), 6);
        assert!(
            parked(1, "reason").as_str().unwrap().contains("no occurrence from now on"),
            "{}",
            import.body
        );
        assert_eq!(references(&server).await, ["T-0", "T-2", "T-3"]);
        // What the vault made of the row's token is to be destroyed, and nothing of the row is kept.
        assert_eq!(server.rows("SELECT COUNT(*) AS n FROM vault_destructions").await, 1);
        assert_eq!(server.rows("SELECT COUNT(*) AS n FROM import_rows WHERE doc <> ''").await, 0);
        let corrected = upload(&server, &path, &file([1], "pm_card_visa")).await.ok();
        finished(&server, &corrected.id()).await;
        assert_eq!(references(&server).await, named(0..4));
    }
}
