//! No digit of a card is where it must not be: not in the database, not in the logs, not in an answer.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use onfile_vault::housekeeping;
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use crate::processor::Reply;
use crate::world::{ACCOUNT, AMEX, VISA, World, worlds};

#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Memory {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// A number in the forms in which it could lie about.
fn forms_of(number: &str) -> Vec<Vec<u8>> {
    let hex: String = number.bytes().fold(String::new(), |all, b| all + &format!("{b:02x}"));
    let groups: Vec<&str> =
        (0..number.len()).step_by(4).map(|i| &number[i..(i + 4).min(number.len())]).collect();
    let wide: Vec<u8> = number.bytes().flat_map(|b| [b, 0]).collect();
    let packed: Vec<u8> = number
        .as_bytes()
        .chunks(2)
        .map(|p| ((p[0] - b'0') << 4) | p.get(1).map_or(0, |b| b - b'0'))
        .collect();
    let mut forms: Vec<Vec<u8>> = [
        number.to_owned(),
        groups.join(" "),
        groups.join("-"),
        groups.join("+"),
        groups.join("%20"),
        hex.to_uppercase(),
        hex,
    ]
    .map(String::into_bytes)
    .into();
    // Base64 of the number at each of the three alignments, without the characters that its neighbours decide.
    for lead in 0..3 {
        let padded: Vec<u8> = [vec![b' '; lead], number.as_bytes().to_vec()].concat();
        let text = STANDARD.encode(&padded).into_bytes();
        let from = (lead * 8).div_ceil(6);
        forms.push(text[from..text.len() - 4].to_vec());
    }
    forms.extend([wide, packed, number.bytes().rev().collect()]);
    forms
}

fn find(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

fn search(what: &str, bytes: &[u8]) {
    for number in [VISA, AMEX, "000123456789"] {
        for form in forms_of(number) {
            assert!(!find(bytes, &form), "{number} is in {what} as {:?}", String::from_utf8_lossy(&form));
        }
    }
    // Codes of four digits in a row of their own; three digits occur by chance in ciphertext.
    for marked in ["cvc\":\"737", "cvc=737", "cvc]=737", "code 737", "\"7373\"", "=7373"] {
        assert!(!find(bytes, marked.as_bytes()), "{marked} is in {what}");
    }
}

async fn use_everything(world: &World) -> Vec<String> {
    let mut answers = Vec::new();
    for number in [VISA, AMEX] {
        let method = world.kept(number).await;
        for reply in [
            Reply::Echo,
            Reply::Json(500, json!({"number": number})),
            Reply::Json(400, json!({"error": {"code": "x", "message": number}})),
            Reply::Drop,
        ] {
            world.processor.next(reply);
            answers.push(world.forward(&world.payment(&method, true)).await.text);
        }
        answers.push(world.resolve(&method).await.text);
        answers.push(
            world
                .ask(
                    "methods/expiry",
                    json!({"account": ACCOUNT, "method": method, "exp_month": 1, "exp_year": 2033}),
                )
                .await
                .text,
        );
        let wrong = world.post("/v1/tokens", ACCOUNT, &format!("card[number]={number}&card[exp_month]=x&card[exp_year]={number}&card[cvc]={number}&{number}=1")).await;
        answers.push(wrong.text);
        answers.push(world.post(&format!("/v1/{number}"), ACCOUNT, "").await.text);
        answers.push(world.get(&format!("/{number}?card={number}")).await.text);
        answers.push(world.ask("resolve", json!({"account": ACCOUNT, "source": number})).await.text);
        answers.push(world.ask("forward", json!({"account": ACCOUNT, number: number})).await.text);
        let mut order = world.payment(&method, false);
        order["body"]["note"] = json!(number);
        answers.push(world.forward(&order).await.text);
        let broken = world
            .post(
                "/v1/payment_methods",
                ACCOUNT,
                &format!("type=card&card[number]={number}&card[number]={number}"),
            )
            .await;
        answers.push(broken.text);
    }
    let bank = "type=us_bank_account&us_bank_account[routing_number]=110000000&us_bank_account[account_number]=000123456789";
    answers.push(world.post("/v1/payment_methods", ACCOUNT, bank).await.text);
    answers.push(world.resolve("tok_none").await.text);
    // One record that does not open, for the log.
    let mut tx = world.db.begin().await.unwrap();
    tx.execute("UPDATE instruments SET record = $1", onfile_service::binds![b"x".as_slice()]).await.unwrap();
    drop(tx);
    world.pass_minutes(16);
    housekeeping::round(&world.vault).await.unwrap();
    answers
}

fn search_files(directory: &Path) -> usize {
    let files = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    files.map(|path| search(&path.display().to_string(), &std::fs::read(&path).unwrap())).count()
}

// One thread, so that the subscriber of this test hears every task.
#[tokio::test]
async fn neither_database_nor_logs_nor_answers_hold_a_number_or_a_code() {
    let log = Memory::default();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    for world in worlds().await {
        let answers = use_everything(&world).await;
        assert!(
            world.processor.seen().iter().any(|seen| seen.body["card"]["number"] == VISA),
            "the test must use the card"
        );
        for answer in &answers {
            search("an answer", answer.as_bytes());
        }
        if world.scratch.sqlite_path().exists() {
            assert!(
                search_files(world.scratch.directory.path()) >= 2,
                "the database and its log were searched"
            );
        }
        let mut tx = world.db.read().await.unwrap();
        for row in tx.query("SELECT operation_id, answer FROM orders", &[]).await.unwrap() {
            search("a recorded answer", row.opt_text("answer").unwrap().unwrap_or_default().as_bytes());
        }
        for row in tx.query("SELECT record, fingerprint FROM instruments", &[]).await.unwrap() {
            let record = row.bytes("record").unwrap();
            search("a sealed record", &record);
            assert!(!find(&record, b"Ann"), "the name is sealed with the number");
            search("a fingerprint", row.text("fingerprint").unwrap().as_bytes());
        }
    }
    let log = log.0.lock().unwrap();
    assert!(log.len() > 1000, "the test must hear the log");
    // Requests to the fake processor are traced by nobody; what the vault and its libraries say is searched raw,
    // before the mask that production puts over it.
    search("the log", &log);
}
