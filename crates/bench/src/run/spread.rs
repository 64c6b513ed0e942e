//! Much of the same work, spread over clients that each wait for their answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::progress::Progress;
use crate::target::Failure;

/// How often progress is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// What is to be done.
pub struct Work {
    /// For people.
    pub what: &'static str,
    /// How often.
    pub count: u32,
    /// By how many at a time.
    pub clients: usize,
    /// When it is too late to begin another.
    pub until: Option<Instant>,
}

/// Does it, with progress; the first failure ends it. Answers what was made, in no order, and how long it took.
pub async fn spread<T, Do, Doing>(work: &Work, once: Do) -> Result<(Vec<T>, Duration), Failure>
where
    T: Send + 'static,
    Do: Fn(usize) -> Doing + Clone + Send + 'static,
    Doing: Future<Output = Result<T, Failure>> + Send,
{
    let (begun, done) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let (count, until) = (work.count, work.until);
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..work.clients {
        let (begun, done, once) = (Arc::clone(&begun), Arc::clone(&done), once.clone());
        tasks.spawn(async move {
            let mut made = Vec::new();
            loop {
                let turn = begun.fetch_add(1, Ordering::Relaxed);
                if turn >= count || until.is_some_and(|until| Instant::now() >= until) {
                    return Ok::<_, Failure>(made);
                }
                made.push(once(usize::try_from(turn)?).await?);
                done.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    let mut progress = Progress::new(work.what, count.into());
    let mut look = tokio::time::interval(LOOK);
    let mut all = Vec::new();
    loop {
        tokio::select! {
            ended = tasks.join_next() => match ended {
                Some(made) => all.extend(made??),
                None => break,
            },
            _ = look.tick() => progress.tell(done.load(Ordering::Relaxed).into()),
        }
    }
    progress.done(done.load(Ordering::Relaxed).into());
    Ok((all, start.elapsed()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(count: u32, until: Option<Instant>) -> Work {
        Work { what: "numbers", count, clients: 3, until }
    }

    #[tokio::test]
    async fn everything_is_done_once() {
        let (mut made, _) = spread(&work(10, None), |turn| async move { Ok(turn) }).await.unwrap();
        made.sort_unstable();
        assert_eq!(made, (0..10).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn nothing_begins_when_it_is_too_late() {
        let (made, _) =
            spread(&work(10, Some(Instant::now())), |turn| async move { Ok(turn) }).await.unwrap();
        assert_eq!(made, Vec::<usize>::new());
    }

    #[tokio::test]
    async fn a_failure_is_told() {
        let fails = |turn| async move { if turn == 4 { Err("four".into()) } else { Ok(turn) } };
        let failed = spread(&work(10, None), fails).await;
        assert_eq!(failed.unwrap_err().to_string(), "four");
    }
}
