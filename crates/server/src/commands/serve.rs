//! `onfile serve`

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use onfile_service::ambient::{SystemClock, SystemRandom};
use onfile_service::listen::serve;
use onfile_service::shutdown::Shutdown;

use super::CommandError;
use crate::app::App;
use crate::config::Config;
use crate::store::idempotency;
use crate::{payments, routes, vault_accounts};

/// How long answers are kept under their keys: thirty days. Once a key is forgotten, the same request is carried out
/// again, so it must outlive every client's retries.
const KEYS_KEPT_MS: i64 = 30 * 24 * 60 * 60 * 1000;
/// How often old keys are looked for.
const FORGET_EVERY: Duration = Duration::from_mins(1);
/// How many are forgotten in one transaction.
const FORGET_AT_ONCE: u32 = 1_000;

/// Serves until it is told to stop, then finishes what is under way.
pub(super) async fn run(path: &Path) -> Result<(), CommandError> {
    let config = Config::load(path)?;
    onfile_service::logs::start(&config.log)?;
    if let Err(error) = onfile_service::process::raise_open_files() {
        tracing::warn!("the limit on open files stays as it is: {error}");
    }
    let listen = config.listen.clone();
    let app = App::open(config, Arc::new(SystemClock), Arc::new(SystemRandom)).await?;
    let shutdown = Shutdown::on_signals()?;
    let bound = serve(routes::router(Arc::clone(&app)), &listen, shutdown.clone()).await?;
    tracing::info!(address = %bound.address(), "serving");
    let workers = [
        tokio::spawn(vault_accounts::run(Arc::clone(&app))),
        tokio::spawn(payments::resolve::run(Arc::clone(&app))),
        tokio::spawn(payments::destroy::run(Arc::clone(&app))),
        tokio::spawn(forget_keys(app)),
    ];
    bound.finished().await;
    for worker in workers {
        // Every step of a worker is a transaction of its own, so it can be stopped anywhere.
        worker.abort();
    }
    Ok(())
}

/// Forgets old idempotency keys, for ever.
async fn forget_keys(app: Arc<App>) {
    let mut tick = tokio::time::interval(FORGET_EVERY);
    loop {
        tick.tick().await;
        let forgotten = async {
            let mut tx = app.db.begin().await?;
            idempotency::forget(&mut tx, app.now_ms() - KEYS_KEPT_MS, FORGET_AT_ONCE).await?;
            tx.commit().await
        };
        if let Err(error) = forgotten.await {
            tracing::warn!("old idempotency keys were not forgotten: {error}");
        }
    }
}
