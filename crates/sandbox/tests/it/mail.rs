use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::rig::Rig;

/// A client that says exactly what it is told to.
struct Client(BufReader<TcpStream>);

impl Client {
    fn connect(rig: &Rig) -> Self {
        let stream = TcpStream::connect(&rig.smtp).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut client = Self(BufReader::new(stream));
        assert_eq!(client.heard(), "220");
        client
    }

    /// The code of the next answer.
    fn heard(&mut self) -> String {
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            if line.get(3..4) != Some("-") {
                return line.get(..3).unwrap_or_default().to_owned();
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.get_mut().write_all(bytes).unwrap();
    }

    fn say(&mut self, line: &str) -> String {
        self.write(format!("{line}\r\n").as_bytes());
        self.heard()
    }

    /// Up to the message itself.
    fn begin(rig: &Rig, to: &str) -> Self {
        let mut client = Self::connect(rig);
        for (line, want) in [
            ("EHLO test".to_owned(), "250"),
            ("MAIL FROM:<shop@shop.example>".to_owned(), "250"),
            (format!("RCPT TO:<{to}>"), "250"),
            ("DATA".to_owned(), "354"),
        ] {
            assert_eq!(client.say(&line), want, "{line}");
        }
        client
    }

    /// Whether the server hung up.
    fn is_gone(&mut self) -> bool {
        self.0.read_to_end(&mut Vec::new()).unwrap_or_default() == 0
    }
}

async fn messages(rig: &Rig, query: &str) -> Vec<Value> {
    let got = rig.request(Method::GET, &format!("/messages{query}")).send().await.unwrap();
    assert_eq!(got.status(), StatusCode::OK);
    got.json().await.unwrap()
}

const HTML: &str = "From: Shop <shop@shop.example>\r\nSubject: Hi\r\nContent-Type: text/html\r\n\r\n\
    <script>alert(1)</script><b>Hi</b>\r\n.";

#[tokio::test]
async fn what_was_accepted_survives_a_kill_and_is_found_by_its_recipient() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::start(dir.path());
    for to in ["ada@a.example", "bob@b.example"] {
        let mut client = Client::begin(&rig, to);
        assert_eq!(client.say(HTML), "250");
        assert_eq!(client.say("QUIT"), "221");
        assert!(client.is_gone());
    }
    rig.kill();
    let rig = Rig::start(dir.path());
    let all = messages(&rig, "").await;
    assert_eq!(all.iter().map(|m| &m["to"][0]).collect::<Vec<_>>(), ["bob@b.example", "ada@a.example"]);
    let ada = messages(&rig, "?to=ADA@a.example").await;
    assert_eq!(ada.len(), 1);
    assert_eq!((&ada[0]["subject"], &ada[0]["from"]), (&json!("Hi"), &json!("shop@shop.example")));
    let path = format!("/messages/{}", ada[0]["id"].as_str().unwrap());
    let one: Value = rig.request(Method::GET, &path).send().await.unwrap().json().await.unwrap();
    assert_eq!(one, ada[0]);
    let cleared = rig.request(Method::DELETE, "/messages").send().await.unwrap();
    assert_eq!(cleared.status(), StatusCode::NO_CONTENT);
    assert!(messages(&rig, "").await.is_empty());
    for (path, want) in [(path.as_str(), 404), ("/messages?from=x", 400), ("/messages?to=a&to=b", 400)] {
        let got = rig.request(Method::GET, path).send().await.unwrap();
        assert_eq!(got.status().as_u16(), want, "{path}");
    }
}

#[tokio::test]
async fn half_a_message_is_none_and_line_ends_cannot_be_forged() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::start(dir.path());
    Client::begin(&rig, "a@a.example").write(b"Subject: half\r\n\r\nand then nothing\r\n");
    for end in ["\n.\n", "\n.\r\n", "\r\n.\n"] {
        let mut client = Client::begin(&rig, "a@a.example");
        client.write(format!("Subject: x\r\n\r\none{end}MAIL FROM:<evil@x.example>\r\n.\r\n").as_bytes());
        assert_eq!(client.heard(), "554", "{end:?}");
        assert_eq!(client.say("NOOP"), "250", "{end:?}");
    }
    // Everything at once, as RFC 2920 allows.
    let mut client = Client::connect(&rig);
    client.write(b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@b.example>\r\nRCPT TO:<c@c.example>\r\nDATA\r\n");
    let heard: Vec<String> = (0..5).map(|_| client.heard()).collect();
    assert_eq!(heard, ["250", "250", "250", "250", "354"]);
    assert_eq!(client.say("."), "250");
    assert_eq!(messages(&rig, "").await.len(), 1);
}

#[tokio::test]
async fn faults_for_mail_happen_on_order() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::start(dir.path());
    for (fault, said, kept) in
        [("refuse_451", "451", 0), ("drop", "", 0), ("keep_then_drop", "", 1), ("none", "250", 2)]
    {
        rig.set_faults(&json!({"mail": fault})).await;
        assert_eq!(Client::begin(&rig, "a@a.example").say(HTML), said, "{fault}");
        assert_eq!(messages(&rig, "").await.len(), kept, "{fault}");
    }
    rig.set_faults(&json!({"mail": "refuse_550"})).await;
    let mut client = Client::connect(&rig);
    client.say("EHLO x");
    client.say("MAIL FROM:<a@a.example>");
    assert_eq!(client.say("RCPT TO:<b@b.example>"), "550");
}

#[tokio::test]
async fn the_inbox_shows_a_message_and_runs_nothing_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::start(dir.path());
    assert_eq!(Client::begin(&rig, "a@a.example").say(HTML), "250");
    let id = messages(&rig, "").await[0]["id"].as_str().unwrap().to_owned();
    let rig = &rig;
    let page = |path: String| async move { rig.request(Method::GET, &path).send().await.unwrap() };
    assert!(page("/".into()).await.text().await.unwrap().contains("href=\"/inbox\""));
    assert!(page("/inbox".into()).await.text().await.unwrap().contains(&format!("/inbox/{id}")));
    let shown = page(format!("/inbox/{id}")).await;
    let policy = shown.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("frame-src 'self'") && !policy.contains("unsafe"), "{policy}");
    let shown = shown.text().await.unwrap();
    assert!(shown.contains("sandbox=\"allow-popups") && !shown.contains("<script"), "{shown}");
    let frame = page(format!("/inbox/{id}/html")).await;
    let policy = frame.headers()["content-security-policy"].to_str().unwrap();
    for part in ["default-src 'none'", "; sandbox ", "frame-ancestors 'self'"] {
        assert!(policy.contains(part) && !policy.contains("allow-scripts"), "{part} in {policy}");
    }
    assert_eq!(page("/inbox/msg_none".into()).await.status(), StatusCode::NOT_FOUND);
}
