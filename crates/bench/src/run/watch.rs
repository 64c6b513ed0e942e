//! A run from outside: when it begins, how far it is, when it is over, and what it took.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::oneshot;

use super::clock::ServerClock;
use super::progress::Progress;
use super::totals::{Standing, Total};
use super::{AMOUNT, Measured, Place, order};
use crate::disk;
use crate::processes::{self, Pids};
use crate::target::{Failure, Target, id};

/// How long after its moment a run may begin.
const BEGIN_PATIENCE: Duration = Duration::from_mins(1);
/// How often its beginning is looked for.
const BEGIN_LOOK: Duration = Duration::from_millis(20);
/// A run that charges nobody for so long has stopped.
const STALLED: Duration = Duration::from_mins(2);
/// A look at a run adds up all of it. The pause after a look is so many times as long as the look, so that looking costs
/// next to nothing, between these two.
const PAUSE_TIMES: u32 = 25;
const PAUSE_MIN: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// How often memory is read.
const MEMORY_LOOK: Duration = Duration::from_millis(500);

/// Measures the run of what is due at a moment (Unix seconds), and compares it with the processor's ledger.
pub async fn run(place: &Place<'_>, clock: &ServerClock, due: i64, count: u32) -> Result<Measured, Failure> {
    let (start, target) = (clock.before(due), place.target);
    let before = order::settle(target, 0, || {}).await?;
    if Instant::now() > start {
        return Err("what the making left to do was not done when the run began".into());
    }
    tokio::time::sleep_until(start.into()).await;
    let sizes = disk::sizes(place.folders)?;
    let (run, cpu, begun) = begin(place, clock, due).await?;
    let peak = Peak::watch(place.pids);
    let end = finish(target, &run, count).await?;
    let elapsed = begun.elapsed();
    let memory = peak.end().await?;

    let finished = Instant::now();
    let (mut cpu_after, mut order_lag) = (processes::cpu(place.pids)?, Duration::ZERO);
    let mut unread = Ok(());
    let last = order::settle(target, before, || {
        order_lag = finished.elapsed();
        unread = processes::cpu(place.pids).map(|cpu| cpu_after = cpu);
    })
    .await?;
    unread?;
    compare(place, &end, due, count).await?;
    let growth = disk::sizes(place.folders)?.into_iter().zip(sizes);
    Ok(Measured {
        charges: count,
        elapsed,
        cpu: processes::difference(&cpu, &cpu_after),
        memory,
        growth: growth.map(|((name, after), (_, before))| (name, after.saturating_sub(before))).collect(),
        events: last - before,
        order_lag,
    })
}

/// The run that has begun since a moment, if there is one.
async fn newest(target: &Target, since: i64) -> Result<Option<Value>, Failure> {
    let mut page = target.get(&format!("/v1/onfile/runs?limit=1&created[gte]={since}")).await?;
    Ok(page.get_mut("data").and_then(Value::as_array_mut).and_then(Vec::pop))
}

/// Waits for the run's beginning; answers its id, the CPU time used before, and when it was.
async fn begin(
    place: &Place<'_>,
    clock: &ServerClock,
    due: i64,
) -> Result<(String, Vec<(String, Duration)>, Instant), Failure> {
    let deadline = clock.instant_of(due) + BEGIN_PATIENCE;
    while Instant::now() < deadline {
        let cpu = processes::cpu(place.pids)?;
        let now = Instant::now();
        if let Some(run) = newest(place.target, due).await? {
            return Ok((id(&run)?, cpu, now));
        }
        tokio::time::sleep(BEGIN_LOOK).await;
    }
    Err(format!("no run began within {} s of its moment", BEGIN_PATIENCE.as_secs()).into())
}

/// Waits for the run's end; answers how it stands then.
async fn finish(target: &Target, run: &str, count: u32) -> Result<Standing, Failure> {
    let path = format!("/v1/onfile/runs/{run}");
    let mut progress = Progress::new("charges", count.into());
    let (mut moved, mut before) = (Instant::now(), 0);
    loop {
        let look = Instant::now();
        let standing = Standing::of(&target.get(&path).await?);
        let paid = standing.paid.count;
        if standing.finished {
            progress.done(u64::try_from(paid)?);
            return Ok(standing);
        }
        if paid != before {
            (moved, before) = (Instant::now(), paid);
        }
        if moved.elapsed() > STALLED {
            return Err(
                format!("the run has charged nobody for {} s: {standing:?}", STALLED.as_secs()).into()
            );
        }
        progress.tell(u64::try_from(paid)?);
        tokio::time::sleep(look.elapsed().saturating_mul(PAUSE_TIMES).clamp(PAUSE_MIN, PAUSE_MAX)).await;
    }
}

/// Waits until the run of a moment that came too early is over; nothing of it is measured.
pub async fn wait_until_done(target: &Arc<Target>, clock: &ServerClock, due: i64) -> Result<(), Failure> {
    let deadline = clock.instant_of(due) + BEGIN_PATIENCE;
    loop {
        match newest(target, due).await? {
            Some(run) => return finish(target, &id(&run)?, 0).await.map(drop),
            None if Instant::now() > deadline => return Ok(()),
            None => tokio::time::sleep(PAUSE_MAX).await,
        }
    }
}

/// Everybody must have been charged, once, by the run's report and by the processor's ledger.
async fn compare(place: &Place<'_>, end: &Standing, due: i64, count: u32) -> Result<(), Failure> {
    let want = Total::of(count, AMOUNT);
    if end.planned != want || end.paid != want {
        return Err(format!("the run was to charge {want:?}, and says {end:?}").into());
    }
    let taken = place.sandbox.taken_since(due).await?;
    if taken.captured != want || taken.declined != 0 {
        return Err(format!("the run says {:?}, the processor's ledger {taken:?}", end.paid).into());
    }
    Ok(())
}

/// The most memory that each process has, read in the background.
struct Peak {
    stop: oneshot::Sender<()>,
    task: tokio::task::JoinHandle<std::io::Result<Vec<(String, u64)>>>,
}

impl Peak {
    fn watch(pids: &Pids) -> Self {
        let pids = pids.clone();
        let (stop, mut stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let mut peak = processes::memory(&pids)?;
            while tokio::time::timeout(MEMORY_LOOK, &mut stopped).await.is_err() {
                for ((_, most), (_, now)) in peak.iter_mut().zip(processes::memory(&pids)?) {
                    *most = now.max(*most);
                }
            }
            Ok(peak)
        });
        Self { stop, task }
    }

    async fn end(self) -> Result<Vec<(String, u64)>, Failure> {
        // Where the task has ended by itself, it says why.
        let _ = self.stop.send(());
        Ok(self.task.await??)
    }
}
