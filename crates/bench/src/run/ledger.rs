//! The stand-in processor: how long it takes to answer, and what its own ledger says of a run.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Client;
use serde::Deserialize;

use super::latency::Latency;
use super::totals::Total;
use crate::target::{Failure, send};

/// How long an order may take.
const DEADLINE: Duration = Duration::from_secs(30);
/// How long reading the whole ledger may take.
const LEDGER_DEADLINE: Duration = Duration::from_mins(10);

/// The stand-in processor.
pub struct Sandbox {
    http: Client,
    url: String,
    credential: String,
}

impl Sandbox {
    /// At this address, with the credential in this file.
    pub fn new(url: &str, credential_file: &Path) -> Result<Self, Failure> {
        let http = Client::builder().timeout(DEADLINE).no_proxy().build()?;
        let credential = std::fs::read_to_string(credential_file)?.trim().to_owned();
        Ok(Self { http, url: url.to_owned(), credential })
    }

    /// Sets how long it takes to answer.
    pub async fn answer_after(&self, latency: &Latency) -> Result<(), Failure> {
        let request = self.http.post(format!("{}/faults", self.url)).bearer_auth(&self.credential);
        send(request.json(&latency.plan())).await.map(drop)
    }

    /// Adds up the ledger from a moment on (Unix seconds). It is read a piece at a time.
    pub async fn taken_since(&self, since: i64) -> Result<Taken, Failure> {
        let request = self.http.get(format!("{}/ledger", self.url)).bearer_auth(&self.credential);
        let mut answer = send(request.timeout(LEDGER_DEADLINE)).await?;
        let (mut taken, mut rest) = (Taken::default(), Vec::new());
        while let Some(piece) = answer.chunk().await? {
            rest.extend_from_slice(&piece);
            let Some(end) = rest.iter().rposition(|byte| *byte == b'\n') else { continue };
            let behind = rest.split_off(end + 1);
            taken.add(&rest, since)?;
            rest = behind;
        }
        if rest.is_empty() { Ok(taken) } else { Err("the ledger ends in the middle of a line".into()) }
    }
}

/// What the ledger says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Money that was taken.
    pub captured: Total,
    /// How many cards were declined.
    pub declined: i64,
}

#[derive(Deserialize)]
struct Line<'a> {
    time: Timestamp,
    kind: &'a str,
    amount: i64,
}

impl Taken {
    /// Adds whole lines.
    fn add(&mut self, lines: &[u8], since: i64) -> Result<(), serde_json::Error> {
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let line: Line<'_> = serde_json::from_slice(line)?;
            match line.kind {
                _ if line.time.as_second() < since => {}
                "capture" => self.captured.add(line.amount),
                "decline" => self.declined += 1,
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ledger_counts_money_that_was_taken_since() {
        let line = |time: &str, kind: &str, amount: i64| {
            format!(
                "{{\"seq\":1,\"time\":\"{time}\",\"kind\":\"{kind}\",\"merchant\":\"m\",\"amount\":{amount}}}\n"
            )
        };
        let lines = [
            line("2026-01-01T00:00:00.9Z", "capture", 1),
            line("2026-01-01T00:00:01Z", "authorisation", 10),
            line("2026-01-01T00:00:01.25Z", "capture", 10),
            line("2026-01-01T00:00:02Z", "capture", 30),
            line("2026-01-01T00:00:03Z", "decline", 50),
        ]
        .concat();
        let since = "2026-01-01T00:00:01Z".parse::<Timestamp>().unwrap().as_second();
        let mut taken = Taken::default();
        taken.add(lines.as_bytes(), since).unwrap();
        assert_eq!(taken, Taken { captured: Total { count: 2, amount: 40 }, declined: 1 });
        assert!(taken.add(b"nonsense\n", since).is_err());
    }
}
