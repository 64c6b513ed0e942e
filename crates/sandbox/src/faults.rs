//! Faults on order: connections that break before or after the work, errors after the work, delays.
//!
//! One draw from a seeded source decides what happens to a request, so that the same seed gives the same sequence.
#![expect(clippy::float_arithmetic, reason = "probabilities and delays are no money")]

use std::f64::consts::TAU;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use onfile_core::random::{Random, SeededRandom};
use serde::Serialize;

use crate::fields::{Fields, ShapeError};

/// The longest delay, in milliseconds.
const LATENCY_MAX_MS: f64 = 60_000.0;
/// The 99th percentile of the standard normal distribution.
const Z_99: f64 = 2.326_347_874;

/// What shall go wrong, and how often.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Plan {
    /// The share of requests that are worked on, and whose connection then closes without an answer.
    pub charge_then_drop: f64,
    /// The share of requests that are worked on and then answered with status 500.
    pub charge_then_500: f64,
    /// The share of requests whose connection closes before anything was done.
    pub drop_then_nothing: f64,
    /// Whether idempotency keys are ignored, as by a processor that has none.
    pub no_idempotency: bool,
    /// How long answers take.
    pub latency_ms: Latency,
    /// What happens to mail.
    pub mail: MailFault,
    /// Of the source that draws.
    pub seed: u64,
}

/// What happens to every message that the mail catcher is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MailFault {
    /// It is kept.
    #[default]
    None,
    /// It is refused for now, with 451 after its last line.
    #[serde(rename = "refuse_451")]
    Refuse451,
    /// Its recipients are refused for ever, with 550.
    #[serde(rename = "refuse_550")]
    Refuse550,
    /// The connection closes after its last line, and nothing is kept.
    Drop,
    /// It is kept, and the connection closes without an answer: the sender cannot know.
    KeepThenDrop,
}

impl MailFault {
    /// Reads the word.
    fn parse(word: &str) -> Option<Self> {
        match word {
            "none" => Some(Self::None),
            "refuse_451" => Some(Self::Refuse451),
            "refuse_550" => Some(Self::Refuse550),
            "drop" => Some(Self::Drop),
            "keep_then_drop" => Some(Self::KeepThenDrop),
            _ => None,
        }
    }
}

/// How long answers take, in milliseconds. The work is done first: who stops waiting has paid.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Latency {
    /// Always this long.
    Fixed(f64),
    /// Log-normal, given by two percentiles.
    LogNormal {
        /// The median.
        p50: f64,
        /// The 99th percentile.
        p99: f64,
    },
}

impl Default for Latency {
    fn default() -> Self {
        Self::Fixed(0.0)
    }
}

/// What goes wrong with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// See [`Plan::drop_then_nothing`].
    DropThenNothing,
    /// See [`Plan::charge_then_drop`].
    ChargeThenDrop,
    /// See [`Plan::charge_then_500`].
    ChargeThen500,
}

impl Plan {
    /// `POST /faults`. A field that is missing is 0 or false: the plan is replaced, not amended.
    pub fn parse(body: &[u8]) -> Result<Self, ShapeError> {
        let share = "a number from 0 to 1";
        let mut fields = Fields::parse(body)?;
        let plan = Self {
            charge_then_drop: fields.number("charge_then_drop", share, 1.0)?,
            charge_then_500: fields.number("charge_then_500", share, 1.0)?,
            drop_then_nothing: fields.number("drop_then_nothing", share, 1.0)?,
            no_idempotency: fields.flag("no_idempotency", false)?,
            latency_ms: latency(&mut fields)?,
            mail: mail(&mut fields)?,
            seed: match fields.optional("seed") {
                None => 0,
                Some(seed) => seed.as_u64().ok_or_else(|| fields.invalid("seed", "a whole number"))?,
            },
        };
        let sum = plan.charge_then_drop + plan.charge_then_500 + plan.drop_then_nothing;
        if sum > 1.0 + f64::EPSILON {
            return Err(fields.invalid("charge_then_drop", "at most 1 together with the other two shares"));
        }
        fields.finish()?;
        Ok(plan)
    }

