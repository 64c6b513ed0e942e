//! Many clients at once, each waiting for its answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::scenarios::{Requests, Scenario};
use crate::target::{Failure, Target};

/// Significant digits of latencies.
const PRECISION: u8 = 3;

/// What a run gave.
pub struct Measured {
    /// Requests that were answered well.
    pub requests: u64,
    /// How long it took.
    pub elapsed: Duration,
    /// Latencies in microseconds.
    pub latencies: Histogram<u64>,
}

/// Runs one scenario. The first failure stops it: figures of a run with errors mean nothing.
pub async fn run(
    target: &Arc<Target>,
    scenario: &'static Scenario,
    clients: usize,
    length: Duration,
) -> Result<Measured, Failure> {
    let requests = Arc::new(Requests::prepare(target, scenario.kind).await?);
    let pace = scenario.paced.map(|rate| {
        let mut interval = tokio::time::interval(Duration::from_secs(1) / rate);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        Arc::new(Mutex::new(interval))
    });
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..clients {
        let (requests, pace) = (Arc::clone(&requests), pace.clone());
        tasks.spawn(async move {
            let mut latencies = Histogram::<u64>::new(PRECISION)?;
            while start.elapsed() < length {
                if let Some(pace) = &pace {
                    pace.lock().await.tick().await;
                }
                let sent = Instant::now();
                requests.once().await?;
                latencies.record(u64::try_from(sent.elapsed().as_micros()).unwrap_or(u64::MAX))?;
            }
            Ok::<_, Failure>(latencies)
        });
    }
    let mut latencies = Histogram::<u64>::new(PRECISION)?;
    while let Some(client) = tasks.join_next().await {
        latencies.add(client??)?;
    }
    Ok(Measured { requests: latencies.len(), elapsed: start.elapsed(), latencies })
}
