//! `onfile serve`

use std::path::Path;
use std::sync::Arc;

use onfile_service::ambient::{SystemClock, SystemRandom};
use onfile_service::listen::serve;
use onfile_service::shutdown::Shutdown;

use super::CommandError;
use crate::app::App;
use crate::config::Config;
use crate::{routes, work};

/// Serves until it is told to stop, then finishes what is under way.
pub(super) async fn run(path: &Path) -> Result<(), CommandError> {
    let config = Config::load(path)?;
    if !config.work.in_server && config.has_one_node() {
        return Err(CommandError::Said(
            "`[work] in_server = false` leaves the work to `onfile work`, which needs PostgreSQL: an SQLite file belongs to \
             one process, so nobody would do it"
                .to_owned(),
        ));
    }
    onfile_service::logs::start(&config.log)?;
    raise_open_files();
    let listen = config.listen.clone();
    let app = App::open(config, Arc::new(SystemClock), Arc::new(SystemRandom)).await?;
    let shutdown = Shutdown::on_signals()?;
    let bound = serve(routes::router(Arc::clone(&app)), &listen, shutdown.clone()).await?;
    let in_server = app.config.work.in_server;
    tracing::info!(address = %bound.address(), work = in_server, "serving");
    let work = if in_server { work::start(&app) } else { work::numbering(&app) };
    shutdown.requested().await;
    app.stop();
    // At the same time, since each may take its time.
    tokio::join!(bound.finished(), work.finished(&shutdown));
    Ok(())
}

/// Many connections need many open files.
pub(super) fn raise_open_files() {
    if let Err(error) = onfile_service::process::raise_open_files() {
        tracing::warn!("the limit on open files stays as it is: {error}");
    }
}
