//! What a run needs: customers, each with a card of their own, and agreements that become due at one moment.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::clock::ServerClock;
use super::spread::{Work, spread};
use super::watch;
use crate::target::{Failure, Target, id};

/// How many agreements are made to learn how long one takes. They become due long after everything here.
const PROBE: u32 = 1_000;
/// When those become due.
const PROBE_DUE: Duration = Duration::from_hours(24 * 60);
/// How much time there is between the last agreement and the moment at which all are due, at the least. In it, what is
/// left of the making is done: events get their numbers, and the database its checkpoint.
const SPARE_S: i64 = 15;
/// How often the moment may turn out to have been too near.
const TRIES: u32 = 3;

/// A customer with a card.
pub struct Saved {
    customer: Box<str>,
    method: Box<str>,
}

/// Makes a price for each month, and reads the server's clock from it.
pub async fn price(target: &Target, amount: i64) -> Result<(String, ServerClock), Failure> {
    let product = id(&target.post("/v1/products", "name=Fibre".to_owned()).await?)?;
    let body = format!("product={product}&currency=usd&unit_amount={amount}&recurring[interval]=month");
    let price = target.post("/v1/prices", body).await?;
    Ok((id(&price)?, ServerClock::from_new(&price)?))
}

/// Makes customers, each with a card. They come back in another order than they were made in: what is due on a day
/// lies anywhere in a merchant's data too.
pub async fn customers(target: &Arc<Target>, count: u32, clients: usize) -> Result<Arc<[Saved]>, Failure> {
    let work = Work { what: "customers with cards", count, clients, until: None };
    let target = Arc::clone(target);
    let (saved, _) = spread(&work, move |_| {
        let target = Arc::clone(&target);
        async move {
            let customer = target.customer().await?;
            let method = target.save(&customer).await?;
            Ok(Saved { customer: customer.into(), method: method.into() })
        }
    })
    .await?;
    Ok(saved.into())
}

/// Makes an agreement for each of them; answers the moment at which all are due (Unix seconds), which is still to come.
///
/// A due agreement cannot be held back, so the moment is chosen by how long some agreements took. When it comes too
/// early, what was made is billed, and all is made anew with more time.
pub async fn agreements(
    target: &Arc<Target>,
    clock: &ServerClock,
    price: &str,
    saved: &Arc<[Saved]>,
    clients: usize,
) -> Result<i64, Failure> {
    let count = u32::try_from(saved.len())?;
    let maker = Maker { target: Arc::clone(target), price: price.into(), saved: Arc::clone(saved) };
    let probe = Work { what: "agreements to learn from", count: PROBE.min(count), clients, until: None };
    let took = maker.make(&probe, clock.after(PROBE_DUE)).await?.1;
    for attempt in 1..=TRIES {
        let lead = lead(count, probe.count, took, attempt);
        let due = clock.after(lead);
        let until = clock.before(due - SPARE_S);
        let work = Work { what: "agreements", count, clients, until: Some(until) };
        if maker.make(&work, due).await?.0 == saved.len() && Instant::now() < clock.before(due) {
            return Ok(due);
        }
        eprintln!("making the agreements took longer than {} s: once more, with more time", lead.as_secs());
        watch::wait_until_done(target, clock, due).await?;
    }
    Err(format!("{count} agreements could not be made in time in {TRIES} attempts").into())
}

/// How far ahead the moment is, for so many agreements, when some took so long: half as long again as that makes at the
/// first attempt, as databases grow slower; more at the next ones.
fn lead(count: u32, probe: u32, took: Duration, attempt: u32) -> Duration {
    let expected = took.saturating_mul(count) / probe.max(1);
    expected.saturating_mul(attempt + 2) / 2 + Duration::from_secs(2 * SPARE_S.unsigned_abs())
}

struct Maker {
    target: Arc<Target>,
    price: Arc<str>,
    saved: Arc<[Saved]>,
}

impl Maker {
    /// Makes agreements for the first customers; answers how many it came to, and how long it took.
    async fn make(&self, work: &Work, due: i64) -> Result<(usize, Duration), Failure> {
        let (target, price, saved) =
            (Arc::clone(&self.target), Arc::clone(&self.price), Arc::clone(&self.saved));
        let (made, took) = spread(work, move |turn| {
            let (target, price, saved) = (Arc::clone(&target), Arc::clone(&price), Arc::clone(&saved));
            async move {
                let Saved { customer, method } = saved.get(turn).ok_or("more agreements than customers")?;
                let body = format!(
                    "customer={customer}&default_payment_method={method}&items[0][price]={price}\
                     &billing_cycle_anchor={due}&proration_behavior=none"
                );
                target.post("/v1/subscriptions", body).await.map(drop)
            }
        })
        .await?;
        Ok((made.len(), took))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_moment_is_further_ahead_the_more_there_is_to_do_and_at_every_attempt() {
        let s = Duration::from_secs;
        let fixed = s(30);
        for (count, took, attempt, want) in [
            (10_000, s(1), 1, fixed + s(15)),
            (10_000, s(1), 2, fixed + s(20)),
            (1_000_000, s(1), 1, fixed + s(1_500)),
            (1_000, s(0), 1, fixed),
        ] {
            assert_eq!(lead(count, 1_000, took, attempt), want, "{count} {took:?} {attempt}");
        }
        assert_eq!(lead(0, 0, s(1), 1), fixed);
    }
}