    /// What a draw from 0 (included) to 1 (not included) means.
    fn fault(&self, draw: f64) -> Fault {
        let dropped = self.drop_then_nothing;
        let charged = dropped + self.charge_then_drop;
        if draw < dropped {
            Fault::DropThenNothing
        } else if draw < charged {
            Fault::ChargeThenDrop
        } else if draw < charged + self.charge_then_500 {
            Fault::ChargeThen500
        } else {
            Fault::None
        }
    }
}

impl Latency {
    /// The delay for two draws from 0 (included) to 1 (not included).
    fn delay(self, first: f64, second: f64) -> Duration {
        let ms = match self {
            Self::Fixed(ms) => ms,
            Self::LogNormal { p50, p99 } => {
                // Box and Muller: a normal number from two even ones. 1 - first is never 0.
                let normal = (-2.0 * (1.0 - first).ln()).sqrt() * (TAU * second).cos();
                p50 * ((p99 / p50).ln() / Z_99 * normal).exp()
            }
        };
        Duration::try_from_secs_f64(ms.min(LATENCY_MAX_MS) / 1000.0).unwrap_or_default()
    }
}

fn mail(fields: &mut Fields) -> Result<MailFault, ShapeError> {
    const RULE: &str = "`none`, `refuse_451`, `refuse_550`, `drop` or `keep_then_drop`";
    let Some(word) = fields.optional("mail") else { return Ok(MailFault::None) };
    word.as_str().and_then(MailFault::parse).ok_or_else(|| fields.invalid("mail", RULE))
}

fn latency(fields: &mut Fields) -> Result<Latency, ShapeError> {
    const RULE: &str = "a number of milliseconds from 0 to 60000";
    let Some(value) = fields.optional("latency_ms") else { return Ok(Latency::default()) };
    if let Some(ms) = value.as_f64() {
        let valid = (0.0..=LATENCY_MAX_MS).contains(&ms);
        return if valid { Ok(Latency::Fixed(ms)) } else { Err(fields.invalid("latency_ms", RULE)) };
    }
    let mut percentiles = Fields::parse(value.to_string().as_bytes())?;
    let p50 = percentiles.number("p50", RULE, LATENCY_MAX_MS)?;
    let p99 = percentiles.number("p99", RULE, LATENCY_MAX_MS)?;
    percentiles.finish()?;
    if p50 <= 0.0 || p99 < p50 {
        return Err(fields.invalid("latency_ms", "a number, or p50 and p99 with 0 < p50 ≤ p99"));
    }
    Ok(Latency::LogNormal { p50, p99 })
}

/// The plan in force.
#[derive(Debug)]
pub struct Faults(RwLock<Arc<InForce>>);

#[derive(Debug)]
struct InForce {
    plan: Plan,
    source: SeededRandom,
}

impl Faults {
    /// Nothing goes wrong.
    pub fn none() -> Self {
        Self(RwLock::new(Arc::new(InForce { plan: Plan::default(), source: SeededRandom::new(0) })))
    }

    /// From now on this happens, from the beginning of the seed's sequence.
    pub fn set(&self, plan: Plan) {
        let source = SeededRandom::new(plan.seed);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(InForce { plan, source });
    }

    /// The plan in force.
    pub fn plan(&self) -> Plan {
        self.in_force().plan.clone()
    }

    /// Whether idempotency keys are ignored.
    pub fn no_idempotency(&self) -> bool {
        self.in_force().plan.no_idempotency
    }

    /// What happens to mail.
    pub fn mail(&self) -> MailFault {
        self.in_force().plan.mail
    }

