//! `onfile serve`

use std::path::Path;
use std::sync::Arc;

use onfile_service::ambient::{SystemClock, SystemRandom};
use onfile_service::listen::serve;
use onfile_service::shutdown::Shutdown;

use super::CommandError;
use crate::app::App;
use crate::config::Config;
use crate::{billing, event_order, forget, imports, notices, payments, routes, vault_accounts, webhooks};

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
        tokio::spawn(payments::debits::poll::run(Arc::clone(&app))),
        tokio::spawn(payments::destroy::run(Arc::clone(&app))),
        tokio::spawn(billing::runs::schedule(Arc::clone(&app))),
        tokio::spawn(notices::worker::run(Arc::clone(&app))),
        tokio::spawn(event_order::run(Arc::clone(&app))),
        tokio::spawn(webhooks::run(Arc::clone(&app))),
        tokio::spawn(imports::run(Arc::clone(&app))),
        tokio::spawn(forget::run(app)),
    ];
    bound.finished().await;
    for worker in workers {
        // Every step of a worker is a transaction of its own, so it can be stopped anywhere.
        worker.abort();
    }
    Ok(())
}
