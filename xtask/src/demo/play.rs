//! The play itself: import, preview, run, retries, bank days.

use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::api::Client;
use super::books::{self, Ledger, Ours};
use super::place::Place;
use super::summary::{Speed, Summary};
use crate::failure::{Context, Failure, Outcome};
use crate::process::Interrupt;
use crate::progress::Progress;

/// The day of the run: a Friday that is also the last day of its month, so that many kinds of schedule meet on it.
pub const RUN_DAY: &str = "2027-04-30";
/// When the test clock begins: before nine o'clock of the run's day anywhere.
const BEGINS: &str = "2027-04-29T12:00:00Z";
/// When the run's day is over for everybody in the file.
const RUN_UNTIL: &str = "2027-05-01T00:00:00Z";
/// How long something may take before the demo gives up.
const PATIENCE: Duration = Duration::from_mins(5);
/// How often progress is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// The most rounds of retries: far more than three attempts need.
const ROUNDS_MAX: u32 = 60;
/// What falls due within half a day is tried together.
const TOGETHER_SECONDS: i64 = 43_200;
/// The bank's days until a debit is settled or returned, and until one that was settled may be taken back.
const SETTLED_SECONDS: &str = "432000";
const TAKEN_BACK_SECONDS: &str = "1296000";

/// A play under way.
pub struct Play<'a> {
    api: Client,
    sandbox: Client,
    account: &'a str,
    interrupt: &'a Interrupt,
    progress: Progress,
    /// The last line of the ledger that was there before.
    ledger_before: u64,
    clock: String,
    /// When the play began, Unix seconds of the server.
    since: String,
}

impl<'a> Play<'a> {
    /// Looks at where the ledger stands and makes a test clock.
    ///
    /// # Errors
    /// When something cannot be reached or refuses.
    pub fn begin(place: &'a Place, interrupt: &'a Interrupt, progress: Progress) -> Outcome<Self> {
        let api = Client::new(&place.api, &place.secret_key);
        let sandbox = Client::new(&place.sandbox, &place.sandbox_credential);
        let ledger_before = books::last_line(&sandbox.text("/ledger", &[])?)?;
        let begins = seconds(BEGINS)?.to_string();
        let clock =
            api.post("/v1/test_helpers/test_clocks", &[("frozen_time", &begins), ("name", "Demo")])?;
        Ok(Self {
            account: &place.account,
            ledger_before,
            since: integer(&clock, "/created").to_string(),
            clock: text(&clock, "/id"),
            api,
            sandbox,
            interrupt,
            progress,
        })
    }

    /// Plays everything.
    ///
    /// # Errors
    /// When something cannot be reached, refuses, or does not end.
    pub fn all(&mut self, customers: &str) -> Outcome<Summary> {
        let import = self.import(customers)?;
        let preview = self.preview()?;
        let speed = self.execute()?;
        self.until_quiet()?;
        // What was settled may still be taken back by the bank.
        self.sandbox_forward(TAKEN_BACK_SECONDS)?;
        self.agreed()?;
        self.until_quiet()?;
        let (ours, ledger) = self.agreed()?;
        Ok(Summary { import, preview, speed, ours, ledger })
    }

    fn import(&mut self, customers: &str) -> Outcome<Value> {
        let path = format!("/v1/onfile/imports?test_clock={}", self.clock);
        let id = text(&self.api.upload(&path, "text/csv", customers)?, "/id");
        let path = format!("/v1/onfile/imports/{id}");
        let import = self.wait("the import", |play| {
            let import = play.api.get(&path, &[])?;
            let (done, rows) = (integer(&import, "/imported"), integer(&import, "/rows"));
            let parked = integer(&import, "/parked");
            play.progress.tell(&format!("Importing: {done} of {rows}, {parked} parked"));
            Ok((text(&import, "/status") == "finished").then_some(import))
        })?;
        let (done, parked) = (integer(&import, "/imported"), integer(&import, "/parked"));
        self.progress.done(&format!("Imported {done} customers; {parked} parked."));
        Ok(import)
    }

    fn preview(&mut self) -> Outcome<Value> {
        let until = seconds(RUN_UNTIL)?.to_string();
        let form = [("test_clock", self.clock.as_str()), ("until", &until)];
        let preview = self.api.post("/v1/onfile/runs/preview", &form)?;
        let totals = preview.get("totals").and_then(Value::as_object).into_iter().flatten().map(
            |(currency, total)| {
                let amount = books::money(integer(total, "/amount"), currency);
                format!("{} invoices over {amount}", integer(total, "/count"))
            },
        );
        let totals: Vec<String> = totals.collect();
        self.progress.done(&format!("Preview of the run of {RUN_DAY}: {}", totals.join("; ")));
        Ok(preview)
    }

    /// Moves the clock over the run's day: what is due is billed and charged.
    fn execute(&mut self) -> Outcome<Speed> {
        let started = Instant::now();
        self.advance(seconds(RUN_UNTIL)?)?;
        let elapsed = started.elapsed();
        let charges = self.charges()?.len();
        let speed = Speed { charges, milliseconds: elapsed.as_millis() };
        self.progress.done(&format!("Executed: {charges} charges at {} a second.", speed.per_second()));
        Ok(speed)
    }

