//! How long the stand-in processor takes to answer.

use std::fmt;
use std::str::FromStr;

use serde_json::{Value, json};

/// What a payment's answer takes across the internet: median and 99th percentile in milliseconds.
const USUAL: Latency = Latency::LogNormal { p50: 120, p99: 380 };

/// How long answers take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Latency {
    /// They come at once.
    Zero,
    /// Log-normal, in milliseconds.
    LogNormal {
        /// The median.
        p50: u32,
        /// The 99th percentile.
        p99: u32,
    },
}

impl Latency {
    /// As the stand-in processor reads it.
    pub fn plan(&self) -> Value {
        match self {
            Self::Zero => json!({ "latency_ms": 0 }),
            Self::LogNormal { p50, p99 } => json!({ "latency_ms": { "p50": p50, "p99": p99 }, "seed": 1 }),
        }
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zero => write!(f, "none"),
            Self::LogNormal { p50, p99 } => write!(f, "log-normal, p50 {p50} ms, p99 {p99} ms"),
        }
    }
}

impl FromStr for Latency {
    type Err = String;

    /// `zero`, `lognormal`, or `P50/P99` in milliseconds.
    fn from_str(text: &str) -> Result<Self, String> {
        let percentiles = |text: &str| {
            let (p50, p99) = text.split_once('/')?;
            let (p50, p99) = (p50.parse().ok()?, p99.parse().ok()?);
            (p50 > 0 && p99 >= p50).then_some(Self::LogNormal { p50, p99 })
        };
        match text {
            "zero" => Ok(Self::Zero),
            "lognormal" => Ok(USUAL),
            other => percentiles(other)
                .ok_or_else(|| "neither zero nor lognormal nor P50/P99 in milliseconds".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_are_read_strictly_and_handed_on() {
        let log_normal = |p50, p99| Some(Latency::LogNormal { p50, p99 });
        for (text, want) in [
            ("zero", Some(Latency::Zero)),
            ("lognormal", log_normal(120, 380)),
            ("20/100", log_normal(20, 100)),
            ("100/20", None),
            ("0/20", None),
            ("20", None),
            ("", None),
        ] {
            assert_eq!(text.parse().ok(), want, "{text}");
        }
        assert_eq!(USUAL.plan()["latency_ms"], json!({ "p50": 120, "p99": 380 }));
        assert_eq!(Latency::Zero.plan(), json!({ "latency_ms": 0 }));
        assert_eq!(USUAL.to_string(), "log-normal, p50 120 ms, p99 380 ms");
    }
}