    /// Draws for one request.
    pub fn draw(&self) -> (Fault, Duration) {
        let now = self.in_force();
        if now.plan == Plan::default() {
            return (Fault::None, Duration::ZERO);
        }
        let fault = now.plan.fault(even(&now.source));
        (fault, now.plan.latency_ms.delay(even(&now.source), even(&now.source)))
    }

    fn in_force(&self) -> Arc<InForce> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// An even draw from 0 (included) to 1 (not included).
fn even(source: &SeededRandom) -> f64 {
    let mut bytes = [0; 8];
    source.fill(&mut bytes);
    let [a, b, c, d, ..] = bytes;
    f64::from(u32::from_le_bytes([a, b, c, d])) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_sequence_in_the_wanted_shares() {
        let faults = Faults::none();
        let plan = Plan {
            charge_then_drop: 0.05,
            charge_then_500: 0.02,
            drop_then_nothing: 0.05,
            seed: 42,
            ..Plan::default()
        };
        let draw = || {
            faults.set(plan.clone());
            (0..10_000).map(|_| faults.draw().0).collect::<Vec<_>>()
        };
        let (first, second) = (draw(), draw());
        assert_eq!(first, second);
        for (fault, low, high) in [
            (Fault::ChargeThenDrop, 400, 600),
            (Fault::DropThenNothing, 400, 600),
            (Fault::ChargeThen500, 130, 270),
            (Fault::None, 8600, 9000),
        ] {
            let count = first.iter().filter(|&&drawn| drawn == fault).count();
            assert!((low..=high).contains(&count), "{fault:?}: {count}");
        }
    }

    #[test]
    fn log_normal_delays_have_the_wanted_percentiles() {
        let latency = Latency::LogNormal { p50: 20.0, p99: 100.0 };
        let source = SeededRandom::new(3);
        let mut delays: Vec<_> = (0..20_000).map(|_| latency.delay(even(&source), even(&source))).collect();
        delays.sort_unstable();
        let (p50, p99) = (delays[10_000].as_millis(), delays[19_800].as_millis());
        assert!((18..=22).contains(&p50) && (85..=115).contains(&p99), "p50 {p50}, p99 {p99}");
    }

    #[test]
    fn a_plan_is_read_strictly() {
        for (body, want) in [
            (r#"{"charge_then_drop": 1.5}"#, "The field `charge_then_drop` must be a number from 0 to 1."),
            (r#"{"charge": 1}"#, "There is no field `charge` here."),
            (
                r#"{"charge_then_drop": 0.6, "drop_then_nothing": 0.6}"#,
                "The field `charge_then_drop` must be at most 1 together with the other two shares.",
            ),
            (
                r#"{"latency_ms": {"p50": 5, "p99": 1}}"#,
                "The field `latency_ms` must be a number, or p50 and p99 with 0 < p50 ≤ p99.",
            ),
            (
                r#"{"mail": "lose"}"#,
                "The field `mail` must be `none`, `refuse_451`, `refuse_550`, `drop` or `keep_then_drop`.",
            ),
            (r#"{"seed": -1}"#, "The field `seed` must be a whole number."),
        ] {
            assert_eq!(Plan::parse(body.as_bytes()).unwrap_err().to_string(), want);
        }
        let plan = Plan::parse(br#"{"latency_ms": {"p50": 5, "p99": 50}, "no_idempotency": true}"#).unwrap();
        assert_eq!(plan.latency_ms, Latency::LogNormal { p50: 5.0, p99: 50.0 });
        assert!(plan.no_idempotency);
        for word in ["none", "refuse_451", "refuse_550", "drop", "keep_then_drop"] {
            let body = format!(r#"{{"mail": "{word}"}}"#);
            let shown = serde_json::to_value(Plan::parse(body.as_bytes()).unwrap()).unwrap();
            assert_eq!(shown["mail"], word);
        }
        assert_eq!(Plan::parse(br#"{"latency_ms": 7}"#).unwrap().latency_ms, Latency::Fixed(7.0));
    }
}