    /// Settles debits and moves the clock from one planned attempt to the next, until nothing is open or planned.
    fn until_quiet(&mut self) -> Outcome<()> {
        for _ in 0..ROUNDS_MAX {
            if self.in_flight()? > 0 {
                self.sandbox_forward(SETTLED_SECONDS)?;
                self.wait("the bank's answers", |play| {
                    let open = play.in_flight()?;
                    play.progress.tell(&format!("Bank debits: {open} pending"));
                    Ok((open == 0).then_some(()))
                })?;
            }
            let planned = |invoice: &Value| invoice.get("next_payment_attempt").and_then(Value::as_i64);
            let invoices = self.invoices()?;
            let mut attempts: Vec<i64> = invoices.iter().filter_map(planned).collect();
            attempts.sort_unstable();
            let Some(next) = attempts.first() else {
                self.progress.done("Nothing is to be tried again.");
                return Ok(());
            };
            let now = integer(&self.clock()?, "/frozen_time");
            let to = next.max(&now) + TOGETHER_SECONDS;
            let count = attempts.iter().filter(|at| **at <= to).count();
            self.progress.done(&format!("Retrying {count} invoices on {}.", day(*next)));
            self.advance(to)?;
        }
        Err(Failure::new(format!("something is still to be tried after {ROUNDS_MAX} rounds")))
    }

    fn advance(&mut self, to: i64) -> Outcome<()> {
        let path = format!("/v1/test_helpers/test_clocks/{}/advance", self.clock);
        self.api.post(&path, &[("frozen_time", &to.to_string())])?;
        self.wait("the test clock", |play| {
            let clock = play.clock()?;
            let [paid, declined, sent] =
                ["paid", "declined", "in_progress"].map(|state| play.reported(state));
            let (paid, declined, sent) = (paid?, declined?, sent?);
            let at = day(integer(&clock, "/frozen_time"));
            play.progress.tell(&format!("{at}: {paid} paid, {declined} declined, {sent} under way"));
            Ok((text(&clock, "/status") == "ready").then_some(()))
        })
    }

    fn clock(&self) -> Outcome<Value> {
        self.api.get(&format!("/v1/test_helpers/test_clocks/{}", self.clock), &[])
    }

    /// Moves the stand-in bank's clock.
    fn sandbox_forward(&self, seconds: &str) -> Outcome<()> {
        let order = json!({ "advance_seconds": seconds.parse::<u32>().unwrap_or(1) });
        self.sandbox.upload("/clock", "application/json", &order.to_string()).map(drop)
    }

    /// Debits and unknown outcomes.
    fn in_flight(&self) -> Outcome<i64> {
        self.reported("in_progress")
    }

    /// How many invoices stand so in the reports of our runs.
    fn reported(&self, state: &str) -> Outcome<i64> {
        let created = self.since.as_str();
        let runs = self.api.list("/v1/onfile/runs", &[("created[gte]", created)])?;
        let ours = runs.iter().filter(|run| text(run, "/test_clock") == self.clock);
        let reports = ours.filter_map(|run| run.get("report")?.as_object()).flatten();
        Ok(reports.map(|(_, report)| integer(report, &format!("/{state}/count"))).sum())
    }

    fn invoices(&self) -> Outcome<Vec<Value>> {
        let mut all = self.api.list("/v1/invoices", &[("created[gte]", &self.since)])?;
        all.retain(|invoice| text(invoice, "/test_clock") == self.clock);
        Ok(all)
    }

    fn charges(&self) -> Outcome<Vec<Value>> {
        let invoices = self.invoices()?;
        let ours: std::collections::HashSet<String> =
            invoices.iter().map(|invoice| text(invoice, "/customer")).collect();
        let mut all = self.api.list("/v1/charges", &[("created[gte]", &self.since)])?;
        all.retain(|charge| ours.contains(&text(charge, "/customer")));
        Ok(all)
    }

    /// Both sets of books, read again until they agree or patience is at its end: the bank's late answers are looked up
    /// by the product in its own time. Whether they agree is for the summary to say.
    fn agreed(&mut self) -> Outcome<(Ours, Ledger)> {
        let deadline = Instant::now() + PATIENCE / 10;
        loop {
            self.interrupt.check()?;
            let ours = Ours::of(&self.invoices()?, &self.charges()?);
            let text = self.sandbox.text("/ledger", &[])?;
            let ledger = Ledger::of(&text, self.ledger_before, self.account)?;
            if ours.taken == ledger.taken || Instant::now() > deadline {
                return Ok((ours, ledger));
            }
            self.progress.tell("Waiting for the bank's late answers");
            thread::sleep(LOOK);
        }
    }

    /// Looks again and again until there is something.
    fn wait<T>(&mut self, what: &str, mut look: impl FnMut(&mut Self) -> Outcome<Option<T>>) -> Outcome<T> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.interrupt.check()?;
            if let Some(found) = look(self)? {
                return Ok(found);
            }
            if Instant::now() > deadline {
                return Err(Failure::new(format!("{what} took longer than {} s", PATIENCE.as_secs())));
            }
            thread::sleep(LOOK);
        }
    }
}

/// A text in an object; empty when it is not there.
pub fn text(object: &Value, pointer: &str) -> String {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A number in an object; zero when it is not there.
pub fn integer(object: &Value, pointer: &str) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
}

fn seconds(moment: &str) -> Outcome<i64> {
    moment.parse::<Timestamp>().map(Timestamp::as_second).context(moment)
}

fn day(seconds: i64) -> String {
    Timestamp::from_second(seconds)
        .map_or_else(|_| seconds.to_string(), |at| at.strftime("%Y-%m-%d").to_string())
}
