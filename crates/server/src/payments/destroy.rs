//! Has the vault destroy the numbers of methods that were removed, refused, or used once without being saved.

use std::sync::Arc;
use std::time::Duration;

use onfile_core::vault_contract::Destroy;

use crate::app::App;
use crate::store::destructions;

use super::Error;

/// How often we look for something to do.
const TICK: Duration = Duration::from_secs(1);
/// How many numbers are destroyed in one tick.
const PER_TICK: u32 = 256;

/// Destroys for ever; ends when the process does.
pub async fn run(app: Arc<App>) {
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        if let Err(error) = once(&app).await {
            tracing::warn!(%error, "removed numbers could not be destroyed yet; trying again");
        }
    }
}

/// Destroys what is due. Telling the vault twice is harmless.
///
/// # Errors
/// When the database fails, or the vault cannot be reached.
pub async fn once(app: &App) -> Result<(), Error> {
    let due = destructions::due(&mut app.db.read().await?, app.now_ms(), PER_TICK).await?;
    for (account, method) in due {
        let order = Destroy { account: account.clone(), method: method.clone() };
        let told = app.vault.destroy(&order).await;
        told.map_err(|error| Error::from_vault(error, method_text(&order), "payment_method"))?;
        let mut tx = app.db.begin().await?;
        destructions::done(&mut tx, &account, &method).await?;
        tx.commit().await?;
    }
    Ok(())
}

fn method_text(order: &Destroy) -> &str {
    onfile_core::ids::Id::as_str(&order.method)
}
