//! `onfile work`

use std::path::Path;
use std::sync::Arc;

use onfile_service::ambient::{SystemClock, SystemRandom};
use onfile_service::listen::{ListenConfig, serve};
use onfile_service::shutdown::Shutdown;

use super::CommandError;
use super::serve::raise_open_files;
use crate::app::App;
use crate::config::Config;
use crate::{routes, work};

/// Does the background work until it is told to stop, then finishes what is under way.
pub(super) async fn run(path: &Path) -> Result<(), CommandError> {
    let config = Config::load(path)?;
    if config.has_one_node() {
        return Err(CommandError::Said(
            "`onfile work` needs PostgreSQL: an SQLite file belongs to one process, and there `onfile serve` does the work"
                .to_owned(),
        ));
    }
    onfile_service::logs::start(&config.log)?;
    raise_open_files();
    let app = App::open(config, Arc::new(SystemClock), Arc::new(SystemRandom)).await?;
    let shutdown = Shutdown::on_signals()?;
    let bound = match &app.config.work.health {
        Some(address) => {
            let listen = ListenConfig::plain(address.clone());
            Some(serve(routes::health_alone(Arc::clone(&app)), &listen, shutdown.clone()).await?)
        }
        None => None,
    };
    let health = bound.as_ref().map(|bound| bound.address().to_string());
    tracing::info!(health, "working");
    let work = work::start(&app);
    shutdown.requested().await;
    app.stop();
    let closed = async {
        if let Some(bound) = bound {
            bound.finished().await;
        }
    };
    tokio::join!(closed, work.finished(&shutdown));
    Ok(())
}
