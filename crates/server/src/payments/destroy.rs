//! Has the vault destroy the numbers of methods that were removed, refused, or used once without being saved.

use std::sync::Arc;
use std::time::Duration;

use onfile_core::ids::Id;
use onfile_core::vault_contract::Destroy;

use crate::app::App;
use crate::store::destructions;
use crate::vault_client::VaultError;
use crate::work::rounds;

use super::Error;

/// How often we look for something to do.
const TICK: Duration = Duration::from_secs(1);
/// How many numbers are destroyed in one tick.
const PER_TICK: u32 = 256;
/// How long a number is put off at first, in milliseconds.
const DELAY_MS: i64 = 1_000;
/// How long at most.
const DELAY_MAX_MS: i64 = 3_600_000;
/// After so many doublings the delay is beyond [`DELAY_MAX_MS`].
const DOUBLINGS_MAX: u32 = 12;

/// Destroys until the process is told to stop.
pub async fn run(app: Arc<App>) {
    let failed = "removed numbers could not be destroyed yet";
    rounds(app.shutdown.clone(), TICK, failed, || async { once(&app).await }).await;
}

/// Destroys what is due. Telling the vault twice is harmless. A number that it refuses, or does not come back from, is
/// put off, longer each time, so that the others go on; when it cannot be reached, nothing else is tried.
///
/// # Errors
/// When the database fails, or the vault cannot be reached.
pub async fn once(app: &App) -> Result<(), Error> {
    let due = destructions::due(&mut app.db.read().await?, app.now_ms(), PER_TICK).await?;
    for due in due {
        let order = Destroy { account: due.account.clone(), method: due.method.clone() };
        let told = app.vault.destroy(&order).await;
        let (method, delay_ms) = (due.method.as_str(), delay_ms(due.tries));
        let mut tx = app.db.begin().await?;
        match told {
            Ok(()) => destructions::done(&mut tx, &due).await?,
            Err(error @ VaultError::NotDone(_)) => {
                return Err(Error::from_vault(error, method, "payment_method"));
            }
            Err(error) => {
                tracing::error!(method, %error, delay_ms, "the vault did not destroy a number; put off");
                destructions::put_off(&mut tx, &due, app.now_ms() + delay_ms).await?;
            }
        }
        tx.commit().await?;
    }
    Ok(())
}

/// Doubles with every try, up to [`DELAY_MAX_MS`].
fn delay_ms(tries: i64) -> i64 {
    let doublings = tries.clamp(0, i64::from(DOUBLINGS_MAX));
    (DELAY_MS << doublings).min(DELAY_MAX_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_grows_to_an_hour_and_no_further() {
        let delays: Vec<i64> = [-1, 0, 1, 2, 11, 12, i64::MAX].into_iter().map(delay_ms).collect();
        assert_eq!(delays, [1_000, 1_000, 2_000, 4_000, 2_048_000, 3_600_000, 3_600_000]);
    }
}
